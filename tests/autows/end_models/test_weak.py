"""The end model on soft labels beside scikit-learn on rows replicated a class, and what it is trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from autows.end_models import linear
from autows.end_models.linear import scalings
from autows.end_models.seeds import fit_seeds, tune
from autows.end_models.weak import fit_soft, train_on_weak_labels
from autows.types import ABSTAIN, Labels


def features(N=200, d=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, d)) * np.geomspace(0.5, 3, d) + np.linspace(0, 1, d)
    return X.astype(np.float32), rng


def soft(X, K, rng):
    """Return label distributions that depend on the features, and weights, some zero."""
    scores = X @ rng.standard_normal((X.shape[1], K)) / 2
    Q = rng.dirichlet(np.ones(K), len(X)) * np.exp(scores)
    weight = rng.choice([0.0, 0.5, 1.0, 2.0], len(X)).astype(np.float32)
    return (Q / Q.sum(axis=1, keepdims=True)).astype(np.float32), weight


def replicated(X, Q, weight, scaling, C):
    """Fit scikit-learn to K copies of every row, one a class, weighted by its share."""
    N, K = Q.shape
    model = LogisticRegression(C=C, tol=1e-10, max_iter=20_000)
    shares = Q.astype(np.float64) * weight[:, None]
    used = shares.T.ravel() > 0
    Z = np.tile(scaling.apply(X), (K, 1))
    return model.fit(Z[used], np.repeat(np.arange(K), N)[used], sample_weight=shares.T.ravel()[used])


def objective(Z, Q, weight, C, coefficients, intercepts):
    log_p = log_softmax(Z @ coefficients + intercepts, axis=1)
    return -np.sum(weight[:, None] * Q * log_p) + np.sum(coefficients**2) / (2 * C)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("C", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("K", [2, 3, 6])
def test_hard_labels_give_scikit_learns_logistic_regression(K, C, which):
    X, rng = features()
    y = soft(X, K, rng)[0].argmax(axis=1)
    scaling = scalings(X)[which]
    model = LogisticRegression(C=C, tol=1e-10, max_iter=20_000).fit(scaling.apply(X), y)
    ours = fit_soft(X, np.eye(K, dtype=np.float32)[y], np.ones(len(X), np.float32), scaling, C, tol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), model.predict_proba(scaling.apply(X)), atol=2e-4)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("C", [0.1, 10.0])
@pytest.mark.parametrize("K", [2, 4])
def test_soft_labels_give_scikit_learns_on_replicated_rows(K, C, sparse):
    X, rng = features()
    Q, weight = soft(X, K, rng)
    form = scipy.sparse.csr_array(X) if sparse else X
    for scaling in scalings(form):
        expected = replicated(X, Q, weight, scaling, C).predict_proba(scaling.apply(X))
        np.testing.assert_allclose(
            fit_soft(form, Q, weight, scaling, C, tol=1e-6).predict_proba(form), expected, atol=2e-4
        )


@pytest.mark.parametrize("C", [1.0, 100.0])
def test_the_objective_is_as_low_as_scikit_learns(C):
    X, rng = features(d=20)
    y = rng.integers(5, size=len(X))
    Q, weight = np.eye(5, dtype=np.float32)[y], np.ones(len(X), dtype=np.float32)
    scaling = scalings(X)[1]
    Z = scaling.apply(X)
    model = fit_soft(X, Q, weight, scaling, C, tol=1e-6)
    coefficients = model.coefficients / scaling.factor[:, None]
    ours = objective(Z, Q, weight, C, coefficients, model.intercepts + scaling.shift @ model.coefficients)
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=20_000).fit(Z, y)
    assert ours == pytest.approx(objective(Z, Q, weight, C, theirs.coef_.T, theirs.intercept_), rel=1e-5)


def test_rows_without_weight_are_ignored_whatever_they_say():
    X, rng = features()
    Q, weight = soft(X, 3, rng)
    Q[weight == 0] = 0.0
    scaling = scalings(X)[0]
    used = weight > 0
    whole = fit_soft(X, Q, weight, scaling, 1.0, tol=1e-6)
    alone = fit_soft(X[used], Q[used], weight[used], scaling, 1.0, tol=1e-6)
    np.testing.assert_allclose(whole.predict_proba(X), alone.predict_proba(X), atol=1e-4)


def test_blocks_of_rows_give_what_one_block_gives(monkeypatch):
    X, rng = features()
    Q, weight = soft(X, 3, rng)
    scaling = scalings(X)[1]
    whole = fit_soft(X, Q, weight, scaling, 1.0, tol=1e-6).predict_proba(X)
    monkeypatch.setattr(linear, "ROWS_AT_ONCE", 33)
    np.testing.assert_allclose(
        fit_soft(X, Q, weight, scaling, 1.0, tol=1e-6).predict_proba(X), whole, atol=1e-4
    )


def test_classes_without_mass_get_nothing_and_a_single_one_gets_all():
    X, rng = features()
    Q, weight = soft(X, 4, rng)
    Q[:, 1] = 0
    Q[weight == 0, 1] = 1
    scaling = scalings(X)[0]
    P = fit_soft(X, Q, weight, scaling, 1.0, tol=1e-6).predict_proba(X)
    assert not P[:, 1].any()
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-6)
    only = np.zeros_like(Q)
    only[:, 2] = 1
    np.testing.assert_array_equal(fit_soft(X, only, weight, scaling, 1.0, tol=1e-6).predict_proba(X)[:, 2], 1)


def test_no_weight_at_all_is_an_error():
    X, _ = features(4)
    with pytest.raises(ValueError, match="no row has a label"):
        fit_soft(X, np.full((4, 2), 0.5, np.float32), np.zeros(4, np.float32), scalings(X)[0], 1.0)


def answer(view, pool, **more):
    test = np.zeros(view.X_test.shape[0], dtype=np.int64)
    return Labels(pool=pool, test=test, n_classes=view.n_classes, **more)


def train(view, labels):
    return train_on_weak_labels(view, labels, np.random.default_rng(5), tol=1e-6).predict_proba(view.X_test)


def test_a_method_that_abstains_everywhere_leaves_the_fit_on_the_seeds(blobs):
    view, y_pool, _ = blobs(gap=1.0)
    abstaining = answer(view, np.full(len(y_pool), ABSTAIN))
    tuned = tune(view.X_seed, view.y_seed, view.X_pool, 3, np.random.default_rng(5))
    expected = fit_seeds(view.X_seed, view.y_seed, tuned, 3).predict_proba(view.X_test)
    np.testing.assert_allclose(train(view, abstaining), expected, atol=2e-4)


def test_covered_rows_and_seeds_are_what_it_is_trained_on(blobs):
    view, _, _ = blobs(gap=1.0)
    rng = np.random.default_rng(0)
    Q = rng.dirichlet(np.ones(3), len(view.X_pool)).astype(np.float32)
    covered = rng.random(len(Q)) < 0.6
    tuned = tune(view.X_seed, view.y_seed, view.X_pool, 3, np.random.default_rng(5))
    truth = np.eye(3)[view.y_seed]
    rest = np.setdiff1d(np.flatnonzero(covered), view.seed_index)
    X, mixed = np.concatenate([view.X_seed, view.X_pool[rest]]), np.concatenate([truth, Q[rest]])
    model = replicated(X, mixed, np.ones(len(X)), tuned.scaling, tuned.C)
    expected = model.predict_proba(tuned.scaling.apply(view.X_test))
    np.testing.assert_allclose(train(view, answer(view, Q, pool_covered=covered)), expected, atol=2e-4)


@pytest.mark.parametrize("sparse", [False, True])
def test_seeds_given_apart_from_the_pool_count_the_same(blobs, sparse):
    view, y_pool, _ = blobs(gap=1.0)
    if sparse:
        matrices = {
            name: scipy.sparse.csr_array(getattr(view, name)) for name in ("X_seed", "X_pool", "X_test")
        }
        view = replace(view, **matrices)
    apart = replace(view, seed_index=None)
    pool = y_pool.copy()
    pool[view.seed_index] = ABSTAIN
    # With an index the truth of the seeds overrides what the method says of them.
    wrong = y_pool.copy()
    wrong[view.seed_index] = (wrong[view.seed_index] + 1) % 3
    np.testing.assert_allclose(train(apart, answer(view, pool)), train(view, answer(view, wrong)), atol=2e-4)


def test_hard_labels_are_one_hot_probabilities_and_abstentions_are_uncovered(blobs):
    view, y_pool, _ = blobs(gap=1.0)
    covered = np.random.default_rng(0).random(len(y_pool)) < 0.5
    as_hard = train(view, answer(view, np.where(covered, y_pool, ABSTAIN)))
    as_soft = train(view, answer(view, np.eye(3)[y_pool], pool_covered=covered))
    np.testing.assert_array_equal(as_hard, as_soft)


def test_answers_of_the_method_are_left_as_they_are(blobs):
    view, y_pool, _ = blobs()
    Q = np.full((len(y_pool), 3), 1 / 3, dtype=np.float32)
    covered = np.zeros(len(Q), dtype=bool)
    train(view, answer(view, Q, pool_covered=covered))
    np.testing.assert_array_equal(Q, np.float32(1 / 3))
    assert not covered.any()


def test_one_class_only(blobs):
    view, y_pool, _ = blobs()
    view = replace(view, y_seed=np.full(len(view.y_seed), 1))
    np.testing.assert_array_equal(train(view, answer(view, np.full(len(y_pool), 1)))[:, 1], 1)
