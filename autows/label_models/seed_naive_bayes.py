"""Naive Bayes on votes, its tables counted on the seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import LinearLabelModel, Seeds, class_balance, need_seeds
from autows.label_models._onehot import VoteBlocks
from autows.label_models._tables import naive_bayes_weights, outcome_shares, smoothed_table


class SeedNaiveBayes(LinearLabelModel):
    """What each labeling function does in each class is counted on the seeds and smoothed.

    It is the first step of a seeded Dawid-Skene without those that follow, so it is not carried
    away by labeling functions that err together. It needs seeds.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    smoothing : float, optional
        Rows that are added to the seeds of each class; positive, K by default. In them votes are as
        frequent as overall but 8 times likelier in their own class, and there are ``0.3 / q``
        times as many if its typical vote is cast on a share q of rows below 0.3.
    abstentions : bool, default True
        Whether abstaining is one more outcome that tells classes apart; otherwise it says nothing.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    ``P(vote l | class k) = (c_lk + r a_lk) / (n_k + r)`` with c counted on the n_k seeds of the class,
    r the rows added, ``a_lk = q_l 8^[l = k] / (1 + 7 q_k)`` and q_l the share of vote l on all rows.
    Rows on which the labeling function abstains belong in n_k: shares among its votes only would be
    1 in every class for one that has a single vote, and so would tell nothing. A class without seeds
    gets ``a``. Class shares are the prior if given, else shrunken from the seeds.
    """

    name = "seed_naive_bayes"

    def __init__(
        self,
        n_classes: int | None = None,
        smoothing: float | None = None,
        abstentions: bool = True,
        max_share: float = 1.0,
    ) -> None:
        self.n_classes = n_classes
        self.smoothing = smoothing
        self.abstentions = abstentions
        self.max_share = max_share

    def validate(self) -> None:
        """Check that the parameters are in range."""
        super().validate()
        if self.smoothing is not None and not self.smoothing > 0:
            raise ValueError(f"smoothing is {self.smoothing}; seed_naive_bayes needs smoothing > 0")

    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K, seeds = self.n_classes_, need_seeds(self.name, seeds)
        rows = votes.n_rows + len(seeds.y)
        marginal = outcome_shares(votes.totals + seeds.votes.totals, rows, K)
        share, silent = smoothed_table(
            seeds.vote_counts().reshape(-1, K, K),
            seeds.class_counts().astype(np.float64),
            marginal,
            K if self.smoothing is None else self.smoothing,
        )
        self.weights_, self.base_ = naive_bayes_weights(share, silent if self.abstentions else None)
        self.prior_ = class_balance(K, seeds, prior)
