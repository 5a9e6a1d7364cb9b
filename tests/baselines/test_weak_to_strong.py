"""Weak-to-strong training: hardened answers, the mixture of labels, and features of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from autows import method
from baselines._seeded_pool import SeededPool
from baselines.weak_to_strong import WEIGHTS, WeakToStrong, hardened


def test_hardened_answers_have_the_shares_asked_for():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4000, 3)) + np.array([2.0, 0.0, -1.0])
    shares = np.array([0.2, 0.5, 0.3])
    own = hardened(logits, shares)
    np.testing.assert_array_equal(own.sum(axis=1), 1)
    np.testing.assert_array_equal(np.unique(own), [0, 1])
    # The offsets match mean probabilities; shares of favourites are near them, unlike those without.
    assert np.abs(own.mean(axis=0) - shares).max() < 0.1
    assert np.bincount(logits.argmax(axis=1), minlength=3)[0] / 4000 > 0.7


@pytest.mark.parametrize("confidence", [0.0, 0.6])
def test_rounds_are_those_of_a_plain_loop(embedded, confidence):
    view, _, _ = embedded(noise=2.5)
    entrant = WeakToStrong(rounds=4, confidence=confidence)
    seeded = SeededPool.tuned(view.restricted_to(entrant.needs), np.random.default_rng(0), trusts=(0.0,))
    seeds, Q = np.arange(40) % 5 > 0, view.zero_shot_pool[seeded.rows].astype(float)
    Q /= Q.sum(axis=1, keepdims=True)
    first = seeded.fit(seeds)
    heads = entrant._train(seeded, seeds, Q, 4.0, first)
    w = np.full(200, 4 * 32 / 200)
    head = seeded.fit(seeds, Q, w, first)
    np.testing.assert_allclose(heads[0].W, head.W, atol=1e-8)
    for number, c in ((1, confidence / 2), (2, confidence), (3, confidence), (4, confidence)):
        target = (1 - c) * Q + c * hardened(seeded.pool_logits(head), Q.mean(axis=0))
        head = seeded.fit(seeds, target, w, head)
        np.testing.assert_allclose(heads[number].W, head.W, atol=1e-8)


def test_richer_features_exceed_the_supervisor_they_learn_from(embedded):
    """Zero-shot answers see the features through noise; the student sees them as they are."""
    view, _, y_test = embedded(n=20, noise=1.5, pool=600, test=400)
    rng = np.random.default_rng(5)
    weak = []
    for X in (view.X_pool, view.X_test):
        logits = 4 * X @ view.class_embeddings.T + 1.5 * rng.standard_normal((len(X), 4))
        P = np.exp(logits)
        weak.append((P / P.sum(axis=1, keepdims=True)).astype(np.float32))
    view = replace(view, zero_shot_pool=weak[0], zero_shot_test=weak[1])
    entrant = method.create("weak_to_strong")
    labels = entrant.fit_predict(view.restricted_to(entrant.requirements), np.random.default_rng(0))
    supervisor = np.mean(weak[1].argmax(axis=1) == y_test)
    assert np.mean(labels.test.argmax(axis=1) == y_test) > supervisor + 0.2


@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_sparse_features_are_learned_from(embedded, form):
    view, _, y_test = embedded(d=30)
    sparse = {name: form(np.maximum(getattr(view, name), 0)) for name in ("X_seed", "X_pool", "X_test")}
    view = replace(view, template_embeddings=None, logit_scale=None, **sparse)
    labels = method.create("weak_to_strong").fit_predict(view, np.random.default_rng(0))
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.9


def test_the_candidates_are_no_weak_labels_and_every_weight(embedded):
    view, _, _ = embedded()
    entrant = WeakToStrong(rounds=2)
    labels = entrant.fit_predict(view.restricted_to(entrant.needs), np.random.default_rng(0))
    assert 0 <= labels.info["chosen"] <= len(WEIGHTS) * labels.info["per_weight"] == 9
    assert labels.info["rows"] == 200


@pytest.mark.parametrize("wrong", ["rounds=0", "confidence=1.5", "confidence=-0.1"])
def test_parameters_out_of_range_are_told(wrong):
    with pytest.raises(Exception, match=wrong.split("=")[0]):
        method.create(f"weak_to_strong[{wrong}]").validate()
