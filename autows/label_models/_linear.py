"""The base of label models whose scores are linear in the votes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autows.label_model import LabelModel, check_votes
from autows.label_models._onehot import Block, VoteBlocks, softmax
from autows.priors import shrunken_prior


@dataclass(frozen=True)
class Seeds:
    """The labelled rows.

    Parameters
    ----------
    y : (n,) int64
        Their labels.
    votes : VoteBlocks
        Their votes, n rows.
    """

    y: NDArray[np.int64]
    votes: VoteBlocks

    def class_counts(self) -> NDArray[np.int64]:
        """Return how many seeds each class has, shape (K,)."""
        return np.bincount(self.y, minlength=self.votes.n_classes)

    def vote_counts(self) -> NDArray[np.float64]:
        """Return how often each vote is cast on seeds of each class, shape (m K, K)."""
        K = self.votes.n_classes
        counts = np.zeros((self.votes.n_lfs * K, K))
        for block in self.votes:
            counts += block.V.T @ np.eye(K)[self.y[block.rows]]
        return counts


class LinearLabelModel(LabelModel):
    """A label model is a rule for weights: the posterior is ``softmax(V W + b + log prior)``.

    ``V`` is the one-hot matrix of :class:`~autows.label_models._onehot.VoteBlocks`. A subclass
    implements :meth:`_learn`, which sets ``weights_`` (m K, K), ``base_`` (K,) and ``prior_`` (K,).

    A subclass's constructor takes ``n_classes`` and ``max_share``, default 1.0: labeling functions
    that cast one and the same vote on more than this share of the rows of ``L`` are left out, since
    what they say is nearly a constant. ``used_lfs_`` holds the others.
    """

    max_share: float
    weights_: NDArray[np.float64]
    base_: NDArray[np.float64]
    prior_: NDArray[np.float64]

    def validate(self) -> None:
        """Check that ``max_share`` is in range.

        Raises
        ------
        ValueError
            If it is not.
        """
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share is {self.max_share}; expected a share above 0, at most 1")

    def fit(
        self,
        L: NDArray[np.int8],
        y_seed: NDArray[Any] | None = None,
        L_seed: NDArray[np.int8] | None = None,
        prior: NDArray[np.floating] | None = None,
    ) -> Self:
        """Learn from votes, and from seeds where there are any; see :class:`~autows.label_model.LabelModel`.

        Raises
        ------
        ValueError
            If the votes, seeds or prior do not fit together, a parameter is out of range, or the
            label model cannot work with what it was given.
        """
        K, shares = check_votes(L, self.n_classes, y_seed, L_seed, prior)
        self.validate()
        self.n_classes_, self.n_lfs_ = K, L.shape[1]
        votes = VoteBlocks(L, K)
        self.used_lfs_ = np.arange(self.n_lfs_)
        if self.max_share < 1:
            most = votes.totals.reshape(-1, K).max(axis=1, initial=0)
            self.used_lfs_ = np.flatnonzero(most <= self.max_share * len(L))
            if len(self.used_lfs_) < self.n_lfs_:
                votes = VoteBlocks(L, K, self.used_lfs_)
        seeds = None
        if y_seed is not None and L_seed is not None and len(y_seed):
            seeds = Seeds(np.asarray(y_seed, dtype=np.int64), VoteBlocks(L_seed, K, self.used_lfs_))
        self._learn(votes, seeds, None if prior is None else shares)
        return self

    def predict_proba(self, L: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return posteriors, shape (N, K); a row without votes gets the class shares.

        Raises
        ------
        ValueError
            If there is not one column of votes for each labeling function of the fit.

        Notes
        -----
        O(N m + votes K); memory beyond the answer is that of one block.
        """
        check_votes(L, self.n_classes_)
        self._check_columns(L)
        P = np.empty((len(L), self.n_classes_))
        for block in VoteBlocks(L, self.n_classes_, self.used_lfs_, kept_bytes=0):
            part = self._posterior(block)
            part[~block.covered] = self.prior_
            P[block.rows] = part
        return P

    def covered(self, L: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Return which rows have a vote of one of ``used_lfs_``, shape (N,).

        Raises
        ------
        ValueError
            If there is not one column of votes for each labeling function of the fit.
        """
        self._check_columns(L)
        if len(self.used_lfs_) == self.n_lfs_:
            return super().covered(L)
        answer = np.empty(len(L), dtype=np.bool_)
        for block in VoteBlocks(L, self.n_classes_, self.used_lfs_, kept_bytes=0):
            answer[block.rows] = block.covered
        return answer

    def _check_columns(self, L: NDArray[np.int8]) -> None:
        if L.shape[1] != self.n_lfs_:
            raise ValueError(f"L has {L.shape[1]} labeling functions; the model was fitted on {self.n_lfs_}")

    @abstractmethod
    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        """Set ``weights_``, ``base_`` and ``prior_``; ``prior`` is None unless it was given."""

    def _posterior(self, block: Block) -> NDArray[np.float64]:
        """Return posteriors of a block, shape (n, K)."""
        with np.errstate(divide="ignore"):  # a prior may rule a class out
            log_prior = np.log(self.prior_)
        scores = block.V @ self.weights_
        scores += self.base_ + log_prior
        return softmax(scores)


def class_balance(
    n_classes: int, seeds: Seeds | None, prior: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the given prior, else class shares shrunken from the seeds, else equal shares; (K,)."""
    if prior is not None:
        return prior
    return np.full(n_classes, 1 / n_classes) if seeds is None else shrunken_prior(seeds.class_counts())


def need_seeds(name: str, seeds: Seeds | None) -> Seeds:
    """Return the seeds.

    Raises
    ------
    ValueError
        If there are none.
    """
    if seeds is None:
        raise ValueError(
            f"{name} learns from seeds only; give y_seed and L_seed, or use majority_vote or dawid_skene"
        )
    return seeds
