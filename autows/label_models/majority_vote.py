"""Majority vote."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autows.label_model import LabelModel, check_votes
from autows.label_models._onehot import one_hot, vote_counts


class MajorityVote(LabelModel):
    """The share of each class among a row's votes; ties are split, rows without votes get the prior.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    """

    name = "majority_vote"

    def __init__(self, n_classes: int | None = None) -> None:
        self.n_classes = n_classes

    def fit(
        self,
        L: NDArray[np.int8],
        y_seed: NDArray[Any] | None = None,
        L_seed: NDArray[np.int8] | None = None,
        prior: NDArray[np.floating] | None = None,
    ) -> Self:
        """Remember the prior; votes and seeds are only checked."""
        self.n_classes_, self.prior_ = check_votes(L, self.n_classes, y_seed, L_seed, prior)
        return self

    def predict_proba(self, L: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return vote shares, shape (N, K)."""
        check_votes(L, self.n_classes_)
        counts = vote_counts(one_hot(L, self.n_classes_), self.n_classes_)
        total = counts.sum(axis=1, keepdims=True)
        P = np.broadcast_to(self.prior_, counts.shape).copy()
        return np.divide(counts, total, out=P, where=total > 0)
