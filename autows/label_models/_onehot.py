"""Votes as a sparse matrix of ones, on which a label model is two matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN

if TYPE_CHECKING:
    import scipy.sparse


def one_hot(L: NDArray[np.int8], n_classes: int) -> scipy.sparse.csr_array:
    """Return the (N, m K) matrix with a one at column ``j K + l`` where labeling function j votes l.

    Abstentions are not stored, so memory is O(votes).
    """
    import scipy.sparse

    rows, lfs = np.nonzero(L != ABSTAIN)
    columns = lfs * n_classes + L[rows, lfs]
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=L.shape[0]))])
    ones = np.ones(len(rows), dtype=np.float32)
    return scipy.sparse.csr_array((ones, columns, start), shape=(L.shape[0], L.shape[1] * n_classes))


def vote_counts(V: scipy.sparse.csr_array, n_classes: int) -> NDArray[np.float64]:
    """Return how many votes each class has in each row of a :func:`one_hot` matrix, shape (N, K)."""
    to_class = np.tile(np.eye(n_classes), (V.shape[1] // n_classes, 1))
    return np.asarray(V @ to_class, dtype=np.float64)
