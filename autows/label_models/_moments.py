"""How often votes are cast together: the second moments of one-hot votes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._onehot import VoteBlocks

MOST_COLUMNS = 5_000
"""Most different votes of all labeling functions; their matrix of pairs then takes 200 MB."""
FEWEST_LFS = 3
"""Two labeling functions that disagree do not say which of them errs."""


def voting_columns(name: str, votes: VoteBlocks) -> NDArray[np.intp]:
    """Return the columns ``j K + l`` of one-hot votes that occur, ascending.

    Raises
    ------
    ValueError
        If fewer than three labeling functions vote, or the matrix of pairs would be too large.
    """
    columns = np.flatnonzero(votes.totals)
    voting = len(np.unique(columns // votes.n_classes))
    if voting < FEWEST_LFS:
        raise ValueError(
            f"{name} needs at least {FEWEST_LFS} labeling functions that vote and got {voting}; "
            "use majority_vote or dawid_skene"
        )
    if len(columns) > MOST_COLUMNS:
        raise ValueError(
            f"{name} compares all pairs of votes, and {voting} labeling functions cast {len(columns)} "
            f"different ones; at most {MOST_COLUMNS} are possible. "
            "Give it fewer labeling functions or use dawid_skene"
        )
    return columns


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
