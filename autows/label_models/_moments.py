"""How often votes are cast together: the second moments of one-hot votes."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import LinearLabelModel, Seeds
from autows.label_models._onehot import Block, VoteBlocks
from autows.label_models.majority_vote import MajorityVote
from autows.label_models.seed_naive_bayes import SeedNaiveBayes

MOST_COLUMNS = 5_000
"""Most different votes of all labeling functions; their matrix of pairs then takes 200 MB."""
FEWEST_LFS = 3
"""Two labeling functions that disagree do not say which of them errs."""


class PairLabelModel(LinearLabelModel):
    """The base of label models that learn from how often two votes are cast together.

    Without labels that takes three labeling functions: of two that disagree nothing says which errs.
    Where fewer vote, another label model stands in: ``seed_naive_bayes``, which learns from the seeds alone,
    or without seeds ``majority_vote``. :attr:`note` says so.

    A subclass implements :meth:`_from_pairs`, and says with ``abstentions`` whether abstaining is one
    more outcome that tells classes apart.

    Attributes
    ----------
    stand_in_ : LinearLabelModel or None
        What answers in place of this model.
    """

    abstentions: bool = False
    stand_in_: LinearLabelModel | None = None

    @property
    def note(self) -> str:
        """Say which label model stands in, if one does."""
        if self.stand_in_ is None:
            return ""
        return (
            f"{self.name} needs at least {FEWEST_LFS} labeling functions that vote and got {self.n_voting_}; "
            f"{self.stand_in_.name} answers in its place"
        )

    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        columns = np.flatnonzero(votes.totals)
        self.n_voting_ = len(np.unique(columns // votes.n_classes))
        self.stand_in_ = None
        if len(columns) > MOST_COLUMNS:
            raise ValueError(
                f"{self.name} compares all pairs of votes, and {self.n_voting_} labeling functions cast "
                f"{len(columns)} different ones; at most {MOST_COLUMNS} are possible. "
                "Give it fewer labeling functions or use dawid_skene"
            )
        if self.n_voting_ >= FEWEST_LFS:
            self._from_pairs(votes, seeds, prior)
            return
        model = MajorityVote() if seeds is None else SeedNaiveBayes(abstentions=self.abstentions)
        model.n_classes_ = self.n_classes_
        model._learn(votes, seeds, prior)
        self.stand_in_ = model
        self.weights_, self.base_, self.prior_ = model.weights_, model.base_, model.prior_

    def _posterior(self, block: Block) -> NDArray[np.float64]:
        return super()._posterior(block) if self.stand_in_ is None else self.stand_in_._posterior(block)

    @abstractmethod
    def _from_pairs(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        """Do what :meth:`_learn` does; at least three labeling functions vote."""


def pair_shares(votes: VoteBlocks, columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the share of rows on which two votes are cast together, shape (d, d).

    Parameters
    ----------
    votes : VoteBlocks
        Votes of N rows, N at least 1.
    columns : (d,) int
        The columns of one-hot votes to pair; no other column may have a vote.

    Notes
    -----
    O(sum over rows of the squared number of votes); O(d^2) memory.
    """
    from scipy.sparse import csr_array

    d = len(columns)
    narrow = np.full(votes.n_lfs * votes.n_classes, -1, dtype=np.int32)
    narrow[columns] = np.arange(d, dtype=np.int32)
    total = np.zeros((d, d))
    for block in votes:
        V = block.V
        ones = csr_array((V.data, narrow[V.indices], V.indptr), shape=(len(block.covered), d))
        weighted = ones
        if block.weight is not None:
            each = np.repeat(block.weight, np.diff(V.indptr))
            weighted = csr_array((each, ones.indices, ones.indptr), shape=ones.shape)
        total += (ones.T @ weighted).toarray()
    total /= votes.n_rows
    return total
