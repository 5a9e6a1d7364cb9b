"""Which labeling functions to keep, if one knew the truth: a greedy order, and a climb from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN

MOST = 200
"""Longest order; what would come after so many says little that is new."""


def greedy_order(
    L: NDArray[np.int8], y: NDArray[np.integer], n_classes: int, most: int = MOST
) -> NDArray[np.intp]:
    """Order labeling functions by what each adds to a weighted vote whose weights know the truth.

    The vote begins with the class shares of the rows. Each step adds the labeling function after which the
    most rows are right, of several the one with the largest weight times number of votes, of several still
    the first. A step may make fewer rows right: where to stop is left to the caller.

    Parameters
    ----------
    L : (n, m) int8
        Votes.
    y : (n,) int
        The truth.
    n_classes : int
        The number of classes K.
    most : int
        Most labeling functions in the order.

    Returns
    -------
    (q,) intp array
        Columns of ``L``; those whose votes are no better than guessing are left out.

    Notes
    -----
    A vote counts ``log(a (K - 1) / (1 - a))`` with ``a = (right + 1) / (cast + K)``, the accuracy of its
    labeling function on these rows. A row is right if its true class has more than any other. O(n m)
    memory; a step looks again at the rows that it has changed: O(rows with a vote times m).
    """
    cast, right = (L != ABSTAIN).sum(axis=0), (y[:, None] == L).sum(axis=0)
    accuracy = (right + 1.0) / (cast + n_classes)
    weight = np.log(accuracy * (n_classes - 1) / (1 - accuracy))
    shares = (np.bincount(y, minlength=n_classes) + 1.0) / (len(y) + n_classes)
    scores = np.tile(np.log(shares), (len(y), 1))
    change = _change(L, y, scores, weight)
    gain = change.sum(axis=0, dtype=np.int64)
    left = weight > 1e-9
    order: list[int] = []
    while left.any() and len(order) < most:
        best = int(np.lexsort((-np.arange(len(gain)), weight * cast, gain, left))[-1])
        order.append(best)
        left[best] = False
        rows = np.flatnonzero(L[:, best] != ABSTAIN)
        scores[rows, L[rows, best]] += weight[best]
        new = _change(L[rows], y[rows], scores[rows], weight)
        gain += new.sum(axis=0, dtype=np.int64) - change[rows].sum(axis=0, dtype=np.int64)
        change[rows] = new
    return np.array(order, dtype=np.intp)


def _change(
    L: NDArray[np.int8], y: NDArray[np.integer], scores: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.int8]:
    """Return what one more labeling function does to each row: 1 makes it right, -1 wrong; shape (n, m)."""
    rows = np.arange(len(y))
    own = scores[rows, y]
    others = scores.copy()
    others[rows, y] = -np.inf
    rival = others.max(axis=1, initial=-np.inf)
    right = own > rival
    lifted = np.take_along_axis(scores, np.maximum(L, 0).astype(np.intp), axis=1) + weight
    mine = y[:, None] == L
    gained = mine & ~right[:, None] & (lifted > rival[:, None])
    lost = ~mine & (L != ABSTAIN) & right[:, None] & (lifted >= own[:, None])
    return gained.astype(np.int8) - lost.astype(np.int8)


def prefix_lengths(q: int) -> list[int]:
    """Return lengths to try of an order of q: 1, 2, 3, 4, 6, 8, 12, 16, 24, ... and q.

    Examples
    --------
    >>> prefix_lengths(20)
    [1, 2, 3, 4, 6, 8, 12, 16, 20]
    """
    powers = 2 ** np.arange(max(q, 1).bit_length())
    lengths = np.unique(np.concatenate([powers, 3 * powers // 2, [q]]))
    return [int(length) for length in lengths if 0 < length <= q]


def climb(
    starts: Sequence[NDArray[np.intp]],
    m: int,
    quality: Callable[[NDArray[np.intp]], float],
    rng: np.random.Generator,
    budget: int,
) -> NDArray[np.intp]:
    """Choose the best of some subsets and improve it by putting in or taking out one member at a time.

    Members are tried in random order, and whatever makes the quality higher is kept, until a whole round
    changes nothing or the budget is spent. No subset is left without members.

    Parameters
    ----------
    starts : sequence of int arrays
        Subsets of ``0 .. m - 1``, ascending; at least one. Of equally good ones the first counts.
    m : int
        How many there are to choose from.
    quality : callable
        Of a subset; higher is better.
    rng : numpy.random.Generator
        Decides the order.
    budget : int
        Most calls of ``quality``, beside one for each start.

    Returns
    -------
    (q,) intp array
        Ascending.
    """
    at_start = [quality(start) for start in starts]
    best = max(at_start)
    inside = np.zeros(m, dtype=np.bool_)
    inside[starts[at_start.index(best)]] = True
    unchanged = 0
    while unchanged < m and budget > 0:
        for j in rng.permutation(m)[:budget]:
            inside[j] = not inside[j]
            better = False
            if inside.any():
                budget -= 1
                found = quality(np.flatnonzero(inside))
                better = found > best
            if better:
                best, unchanged = found, 0
            else:
                inside[j] = not inside[j]
                unchanged += 1
            if unchanged >= m:
                break
    return np.flatnonzero(inside)
