"""Decision stumps for every feature and every class at once; deeper trees for combinations of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Family, Models, Rows, Together
from autows.lfs._columns import ColumnSynthesiser, check_cardinality, feature_subsets
from autows.lfs._splits import apart, split_gain
from autows.lfs._trees import fit_trees


class Stumps(Family):
    """Decision trees on single features (stumps) and, above cardinality 1, on combinations of them.

    A tree on c features has depth c, as in the authors' code of Snuba.

    Parameters
    ----------
    cardinality : int, default 1
        Most features in a tree.
    max_subsets : int, default 300
        Most combinations of each size above 1; drawn at random where there are more.

    References
    ----------
    P. Varma and C. Ré (2018), Snuba: automating weak supervision to label training data, PVLDB
    12(3), section 3.1.
    """

    name = "stumps"

    def __init__(self, cardinality: int = 1, max_subsets: int = 300) -> None:
        self.cardinality = cardinality
        self.max_subsets = max_subsets

    def validate(self) -> None:
        """Check that the numbers are positive."""
        self.require_positive()
        check_cardinality(self.name, self.cardinality)

    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> _StumpSynthesiser:
        """Sort the seeds once for all fits."""
        self.validate()
        return _StumpSynthesiser(seeds, y, n_classes, multipolar, self, rng)


class _StumpSynthesiser(ColumnSynthesiser):
    def __init__(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        family: Stumps,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(seeds)
        self.order = self.Z.argsort(axis=0, kind="stable")
        self.targets = y[:, None] == np.arange(n_classes)
        self.multipolar = multipolar
        self.subsets = feature_subsets(self.Z.shape[1], family.cardinality, family.max_subsets, rng)[1:]

    def fit(self, used: NDArray[np.bool_]) -> Models:
        """Fit a stump to each feature and a tree to each combination."""
        stumps = fit_stumps(self.Z, self.targets, used, self.order, self.multipolar)
        if not self.subsets:
            return stumps
        trees = [fit_trees(self.Z[used], self.targets[used], s, self.multipolar) for s in self.subsets]
        return Together([stumps, *trees])


@dataclass(frozen=True)
class StumpModels(Models):
    """Fitted stumps: for feature j and class k a threshold and the class's share on either side.

    Parameters
    ----------
    threshold : (d, K) float64
        A row goes left if its feature is at most this; infinite where feature or class does not vary. In
        a multipolar batch the K thresholds of a feature are equal.
    left, right : (d, K) float64
        Share of class k among the training rows on either side.
    """

    threshold: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def n_models(self) -> int:  # type: ignore[override]
        """One a feature."""
        return len(self.threshold)

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """The number of classes K."""
        return self.threshold.shape[1]

    def predict(self, Z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return class shares, shape (rows, d, K)."""
        return np.where(Z[:, :, None] <= self.threshold, self.left, self.right)

    def scores(
        self, Z: NDArray[np.floating], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the share of class ``label[i]`` by stump ``model[i]``, shape (rows, len(model))."""
        below = Z[:, model] <= self.threshold[model, label]
        return np.where(below, self.left[model, label], self.right[model, label])

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return threshold and shares below (at most the threshold) and above it."""
        threshold = self.threshold[model, 0 if label is None else label]
        if label is None:
            shares: tuple[Any, Any] = self.left[model].round(6).tolist(), self.right[model].round(6).tolist()
        else:
            shares = round(float(self.left[model, label]), 6), round(float(self.right[model, label]), 6)
        return {
            "kind": "stump",
            "features": [model],
            "threshold": float(threshold) if np.isfinite(threshold) else None,
            "below": shares[0],
            "above": shares[1],
        }


def fit_stumps(
    X: NDArray[np.floating],
    targets: NDArray[np.bool_],
    rows: NDArray[np.bool_] | None = None,
    order: NDArray[np.intp] | None = None,
    multipolar: bool = False,
) -> StumpModels:
    """Fit a stump of least Gini impurity for every feature and class, or for every feature.

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
    multipolar : bool, default False
        One threshold a feature, of least impurity over all classes, instead of one for each class
        against the rest.

    Returns
    -------
    StumpModels
        Equal to scikit-learn's ``DecisionTreeClassifier(max_depth=1)`` fitted to each feature (and
        each class) alone; of equally good thresholds the lowest.

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
    share = targets[order[:, 0]].mean(axis=0) * np.ones((X.shape[1], 1))
    if n == 1:
        return StumpModels(np.full_like(share, np.inf), share, share)
    ranked = np.take_along_axis(X, order, axis=0)
    counts = targets[order].cumsum(axis=0, dtype=np.float64)
    low, total, size = counts[:-1], counts[-1], np.arange(1.0, n)[:, None, None]
    below, above = low**2, (total - low) ** 2
    if multipolar:
        below, above = below.sum(axis=2, keepdims=True), above.sum(axis=2, keepdims=True)
    gain = split_gain(below, above, size, n - size)
    gain[~apart(ranked[:-1], ranked[1:])] = -1
    best = gain.argmax(axis=0)[None]
    mixed = (total > 0) & (total < n)
    splits = (np.take_along_axis(gain, best, axis=0)[0] >= 0) & (
        mixed.any(axis=1, keepdims=True) if multipolar else mixed
    )
    lower, upper = (ranked[best[0] + i, np.arange(X.shape[1])[:, None]].astype(np.float64) for i in (0, 1))
    left_count, left_size = np.take_along_axis(low, best, axis=0)[0], best[0] + 1.0
    return StumpModels(
        threshold=np.where(splits, lower / 2 + upper / 2, np.inf) * np.ones(share.shape),
        left=np.where(splits, left_count / left_size, share),
        right=np.where(splits, (total - left_count) / (n - left_size), share),
    )
