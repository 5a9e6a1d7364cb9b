"""EM beside plain loops, and what clamped rows and weights do."""

from __future__ import annotations

import numpy as np
import pytest

from autows.methods import _em
from autows.methods._em import Seeded, Unseeded, iterate
from autows.methods._mixtures import Bernoullis, DiagonalGaussians, HardClusters


def make_blobs(N=60, C=3, p=2, gap=3.0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.repeat(np.arange(C), 2), rng.integers(C, size=N - 2 * C)])
    X = gap * rng.standard_normal((C, p))[y] + rng.standard_normal((N, p))
    return X.astype(np.float32), y


def plain_seeded(X, y_seed, shares, unlabeled_weight, shrinkage, steps):
    """Seeded EM of diagonal Gaussians, one row, component and column at a time."""
    X, C, n, N = X.astype(np.float64), len(shares), len(y_seed), len(X)
    clamped = np.eye(C)[y_seed]

    def maximise(rows, R):
        means = [sum(r * x for r, x in zip(R[:, c], rows, strict=True)) / R[:, c].sum() for c in range(C)]
        scatter = [sum(r * (x - means[c]) ** 2 for r, x in zip(R[:, c], rows, strict=True)) for c in range(C)]
        pooled = (sum(scatter) + shrinkage) / (R.sum() + shrinkage)
        return means, [
            np.maximum((scatter[c] + shrinkage * pooled) / (R[:, c].sum() + shrinkage), 0.01)
            for c in range(C)
        ]

    def expect(means, variances):
        P = np.array(
            [
                [
                    shares[c]
                    * np.prod(np.exp(-((x - means[c]) ** 2) / 2 / variances[c]) / variances[c] ** 0.5)
                    for c in range(C)
                ]
                for x in X
            ]
        )
        return P / P.sum(axis=1, keepdims=True)

    R = expect(*maximise(X[:n], clamped))
    weight = np.ones(N)
    weight[n:] = min(1.0, unlabeled_weight * n / (N - n))
    for _ in range(steps):
        R[:n] = clamped
        parameters = maximise(X, R * weight[:, None])
        R = expect(*parameters)
    return parameters, R


@pytest.mark.parametrize("unlabeled_weight", [0.0, 0.3, 100.0])
def test_seeded_em_is_that_of_loops(monkeypatch, unlabeled_weight):
    monkeypatch.setattr(_em, "MAX_STEPS", 4)
    monkeypatch.setattr(_em, "TOLERANCE", 0.0)
    X, y = make_blobs(gap=1.0)
    shares = np.array([0.2, 0.3, 0.5])
    model = DiagonalGaussians(shares, shrinkage=2.0)
    assert Seeded(y[:6], shares, unlabeled_weight).fit(model, X) == 4
    (means, variances), R = plain_seeded(X, y[:6], shares, unlabeled_weight, 2.0, 4)
    np.testing.assert_allclose(model.means_, means, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.variances_, variances, rtol=1e-4)
    np.testing.assert_allclose(model.expect(X), R, atol=1e-4)


@pytest.mark.parametrize("make", [DiagonalGaussians, Bernoullis, HardClusters])
def test_seeds_never_leave_their_components(monkeypatch, make):
    X, y = make_blobs()
    wrong = (y[:6] + 1) % 3
    model, seen = make(), []
    learn = model.maximise
    monkeypatch.setattr(model, "maximise", lambda X, R: (seen.append(R[:6].copy()), learn(X, R)))
    Seeded(wrong, np.full(3, 1 / 3), 1.0).fit(model, np.clip(X, 0, 1) if make is Bernoullis else X)
    assert len(seen) >= 2
    for R in seen:
        np.testing.assert_array_equal(R, np.eye(3)[wrong])


def test_shares_that_are_given_stay_and_others_are_learned():
    X, y = make_blobs(N=300, gap=6.0)
    fitting = Seeded(y[:6], np.array([0.2, 0.3, 0.5]), 1.0)
    kept, learned = DiagonalGaussians(fitting.shares), DiagonalGaussians()
    fitting.fit(kept, X)
    np.testing.assert_array_equal(kept.shares_, [0.2, 0.3, 0.5])
    iterate(learned, X, np.eye(3)[y], np.ones((300, 1)))
    np.testing.assert_allclose(learned.shares_, np.bincount(y) / 300, atol=0.02)


@pytest.mark.parametrize("make", [lambda: DiagonalGaussians(shrinkage=0.0), HardClusters])
def test_steps_go_uphill(monkeypatch, make):
    X, _ = make_blobs(gap=1.0, N=150)
    monkeypatch.setattr(_em, "MAX_STEPS", 1)
    model, R = make(), np.random.default_rng(0).dirichlet(np.ones(3), 150)
    heights = []
    for _ in range(30):
        iterate(model, X, R, np.ones((150, 1)))
        if isinstance(model, HardClusters):
            heights.append(-model.inertia(X))
        else:
            heights.append(np.logaddexp.reduce(model.log_likelihood(X) + np.log(model.shares_), axis=1).sum())
        R = model.expect(X)
    assert np.all(np.diff(heights) > -1e-3)
    assert heights[-1] > heights[0] + 1


def test_em_stops_when_nothing_moves():
    X, y = make_blobs(gap=10.0)
    assert iterate(DiagonalGaussians(), X, np.eye(3)[y], np.ones((60, 1))) <= 3


@pytest.mark.parametrize("make", [DiagonalGaussians, HardClusters])
def test_without_seeds_far_blobs_are_components(make):
    X, y = make_blobs(N=300, gap=20.0)
    model = make()
    Unseeded(3, np.random.default_rng(0)).fit(model, X)
    table = np.rint(model.expect(X).T @ np.eye(3)[y])
    assert np.all((table > 0).sum(axis=0) == 1)
    assert np.all((table > 0).sum(axis=1) == 1)


def test_the_best_of_some_k_means_is_the_start(monkeypatch):
    X, _ = make_blobs(N=200, C=8, gap=2.0)
    best = Unseeded(8, np.random.default_rng(0))._clusters(X).inertia(X)
    monkeypatch.setattr(_em, "N_STARTS", 1)
    rng = np.random.default_rng(0)
    each = [Unseeded(8, rng)._clusters(X).inertia(X) for _ in range(4)]
    assert best == min(each) < max(each)


@pytest.mark.parametrize("make", [DiagonalGaussians, Bernoullis, HardClusters])
def test_more_components_than_different_rows_do_no_harm(make):
    X = np.float32([[0, 0], [1, 1], [1, 1], [0, 0]])
    for rows in (X, X[:1]):
        model = make()
        Unseeded(6, np.random.default_rng(0)).fit(model, rows)
        P = model.predict_proba(np.float32([[0, 0], [1, 1], [0.4, 0.4]]))
        assert P.shape == (3, 6)
        np.testing.assert_allclose(P.sum(axis=1), 1)


def test_seeds_alone_are_enough():
    X, y = make_blobs(gap=10.0)
    model = DiagonalGaussians()
    Seeded(y, np.full(3, 1 / 3), 0.3).fit(model, X)
    np.testing.assert_array_equal(model.expect(X).argmax(axis=1), y)
