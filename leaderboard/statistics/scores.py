"""Scores as arrays: what a statistic accepts, and one table of means from draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1e-12
"""Scores closer than this share of the largest one are equal: sums in another order differ by less, and
the accuracies of two different answers differ by more."""


def numbers(values: ArrayLike, what: str) -> np.ndarray:
    """Return values as a float64 array.

    Raises
    ------
    ValueError
        If they are ragged, no numbers, or not finite. ``what`` starts the message.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}; got rows of different lengths, or what is no number") from error
    if not np.all(np.isfinite(array)):
        bad = int(np.sum(~np.isfinite(array)))
        raise ValueError(f"{what}; got {bad} of {array.size} that are NaN or infinite")
    return array


def score_table(scores: ArrayLike, what: str) -> np.ndarray:
    """Return a full table of finite scores, (tasks, M) float64, neither side of it empty.

    Raises
    ------
    ValueError
        If it is anything else. ``what`` names the statistic, in the plural.
    """
    need = f"{what} need a full table of finite scores, one row a task and one column a method"
    array = numbers(scores, need)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{need}; got an array of shape {array.shape}")
    return array


def score_draws(scores: Sequence[ArrayLike], what: str) -> list[np.ndarray]:
    """Return scores of M methods by task, each (M, n_t) float64 with n_t >= 1 draws shared by the methods.

    Raises
    ------
    ValueError
        If there is no task, or one that is not such an array. ``what`` names the statistic, in the plural.
    """
    need = (
        f"{what} need finite scores of the same methods on every task, one row a method and one column a draw"
    )
    arrays = [numbers(task, f"{need}; task {t}") for t, task in enumerate(scores)]
    shapes = [array.shape for array in arrays]
    if not arrays or any(len(s) != 2 or 0 in s or s[0] != shapes[0][0] for s in shapes):
        raise ValueError(f"{need}; got {len(arrays)} tasks of shapes {shapes}")
    return arrays


def task_means(scores: Sequence[ArrayLike]) -> np.ndarray:
    """Return the mean over draws of each task and method, as ranks, profiles and shares of wins take them.

    Parameters
    ----------
    scores : sequence of (M, n_t) arrays of float
        One array a task; the number of draws may differ from task to task.

    Returns
    -------
    (tasks, M) array of float64
        Rounded to 12 decimals, so that the same draws in another order give the same mean and tie.

    Raises
    ------
    ValueError
        If a score is missing or not finite, or tasks have different numbers of methods.

    Examples
    --------
    >>> task_means([[[0.5, 0.7], [0.8, 0.8]], [[0.1], [0.3]]]).tolist()
    [[0.6, 0.8], [0.1, 0.3]]
    """
    return np.round([task.mean(axis=1) for task in score_draws(scores, "means")], 12)
