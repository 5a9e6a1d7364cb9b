"""Majority vote."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import LinearLabelModel, Seeds, class_balance
from autows.label_models._onehot import Block, VoteBlocks


class MajorityVote(LinearLabelModel):
    """The share of each class among a row's votes; ties are split, rows without votes get the prior.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    The prior is uniform unless given; seeds are only checked.
    """

    name = "majority_vote"

    def __init__(self, n_classes: int | None = None, max_share: float = 1.0) -> None:
        self.n_classes = n_classes
        self.max_share = max_share

    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K = self.n_classes_
        self.prior_ = class_balance(K, None, prior)
        self.weights_ = np.tile(np.eye(K), (votes.n_lfs, 1))
        self.base_ = np.zeros(K)

    def _posterior(self, block: Block) -> NDArray[np.float64]:
        counts = np.asarray(block.V @ self.weights_)
        counts /= np.maximum(counts @ np.ones(self.n_classes_), 1.0)[:, None]
        return counts
