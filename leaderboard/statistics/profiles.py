"""Performance profiles: how often a method is how close to the best one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.scores import ROUNDING, score_table


def additive_profile(scores: ArrayLike, gaps: ArrayLike) -> np.ndarray:
    """Return the share of tasks on which each method is within a gap of the best score.

    Parameters
    ----------
    scores : (tasks, M) array of float
        Higher is better.
    gaps : (G,) array of float
        In units of the score, from 0 up.

    Returns
    -------
    (M, G) array of float64
        At gap 0 the share of tasks on which the method is best or ties; nowhere falling with the gap.

    Raises
    ------
    ValueError
        If a score or a gap is not finite, the table is ragged or empty, or a gap is negative.

    Notes
    -----
    ``mean_t(max_k s_tk - s_tm <= gap)``, rounding error aside. A profile depends on who competes.

    References
    ----------
    Dolan and More, "Benchmarking optimization software with performance profiles", Mathematical Programming
    91, 2002; of differences in place of ratios.

    Examples
    --------
    >>> additive_profile([[0.9, 0.8], [0.6, 0.7]], [0.0, 0.1]).tolist()
    [[0.5, 1.0], [0.5, 1.0]]
    """
    table = score_table(scores, "profiles")
    limits = _limits(gaps, 0.0, "gaps")
    away = table.max(axis=1, keepdims=True) - table
    return _shares(away, limits + ROUNDING * max(1.0, float(np.abs(table).max())))


def ratio_profile(scores: ArrayLike, ratios: ArrayLike) -> np.ndarray:
    """Return the share of tasks on which each method's error is within a factor of the lowest error.

    Parameters
    ----------
    scores : (tasks, M) array of float
        Accuracies, from 0 to 1; an error is 1 less the accuracy.
    ratios : (R,) array of float
        Factors from 1 up, infinity included.

    Returns
    -------
    (M, R) array of float64

    Raises
    ------
    ValueError
        If the table is ragged or empty, an accuracy lies outside 0 to 1, or a factor is below 1.

    Notes
    -----
    ``mean_t(e_tm / min_k e_tk <= ratio)``. Where the lowest error is 0 the ratio of a method without error is
    1, and that of every other method is infinite.

    References
    ----------
    Dolan and More, "Benchmarking optimization software with performance profiles", Mathematical Programming
    91, 2002.

    Examples
    --------
    >>> ratio_profile([[0.9, 0.8], [1.0, 0.7]], [1, 2, np.inf]).tolist()
    [[1.0, 1.0, 1.0], [0.0, 0.5, 1.0]]
    """
    table = score_table(scores, "profiles")
    if table.min() < 0 or table.max() > 1:
        raise ValueError(f"ratios of errors need accuracies from 0 to 1; got {table.min()} to {table.max()}")
    limits = _limits(ratios, 1.0, "ratios")
    errors = 1 - table
    best = errors.min(axis=1, keepdims=True)
    ratio = np.where(errors == 0, 1.0, np.inf) * np.ones_like(best)
    np.divide(errors, best, out=ratio, where=best > 0)
    return _shares(ratio, limits * (1 + ROUNDING))


def _limits(values: ArrayLike, least: float, what: str) -> np.ndarray:
    """Return values as a one-dimensional array of nothing below ``least``."""
    limits = np.asarray(values, dtype=np.float64)
    if limits.ndim != 1 or not np.all(limits >= least):
        raise ValueError(f"a profile needs a row of {what}, each from {least:g} up; got {limits.tolist()}")
    return limits


def _shares(away: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return the share of rows of ``away``, (tasks, M), at or below each limit: (M, limits)."""
    return np.asarray(np.mean(away[:, :, None] <= limits, axis=0))
