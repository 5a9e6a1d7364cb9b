"""TransCLIP beside plain loops over rows, classes and features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from scipy.stats import norm

from autows.neighbors import stack_nodes
from baselines import transclip
from baselines._embeddings import unit_rows
from baselines._transduction import cosine_graph, text_log_probabilities
from baselines.logistic_regression import LogisticRegression
from baselines.transclip import Gaussians, Problem, TransCLIP, assign, moments


def unit(a):
    return a / np.sqrt(sum(float(v) ** 2 for v in a))


def plain_assign(problem, seeds, y, gamma, text_weight, density_weight, n_iterations):
    """Follow the definition in double precision, one row and class at a time."""
    X, T, W = problem.X.astype(float), problem.texts.astype(float), problem.W.toarray()
    log_texts, alpha = problem.log_texts.astype(float), problem.anchor_strength
    (N, d), K = X.shape, len(T)
    label = dict(zip(seeds.tolist(), y.tolist(), strict=True))
    rows_weight = [50 * gamma / len(seeds) if i in label else 1 / (N - len(seeds)) for i in range(N)]

    def fixed(z):
        for i, k in label.items():
            z[i] = np.eye(K)[k]
        return z

    def softmax(row):
        e = np.exp(row - row.max())
        return e / e.sum()

    z = fixed(np.exp(log_texts))
    floor = 1e-3 / d
    prior = np.zeros(d)
    for i in range(N):
        for k in range(K):
            prior += rows_weight[i] * z[i, k] * (X[i] - T[k]) ** 2
    prior = np.maximum(prior / sum(rows_weight), floor)

    means = []
    for k in range(K):
        members = [i for i in label if label[i] == k]
        if not members:
            members = sorted(range(N), key=lambda i: -log_texts[i, k])[:8]
        means.append(unit(np.mean([X[i] for i in members], axis=0)))
    variances = [np.full(d, 1 / d) if alpha is None else prior] * K
    if alpha is not None and not label:
        means = list(T)

    for iteration in range(n_iterations + 1):
        if iteration:
            mass = [sum(rows_weight[i] * z[i, k] for i in range(N)) for k in range(K)]
            means = [unit(sum(rows_weight[i] * z[i, k] * X[i] for i in range(N))) for k in range(K)]
            share = [1.0] * K
            if alpha is not None:
                count = [sum(z[i].argmax() == k for i in range(N)) for k in range(K)]
                share = [c / (alpha + c) for c in count]
                means = [unit(b * m + (1 - b) * t) for b, m, t in zip(share, means, T, strict=True)]
            around = [
                sum(rows_weight[i] * z[i, k] * (X[i] - means[k]) ** 2 for i in range(N)) for k in range(K)
            ]
            if alpha is None:
                variances = [np.maximum(sum(around) / sum(mass), floor)] * K
            else:
                variances = [
                    np.maximum(
                        share[k] * around[k] / mass[k] + (1 - share[k]) * (prior + (T[k] - means[k]) ** 2),
                        floor,
                    )
                    for k in range(K)
                ]
        density = np.array(
            [[norm.logpdf(X[i], means[k], np.sqrt(variances[k])).sum() for k in range(K)] for i in range(N)]
        )
        constant = text_weight * log_texts + density_weight * density
        if iteration == 0:
            z = fixed(np.array([softmax(row) for row in constant]))
        for _ in range(5):
            z = fixed(np.array([softmax(constant[i] + W[i] @ z) for i in range(N)]))
    return z


def make_problem(view, anchors):
    nodes, seeds = stack_nodes(view)
    X, graph = unit_rows(nodes), cosine_graph(nodes, 3)
    log_texts = text_log_probabilities(X, view.class_embeddings, view.logit_scale)
    W = ((graph + graph.T) / np.float32(6)).tocsr()
    return Problem(X, log_texts, view.class_embeddings, W, anchors), seeds


@pytest.mark.parametrize("anchors", [None, 1.0, 20.0])
@pytest.mark.parametrize("form", ["few-shot", "a class without a seed", "zero-shot"])
def test_assignments_are_those_of_plain_loops(embedded, anchors, form):
    view, _, _ = embedded(n_classes=3, n=8, pool=40, test=10, d=6, noise=1.5)
    problem, seeds = make_problem(view, anchors)
    y, gamma = view.y_seed, 0.02
    if form == "a class without a seed":
        seeds, y = seeds[y != 1], y[y != 1]
    elif form == "zero-shot":
        seeds, y, gamma = seeds[:0], y[:0], 0.0
    setting = (gamma, 0.5, 0.2, 4)
    found = assign(problem, seeds, y, *setting)
    np.testing.assert_allclose(found, plain_assign(problem, seeds, y, *setting), atol=1e-4)
    assert np.ptp(found, axis=0).min() > 0.5


@pytest.mark.parametrize("shared", [True, False])
def test_densities_are_those_of_scipy_but_for_a_constant_of_the_row(monkeypatch, shared):
    from autows.end_models import linear

    monkeypatch.setattr(linear, "ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 5)).astype(np.float32) + 3
    mean, variance = rng.standard_normal((4, 5)) + 3, rng.uniform(0.2, 2, (1 if shared else 4, 5))
    expected = np.stack(
        [
            norm.logpdf(X, m, np.sqrt(v)).sum(axis=1)
            for m, v in zip(mean, np.resize(variance, (4, 5)), strict=True)
        ],
        axis=1,
    )
    found = Gaussians(mean, variance).log_density(X)
    np.testing.assert_allclose(found - found[:, :1], expected - expected[:, :1], atol=1e-4)


def test_moments_are_weighted_sums():
    rng = np.random.default_rng(0)
    X, z, weight = (
        rng.standard_normal((20, 3)).astype(np.float32),
        rng.random((20, 2)).astype(np.float32),
        rng.random(20),
    )
    mass, first, second = moments(X, z, weight)
    np.testing.assert_allclose(mass, [sum(weight * z[:, k]) for k in range(2)], rtol=1e-6)
    for k in range(2):
        np.testing.assert_allclose(
            first[k], sum(weight[i] * z[i, k] * X[i] for i in range(20)), rtol=1e-4, atol=1e-5
        )
        np.testing.assert_allclose(
            second[k], sum(weight[i] * z[i, k] * X[i] ** 2 for i in range(20)), rtol=1e-4, atol=1e-5
        )


def test_seeds_keep_their_labels_and_those_of_the_zero_shot_form_do_not_matter(embedded):
    view, _, _ = embedded(noise=1.5)
    labels = TransCLIP().fit_predict(view, np.random.default_rng(0))
    np.testing.assert_array_equal(labels.pool[view.seed_index], np.eye(4)[view.y_seed])
    other = replace(view, y_seed=(view.y_seed + 1) % 4)
    form = TransCLIP(few_shot=False)
    first, second = (form.fit_predict(v, np.random.default_rng(0)) for v in (view, other))
    np.testing.assert_array_equal(first.pool, second.pool)
    assert first.info == {}


def test_a_restricted_problem_keeps_rows_and_has_a_graph_of_its_own(embedded):
    view, _, _ = embedded(pool=60, test=20)
    problem, _ = make_problem(view, 1.0)
    rows = np.arange(0, 80, 3)
    part = problem.restricted_to(rows, 3)
    np.testing.assert_array_equal(part.X, problem.X[rows])
    np.testing.assert_array_equal(part.log_texts, problem.log_texts[rows])
    graph = cosine_graph(problem.X[rows], 3).toarray()
    np.testing.assert_allclose(part.W.toarray(), (graph + graph.T) / 6, atol=1e-7)
    assert problem.restricted_to(np.arange(80), 3) is problem


def test_tuning_on_some_rows_leaves_answers_as_good(embedded, monkeypatch):
    from baselines import _transduction

    view, _, y_test = embedded(n_classes=6, pool=900, test=300, d=64, noise=1.5, text_noise=1.5)
    monkeypatch.setattr(_transduction, "ROWS_FOR_TUNING", 300)
    labels = TransCLIP().fit_predict(view, np.random.default_rng(0))
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.97


def test_useless_texts_are_given_no_weight_and_seeds_decide(embedded):
    view, _, y_test = embedded(n_classes=6, n=40, pool=500, test=200, noise=1.3, text_noise=6.0)
    zero_shot = np.mean(view.zero_shot_test.argmax(axis=1) == y_test)
    labels = TransCLIP().fit_predict(view, np.random.default_rng(0))
    assert labels.info["text_weight"] == 0
    assert zero_shot < 0.5
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.85


def test_anchors_help_where_most_classes_do_not_occur(embedded):
    """Rows of three of ten classes: clusters without anchors leave the texts of the absent ones."""
    score = {True: [], False: []}
    for seed in range(3):
        view, y_pool, y_test = embedded(
            n_classes=10, n=1, pool=400, test=100, d=512, noise=3.0, text_noise=2.0, scale=30.0, seed=seed
        )
        few, few_test = y_pool < 3, y_test < 3
        view = replace(
            view,
            seed_index=None,
            X_pool=view.X_pool[few],
            X_test=view.X_test[few_test],
            zero_shot_pool=None,
            zero_shot_test=None,
        )
        for anchors in (True, False):
            labels = TransCLIP(few_shot=False, anchors=anchors).fit_predict(view, np.random.default_rng(0))
            score[anchors].append(np.mean(labels.pool.argmax(axis=1) == y_pool[few]))
    assert np.mean(score[True]) > np.mean(score[False]) + 0.01, score


def test_better_than_zero_shot_and_than_logistic_regression(embedded):
    ours, alone, trained = [], [], []
    for seed in range(2):
        view, _, y_test = embedded(
            n_classes=8, n=24, pool=400, test=200, d=64, noise=1.7, text_noise=1.2, scale=40.0, seed=seed
        )
        for scores, P in (
            (ours, TransCLIP().fit_predict(view, np.random.default_rng(0)).test),
            (alone, view.zero_shot_test),
            (trained, LogisticRegression().fit_predict(view, np.random.default_rng(0)).test),
        ):
            scores.append(np.mean(P.argmax(axis=1) == y_test))
    assert np.mean(ours) > np.mean(alone) + 0.03
    assert np.mean(ours) > np.mean(trained) + 0.03


def test_the_graph_has_the_three_most_similar_rows_from_either_end(embedded, monkeypatch):
    view, _, _ = embedded(noise=1.5)
    seen = []
    monkeypatch.setattr(
        transclip, "assign", lambda problem, *rest: seen.append(problem) or np.exp(problem.log_texts)
    )
    TransCLIP(few_shot=False).fit_predict(view, np.random.default_rng(0))
    X = np.concatenate([view.X_pool, view.X_test]).astype(float)
    expected, cosines = np.zeros((320, 320)), X @ X.T
    for i in range(320):
        for j in [j for j in np.argsort(-cosines[i]) if j != i][:3]:
            expected[i, j] += max(cosines[i, j], 0) / 6
            expected[j, i] += max(cosines[i, j], 0) / 6
    assert scipy.sparse.issparse(seen[0].W)
    np.testing.assert_allclose(seen[0].W.toarray(), expected, atol=1e-6)
