"""Who beats whom on how many tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.scores import numbers, score_table


def win_shares(scores: ArrayLike) -> np.ndarray:
    """Return the share of tasks on which each method beats each other one; a tie is half a win.

    Parameters
    ----------
    scores : (tasks, M) array of float
        Higher is better. Equal is equal to the last bit: see :func:`~leaderboard.statistics.task_means`.

    Returns
    -------
    (M, M) array of float64
        The method of a row beats the one of a column. ``shares + shares.T`` is 1, and 0.5 on the diagonal.

    Raises
    ------
    ValueError
        If the table is ragged or empty, or a score is not finite.

    Examples
    --------
    >>> win_shares([[0.9, 0.8], [0.6, 0.7], [0.5, 0.5], [0.8, 0.7]]).tolist()
    [[0.5, 0.625], [0.375, 0.5]]
    """
    table = score_table(scores, "shares of wins")
    first, second = table[:, :, None], table[:, None, :]
    return np.asarray(np.mean((first > second) + 0.5 * (first == second), axis=0))


def mean_win_shares(shares: ArrayLike) -> np.ndarray:
    """Return each method's mean share of wins over its opponents.

    Parameters
    ----------
    shares : (M, M) array of float
        From :func:`win_shares`, of at least two methods; the diagonal is not used.

    Returns
    -------
    (M,) array of float64
        With mean 0.5. In a full table it is ``(M - rank) / (M - 1)`` of the mean rank.

    Raises
    ------
    ValueError
        If the array is not square, has one method, or holds what is not finite.

    Examples
    --------
    >>> mean_win_shares([[0.5, 1.0, 0.5], [0.0, 0.5, 0.25], [0.5, 0.75, 0.5]]).tolist()
    [0.75, 0.125, 0.625]
    """
    need = "mean shares of wins need the square table of shares of at least two methods"
    table = numbers(shares, need)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ValueError(f"{need}; got an array of shape {table.shape}")
    return (table.sum(axis=1) - table.diagonal()) / (len(table) - 1)
