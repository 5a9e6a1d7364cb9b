"""Linear softmax classifiers on features that stay where they are: scaling is folded into the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows.types import Matrix

ROWS_AT_ONCE = 8192
ROWS_FOR_MOMENTS = 20_000


@dataclass(frozen=True)
class Scaling:
    """An affine map of features, ``(x - shift) * factor``.

    Parameters
    ----------
    name : str
        ``global``: one factor for all features. ``column``: one for each.
    shift, factor : (d,) float64
        A constant feature has factor 0 under ``column``.
    """

    name: str
    shift: NDArray[np.float64]
    factor: NDArray[np.float64]

    def apply(self, X: Matrix) -> NDArray[np.float64]:
        """Return scaled rows, dense float64; for few rows such as the seeds."""
        dense = X.toarray() if hasattr(X, "indptr") else np.asarray(X)
        return (dense.astype(np.float64) - self.shift) * self.factor


@dataclass(frozen=True)
class LinearModel:
    """Class probabilities ``softmax(x @ coefficients + intercepts)`` of unscaled features.

    Parameters
    ----------
    coefficients : (d, K) float64
    intercepts : (K,) float64
        Minus infinity for a class that never occurred.
    """

    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def predict_proba(self, X: Matrix) -> NDArray[np.float32]:
        """Return probabilities, shape (rows, K), reading X in blocks."""
        from scipy.special import softmax

        P = np.empty((X.shape[0], len(self.intercepts)), dtype=np.float32)
        weights = self.coefficients.astype(np.float32)
        for rows in blocks(X.shape[0]):
            P[rows] = softmax((X[rows] @ weights).astype(np.float64) + self.intercepts, axis=1)
        return P

    @classmethod
    def from_scaled(
        cls,
        coefficients: NDArray[np.float64],
        intercepts: NDArray[np.float64],
        scaling: Scaling,
        classes: NDArray[np.integer],
        n_classes: int,
    ) -> LinearModel:
        """Build from weights on scaled features for some of the classes.

        Parameters
        ----------
        coefficients, intercepts : (d, P) and (P,)
            Weights of the P classes that occurred.
        scaling : Scaling
            The map that the weights expect to have been applied.
        classes : (P,) int
            Which classes these are.
        n_classes : int
            The number of classes K.
        """
        W = np.zeros((coefficients.shape[0], n_classes))
        b = np.full(n_classes, -np.inf)
        W[:, classes] = coefficients * scaling.factor[:, None]
        b[classes] = intercepts - scaling.shift @ W[:, classes]
        return cls(W, b)


def scalings(X: Matrix) -> tuple[Scaling, Scaling]:
    """Return the ``global`` and the ``column`` scaling of a pool.

    Dense columns are centred; sparse ones are not, which would fill them. The global factor makes
    the mean variance of the features 1. Moments are taken over at most 20,000 evenly spaced rows.
    """
    step = max(1, -(-X.shape[0] // ROWS_FOR_MOMENTS))
    sample = X[::step]
    if hasattr(sample, "indptr"):
        mean = np.zeros(sample.shape[1])
        variance = np.asarray(sample.multiply(sample).mean(axis=0), dtype=np.float64).ravel()
    else:
        mean = sample.mean(axis=0, dtype=np.float64)
        variance = np.zeros_like(mean)
        for rows in blocks(len(sample)):
            variance += np.square(sample[rows] - mean).sum(axis=0)
        variance /= len(sample)
    overall = variance.mean()
    one = 1 / np.sqrt(overall) if overall > 0 else 1.0
    # Features that hardly vary beside the others are noise that a column scaling would blow up.
    varies = variance > 1e-8 * overall
    column = np.zeros_like(variance)
    np.divide(1.0, np.sqrt(variance), out=column, where=varies)
    return Scaling("global", mean, np.full_like(mean, one)), Scaling("column", mean, column)


def blocks(rows: int) -> Iterator[slice]:
    """Yield consecutive slices that cover ``rows`` rows."""
    for start in range(0, rows, ROWS_AT_ONCE):
        yield slice(start, min(start + ROWS_AT_ONCE, rows))
