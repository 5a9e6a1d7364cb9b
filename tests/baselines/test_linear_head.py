"""The head beside scikit-learn, its gradient's definition, and coordinates that keep distances."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from baselines._linear_head import Axes, Head, fit_head


def problem(n=60, d=5, K=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(K, size=n)
    X = rng.standard_normal((K, d))[y] + rng.standard_normal((n, d))
    return X, y, rng


def loss_by_hand(flat, Z, Q, weight, C, base, power):
    W = flat.reshape(Z.shape[1] + 1, -1)
    total = np.sum(W**2) / (2 * C)
    for i in range(len(Z)):
        logits = base[i] + Z[i] @ W[:-1] + W[-1]
        log_p = logits - np.log(np.sum(np.exp(logits)))
        total += weight[i] * (-Q[i] @ log_p) ** power
    return total


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("K", [2, 4])
def test_the_fit_minimises_the_loss_written_out(power, K):
    Z, _, rng = problem(n=25, d=3, K=K)
    Q = rng.dirichlet(np.ones(K), 25) * rng.uniform(0.5, 1, (25, 1))
    weight, base = rng.uniform(0, 2, 25), rng.standard_normal((25, K))
    args = (Z, Q, weight, 2.0, base, power)
    head = fit_head(Z, Q, weight, 2.0, Z.var(axis=0), base, power=power, tol=1e-9)
    plain = minimize(loss_by_hand, np.zeros((4, K)).ravel(), args=args, tol=1e-10)
    found = np.vstack([head.W, head.b]).ravel()
    assert loss_by_hand(found, *args) <= plain.fun + 1e-7
    np.testing.assert_allclose(found, plain.x, atol=1e-3)


@pytest.mark.parametrize("C", [0.1, 10.0])
def test_labels_alone_give_scikit_learns_regression_on_a_column_of_ones(C):
    X, y, _ = problem()
    head = fit_head(X, np.eye(3)[y], np.ones(60), C, X.var(axis=0), tol=1e-9)
    ones = np.column_stack([X, np.ones(60)])
    model = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(ones, y)
    np.testing.assert_allclose(np.vstack([head.W, head.b]).T, model.coef_, atol=1e-4)


def test_a_start_and_the_variances_change_only_the_way_there():
    X, y, rng = problem()
    args = X, np.eye(3)[y], np.ones(60), 5.0
    plain = fit_head(*args, X.var(axis=0), tol=1e-8)
    other = fit_head(
        *args, np.ones(5), start=Head(rng.standard_normal((5, 3)), rng.standard_normal(3)), tol=1e-8
    )
    np.testing.assert_allclose(other.W, plain.W, atol=1e-4)
    np.testing.assert_allclose(other.b, plain.b, atol=1e-4)


def test_a_small_c_leaves_the_base_as_it_is():
    X, y, rng = problem()
    base = rng.standard_normal((60, 3))
    head = fit_head(X, np.eye(3)[y], np.ones(60), 1e-8, X.var(axis=0), base)
    np.testing.assert_allclose(head.logits(X, base), base, atol=1e-4)


def test_coordinates_keep_distances_in_their_unit():
    X, _, _ = problem(d=7)
    X = (3 * X + 5).astype(np.float32)
    axes = Axes.of(X)
    Z = axes.coordinates(X)
    np.testing.assert_allclose(np.mean(np.sum(Z**2, axis=1)), 1, rtol=1e-5)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(Z.var(axis=0), axes.variances, atol=1e-5)
    assert np.all(np.diff(axes.variances) <= 0)
    unit = np.sqrt(X.var(axis=0).sum())
    distances = np.linalg.norm(X[:, None] - X, axis=2) / unit
    np.testing.assert_allclose(np.linalg.norm(Z[:, None] - Z, axis=2), distances, atol=1e-4)
    fewer = Axes.of(X, 2)
    assert fewer.coordinates(X).shape == (60, 2)
    np.testing.assert_allclose(np.abs(fewer.coordinates(X)), np.abs(Z[:, :2]), atol=1e-5)


def test_sparse_rows_have_coordinates_of_their_own_about_zero():
    rng = np.random.default_rng(0)
    dense = (rng.random((50, 8)) * (rng.random((50, 8)) < 0.4)).astype(np.float32)
    X = scipy.sparse.csr_array(dense)
    axes = Axes.of(X, 7)
    Z = axes.coordinates(X)
    assert Z.shape == (50, 7)
    U, s, _ = np.linalg.svd(dense, full_matrices=False)
    expected = (U * s)[:, :7] / np.sqrt(np.mean(np.sum(dense**2, axis=1)))
    np.testing.assert_allclose(np.abs(Z[:, :6]), np.abs(expected[:, :6]), atol=2e-3)
    np.testing.assert_allclose(axes.variances[:6], np.mean(expected[:, :6] ** 2, axis=0), atol=1e-3)


def test_rows_without_variance_have_finite_coordinates():
    axes = Axes.of(np.ones((4, 3), np.float32))
    np.testing.assert_array_equal(axes.coordinates(np.ones((2, 3), np.float32)), 0)
