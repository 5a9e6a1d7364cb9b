"""Discriminants beside the paper's formula with a plain inverse, and means beside loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from autows.folds import stratified_folds
from autows.priors import shrunken_prior
from baselines._embeddings import TEMPERATURES, SeedEmbeddings
from baselines.gda import ALPHAS, Gda, class_means, discriminants, precision_times

HARD = dict(n_classes=5, n=40, pool=60, test=30, d=32, noise=2.0, text_noise=2.0, scale=30.0)


def of(embedded, **fields):
    return SeedEmbeddings.of(embedded(**{**HARD, **fields})[0])


def paper(F, y, K, prior):
    """Return weights and intercepts as the paper has them: equal numbers of seeds, a plain inverse."""
    n, d = F.shape
    means = np.array([F[y == k].mean(axis=0) for k in range(K)])
    S = np.cov((F - means[y]).T)
    precision = d * np.linalg.inv((n - 1) * S + np.trace(S) * np.eye(d))
    W = means @ precision
    return W, np.log(prior) - 0.5 * np.array([w @ m for w, m in zip(W, means, strict=True)])


@pytest.mark.parametrize("d", [8, 64])
def test_equal_numbers_of_seeds_give_the_papers_posterior(embedded, d):
    seeds = of(embedded, n=60, d=d)
    seeds = seeds.only(np.concatenate([np.flatnonzero(seeds.y == k)[:4] for k in range(5)]))
    W, b = discriminants(seeds)
    W_paper, b_paper = paper(seeds.F, seeds.y, 5, np.full(5, 0.2))
    np.testing.assert_allclose(W, W_paper, rtol=1e-8, atol=1e-8)
    # Intercepts may differ by a constant.
    X = np.random.default_rng(0).standard_normal((10, d))
    np.testing.assert_allclose(
        softmax(X @ W.T + b, axis=1), softmax(X @ W_paper.T + b_paper, axis=1), atol=1e-8
    )


@pytest.mark.parametrize("d", [8, 64])
def test_unequal_numbers_get_back_what_the_noise_of_their_means_costs(embedded, d):
    seeds = of(embedded, d=d)
    F, y, counts = seeds.F, seeds.y, seeds.counts
    assert counts.min() > 1
    W, b = discriminants(seeds)
    W_paper, b_paper = paper(F, y, 5, shrunken_prior(counts))
    np.testing.assert_allclose(W, W_paper, rtol=1e-8, atol=1e-8)
    ridge = np.sum((F - class_means(seeds)[0][y]) ** 2) / 39
    lengths = []
    for i in range(40):
        others = np.arange(40) != i
        means = np.array([F[others & (y == k)].mean(axis=0) for k in range(5)])
        C = F[others] - means[y[others]]
        far = F[i] - means[y[i]]
        share = 1 + 1 / (counts[y[i]] - 1)
        lengths.append(d * far @ np.linalg.solve(C.T @ C + ridge * np.eye(d), far) / share)
    np.testing.assert_allclose(b, b_paper + np.mean(lengths) / counts / 2, rtol=1e-8)


def test_a_class_of_few_seeds_is_answered_as_often_as_it_is_there():
    d, counts, shares, uncorrected = 60, np.array([3, 30]), [], []
    y = np.repeat([0, 1], counts)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        means = rng.standard_normal((2, d)) / 3
        seeds = SeedEmbeddings(means[y] + rng.standard_normal((33, d)), np.eye(2, d), y, 1.0)
        X = np.concatenate([m + rng.standard_normal((500, d)) for m in means])
        W, b = discriminants(seeds)
        b = b - np.log(shrunken_prior(counts))
        shares.append(np.mean((X @ W.T + b).argmax(axis=1) == 0))
        b = -0.5 * np.einsum("kd,kd->k", class_means(seeds)[0], W)
        uncorrected.append(np.mean((X @ W.T + b).argmax(axis=1) == 0))
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
    assert np.mean(uncorrected) < 0.2


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(1, 12), st.integers(0, 10_000))
def test_both_ways_to_invert_are_the_plain_inverse(n, d, seed):
    rng = np.random.default_rng(seed)
    C, M = rng.standard_normal((n, d)), rng.standard_normal((3, d))
    total = n + 4
    omega = d * np.linalg.inv(C.T @ C + np.sum(C * C) / (total - 1) * np.eye(d))
    product, leverage = precision_times(C, M, total)
    np.testing.assert_allclose(product, M @ omega, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(leverage, np.diag(C @ omega @ C.T) / d, rtol=1e-7)


def test_rows_that_do_not_vary_have_the_identity():
    M = np.arange(6.0).reshape(2, 3)
    for C in (np.zeros((0, 3)), np.zeros((4, 3))):
        product, leverage = precision_times(C, M, 5)
        np.testing.assert_array_equal(product, M)
        np.testing.assert_array_equal(leverage, np.zeros(len(C)))


def test_rare_classes_have_their_means_where_their_texts_would_be(embedded):
    seeds = of(embedded)
    first = np.flatnonzero(seeds.y == 3)[0]
    seeds = seeds.only(np.flatnonzero((seeds.y != 1) & ((seeds.y != 3) | (np.arange(40) == first))))
    means, weight = class_means(seeds)
    seen = [0, 2, 3, 4]
    plain = {k: seeds.F[seeds.y == k].mean(axis=0) for k in seen}
    m, t = np.mean([plain[k] for k in seen], axis=0), seeds.T[seen].mean(axis=0)
    images = np.concatenate([plain[k] - m for k in seen])
    texts = np.concatenate([seeds.T[k] - t for k in seen])
    s = np.linalg.lstsq(texts[:, None], images, rcond=None)[0][0]
    assert s > 0
    for k in (0, 2, 4):
        np.testing.assert_allclose(means[k], plain[k])
        assert weight[k] == pytest.approx(1 / np.sum(seeds.y == k))
    np.testing.assert_allclose(means[1], m + s * (seeds.T[1] - t))
    np.testing.assert_allclose(means[3], 0.5 * (plain[3] + m + s * (seeds.T[3] - t)))
    assert weight[1] == 0
    assert weight[3] == 0.25


def test_the_texts_are_at_their_own_place_where_only_one_class_has_seeds(embedded):
    seeds = of(embedded)
    seeds = seeds.only(np.flatnonzero(seeds.y == 2))
    means, _ = class_means(seeds)
    np.testing.assert_allclose(means[0] - means[2], seeds.T[0] - seeds.T[2])


def test_alpha_and_temperature_have_the_lowest_loss_of_folds_really_left_out(embedded):
    view, *_ = embedded(**HARD)
    # With classes numbered in order of appearance, folds are those of the plain function.
    first = np.unique(view.y_seed, return_index=True)[1]
    np.testing.assert_array_equal(np.argsort(first), np.arange(5))
    labels = Gda().fit_predict(view, np.random.default_rng(7))
    folds = stratified_folds(view.y_seed, 5, np.random.default_rng(7))
    seeds, total, losses = SeedEmbeddings.of(view), {}, {}
    for alpha in ALPHAS:
        Z = np.zeros((40, 5))
        for fold in range(5):
            held = folds == fold
            W, b = discriminants(seeds.only(~held))
            Z[held] = 30.0 * seeds.F[held] @ seeds.T.T + alpha * (seeds.F[held] @ W.T + b)
        for t in TEMPERATURES:
            losses[alpha, t] = -log_softmax(Z / t, axis=1)[np.arange(40), seeds.y].mean()
            total[alpha, t] = losses[alpha, t] + 0.5 * np.log(t) ** 2 / 40
    best = min(total, key=total.get)
    assert best == (labels.info["alpha"], labels.info["temperature"])
    assert labels.info["out_of_fold_log_loss"] == pytest.approx(losses[best], abs=1e-4)
    W, b = discriminants(seeds)
    X = view.X_test.astype(np.float64)
    logits = 30.0 * X @ seeds.T.T + best[0] * (X @ W.T + b)
    np.testing.assert_allclose(labels.test, softmax(logits / best[1], axis=1), atol=1e-4)


def test_groups_are_left_out_together(embedded):
    # Ten seeds, each four times: copies in other folds would make the discriminants look infallible.
    view, *_ = embedded(**{**HARD, "n": 10, "noise": 6.0, "text_noise": 6.0})
    four = replace(
        view,
        X_seed=np.tile(view.X_seed, (4, 1)),
        y_seed=np.tile(view.y_seed, 4),
        seed_index=None,
        groups_seed=np.tile(np.arange(10), 4),
    )
    loose = replace(four, groups_seed=None)
    losses = [
        Gda().fit_predict(v, np.random.default_rng(0)).info["out_of_fold_log_loss"] for v in (four, loose)
    ]
    assert losses[1] < 0.1
    assert losses[0] > 1.0
