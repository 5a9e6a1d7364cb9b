"""Majority vote."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import LinearLabelModel, Seeds, class_balance
from autows.label_models._onehot import Block, VoteBlocks

TIE_BREAK = 1e-5
"""Weight of class shares beside shares of votes."""


class MajorityVote(LinearLabelModel):
    """The share of each class among a row's votes; ties go by class shares, as do rows without votes.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    Class shares are the prior if given, else shrunken from the seeds, else equal. With c of v votes
    for class k the answer is ``(c / v + e prior_k) / (1 + e)``; e = 1e-5 outlives float32 and is too
    little to overturn a majority of fewer than 100,000 votes.
    """

    name = "majority_vote"

    def __init__(self, n_classes: int | None = None, max_share: float = 1.0) -> None:
        self.n_classes = n_classes
        self.max_share = max_share

    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K = self.n_classes_
        self.prior_ = class_balance(K, seeds, prior)
        self.weights_ = np.tile(np.eye(K), (votes.n_lfs, 1))
        self.base_ = np.zeros(K)

    def _posterior(self, block: Block) -> NDArray[np.float64]:
        counts = np.asarray(block.V @ self.weights_)
        counts /= np.maximum(counts @ np.ones(self.n_classes_), 1.0)[:, None]
        counts += TIE_BREAK * self.prior_
        counts /= 1 + TIE_BREAK
        return counts
