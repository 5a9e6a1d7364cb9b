"""What a score is worth in labels, by the learning curve of a reference method."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.intervals import check_level
from leaderboard.statistics.scores import numbers

NOT_MONOTONE = "not monotone"
"""What is said where a curve passes a target more than once."""

_DECIMALS = 12
"""What is equal to so many is equal: a mean over draws need not be so to the last bit."""

_STEPS = 200
"""Numbers of labels between two points of a curve at which an interval is asked for."""


@dataclass(frozen=True)
class Equivalent:
    """How many labels the reference method needs for a score.

    Parameters
    ----------
    n_labels : float or None
        The number, interpolated; None where there is none.
    bound : str or None
        What can be said instead: "<10" if all of the curve, which begins there, is above the score, ">1000"
        if all of it is below, :data:`NOT_MONOTONE` if it passes the score more than once or from above.
    """

    n_labels: float | None
    bound: str | None = None

    def __post_init__(self) -> None:
        if (self.n_labels is None) == (self.bound is None):
            raise ValueError(
                f"a label equivalent is a number or a bound; got {self.n_labels} and {self.bound}"
            )

    def __str__(self) -> str:
        return self.bound or f"{self.n_labels:.0f}"


def label_equivalent(n_labels: ArrayLike, accuracies: ArrayLike, target: float) -> Equivalent:
    """Return from how many labels on the reference method reaches a target.

    Parameters
    ----------
    n_labels : (k,) array of float
        Numbers of labels of the learning curve, above 0, each once; in any order.
    accuracies : (k,) array of float
        The reference method's score with each, higher being better.
    target : float
        The score to be reached.

    Returns
    -------
    Equivalent
        The number of labels with which it is there and from which on it stays there.

    Raises
    ------
    ValueError
        If the curve is empty or ragged, a number of labels is repeated or not above 0, or a value is not
        finite.

    Notes
    -----
    With points ``(n_i, a_i)`` in order, and k the first that is at or above the target, the number is
    ``n_{k-1}^(1-w) n_k^w``, ``w = (target - a_{k-1}) / (a_k - a_{k-1})``: linear in its logarithm. It is
    given only where all points before k are below the target and all from k on are not. A curve that was
    smoothed first (isotonic regression) would always have a number, and that number would contradict the
    points it was made of.

    Examples
    --------
    >>> curve = [10, 100, 1000], [0.5, 0.7, 0.8]
    >>> print(label_equivalent(*curve, 0.6), label_equivalent(*curve, 0.4), label_equivalent(*curve, 0.9))
    32 <10 >1000
    >>> print(label_equivalent([10, 100, 1000], [0.5, 0.7, 0.65], 0.68))
    not monotone
    """
    n, scores = _curve(n_labels, accuracies)
    if not math.isfinite(target):
        raise ValueError(f"a learning curve needs a finite target; got {target}")
    ahead = np.round(scores - target, _DECIMALS)
    there = ahead >= 0
    k = int(np.argmax(there)) if there.any() else len(n)
    if not there[k:].all():
        return Equivalent(None, NOT_MONOTONE)
    if k == len(n):
        return Equivalent(None, f">{n[-1]:g}")
    if ahead[k] == 0:
        return Equivalent(float(n[k]))
    if k == 0:
        return Equivalent(None, f"<{n[0]:g}")
    way = ahead[k - 1] / (ahead[k - 1] - ahead[k])
    return Equivalent(float(n[k - 1] ** (1 - way) * n[k] ** way))


def equivalent_interval(
    n_labels: ArrayLike, ahead: ArrayLike, level: float = 0.95
) -> tuple[Equivalent, Equivalent] | None:
    """Return between which numbers of labels the reference method is not told from a target.

    Parameters
    ----------
    n_labels : (k,) array of float
        As for :func:`label_equivalent`.
    ahead : (k, n) array of float
        The reference method's score with each number of labels less the target's, one column a draw: both
        in the same draw.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    tuple of Equivalent, or None
        The two ends, bounds where they are beyond the curve. None with one draw, where no draw differs from
        another, and where the method is told from the target with all numbers of labels.

    Raises
    ------
    ValueError
        As :func:`label_equivalent`.

    Notes
    -----
    A test inverted (Fieller): with so many labels, each draw's curve being linear between points in the
    logarithm of the number of labels, the differences d have mean m and standard deviation s over n draws,
    and a number of labels is inside where ``|m| <= t s / sqrt(n)``, t of Student with n - 1 degrees of
    freedom. It holds the number at which the two are equal in expectation in 95 % of cases if differences
    are about normal. What is returned are the outermost numbers inside, of 200 between two points: the curve
    may leave the interval between them.

    References
    ----------
    Fieller, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16, 1954.

    Examples
    --------
    >>> ahead = [[-0.21, -0.2, -0.2], [0, 0.01, 0], [0.1, 0.1, 0.11]]
    >>> low, high = equivalent_interval([10, 100, 1000], ahead)
    >>> print(low, high)
    83 123
    """
    from scipy.special import stdtrit

    check_level(level)
    table = numbers(ahead, "an interval of labels needs finite differences, a row each and a column a draw")
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"an interval of labels needs a table of differences; got shape {table.shape}")
    n, _ = _curve(n_labels, table.mean(axis=1))
    table = np.round(table[np.argsort(numbers(n_labels, "numbers of labels"))], _DECIMALS)
    n_draws = table.shape[1]
    if n_draws == 1 or not np.ptp(table, axis=1).any():
        return None
    way = np.linspace(0, len(n) - 1, _STEPS * (len(n) - 1) + 1)
    before = np.minimum(way.astype(int), max(len(n) - 2, 0))
    after, part = np.minimum(before + 1, len(n) - 1), way - before
    d = table[before] * (1 - part)[:, None] + table[after] * part[:, None]
    most = float(stdtrit(n_draws - 1, 0.5 + level / 2)) / math.sqrt(n_draws)
    inside = np.flatnonzero(np.abs(d.mean(axis=1)) <= most * d.std(axis=1, ddof=1) + 10.0**-_DECIMALS)
    if not inside.size:
        return None
    first, last = int(inside[0]), int(inside[-1])
    fine = n[before] ** (1 - part) * n[after] ** part
    low = Equivalent(None, f"<{n[0]:g}") if first == 0 else Equivalent(float(fine[first]))
    high = Equivalent(None, f">{n[-1]:g}") if last == len(way) - 1 else Equivalent(float(fine[last]))
    return low, high


def _curve(n_labels: ArrayLike, accuracies: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of labels in ascending order and the scores with them."""
    need = "a learning curve needs a finite score for each number of labels, each number once and above 0"
    n, scores = numbers(n_labels, need), numbers(accuracies, need)
    if n.ndim != 1 or n.shape != scores.shape or not n.size:
        raise ValueError(f"{need}; got arrays of shapes {n.shape} and {scores.shape}")
    order = np.argsort(n)
    n = n[order]
    if n[0] <= 0 or np.any(np.diff(n) == 0):
        raise ValueError(f"{need}; got {n.tolist()}")
    return n, scores[order]
