"""How sure the means of many methods, and the differences of any two, are: over tasks, or on a single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.bootstrap import (
    expanded_p,
    expanded_tail,
    expansion,
    pairwise_bootstrap_p,
    resampled_means,
)
from leaderboard.statistics.intervals import check_level, mean_interval
from leaderboard.statistics.paired import paired_t
from leaderboard.statistics.scores import ROUNDING, score_draws


@dataclass(frozen=True)
class Differences:
    """Intervals, tests and standard errors of M methods.

    Parameters
    ----------
    low, high : (M,) arrays
        Interval of each method's mean.
    difference_low, difference_high : (M, M) arrays
        Interval of a row's mean less a column's; 0 on the diagonal.
    p : (M, M) array
        Symmetric, 1 on the diagonal.
    se : (M, M) array
        Standard errors of the differences.
    df : int
        Degrees of freedom: tasks less 1, or draws less 1 with one task.
    """

    low: np.ndarray
    high: np.ndarray
    difference_low: np.ndarray
    difference_high: np.ndarray
    p: np.ndarray
    se: np.ndarray
    df: int


def differences(
    scores: Sequence[ArrayLike], rng: np.random.Generator, n_resamples: int = 10_000, level: float = 0.95
) -> Differences | None:
    """Compare each two methods over tasks.

    Parameters
    ----------
    scores : sequence of (M, n_t) arrays of float
        One array a task: one row a method, one column a draw.
    rng : numpy.random.Generator
        Where resamples come from.
    n_resamples : int, default 10000
        Number of resamples, B below; not used with one task.
    level : float, default 0.95
        Confidence level of the intervals.

    Returns
    -------
    Differences or None
        None for one draw of one task, which says nothing about spread.

    Raises
    ------
    ValueError
        If a score is missing or not finite, or tasks have different numbers of methods.

    Notes
    -----
    Over several tasks this is the two-level bootstrap with expanded intervals, see
    :func:`~leaderboard.statistics.two_level_bootstrap`.

    On one task resampled draws would give intervals that are too narrow: of three draws all differences have
    the same sign one time in four by luck alone. There intervals and p are those of Student's t over the
    draws, see :func:`~leaderboard.statistics.paired_difference`.

    Examples
    --------
    >>> found = differences([[[0.7, 0.8, 0.9], [0.6, 0.6, 0.6]]], np.random.default_rng(0))
    >>> round(float(found.difference_low[0, 1]), 3), round(float(found.p[0, 1]), 3), found.df
    (-0.048, 0.074, 2)
    """
    check_level(level)
    tasks = score_draws(scores, "differences")
    if len(tasks) > 1:
        return _over_tasks(tasks, rng, n_resamples, level)
    return _over_draws(tasks[0], level) if tasks[0].shape[1] > 1 else None


def _over_tasks(
    tasks: Sequence[np.ndarray], rng: np.random.Generator, n_resamples: int, level: float
) -> Differences:
    resampled = resampled_means(tasks, rng, n_resamples)
    tail = expanded_tail(level, len(tasks))
    ends = [tail, 1 - tail]
    M, df = resampled.shape[1], len(tasks) - 1
    by_method = np.ascontiguousarray(resampled.T)
    low, high = np.quantile(by_method, ends, axis=1)
    below, above = np.zeros((M, M)), np.zeros((M, M))
    for i in range(M - 1):
        below[i, i + 1 :], above[i, i + 1 :] = np.quantile(by_method[i] - by_method[i + 1 :], ends, axis=1)
    covariance = np.cov(by_method).reshape(M, M)
    variance = np.diag(covariance)
    spread = np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0.0))
    se = spread * expansion(len(tasks))
    means = np.mean([task.mean(axis=1) for task in tasks], axis=0)
    rounding = ROUNDING * np.abs(means).max(initial=0.0)
    ratio = np.zeros((M, M))
    np.divide(np.abs(means[:, None] - means), se, out=ratio, where=se > rounding)
    p = expanded_p(pairwise_bootstrap_p(resampled), ratio, len(tasks), n_resamples)
    return Differences(low, high, below - above.T, above - below.T, p, se, df)


def _over_draws(task: np.ndarray, level: float) -> Differences:
    from scipy.special import stdtrit

    M, n = task.shape
    t = float(stdtrit(n - 1, 0.5 + level / 2))
    ends = np.array([mean_interval(row, level)[1:] for row in task])
    mean, se, p = np.empty((M, M)), np.empty((M, M)), np.empty((M, M))
    for i in range(M):
        mean[i], se[i], _, p[i] = paired_t(task[i], task)
    return Differences(ends[:, 0], ends[:, 1], mean - t * se, mean + t * se, p, se, n - 1)
