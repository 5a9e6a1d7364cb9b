"""Logistic regression on the seeds beside scikit-learn used by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression

from autows.end_models.linear import scalings
from autows.end_models.seeds import C_GRID, N_FOLDS, Tuned, fit_seeds, tune
from autows.folds import stratified_folds


def problem(n=60, d=8, K=3, seed=0, classes=None):
    """Return noisy seeds with columns of unequal scale, and a pool that holds them."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes or K, n)
    scale = np.geomspace(0.2, 5, d)
    means = rng.standard_normal((K, d)) * 1.5 / np.sqrt(d / 4)
    X_pool = (rng.standard_normal((3 * n, d)) * scale + 1).astype(np.float32)
    X_pool[:n] += (means[y] * scale).astype(np.float32)
    return X_pool[:n], y, X_pool


def by_hand(X, y, scaling, C, n_classes, X_new):
    model = LogisticRegression(C=C, tol=1e-10, max_iter=20_000).fit(scaling.apply(X), y)
    P = np.zeros((X_new.shape[0], n_classes))
    P[:, model.classes_] = model.predict_proba(scaling.apply(X_new))
    return P


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("C", [1e-2, 1.0, 100.0])
@pytest.mark.parametrize(
    "shape",
    [
        dict(d=6, K=2),
        dict(d=6, K=4),
        dict(d=150, K=2),
        dict(d=150, K=4),
        dict(d=6, K=4, classes=[0, 1, 3]),
        dict(d=150, K=3, classes=[0, 2]),
    ],
)
def test_probabilities_are_scikit_learns_on_scaled_features(shape, C, which):
    X, y, X_pool = problem(**shape)
    scaling = scalings(X_pool)[which]
    P = fit_seeds(X, y, Tuned(C, scaling, 0.0), shape["K"]).predict_proba(X_pool)
    np.testing.assert_allclose(P, by_hand(X, y, scaling, C, shape["K"], X_pool), atol=1e-4)


def test_sparse_seeds_are_fitted_like_dense_ones_under_the_same_scaling():
    X, y, X_pool = problem()
    sparse = scipy.sparse.csr_array(X_pool)
    scaling = scalings(sparse)[1]
    P = fit_seeds(sparse[: len(y)], y, Tuned(1.0, scaling, 0.0), 3).predict_proba(sparse)
    np.testing.assert_allclose(P, by_hand(X, y, scaling, 1.0, 3, X_pool), atol=1e-4)


def plain_tune(X, y, X_pool, n_classes, rng):
    folds = stratified_folds(y, N_FOLDS, rng)
    losses = {}
    for scaling in scalings(X_pool):
        Z = scaling.apply(X)
        for C in C_GRID:
            loss = 0.0
            for fold in range(N_FOLDS):
                train = folds != fold
                model = LogisticRegression(C=C, tol=1e-8, max_iter=20_000).fit(Z[train], y[train])
                known = dict(zip(model.classes_, model.predict_proba(Z[~train]).T, strict=True))
                for i, truth in enumerate(y[~train]):
                    loss -= np.log(max(known[truth][i], 1e-6) if truth in known else 1e-6)
            losses[scaling.name, C] = loss / len(y)
    return losses


@pytest.mark.parametrize(
    "shape",
    [
        dict(d=5, K=2, seed=1),
        dict(d=5, K=3, seed=2),
        dict(d=120, K=3, seed=3),
        dict(d=5, K=4, seed=4, classes=[0, 1, 3]),
        # Class 2 has about one seed, so that it is missing from a fold's training rows.
        dict(n=30, d=4, K=3, seed=5, classes=[0] * 14 + [1] * 15 + [2]),
    ],
)
def test_the_choice_is_that_of_a_plain_loop(shape):
    X, y, X_pool = problem(**shape)
    tuned = tune(X, y, X_pool, shape["K"], np.random.default_rng(9))
    losses = plain_tune(X, y, X_pool, shape["K"], np.random.default_rng(9))
    assert (tuned.scaling.name, tuned.C) == min(losses, key=losses.get)
    assert tuned.log_loss == pytest.approx(min(losses.values()), rel=1e-3)


def test_ties_go_to_the_smaller_c_and_the_global_scaling():
    # One row a class: a held-out row's class is never seen in training, whatever C and scaling.
    X, _, X_pool = problem(n=2)
    tuned = tune(X, np.array([0, 1]), X_pool, 2, np.random.default_rng(0))
    assert (tuned.C, tuned.scaling.name) == (C_GRID[0], "global")
    assert tuned.log_loss == pytest.approx(-np.log(1e-6))


def test_one_class_among_the_seeds_is_answered_with_certainty():
    X, _, X_pool = problem()
    y = np.full(len(X), 2)
    tuned = tune(X, y, X_pool, 3, np.random.default_rng(0))
    assert (tuned.C, tuned.scaling.name) == (1.0, "global")
    assert np.isnan(tuned.log_loss)
    np.testing.assert_array_equal(fit_seeds(X, y, tuned, 3).predict_proba(X_pool)[:, 2], 1)
