"""Transductive clustering beside plain loops over rows and classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from baselines import _transduction, transductive_clustering
from baselines.logistic_regression import LogisticRegression
from baselines.transductive_clustering import Problem, TransductiveClustering, assign, row_variance


def plain_assign(X, W, v, seeds, y, n_classes, smoothness, scale, n_iterations):
    """Follow the definition, one row and class at a time; classes without seeds have no mean."""
    X, label = X.astype(float), dict(zip(seeds.tolist(), y.tolist(), strict=True))
    N = len(X)

    def softmax(row):
        e = np.exp(row - row.max())
        return e / e.sum()

    def clamp(s):
        for i, k in label.items():
            s[i] = np.eye(n_classes)[k]
        return s

    def far(means):
        out = np.full((N, n_classes), np.inf)
        for k, mean in means.items():
            for i in range(N):
                out[i, k] = scale * sum((X[i] - mean) ** 2) / v
        return out

    means = {k: np.mean([X[i] for i in label if label[i] == k], axis=0) for k in set(label.values())}
    distances = far(means)
    s = clamp(np.array([softmax(-row) for row in distances]))
    for _ in range(n_iterations):
        before = s
        for _ in range(3):
            s = clamp(np.array([softmax(-distances[i] + smoothness * (W[i] @ s)) for i in range(N)]))
        if np.abs(s - before).sum(axis=1).mean() < 1e-3:
            break
        means = {k: sum(s[i, k] * X[i] for i in range(N)) / s[:, k].sum() for k in means}
        distances = far(means)
    return s


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize(("smoothness", "scale"), [(0.0, 3.0), (1.0, 10.0), (2.0, 1.0)])
@pytest.mark.parametrize("missing", [False, True])
def test_assignments_are_those_of_plain_loops(blobs, monkeypatch, form, smoothness, scale, missing):
    from autows.end_models import linear

    monkeypatch.setattr(linear, "ROWS_AT_ONCE", 17)
    view, _, _ = blobs(n=9, pool=50, test=2, gap=1.0)
    X, seeds, y = view.X_pool + np.float32(5), view.seed_index, view.y_seed
    if missing:
        seeds, y = seeds[y != 1], y[y != 1]
    rng = np.random.default_rng(0)
    W = np.triu(rng.random((50, 50)) < 0.08, 1).astype(np.float32)
    W += W.T
    problem = Problem(form(X), scipy.sparse.csr_array(W), 1 / row_variance(form(X)), 3)
    found = assign(problem, seeds, y, smoothness, scale, 6)
    v = np.mean(np.sum((X - X.mean(axis=0)) ** 2, axis=1))
    np.testing.assert_allclose(found, plain_assign(X, W, v, seeds, y, 3, smoothness, scale, 6), atol=2e-4)
    assert missing == (not found[:, 1].any())


def test_the_graph_counts_neighbors_from_either_end_once(embedded, monkeypatch):
    view, _, _ = embedded(noise=1.5)
    seen = []
    monkeypatch.setattr(
        transductive_clustering,
        "assign",
        lambda problem, *rest: seen.append(problem) or np.full((320, 4), 0.25),
    )
    TransductiveClustering().fit_predict(view, np.random.default_rng(0))
    X = np.concatenate([view.X_pool, view.X_test]).astype(float)
    expected, cosines = np.zeros((320, 320)), X @ X.T
    for i in range(320):
        for j in [j for j in np.argsort(-cosines[i]) if j != i][:3]:
            expected[i, j] = expected[j, i] = 1
    np.testing.assert_array_equal(seen[-1].W.toarray(), expected)


def test_the_variance_of_a_row_is_the_mean_squared_distance_from_the_mean():
    X = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32) * 3 + 10
    expected = np.mean(np.sum((X.astype(float) - X.mean(axis=0, dtype=float)) ** 2, axis=1))
    for form in (X, scipy.sparse.csr_array(X)):
        assert row_variance(form) == pytest.approx(expected, rel=1e-6)
    assert row_variance(np.full((5, 2), 3.3, dtype=np.float32)) == 1.0
    assert row_variance(np.zeros((5, 2), dtype=np.float32)) == 1.0


def test_sparse_rows_give_what_dense_ones_give(blobs):
    view, _, _ = blobs(d=6, gap=1.5)
    sparse = {name: scipy.sparse.csr_array(getattr(view, name)) for name in ("X_seed", "X_pool", "X_test")}
    P, Q = (
        TransductiveClustering().fit_predict(v, np.random.default_rng(0))
        for v in (view, replace(view, **sparse))
    )
    np.testing.assert_allclose(P.pool, Q.pool, atol=1e-4)
    np.testing.assert_allclose(P.test, Q.test, atol=1e-4)


def test_seeds_keep_their_labels(blobs):
    view, _, _ = blobs(gap=0.5)
    labels = TransductiveClustering().fit_predict(view, np.random.default_rng(0))
    np.testing.assert_array_equal(labels.pool[view.seed_index], np.eye(3)[view.y_seed])


def test_scales_of_features_do_not_matter(blobs):
    view, _, _ = blobs(gap=1.5)
    bigger = {name: 1000 * getattr(view, name) for name in ("X_seed", "X_pool", "X_test")}
    P, Q = (
        TransductiveClustering().fit_predict(v, np.random.default_rng(0))
        for v in (view, replace(view, **bigger))
    )
    np.testing.assert_allclose(P.test, Q.test, atol=1e-4)


def test_a_single_class_among_the_seeds_is_the_answer(blobs):
    view, _, _ = blobs()
    kept = view.y_seed == 1
    one = replace(view, X_seed=view.X_seed[kept], y_seed=view.y_seed[kept], seed_index=view.seed_index[kept])
    labels = TransductiveClustering().fit_predict(one, np.random.default_rng(0))
    np.testing.assert_array_equal(labels.test.argmax(axis=1), np.ones(50))


def test_tuning_on_some_rows_leaves_answers_as_good(blobs, monkeypatch):
    view, _, y_test = blobs(n=30, pool=900, test=300, d=8, gap=1.2)
    monkeypatch.setattr(_transduction, "ROWS_FOR_TUNING", 200)
    sizes, edges = [], []
    original = transductive_clustering.assign

    def record(problem, *rest):
        sizes.append(problem.X.shape[0])
        edges.append(problem.W.sum(axis=1).min())
        return original(problem, *rest)

    monkeypatch.setattr(transductive_clustering, "assign", record)
    labels = TransductiveClustering().fit_predict(view, np.random.default_rng(0))
    assert max(sizes[:-1]) < 400
    # Among few rows of many there would hardly be an edge, and no smoothness would help.
    assert min(edges) >= 3
    assert sizes[-1] == 1200
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.9


def test_better_than_logistic_regression_where_classes_are_clusters(embedded):
    ours, trained = [], []
    for seed in range(2):
        view, _, y_test = embedded(n_classes=8, n=24, pool=400, test=200, d=64, noise=1.7, seed=seed)
        for scores, method in ((ours, TransductiveClustering()), (trained, LogisticRegression())):
            P = method.fit_predict(view, np.random.default_rng(0)).test
            scores.append(np.mean(P.argmax(axis=1) == y_test))
    assert np.mean(ours) > np.mean(trained) + 0.03
