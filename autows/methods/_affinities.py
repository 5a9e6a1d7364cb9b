"""Affinities of rows to a few hundred anchors: cosine, RBF at three widths, diffusion between anchors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autows.types import Matrix

if TYPE_CHECKING:
    import scipy.sparse

Array = NDArray[np.float32]

CANDIDATES = 5_000
ROWS_FOR_SCALE = 500
ANCHORS_A_ROW = 5
DIFFUSION_STEPS = 2


def choose_anchors(X: Matrix, n_seeds: int, n_anchors: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows that are anchors: all seeds, then unlabeled rows far from one another.

    Parameters
    ----------
    X : (N, d) float32 matrix
        The seeds in the first rows, unlabeled rows after them; dense or CSR.
    n_seeds : int
        How many of the rows are seeds.
    n_anchors : int
        Anchors wanted, seeds included. Fewer are returned if there are not so many rows; more, if
        there are more seeds.
    rng : numpy.random.Generator
        Chooses at most 5,000 candidates, and among them by k-means++ seeding.

    Notes
    -----
    O(n_anchors x candidates x d).

    References
    ----------
    D. Arthur and S. Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA.
    """
    from sklearn.cluster import kmeans_plusplus

    seeds, others = np.arange(n_seeds), np.arange(n_seeds, X.shape[0])
    wanted = max(n_anchors - n_seeds, 0)
    if wanted >= len(others):
        return np.concatenate([seeds, others])
    if wanted == 0:
        return seeds
    if len(others) > CANDIDATES:
        others = np.sort(rng.choice(others, min(max(CANDIDATES, wanted), len(others)), replace=False))
    _, chosen = kmeans_plusplus(X[others], wanted, random_state=int(rng.integers(2**31)))
    return np.concatenate([seeds, others[chosen]])


@dataclass(frozen=True)
class Comparison:
    """Rows beside anchors: cosines and squared Euclidean distances, each (rows, m) float32."""

    cosine: Array
    squared: Array


class Anchors:
    """Anchors, to which any rows can be compared.

    Dense rows are centred first, so that a common offset does not make all cosines nearly 1; CSR rows
    are left as they are. A row without length has cosine 0 with everything. If it is a CSR row (a text
    of unknown words) it is also as far from everything as a row that has nothing in common with it:
    it says nothing, and at its Euclidean distance it would be near to all.

    Parameters
    ----------
    points : (m, d) float32 matrix
        The anchors, dense or CSR.
    centre : (d,) float32 array, optional
        Subtracted from anchors and rows; only for dense matrices.
    """

    def __init__(self, points: Matrix, centre: Array | None = None) -> None:
        self._centre = centre
        self._norm_of_empty = np.float32(1.0)
        if _is_sparse(points):
            norms = _squared_norms(points)
            self._norm_of_empty = norms[norms > 0].mean() if norms.any() else np.float32(1.0)
        self._points, self._norms = self._prepare(points)

    def compare(self, X: Matrix) -> Comparison:
        """Compare rows with the anchors: one matrix product, O(rows m d)."""
        rows, squared_norms = self._prepare(X)
        product = rows @ self._points.T
        product = product.toarray() if _is_sparse(product) else product
        squared = squared_norms[:, None] + self._norms - 2 * product
        length = np.sqrt(squared_norms)[:, None] * np.sqrt(self._norms)
        cosine = np.divide(product, length, out=np.zeros_like(product), where=length > 0)
        return Comparison(cosine, np.maximum(squared, 0, out=squared))

    def _prepare(self, X: Matrix) -> tuple[Matrix, Array]:
        if _is_sparse(X):
            norms = _squared_norms(X)
            return X, np.where(norms > 0, norms, self._norm_of_empty)
        rows = np.asarray(X, dtype=np.float32)
        if self._centre is not None:
            rows = rows - self._centre
        return rows, np.einsum("ij,ij->i", rows, rows)


