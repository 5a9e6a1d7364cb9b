"""How far one method is ahead of another over tasks: on others like these, and on these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.intervals import check_level
from leaderboard.statistics.paired import paired_t
from leaderboard.statistics.scores import ROUNDING, numbers


@dataclass(frozen=True)
class Estimate:
    """A mean difference with its interval and test.

    Parameters
    ----------
    mean, low, high : float
        Mean difference, every task weighing the same, and its interval.
    p : float
        Two-sided p-value of the mean being zero.
    se, df : float
        Standard error of the mean, and its degrees of freedom.

    All but the mean are NaN where the spread cannot be known.
    """

    mean: float
    low: float
    high: float
    p: float
    se: float
    df: float


def over_tasks(
    differences: Sequence[ArrayLike], floors: ArrayLike = 0.0, level: float = 0.95
) -> tuple[Estimate, Estimate]:
    """Say how certain a mean difference over tasks is.

    Parameters
    ----------
    differences : sequence of (n_t,) arrays of float
        One array a task: the difference of two methods in each of its draws.
    floors : float or (tasks,) array, default 0
        Standard error of a task's mean where its differences are all equal and not zero, see
        :func:`~leaderboard.statistics.paired_difference`; NaN if it is not known.
    level : float, default 0.95
        Confidence level of the intervals.

    Returns
    -------
    others, here : Estimate
        ``others`` takes the tasks as a sample of tasks, and is about others like these. ``here`` takes them
        as fixed, and is about other draws of seed labels on these. With one task both are ``here``.

    Raises
    ------
    ValueError
        If there is no task, a task has no draw, or a difference is not finite.

    Notes
    -----
    ``others`` is Student's t on the T task means, T - 1 degrees of freedom. A task mean varies both with the
    task and with its draws, so their spread has both in it, whatever the numbers of draws are. With two
    tasks the quantile is 12.7, with three 4.3: few tasks tell little about others, and no way of computing
    an interval changes that.

    ``here`` has the standard error ``sqrt(sum_t v_t) / T`` with ``v_t = s_t^2 / n_t`` and Welch's and
    Satterthwaite's degrees of freedom, ``(sum_t v_t)^2 / sum_t(v_t^2 / (n_t - 1))``. A task of one draw
    leaves it unknown. Where all task means are equal and not zero, the standard error of ``here`` is that of
    ``others``, too.

    References
    ----------
    Student, "The probable error of a mean", Biometrika 6, 1908; Welch, "The generalization of 'Student's'
    problem when several different population variances are involved", Biometrika 34, 1947.

    Examples
    --------
    >>> others, here = over_tasks([[0.1, 0.2, 0.3], [0.4, 0.5]])
    >>> [round(x, 3) for x in (others.mean, others.low, others.high, others.df)]
    [0.325, -1.263, 1.913, 1.0]
    >>> [round(x, 3) for x in (here.mean, here.low, here.high, here.df)]
    [0.325, 0.201, 0.449, 2.882]
    """
    check_level(level)
    need = "an overall difference needs finite differences, one array a task and one value a draw"
    tasks = [numbers(task, f"{need}; task {t}") for t, task in enumerate(differences)]
    if not tasks or any(task.ndim != 1 or not task.size for task in tasks):
        raise ValueError(f"{need}; got {len(tasks)} tasks of shapes {[task.shape for task in tasks]}")
    T = len(tasks)
    errors = np.broadcast_to(np.asarray(floors, dtype=np.float64), (T,))
    each = [paired_t(task, np.zeros_like(task), floor) for task, floor in zip(tasks, errors, strict=True)]
    means, se, df = (np.array([float(one[k]) for one in each]) for k in range(3))
    v = se**2
    mean, total = float(means.mean()), float(v.sum())
    spread = float(np.sum(v**2 / np.maximum(df, 1)))
    here = _estimate(mean, math.sqrt(total) / T, total**2 / spread if spread else math.inf, level)
    if T == 1:
        return here, here
    _, error, freedom, _ = paired_t(means, np.zeros(T), here.se, T - 1)
    return _estimate(mean, float(error), float(freedom), level), here


def _estimate(mean: float, se: float, df: float, level: float) -> Estimate:
    from scipy.special import stdtr, stdtrit

    if math.isnan(se):
        return Estimate(mean, *[math.nan] * 5)
    if se == 0:
        return Estimate(mean, mean, mean, float(abs(mean) <= ROUNDING), 0.0, df)
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    return Estimate(mean, mean - half, mean + half, float(2 * stdtr(df, -abs(mean) / se)), se, df)
