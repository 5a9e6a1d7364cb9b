"""Resampling over tasks, and over the draws within them.

Two things vary between benchmarks: which tasks are in them, and which seed labels were drawn. A resample
takes as many tasks as there are, with replacement, and within each taken task as many draws as it has.
Every task weighs the same, however many draws it has; a task taken twice has its draws taken anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.intervals import check_level
from leaderboard.statistics.scores import numbers, score_draws

_CELLS = 1 << 17
"""Random numbers at a time: a megabyte, which stays in the processor's cache."""


@dataclass(frozen=True)
class OverallDifference:
    """How far one method is ahead of another over tasks.

    Parameters
    ----------
    mean, low, high : float
        Mean difference over tasks, and its interval.
    n_tasks, n_draws : int
        Number of tasks, and of draws in all of them.
    se : float
        Standard error of the mean.

    ``low``, ``high`` and ``se`` are NaN for one task of one draw.
    """

    mean: float
    low: float
    high: float
    n_tasks: int
    n_draws: int
    se: float


def two_level_bootstrap(
    differences: Sequence[ArrayLike],
    rng: np.random.Generator,
    n_resamples: int = 10_000,
    level: float = 0.95,
) -> OverallDifference:
    """Say how certain a mean difference over tasks is, tasks and draws being resampled.

    Parameters
    ----------
    differences : sequence of (n_t,) arrays of float
        One array a task: the difference of two methods in each of its draws.
    rng : numpy.random.Generator
        Where resamples come from.
    n_resamples : int, default 10000
        Number of resamples, B below.
    level : float, default 0.95
        Confidence level of the interval.

    Raises
    ------
    ValueError
        If there is no task, a task has no draw, or a difference is not finite.

    Notes
    -----
    The interval is between percentiles of the resampled means, further out the fewer tasks there are, see
    :func:`expanded_tail`. With one task only draws are resampled, and the statement is about that task.

    The variance of resampled means is ``(b + w) / T``: b is the variance of the task means (divided by T, not
    T - 1), w the mean of ``s_t^2 / n_t``, the ``s_t^2`` divided by n_t. As the spread within tasks is in b
    already, intervals are too wide where it is the larger part; with fewer than five tasks they end at the
    outermost resamples, and are too narrow. Student's t, :func:`~leaderboard.statistics.over_tasks`, has
    neither fault, and so nothing is decided by this one: it is there to show whether an answer depends on
    task means being about normal.

    References
    ----------
    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8 (data in groups).
    Hesterberg (2015), see :func:`expanded_tail`.

    Examples
    --------
    >>> found = two_level_bootstrap([[0.1, 0.2], [0.3], [0.2, 0.2]], np.random.default_rng(0))
    >>> round(found.mean, 3), round(found.low, 2), round(found.high, 2)
    (0.217, 0.1, 0.3)
    """
    check_level(level)
    need = "an overall difference needs finite differences, one array a task and one value a draw"
    tasks = [numbers(task, f"{need}; task {t}") for t, task in enumerate(differences)]
    if not tasks or any(task.ndim != 1 or not task.size for task in tasks):
        raise ValueError(f"{need}; got {len(tasks)} tasks of shapes {[task.shape for task in tasks]}")
    mean, n_draws = float(np.mean([task.mean() for task in tasks])), sum(map(len, tasks))
    means = resampled_means([task[None] for task in tasks], rng, n_resamples)[:, 0]
    if n_draws == 1:
        return OverallDifference(mean, math.nan, math.nan, 1, 1, math.nan)
    tail = expanded_tail(level, len(tasks))
    low, high = np.quantile(means, [tail, 1 - tail])
    se = float(means.std(ddof=1)) * expansion(len(tasks))
    return OverallDifference(mean, float(low), float(high), len(tasks), n_draws, se)