def typical_distance(X: Matrix, rng: np.random.Generator) -> float:
    """Return the median of the positive distances among at most 500 rows; 1 if there is none."""
    from sklearn.metrics import pairwise_distances

    rows = np.arange(X.shape[0])
    if len(rows) > ROWS_FOR_SCALE:
        rows = np.sort(rng.choice(rows, ROWS_FOR_SCALE, replace=False))
    distance = pairwise_distances(X[rows])[np.triu_indices(len(rows), 1)]
    positive = distance[distance > 0]
    return float(np.median(positive)) if len(positive) else 1.0


Affinity = Callable[[Comparison], Array]
"""From a comparison with the anchors to affinities, not negative but for the cosine; (rows, m)."""


def _cosine(fitted: Comparison, scale: float) -> Affinity:
    return lambda new: new.cosine


def _rbf(factor: float) -> Callable[[Comparison, float], Affinity]:
    def build(fitted: Comparison, scale: float) -> Affinity:
        width = np.float32(-1 / (2 * (factor * scale) ** 2))
        return lambda new: np.exp(new.squared * width)

    return build


def _diffusion(fitted: Comparison, scale: float) -> Affinity:
    """Random walk from a row to its nearest anchors, and on between anchors that share fitted rows.

    With ``Z`` the (N, m) weights of :func:`nearest_anchors` and ``L`` its column sums, a step between
    anchors has probabilities ``diag(L)^-1 Z^T Z``. Columns are divided by the square root of the
    anchors' shares of the rows, which makes distances between rows of affinities diffusion distances.
    """
    Z = nearest_anchors(fitted)
    mass = np.asarray(Z.sum(axis=0)).ravel()
    used = mass > 0
    step = (Z.T @ Z).toarray() / np.where(used, mass, 1.0)[:, None]
    share = np.where(used, mass, 1.0) / Z.shape[0]
    walk = np.linalg.matrix_power(step, DIFFUSION_STEPS) / np.sqrt(share)
    return lambda new: np.asarray(nearest_anchors(new) @ walk, dtype=np.float32)


AFFINITIES: dict[str, Callable[[Comparison, float], Affinity]] = {
    "cosine": _cosine,
    "rbf_narrow": _rbf(0.25),
    "rbf": _rbf(0.5),
    "rbf_wide": _rbf(1.0),
    "diffusion": _diffusion,
}
"""From the fitted rows' comparison and the typical distance to an affinity function, by name.

``rbf_narrow``, ``rbf`` and ``rbf_wide`` are ``exp(-d^2 / (2 h^2))`` with h a quarter, half and all of the
typical distance.
"""


def nearest_anchors(rows: Comparison) -> scipy.sparse.csr_array:
    """Return weights of each row's 5 nearest anchors, summing to 1; (rows, m) CSR.

    Before they are normalised, weights are ``exp(-d^2 / s^2)`` with s the distance to the sixth nearest
    (to the farthest, if there are no more than 5): each row has its own scale.

    References
    ----------
    W. Liu, J. He and S.-F. Chang (2010), Large graph construction for scalable semi-supervised
    learning, ICML.
    """
    import scipy.sparse

    N, m = rows.squared.shape
    near = min(ANCHORS_A_ROW, m)
    order = np.argpartition(rows.squared, min(near, m - 1), axis=1)
    chosen = order[:, :near]
    squared = np.take_along_axis(rows.squared, chosen, axis=1).astype(np.float64)
    if near < m:
        unit = np.take_along_axis(rows.squared, order[:, near : near + 1], axis=1).astype(np.float64)
    else:
        unit = squared.max(axis=1, keepdims=True)
    weight = np.exp(-squared / np.where(unit > 0, unit, 1.0))
    weight /= weight.sum(axis=1, keepdims=True)
    start = np.arange(0, N * near + 1, near)
    return scipy.sparse.csr_array((weight.ravel(), chosen.ravel(), start), shape=(N, m))


def _squared_norms(X: Matrix) -> Array:
    return np.asarray(X.multiply(X).sum(axis=1), dtype=np.float32).ravel()


def _is_sparse(X: Matrix) -> bool:
    return hasattr(X, "indptr")
