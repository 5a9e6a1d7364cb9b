"""Transductive clustering: class means and a graph decide on all rows together, the seeds held fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.method import Method
from autows.neighbors import stack_nodes
from autows.types import Labels, Matrix, TaskView
from baselines._transduction import choose_setting, cosine_graph, rows_for_tuning

if TYPE_CHECKING:
    import scipy.sparse

GRID = tuple((smoothness, scale) for scale in (10.0, 30.0, 3.0, 100.0) for smoothness in (0.5, 1.0, 0.0, 2.0))
INNER_STEPS = 3
TOLERANCE = 1e-3


class TransductiveClustering(Method):
    """Cluster seeds, pool and test rows around one mean a class, smoothly along a graph.

    Minimises over assignments s (rows on the simplex, those of seeds fixed to their labels) and means m

    ``c sum_ik s_ik |x_i - m_k|^2 / v + b/2 sum_ij w_ij |s_i - s_j|^2 - H(s)``

    with the concave part linearised: ``s_i ~ exp(-c |x_i - m_k|^2 / v + b (W s)_i)``, then each mean is
    that of its rows. ``w_ij`` is 1 where i is among the neighbours of j or the reverse, and v the mean
    squared distance of a row from the mean of all. The scale c and the smoothness b are chosen by 5-fold
    cross-validation on the seeds.

    Parameters
    ----------
    n_neighbors : int, default 3
        Most similar rows a row is tied to.
    n_iterations : int, default 20
        Updates of the means at most, each after three updates of the assignments.

    Notes
    -----
    Needs no text. A class without a seed has no mean, and gets no row. Of the paper this is clustering
    around prototypes with the Laplacian term; the scale of distances, which it fixes for normalised
    features, is tuned. Cross-validation runs on about 2,000 rows with a
    graph of their own. O(N K (d + k)) an iteration.

    References
    ----------
    I. Ziko, M. Boudiaf, J. Dolz, E. Granger and I. Ben Ayed (2021), Transductive few-shot learning:
    clustering is all you need?, arXiv:2106.09516.
    """

    name = "transductive_clustering"
    family = "baseline"

    def __init__(self, n_neighbors: int = 3, n_iterations: int = 20) -> None:
        self.n_neighbors = n_neighbors
        self.n_iterations = n_iterations

    def validate(self) -> None:
        """Check that both numbers are positive."""
        self.require_positive()

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune scale and smoothness on the seeds, then assign all rows.

        Raises
        ------
        ValueError
            If a parameter is not positive.
        """
        self.validate()
        nodes, seeds = stack_nodes(view)
        W = plain_graph(nodes, self.n_neighbors)
        problem = Problem(nodes, W, 1 / row_variance(nodes), view.n_classes)
        y, rows = np.asarray(view.y_seed), rows_for_tuning(nodes.shape[0], seeds)
        part, places = problem.restricted_to(rows, self.n_neighbors), np.searchsorted(rows, seeds)

        def answer(setting: tuple[float, float], kept: NDArray[np.bool_]) -> NDArray[np.floating]:
            return assign(part, places[kept], y[kept], *setting, self.n_iterations)[places]

        (smoothness, scale), loss = choose_setting(GRID, answer, view, rng)
        s = assign(problem, seeds, y, smoothness, scale, self.n_iterations)
        info = {"smoothness": smoothness, "scale": scale}
        if np.isfinite(loss):
            info["log_loss"] = round(loss, 6)
        n_pool, n_test = view.X_pool.shape[0], view.X_test.shape[0]
        return Labels(s[:n_pool], s[n_pool : n_pool + n_test], view.n_classes, info=info)


def plain_graph(X: Matrix, n_neighbors: int) -> scipy.sparse.csr_array:
    """Return a graph with weight 1 between rows of which one is among the other's most similar ones."""
    graph = cosine_graph(X, min(n_neighbors, X.shape[0] - 1))
    # Ties count whatever their cosine, opposite rows included.
    graph.data[:] = 1
    return graph.maximum(graph.T).tocsr()


