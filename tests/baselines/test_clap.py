"""CLAP's minimum beside a generic solver in all dimensions and beside scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from autows import method
from autows.errors import UserError
from baselines._embeddings import SeedEmbeddings
from baselines.clap import STRENGTHS, Clap, confidences, fit_path

HARD = dict(n_classes=4, n=20, pool=60, test=30, d=12, noise=2.0, text_noise=2.0, scale=10.0)


def of(embedded, **fields):
    return SeedEmbeddings.of(embedded(**{**HARD, **fields})[0])


def objective(flat, seeds, penalty):
    """Return loss and gradient as the docstring has them, over all (K, d) weights."""
    W, n = flat.reshape(seeds.T.shape), len(seeds.y)
    log_p = log_softmax(seeds.scale * seeds.F @ W.T, axis=1)
    value = -log_p[np.arange(n), seeds.y].mean() + sum(
        penalty[k] * np.sum((W[k] - seeds.T[k]) ** 2) for k in range(len(W))
    )
    residual = np.exp(log_p) - np.eye(len(W))[seeds.y]
    gradient = seeds.scale * residual.T @ seeds.F / n + 2 * penalty[:, None] * (W - seeds.T)
    return value, gradient.ravel()


@pytest.mark.parametrize("d", [12, 40])
@pytest.mark.parametrize("strength", [100.0, 1.0, 0.01])
def test_weights_are_those_of_a_generic_solver(embedded, d, strength):
    seeds = of(embedded, d=d)
    penalty = strength * confidences(seeds)
    found = minimize(
        objective, seeds.T.ravel(), (seeds, penalty), jac=True, method="BFGS", options={"gtol": 1e-8}
    )
    (W,) = fit_path(seeds, (strength,))
    np.testing.assert_allclose(W, found.x.reshape(W.shape), atol=1e-4 * np.abs(found.x).max())
    assert np.abs(objective(W.ravel(), seeds, penalty)[1]).max() < 1e-4


def test_without_texts_it_is_scikit_learns_logistic_regression(embedded):
    seeds = of(embedded, d=12)
    blank = replace(seeds, T=np.zeros_like(seeds.T))
    np.testing.assert_allclose(confidences(blank), 0.25)
    (W,) = fit_path(blank, (0.4,))
    # Half of scikit-learn's penalty over C n, in weights that carry the scale.
    C = 1 / (2 * 0.4 * 0.25 * 20) * 10.0**2
    model = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(seeds.F, seeds.y)
    np.testing.assert_allclose(10.0 * W, model.coef_, atol=1e-3)


def test_strong_penalties_keep_the_texts_and_a_path_equals_single_fits(embedded):
    seeds = of(embedded)
    np.testing.assert_allclose(fit_path(seeds, (1e8,))[0], seeds.T, atol=1e-6)
    path = fit_path(seeds, STRENGTHS)
    for strength, W in zip(STRENGTHS, path, strict=True):
        (alone,) = fit_path(seeds, (strength,))
        np.testing.assert_allclose(W, alone, atol=1e-3 * np.abs(alone).max())


def test_confidences_are_means_of_zero_shot_probabilities(embedded):
    seeds = of(embedded)
    seeds = seeds.only(np.flatnonzero(seeds.y != 2))
    found, expected = confidences(seeds), {}
    for k in (0, 1, 3):
        logits = [10.0 * seeds.T @ f for f in seeds.F[seeds.y == k]]
        expected[k] = np.mean([softmax(z)[k] for z in logits])
        assert found[k] == pytest.approx(max(expected[k], 0.01))
    assert found[2] == pytest.approx(np.mean(list(expected.values())))


def test_a_class_that_the_model_never_names_keeps_a_penalty(embedded):
    seeds = of(embedded)
    wrong = replace(seeds, T=-seeds.T, scale=1000.0)
    assert confidences(wrong).min() == 0.01
    assert np.all(np.isfinite(fit_path(wrong, (1e-4,))[0]))


def test_a_given_strength_is_used_and_the_papers_scale_kept(embedded):
    view, *_ = embedded(**HARD)
    labels = Clap(strength=1.0, calibrated=False).fit_predict(view, np.random.default_rng(0))
    (W,) = fit_path(SeedEmbeddings.of(view), (1.0,))
    logits = 10.0 * view.X_test @ W.T / labels.info["temperature"]
    np.testing.assert_allclose(labels.test, softmax(logits, axis=1), atol=1e-4)
    assert labels.info["strength"] == 1.0


def test_a_model_that_is_wrongly_sure_of_itself_is_toned_down(embedded):
    view, *_ = embedded(**{**HARD, "scale": 300.0, "text_noise": 8.0, "d": 32})
    seeds = SeedEmbeddings.of(view)
    assert seeds.calibrated().scale < 100
    sure = replace(seeds, T=np.array([seeds.F[seeds.y == k].mean(axis=0) for k in range(4)]), scale=5.0)
    assert sure.calibrated().scale > 5


@pytest.mark.parametrize("strength", [0.0, -1.0])
def test_the_strength_must_be_positive(strength):
    with pytest.raises(UserError, match="expected a positive number"):
        method.create("clap", strength=strength)
