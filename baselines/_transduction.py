"""What transductive methods share: a cosine graph, a sample of its rows, and cross-validation over seeds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.neighbors import nearest_neighbors
from autows.types import Matrix, TaskView
from autows.vote_extension import edge_cosines
from baselines._embeddings import seed_folds

if TYPE_CHECKING:
    import scipy.sparse

N_NEIGHBORS = 10
MAX_DIMS = 100
"""Both as label spreading has them by default, so that one cached graph serves all."""
ROWS_FOR_TUNING = 2000
FLOOR = 1e-4
"""Probabilities below it count as it: one confident mistake on a hundred seeds must not decide."""
INDIFFERENCE = 0.01
"""Log-losses on the seeds that are so close to the least count as equal to it."""

Setting = TypeVar("Setting", bound=Hashable)


def text_log_probabilities(
    X: NDArray[np.float32], texts: NDArray[np.float32], scale: float
) -> NDArray[np.float32]:
    """Return the log-softmax of scaled products of rows and class texts.

    Parameters
    ----------
    X : (N, d) float32
        Rows of length 1.
    texts : (K, d) float32
        One text embedding of length 1 a class.
    scale : float
        What cosines are multiplied with.

    Returns
    -------
    (N, K) float32
    """
    from scipy.special import log_softmax

    out = np.empty((len(X), len(texts)), dtype=np.float32)
    for rows in blocks(len(X)):
        out[rows] = log_softmax(np.float32(scale) * (X[rows] @ texts.T), axis=1)
    return out


def cosine_graph(X: Matrix, n_neighbors: int) -> scipy.sparse.csr_array:
    """Return the cosines of each row and its most similar others, as a graph with directed edges.

    Parameters
    ----------
    X : (N, d) float32 matrix
    n_neighbors : int
        Edges that leave a row; fewer where there are fewer other rows.

    Returns
    -------
    (N, N) CSR array of float32
        Cosines, those below zero as zero; zero diagonal.

    Notes
    -----
    The most similar are sought among the neighbours in the graph that label spreading uses, which is
    by Euclidean distance in the leading 100 principal components. O(N k d) time beyond that graph.
    """
    import scipy.sparse

    N = X.shape[0]
    _, neighbors = nearest_neighbors(X, min(max(N_NEIGHBORS, n_neighbors), N - 1), MAX_DIMS)
    others: NDArray[np.signedinteger] = np.asarray(neighbors)
    cosines = edge_cosines(X, others)
    # Of equal cosines the nearer row comes first.
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :n_neighbors]
    weight = np.maximum(np.take_along_axis(cosines, order, axis=1), 0)
    others = np.take_along_axis(others, order, axis=1)
    starts = np.arange(N + 1) * order.shape[1]
    return scipy.sparse.csr_array((weight.ravel(), others.ravel(), starts), shape=(N, N))


def rows_for_tuning(n_rows: int, seeds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose rows on which parameters are tuned: all, or the seeds and evenly spaced others.

    Of a graph hardly an edge would be left among them; they are given one of their own, or smoothness
    would look useless.

    Parameters
    ----------
    n_rows : int
    seeds : (n,) int
        Rows.

    Returns
    -------
    (rows,) int64
        Ascending; at most about 2,000 and the seeds.
    """
    if n_rows <= ROWS_FOR_TUNING:
        return np.arange(n_rows)
    spaced = np.linspace(0, n_rows - 1, ROWS_FOR_TUNING).astype(np.int64)
    return np.unique(np.concatenate([seeds, spaced]))


def choose_setting(
    settings: Sequence[Setting],
    answer: Callable[[Setting, NDArray[np.bool_]], NDArray[np.floating]],
    view: TaskView,
    rng: np.random.Generator,
) -> tuple[Setting, float]:
    """Choose the setting with the least log-loss on held-out seeds, by 5-fold cross-validation.

    Parameters
    ----------
    settings : sequence
        What to choose from; of about equally good ones (:func:`first_of_the_best`) the first is taken.
    answer : callable
        Given a setting and the mask of the seeds whose labels may be used, returns the class
        probabilities of all seeds, shape (n, K).
    view : TaskView
        Its seeds' labels and groups are used.
    rng : numpy.random.Generator
        Decides the folds, which do not depend on the names of the classes.

    Returns
    -------
    setting
        The first if there is only one seed.
    log_loss : float
        Mean over held-out seeds; NaN if there is only one seed.
    """
    y = np.asarray(view.y_seed)
    folds = seed_folds(view, rng)
    if folds is None:
        return settings[0], float("nan")
    losses = {}
    for setting in settings:
        P = np.empty((len(y), view.n_classes))
        for fold in np.unique(folds):
            held = folds == fold
            P[held] = answer(setting, ~held)[held]
        losses[setting] = seed_log_loss(P, y)
    return first_of_the_best(losses)


def first_of_the_best(losses: Mapping[Setting, float]) -> tuple[Setting, float]:
    """Return the first setting whose loss is within 0.01 of the least, and its loss.

    A few seeds that are all labelled right are no reason to leave the defaults.
    """
    least = min(losses.values())
    setting = next(setting for setting, loss in losses.items() if loss <= least + INDIFFERENCE)
    return setting, losses[setting]


def seed_log_loss(P: NDArray[np.floating], y: NDArray[np.integer]) -> float:
    """Return the mean log-loss of class probabilities, shape (n, K), floored at 0.0001."""
    return float(-np.log(np.maximum(P[np.arange(len(y)), y].astype(np.float64), FLOOR)).mean())
