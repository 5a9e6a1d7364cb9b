"""LP++ beside its steps in plain loops over weights, and its gradients beside finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from autows import method
from autows.errors import UserError
from baselines._embeddings import SeedEmbeddings
from baselines.lp_plus_plus import LpPlusPlus, descend, start

HARD = dict(n_classes=4, n=20, pool=60, test=30, d=12, noise=2.0, text_noise=2.0, scale=10.0)


def of(embedded, **fields):
    return SeedEmbeddings.of(embedded(**{**HARD, **fields})[0])


def loss(seeds, W, alpha):
    logits = seeds.F @ (W + alpha[:, None] * seeds.T).T
    return -log_softmax(logits, axis=1)[np.arange(len(seeds.y)), seeds.y].mean()


def differences(function, at):
    gradient = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        gradient[place] = (function(up) - function(down)) / 2e-6
    return gradient


def loops(seeds, n_steps):
    """Return weights (K, d) and blends (K,) after some steps, gradients by finite differences."""
    n, K = len(seeds.y), len(seeds.T)
    W = np.array([seeds.F[seeds.y == k].mean(axis=0) for k in range(K)])
    cosine = np.mean([np.mean([f @ seeds.T[k] for f in seeds.F[seeds.y == k]]) for k in range(K)])
    alpha = np.full(K, 2.5 * seeds.scale * cosine)
    step = 4 * n / np.linalg.eigvalsh(seeds.F.T @ seeds.F).max()
    blend_step = n / (4 * max(sum((f @ t) ** 2 for f in seeds.F) for t in seeds.T))
    velocity = np.zeros_like(W)
    for taken in range(1, n_steps + 1):
        by_W = differences(lambda V, alpha=alpha: loss(seeds, V, alpha), W)
        by_alpha = differences(lambda a, W=W: loss(seeds, W, a), alpha)
        velocity = 0.9 * velocity + by_W
        W = W - step * velocity
        if taken % 10 == 0:
            alpha = alpha - blend_step * by_alpha
    return W, alpha


@pytest.mark.parametrize("n_steps", [0, 1, 13])
def test_steps_are_those_of_plain_loops(embedded, n_steps):
    seeds = of(embedded)
    W, alpha = loops(seeds, n_steps)
    probe = descend(seeds, n_steps)[-1]
    np.testing.assert_allclose((seeds.F.T @ probe.A).T, W, atol=1e-5)
    np.testing.assert_allclose(probe.alpha, alpha, atol=1e-5)


def test_the_path_holds_every_tenth_step_and_the_last(embedded):
    seeds = of(embedded)
    path = descend(seeds, 25)
    assert len(path) == 4
    for probe, steps in zip(path, (0, 10, 20, 25), strict=True):
        np.testing.assert_allclose(probe.A, descend(seeds, steps)[-1].A)


def test_the_loss_of_the_seeds_falls(embedded):
    seeds = of(embedded, noise=4.0, text_noise=4.0)
    losses = [loss(seeds, (seeds.F.T @ probe.A).T, probe.alpha) for probe in descend(seeds, 300)]
    assert losses[-1] < 0.5 * losses[0]
    assert np.all(np.diff(losses[5:]) < 1e-3)


def test_a_class_without_seeds_starts_at_the_average_of_the_others(embedded):
    seeds = of(embedded)
    seeds = seeds.only(np.flatnonzero(seeds.y != 1))
    W = (seeds.F.T @ start(seeds).A).T
    means = np.array([seeds.F[seeds.y == k].mean(axis=0) for k in (0, 2, 3)])
    np.testing.assert_allclose(W[[0, 2, 3]], means)
    np.testing.assert_allclose(W[1], means.mean(axis=0))


def test_texts_that_point_away_from_their_classes_start_without_weight(embedded):
    seeds = of(embedded)
    away = SeedEmbeddings(seeds.F, -seeds.T, seeds.y, seeds.scale)
    np.testing.assert_array_equal(start(away).alpha, 0)


@pytest.mark.parametrize("calibrated", [True, False])
def test_answers_are_those_of_the_chosen_step(embedded, calibrated):
    view, *_ = embedded(**HARD)
    labels = LpPlusPlus(n_steps=40, calibrated=calibrated).fit_predict(view, np.random.default_rng(0))
    seeds = SeedEmbeddings.of(view)
    seeds = seeds.calibrated() if calibrated else seeds
    assert labels.info["steps"] in (0, 10, 20, 30, 40)
    probe = descend(seeds, labels.info["steps"])[-1]
    W = (seeds.F.T @ probe.A).T + probe.alpha[:, None] * seeds.T
    logits = view.X_test @ W.T / labels.info["temperature"]
    np.testing.assert_allclose(labels.test, softmax(logits, axis=1), atol=1e-4)


def test_there_must_be_a_step():
    with pytest.raises(UserError, match="n_steps is 0"):
        method.create("lp_plus_plus", n_steps=0)
