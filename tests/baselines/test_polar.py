"""The harmonizer beside its loss written out source by source."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from autows import method
from baselines._linear_head import Head
from baselines._seeded_pool import SeededPool
from baselines._template_votes import TemplateVotes


@pytest.mark.parametrize("power", [1, 2])
def test_the_fit_minimises_the_scalarised_loss_of_all_sources(embedded, power):
    view, _, _ = embedded(n_classes=3, n=8, pool=16, d=3, noise=1.0, text_noise=2.0, templates=5)
    rng = np.random.default_rng(0)
    seeded = SeededPool.tuned(view, rng, trusts=(0.0,))
    templates = TemplateVotes(view, True, rng)
    X = view.X_pool[seeded.rows]
    L, every = templates.votes(X), np.ones(8, dtype=bool)
    head = seeded.fit(every, templates.shares(X), np.full(8, 0.5), power=power)

    def log_p(flat, z):
        logits = z @ flat[:-1] + flat[-1]
        return logits - np.log(np.exp(logits).sum())

    def loss(flat):
        flat = flat.reshape(-1, 3)
        total = np.sum(flat**2) / (2 * seeded.C)
        for z, label in zip(seeded.Z_seed, view.y_seed, strict=True):
            total += (-log_p(flat, z)[label]) ** power
        for z, votes in zip(seeded.Z_pool, L, strict=True):
            total += 0.5 * np.mean([-log_p(flat, z)[vote] for vote in votes]) ** power
        return total

    mine = np.vstack([head.W, head.b])
    best = minimize(loss, np.zeros(mine.size), tol=1e-7)
    assert loss(mine) <= best.fun * (1 + 2e-4)


def test_the_mean_score_is_the_model_s_doubt_of_zero_shot_answers(embedded):
    found = []
    for text_noise in (0.3, 3.0):
        view, y_pool, _ = embedded(text_noise=text_noise, noise=1.0)
        labels = method.create("polar").fit_predict(view, np.random.default_rng(0))
        wrong = np.mean((view.zero_shot_pool.argmax(axis=1) != y_pool)[view.unlabeled_index])
        assert labels.info["mean_polar_score"] == pytest.approx(wrong, abs=0.1)
        found.append(labels.info["mean_polar_score"])
    assert found[1] > found[0] + 0.1


def test_better_than_seeds_alone_where_seeds_are_few_and_texts_good(embedded):
    view, _, y_test = embedded(n=8, noise=2.0, text_noise=0.5, pool=400, test=400)
    seeds_alone, both = (
        method.create(name).fit_predict(view, np.random.default_rng(0)).test.argmax(axis=1) == y_test
        for name in ("logistic_regression", "polar")
    )
    assert both.mean() > seeds_alone.mean() + 0.05


def test_an_unknown_scalarisation_is_told():
    with pytest.raises(Exception, match="quadratic or linear"):
        method.create("polar[scalarisation=chebyshev]").validate()


def test_the_zero_head_answers_evenly():
    np.testing.assert_array_equal(Head.zero(3, 4).logits(np.ones((2, 3))), 0)
