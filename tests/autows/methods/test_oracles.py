"""What the seeds and a person say of labeling functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from autows.methods._oracles import (
    PERSON_CERTAINTY,
    Answer,
    NoMoreAnswers,
    RecordedOracle,
    SeedOracle,
    SeedRecord,
    person_says,
)


def record(right, wrong, chance):
    return SeedRecord(np.array(right), np.array(wrong), np.array(chance, dtype=float))


def test_votes_on_seeds_are_counted():
    seed_votes = np.array([[0, -1, 2], [0, 1, -1], [-1, 1, -1], [0, -1, 2]], dtype=np.int8)
    y = np.array([0, 1, 1, 2])
    counted = SeedRecord.of(seed_votes, y, np.array([0, 1, 2]), np.array([0.3, 0.5, 0.2]))
    assert counted.right.tolist() == [1, 2, 1]
    assert counted.wrong.tolist() == [2, 0, 1]
    assert counted.chance.tolist() == [0.3, 0.5, 0.2]


def test_the_chance_of_being_useful_is_a_beta_tail():
    rng = np.random.default_rng(0)
    right, wrong = rng.integers(0, 30, 50), rng.integers(0, 30, 50)
    chance = rng.uniform(0.05, 0.6, 50)
    found = record(right, wrong, chance).useful_chance(0.2)
    for j in range(50):
        need = chance[j] + 0.2 * (1 - chance[j])
        posterior = beta(2 * chance[j] + right[j], 2 * (1 - chance[j]) + wrong[j])
        assert found[j] == pytest.approx(1 - posterior.cdf(need), abs=1e-12)


def test_with_two_even_classes_the_prior_is_uniform_and_useful_is_six_in_ten():
    found = record([0, 7], [0, 3], [0.5, 0.5]).useful_chance(0.2)
    np.testing.assert_allclose(found, [0.4, beta(8, 4).sf(0.6)])


def test_before_any_vote_a_rare_class_is_not_taken_for_useful():
    assert record([0], [0], [0.1]).useful_chance(0.2)[0] < 0.3


def test_lifts_are_moments_of_the_same_posterior():
    mean, variance = record([9, 0], [3, 4], [0.2, 0.5]).lifts()
    for j, (a, b, c) in enumerate([(9.4, 4.6, 0.2), (1.0, 5.0, 0.5)]):
        assert mean[j] == pytest.approx((beta(a, b).mean() - c) / (1 - c))
        assert variance[j] == pytest.approx(beta(a, b).var() / (1 - c) ** 2)


def test_the_seeds_answer_only_when_they_are_sure():
    seeds = record([20, 0, 3, 0], [0, 20, 2, 0], [0.5] * 4)
    p = seeds.useful_chance(0.2)
    bold, careful = SeedOracle(seeds, 0.2, 0.5), SeedOracle(seeds, 0.2, 0.9)
    assert bold.ask(0) == Answer(True, p[0])
    assert bold.ask(1) == Answer(False, pytest.approx(1 - p[1]))
    assert bold.ask(2).useful is bool(p[2] >= 0.5)
    assert careful.ask(0).useful is True
    assert careful.ask(1).useful is False
    assert careful.ask(2) == Answer(None)
    # No vote is no evidence, however sure one has to be.
    assert bold.ask(3) == Answer(None)


def test_more_votes_make_an_answer_surer():
    seeds = record([4, 40], [1, 10], [0.5, 0.5])
    oracle = SeedOracle(seeds, 0.2, 0.5)
    assert 0.5 < oracle.ask(0).certainty < oracle.ask(1).certainty < 1


def test_recorded_words_are_repeated_until_there_are_none():
    oracle = RecordedOracle("lf{}".format, {"lf0": "y", "lf1": "n", "lf2": "?"})
    assert oracle.ask(0) == Answer(True, PERSON_CERTAINTY)
    assert oracle.ask(1) == Answer(False, PERSON_CERTAINTY)
    assert oracle.ask(2) == Answer(None)
    with pytest.raises(NoMoreAnswers):
        oracle.ask(3)


def test_other_words_are_no_answers():
    with pytest.raises(KeyError):
        person_says("maybe")
