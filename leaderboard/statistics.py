"""Statistics of a table small enough to check by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """Return mean and Student-t confidence interval over independent draws.

    Parameters
    ----------
    values : sequence of float
        One value a draw, at least one.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    mean, low, high : float
        ``low`` and ``high`` are NaN for a single value, which says nothing about spread.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    Examples
    --------
    >>> [round(x, 3) for x in mean_interval([0.7, 0.8, 0.9])]
    [0.8, 0.552, 1.048]
    """
    import numpy as np
    from scipy.stats import t

    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or not np.all(np.isfinite(array)):
        raise ValueError(f"an interval needs at least one value, all finite; got {list(values)}")
    mean = float(array.mean())
    if array.size == 1:
        return mean, math.nan, math.nan
    half = t.ppf(0.5 + level / 2, array.size - 1) * array.std(ddof=1) / math.sqrt(array.size)
    return mean, mean - float(half), mean + float(half)


def mean_ranks(scores: Sequence[Sequence[float]]) -> list[float]:
    """Return the mean rank of each column over rows; 1 is the highest score, ties share their mean rank.

    Parameters
    ----------
    scores : sequence of equally long sequences of float
        One row a problem, one column an entrant; no gaps.

    Examples
    --------
    >>> mean_ranks([[0.9, 0.8, 0.8], [0.5, 0.7, 0.6]])
    [2.0, 1.75, 2.25]
    """
    import numpy as np
    from scipy.stats import rankdata

    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 2 or not np.all(np.isfinite(array)):
        raise ValueError("ranks need a full table of finite scores")
    return [float(rank) for rank in rankdata(-array, method="average", axis=1).mean(axis=0)]