def expanded_tail(level: float, n_tasks: int) -> float:
    """Return how much is cut off either end of resampled means for an interval of a level.

    Parameters
    ----------
    level : float
        Confidence level.
    n_tasks : int
        Number of tasks T that were resampled.

    Returns
    -------
    float
        ``Phi(-sqrt(T / (T - 1)) t)``, Phi the normal distribution and t the quantile of Student's t on T - 1
        degrees of freedom that belongs to the level; with one task ``(1 - level) / 2``.

    References
    ----------
    Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69(4), 2015 (the
    expanded percentile interval).

    Examples
    --------
    >>> [round(expanded_tail(0.95, T), 4) for T in (4, 12, 1000)]
    [0.0001, 0.0108, 0.0248]
    """
    if n_tasks < 2:
        return 0.5 - level / 2
    from scipy.special import ndtr, stdtrit

    return float(ndtr(-expansion(n_tasks) * stdtrit(n_tasks - 1, 0.5 + level / 2)))


def expansion(n_tasks: int) -> float:
    """Return by what resampled means of T tasks spread too little: a variance is divided by T, not T - 1."""
    return math.sqrt(n_tasks / (n_tasks - 1)) if n_tasks > 1 else 1.0


def resampled_means(
    scores: Sequence[ArrayLike], rng: np.random.Generator, n_resamples: int = 10_000
) -> np.ndarray:
    """Return the mean over tasks of each method, in each resample of tasks and draws.

    Parameters
    ----------
    scores : sequence of (M, n_t) arrays of float
        One array a task: one row a method, one column a draw.
    rng : numpy.random.Generator
        Where resamples come from.
    n_resamples : int, default 10000
        Number of resamples, B.

    Returns
    -------
    (B, M) array of float64
        All methods share a resample, so the difference of two columns is a resampled paired difference.

    Raises
    ------
    ValueError
        If a score is missing or not finite, or tasks have different numbers of methods.

    Notes
    -----
    O(B N (1 + M)) time with N draws in all; beside the answer, some megabytes.

    Examples
    --------
    >>> resampled_means([[[0.5], [0.7]]], np.random.default_rng(0), 3).tolist()
    [[0.5, 0.7], [0.5, 0.7], [0.5, 0.7]]
    """
    tasks = score_draws(scores, "resampled means")
    flat = np.concatenate(tasks, axis=1).T
    counts = [task.shape[1] for task in tasks]
    return np.concatenate([weights @ flat for weights in resampling_weights(counts, rng, n_resamples)])


def resampling_weights(
    n_draws: Sequence[int], rng: np.random.Generator, n_resamples: int
) -> Iterator[np.ndarray]:
    """Yield what each draw weighs in the overall mean of each resample, a part of the resamples at a time.

    Parameters
    ----------
    n_draws : sequence of int
        Draws of each task, each at least 1; N in all.
    rng : numpy.random.Generator
        Where resamples come from.
    n_resamples : int
        Number of resamples, at least 2.

    Yields
    ------
    (b, N) array of float64
        Rows sum to 1. Draws are in the order of their tasks.

    Raises
    ------
    ValueError
        If there is no task, a task has no draw, or there are fewer than two resamples.

    Notes
    -----
    Resamples depend on the generator and ``n_draws`` alone: not on how many methods are compared, and not on
    how many resamples follow. A draw taken c times by the slots of its task weighs ``c / (n_t T)``.
    """
    counts = np.asarray(n_draws, dtype=np.intp)
    if counts.ndim != 1 or not counts.size or counts.min() < 1:
        raise ValueError(f"resampling needs tasks of at least one draw each; got numbers of draws {n_draws}")
    if n_resamples < 2:
        raise ValueError(f"resampling needs at least two resamples; got {n_resamples}")
    T, most, N = len(counts), int(counts.max()), int(counts.sum())
    offsets = np.cumsum(counts) - counts
    # What slot j of a task weighs, nothing beyond its draws.
    slot = np.where(np.arange(most) < counts[:, None], 1 / (counts[:, None] * T), 0.0)
    size = max(1, _CELLS // (T * (1 + most)))
    for start in range(0, n_resamples, size):
        rows = min(size, n_resamples - start)
        # One block of random numbers a resample, so that the size of a part changes nothing.
        u = rng.random((rows, T, 1 + most))
        task = (u[..., 0] * T).astype(np.intp)
        draw = (u[..., 1:] * counts[task][..., None]).astype(np.intp)
        draw += (offsets[task] + np.arange(rows)[:, None] * N)[..., None]
        yield np.bincount(draw.ravel(), slot[task].ravel(), rows * N).reshape(rows, N)
