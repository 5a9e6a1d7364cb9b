"""TransCLIP: Gaussian classes, a graph and text predictions decide on all rows together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.method import Method
from autows.neighbors import stack_nodes
from autows.types import Labels, TaskView
from baselines._embeddings import unit_rows
from baselines._transduction import choose_setting, cosine_graph, rows_for_tuning, text_log_probabilities

if TYPE_CHECKING:
    import scipy.sparse

DENSITY_WEIGHT = 1 / 50
"""Of the references; it suits embeddings of some hundred features."""
GRID = tuple(
    (gamma, text_weight, density_weight)
    for density_weight in (DENSITY_WEIGHT, 10 * DENSITY_WEIGHT)
    for text_weight in (0.5, 1.0, 0.0)
    for gamma in (0.02, 0.002, 0.2)
)
"""Weights of seeds, texts and densities. The references choose gamma, and weigh texts with 0.5."""
SEED_FACTOR = 50
INNER_STEPS = 5
N_CONFIDENT = 8
VARIANCE_FLOOR = 1e-3
"""In units of 1 / d, the variance of a feature over the sphere."""


class TransCLIP(Method):
    """Label seeds, pool and test rows together: Gaussian classes, a graph, and the texts' predictions.

    Minimises over assignments ``z`` (rows on the simplex), means and diagonal variances

    ``- sum_i z_i . log p_i - sum_ij w_ij z_i . z_j + sum_i KL(z_i || softmax(scale x_i T)^b)``

    by turns; ``log p`` are a times the Gaussians' log-densities, ``w`` the cosines of a row and its
    three most similar ones over 6, T the class texts and b the weight of these. The seeds' ``z`` are
    their labels, and they weigh ``50 gamma`` in means and variances where all other rows weigh 1.

    Parameters
    ----------
    few_shot : bool, default True
        Use the seeds; gamma, a and b are then chosen by 5-fold cross-validation on them. If False
        (the zero-shot form) no label is used, ``a = 1 / 50`` and ``b = 1``.
    anchors : bool, default True
        Hold each class's mean and variances to its text (StatA): they move away from it by the share
        ``count / (anchor_strength + count)`` with the number of rows assigned to the class, and
        each class has variances of its own. If False all share their variances.
    anchor_strength : float, default 1.0
        In rows.
    n_neighbors : int, default 3
        Edges that leave a row.
    n_iterations : int, default 10
        Updates of means and variances, each after five updates of the assignments.

    Notes
    -----
    Of the references these are the solvers, in few-shot and zero-shot form. Different from them: the
    graph is sparse; seeds are tuned on out of fold, not by a second labelled set, and a and b beside gamma;
    the log-determinant is part of class-wise densities. Variances are at least a thousandth of ``1 / d``.
    A class without a seed starts from its eight most confident rows.

    Cross-validation runs on about 2,000 rows with a graph of their own. O(N K (d + k)) an iteration.

    References
    ----------
    M. Zanella, B. Gérin and I. Ben Ayed (2024), Boosting vision-language models with transduction,
    NeurIPS. M. Zanella, C. Fuchs, C. De Vleeschouwer and I. Ben Ayed (2025), Realistic test-time
    adaptation of vision-language models, CVPR (the anchors).
    """

    name = "transclip"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(
        self,
        few_shot: bool = True,
        anchors: bool = True,
        anchor_strength: float = 1.0,
        n_neighbors: int = 3,
        n_iterations: int = 10,
    ) -> None:
        self.few_shot = few_shot
        self.anchors = anchors
        self.anchor_strength = anchor_strength
        self.n_neighbors = n_neighbors
        self.n_iterations = n_iterations

    def validate(self) -> None:
        """Check that the strength and the whole numbers are positive."""
        if self.anchor_strength <= 0:
            raise ValueError(f"anchor_strength is {self.anchor_strength}; expected a positive number")
        self.require_positive("n_neighbors", "n_iterations")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune the three weights on the seeds, then assign all rows.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self.validate()
        nodes, seeds = stack_nodes(view)
        X, texts = unit_rows(nodes), view.class_embeddings
        assert texts is not None
        assert view.logit_scale is not None
        problem = Problem(
            X=X,
            log_texts=text_log_probabilities(X, texts, view.logit_scale),
            texts=texts,
            W=averaged_graph(nodes, self.n_neighbors),
            anchor_strength=self.anchor_strength if self.anchors else None,
        )
        if self.few_shot:
            y = np.asarray(view.y_seed)
            rows = rows_for_tuning(len(X), seeds)
            part, places = problem.restricted_to(rows, self.n_neighbors), np.searchsorted(rows, seeds)

            def answer(setting: tuple[float, float, float], kept: NDArray[np.bool_]) -> NDArray[np.floating]:
                return assign(part, places[kept], y[kept], *setting, self.n_iterations)[places]

            setting, loss = choose_setting(GRID, answer, view, rng)
            z = assign(problem, seeds, y, *setting, self.n_iterations)
            info = dict(zip(("gamma", "text_weight", "density_weight"), setting, strict=True))
            if np.isfinite(loss):
                info["log_loss"] = round(loss, 6)
        else:
            none = np.empty(0, dtype=np.int64)
            z, info = assign(problem, none, none, 0.0, 1.0, DENSITY_WEIGHT, self.n_iterations), {}
        n_pool, n_test = view.X_pool.shape[0], view.X_test.shape[0]
        return Labels(z[:n_pool], z[n_pool : n_pool + n_test], view.n_classes, info=info)


def averaged_graph(X: NDArray[np.float32], n_neighbors: int) -> scipy.sparse.csr_array:
    """Return cosines of most similar rows over twice their number, summed over both directions."""
    graph = cosine_graph(X, min(n_neighbors, len(X) - 1))
    return ((graph + graph.T) / np.float32(2 * n_neighbors)).tocsr()


@dataclass(frozen=True)
class Problem:
    """Rows to be assigned to classes, and what is known of them beside labels.

    Parameters
    ----------
    X : (N, d) float32
        Rows of length 1.
    log_texts : (N, K) float32
        Log-probabilities by the texts.
    texts : (K, d) float32
    W : (N, N) CSR array of float32
        Symmetric weights of edges.
    anchor_strength : float or None
        None for shared variances without anchors.
    """

    X: NDArray[np.float32]
    log_texts: NDArray[np.float32]
    texts: NDArray[np.float32]
    W: scipy.sparse.csr_array
    anchor_strength: float | None

    def restricted_to(self, rows: NDArray[np.int64], n_neighbors: int) -> Problem:
        """Return the problem of some of the rows, with a graph of their own."""
        if len(rows) == len(self.X):
            return self
        X = self.X[rows]
        return replace(self, X=X, log_texts=self.log_texts[rows], W=averaged_graph(X, n_neighbors))


@dataclass(frozen=True)
class Gaussians:
    """Classes with diagonal variances.

    Parameters
    ----------
    mean : (K, d) float64
    variance : (K, d) or (1, d) float64
        One row if classes share them.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    def log_density(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log-densities, shape (N, K), but for what is the same for all classes of a row."""
        K, d = self.mean.shape
        # Around their common mean the products are small, and single precision is enough.
        centre = self.mean.mean(axis=0)
        mean = self.mean - centre
        precision = np.broadcast_to(1 / self.variance, (K, d))
        offset = np.sum(mean**2 * precision - np.log(precision), axis=1)
        linear = (2 * mean * precision).astype(np.float32)
        quadratic, middle = precision.astype(np.float32), centre.astype(np.float32)
        out = np.empty((len(X), K), dtype=np.float32)
        for rows in blocks(len(X)):
            Z = X[rows] - middle
            distance = -(Z @ linear.T)
            if len(self.variance) > 1:
                distance += np.square(Z) @ quadratic.T
            out[rows] = -0.5 * (distance + offset)
        return out


def assign(
    problem: Problem,
    seeds: NDArray[np.int64],
    y: NDArray[np.integer],
    gamma: float,
    text_weight: float,
    density_weight: float,
    n_iterations: int,
) -> NDArray[np.float32]:
    """Return the assignments of all rows to classes.

    Parameters
    ----------
    problem : Problem
    seeds, y : (n,) int
        Rows with labels, and these; none for the zero-shot form.
    gamma, text_weight, density_weight : float
        Weights of seeds, texts and densities.
    n_iterations : int

    Returns
    -------
    (N, K) float32
        Rows sum to 1; one-hot for the seeds.
    """
    N, K = problem.log_texts.shape
    onehot = np.eye(K, dtype=np.float32)[y]
    z = np.exp(problem.log_texts)
    z[seeds] = onehot
    weight = np.full(N, 1 / max(N - len(seeds), 1))
    weight[seeds] = gamma * SEED_FACTOR / max(len(seeds), 1)
    anchor = None
    if problem.anchor_strength is not None:
        anchor = Gaussians(problem.texts.astype(np.float64), variances_around_texts(problem, z, weight))
    model = starting_model(problem, seeds, y, anchor)
    for iteration in range(n_iterations + 1):
        if iteration:
            model = refit(problem, z, weight, model, anchor)
        fixed = text_weight * problem.log_texts + np.float32(density_weight) * model.log_density(problem.X)
        if iteration == 0:
            z = softmax_rows(fixed.copy())
            z[seeds] = onehot
        for _ in range(INNER_STEPS):
            z = softmax_rows(fixed + problem.W @ z)
            z[seeds] = onehot
    return z


def softmax_rows(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits, shape (N, K), into probabilities in place."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def starting_model(
    problem: Problem, seeds: NDArray[np.int64], y: NDArray[np.integer], anchor: Gaussians | None
) -> Gaussians:
    """Return means of the seeds, and of the rows that texts are surest of for a class without any.

    Without seeds and with anchors, the anchors themselves.
    """
    K, d = problem.texts.shape
    if anchor is not None and len(seeds) == 0:
        return anchor
    mean = np.empty((K, d))
    for k in range(K):
        members = seeds[y == k]
        if len(members) == 0:
            n = min(N_CONFIDENT, len(problem.X))
            members = np.argpartition(-problem.log_texts[:, k], n - 1)[:n]
        mean[k] = problem.X[members].mean(axis=0, dtype=np.float64)
    variance = np.full((1, d), 1 / d) if anchor is None else anchor.variance
    return Gaussians(_unit(mean), variance)


def variances_around_texts(
    problem: Problem, z: NDArray[np.float32], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the variances of rows around the texts of their classes, the same for all; shape (K, d)."""
    mass, first, second = moments(problem.X, z, weight)
    texts = problem.texts.astype(np.float64)
    total = np.sum(second - 2 * texts * first + texts**2 * mass[:, None], axis=0) / mass.sum()
    return np.broadcast_to(_floored(total), texts.shape)


def refit(
    problem: Problem,
    z: NDArray[np.float32],
    weight: NDArray[np.float64],
    before: Gaussians,
    anchor: Gaussians | None,
) -> Gaussians:
    """Return means and variances of the assigned rows, held to the anchors if there are any."""
    mass, first, second = moments(problem.X, z, weight)
    there = mass > 1e-9
    safe = np.where(there, mass, 1.0)[:, None]
    mean = np.where(there[:, None], _unit(first), before.mean)
    if anchor is not None and problem.anchor_strength is not None:
        count = np.bincount(z.argmax(axis=1), minlength=len(mass))
        share = np.where(there, count / (problem.anchor_strength + count), 0.0)[:, None]
        mean = _unit(share * mean + (1 - share) * anchor.mean)
    spread = (second - 2 * mean * first) / safe + mean**2
    if anchor is None:
        pooled = mass[:, None] * np.where(there[:, None], spread, 0.0)
        return Gaussians(mean, _floored(pooled.sum(axis=0, keepdims=True) / mass.sum()))
    far = anchor.variance + (anchor.mean - mean) ** 2
    return Gaussians(mean, _floored(share * spread + (1 - share) * far))


def moments(
    X: NDArray[np.float32], z: NDArray[np.float32], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each class's mass, shape (K,), and weighted sums of rows and of their squares, (K, d)."""
    K, d = z.shape[1], X.shape[1]
    mass, first, second = np.zeros(K), np.zeros((K, d)), np.zeros((K, d))
    for rows in blocks(len(X)):
        R = z[rows] * weight[rows, None]
        mass += R.sum(axis=0)
        shares = R.astype(np.float32).T
        first += shares @ X[rows]
        second += shares @ np.square(X[rows])
    return mass, first, second


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1.0)


def _floored(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(variance, VARIANCE_FLOOR / variance.shape[-1])
