"""Votes weighted by the accuracies that labeling functions have on the seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import LinearLabelModel, Seeds, class_balance, need_seeds
from autows.label_models._onehot import VoteBlocks


class WeightedVote(LinearLabelModel):
    """A vote counts by the log-odds of its labeling function's accuracy on the seeds.

    Each labeling function has one accuracy, its errors are spread evenly over the other classes,
    and abstentions say nothing. It needs seeds.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    smoothing : float, default 4.0
        Votes of the average accuracy of all labeling functions that are added to each one's votes on
        the seeds; positive.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    With c right votes out of v on the seeds, and C out of V for all labeling functions together,
    ``a0 = (C + 1) / (V + K)``, ``a = (c + s a0) / (v + s)``, the mean of a Beta posterior, and a
    vote for k adds ``log(a (K - 1) / (1 - a))`` to the score of k. One that is worse than guessing
    speaks against what it votes for. Class shares are the prior if given, else shrunken from the seeds.

    References
    ----------
    S. Nitzan and J. Paroush (1982), Optimal decision rules in uncertain dichotomous choice
    situations, International Economic Review 23(2).
    """

    name = "weighted_vote"

    def __init__(self, n_classes: int | None = None, smoothing: float = 4.0, max_share: float = 1.0) -> None:
        self.n_classes = n_classes
        self.smoothing = smoothing
        self.max_share = max_share

    def validate(self) -> None:
        """Check that the parameters are in range."""
        super().validate()
        if self.smoothing <= 0:
            raise ValueError(f"smoothing is {self.smoothing}; weighted_vote needs smoothing > 0")

    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K, seeds = self.n_classes_, need_seeds(self.name, seeds)
        counts = seeds.vote_counts().reshape(-1, K, K)
        right, cast = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
        average = (right.sum() + 1) / (cast.sum() + K)
        self.accuracy_ = (right + self.smoothing * average) / (cast + self.smoothing)
        weight = np.log(self.accuracy_ * (K - 1) / (1 - self.accuracy_))
        self.weights_ = (weight[:, None, None] * np.eye(K)).reshape(-1, K)
        self.base_ = np.zeros(K)
        self.prior_ = class_balance(K, seeds, prior)
