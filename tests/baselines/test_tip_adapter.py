"""Tip-Adapter beside its formula in plain loops, and leaving out beside really leaving out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

from baselines._embeddings import TEMPERATURES, SeedEmbeddings
from baselines.tip_adapter import ALPHAS, BETAS, TipAdapter, left_out_votes

SMALL = dict(n_classes=4, n=15, pool=40, test=10, d=16, noise=2.0, text_noise=2.0, scale=30.0)


def cache_votes(x, F, y, K, beta, balanced):
    """Return the votes of a cache for one row, seed by seed."""
    votes, counts = np.zeros(K), np.zeros(K)
    for f, label in zip(F, y, strict=True):
        votes[label] += np.exp(-beta * (1 - x @ f))
        counts[label] += 1
    if not balanced:
        return votes
    seen = [k for k in range(K) if counts[k]]
    result = np.zeros(K)
    for k in seen:
        result[k] = votes[k] / counts[k] * len(y) / K
    for k in set(range(K)) - set(seen):
        result[k] = sum(result[j] for j in seen) / len(seen)
    return result


def without_class(view, k):
    rows = np.flatnonzero(view.y_seed != k)
    return replace(view, X_seed=view.X_seed[rows], y_seed=view.y_seed[rows], seed_index=view.seed_index[rows])


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("missing", [None, 2])
def test_answers_are_those_of_plain_loops(embedded, balanced, missing):
    view, *_ = embedded(**SMALL)
    view = view if missing is None else without_class(view, missing)
    labels = TipAdapter(balanced=balanced).fit_predict(view, np.random.default_rng(0))
    alpha, beta, temperature = (labels.info[key] for key in ("alpha", "beta", "temperature"))
    assert alpha > 0
    F = view.X_seed.astype(np.float64)
    for x, p in zip(view.X_test.astype(np.float64), labels.test, strict=True):
        logits = view.logit_scale * view.class_embeddings @ x
        logits += alpha * cache_votes(x, F, view.y_seed, 4, beta, balanced)
        np.testing.assert_allclose(p, np.exp(log_softmax(logits / temperature)), atol=2e-4)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("grouped", [True, False])
def test_votes_without_a_seed_are_those_of_the_cache_without_it(embedded, balanced, grouped):
    seeds = SeedEmbeddings.of(embedded(**SMALL)[0])
    groups = np.arange(15) // 2 if grouped else np.arange(15)
    votes = left_out_votes(seeds, groups, 3.0, balanced)
    for i in range(15):
        others = groups != groups[i]
        expected = cache_votes(seeds.F[i], seeds.F[others], seeds.y[others], 4, 3.0, balanced)
        np.testing.assert_allclose(votes[i], expected, rtol=1e-10)


def test_alpha_beta_and_temperature_have_the_lowest_left_out_loss(embedded):
    view, *_ = embedded(**SMALL)
    labels = TipAdapter().fit_predict(view, np.random.default_rng(0))
    seeds, losses = SeedEmbeddings.of(view), {}
    for beta in BETAS:
        votes = np.array(
            [
                cache_votes(seeds.F[i], np.delete(seeds.F, i, 0), np.delete(seeds.y, i), 4, beta, True)
                for i in range(15)
            ]
        )
        for alpha in ALPHAS:
            Z = seeds.zero_shot + alpha * votes
            for t in TEMPERATURES:
                loss = -log_softmax(Z / t, axis=1)[np.arange(15), seeds.y].mean()
                losses[alpha, beta, t] = loss, loss + 0.5 * np.log(t) ** 2 / 15
    chosen = tuple(labels.info[key] for key in ("alpha", "beta", "temperature"))
    assert labels.info["left_out_log_loss"] == pytest.approx(losses[chosen][0], abs=1e-4)
    # Over the temperatures a prior counts too; between betas the loss alone.
    same_beta = [total for (_, beta, _), (_, total) in losses.items() if beta == chosen[1]]
    assert losses[chosen][1] == pytest.approx(min(same_beta), abs=1e-9)


def test_balance_changes_nothing_where_classes_have_equal_numbers(embedded):
    view, *_ = embedded(**{**SMALL, "n": 40})
    rows = np.concatenate([np.flatnonzero(view.y_seed == k)[:5] for k in range(4)])
    seeds = SeedEmbeddings.of(view).only(rows)
    alone = np.zeros(20)
    np.testing.assert_array_equal(seeds.counts, 5)
    # One group: nothing votes. Groups of one seed a class: four in each class stay.
    assert not left_out_votes(seeds, alone, 2.0, True).any()
    groups = np.tile(np.arange(5), 4)
    votes = [left_out_votes(seeds, groups, 2.0, balanced) for balanced in (True, False)]
    np.testing.assert_allclose(*votes)
