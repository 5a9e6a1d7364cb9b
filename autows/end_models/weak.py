"""The protocol's end model: logistic regression on the weak labels of the pool plus the seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import LinearModel, Scaling, blocks
from autows.end_models.seeds import tune
from autows.types import Labels, Matrix, TaskView


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
    L-BFGS. With one-hot Q this is scikit-learn's ``LogisticRegression(C=C)``; for two classes, where
    scikit-learn penalises the difference of the two weight vectors, the penalty is doubled to
    agree.

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
        Stop when no entry of the gradient of the mean loss is larger.

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
    O(N d K) an iteration in float32 products with float64 sums over blocks.
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

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        W, b = flat[:-K].reshape(d, K), flat[-K:]
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
        return value, np.concatenate([gradient.ravel(), residuals / total])

    start = np.zeros(d * K + K)
    found: Any = minimize(
        objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "gtol": tol, "ftol": 1e-9}
    )
    W, b = found.x[:-K].reshape(d, K), found.x[-K:]
    return LinearModel.from_scaled(W, b, scaling, classes, n_classes)


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
