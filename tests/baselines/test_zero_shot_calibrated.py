"""Calibrated zero-shot answers beside plain loops, and on answers that say nothing or the wrong thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autows.priors import shrunken_prior
from baselines._embeddings import TEMPERATURES
from baselines.zero_shot_calibrated import ZeroShotCalibrated

HARD = dict(n_classes=5, n=40, pool=200, test=100, d=64, noise=2.5, text_noise=2.5, scale=50.0)


def solve(view, **params):
    return ZeroShotCalibrated(**params).fit_predict(view, np.random.default_rng(0))


def answered(view, make):
    """Replace zero-shot answers by what ``make`` gives for each side."""
    changed = {name: make(getattr(view, name)) for name in ("zero_shot_pool", "zero_shot_test")}
    return replace(view, **{name: P.astype(np.float32) for name, P in changed.items()})


def shares(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum()


def loops(view):
    """Return temperature, offsets and pool answers by the definition, row by row."""
    log_P = np.log(np.maximum(view.zero_shot_pool.astype(np.float64), 1e-12))
    prior, best = shrunken_prior(view.seed_counts), None
    for temperature in TEMPERATURES:
        b = np.zeros(view.n_classes)
        for _ in range(30):
            mean = np.mean([shares(row / temperature + b) for row in log_P], axis=0)
            b += np.log(prior) - np.log(mean)
        loss = 0.5 * np.log(temperature) ** 2
        for i, y in zip(view.seed_index, view.y_seed, strict=True):
            loss -= np.log(shares(log_P[i] / temperature + b)[y])
        if best is None or loss < best[0]:
            best = loss, temperature, b - b.mean()
    _, temperature, b = best
    return temperature, b, np.array([shares(row / temperature + b) for row in log_P])


@pytest.mark.parametrize("seed", [0, 1])
def test_answers_are_those_of_plain_loops(embedded, seed):
    view, *_ = embedded(**{**HARD, "pool": 60, "test": 5}, seed=seed)
    labels = solve(view)
    temperature, b, P = loops(view)
    assert labels.info["temperature"] == temperature
    np.testing.assert_allclose(labels.info["offsets"], b, atol=1e-3)
    np.testing.assert_allclose(labels.pool, P, atol=1e-4)


def test_class_offsets_of_a_foundation_model_are_undone(embedded):
    found = {"clean": [], "biased": [], "matched": []}
    for draw in range(4):
        view, _, y_test = embedded(seed=draw, **HARD)
        factor = np.exp(np.random.default_rng(draw).normal(0, 4, 5))
        biased = answered(view, lambda P, factor=factor: P * factor / (P * factor).sum(axis=1, keepdims=True))
        labels = solve(biased)
        np.testing.assert_allclose(labels.pool.mean(axis=0), shrunken_prior(view.seed_counts), atol=0.01)
        for name, P in [
            ("clean", view.zero_shot_test),
            ("biased", biased.zero_shot_test),
            ("matched", labels.test),
        ]:
            found[name].append(np.mean(P.argmax(axis=1) == y_test))
    mean = {name: np.mean(values) for name, values in found.items()}
    assert mean["matched"] > mean["biased"] + 0.05
    assert mean["matched"] > mean["clean"] - 0.02


def test_a_temperature_alone_changes_no_decision_and_lowers_the_log_loss(embedded):
    view, _, y_test = embedded(**HARD)
    labels = solve(view, match=False)
    np.testing.assert_array_equal(labels.test.argmax(axis=1), view.zero_shot_test.argmax(axis=1))
    assert labels.info["offsets"] == [0.0] * 5
    rows = np.arange(len(y_test))
    before, after = (-np.log(P[rows, y_test]).mean() for P in (view.zero_shot_test, labels.test))
    assert after < before / 2


def test_seeds_outside_the_pool_speak_through_their_counts_only(embedded):
    view, *_ = embedded(**HARD)
    outside = replace(view, seed_index=None)
    labels = solve(outside)
    assert labels.info["temperature"] == 1.0
    np.testing.assert_allclose(labels.pool.mean(axis=0), shrunken_prior(view.seed_counts), atol=1e-3)


def test_answers_that_say_nothing_become_the_prior(embedded):
    view, *_ = embedded(**HARD)
    labels = solve(answered(view, lambda P: np.full_like(P, 0.2)))
    np.testing.assert_allclose(labels.test, np.tile(shrunken_prior(view.seed_counts), (100, 1)), rtol=1e-5)


def test_hard_answers_become_as_sure_as_they_are_right(embedded):
    view, _, y_test = embedded(**HARD)
    hard = answered(view, lambda P: np.eye(5)[P.argmax(axis=1)])
    labels = solve(hard, match=False)
    np.testing.assert_array_equal(labels.test.argmax(axis=1), hard.zero_shot_test.argmax(axis=1))
    right = np.mean(labels.test.argmax(axis=1) == y_test)
    assert labels.test.max(axis=1).mean() == pytest.approx(right, abs=0.2)


def test_shuffled_answers_are_hardly_believed(embedded):
    view, _, y_test = embedded(**HARD)
    rng = np.random.default_rng(0)
    labels = solve(answered(view, rng.permutation))
    loss = -np.log(labels.test[np.arange(100), y_test]).mean()
    assert labels.info["temperature"] > 5
    assert loss < np.log(5) + 0.2


def test_views_without_zero_shot_answers_are_skipped(blobs):
    assert "zero-shot" in ZeroShotCalibrated().skip_reason(blobs()[0])
