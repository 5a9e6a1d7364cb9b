"""Quotas beside the greedy choice pair by pair, and rounds beside a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autows import method
from baselines._seeded_pool import SeededPool, softmax
from baselines.pseudo_label_rounds import PseudoLabelRounds, fill_quotas, shares_of


def greedy(P, quotas):
    labels, room = np.full(len(P), -1), list(quotas)
    for _, i, k in sorted((-P[i, k], i, k) for i in range(len(P)) for k in range(P.shape[1])):
        if labels[i] < 0 and room[k] > 0:
            labels[i] = k
            room[k] -= 1
    return labels


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 10_000), st.data())
def test_the_likeliest_pair_goes_first(N, K, seed, data):
    P = np.random.default_rng(seed).dirichlet(np.full(K, 0.5), N)
    quotas = np.array(data.draw(st.lists(st.integers(0, N), min_size=K, max_size=K)))
    np.testing.assert_array_equal(fill_quotas(P, quotas), greedy(P, quotas))


def test_equal_probabilities_fill_the_quotas_all_the_same():
    labels = fill_quotas(np.full((10, 2), 0.5), np.array([4, 5]))
    assert np.bincount(labels + 1, minlength=3).tolist() == [1, 4, 5]


def test_a_displaced_row_goes_to_its_next_best_class():
    P = np.array([[0.9, 0.1, 0.0], [0.8, 0.15, 0.05], [0.7, 0.1, 0.2]])
    assert fill_quotas(P, np.array([1, 1, 1])).tolist() == [0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(2, 8), st.integers(0, 1000))
def test_quotas_sum_to_the_total_and_are_within_one_of_their_shares(total, K, seed):
    prior = np.random.default_rng(seed).dirichlet(np.ones(K))
    quotas = shares_of(total, prior)
    assert quotas.sum() == total
    assert np.all(np.abs(quotas - total * prior) < 1 + 1e-6)


@pytest.mark.parametrize("schedule", ["grip", "ifpl"])
def test_rounds_are_those_of_a_plain_loop(embedded, schedule):
    view, _, _ = embedded(noise=2.5)
    entrant = PseudoLabelRounds(rounds=3, schedule=schedule, per_class=10)
    seeded = SeededPool.tuned(view, np.random.default_rng(0))
    seeds = np.arange(40) % 5 > 0
    heads = entrant._teach(seeded, seeds)
    assert len(heads) == 4
    head = seeded.fit(seeds)
    for number in (1, 2, 3):
        total = int(np.ceil(200 * number / 3)) if schedule == "grip" else 40
        labels = greedy(softmax(seeded.pool_logits(head)), shares_of(total, seeded.prior))
        assert np.sum(labels >= 0) == total
        weight = np.where(labels >= 0, 32 / total, 0.0)
        head = seeded.fit(seeds, np.eye(4)[labels], weight, start=head)
        np.testing.assert_allclose(heads[number].W, head.W, atol=1e-8)


def test_held_out_seeds_choose_the_round(embedded):
    view, y_pool, _ = embedded(n_classes=6, n=42, d=64, noise=3.0, text_noise=2.0, pool=600, seed=1)
    labels = method.create("pseudo_label_rounds").fit_predict(view, np.random.default_rng(0))
    none = method.create("pseudo_label_rounds[rounds=1,pseudo_weight=1e-9]")
    before = none.fit_predict(view, np.random.default_rng(0))
    assert labels.info["chosen"] > 0
    assert labels.info["held_out_log_loss"] < before.info["held_out_log_loss"]
    rest = view.unlabeled_index
    right, plain = ((L.pool.argmax(axis=1) == y_pool)[rest].mean() for L in (labels, before))
    assert right > plain + 0.1


@pytest.mark.parametrize("wrong", ["rounds=0", "schedule=fpl", "pseudo_weight=0.0", "per_class=0"])
def test_parameters_out_of_range_are_told(wrong):
    with pytest.raises(Exception, match=wrong.split("=")[0]):
        method.create(f"pseudo_label_rounds[{wrong}]").validate()
