"""Label spreading beside a dense solve and beside scikit-learn's iteration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.semi_supervised import LabelSpreading as ScikitLabelSpreading

from autows.neighbors import local_affinity, nearest_neighbors
from autows.priors import shrunken_prior
from autows.types import TaskView
from baselines.label_spreading import LabelSpreading, spread


def dense_spread(W, Y, alpha):
    degree = W.sum(axis=1)
    scale = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    S = scale[:, None] * W * scale
    return (1 - alpha) * np.linalg.solve(np.eye(len(W)) - alpha * S, Y)


def shares(F):
    return F / F.sum(axis=1, keepdims=True)


@st.composite
def graphs(draw):
    """Random symmetric graphs with weights from 1 down to 1e-6, some of several components."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    N, K = draw(st.integers(2, 25)), draw(st.integers(2, 4))
    W = np.triu(
        10.0 ** rng.uniform(-6, 0, (N, N)) * (rng.random((N, N)) < draw(st.sampled_from([0.1, 0.5]))), 1
    )
    y = rng.integers(K, size=N)
    seeds = rng.choice(N, draw(st.integers(1, N)), replace=False)
    Y = np.zeros((N, K))
    Y[seeds, y[seeds]] = 1 / np.bincount(y[seeds], minlength=K)[y[seeds]]
    return W + W.T, Y, draw(st.sampled_from([0.2, 0.9, 0.99]))


def reachable(W, Y):
    """Mark the rows from which a walk leads to a seed."""
    found = Y.any(axis=1)
    for _ in range(len(W)):
        found = found | (W @ found > 0)
    return found


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_spreading_equals_the_dense_solve_and_stops_at_components_without_seeds(problem):
    W, Y, alpha = problem
    F, exact = spread(scipy.sparse.csr_array(W), Y, alpha), dense_spread(W, Y, alpha)
    tolerance = 1e-8 * np.linalg.norm(Y, axis=0).max()
    np.testing.assert_allclose(F, exact, rtol=0, atol=tolerance)
    assert F.min() >= 0
    assert not F[~reachable(W, Y)].any()


def test_a_row_that_hangs_by_a_thin_edge_gets_what_its_neighbor_has():
    # Two pairs with one seed each, and an outlier tied to one by a weight that a far point has.
    W = np.zeros((5, 5))
    for i, j, weight in [(0, 1, 1.0), (2, 3, 1.0), (1, 2, 0.1), (3, 4, 1e-20)]:
        W[i, j] = W[j, i] = weight
    Y = np.zeros((5, 2))
    Y[0, 0] = Y[2, 1] = 1
    F = spread(scipy.sparse.csr_array(W), Y, 0.99)
    np.testing.assert_allclose(shares(F), shares(dense_spread(W, Y, 0.99)), rtol=1e-5)
    np.testing.assert_allclose(shares(F)[4], shares(F)[3], rtol=1e-5)


def clouds(N=90, K=3, d=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(K, size=N)
    X = 2.0 * rng.standard_normal((K, d))[y] + rng.standard_normal((N, d))
    return X.astype(np.float32), y, rng


@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.99])
def test_answers_are_scikit_learns_on_the_same_affinities(alpha):
    X, y, rng = clouds()
    W = local_affinity(*nearest_neighbors(X, 6))
    seeds = rng.choice(len(X), 15, replace=False)
    partly = np.full(len(X), -1)
    partly[seeds] = y[seeds]
    model = ScikitLabelSpreading(kernel=lambda A, B: W.toarray(), alpha=alpha, max_iter=20_000, tol=1e-9).fit(
        X, partly
    )
    Y = np.zeros((len(X), 3))
    Y[seeds, y[seeds]] = 1
    np.testing.assert_allclose(shares(spread(W, Y, alpha)), model.label_distributions_, atol=1e-6)
    # Dividing columns of Y by the seed counts divides columns of F by them.
    counts = Y.sum(axis=0)
    F, theirs = spread(W, Y / counts, alpha), shares(model.label_distributions_ / counts)
    np.testing.assert_allclose(shares(F), theirs, atol=1e-6)
    np.testing.assert_array_equal(F.argmax(axis=1), theirs.argmax(axis=1))


def make_view(X, y, seeds, n_pool, n_classes=3):
    return TaskView(
        X_seed=X[seeds],
        y_seed=y[seeds],
        X_pool=X[:n_pool],
        X_test=X[n_pool:],
        n_classes=n_classes,
        seed_index=np.asarray(seeds),
    )


