"""The best split of rows by a feature, for many features, classes and nodes of trees at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_VALUE = 1e-7
"""Values this close are not split apart, as in scikit-learn's trees."""


def split_gain(
    below: NDArray[np.float64],
    above: NDArray[np.float64],
    low_size: NDArray[np.float64],
    high_size: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what orders splits by Gini impurity: ``below / low_size + above / high_size``.

    Parameters
    ----------
    below, above : float64
        Squared number of rows of a class on either side of a split, or the sum of these over classes.
    low_size, high_size : float64
        Number of rows on either side.

    Returns
    -------
    float64, all four broadcast
        The larger the purer; 0 where a side is empty.

    Notes
    -----
    Of n rows on one side with shares p_k the impurity is n (1 - sum_k p_k^2), or 2 n p (1 - p) of one class
    against the rest; summed over both sides these fall as the gain rises. The gain is one quotient of
    integers, exact below n = 200,000, so that equally good splits have equal gains to the last bit.
    """
    return (below * high_size + above * low_size) / np.maximum(low_size * high_size, 1.0)


def apart(value: NDArray[np.floating], following: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return where a value is told apart from the next larger one.

    In the precision of the features, as in scikit-learn: there 1 and the next float32 are the same.
    """
    return following > value + SAME_VALUE


@dataclass(frozen=True)
class Splits:
    """The best split by each of F features, for each of G ways to judge it.

    Parameters
    ----------
    gain : (F, G) float64
        See :func:`split_gain`; -1 where there is nothing to split.
    threshold : (F, G) float64
        Rows of at most this go left; infinite where there is nothing to split.
    """

    gain: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def take(self, features: NDArray[np.intp]) -> Splits:
        """Return the splits by some of the features."""
        return Splits(self.gain[features], self.threshold[features])

    @classmethod
    def concatenate(cls, parts: Sequence[Splits]) -> Splits:
        """Return the splits by the features of all parts."""
        return cls(np.concatenate([p.gain for p in parts]), np.concatenate([p.threshold for p in parts]))


class Ranking:
    """Rows sorted by each feature, once for many splits.

    Parameters
    ----------
    Z : (n, q) float32
        Features.
    targets : (n, K) bool
        Whether a row belongs to each class.

    Attributes
    ----------
    order : (n, q) int
        Rows by ascending value.
    value : (n, q) float32
        Their values.
    last : (n, q) int
        For each place in the order the last one whose value is not told apart from its value.
    by_class : (n, q) int
        The places in the order, class by class.
    label : (n,) int
        The classes of these places, ascending.
    """

    def __init__(self, Z: NDArray[np.floating], targets: NDArray[np.bool_]) -> None:
        self.targets = targets
        self.order = Z.argsort(axis=0, kind="stable")
        self.value = np.take_along_axis(Z, self.order, axis=0)
        self.last = np.empty(Z.shape, dtype=np.intp)
        for j, column in enumerate(np.ascontiguousarray(self.value.T)):
            self.last[:, j] = column.searchsorted(column + SAME_VALUE, side="right") - 1
        labels = targets.argmax(axis=1)
        self.by_class = labels[self.order].argsort(axis=0, kind="stable")
        self.label = np.sort(labels)


def best_splits(ranking: Ranking, features: NDArray[np.intp], here: NDArray[np.bool_]) -> Splits:
    """Return the best split of some rows by each feature.

    Parameters
    ----------
    ranking : Ranking
        Of all n rows.
    features : (F,) int
        Columns; one may be there more than once.
    here : (n, F, G) bool
        Which rows are to be split. G = K judges each class against its rest; G = 1 judges all classes
        together, of which a row then belongs to exactly one.

    Returns
    -------
    Splits
        Of equally good ones the lowest. Nothing to split where all rows are alike in class or feature.

    Notes
    -----
    O(n F G).
    """
    n, F, G = here.shape
    order, value, last = ranking.order[:, features], ranking.value[:, features], ranking.last[:, features]
    inside = here[order, np.arange(F)]
    counts = inside.cumsum(axis=0, dtype=np.int32)
    if G == 1:
        below, above, mixed = _squares_of_all_classes(ranking, features, inside[:, :, 0])
    else:
        below, above, mixed = _squares_of_each_class(ranking.targets[order], inside)
    low_size = counts.astype(np.float64)
    gain = split_gain(below, above, low_size, low_size[-1] - low_size)
    # Another row follows, and none that is not told apart from this one.
    possible = inside & (counts < counts[-1]) & (counts == counts[last, np.arange(F)])
    gain[~possible] = -1
    best = gain.argmax(axis=0)
    column, judge = np.ogrid[:F, :G]
    gain = gain[best, column, judge]
    splits = (gain >= 0) & mixed
    # The next row inside comes after all places that count as many rows as the best.
    following = np.minimum((counts <= counts[best, column, judge]).sum(axis=0), n - 1)
    lower, upper = (value[at, column].astype(np.float64) for at in (best, following))
    return Splits(np.where(splits, gain, -1.0), np.where(splits, lower / 2 + upper / 2, np.inf))


def _squares_of_each_class(
    targets: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return squared counts up to each place and after it, (n, F, K), and whether classes differ, (F, K)."""
    low = (targets & inside).cumsum(axis=0, dtype=np.int32).astype(np.float64)
    total = low[-1]
    return low**2, (total - low) ** 2, (total > 0) & (total < inside.sum(axis=0))


def _squares_of_all_classes(
    ranking: Ranking, features: NDArray[np.intp], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the same summed over classes, (n, F, 1) and (F, 1), without looking at each class.

    The r-th row of a class takes its squared count from (r - 1)^2 to r^2; what is after a place follows from
    sum (t - l)^2 = sum t^2 - 2 sum t l + sum l^2.
    """
    n, F = inside.shape
    by_class, columns = ranking.by_class[:, features], np.arange(F)
    counts = np.zeros((n + 1, F), dtype=np.int64)
    inside[by_class, columns].cumsum(axis=0, out=counts[1:])
    start = ranking.label.searchsorted(np.arange(ranking.label[-1] + 2))
    base = counts[start]
    total = np.diff(base, axis=0)
    rank, own_total = np.empty((2, n, F), dtype=np.int64)
    rank[by_class, columns] = counts[1:] - base[ranking.label]
    own_total[by_class, columns] = total[ranking.label]
    below = np.where(inside, 2 * rank - 1, 0).cumsum(axis=0)
    above = (total**2).sum(axis=0) - 2 * np.where(inside, own_total, 0).cumsum(axis=0) + below
    mixed = total.max(axis=0) < inside.sum(axis=0)
    return below[:, :, None].astype(np.float64), above[:, :, None].astype(np.float64), mixed[:, None]