@dataclass(frozen=True)
class Problem:
    """Rows to be assigned, shape (N, d), their symmetric graph, and one over the variance of a row."""

    X: Matrix
    W: scipy.sparse.csr_array
    unit: float
    n_classes: int

    def restricted_to(self, rows: NDArray[np.int64], n_neighbors: int) -> Problem:
        """Return the problem of some of the rows, with a graph of their own."""
        if len(rows) == self.X.shape[0]:
            return self
        X = self.X[rows]
        return Problem(X, plain_graph(X, n_neighbors), self.unit, self.n_classes)


def row_variance(X: Matrix) -> float:
    """Return the mean squared distance of a row from the mean row; 1 if all rows are the same."""
    N, total, squares = X.shape[0], np.zeros(X.shape[1]), 0.0
    for rows in blocks(N):
        block = X[rows]
        total += np.asarray(block.sum(axis=0, dtype=np.float64)).ravel()
        values = block.data if hasattr(block, "indptr") else block
        squares += float(np.square(values, dtype=np.float64).sum())
    variance = squares / N - float(np.square(total / N).sum())
    return variance if variance > 1e-9 * max(squares / N, 1e-30) else 1.0


def assign(
    problem: Problem,
    seeds: NDArray[np.int64],
    y: NDArray[np.integer],
    smoothness: float,
    scale: float,
    n_iterations: int,
) -> NDArray[np.float32]:
    """Return the assignments of all rows to classes.

    Parameters
    ----------
    problem : Problem
    seeds, y : (n,) int
        Rows with labels, and these.
    smoothness, scale : float
        Weights of the graph and of distances.
    n_iterations : int

    Returns
    -------
    (N, K) float32
        Rows sum to 1; one-hot for the seeds, 0 for classes without a seed.

    Notes
    -----
    Ends early when an update changes assignments by less than 0.001 on average.
    """
    classes, own = np.unique(y, return_inverse=True)
    onehot = np.eye(len(classes), dtype=np.float32)[own]
    s = np.zeros((problem.X.shape[0], len(classes)), dtype=np.float32)
    s[seeds] = onehot
    near = distance_logits(problem, means_of(problem.X, s), scale)
    s = clamped(near.copy(), seeds, onehot)
    for _ in range(n_iterations):
        before = s
        for _ in range(INNER_STEPS):
            s = clamped((near + smoothness * (problem.W @ s)).astype(np.float32, copy=False), seeds, onehot)
        if np.abs(s - before).sum(axis=1).mean() < TOLERANCE:
            break
        near = distance_logits(problem, means_of(problem.X, s), scale)
    out = np.zeros((len(s), problem.n_classes), dtype=np.float32)
    out[:, classes] = s
    return out


def clamped(
    logits: NDArray[np.float32], seeds: NDArray[np.int64], onehot: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Turn logits into probabilities in place; those of the seeds are their labels."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    logits[seeds] = onehot
    return logits


def means_of(X: Matrix, s: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean row of each class, shape (K, d), rows counting by their assignments."""
    mass, total = s.sum(axis=0, dtype=np.float64), np.zeros((s.shape[1], X.shape[1]))
    for rows in blocks(X.shape[0]):
        # A sparse block must be on the left.
        total += np.asarray(X[rows].T @ s[rows]).T
    return total / mass[:, None]


def distance_logits(problem: Problem, means: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """Return ``-scale |x - m_k|^2 / v`` but for what is the same for all classes of a row; (N, K)."""
    factor = scale * problem.unit
    # Around their common mean the products are small, and single precision is enough.
    centre = means.mean(axis=0)
    shifted = means - centre
    offset = factor * (np.square(shifted).sum(axis=1) + 2 * shifted @ centre)
    directions = (2 * factor * shifted.T).astype(np.float32)
    out = np.empty((problem.X.shape[0], len(means)), dtype=np.float32)
    for rows in blocks(len(out)):
        out[rows] = np.asarray(problem.X[rows] @ directions) - offset
    return out
