"""Many small logistic regressions at once, by damped Newton steps that cannot overshoot.

One regression has few features and few rows; what is slow is to fit thousands of them one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL_STEP = 1.5
"""Longest step in logits that is taken whole."""
TOLERANCE = 1e-4
"""After a step that moved no logit by more than this the rest is below its square."""
MAX_STEPS = 1_000


def fit_binary(
    X: NDArray[np.float64], targets: NDArray[np.bool_], penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a logistic regression to each feature set and each class against the rest.

    Parameters
    ----------
    X : (S, n, c) float64
        S sets of c features of the same n rows.
    targets : (n, K) bool
        Whether a row belongs to each class; every class has rows inside and outside.
    penalty : float
        Weight of half the squared slopes, beside the summed logarithmic loss. Intercepts are free.

    Returns
    -------
    slopes : (S, K, c) float64
    intercepts : (S, K) float64

    Notes
    -----
    Let a Newton step change no logit by more than R. The third derivative of the loss along the step is
    at most R times the second (the loss is self-concordant in this sense), so that after a part t of the
    step the loss has changed by at most ``s (-t + (exp(R t) - 1 - R t) / R^2)``, s > 0 being the squared
    length of the step in the Hessian. Whole steps with R <= 1.5 and parts ``log(1 + R) / R`` of longer ones
    therefore always lower the loss; as it is convex, no line search is needed.
    One step is O(S K n c^2).

    References
    ----------
    F. Bach (2010), Self-concordant analysis for logistic regression, Electronic Journal of
    Statistics 4, section 2.
    """
    (S, n, c), K = X.shape, targets.shape[1]
    A = np.concatenate([np.ones((S, n, 1)), X], axis=2)
    row, column = np.triu_indices(c + 1)
    products = np.ascontiguousarray((A[:, :, row] * A[:, :, column]).transpose(0, 2, 1))
    target = targets.astype(np.float64)
    share = target.mean(axis=0)
    solution = np.zeros((S, c + 1, K))
    solution[:, 0] = np.log(share / (1 - share))
    active = np.arange(S)
    logits = np.broadcast_to(solution[:, :1], (S, n, K)).copy()
    ridge = np.full(c + 1, penalty)
    ridge[0] = 0
    for _ in range(MAX_STEPS):
        P = 1 / (1 + np.exp(-logits))
        theta = solution[active]
        gradient = A.transpose(0, 2, 1) @ (P - target) + ridge[:, None] * theta
        P *= 1 - P
        hessian = np.empty((c + 1, c + 1, len(active), K))
        hessian[row, column] = (products @ P).transpose(1, 0, 2)
        hessian[column, row] = hessian[row, column]
        hessian[np.arange(c + 1), np.arange(c + 1)] += ridge[:, None, None]
        step = _solve(hessian, -gradient.transpose(1, 0, 2)).transpose(1, 0, 2)
        change = A @ step
        reach = np.maximum(change.max(axis=1), -change.min(axis=1))
        part = _part(reach)[:, None]
        solution[active] = theta + part * step
        going = np.flatnonzero((reach > TOLERANCE).any(axis=1))
        if len(going) == 0:
            return solution[:, 1:].transpose(0, 2, 1), solution[:, 0]
        change *= part
        logits += change
        if len(going) < len(active):
            active, logits, A, products = active[going], logits[going], A[going], products[going]
    raise ArithmeticError(f"logistic regressions did not converge in {MAX_STEPS} steps (penalty {penalty})")


def fit_multinomial(
    X: NDArray[np.float64], targets: NDArray[np.bool_], penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a multinomial logistic regression over all classes to each feature set.

    Parameters
    ----------
    X : (S, n, c) float64
        S sets of c features of the same n rows.
    targets : (n, K) bool
        One class a row; every class has a row, and there are at least two.
    penalty : float
        Weight of half the squared slopes of all classes. Intercepts are free; they are given so that
        they sum to 0.

    Returns
    -------
    slopes : (S, K, c) float64
    intercepts : (S, K) float64

    Notes
    -----
    The steps are those of :func:`fit_binary`, R being twice the largest change of a logit, which no change of
    the difference between two logits of a row exceeds. One step is O(S (n + K c) (K c)^2).
    """
    (S, n, c), K = X.shape, targets.shape[1]
    A = np.concatenate([np.ones((S, n, 1)), X], axis=2)
    size = (c + 1) * K
    target = targets.astype(np.float64)
    solution = np.zeros((S, c + 1, K))
    solution[:, 0] = np.log(target.mean(axis=0))
    solution[:, 0] -= solution[:, 0].mean(axis=1, keepdims=True)
    active = np.arange(S)
    logits = np.broadcast_to(solution[:, :1], (S, n, K)).copy()
    ridge = np.full((c + 1, 1), penalty)
    ridge[0] = 0
    fixed = np.zeros((c + 1, K, c + 1, K))
    fixed[np.arange(c + 1)[:, None], np.arange(K), np.arange(c + 1)[:, None], np.arange(K)] = ridge
    # A common shift of all intercepts changes nothing; weighing it keeps their sum at 0.
    fixed[0, :, 0, :] = 1
    classes = np.arange(K)
    for _ in range(MAX_STEPS):
        # Logits are log-probabilities moved by one step, which is too short for an overflow.
        P = np.exp(logits)
        scale = P @ np.ones((K, 1))
        P /= scale
        logits -= np.log(scale)
        theta = solution[active]
        gradient = A.transpose(0, 2, 1) @ (P - target) + ridge * theta
        gradient[:, 0] += theta[:, 0].sum(axis=1, keepdims=True)
        weighted = (A[:, :, :, None] * P[:, :, None, :]).reshape(len(active), n, size)
        hessian = (fixed.reshape(size, size) - weighted.transpose(0, 2, 1) @ weighted).reshape(
            len(active), c + 1, K, c + 1, K
        )
        own = A.transpose(0, 2, 1) @ weighted
        # The block of class k with itself: sum over rows of p_k a a'.
        hessian[:, :, classes, :, classes] += own.reshape(len(active), c + 1, c + 1, K).transpose(3, 0, 1, 2)
        step = np.linalg.solve(
            hessian.reshape(len(active), size, size), -gradient.reshape(len(active), size, 1)
        ).reshape(len(active), c + 1, K)
        change = A @ step
        reach = 2 * np.abs(change).reshape(len(active), -1).max(axis=1)
        part = _part(reach)[:, None, None]
        solution[active] = theta + part * step
        going = np.flatnonzero(reach > TOLERANCE)
        if len(going) == 0:
            return solution[:, 1:].transpose(0, 2, 1), solution[:, 0]
        logits += part * change
        if len(going) < len(active):
            active, logits, A = active[going], logits[going], A[going]
    raise ArithmeticError(f"logistic regressions did not converge in {MAX_STEPS} steps (penalty {penalty})")


def _part(reach: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return which part of a step that changes a logit by ``reach`` surely lowers the loss."""
    return np.where(reach <= FULL_STEP, 1.0, np.log1p(reach) / np.maximum(reach, FULL_STEP))


def _solve(A: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve positive definite systems A (p, p, ...), b (p, ...) by elimination; both are overwritten."""
    p = len(A)
    for j in range(p):
        for i in range(j + 1, p):
            factor = A[i, j] / A[j, j]
            A[i, j + 1 :] -= factor * A[j, j + 1 :]
            b[i] -= factor * b[j]
    for j in reversed(range(p)):
        for i in range(j + 1, p):
            b[j] -= A[j, i] * b[i]
        b[j] /= A[j, j]
    return b
