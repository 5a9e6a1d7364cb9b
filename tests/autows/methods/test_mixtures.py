"""E and M steps beside scikit-learn, scipy and plain loops."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from autows.methods._mixtures import Bernoullis, DiagonalGaussians, HardClusters


def make_blobs(C=3, N=90, p=4, seed=0, gap=1.5):
    rng = np.random.default_rng(seed)
    X = gap * rng.standard_normal((C, p))[rng.integers(C, size=N)] + rng.standard_normal((N, p))
    return X.astype(np.float32), rng.dirichlet(np.ones(C), N)


def reference(X, model, steps):
    """Return scikit-learn's mixture after as many EM steps from the same parameters."""
    sk = GaussianMixture(
        len(model.means_),
        covariance_type="diag",
        reg_covar=0.0,
        tol=0.0,
        max_iter=steps,
        weights_init=model.shares_,
        means_init=model.means_,
        precisions_init=1 / model.variances_,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return sk.fit(X.astype(np.float64))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("steps", [1, 4])
def test_steps_of_gaussians_are_those_of_scikit_learn(seed, steps):
    X, R = make_blobs(seed=seed)
    model = DiagonalGaussians(shrinkage=0.0, floor=0.0)
    model.maximise(X, R)
    sk = reference(X, model, steps)
    for _ in range(steps):
        model.maximise(X, model.expect(X))
    np.testing.assert_allclose(model.shares_, sk.weights_, rtol=1e-4)
    np.testing.assert_allclose(model.means_, sk.means_, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.variances_, sk.covariances_, rtol=1e-4)
    np.testing.assert_allclose(model.expect(X), sk.predict_proba(X.astype(np.float64)), atol=1e-4)


def test_densities_of_gaussians_are_those_of_scipy():
    X, R = make_blobs()
    model = DiagonalGaussians()
    model.maximise(X, R)
    for c in range(3):
        density = scipy.stats.norm(model.means_[c], np.sqrt(model.variances_[c])).logpdf(X).sum(axis=1)
        found = model.log_likelihood(X)[:, c] - 0.5 * 4 * np.log(2 * np.pi)
        np.testing.assert_allclose(found, density, rtol=1e-5, atol=1e-4)


def test_variances_are_shrunken_to_the_pooled_one_and_that_to_one():
    X, R = make_blobs(N=12)
    model = DiagonalGaussians(shrinkage=4.0, floor=0.0)
    model.maximise(X, R)
    scatter = np.zeros((3, 4))
    for c in range(3):
        mean = sum(R[i, c] * X[i] for i in range(12)) / R[:, c].sum()
        np.testing.assert_allclose(model.means_[c], mean, rtol=1e-5, atol=1e-6)
        scatter[c] = sum(R[i, c] * (X[i] - mean) ** 2 for i in range(12))
    pooled = (scatter.sum(axis=0) + 4) / (12 + 4)
    expected = (scatter + 4 * pooled) / (R.sum(axis=0)[:, None] + 4)
    np.testing.assert_allclose(model.variances_, expected, rtol=1e-4)
    floored = DiagonalGaussians(shrinkage=4.0, floor=1.0)
    floored.maximise(X, R)
    np.testing.assert_allclose(floored.variances_, np.maximum(expected, 1.0), rtol=1e-4)


def test_a_component_of_one_row_or_of_none_has_a_variance():
    X, _ = make_blobs(N=10)
    R = np.zeros((10, 3))
    R[:9, 0], R[9, 1] = 1.0, 1.0
    model = DiagonalGaussians()
    model.maximise(X, R)
    assert np.all(model.variances_ >= model.floor)
    P = model.expect(X)
    assert np.all(np.isfinite(P))
    np.testing.assert_array_equal(P[:, 2], 0.0)


def test_the_temperature_is_the_number_of_times_the_same_is_said():
    X, R = make_blobs(N=400, gap=0.0)
    one, many = DiagonalGaussians(), DiagonalGaussians()
    one.calibrate(X, R)
    many.calibrate(np.hstack([X] * 5), R)
    assert 1.0 <= one.temperature_ < 1.05
    assert many.temperature_ == pytest.approx(5 * one.temperature_, rel=1e-4)
    means = (R.T @ X) / R.sum(axis=0)[:, None]
    within = np.zeros((4, 4))
    for i in range(400):
        for c in range(3):
            within += R[i, c] * np.outer(X[i] - means[c], X[i] - means[c])
    S = within / np.sqrt(np.outer(np.diag(within), np.diag(within)))
    assert one.temperature_ == pytest.approx(4 / (np.trace(S) ** 2 / np.square(S).sum()), rel=1e-4)


def test_what_tells_components_apart_does_not_count_as_repetition():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=2000)
    X = (10.0 * y[:, None] + rng.standard_normal((2000, 6))).astype(np.float32)
    model = DiagonalGaussians()
    model.calibrate(X, np.eye(2)[y])
    assert model.temperature_ < 1.05
    model.calibrate(np.zeros((10, 6), dtype=np.float32), np.ones((10, 1)))
    assert model.temperature_ < 1.05


