"""Nearest-neighbour graphs over pool and test rows: sparse, exact, computed in blocks, cached on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autows.cache import cached_arrays
from autows.types import Matrix, TaskView

if TYPE_CHECKING:
    import scipy.sparse

CACHE_FROM_ROWS = 20_000
"""Graphs of fewer rows are quicker computed than looked up."""
ROWS_FOR_COMPONENTS = 20_000
ROWS_AT_ONCE = 4096


def stack_nodes(view: TaskView) -> tuple[Matrix, NDArray[np.int64]]:
    """Stack the rows of a view that make the nodes of a graph, and say which of them are the seeds.

    Parameters
    ----------
    view : TaskView

    Returns
    -------
    X : (nodes, d) float32 matrix
        Pool rows, then test rows, then the seeds if they are not pool rows.
    seeds : (n,) int64
        Where the seeds are among them.
    """
    parts, seeds = [view.X_pool, view.X_test], view.seed_index
    if seeds is None:
        seeds = parts[0].shape[0] + parts[1].shape[0] + np.arange(len(view.y_seed))
        parts.append(view.X_seed)
    if not hasattr(view.X_pool, "indptr"):
        return np.concatenate(parts), seeds
    import scipy.sparse

    return scipy.sparse.vstack(parts, format="csr"), seeds


def nearest_neighbors(
    X: Matrix, k: int, max_dims: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return each row's k nearest other rows by Euclidean distance.

    Parameters
    ----------
    X : (N, d) float32 matrix
        Dense or CSR.
    k : int
        Neighbours a row, less than N.
    max_dims : int, optional
        Measure distances in this many principal components (singular vectors for CSR) where X has
        more columns: much quicker, and what is left out is mostly noise. By default all columns.

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
        return _search(X, k, max_dims)

    def compute(folder: Path) -> dict[str, Any]:
        distances, neighbors = _search(X, k, max_dims)
        np.save(folder / "distances.npy", distances, allow_pickle=False)
        np.save(folder / "neighbors.npy", neighbors, allow_pickle=False)
        return {}

    identity = {"k": k, "max_dims": max_dims, "rows": _content_hash(X), "version": 2}
    arrays, _ = cached_arrays("graphs", f"knn-{k}-{X.shape[0]}", identity, compute)
    return arrays["distances"], arrays["neighbors"]


def local_affinity(distances: NDArray[np.float32], neighbors: NDArray[np.int32]) -> scipy.sparse.csr_array:
    """Turn neighbours into a symmetric affinity graph with a scale of its own at every row.

    ``w_ij = exp(-d_ij^2 / (s_i s_j))`` where ``s_i`` is the distance from i to its k-th neighbour
    (the median of these distances for a row with k exact duplicates); an edge found from either end
    counts, with the larger weight.

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
    # A row with k exact duplicates has no scale of its own. With zero, no other row could reach it.
    positive = scale > 0
    scale[~positive] = np.median(scale[positive]) if positive.any() else 1.0
    weight = np.exp(-squared / (scale[:, None] * scale[neighbors]))
    rows = np.repeat(np.arange(N), k)
    W = scipy.sparse.csr_array((weight.ravel(), (rows, neighbors.ravel())), shape=(N, N))
    W.eliminate_zeros()
    return W.maximum(W.T).tocsr()


def _search(X: Matrix, k: int, max_dims: int | None) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    from sklearn.neighbors import NearestNeighbors

    Z = X if max_dims is None or max_dims >= min(X.shape) else _compressed(X, max_dims)
    # Without a query argument scikit-learn leaves out the row itself, and only that.
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(Z)
    neighbors = search.kneighbors(return_distance=False).astype(np.int32)
    # The search takes distances from norms and products: between duplicates they are not always zero.
    distances = _distances(Z, neighbors)
    if Z is not X:
        # Rounding of the projection tells duplicates apart by a little.
        distances[_distances(X, neighbors) == 0] = 0.0
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


def _compressed(X: Matrix, dims: int) -> NDArray[np.float32]:
    """Return rows in their leading principal components, found on at most 20,000 evenly spaced rows."""
    from sklearn.decomposition import PCA, TruncatedSVD

    model = TruncatedSVD(dims, random_state=0) if hasattr(X, "indptr") else PCA(dims, random_state=0)
    model.fit(X[:: -(-X.shape[0] // ROWS_FOR_COMPONENTS)])
    starts = range(0, X.shape[0], ROWS_AT_ONCE)
    parts = [model.transform(X[start : start + ROWS_AT_ONCE]) for start in starts]
    return np.concatenate(parts).astype(np.float32)


def _content_hash(X: Matrix) -> str:
    digest = hashlib.blake2b(str(X.shape).encode(), digest_size=16)
    parts = (X.data, X.indices, X.indptr) if hasattr(X, "indptr") else (X,)
    for part in parts:
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
