"""What a score is worth in labels, by the learning curve of a reference method."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.scores import numbers

_DECIMALS = 12
"""What is equal to so many is equal: the mean of a flat stretch need not be its points to the last bit."""


@dataclass(frozen=True)
class Equivalent:
    """How many labels the reference method needs for a score.

    Parameters
    ----------
    n_labels : float or None
        The number, interpolated; None outside the curve.
    bound : str or None
        Outside the curve what can be said: "<10" if its first point is already above the score, ">1000" if
        its last is below.
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
    """Return how many labels the reference method needs to reach a target.

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
        The smallest number that reaches the target.

    Raises
    ------
    ValueError
        If the curve is empty or ragged, a number of labels is repeated or not above 0, or a value is not
        finite.

    Notes
    -----
    The curve is first made nondecreasing by isotonic regression with equal weights (more labels do not hurt
    but by luck), and is linear between points in the logarithm of the number of labels. On a flat stretch at
    the target the number is the one at its beginning.

    References
    ----------
    Barlow, Bartholomew, Bremner and Brunk, "Statistical Inference under Order Restrictions", 1972.

    Examples
    --------
    >>> curve = [10, 100, 1000], [0.5, 0.7, 0.8]
    >>> print(label_equivalent(*curve, 0.6), label_equivalent(*curve, 0.4), label_equivalent(*curve, 0.9))
    32 <10 >1000
    """
    n, curve = _smoothed(n_labels, accuracies)
    found = _reached(n, curve, target)
    if found is None:
        return Equivalent(None, f">{n[-1]:g}")
    below = round(target, _DECIMALS) < curve[0]
    return Equivalent(None, f"<{n[0]:g}") if below else Equivalent(found)


def crossover(n_labels: ArrayLike, accuracies: ArrayLike, target: float) -> float | None:
    """Return the number of labels from which on the reference method is at least as good as a fixed score.

    Parameters
    ----------
    n_labels, accuracies : (k,) array of float
        The learning curve; see :func:`label_equivalent`.
    target : float
        A score that takes no labels, such as a zero-shot answer's.

    Returns
    -------
    float or None
        The first point's number where that is already as good; None if the curve never gets there.

    Raises
    ------
    ValueError
        As :func:`label_equivalent`.

    Examples
    --------
    >>> round(crossover([10, 100, 1000], [0.5, 0.7, 0.8], 0.75))
    316
    >>> crossover([10, 100, 1000], [0.5, 0.7, 0.8], 0.85)
    """
    return _reached(*_smoothed(n_labels, accuracies), target)


def _reached(n: np.ndarray, curve: np.ndarray, target: float) -> float | None:
    """Return the smallest number, from the first point's up, with which the smoothed curve is at a target."""
    if not math.isfinite(target):
        raise ValueError(f"a learning curve needs a finite target; got {target}")
    target = round(target, _DECIMALS)
    k = int(np.searchsorted(curve, target))
    if k == len(n):
        return None
    if k == 0:
        return float(n[0])
    way = (target - curve[k - 1]) / (curve[k] - curve[k - 1])
    return float(n[k - 1] ** (1 - way) * n[k] ** way)


def _smoothed(n_labels: ArrayLike, accuracies: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of labels in ascending order and the nondecreasing curve over them."""
    from scipy.optimize import isotonic_regression

    need = "a learning curve needs a finite score for each number of labels, each number once and above 0"
    n, scores = numbers(n_labels, need), numbers(accuracies, need)
    if n.ndim != 1 or n.shape != scores.shape or not n.size:
        raise ValueError(f"{need}; got arrays of shapes {n.shape} and {scores.shape}")
    order = np.argsort(n)
    n = n[order]
    if n[0] <= 0 or np.any(np.diff(n) == 0):
        raise ValueError(f"{need}; got {n.tolist()}")
    return n, np.round(isotonic_regression(scores[order]).x, _DECIMALS)
