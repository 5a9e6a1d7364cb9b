"""Nearest-neighbour graphs over pool and test rows: sparse, exact, computed in blocks, cached on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autows.cache import cached_arrays
from autows.types import Matrix

if TYPE_CHECKING:
    import scipy.sparse

CACHE_FROM_ROWS = 20_000
"""Graphs of fewer rows are quicker computed than looked up."""
ROWS_AT_ONCE = 4096


def nearest_neighbors(X: Matrix, k: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return each row's k nearest other rows by Euclidean distance.

    Parameters
    ----------
    X : (N, d) float32 matrix
        Dense or CSR.
    k : int
        Neighbours a row, less than N.

    Returns
    -------
    distances : (N, k) float32
        Ascending in each row.
    neighbors : (N, k) int32
        Row numbers; never the row itself, duplicates of it included.

    Raises
    ------
    ValueError
        If there are not k other rows.

    Notes
    -----
    O(N^2 d) time in blocks, O(N k) memory. Graphs of 20,000 rows and more are kept in the cache
    under the hash of X, because all methods and draws of a task share one.
    """
    if not 1 <= k < X.shape[0]:
        raise ValueError(f"{k} neighbours were asked for among {X.shape[0]} rows")
    if X.shape[0] < CACHE_FROM_ROWS:
        return _search(X, k)

    def compute(folder: Path) -> dict[str, Any]:
        distances, neighbors = _search(X, k)
        np.save(folder / "distances.npy", distances, allow_pickle=False)
        np.save(folder / "neighbors.npy", neighbors, allow_pickle=False)
        return {}

    identity = {"k": k, "rows": _content_hash(X), "version": 2}
    arrays, _ = cached_arrays("graphs", f"knn-{k}-{X.shape[0]}", identity, compute)
    return arrays["distances"], arrays["neighbors"]


def local_affinity(distances: NDArray[np.float32], neighbors: NDArray[np.int32]) -> scipy.sparse.csr_array:
    """Turn neighbours into a symmetric affinity graph with a scale of its own at every row.

    ``w_ij = exp(-d_ij^2 / (s_i s_j))`` where ``s_i`` is the distance from i to its k-th neighbour;
    an edge found from either end counts, with the larger weight.

    Parameters
    ----------
    distances, neighbors : (N, k) arrays
        As :func:`nearest_neighbors` returns them.

    Returns
    -------
    (N, N) CSR array of float64
        Symmetric, zero diagonal, weights in (0, 1].

    References
    ----------
    L. Zelnik-Manor and P. Perona (2004), Self-tuning spectral clustering, NeurIPS.
    """
    import scipy.sparse

    N, k = distances.shape
    squared = distances.astype(np.float64) ** 2
    scale = distances[:, -1].astype(np.float64)
    # Where a row has k exact duplicates its scale is zero: these neighbours are as close as can be.
    product = scale[:, None] * scale[neighbors]
    weight = np.exp(-np.divide(squared, product, out=np.zeros_like(squared), where=product > 0))
    weight[(product == 0) & (squared > 0)] = 0.0
    rows = np.repeat(np.arange(N), k)
    W = scipy.sparse.csr_array((weight.ravel(), (rows, neighbors.ravel())), shape=(N, N))
    W.eliminate_zeros()
    return W.maximum(W.T).tocsr()


def _search(X: Matrix, k: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    from sklearn.neighbors import NearestNeighbors

    # Without a query argument scikit-learn leaves out the row itself, and only that.
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(X)
    neighbors = search.kneighbors(return_distance=False).astype(np.int32)
    # The search takes distances from norms and products: between duplicates they are not always zero.
    distances = _distances(X, neighbors)
    order = distances.argsort(axis=1, kind="stable")
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(neighbors, order, axis=1)


def _distances(X: Matrix, neighbors: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the distances from each row to its neighbours, from differences of features."""
    squared = np.empty(neighbors.shape)
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        for position, others in enumerate(neighbors[rows].T):
            difference = X[rows] - X[others]
            if hasattr(difference, "indptr"):
                squared[rows, position] = np.asarray(difference.power(2).sum(axis=1)).ravel()
            else:
                squared[rows, position] = np.einsum("ij,ij->i", difference, difference)
    return np.sqrt(squared).astype(np.float32)


def _content_hash(X: Matrix) -> str:
    digest = hashlib.blake2b(str(X.shape).encode(), digest_size=16)
    parts = (X.data, X.indices, X.indptr) if hasattr(X, "indptr") else (X,)
    for part in parts:
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
