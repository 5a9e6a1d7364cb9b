"""Logistic regressions on every feature and combination of features, fitted at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Family, Models, Rows, Together
from autows.lfs._columns import ColumnSynthesiser, check_cardinality, feature_subsets
from autows.lfs._newton import fit_binary, fit_multinomial

VALUES_AT_ONCE = 60_000
"""Rows x subsets x classes fitted in one piece: 0.5 MB as float64, so that they stay in the cache."""
LARGEST_C = 1e4
"""With less penalty than this classes that can be separated push slopes to where floats end."""
LEAST_SCALE = 1e-30
"""A feature whose standard deviation among the seeds is not above this counts as constant."""


class Logistic(Family):
    """Logistic regressions on single features and, above cardinality 1, on combinations of them.

    Features are standardised with the mean and standard deviation of all seeds, so that the penalty
    means the same whatever their units.

    Parameters
    ----------
    cardinality : int, default 1
        Most features in a regression.
    max_subsets : int, default 300
        Most combinations of each size above 1; drawn at random where there are more.
    C : float, default 1.0
        Inverse of the weight of the squared slopes, as in scikit-learn, at most 10,000; intercepts are free.

    References
    ----------
    P. Varma and C. Ré (2018), Snuba: automating weak supervision to label training data, PVLDB
    12(3), section 3.1.
    """

    name = "logistic"

    def __init__(self, cardinality: int = 1, max_subsets: int = 300, C: float = 1.0) -> None:
        self.cardinality = cardinality
        self.max_subsets = max_subsets
        self.C = C

    def validate(self) -> None:
        """Check that all numbers are in range."""
        self.require_positive("cardinality", "max_subsets")
        check_cardinality(self.name, self.cardinality)
        if not 0 < self.C <= LARGEST_C:
            raise ValueError(f"{self.name}: C is {self.C}; expected above 0 and at most {LARGEST_C:.0f}")

    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> _LogisticSynthesiser:
        """Standardise the seeds once for all fits."""
        self.validate()
        return _LogisticSynthesiser(seeds, y, n_classes, multipolar, self, rng)


class _LogisticSynthesiser(ColumnSynthesiser):
    def __init__(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        family: Logistic,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(seeds)
        self.targets = y[:, None] == np.arange(n_classes)
        self.multipolar = multipolar
        self.penalty = 1 / family.C
        self.subsets = feature_subsets(self.Z.shape[1], family.cardinality, family.max_subsets, rng)
        self.mean = self.Z.mean(axis=0, dtype=np.float64)
        scale = self.Z.std(axis=0, dtype=np.float64)
        # Sums of equal float32 values are exact in float64, so that a constant feature has deviation 0.
        constant = scale <= LEAST_SCALE
        self.scale = np.where(constant, 1.0, scale)
        self.standard = np.where(constant, 0.0, (self.Z - self.mean) / self.scale)

    def fit(self, used: NDArray[np.bool_]) -> Models:
        """Fit a regression to each feature and each combination."""
        X, targets = self.standard[used], self.targets[used]
        parts = []
        for subsets in self.subsets:
            weights, intercepts = fit_logistic(X, targets, subsets, self.penalty, self.multipolar)
            parts.append(LogisticModels(subsets, self.mean, self.scale, weights, intercepts, self.multipolar))
        return parts[0] if len(parts) == 1 else Together(parts)


@dataclass(frozen=True)
class LogisticModels(Models):
    """Fitted logistic regressions on S subsets of c features.

    Parameters
    ----------
    subsets : (S, c) int
        Columns of Z.
    mean, scale : (q,) float64
        What standardises each column.
    weights : (S, K, c) float64
        Slopes on standardised features.
    intercepts : (S, K) float64
        Infinite where the answer does not depend on the features: minus for a class without training
        rows, plus for one without rows outside it.
    multipolar : bool
        Probabilities are the softmax of the K logits rather than the logistic function of each.
    """

    subsets: NDArray[np.intp]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    multipolar: bool

    @property
    def n_models(self) -> int:  # type: ignore[override]
        """One a subset."""
        return len(self.subsets)

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """The number of classes K."""
        return self.intercepts.shape[1]

    def predict(self, Z: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return probabilities, shape (rows, S, K)."""
        return self._answers(Z, np.arange(self.n_models), None)

    def scores(
        self, Z: NDArray[np.floating], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Return the probability of class ``label[i]`` by model ``model[i]``, shape (rows, len(model))."""
        if not self.multipolar:
            return self._answers(Z, model, label)
        # A softmax needs all logits of a model, but those of a model once.
        models, which = np.unique(model, return_inverse=True)
        return self._answers(Z, models, None)[:, which, label]

    def _answers(
        self, Z: NDArray[np.floating], model: NDArray[np.intp], label: NDArray[np.intp] | None
    ) -> NDArray[np.float32]:
        """Return probabilities of one class of each model, (rows, m), or of all classes, (rows, m, K)."""
        index = (model,) if label is None else (model, label)
        logits: Any = self.intercepts[index].astype(np.float32)
        for j, columns in enumerate(self.subsets[model].T):
            # Subtracting the mean in float64 keeps what is left of features far from 0.
            x = ((Z[:, columns] - self.mean[columns]) / self.scale[columns]).astype(np.float32)
            weight = self.weights[..., j][index].astype(np.float32)
            logits = logits + (x[:, :, None] if label is None else x) * weight
        if self.multipolar:
            logits -= logits.max(axis=-1, keepdims=True)
            P = np.exp(logits)
            return P / P.sum(axis=-1, keepdims=True)
        with np.errstate(over="ignore"):  # 1 / (1 + infinity) is the limit that is meant
            return 1 / (1 + np.exp(-logits))

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return weights on the features as they are, and the intercept, of each class or of one.

        A class that the features cannot decide has the intercept None, and ``share``, None otherwise,
        is its probability.
        """
        columns = self.subsets[model]
        weights = self.weights[model] / self.scale[columns]
        intercepts = self.intercepts[model] - weights @ self.mean[columns]
        about: dict[str, list[Any]] = {"weights": [], "intercept": [], "share": []}
        for k in range(self.n_classes) if label is None else [label]:
            free = np.isfinite(intercepts[k])
            about["weights"].append([float(f"{w:.6g}") for w in weights[k]])
            about["intercept"].append(float(f"{intercepts[k]:.6g}") if free else None)
            about["share"].append(None if free else float(intercepts[k] > 0))
        one = about if label is None else {key: values[0] for key, values in about.items()}
        return {"kind": "logistic", "features": columns.tolist(), **one}


def fit_logistic(
    X: NDArray[np.float64],
    targets: NDArray[np.bool_],
    subsets: NDArray[np.intp],
    penalty: float,
    multipolar: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a logistic regression to each subset of features, and unipolar to each class.

    Parameters
    ----------
    X : (n, q) float64
        Standardised features.
    targets : (n, K) bool
        Whether a row belongs to each class; classes may be absent.
    subsets : (S, c) int
        Columns of X.
    penalty : float
        Weight of half the squared slopes.
    multipolar : bool
        Multinomial over the classes that have rows, instead of one class against the rest.

    Returns
    -------
    weights : (S, K, c) float64
    intercepts : (S, K) float64
        Minus infinity for a class without rows, plus infinity (multipolar: 0) for the only one.

    Raises
    ------
    ValueError
        If there is no row.
    """
    (n, K), (S, c) = targets.shape, subsets.shape
    if n == 0:
        raise ValueError("logistic regressions need at least one row")
    count = targets.sum(axis=0)
    weights = np.zeros((S, K, c))
    intercepts = np.full((S, K), -np.inf)
    intercepts[:, count == n] = 0 if multipolar else np.inf
    open_classes = np.flatnonzero((count > 0) & (count < n))
    if len(open_classes) == 0:
        return weights, intercepts
    fit = fit_multinomial if multipolar else fit_binary
    step = max(1, VALUES_AT_ONCE // (n * len(open_classes)))
    for start in range(0, S, step):
        part = slice(start, start + step)
        features = np.ascontiguousarray(X[:, subsets[part]].transpose(1, 0, 2))
        slopes, free = fit(features, targets[:, open_classes], penalty)
        weights[part, open_classes], intercepts[part, open_classes] = slopes, free
    return weights, intercepts