def test_tempered_answers_are_powers_of_the_likelihood():
    X, R = make_blobs()
    model = DiagonalGaussians(shares=np.array([0.2, 0.3, 0.5]))
    model.maximise(X, R)
    model.temperature_ = 3.0
    powers = np.exp(model.log_likelihood(X) / 3.0) * [0.2, 0.3, 0.5]
    np.testing.assert_allclose(model.predict_proba(X), powers / powers.sum(axis=1, keepdims=True), rtol=1e-6)
    assert not np.allclose(model.predict_proba(X), model.expect(X), atol=0.01)


def test_steps_of_bernoullis_are_those_of_loops():
    rng = np.random.default_rng(0)
    X, R = rng.random((40, 6)).astype(np.float32), rng.dirichlet(np.ones(3), 40)
    model = Bernoullis(smoothing=2.0)
    model.maximise(X, R)
    rate, P = np.zeros((3, 6)), np.zeros((40, 3))
    for c in range(3):
        for j in range(6):
            overall = (sum(X[:, j]) + 0.5) / 41
            rate[c, j] = (sum(R[:, c] * X[:, j]) + 2 * overall) / (sum(R[:, c]) + 2)
    for i in range(40):
        for c in range(3):
            P[i, c] = sum(R[:, c]) / 40
            for j in range(6):
                P[i, c] *= rate[c, j] ** X[i, j] * (1 - rate[c, j]) ** (1 - X[i, j])
    np.testing.assert_allclose(model.rates_, rate, rtol=1e-5)
    np.testing.assert_allclose(model.expect(X), P / P.sum(axis=1, keepdims=True), rtol=1e-5)


def test_bernoullis_do_not_underflow_over_thousands_of_columns():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=50)
    X = (rng.random((50, 5000)) < np.array([0.3, 0.7])[y][:, None]).astype(np.float32)
    model = Bernoullis()
    model.maximise(X, np.eye(2)[y])
    np.testing.assert_allclose(model.expect(X), np.eye(2)[y], atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_column_that_is_always_the_same_says_nothing(value):
    rng = np.random.default_rng(0)
    X, R = rng.random((40, 3)).astype(np.float32), np.repeat([[0.5, 0.5]], 40, axis=0)
    R[:, 0] += rng.uniform(-0.4, 0.4, 40)
    R[:, 1] = 1 - R[:, 0]
    without, with_it = Bernoullis(), Bernoullis()
    without.maximise(X, R)
    with_it.maximise(np.hstack([X, np.full((40, 1), value, dtype=np.float32)]), R)
    P = with_it.expect(np.hstack([X, np.full((40, 1), value, dtype=np.float32)]))
    assert np.all(np.isfinite(P))
    np.testing.assert_allclose(P, without.expect(X), atol=0.01)


def test_bernoullis_take_the_temperature_they_are_given():
    model = Bernoullis(temperature=4.0)
    assert model.temperature_ == 1.0
    model.calibrate(np.zeros((2, 2), dtype=np.float32), np.ones((2, 1)))
    assert model.temperature_ == 4.0


def test_steps_of_hard_clusters_are_those_of_scikit_learn():
    X, _ = make_blobs(N=200)
    start = X[[0, 50, 100]]
    model = HardClusters()
    model.maximise(start, np.eye(3))
    for _ in range(20):
        model.maximise(X, model.expect(X))
    sk = KMeans(3, init=start, n_init=1, algorithm="lloyd", tol=0.0).fit(X)
    np.testing.assert_allclose(model.means_, sk.cluster_centers_, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(model.expect(X).argmax(axis=1), sk.labels_)
    assert model.inertia(X) == pytest.approx(sk.inertia_, rel=1e-4)


def test_centres_stay_where_they_lost_their_rows_and_are_nowhere_without_any():
    X = np.float32([[5.0], [6.0], [7.0]])
    model = HardClusters()
    model.maximise(X, np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0]]))
    np.testing.assert_array_equal(model.expect(np.float32([[0.0], [8.0]])), [[1, 0, 0], [0, 1, 0]])
    model.maximise(X, np.array([[1.0, 0, 0]] * 3))
    np.testing.assert_allclose(model.means_[:2], [[6.0], [7.0]])
    np.testing.assert_array_equal(model.expect(np.float32([[8.0]])), [[0, 1, 0]])
