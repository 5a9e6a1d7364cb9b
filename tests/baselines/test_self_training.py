"""Self-training: who is confident, beside loops; rounds beside their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autows import method
from autows.prior_matching import match_prior
from baselines._seeded_pool import SeededPool, softmax
from baselines.self_training import SelfTraining, most_confident


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 40), st.integers(2, 5), st.sampled_from([0.1, 1 / 3, 0.5, 0.9, 1.0]), st.integers(0, 999)
)
def test_each_predicted_class_keeps_its_share_of_the_most_confident(N, K, share, seed):
    P = np.random.default_rng(seed).dirichlet(np.ones(K), N)
    kept = most_confident(P, share)
    for k in range(K):
        mine = np.flatnonzero(P.argmax(axis=1) == k)
        best = sorted(mine, key=lambda i: -P[i].max())[: int(np.ceil(share * len(mine) - 1e-9))]
        assert sorted(np.flatnonzero(kept[mine])) == sorted(np.flatnonzero(np.isin(mine, best)))


@pytest.mark.parametrize("balance", [False, True])
def test_rounds_are_those_of_a_plain_loop(embedded, balance):
    view, _, _ = embedded(noise=2.5)
    entrant = SelfTraining(rounds=2, sharpness=3.0, pseudo_weight=0.5, balance=balance)
    seeded = SeededPool.tuned(view, np.random.default_rng(0))
    seeds = np.arange(40) % 5 > 0
    heads = entrant._teach(seeded, seeds)
    head = seeded.fit(seeds)
    for number in (1, 2):
        P = softmax(seeded.pool_logits(head))
        if balance:
            P *= np.exp(match_prior(np.log(P), seeded.prior))
            P /= P.sum(axis=1, keepdims=True)
        kept = most_confident(P, number / 2)
        Q = P**3 / np.sum(P**3, axis=1, keepdims=True)
        head = seeded.fit(seeds, Q, np.where(kept, 0.5 * 32 / kept.sum(), 0), start=head)
        np.testing.assert_allclose(heads[number].W, head.W, atol=1e-4)


def test_soft_answers_of_its_own_teach_a_linear_head_nothing(embedded):
    view, _, _ = embedded(noise=2.5)
    seeded = SeededPool.tuned(view, np.random.default_rng(0))
    seeds = np.ones(40, dtype=bool)
    soft = SelfTraining(rounds=1, sharpness=1.0, balance=False)._teach(seeded, seeds)
    hard = SelfTraining(rounds=1, sharpness=8.0, balance=False)._teach(seeded, seeds)
    moved = [np.abs(heads[1].W - heads[0].W).max() for heads in (soft, hard)]
    assert moved[0] < 0.3 * moved[1]


@pytest.mark.parametrize("wrong", ["rounds=0", "sharpness=0.5", "pseudo_weight=0.0"])
def test_parameters_out_of_range_are_told(wrong):
    with pytest.raises(Exception, match=wrong.split("=")[0]):
        method.create(f"self_training[{wrong}]").validate()
