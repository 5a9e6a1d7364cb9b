"""What could have been seen: the smallest difference with these draws, and the draws for this difference."""

from __future__ import annotations

import math
from bisect import bisect_left

from leaderboard.statistics.intervals import check_level


def smallest_detectable(se: float, df: float, power: float = 0.8, level: float = 0.95) -> float:
    """Return the smallest true difference that a comparison would have called significant.

    Parameters
    ----------
    se : float
        Standard error of the difference, in its units.
    df : float
        Degrees of freedom: draws less 1 for one task, tasks less 1 over tasks; infinite for the normal.
    power : float, default 0.8
        Chance of calling it significant, from 0.5 to below 1.
    level : float, default 0.95
        Confidence level of the two-sided test.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    Notes
    -----
    ``(t(1 - a / 2, df) + t(power, df)) * se`` with ``a = 1 - level``: a true difference of that size has
    its estimate beyond the critical value with about that chance. The exact value, from the noncentral t
    distribution, is 5 % larger with three draws at power 0.8, 1 % with five, 0.1 % with ten.

    References
    ----------
    Bloom, "Minimum detectable effects", Evaluation Review 19, 1995.

    Examples
    --------
    >>> round(smallest_detectable(0.01, 9), 4)
    0.0315
    """
    if not (math.isfinite(se) and se >= 0):
        raise ValueError(f"a standard error is a finite number from 0 up; got {se}")
    if not df > 0:
        raise ValueError(f"degrees of freedom are above 0, so two draws at least; got {df}")
    _check(power, level)
    return _multiplier(df, power, level) * se


def draws_to_separate(
    mean: float, sd: float, power: float = 0.8, level: float = 0.95, most: int = 10_000
) -> int | None:
    """Return how many paired draws would tell two methods apart, if this were the only comparison.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation of the difference of a draw, as if they were the true ones.
    power : float, default 0.8
        Chance of a significant difference, from 0.5 to below 1.
    level : float, default 0.95
        Confidence level of the two-sided test.
    most : int, default 10000
        Largest number of draws considered.

    Returns
    -------
    int or None
        The least n >= 2 for which ``abs(mean)`` is at least :func:`smallest_detectable` of
        ``sd / sqrt(n)`` with n - 1 degrees of freedom; 2 if ``sd`` is 0 and ``mean`` is not. None if
        ``most`` are not enough, or ``mean`` is 0.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    Notes
    -----
    Mean and deviation of a few draws are not the true ones, and the answer goes with the square of their
    ratio: where 34 draws are needed, three draws say 6 to 656, eight times in ten. A correction for several
    comparisons takes more draws.

    Examples
    --------
    >>> draws_to_separate(0.01, 0.01), draws_to_separate(0.01, 0.02), draws_to_separate(0.0, 0.02)
    (10, 34, None)
    """
    if not (math.isfinite(mean) and math.isfinite(sd) and sd >= 0):
        raise ValueError(f"draws to separate need a finite mean and a deviation from 0 up; got {mean}, {sd}")
    _check(power, level)
    if mean == 0:
        return None

    def enough(n: int) -> bool:
        return _multiplier(n - 1, power, level) * sd / math.sqrt(n) <= abs(mean)

    # The multiplier falls with n, so what is enough stays enough.
    counts = range(2, most + 1)
    found = bisect_left(counts, True, key=enough)
    return counts[found] if found < len(counts) else None


def _check(power: float, level: float) -> None:
    check_level(level)
    if not 0.5 <= power < 1:
        raise ValueError(f"power is from 0.5 to below 1; got {power}")


def _multiplier(df: float, power: float, level: float) -> float:
    """Return the sum of the two t quantiles."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2) + stdtrit(df, power))
