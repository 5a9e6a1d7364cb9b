"""Batched logistic regressions beside scikit-learn's, one by one, and their first-order conditions."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from autows import lfs
from autows.errors import UserError
from autows.lf_family import Rows, Together
from autows.lfs import _newton
from autows.lfs import logistic as logistic_module
from autows.lfs.logistic import fit_logistic

VALUES = st.one_of(st.sampled_from([-1.0, 0.0, 0.0, 1.0, 8.0]), st.floats(-4, 4, width=32))


@st.composite
def problems(draw):
    """Return features (n, q), labels, their number, subsets (S, c); separable ones are common."""
    n, K, c = draw(st.integers(1, 12)), draw(st.integers(2, 4)), draw(st.integers(1, 3))
    q = draw(st.integers(c, 4))
    X = draw(arrays(np.float32, (n, q), elements=VALUES))
    y = draw(arrays(np.int64, n, elements=st.integers(0, K - 1)))
    subsets = np.array([np.arange(i, i + c) for i in range(q - c + 1)])
    return X, y, K, subsets


def example_problem(K, c, n=80, q=4, gap=1.5, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(K, size=n)
    X = gap * rng.standard_normal((K, q))[y] + rng.standard_normal((n, q))
    return X, y, np.array([np.arange(i, i + c) for i in range(q - c + 1)])


SEPARABLE = (np.arange(6, dtype=np.float32)[:, None], np.arange(6) // 3, 2, np.array([[0]]))


@settings(max_examples=80, deadline=None)
@given(problems(), st.sampled_from([1e-3, 1.0, 1e4]), st.integers(1, 60))
@example(SEPARABLE, 1e6, 1)
def test_unipolar_fits_are_where_the_gradient_vanishes(problem, C, at_once):
    X, y, K, subsets = problem
    targets = y[:, None] == np.arange(K)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logistic_module, "VALUES_AT_ONCE", at_once)
        weights, intercepts = fit_logistic(X.astype(float), targets, subsets, 1 / C, multipolar=False)
    for s, subset in enumerate(subsets):
        for k in range(K):
            if targets[:, k].all() or not targets[:, k].any():
                assert not weights[s, k].any()
                assert expit(intercepts[s, k]) == targets[0, k]
                continue
            x = X[:, subset].astype(float)
            excess = expit(x @ weights[s, k] + intercepts[s, k]) - targets[:, k]
            np.testing.assert_allclose(excess.sum(), 0, atol=1e-6)
            np.testing.assert_allclose(x.T @ excess + weights[s, k] / C, 0, atol=1e-6)


@settings(max_examples=80, deadline=None)
@given(problems(), st.sampled_from([1e-3, 1.0, 1e4]), st.integers(1, 60))
@example(SEPARABLE, 1e6, 1)
def test_multipolar_fits_are_where_the_gradient_vanishes(problem, C, at_once):
    X, y, K, subsets = problem
    targets = y[:, None] == np.arange(K)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logistic_module, "VALUES_AT_ONCE", at_once)
        weights, intercepts = fit_logistic(X.astype(float), targets, subsets, 1 / C, multipolar=True)
    absent = ~targets.any(axis=0)
    assert np.all(np.isneginf(intercepts) == absent)
    assert not weights[:, absent].any()
    for s, subset in enumerate(subsets):
        x = X[:, subset].astype(float)
        excess = softmax(x @ weights[s].T + intercepts[s], axis=1) - targets
        np.testing.assert_allclose(excess.sum(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(excess.T @ x + weights[s] / C, 0, atol=1e-6)
        assert intercepts[s, ~absent].sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("c", [1, 2, 3])
@pytest.mark.parametrize("C", [0.1, 1.0, 30.0])
def test_unipolar_fits_are_scikit_learns(c, C):
    X, y, subsets = example_problem(3, c)
    weights, intercepts = fit_logistic(X, y[:, None] == np.arange(3), subsets, 1 / C, multipolar=False)
    for s, subset in enumerate(subsets):
        for k in range(3):
            theirs = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12).fit(X[:, subset], y == k)
            np.testing.assert_allclose(weights[s, k], theirs.coef_[0], rtol=1e-6, atol=1e-7)
            np.testing.assert_allclose(intercepts[s, k], theirs.intercept_[0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("c", [1, 2, 3])
@pytest.mark.parametrize("K", [2, 4])
def test_multipolar_fits_are_scikit_learns(c, K):
    X, y, subsets = example_problem(K, c)
    weights, intercepts = fit_logistic(X, y[:, None] == np.arange(K), subsets, 1.0, multipolar=True)
    for s, subset in enumerate(subsets):
        x = X[:, subset]
        # With two classes scikit-learn penalises the difference of the slopes w and -w: 4 w^2, not 2 w^2.
        theirs = LogisticRegression(C=1.0 if K > 2 else 2.0, solver="newton-cg", tol=1e-12).fit(x, y)
        P = softmax(x @ weights[s].T + intercepts[s], axis=1)
        np.testing.assert_allclose(P, theirs.predict_proba(x), rtol=1e-5, atol=1e-7)
        slopes = theirs.coef_ if K > 2 else np.vstack([-theirs.coef_, theirs.coef_]) / 2
        np.testing.assert_allclose(weights[s], slopes, rtol=1e-5, atol=1e-6)


@settings(max_examples=200)
@given(st.floats(1e-3, 1e3), st.floats(0, 1))
def test_no_step_can_raise_the_loss(reach, part):
    """What the loss changes by at most, as a share of the squared step, for any R up to ``reach``."""
    R = reach * max(part, 1e-3)
    t = float(_newton._part(np.array([R]))[0])
    assert 0 < t <= 1
    assert -t + (np.expm1(R * t) - R * t) / R**2 < 0


@pytest.mark.parametrize("fit", [_newton.fit_binary, _newton.fit_multinomial])
def test_no_convergence_is_an_error(fit, monkeypatch):
    monkeypatch.setattr(_newton, "MAX_STEPS", 2)
    with pytest.raises(ArithmeticError, match="did not converge in 2 steps"):
        fit(np.arange(6.0)[None, :, None], np.arange(6)[:, None] // 3 == np.arange(2), 1e-6)


def begin(X, y, K, multipolar, spec="logistic"):
    return lfs.create(spec).begin(Rows(X), y, K, multipolar, np.random.default_rng(0))


@pytest.mark.parametrize("multipolar", [False, True])
def test_the_family_standardises_with_all_seeds_and_learns_from_the_marked_ones(multipolar):
    X, y, _ = example_problem(3, 1)
    X = (X * [1, 1e-4, 50, 1] + [0, 0, 20_000, 3]).astype(np.float32)
    used = np.random.default_rng(1).random(len(y)) < 0.6
    models = begin(X, y, 3, multipolar, "logistic[cardinality=2]").fit(used)
    assert isinstance(models, Together)
    P = models.predict(X)
    assert P.shape == (len(X), 4 + 6, 3)
    standard = (X - X.mean(axis=0, dtype=float)) / X.std(axis=0, dtype=float)
    for i in range(models.n_models):
        x = standard[:, models.describe(i)["features"]]
        for k in range(3):
            labels, column = (y, k) if multipolar else (y == k, 1)
            theirs = LogisticRegression(solver="newton-cg", tol=1e-12).fit(x[used], labels[used])
            np.testing.assert_allclose(P[:, i, k], theirs.predict_proba(x)[:, column], atol=2e-6)


@settings(max_examples=60, deadline=None)
@given(problems(), st.booleans(), st.data())
def test_scores_and_descriptions_say_what_is_predicted(problem, multipolar, data):
    X, y, K, subsets = problem
    used = data.draw(arrays(np.bool_, len(y)).filter(np.any))
    models = begin(X, y, K, multipolar, f"logistic[cardinality={subsets.shape[1]}]").fit(used)
    m = data.draw(st.integers(0, 5))
    model = data.draw(arrays(np.intp, m, elements=st.integers(0, models.n_models - 1)))
    label = data.draw(arrays(np.intp, m, elements=st.integers(0, K - 1)))
    new = data.draw(arrays(np.float32, (3, X.shape[1]), elements=VALUES))
    P = models.predict(new)
    assert P.min() >= 0
    if multipolar:
        np.testing.assert_allclose(P.sum(axis=2), 1, atol=1e-6)
    scores = models.scores(new, model, label)
    np.testing.assert_array_equal(scores, P[:, model, label])
    for column, (i, k) in enumerate(zip(model.tolist(), label.tolist(), strict=True)):
        one, every = (json.loads(json.dumps(models.describe(i, of), allow_nan=False)) for of in (k, None))
        assert one["kind"] == every["kind"] == "logistic"
        assert one == {key: v if key in ("kind", "features") else v[k] for key, v in every.items()}
        x = new[:, every["features"]].astype(float)
        logits = np.zeros((3, K))
        for at in range(K):
            if every["intercept"][at] is None:
                logits[:, at] = {0.0: -np.inf, 1.0: np.inf}[every["share"][at]]
            else:
                assert every["share"][at] is None
                logits[:, at] = x @ every["weights"][at] + every["intercept"][at]
        expected = softmax(logits, axis=1) if multipolar else expit(logits)
        np.testing.assert_allclose(scores[:, column], expected[:, k], atol=2e-4)


@pytest.mark.parametrize("multipolar", [False, True])
def test_a_class_without_rows_has_probability_zero_and_the_only_one_has_one(multipolar):
    X, y = np.arange(4, dtype=np.float32)[:, None], np.array([0, 0, 2, 2])
    models = begin(X, y, 3, multipolar)
    P = models.fit(np.array([True, True, True, False])).predict(X)
    assert not P[:, :, 1].any()
    assert np.all((P[:, :, [0, 2]] > 0) & (P[:, :, [0, 2]] < 1))
    alone = models.fit(np.array([True, True, False, False])).predict(X)
    np.testing.assert_array_equal(alone, np.broadcast_to([1, 0, 0], alone.shape))


def test_a_constant_feature_gives_the_share_of_the_class():
    rng = np.random.default_rng(0)
    X = np.hstack([np.full((30, 1), 0.1), np.full((30, 1), 1e6), rng.standard_normal((30, 1))]).astype(
        np.float32
    )
    y = np.arange(30) % 5 // 4
    for multipolar in (False, True):
        P = begin(X, y, 2, multipolar).fit(np.ones(30, bool)).predict(X + np.float32(1))
        np.testing.assert_allclose(P[:, :2], np.broadcast_to([0.8, 0.2], (30, 2, 2)), atol=1e-6)
        assert np.ptp(P[:, 2]) > 0.01


def test_far_away_rows_are_certain_without_a_warning():
    X, y = np.array([[-1], [1]], dtype=np.float32), np.array([0, 1])
    for multipolar in (False, True):
        P = begin(X, y, 2, multipolar).fit(np.ones(2, bool)).predict(np.float32([[-1e30], [1e30]]))
        np.testing.assert_array_equal(P[:, 0], [[1, 0], [0, 1]])


def test_no_row_is_an_error_and_so_is_a_C_of_zero():
    with pytest.raises(ValueError, match="at least one row"):
        fit_logistic(np.zeros((0, 1)), np.zeros((0, 2), bool), np.array([[0]]), 1.0, False)
    with pytest.raises(UserError, match=r"C is 0\.0"):
        lfs.create("logistic[C=0]")
    with pytest.raises(UserError, match="at most 10000"):
        lfs.create("logistic[C=1e5]")
    with pytest.raises(UserError, match="max_subsets is 0"):
        lfs.create("logistic[max_subsets=0]")