def solve(view, **params):
    labels = LabelSpreading(**params).fit_predict(view, np.random.default_rng(0))
    both = np.concatenate([labels.pool, labels.test])
    return both, np.concatenate([labels.pool_covered, labels.test_covered])


def test_answers_equal_the_definition_in_dense_matrices():
    X, y, _ = clouds()
    seeds = np.arange(20)
    P, covered = solve(make_view(X, y, seeds, 70))
    W = local_affinity(*nearest_neighbors(X, 10)).toarray()
    counts = np.bincount(y[seeds], minlength=3)
    Y = np.zeros((90, 3))
    Y[seeds, y[seeds]] = 1 / counts[y[seeds]]
    F = dense_spread(W, Y, 0.99)
    F *= shrunken_prior(counts) / F.sum(axis=0)
    np.testing.assert_allclose(P, shares(F), atol=1e-6)
    assert covered.all()


def test_rows_that_no_seed_reaches_abstain_with_the_prior():
    X, y, _ = clouds(60)
    far = X + np.float32(1000)
    both, labels = np.concatenate([X, far]), np.concatenate([y, y])
    view = make_view(both, labels, np.arange(12), 100)
    P, covered = solve(view, n_neighbors=5)
    np.testing.assert_array_equal(covered, np.arange(120) < 60)
    np.testing.assert_allclose(P[60:], np.tile(shrunken_prior(view.seed_counts), (60, 1)))


def test_a_class_without_seeds_is_never_answered():
    X, y, _ = clouds()
    seeds = np.flatnonzero(y != 1)[:20]
    P, covered = solve(make_view(X, y, seeds, 80))
    assert not P[covered, 1].any()
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_seeds_outside_the_pool_give_the_same_answers_on_the_other_rows():
    X, y, _ = clouds()
    inside = make_view(X, y, np.arange(20), 70)
    outside = TaskView(X_seed=X[:20], y_seed=y[:20], X_pool=X[20:70], X_test=X[70:], n_classes=3)
    np.testing.assert_allclose(solve(outside)[0], solve(inside)[0][20:], atol=1e-6)


def test_the_order_of_rows_does_not_matter():
    X, y, rng = clouds()
    P, _ = solve(make_view(X, y, np.arange(20), 70))
    pool, test = rng.permutation(70), 70 + rng.permutation(20)
    order = np.concatenate([pool, test])
    seeds = np.argsort(pool)[rng.permutation(20)]
    Q, _ = solve(make_view(X[order], y[order], seeds, 70))
    np.testing.assert_allclose(Q, P[order], atol=1e-6)


def test_renaming_classes_renames_columns():
    X, y, _ = clouds()
    new = np.array([2, 0, 1])
    P, _ = solve(make_view(X, y, np.arange(20), 70))
    Q, _ = solve(make_view(X, new[y], np.arange(20), 70))
    np.testing.assert_allclose(Q[:, new], P, atol=1e-6)


def test_sparse_rows_give_what_dense_ones_give():
    X, y, rng = clouds(d=6)
    X *= rng.random(X.shape) < 0.6
    view = make_view(X, y, np.arange(20), 70)
    sparse = {name: scipy.sparse.csr_array(getattr(view, name)) for name in ("X_seed", "X_pool", "X_test")}
    np.testing.assert_allclose(solve(replace(view, **sparse))[0], solve(view)[0], atol=1e-5)


def test_duplicate_rows_get_the_same_answer():
    X, y, _ = clouds(40)
    both, labels = np.tile(X, (3, 1)), np.tile(y, 3)
    # Two copies of the row itself and three each of two others: no group of copies is cut.
    P, _ = solve(make_view(both, labels, np.arange(15), 80), n_neighbors=8)
    assert np.all(np.isfinite(P))
    np.testing.assert_allclose(P[60:80], P[20:40], atol=1e-6)
    np.testing.assert_allclose(P[100:], P[20:40], atol=1e-6)


def test_few_rows_and_two_classes():
    X = np.array([[0], [1], [10], [11]], dtype=np.float32)
    P, _ = solve(make_view(X, np.array([0, 0, 1, 1]), [0, 2], 3, n_classes=2))
    np.testing.assert_array_equal(P.argmax(axis=1), [0, 0, 1, 1])


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_must_lie_between_zero_and_one(alpha):
    X, y, _ = clouds()
    with pytest.raises(ValueError, match=f"alpha is {alpha}"):
        solve(make_view(X, y, np.arange(20), 70), alpha=alpha)
