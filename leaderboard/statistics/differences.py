"""How sure the means of many methods, and the differences of any two, are: over tasks, or on a single one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.intervals import check_level, mean_interval
from leaderboard.statistics.over_tasks import over_tasks
from leaderboard.statistics.paired import paired_t
from leaderboard.statistics.scores import score_draws, task_means


@dataclass(frozen=True)
class Differences:
    """Intervals, tests and standard errors of M methods.

    Parameters
    ----------
    low, high : (M,) arrays
        Interval of each method's mean.
    difference_low, difference_high : (M, M) arrays
        Interval of a row's mean less a column's; 0 on the diagonal, NaN where the spread is not known.
    p : (M, M) array
        Symmetric, 1 on the diagonal and where the spread is not known.
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
    scores: Sequence[ArrayLike], errors: ArrayLike = 0.0, level: float = 0.95
) -> Differences | None:
    """Compare each two methods over tasks.

    Parameters
    ----------
    scores : sequence of (M, n_t) arrays of float
        One array a task: one row a method, one column a draw.
    errors : (tasks, M) array of float, default 0
        Standard errors that the finite test sets leave to the scores; NaN if one is not known. They count
        where draws say nothing of the spread, see :func:`~leaderboard.statistics.paired_difference`.
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
    Each pair is that of :func:`~leaderboard.statistics.over_tasks`: Student's t on task means, or with a
    single task on its draws. O(M^2 (tasks + draws)) time.

    Examples
    --------
    >>> found = differences([[[0.7, 0.8, 0.9], [0.6, 0.6, 0.6]]])
    >>> round(float(found.difference_low[0, 1]), 3), round(float(found.p[0, 1]), 3), found.df
    (-0.048, 0.074, 2)
    """
    from scipy.special import stdtrit

    check_level(level)
    tasks = score_draws(scores, "differences")
    T, M = len(tasks), len(tasks[0])
    of_test = np.broadcast_to(np.asarray(errors, dtype=np.float64), (T, M))
    table = tasks[0] if T == 1 else task_means(tasks).T
    n = table.shape[1]
    if n == 1:
        return None
    ends = np.array([mean_interval(row, level)[1:] for row in table])
    mean, se, df, p = (np.empty((M, M)) for _ in range(4))
    for i in range(M):
        floor = np.hypot(of_test[0, i], of_test[0]) if T == 1 else math.nan
        mean[i], se[i], df[i], p[i] = paired_t(table[i], table, floor)
    if T > 1:
        # Equal differences on all tasks, which are rare: what the draws on these tasks say.
        for i, j in np.argwhere(np.isnan(se)):
            pair = [task[i] - task[j] for task in tasks]
            found, _ = over_tasks(pair, np.hypot(of_test[:, i], of_test[:, j]), level)
            se[i, j], df[i, j], p[i, j] = found.se, n - 1, found.p
    half = stdtrit(df, 0.5 + level / 2) * se
    p = np.where(np.isnan(p), 1.0, p)
    return Differences(ends[:, 0], ends[:, 1], mean - half, mean + half, p, se, n - 1)
