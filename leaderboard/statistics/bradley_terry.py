"""Bradley-Terry strengths: one number a method, from who beats whom."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.bootstrap import expansion, resampling_weights
from leaderboard.statistics.intervals import check_level
from leaderboard.statistics.scores import numbers, score_draws

PRIOR = 0.1
"""Wins added on both sides of every pair."""

_CELLS = 1 << 16
"""Pairs worked on at a time: half a megabyte, which stays in the processor's cache."""

_WINS = 1 << 20
"""Wins of resamples held at a time."""

_ROUNDING = 1e-9
"""Wins this close to none are none."""

_LEAST_PRIOR, _FARTHEST, _MOST_STEPS = 1e-3, 350, 500
"""Exponentials of strengths up to ``_FARTHEST``, and their ratios, are float64 numbers."""


def strengths(wins: ArrayLike, prior: float = PRIOR) -> np.ndarray:
    """Return log strengths under the model that i beats j with chance ``1 / (1 + exp(s_j - s_i))``.

    Parameters
    ----------
    wins : (M, M) or (B, M, M) array of float
        How often the method of a row beat the one of a column, ties being half a win to each; not
        necessarily whole numbers. The diagonal is not used. With three dimensions, B tables.
    prior : float, default 0.1
        Wins added on both sides of every pair, at least 0.001.

    Returns
    -------
    (M,) or (B, M) array of float64
        With mean 0. A difference of 1 is odds of 2.7 to 1.

    Raises
    ------
    ValueError
        If the array is not square, or holds what is negative or not finite, or the prior is too small: below
        its least, or so small beside the wins that odds are beyond the range of a float.

    Notes
    -----
    The maximum of ``sum_ij (w_ij + prior) log P(i beats j)``: a posterior mode under a conjugate prior, as
    if every pair had met ``2 prior`` times more and won half of it. Without it the strength of a method
    that always wins is infinite, and pairs that never met may leave strengths undefined. In 12 meetings
    0.1 is little: 12 to 0 counts as odds of 121 to 1.

    Newton's method on all tables at once, each step shortened by ``log(1 + r) / r`` with r the range of the
    step, which makes every step go uphill. O(B M^3).

    References
    ----------
    Bradley and Terry, "Rank analysis of incomplete block designs", Biometrika 39, 1952; Davidson and
    Solomon, "A Bayesian approach to paired comparison experimentation", Biometrika 60, 1973 (the prior);
    Sun and Tran-Dinh, "Generalized self-concordant functions", Mathematical Programming 178, 2019 (the step).

    Examples
    --------
    >>> strengths([[0, 3], [1, 0]], prior=1).round(3).tolist()
    [0.347, -0.347]
    """
    from threadpoolctl import threadpool_limits

    need = "strengths need square tables of how often a row beat a column, from 0 up"
    table = numbers(wins, need)
    if table.ndim not in (2, 3) or table.shape[-1] != table.shape[-2] or 0 in table.shape or table.min() < 0:
        raise ValueError(f"{need}; got an array of shape {table.shape}, least {table.min(initial=0)}")
    if not (math.isfinite(prior) and prior >= _LEAST_PRIOR):
        raise ValueError(f"the prior of strengths is a number of wins from {_LEAST_PRIOR} up; got {prior}")
    M = table.shape[-1]
    tables = table.reshape(-1, M, M)
    found, size = np.empty((len(tables), M)), max(1, _CELLS // M**2)
    # Of systems as small as these, threads spend more time waiting for each other than solving.
    with threadpool_limits(1, user_api="blas"):
        for start in range(0, len(tables), size):
            found[start : start + size] = _mode(tables[start : start + size] + prior)
    return found.reshape(table.shape[:-1])


def strength_intervals(
    scores: Sequence[ArrayLike],
    rng: np.random.Generator,
    n_resamples: int = 1_000,
    level: float = 0.95,
    prior: float = PRIOR,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return strengths with intervals, from scores by task and draw.

    Parameters
    ----------
    scores : sequence of (M, n_t) arrays of float
        One array a task: one row a method, one column a draw.
    rng : numpy.random.Generator
        Where resamples come from.
    n_resamples : int, default 1000
        Number of resamples.
    level : float, default 0.95
        Confidence level of the intervals.
    prior : float, default 0.1
        See :func:`strengths`; in tasks.

    Returns
    -------
    strengths, low, high : (M,) array of float64
        ``low`` and ``high`` are NaN for one task of one draw, and of a method that won all its meetings or
        lost all: how much stronger it is than the others cannot be known.

    Raises
    ------
    ValueError
        If a score is missing or not finite, or tasks have different numbers of methods.

    Notes
    -----
    Each two methods meet once a draw, and a meeting counts ``1 / n_t``, so that every task counts 1. With
    ``sd`` the standard deviation of strengths over resamples of tasks, and of draws within them (see
    :func:`~leaderboard.statistics.resampled_means`), the interval is
    ``s -+ t((1 + level) / 2, T - 1) sqrt(T / (T - 1)) sd``; with one task, draws take the place of tasks.
    Percentiles of the resamples would be too narrow with few tasks. Only the sign of a difference matters: a
    method that is always a hair ahead is as strong as one always far ahead. With N draws in all, O(N M^2)
    memory.

    Examples
    --------
    >>> scores = [[0.9, 0.8], [0.7, 0.9]], [[0.6], [0.5]]
    >>> found, low, high = strength_intervals(scores, np.random.default_rng(0))
    >>> found.round(2).tolist(), bool(low[0] < found[0] < high[0])
    ([0.49, -0.49], True)
    """
    from scipy.special import stdtrit

    check_level(level)
    tasks = score_draws(scores, "strengths")
    T, M = len(tasks), len(tasks[0])
    counts = [task.shape[1] for task in tasks]
    flat = np.concatenate(tasks, axis=1)
    i, j = np.triu_indices(M, 1)
    outcomes = (flat[i] > flat[j]) + 0.5 * (flat[i] == flat[j])

    def tables(weights: np.ndarray) -> np.ndarray:
        won = T * weights @ outcomes.T
        wins = np.zeros((len(weights), M, M))
        wins[:, i, j], wins[:, j, i] = won, T - won
        return np.maximum(wins, 0)  # rounding may take T from a little more than T

    wins = tables(np.repeat(1 / (T * np.array(counts)), counts)[None])[0]
    found = strengths(wins, prior)
    n = T if T > 1 else counts[0]
    if n == 1:
        return found, np.full(M, math.nan), np.full(M, math.nan)
    size = max(1, _WINS // M**2)
    resampled = np.concatenate(
        [
            strengths(tables(weights[start : start + size]), prior)
            for weights in resampling_weights(counts, rng, n_resamples)
            for start in range(0, len(weights), size)
        ]
    )
    half = stdtrit(n - 1, 0.5 + level / 2) * expansion(n) * resampled.std(axis=0, ddof=1)
    if M > 1:
        won = wins.sum(axis=1)
        half[(won <= _ROUNDING) | (won >= T * (M - 1) - _ROUNDING)] = math.nan
    return found, found - half, found + half


def _mode(wins: np.ndarray) -> np.ndarray:
    """Return strengths of tables, (B, M, M), in which every method has beaten every other one a little."""
    M = wins.shape[-1]
    wins[:, np.arange(M), np.arange(M)] = 0
    if M == 1:
        return np.zeros(wins.shape[:2])
    met, won = wins + wins.transpose(0, 2, 1), wins.sum(axis=2)
    s = np.log(won / wins.sum(axis=1))
    for _ in range(_MOST_STEPS):
        s -= s.mean(axis=1, keepdims=True)
        if np.abs(s).max() > _FARTHEST:
            raise ValueError("wins as one-sided as these put strengths too far apart; give a larger prior")
        odds = np.exp(s)
        chance = odds[:, :, None] / (odds[:, :, None] + odds[:, None, :])
        expected = met * chance
        slope = won - expected.sum(axis=2)
        # The negative Hessian: a Laplacian, to which a constant is added since strengths have no level.
        curvature = -expected * chance.transpose(0, 2, 1)
        degree = -curvature.sum(axis=2)
        curvature[:, np.arange(M), np.arange(M)] += degree
        curvature += degree.mean(axis=1)[:, None, None] / M
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        reach = np.ptp(step, axis=1, keepdims=True)
        s += step * np.where(reach > 1e-8, np.log1p(reach) / np.maximum(reach, 1e-8), 1.0)
        if np.all((reach[:, 0] < 1e-6) | (np.abs(slope).max(axis=1) < 1e-13 * met.max(axis=(1, 2)))):
            # Steps are squared near the mode, so what is left is below 1e-12.
            return s - s.mean(axis=1, keepdims=True)
    raise RuntimeError(f"Bradley-Terry strengths did not converge in {_MOST_STEPS} steps")
