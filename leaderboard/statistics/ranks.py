"""Ranks over tasks, and whether they differ by more than luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.intervals import check_level
from leaderboard.statistics.scores import score_table


@dataclass(frozen=True)
class FriedmanResult:
    """Whether any method's ranks differ from the others'.

    Parameters
    ----------
    statistic : float
        Friedman's chi-square, corrected for ties.
    p : float
        Its p-value, by the chi-square distribution.
    n_tasks : int
        Number of tasks.
    critical_difference : float
        Mean ranks of two methods that differ by less than this do not differ significantly (Nemenyi).
    """

    statistic: float
    p: float
    n_tasks: int
    critical_difference: float


def mean_ranks(scores: Sequence[Sequence[float]] | np.ndarray) -> list[float]:
    """Return the mean rank of each column over rows; 1 is the highest score, ties share their mean rank.

    Parameters
    ----------
    scores : sequence of equally long sequences of float
        One row a problem, one column an entrant; no gaps.

    Raises
    ------
    ValueError
        If the table is empty or ragged, or a score is not finite.

    Examples
    --------
    >>> mean_ranks([[0.9, 0.8, 0.8], [0.5, 0.7, 0.6]])
    [2.0, 1.75, 2.25]
    """
    return [float(rank) for rank in ranks(score_table(scores, "ranks")).mean(axis=0)]


def friedman(scores: ArrayLike, level: float = 0.95) -> FriedmanResult:
    """Test whether all methods have the same mean rank, and say which difference of two would count.

    Parameters
    ----------
    scores : (tasks, M) array of float
        At least two tasks and three methods.
    level : float, default 0.95
        Confidence level of the critical difference.

    Raises
    ------
    ValueError
        If the table is smaller, ragged, or holds what is not finite.

    Notes
    -----
    With ranks r over n tasks and ``c = (M + 1) / 2`` the statistic is
    ``(M - 1) n^2 sum_j (mean_j - c)^2 / sum_ij (r_ij - c)^2``, on M - 1 degrees of freedom. Without ties this
    is Friedman's own formula. Where all methods tie on all tasks it is 0 and p is 1. The critical difference
    is ``q(level, M) / sqrt(2) * sqrt(M (M + 1) / (6 n))`` with q the quantile of the studentised range of M
    normals. With ten tasks all this has little power, and it depends on who else is in the table.

    References
    ----------
    Friedman, "The use of ranks to avoid the assumption of normality", JASA 32, 1937; Conover, "Practical
    Nonparametric Statistics", 1999 (ties); Demsar, "Statistical comparisons of classifiers over multiple
    data sets", JMLR 7, 2006 (Nemenyi's difference).

    Examples
    --------
    >>> found = friedman([[0.9, 0.8, 0.7], [0.6, 0.5, 0.4], [0.7, 0.6, 0.5], [0.9, 0.7, 0.8]])
    >>> round(found.statistic, 3), round(found.p, 3), round(found.critical_difference, 3)
    (6.5, 0.039, 1.657)
    """
    from scipy.special import chdtrc

    check_level(level)
    table = score_table(scores, "Friedman's test and its ranks")
    n, M = table.shape
    if n < 2 or M < 3:
        raise ValueError(f"Friedman's test needs at least two tasks and three methods; got {n} and {M}")
    away = ranks(table) - (M + 1) / 2
    spread = float(np.sum(away**2))
    statistic = (M - 1) * n**2 * float(np.sum(away.mean(axis=0) ** 2)) / spread if spread else 0.0
    difference = range_quantile(level, M) / math.sqrt(2) * math.sqrt(M * (M + 1) / (6 * n))
    return FriedmanResult(statistic, float(chdtrc(M - 1, statistic)), n, difference)


def ranks(scores: ArrayLike) -> np.ndarray:
    """Return ranks within rows; 1 is the highest score, ties share their mean rank.

    Parameters
    ----------
    scores : (rows, M) array of float
        No gaps.

    Returns
    -------
    (rows, M) array of float64

    Raises
    ------
    ValueError
        If the table is empty or ragged, or a score is not finite.

    Examples
    --------
    >>> ranks([[0.9, 0.8, 0.8], [0.5, 0.7, 0.6]]).tolist()
    [[1.0, 2.5, 2.5], [3.0, 1.0, 2.0]]
    """
    table = -score_table(scores, "ranks")
    rising = np.sort(table, axis=1)
    first = [np.searchsorted(line, row, "left") for line, row in zip(rising, table, strict=True)]
    last = [np.searchsorted(line, row, "right") for line, row in zip(rising, table, strict=True)]
    return (np.array(first) + 1 + np.array(last)) / 2


@cache
def range_quantile(level: float, M: int) -> float:
    """Return a quantile of the range of M independent standard normal numbers.

    Parameters
    ----------
    level : float
        Above 0 and below 1.
    M : int
        At least 2.

    Notes
    -----
    The range is below q with chance ``M int phi(z) (Phi(z + q) - Phi(z))^(M - 1) dz``, z being the least of
    the numbers. The integral is a sum over a grid, which for so smooth a function is exact to rounding; q is
    found by halving. ``scipy.stats.studentized_range`` has the same at infinite degrees of freedom, but
    loading it takes longer than all ranks of a leaderboard.

    Examples
    --------
    >>> round(range_quantile(0.95, 3), 3)
    3.314
    """
    from scipy.special import ndtr

    z, step = np.linspace(-12, 12, 2401, retstep=True)
    density, below = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi), ndtr(z)
    low, high = 0.0, 24.0
    for _ in range(60):
        q = (low + high) / 2
        reached = M * step * float(np.sum(density * (ndtr(z + q) - below) ** (M - 1)))
        low, high = (q, high) if reached < level else (low, q)
    return (low + high) / 2
