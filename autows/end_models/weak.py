"""The protocol's end model: logistic regression on the weak labels of the pool plus the seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import LinearModel, Scaling, blocks
from autows.end_models.seeds import tune
from autows.types import Labels, Matrix, TaskView

ROWS_FOR_ROOT = 10_000
COLUMNS_FOR_ROOT = 4_096


def train_on_weak_labels(
    view: TaskView, labels: Labels, rng: np.random.Generator, tol: float = 1e-5
) -> LinearModel:
    """Train the one end model that all methods share.

    Multinomial logistic regression on the same representation, soft labels, on the covered pool
    rows with weight 1 each and the seeds with their true labels; C and the scaling are those that
    cross-validation on the seeds alone chooses.

    Parameters
    ----------
    view : TaskView
    labels : Labels
        A method's answer; only its pool side is used.
    rng : numpy.random.Generator
        Decides the folds.
    tol : float, default 1e-5
        See :func:`fit_soft`.

    Returns
    -------
    LinearModel
    """
    tuned = tune(view.X_seed, view.y_seed, view.X_pool, view.n_classes, rng, view.groups_seed)
    Q = _soft(labels.pool, view.n_classes)
    assert labels.pool_covered is not None
    weight = labels.pool_covered.astype(np.float32)
    X = view.X_pool
    seeds = np.eye(view.n_classes, dtype=np.float32)[view.y_seed]
    if view.seed_index is not None:
        Q[view.seed_index] = seeds
        weight[view.seed_index] = 1.0
    else:
        X = _stack(view.X_pool, view.X_seed)
        Q, weight = np.vstack([Q, seeds]), np.append(weight, np.ones(len(seeds), dtype=np.float32))
    return fit_soft(X, Q, weight, tuned.scaling, tuned.C, tol)


def fit_soft(
    X: Matrix,
    Q: NDArray[np.float32],
    weight: NDArray[np.float32],
    scaling: Scaling,
    C: float,
    tol: float = 1e-5,
) -> LinearModel:
    """Fit multinomial logistic regression to class probabilities instead of labels.

    Minimises ``sum_i w_i CE(Q_i, softmax(z_i W + b)) + |W|^2 / (2 C)`` over scaled rows ``z`` with
    L-BFGS, in coordinates in which the Hessian is about the identity. With one-hot Q this is
    scikit-learn's ``LogisticRegression(C=C)``; for two classes, where scikit-learn penalises the
    difference of the two weight vectors, the penalty is doubled to agree.

    Parameters
    ----------
    X : (N, d) float32 matrix
        Unscaled; read in blocks, never copied.
    Q : (N, K) float32
        Label distributions, rows summing to 1 where ``weight`` is positive.
    weight : (N,) float32
        Non-negative row weights; rows of weight 0 are ignored.
    scaling : Scaling
    C : float
        Inverse regularisation strength.
    tol : float, default 1e-5
        Stop when no entry of the gradient of the mean loss, in these coordinates, is larger, or the
        loss falls by less than a ten-thousandth of it (relative), which single precision can still tell.

    Returns
    -------
    LinearModel
        Classes without any mass get probability 0.

    Raises
    ------
    ValueError
        If no row has weight.

    Notes
    -----
    O(N d K) an iteration in float32 products with float64 sums over blocks; some tens of iterations.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    total = float(weight.sum(dtype=np.float64))
    if total <= 0:
        raise ValueError("no row has a label to learn from")
    n_classes = Q.shape[1]
    classes = np.flatnonzero((Q * weight[:, None]).sum(axis=0, dtype=np.float64) > 0)
    Q = np.ascontiguousarray(Q[:, classes])
    K, d = len(classes), X.shape[1]
    if K == 1:
        return LinearModel.from_scaled(np.zeros((d, 1)), np.zeros(1), scaling, classes, n_classes)
    penalty = (2.0 if K == 2 else 1.0) / (C * total)
    factor, shift = scaling.factor[:, None], scaling.shift

    root = _hessian_root(X, weight, scaling, penalty, K)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        W, b = root.undo(flat[:-K].reshape(d, K)), flat[-K:]
        effective = W * factor
        offset = b - shift @ effective
        weights = effective.astype(np.float32)
        loss, gradient, residuals = 0.0, np.zeros((d, K)), np.zeros(K)
        for rows in blocks(X.shape[0]):
            block, w = X[rows], weight[rows, None]
            log_p = log_softmax(block @ weights + offset, axis=1)
            loss -= float(np.sum(w * Q[rows] * log_p, dtype=np.float64))
            residual = w * (np.exp(log_p) - Q[rows])
            gradient += block.T @ residual.astype(np.float32)
            residuals += residual.sum(axis=0, dtype=np.float64)
        gradient = factor * (gradient - np.outer(shift, residuals)) / total + penalty * W
        value = loss / total + 0.5 * penalty * float(np.sum(W * W))
        return value, np.concatenate([root.pull(gradient).ravel(), residuals / total])

    start = np.zeros(d * K + K)
    found: Any = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 1000, "gtol": tol, "ftol": 1e-4 * tol},
    )
    W, b = root.undo(found.x[:-K].reshape(d, K)), found.x[-K:]
    return LinearModel.from_scaled(W, b, scaling, classes, n_classes)


@dataclass(frozen=True)
class _Root:
    """A triangular matrix R with ``R R'`` near the Hessian; weights are sought as ``R'^-1 U``."""

    R: NDArray[np.float64] | None

    def undo(self, U: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights that coordinates U stand for."""
        return U if self.R is None else _solve(self.R, U, transposed=True)

    def pull(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient by U from that by the weights."""
        return gradient if self.R is None else _solve(self.R, gradient, transposed=False)


def _solve(R: NDArray[np.float64], B: NDArray[np.float64], transposed: bool) -> NDArray[np.float64]:
    from scipy.linalg import solve_triangular

    solved: NDArray[np.float64] = solve_triangular(
        R, B, lower=True, trans="T" if transposed else "N", check_finite=False
    )
    return solved


def _hessian_root(X: Matrix, weight: NDArray[np.float32], scaling: Scaling, penalty: float, K: int) -> _Root:
    """Return a root of the Hessian of one class's weights at equal probabilities, from a sample of rows.

    Features of very different variance, such as pixels, take L-BFGS thousands of steps without it.
    """
    d = X.shape[1]
    if hasattr(X, "indptr") or d > COLUMNS_FOR_ROOT:
        return _Root(None)
    rows = np.flatnonzero(weight)
    rows = rows[:: -(-len(rows) // ROWS_FOR_ROOT)]
    Z = ((X[rows] - scaling.shift) * scaling.factor).astype(np.float32)
    hessian = (Z.T @ Z).astype(np.float64) * ((1 - 1 / K) / K / len(rows))
    # Rounding of the products must not make it indefinite.
    hessian[np.diag_indices(d)] += penalty + 1e-6 * np.trace(hessian) / d
    return _Root(np.linalg.cholesky(hessian))


def _soft(answers: NDArray[Any], n_classes: int) -> NDArray[np.float32]:
    """Return answers as distributions, shape (rows, K); abstaining hard labels become zero rows."""
    if answers.ndim == 2:
        return answers.astype(np.float32)
    Q = np.zeros((len(answers), n_classes), dtype=np.float32)
    said = np.flatnonzero(answers >= 0)
    Q[said, answers[said]] = 1.0
    return Q


def _stack(top: Matrix, bottom: Matrix) -> Matrix:
    if hasattr(top, "indptr"):
        import scipy.sparse

        return scipy.sparse.vstack([top, bottom], format="csr")
    return np.concatenate([top, bottom])
