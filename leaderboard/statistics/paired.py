"""Methods compared draw by draw on one task.

All methods get the same seed labels in a draw, so what a lucky draw gives to both cancels in the
difference, and a difference can be certain where the two intervals overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.intervals import check_level
from leaderboard.statistics.scores import ROUNDING, numbers

_CELLS = 1 << 20
"""Differences held at a time."""


@dataclass(frozen=True)
class PairedDifference:
    """How far one method is ahead of another on one task.

    Parameters
    ----------
    mean, low, high : float
        Mean of the first's score less the second's, and its interval; NaN at both ends with one draw.
    p : float
        Two-sided p-value of the mean being zero; NaN with one draw.
    n : int
        Number of draws.
    wins, ties, losses : int
        Draws in which the first is better, both are equal, the second is better.
    """

    mean: float
    low: float
    high: float
    p: float
    n: int
    wins: int
    ties: int
    losses: int


def paired_difference(
    a: ArrayLike, b: ArrayLike, level: float = 0.95, floor: float = 0.0
) -> PairedDifference:
    """Compare two methods by a paired t-test over the draws of one task.

    Parameters
    ----------
    a, b : (n,) array of float
        Scores of the two methods in the same draws, in the same order; n >= 1.
    level : float, default 0.95
        Confidence level of the interval.
    floor : float, default 0
        Standard error where all differences are equal and not zero; NaN if it is not known.

    Returns
    -------
    PairedDifference
        Of ``a - b``.

    Raises
    ------
    ValueError
        If the two differ in length, are empty, or hold what is not finite.

    Notes
    -----
    With differences ``d``, their standard deviation ``s`` and ``t = mean(d) / (s / sqrt(n))`` on n - 1
    degrees of freedom. The interval covers the luck of the draw of seed labels; that of the test rows,
    which all draws share, is not in it.

    Where all differences are equal, s is 0. This happens if neither method depends on the draw (a zero-shot
    answer beside a constant one), and then a single test row would tell them apart for certain. So the
    standard error is ``floor`` there, with a normal distribution: the error that the finite test set leaves,
    ``sqrt(e_a^2 + e_b^2)`` of the standard errors of both accuracies, is too large if anything, as both
    answer the same rows. Methods that are equal in every draw have an interval of no width and p = 1.
    Differences within rounding error (:data:`~leaderboard.statistics.scores.ROUNDING`) of zero are ties, and
    within it of each other are equal.

    References
    ----------
    Student, "The probable error of a mean", Biometrika 6, 1908.

    Examples
    --------
    >>> found = paired_difference([0.8, 0.9, 0.7, 0.8], [0.7, 0.7, 0.7, 0.7])
    >>> [round(x, 3) for x in (found.mean, found.low, found.high, found.p)], found.wins, found.ties
    ([0.1, -0.03, 0.23, 0.092], 3, 1)
    """
    from scipy.special import stdtrit

    check_level(level)
    need = "a paired difference needs two equally long rows of finite scores, one a draw"
    first, second = numbers(a, need), numbers(b, need)
    if first.ndim != 1 or first.shape != second.shape or not first.size:
        raise ValueError(f"{need}; got arrays of shapes {first.shape} and {second.shape}")
    n, d = len(first), _differences(first, second)
    mean, error, df, p = (float(x) for x in paired_t(first, second, floor))
    half = float(stdtrit(df, 0.5 + level / 2)) * error if n > 1 else math.nan
    wins, losses = int(np.sum(d > 0)), int(np.sum(d < 0))
    return PairedDifference(mean, mean - half, mean + half, p, n, wins, n - wins - losses, losses)


def pairwise_p(scores: ArrayLike, floor: ArrayLike = 0.0) -> np.ndarray:
    """Return the p-value of :func:`paired_difference` for each two methods of one task.

    Parameters
    ----------
    scores : (M, n) array of float
        One row a method, one column a draw.
    floor : float or (M, M) array, default 0
        See :func:`paired_difference`.

    Returns
    -------
    (M, M) array of float64
        Symmetric, 1 on the diagonal, never NaN: where nothing tells methods apart (one draw, or no floor
        where one is needed) p is 1.

    Raises
    ------
    ValueError
        If the table is ragged, empty, or holds what is not finite.

    Notes
    -----
    O(M^2 n) time, O(M^2) memory. See :func:`~leaderboard.statistics.holm_pairs` before reading many.

    Examples
    --------
    >>> pairwise_p([[0.5, 0.6, 0.7], [0.5, 0.6, 0.7], [0.9, 0.8, 0.9]]).round(3).tolist()
    [[1.0, 1.0, 0.057], [1.0, 1.0, 0.057], [0.057, 0.057, 1.0]]
    """
    need = "pairwise tests need a full table of finite scores, one row a method and one column a draw"
    table = numbers(scores, need)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"{need}; got an array of shape {table.shape}")
    M, n = table.shape
    p, floors = np.ones((M, M)), np.broadcast_to(np.asarray(floor, dtype=np.float64), (M, M))
    if n == 1:
        return p
    rows, columns = np.triu_indices(M, 1)
    for start in range(0, len(rows), max(1, _CELLS // n)):
        part = slice(start, start + max(1, _CELLS // n))
        i, j = rows[part], columns[part]
        found = paired_t(table[i], table[j], floors[i, j])[3]
        p[i, j] = p[j, i] = np.where(np.isnan(found), 1.0, found)
    return p


def paired_t(
    a: np.ndarray, b: np.ndarray, floor: ArrayLike = 0.0, floor_df: float = math.inf
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Test many pairs at once, as :func:`paired_difference` does one.

    Parameters
    ----------
    a, b : (..., n) arrays of float64
        Scores of the first and the second of each pair by draw, n along the last axis; they are broadcast.
    floor : float or (...) array, default 0
        Standard errors where all differences are equal and not zero.
    floor_df : float, default infinity
        Degrees of freedom there.

    Returns
    -------
    mean, se, df, p : (...) arrays of float64
        Mean difference, its standard error with its degrees of freedom, and the two-sided p-value; ``se`` and
        ``p`` are NaN with one draw.
    """
    from scipy.special import stdtr

    d = _differences(a, b)
    n, mean = d.shape[-1], d.mean(axis=-1)
    df = np.full_like(mean, n - 1)
    if n == 1:
        return mean, np.full_like(mean, math.nan), df, np.full_like(mean, math.nan)
    constant = np.ptp(d, axis=-1) <= _rounding(a, b)
    mean = np.where(constant, d[..., 0], mean)
    floored = constant & (mean != 0)
    se = np.where(constant, np.where(floored, floor, 0.0), d.std(axis=-1, ddof=1) / math.sqrt(n))
    df = np.where(floored, floor_df, df)
    # With a floor of zero p is 0 where all differences are equal, and 1 where they are zero.
    t = np.divide(np.abs(mean), se, out=np.where(mean == 0, 0.0, math.inf), where=se != 0)
    return mean, se, df, 2 * stdtr(df, -t)


def _differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``a - b`` with zeros for what is zero but for rounding."""
    d = a - b
    return np.where(np.abs(d) <= _rounding(a, b)[..., None], 0.0, d)


def _rounding(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return by how much scores of a pair may differ by rounding."""
    return np.asarray(ROUNDING * np.maximum(np.abs(a).max(axis=-1), np.abs(b).max(axis=-1)))
