"""A linear head on top of given logits: coordinates in which it is quick to fit, and the fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.types import Matrix

MOST_AXES = 256
"""Embeddings are looked at along so many principal axes; what is left out hardly varies."""


@dataclass(frozen=True)
class Axes:
    """Principal axes of rows, in a unit in which the mean squared length of centred rows is 1.

    Parameters
    ----------
    mean : (d,) float32
    basis : (d, r) float32
        Orthogonal columns of equal length.
    variances : (r,) float64
        Along each axis; they sum to 1 where no axis was left out.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    variances: NDArray[np.float64]

    @classmethod
    def of(cls, X: Matrix, most: int = MOST_AXES) -> Axes:
        """Find them; CSR rows are not centred, which would fill them. O(rows d^2 + d^3) for dense rows."""
        if hasattr(X, "indptr"):
            return cls._of_sparse(X, most)
        mean = X.mean(axis=0, dtype=np.float64)
        centred = X - mean.astype(np.float32)
        values, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(X))
        leading = np.argsort(-values)[: min(most, len(X))]
        return cls._scaled(mean, vectors[:, leading], values[leading], float(values.sum()))

    @classmethod
    def _of_sparse(cls, X: Matrix, most: int) -> Axes:
        from sklearn.decomposition import TruncatedSVD

        model = TruncatedSVD(min(most, X.shape[1] - 1, X.shape[0]), random_state=0).fit(X)
        values = model.singular_values_.astype(np.float64) ** 2 / X.shape[0]
        total = float(X.multiply(X).sum()) / X.shape[0]
        return cls._scaled(np.zeros(X.shape[1]), model.components_.T, values, total)

    @classmethod
    def _scaled(
        cls, mean: NDArray[np.float64], basis: NDArray[Any], values: NDArray[np.float64], total: float
    ) -> Axes:
        # Rows that are all the same have no unit; any will do.
        unit = np.sqrt(total) if total > 0 else 1.0
        variances = np.maximum(values, 0.0) / unit**2
        return cls(mean.astype(np.float32), (basis / unit).astype(np.float32), variances)

    def coordinates(self, X: Matrix) -> NDArray[np.float32]:
        """Return rows along the axes, shape (rows, r)."""
        return np.asarray(X @ self.basis - self.mean @ self.basis)


@dataclass(frozen=True)
class Head:
    """Logits ``base + z W + b`` of rows with coordinates z and given logits.

    Parameters
    ----------
    W : (r, K) float64
    b : (K,) float64
    """

    W: NDArray[np.float64]
    b: NDArray[np.float64]

    @classmethod
    def zero(cls, r: int, n_classes: int) -> Head:
        """Return the head that leaves the given logits as they are."""
        return cls(np.zeros((r, n_classes)), np.zeros(n_classes))

    def logits(self, Z: NDArray[np.floating], base: NDArray[np.floating] | float = 0.0) -> NDArray[Any]:
        """Return logits, shape (rows, K), float64."""
        return np.asarray((Z @ self.W.astype(Z.dtype)).astype(np.float64) + self.b + base)


def fit_head(
    Z: NDArray[np.floating],
    Q: NDArray[np.floating],
    weight: NDArray[np.floating],
    C: float,
    variances: NDArray[np.float64],
    base: NDArray[np.floating] | float = 0.0,
    start: Head | None = None,
    power: int = 1,
    tol: float = 1e-4,
) -> Head:
    """Fit a head to class probabilities.

    Minimises ``sum_i w_i CE(Q_i, softmax(base_i + z_i W + b))^power + (|W|^2 + |b|^2) / (2 C)``, which is
    convex for any power of at least 1. The intercepts are penalised too, so that a class without labels
    keeps what the base says of it.

    Parameters
    ----------
    Z : (rows, r) float array
        Coordinates; products are taken in their precision.
    Q : (rows, K) float array
        Non-negative; a row may sum to less than 1.
    weight : (rows,) float array
        Non-negative.
    C : float
    variances : (r,) float64
        Of the coordinates; they only make the search quick.
    base : (rows, K) float array, or 0
    start : Head, optional
        Where to begin; the zero head by default.
    power : int, default 1
    tol : float, default 1e-4
        Stop when no entry of the gradient of the mean loss, in coordinates in which the Hessian is about
        the identity, is larger, or the loss falls by less than a thousandth of it (relative).

    Notes
    -----
    L-BFGS, O(rows r K) a step and some tens of steps.
    """
    from scipy.optimize import minimize

    r, K = Z.shape[1], Q.shape[1]
    total = float(weight.sum(dtype=np.float64))
    mass = Q.sum(axis=1, keepdims=True)
    curvature = (1 - 1 / K) / K * np.append(variances, 1.0) + 1 / (C * total)
    steps = (1 / np.sqrt(curvature))[:, None]

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(r + 1, K) * steps
        logits = Head(weights[:-1], weights[-1]).logits(Z, base)
        logits -= reduce(np.maximum, logits.T)[:, None]
        P = np.exp(logits)
        partition = P @ np.ones(K)
        P /= partition[:, None]
        loss = mass[:, 0] * np.log(partition) - np.einsum("ik,ik->i", Q, logits)
        slope = weight * power * loss ** (power - 1)
        residual = (slope / total)[:, None] * (mass * P - Q)
        gradient = np.vstack([(Z.T @ residual.astype(Z.dtype)).astype(np.float64), residual.sum(axis=0)])
        gradient += weights / (C * total)
        value = float(weight @ loss**power) / total + float(np.vdot(weights, weights)) / (2 * C * total)
        return value, (gradient * steps).ravel()

    begin = Head.zero(r, K) if start is None else start
    first = (np.vstack([begin.W, begin.b]) / steps).ravel()
    found: Any = minimize(
        objective,
        first,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "gtol": tol, "ftol": 1e-3 * tol},
    )
    weights = found.x.reshape(r + 1, K) * steps
    return Head(weights[:-1], weights[-1])
