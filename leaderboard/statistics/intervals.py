"""The interval of a mean over independent draws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def check_level(level: float) -> None:
    """Raise ValueError unless ``level``, a confidence level, lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, 0.95 for instance; got {level}")


def mean_interval(
    values: Sequence[float], level: float = 0.95, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float, float]:
    """Return mean and Student-t confidence interval over independent draws.

    Parameters
    ----------
    values : sequence of float
        One value a draw, at least one.
    level : float, default 0.95
        Confidence level.
    bounds : (float, float), default none
        Between which every mean lies, (0, 1) for an accuracy: with a few draws Student's t does not know
        that, and the interval is cut off there.

    Returns
    -------
    mean, low, high : float
        ``low`` and ``high`` are NaN for a single value, which says nothing about spread.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    Notes
    -----
    ``mean -+ t((1 + level) / 2, n - 1) * s / sqrt(n)`` with ``s`` the standard deviation of the n values.

    References
    ----------
    Student, "The probable error of a mean", Biometrika 6, 1908.

    Examples
    --------
    >>> [round(x, 3) for x in mean_interval([0.7, 0.8, 0.9])]
    [0.8, 0.552, 1.048]
    >>> [round(x, 3) for x in mean_interval([0.7, 0.8, 0.9], bounds=(0, 1))]
    [0.8, 0.552, 1]
    """
    from scipy.special import stdtrit

    check_level(level)
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or not np.all(np.isfinite(array)):
        raise ValueError(f"an interval needs at least one value, all finite; got {list(values)}")
    mean = float(array.mean())
    if array.size == 1:
        return mean, math.nan, math.nan
    half = float(stdtrit(array.size - 1, 0.5 + level / 2) * array.std(ddof=1) / math.sqrt(array.size))
    return mean, max(mean - half, bounds[0]), min(mean + half, bounds[1])
