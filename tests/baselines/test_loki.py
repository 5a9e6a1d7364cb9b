"""Loki beside plain loops, and where it differs from the most probable class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.loki import Loki, risk, softmax, squared_distances


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.sampled_from(["texts", "ordinal"]))
def test_the_answer_is_the_frechet_mean(seed, K, metric):
    rng = np.random.default_rng(seed)
    T = rng.standard_normal((K, 5))
    T = (T / np.linalg.norm(T, axis=1, keepdims=True)).astype(np.float32)
    P = rng.dirichlet(np.ones(K), size=8)
    D2 = np.zeros((K, K))
    for i in range(K):
        for k in range(K):
            if i != k:
                D2[i, k] = (
                    (i - k) ** 2 if metric == "ordinal" else 1 - T[i].astype(float) @ T[k].astype(float)
                )
    D2 /= D2.sum() / (K * (K - 1))
    found = squared_distances(T, metric)
    np.testing.assert_allclose(found, D2, atol=1e-6)
    R = risk(np.log(P).astype(np.float32), found, 1.0)
    for i in range(8):
        expected = [sum(P[i, k] * D2[c, k] for k in range(K)) for c in range(K)]
        np.testing.assert_allclose(R[i], expected, atol=1e-5)
        assert expected[softmax(-3.0 * R)[i].argmax()] == pytest.approx(min(expected), abs=1e-5)


def test_a_middle_class_is_the_answer_between_two_ends():
    P = np.array([[0.5, 0.0001, 0.4999], [0.9, 0.05, 0.05]], dtype=np.float32)
    R = risk(np.log(P), squared_distances(np.eye(3, dtype=np.float32), "ordinal"), 1.0)
    assert R.argmin(axis=1).tolist() == [1, 0]


def test_temperatures_are_powers_of_probabilities():
    P = np.array([[0.6, 0.3, 0.1]])
    D2 = squared_distances(np.eye(3, dtype=np.float32), "ordinal")
    squares = P**2 / np.sum(P**2)
    np.testing.assert_allclose(risk(np.log(P).astype(np.float32), D2, 2.0), squares @ D2, rtol=1e-5)


def test_with_classes_equally_far_apart_the_most_probable_class_is_the_answer(embedded):
    view, _, _ = embedded(noise=1.5)
    texts = np.linalg.qr(np.random.default_rng(0).standard_normal((24, 4)))[0].T.astype(np.float32)
    view = replace(view, template_embeddings=texts[None])
    labels = Loki().fit_predict(view, np.random.default_rng(0))
    np.testing.assert_array_equal(labels.test.argmax(axis=1), (view.X_test @ texts.T).argmax(axis=1))


def test_texts_without_distance_give_equal_probabilities(embedded):
    view, _, _ = embedded()
    view = replace(view, template_embeddings=np.repeat(view.template_embeddings[:, :1], 4, axis=1))
    labels = Loki().fit_predict(view, np.random.default_rng(0))
    np.testing.assert_allclose(labels.pool, 0.25, atol=1e-6)


def steps(seed, n_classes=12):
    """Return views of classes along an arc, undecided zero-shot answers, and the truth."""
    from autows.types import TaskView

    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 1.2, n_classes)
    means = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    wide = np.concatenate([means, np.zeros((n_classes, 6))], axis=1)
    y = rng.integers(n_classes, size=600)
    X = wide[y] + 0.05 * rng.standard_normal((600, 8))
    T = wide + 0.25 * rng.standard_normal(wide.shape)
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    view = TaskView(
        X_seed=X[:40].astype(np.float32),
        y_seed=y[:40],
        X_pool=X[:400].astype(np.float32),
        X_test=X[400:].astype(np.float32),
        n_classes=n_classes,
        seed_index=np.arange(40),
        template_embeddings=T[None].astype(np.float32),
        logit_scale=30.0,
    )
    return view, y[400:]


def test_steps_of_a_scale_are_mistaken_by_less_than_the_most_probable_class_is():
    ours, alone = [], []
    for seed in range(4):
        view, y_test = steps(seed)
        labels = Loki("ordinal").fit_predict(view, np.random.default_rng(0))
        ours.append(np.mean((labels.test.argmax(axis=1) - y_test) ** 2))
        X = view.X_test / np.linalg.norm(view.X_test, axis=1, keepdims=True)
        alone.append(np.mean(((X @ view.class_embeddings.T).argmax(axis=1) - y_test) ** 2))
    assert np.mean(ours) < 0.8 * np.mean(alone)


def test_the_pair_with_the_least_log_loss_on_the_seeds_is_chosen(embedded):
    from baselines import _transduction, loki

    view, _, _ = embedded(noise=1.5)
    labels = Loki().fit_predict(view, np.random.default_rng(0))
    X = view.X_seed / np.linalg.norm(view.X_seed, axis=1, keepdims=True)
    log_P = np.log(softmax((20 * X @ view.class_embeddings.T).astype(float)))
    D2 = squared_distances(view.class_embeddings, "texts")

    def loss(t, s):
        P = softmax(-s * risk(log_P.astype(np.float32), D2, t))
        return -np.mean(np.log(np.maximum(P[np.arange(40), view.y_seed], 1e-4)))

    chosen = loss(labels.info["temperature"], labels.info["sharpness"])
    least = min(loss(t, s) for t in loki.TEMPERATURES for s in loki.SHARPNESS)
    assert least <= chosen <= least + _transduction.INDIFFERENCE + 1e-5
