"""Multinomial logistic regression on the seeds, C and scaling chosen by cross-validation on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import LinearModel, Scaling, scalings
from autows.folds import stratified_folds
from autows.types import Matrix

C_GRID = tuple(float(c) for c in np.logspace(-4, 2, 7))
N_FOLDS = 5
_FLOOR = 1e-6


@dataclass(frozen=True)
class Tuned:
    """What cross-validation on the seeds chose.

    Parameters
    ----------
    C : float
        Inverse regularisation strength in scikit-learn's sense (it multiplies a sum of losses).
    scaling : Scaling
        How features are scaled before C means anything.
    log_loss : float
        Mean out-of-fold log-loss of the choice; NaN where there was nothing to choose from.
    """

    C: float
    scaling: Scaling
    log_loss: float


def tune(
    X_seed: Matrix,
    y_seed: NDArray[np.integer],
    X_pool: Matrix,
    n_classes: int,
    rng: np.random.Generator,
    groups: NDArray[np.integer] | None = None,
) -> Tuned:
    """Choose C and the scaling by 5-fold cross-validated log-loss on the seeds.

    Parameters
    ----------
    X_seed : (n, d) float32 matrix
    y_seed : (n,) int array
    X_pool : (N, d) float32 matrix
        Only its column means and variances are used.
    n_classes : int
    rng : numpy.random.Generator
        Decides the folds.
    groups : (n,) int array, optional
        Seeds that belong together, see :func:`~autows.folds.stratified_folds`.

    Returns
    -------
    Tuned
        Ties go to the smaller C and to the global scaling. With one class among the seeds nothing
        can be compared: C = 1 and the global scaling.

    Notes
    -----
    A linear model with an L2 penalty lives in the span of its n rows, so each fit takes place in at
    most n dimensions after one singular value decomposition: exact, and O(n^3) whatever d.
    """
    candidates = scalings(X_pool)
    if len(np.unique(y_seed)) < 2:
        return Tuned(1.0, candidates[0], float("nan"))
    folds = stratified_folds(y_seed, N_FOLDS, rng, groups)
    best: Tuned | None = None
    for scaling in candidates:
        losses = _out_of_fold_losses(_in_span(scaling.apply(X_seed))[0], y_seed, folds, n_classes)
        for C, loss in zip(C_GRID, losses, strict=True):
            if best is None or loss < best.log_loss - 1e-9:
                best = Tuned(C, scaling, float(loss))
    assert best is not None
    return best


def fit_seeds(X_seed: Matrix, y_seed: NDArray[np.integer], tuned: Tuned, n_classes: int) -> LinearModel:
    """Fit scikit-learn's logistic regression to the seeds as tuned.

    Returns
    -------
    LinearModel
        On unscaled features. With one class among the seeds, that class with certainty.
    """
    classes = np.unique(y_seed)
    if len(classes) < 2:
        none = np.zeros((X_seed.shape[1], 1))
        return LinearModel.from_scaled(none, np.zeros(1), tuned.scaling, classes, n_classes)
    Z, basis = _in_span(tuned.scaling.apply(X_seed))
    model = _estimator().set_params(C=tuned.C, tol=1e-9).fit(Z, y_seed)
    W, b = model.coef_.T, model.intercept_
    if len(classes) == 2:
        W, b = np.hstack([-W / 2, W / 2]), np.hstack([-b / 2, b / 2])
    return LinearModel.from_scaled(basis @ W, b, tuned.scaling, classes, n_classes)


def _estimator():  # type: ignore[no-untyped-def]
    from sklearn.linear_model import LogisticRegression

    # At scikit-learn's default, 1e-4, fits of large C stop so early that their losses are off by per cents.
    return LogisticRegression(max_iter=2000, warm_start=True, tol=1e-5)


def _in_span(X: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rows in coordinates of their own span, and the (d, r) orthonormal basis of it."""
    n, d = X.shape
    if d <= n:
        return X, np.eye(d)
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return U * s, Vt.T


def _out_of_fold_losses(
    Z: NDArray[np.float64], y: NDArray[np.integer], folds: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """Mean log-loss of held-out rows for each C of the grid; a class not seen in training gets 1e-6."""
    total = np.zeros(len(C_GRID))
    for fold in np.unique(folds):
        train, held = folds != fold, folds == fold
        classes = np.unique(y[train])
        model = _estimator()
        for position, C in enumerate(C_GRID):
            P = np.full((held.sum(), n_classes), _FLOOR)
            if len(classes) < 2:
                P[:, classes] = 1.0
            else:
                P[:, classes] = model.set_params(C=C).fit(Z[train], y[train]).predict_proba(Z[held])
            P = np.maximum(P, _FLOOR)
            total[position] -= np.log(P[np.arange(len(P)), y[held]]).sum()
    return total / len(y)
