"""Which methods may be called different: correction for many tests, and groups of what ties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from leaderboard.statistics.scores import numbers


def holm(p: ArrayLike) -> np.ndarray:
    """Adjust p-values for their number, by Holm's step-down method.

    Parameters
    ----------
    p : (k,) array of float
        p-values of k tests; k may be 0.

    Returns
    -------
    (k,) array of float64
        Rejecting those at or below a level keeps the chance of any false rejection at that level, whatever
        the dependence between tests.

    Raises
    ------
    ValueError
        If one is NaN or outside 0 to 1.

    Notes
    -----
    Sorted ascending, the i-th is multiplied by ``k - i + 1``; none may be below the one before, or above 1.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6,
    1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = _p_values(p)
    if values.ndim != 1:
        raise ValueError(f"Holm's method needs a row of p-values; got an array of shape {values.shape}")
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return adjusted


def holm_pairs(p: ArrayLike) -> np.ndarray:
    """Adjust the p-values of all pairs of methods, each pair being one test.

    Parameters
    ----------
    p : (M, M) array of float
        Symmetric; the diagonal is not used.

    Returns
    -------
    (M, M) array of float64
        Symmetric, 1 on the diagonal; :func:`holm` over the ``M (M - 1) / 2`` pairs.

    Raises
    ------
    ValueError
        If the table is not square and symmetric, or a p-value is NaN or outside 0 to 1.

    Examples
    --------
    >>> holm_pairs([[1, 0.01, 0.04], [0.01, 1, 0.03], [0.04, 0.03, 1]]).round(3).tolist()
    [[1.0, 0.03, 0.06], [0.03, 1.0, 0.06], [0.06, 0.06, 1.0]]
    """
    table = _pairs(p)
    i, j = np.triu_indices(len(table), 1)
    adjusted = np.ones_like(table)
    adjusted[i, j] = adjusted[j, i] = holm(table[i, j])
    return adjusted


def tie_groups(order: Sequence[int], p: ArrayLike, scores: ArrayLike, level: float = 0.05) -> list[int]:
    """Group methods that the best of their group is not significantly better than.

    Parameters
    ----------
    order : sequence of int
        Methods, best first, as indices into ``p``; it may leave some out.
    p : (M, M) array of float
        Symmetric p-values of pairs, not adjusted.
    scores : (M,) array of float
        What ``p`` is about, higher being better.
    level : float, default 0.05
        An adjusted p-value below it is a significant difference.

    Returns
    -------
    list of int
        The group of each method of ``order``, in that order; groups count from 1.

    Raises
    ------
    ValueError
        If the table is not square and symmetric with values from 0 to 1, ``order`` holds a method twice or
        one that is not in the table, or there is not a score for each method.

    Notes
    -----
    The first method leads group 1. Each next one joins the current group unless the group's leader is
    significantly better; then it leads the next group. An order by something else, mean ranks for instance,
    may put a method above one that is significantly better: they are not separated in that order. Two
    members of neighbouring groups need not differ.

    p-values are those of :func:`holm_pairs`, over all pairs of ``order``. That a leader has fewer comparisons
    is no reason to correct for fewer: who leads is known from the same scores, and the best of many equal
    methods is ahead of some by luck. With 20 equal methods on normal scores of 5 draws a correction for the
    leader's 19 comparisons separated some from it 15 times in 100, one for all 190 pairs 2 times.

    References
    ----------
    Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006, section 3.2.2.

    Examples
    --------
    >>> tie_groups([0, 1, 2], [[1, 0.3, 0.01], [0.3, 1, 0.2], [0.01, 0.2, 1]], [0.9, 0.8, 0.7])
    [1, 1, 2]
    """
    table = _pairs(p)
    methods = [int(method) for method in order]
    if len(set(methods)) < len(methods) or not set(methods) <= set(range(len(table))):
        raise ValueError(f"an order names each of {len(table)} methods at most once; got {methods}")
    values = numbers(scores, "groups need a finite score for each method")
    if values.shape != (len(table),):
        raise ValueError(f"groups need a score for each of {len(table)} methods; got {values.shape}")
    adjusted = holm_pairs(table[np.ix_(methods, methods)])
    groups: list[int] = []
    leader = 0
    for place, method in enumerate(methods):
        better = values[methods[leader]] > values[method]
        separate = place > 0 and bool(better and adjusted[leader, place] < level)
        leader = place if separate else leader
        groups.append(groups[-1] + separate if groups else 1)
    return groups


def _p_values(p: ArrayLike) -> np.ndarray:
    """Return p-values as an array, all of them from 0 to 1."""
    values = numbers(p, "p-values are numbers from 0 to 1")
    if np.any((values < 0) | (values > 1)):
        raise ValueError(f"p-values are numbers from 0 to 1; got {values.min()} to {values.max()}")
    return values


def _pairs(p: ArrayLike) -> np.ndarray:
    """Return a square and symmetric table of p-values."""
    values = _p_values(p)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not np.array_equal(values, values.T):
        raise ValueError(f"p-values of pairs are a square, symmetric table; got shape {values.shape}")
    return values
