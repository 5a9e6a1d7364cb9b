"""TFUP beside plain loops over rows and cached rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from baselines import tfup
from baselines.logistic_regression import LogisticRegression
from baselines.tfup import TFUP, Rows, Weights, central_rows, divergence_range, divergences, scaled_affinities


def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()


def kl(p, q):
    return sum(p[k] * np.log(p[k] / q[k]) for k in range(len(p)))


def plain(view, shots, weights):
    """Return the test rows' probabilities and the seeds' out-of-cache ones, by the definition."""
    T = view.class_embeddings.astype(float)
    pool, test, seeds = (X.astype(float) for X in (view.X_pool, view.X_test, view.X_seed))
    believed = [softmax(10 * T @ x) for x in pool]
    free = [i for i in range(len(pool)) if i not in set(view.seed_index.tolist())]
    keys, classes, owner = [], [], []
    for k in range(view.n_classes):
        top = sorted(free, key=lambda i: -believed[i][k])[: 2 * shots]
        far = {i: sum(kl(believed[i], believed[j]) for j in top) for i in top}
        for i in sorted(top, key=lambda i: far[i])[:shots]:
            keys, classes, owner = [*keys, pool[i]], [*classes, k], [*owner, None]
    for i, x in enumerate(seeds):
        keys, classes, owner = [*keys, x], [*classes, view.y_seed[i]], [*owner, i]
    of_keys = [softmax(10 * T @ f) for f in keys]
    every = [kl(p, q) for p in believed for q in of_keys]
    low, high = min(every), max(every)

    def answer(x, without=None):
        logits = weights.text * view.logit_scale * (T @ x)
        for f, q, k, i in zip(keys, of_keys, classes, owner, strict=True):
            if i is None or i != without:
                share = np.clip((kl(softmax(10 * T @ x), q) - low) / (high - low), 0, 1)
                w = weights.pool if i is None else weights.seeds
                logits[k] += w * np.exp(-weights.sharpness * (1 - (x @ f) * 2 * (1 - share)))
        return softmax(logits)

    held = np.array([answer(x, i) for i, x in enumerate(seeds)])
    return np.array([answer(x) for x in test]), held


def test_answers_are_those_of_plain_loops(embedded, monkeypatch):
    view, _, _ = embedded(n_classes=3, n=9, pool=50, test=15, d=8, noise=1.5)
    weights = Weights(3.0, 0.3, 0.1, 1.0)
    monkeypatch.setattr(tfup, "choose_weights", lambda *_: weights)
    found = TFUP(shots=4).fit_predict(view, np.random.default_rng(0))
    expected, _ = plain(view, 4, weights)
    np.testing.assert_allclose(found.test, expected, atol=1e-4)
    assert found.info["shots"] == 4


def test_weights_are_chosen_on_seeds_that_are_not_in_the_cache(embedded, monkeypatch):
    view, _, _ = embedded(n_classes=3, n=9, pool=50, test=15, d=8, noise=2.5)
    monkeypatch.setattr(tfup, "SHARPNESS", (1.0, 3.0))
    monkeypatch.setattr(tfup, "TEXT_WEIGHTS", (1.0, 0.1))
    monkeypatch.setattr(tfup, "CACHE_WEIGHTS", (0.3, 1.0))
    monkeypatch.setattr("baselines._transduction.INDIFFERENCE", 0.0)
    info = TFUP(shots=4).fit_predict(view, np.random.default_rng(0)).info
    losses = {}
    for b in (1.0, 3.0):
        for t in (1.0, 0.1):
            for p in (0.3, 1.0):
                for s in (0.3, 1.0):
                    _, P = plain(view, 4, Weights(b, t, p, s))
                    losses[b, t, p, s] = -np.log(np.maximum(P[np.arange(9), view.y_seed], 1e-4)).mean()
    best = min(losses, key=losses.get)
    assert (info["sharpness"], info["text_weight"], info["pool_weight"], info["seed_weight"]) == best


def test_seeds_of_one_group_do_not_speak_for_one_another(embedded):
    view, _, _ = embedded(n=40, noise=1.2, text_noise=6.0)
    # Every seed is there twice, and a copy tells the label.
    twice = replace(
        view,
        X_seed=np.concatenate([view.X_seed, view.X_seed]),
        y_seed=np.random.default_rng(0).permutation(80) % 4,
        seed_index=None,
    )
    twice = replace(twice, y_seed=np.concatenate([twice.y_seed[:40], twice.y_seed[:40]]))
    apart = TFUP().fit_predict(twice, np.random.default_rng(0))
    together = TFUP().fit_predict(
        replace(twice, groups_seed=np.tile(np.arange(40), 2)), np.random.default_rng(0)
    )
    assert apart.info["seed_weight"] >= 1
    assert together.info["seed_weight"] < apart.info["seed_weight"]


def test_divergences_are_those_of_plain_sums():
    rng = np.random.default_rng(0)
    P, Q = rng.dirichlet(np.ones(4), 6), rng.dirichlet(np.ones(4), 5)
    found = divergences(np.log(P).astype(np.float32), np.log(Q).astype(np.float32))
    np.testing.assert_allclose(found, [[kl(p, q) for q in Q] for p in P], atol=1e-5)


def test_central_rows_leave_out_the_odd_confident_one():
    # Ten rows sure of class 0; the surest leaves the rest to class 2, all others to class 1.
    P = np.array(
        [[0.9, 0.02, 0.08]] + [[0.85, 0.14, 0.01]] * 9 + [[0.1, 0.1, 0.8]] * 10 + [[0.1, 0.8, 0.1]] * 10
    )
    rows, classes = central_rows(np.log(P).astype(np.float32), 4)
    assert classes.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert 0 not in rows[:4]
    assert set(rows[:4]) <= set(range(1, 10))


def test_affinities_run_from_twice_the_cosine_to_zero():
    rng = np.random.default_rng(0)
    T = np.eye(3, 6, dtype=np.float32)
    rows, keys = (Rows.of(rng.standard_normal((n, 6)).astype(np.float32), T) for n in (20, 5))
    low, high = divergence_range(rows, keys)
    D = divergences(rows.log_P, keys.log_P)
    assert (low, high) == (D.min(), D.max())
    closest, furthest = np.unravel_index(D.argmin(), D.shape), np.unravel_index(D.argmax(), D.shape)
    near, cosine = scaled_affinities(rows, keys, low, high), rows.X @ keys.X.T
    assert near[closest] == pytest.approx(2 * cosine[closest])
    assert near[furthest] == pytest.approx(0, abs=1e-6)


def test_the_cache_stays_small_and_fits_small_pools(embedded, monkeypatch):
    view, _, _ = embedded(pool=44, n=40, test=10)
    assert TFUP().fit_predict(view, np.random.default_rng(0)).info["shots"] == 2
    monkeypatch.setattr(tfup, "MAX_PSEUDO_KEYS", 12)
    view, _, _ = embedded()
    assert TFUP().fit_predict(view, np.random.default_rng(0)).info["shots"] == 3
    view, _, _ = embedded(pool=40, n=40, test=10)
    assert TFUP().fit_predict(view, np.random.default_rng(0)).info["shots"] == 0


def test_better_than_zero_shot_and_than_logistic_regression(embedded):
    ours, alone, trained = [], [], []
    for seed in range(2):
        view, _, y_test = embedded(
            n_classes=8, n=24, pool=400, test=200, d=64, noise=1.7, text_noise=1.2, scale=40.0, seed=seed
        )
        for scores, P in (
            (ours, TFUP().fit_predict(view, np.random.default_rng(0)).test),
            (alone, view.zero_shot_test),
            (trained, LogisticRegression().fit_predict(view, np.random.default_rng(0)).test),
        ):
            scores.append(np.mean(P.argmax(axis=1) == y_test))
    assert np.mean(ours) > np.mean(alone) + 0.03
    assert np.mean(ours) > np.mean(trained) + 0.03
