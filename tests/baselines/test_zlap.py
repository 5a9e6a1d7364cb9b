"""ZLaP beside dense matrices and plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from autows.priors import shrunken_prior
from baselines import zlap
from baselines.logistic_regression import LogisticRegression
from baselines.zlap import ZLaP, mixture_losses, sharpened, text_image_graph, what_sources_send


def cosine_knn(X, k):
    """Return the dense matrix of cosines of each row and its k most similar others."""
    C = X.astype(float) @ X.astype(float).T
    out = np.zeros_like(C)
    for i in range(len(X)):
        order = [j for j in np.argsort(-C[i], kind="stable") if j != i][:k]
        for j in order:
            out[i, j] = max(C[i, j], 0)
    return out


def plain_graph(X, T, k, gamma):
    N, K = len(X), len(T)
    images = cosine_knn(X, k)
    W = np.zeros((N + K, N + K))
    W[:N, :N] = images + images.T
    for i in range(N):
        cosines = X[i].astype(float) @ T.T.astype(float)
        for c in np.argsort(-cosines)[:k]:
            W[i, N + c] = W[N + c, i] = max(cosines[c], 0) ** gamma
    return W


def dense_inverse(W, alpha):
    degree = W.sum(axis=1)
    scale = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    return (1 - alpha) * np.linalg.inv(np.eye(len(W)) - alpha * scale[:, None] * W * scale)


def plain_mixture(M, seeds, y, N, K, share, power, prior):
    """Return the probabilities of all rows, of labels at texts and at some seeds."""
    F = np.zeros((N, K))
    for c in range(K):
        text = M[:N, N + c]
        mine = [i for i, label in zip(seeds, y, strict=True) if label == c]
        F[:, c] = (1 - share if mine else 1) * text / text.sum()
        if mine:
            column = sum(M[:N, i] for i in mine)
            F[:, c] += share * column / column.sum()
    F = F / F.sum(axis=0) * prior
    P = (F / F.sum(axis=1, keepdims=True)) ** power
    return P / P.sum(axis=1, keepdims=True)


def rows_and_graph(view, k=5, gamma=5.0):
    X = np.concatenate([view.X_pool, view.X_test])
    return X, plain_graph(X, view.class_embeddings, k, gamma)


@pytest.mark.parametrize("n_classes", [3, 7])
def test_the_graph_ties_rows_to_rows_and_to_texts(embedded, n_classes):
    view, _, _ = embedded(n_classes=n_classes, pool=50, test=10, n=20, d=8, noise=2.0)
    X, expected = rows_and_graph(view, 5, 3.0)
    found = text_image_graph(scipy.sparse.csr_array(cosine_knn(X, 5)), X, view.class_embeddings, 5, 3.0)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)


@pytest.mark.parametrize(("alpha", "share", "power"), [(0.3, 0.5, 2.0), (0.9, 0.25, 1.0), (0.9, 0.0, 1.0)])
def test_answers_are_those_of_dense_matrices(embedded, monkeypatch, alpha, share, power):
    view, _, _ = embedded(n_classes=3, pool=50, test=12, n=10, d=8, noise=1.5)
    monkeypatch.setattr(zlap, "SEED_SHARES", (share,))
    monkeypatch.setattr(zlap, "POWERS", (power,))
    labels = ZLaP(alpha=alpha).fit_predict(view, np.random.default_rng(0))
    assert labels.pool_covered.all()
    _, W = rows_and_graph(view)
    prior = shrunken_prior(view.seed_counts)
    M = dense_inverse(W, alpha)
    expected = plain_mixture(M, view.seed_index, view.y_seed, 62, 3, share, power, prior)
    np.testing.assert_allclose(np.concatenate([labels.pool, labels.test]), expected, atol=1e-5)


def test_a_class_without_a_seed_has_its_text_alone(embedded, monkeypatch):
    view, _, y_test = embedded(seed=1)
    monkeypatch.setattr(zlap, "SEED_SHARES", (1.0,))
    kept = view.y_seed != 2
    fewer = replace(
        view, X_seed=view.X_seed[kept], y_seed=view.y_seed[kept], seed_index=view.seed_index[kept]
    )
    labels = ZLaP().fit_predict(fewer, np.random.default_rng(0))
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.95


@pytest.mark.parametrize("groups", [None, np.arange(10) // 2])
def test_losses_are_of_seeds_without_their_own_label_and_groups(embedded, monkeypatch, groups):
    view, _, _ = embedded(n_classes=3, pool=50, test=12, n=10, d=8, noise=1.5)
    monkeypatch.setattr(zlap, "COLUMNS_AT_ONCE", 4)
    _, W = rows_and_graph(view)
    prior, y, seeds = shrunken_prior(view.seed_counts), view.y_seed, view.seed_index
    sources = np.concatenate([seeds, 62 + np.arange(3)])
    sent, mass = what_sources_send(scipy.sparse.csr_array(W), sources, seeds, 62, 0.9)
    M = dense_inverse(W, 0.9)
    np.testing.assert_allclose(sent, M[np.ix_(seeds, sources)], atol=1e-6)
    np.testing.assert_allclose(mass, M[:62, sources].sum(axis=0), rtol=1e-6)
    own = np.arange(10) if groups is None else groups
    losses = mixture_losses(sent, mass, y, own, prior)
    for share, power in [(0.5, 1.0), (0.0, 2.0), (0.9, 3.0), (1.0, 1.0)]:
        total = 0.0
        for i in range(10):
            kept = own != own[i]
            P = plain_mixture(M, seeds[kept], y[kept], 62, 3, share, power, prior)
            total -= np.log(max(P[seeds[i], y[i]], 1e-4)) / 10
        assert losses[share, power] == pytest.approx(total, abs=1e-5)


def test_rows_that_nothing_reaches_abstain_with_equal_shares(embedded):
    view, _, _ = embedded(n_classes=2, n=20, pool=60, test=8, d=8)
    far = np.zeros((8, 8), dtype=np.float32)
    view = replace(view, X_test=far, zero_shot_pool=None, zero_shot_test=None)
    labels = ZLaP().fit_predict(view, np.random.default_rng(0))
    assert labels.pool_covered.all()
    assert not labels.test_covered.any()
    np.testing.assert_allclose(labels.test.sum(axis=1), 1)


def test_powers_sharpen():
    P = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(sharpened(P, 2.0), [[2 / 3, 1 / 6, 1 / 6], [1, 0, 0]])


def test_better_than_zero_shot_and_than_logistic_regression(embedded):
    ours, alone, trained = [], [], []
    for seed in range(2):
        view, _, y_test = embedded(
            n_classes=8, n=24, pool=400, test=200, d=64, noise=1.7, text_noise=1.2, scale=40.0, seed=seed
        )
        for scores, P in (
            (ours, ZLaP().fit_predict(view, np.random.default_rng(0)).test),
            (alone, view.zero_shot_test),
            (trained, LogisticRegression().fit_predict(view, np.random.default_rng(0)).test),
        ):
            scores.append(np.mean(P.argmax(axis=1) == y_test))
    assert np.mean(ours) > np.mean(alone) + 0.03
    assert np.mean(ours) > np.mean(trained) + 0.03


def test_texts_help_where_seeds_are_few_and_seeds_where_texts_are_wrong(embedded):
    for n, text_noise, more_texts in ((6, 0.6, True), (60, 6.0, False)):
        view, _, y_test = embedded(n_classes=6, n=n, pool=500, test=200, noise=1.3, text_noise=text_noise)
        labels = ZLaP().fit_predict(view, np.random.default_rng(0))
        assert (labels.info["seed_share"] <= 0.5) == more_texts
        assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.85
