"""Decision stumps for every feature and every class at once, and labeling functions made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN, Matrix

ROWS_AT_ONCE = 16_384
SAME_VALUE = 1e-7
"""Values this close are not split apart, as in scikit-learn's trees."""


@dataclass(frozen=True)
class Stumps:
    """One-vs-rest decision stumps: for feature j and class k, a threshold and a share on either side.

    Parameters
    ----------
    threshold : (d, K) float64
        A row goes left if its feature is at most this; infinite where the feature does not vary.
    left, right : (d, K) float64
        Share of class k among the training rows on either side.
    """

    threshold: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the share of class k that stump (j, k) predicts for each row, shape (rows, d, K)."""
        below = X[:, :, None] <= self.threshold
        return np.where(below, self.left, self.right)


def fit_stumps(
    X: NDArray[np.floating],
    targets: NDArray[np.bool_],
    rows: NDArray[np.bool_] | None = None,
    order: NDArray[np.intp] | None = None,
) -> Stumps:
    """Fit a stump of least Gini impurity for every feature and class.

    Parameters
    ----------
    X : (n, d) float
        Features.
    targets : (n, K) bool
        Whether a row belongs to each class.
    rows : (n,) bool, optional
        Use these rows only.
    order : (n, d) int, optional
        ``X.argsort(axis=0)``, to sort once for many fits.

    Returns
    -------
    Stumps
        Equal to scikit-learn's ``DecisionTreeClassifier(max_depth=1)`` fitted to each feature and
        class alone.

    Raises
    ------
    ValueError
        If no row is to be used.

    Notes
    -----
    O(n d log n) for sorting and O(n d K) for everything else.
    """
    order = X.argsort(axis=0, kind="stable") if order is None else order
    if rows is not None:
        # Every column keeps the same number of rows, so dropping the others leaves a matrix.
        order = order.T[rows[order].T].reshape(X.shape[1], -1).T
    n = len(order)
    if n == 0:
        raise ValueError("stumps need at least one row")
    ranked = np.take_along_axis(X, order, axis=0)
    # In the precision of the features, as scikit-learn does: there 1 and the next float32 are the same.
    same = ranked[1:] <= ranked[:-1] + SAME_VALUE
    values = ranked.astype(np.float64)
    positives = targets[order].cumsum(axis=0, dtype=np.float64)
    total = positives[-1]
    if n == 1:
        share = total / n
        return Stumps(np.full_like(share, np.inf), share, share)
    size = np.arange(1.0, n)[:, None, None]
    low, high = positives[:-1], total - positives[:-1]
    impurity = low * (1 - low / size) + high * (1 - high / (n - size))
    impurity[same] = np.inf
    best = impurity.argmin(axis=0)[None]
    varies = np.isfinite(np.take_along_axis(impurity, best, axis=0)[0])
    lower = np.take_along_axis(values[:-1, :, None], best, axis=0)[0]
    upper = np.take_along_axis(values[1:, :, None], best, axis=0)[0]
    left_count = np.take_along_axis(low, best, axis=0)[0]
    left_size = best[0] + 1.0
    share = total / n
    return Stumps(
        threshold=np.where(varies, lower / 2 + upper / 2, np.inf),
        left=np.where(varies, left_count / left_size, share),
        right=np.where(varies, (total - left_count) / (n - left_size), share),
    )


@dataclass(frozen=True)
class StumpLFs:
    """Unipolar labeling functions: vote one class on one side of a threshold, else abstain.

    Parameters
    ----------
    feature : (m,) int
    threshold : (m,) float64
    above : (m,) bool
        Votes where the feature is above the threshold; else where it is at most that.
    label : (m,) int
        The class voted for.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    above: NDArray[np.bool_]
    label: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.feature)

    def __add__(self, other: StumpLFs) -> StumpLFs:
        """Return both sets of labeling functions, these first."""
        return StumpLFs(
            np.concatenate([self.feature, other.feature]),
            np.concatenate([self.threshold, other.threshold]),
            np.concatenate([self.above, other.above]),
            np.concatenate([self.label, other.label]),
        )

    @classmethod
    def none(cls) -> StumpLFs:
        """Return an empty set."""
        whole = np.zeros(0, dtype=np.intp)
        return cls(whole, np.zeros(0), np.zeros(0, dtype=bool), whole)

    def votes(self, X: Matrix) -> NDArray[np.int8]:
        """Return votes, shape (rows, m), int8, -1 for abstain; X is read in blocks."""
        L = np.full((X.shape[0], len(self)), ABSTAIN, dtype=np.int8)
        label = self.label.astype(np.int8)
        for start in range(0, X.shape[0], ROWS_AT_ONCE):
            block = X[start : start + ROWS_AT_ONCE][:, self.feature]
            block = block.toarray() if hasattr(block, "indptr") else block
            fires = (block > self.threshold) == self.above
            L[start : start + ROWS_AT_ONCE] = np.where(fires, label, np.int8(ABSTAIN))
        return L

    def describe(self) -> tuple[dict[str, Any], ...]:
        """Return each labeling function as JSON values."""
        return tuple(
            {
                "kind": "stump",
                "features": [int(f)],
                "threshold": float(t),
                "votes_where": "above" if a else "at most",
                "label": int(k),
            }
            for f, t, a, k in zip(self.feature, self.threshold, self.above, self.label, strict=True)
        )
