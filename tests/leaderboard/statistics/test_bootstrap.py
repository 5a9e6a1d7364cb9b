"""Resampling by hand, beside all resamples there are, and beside loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leaderboard.statistics import (
    expanded_tail,
    resampled_means,
    resampling_weights,
    two_level_bootstrap,
)

SCORES = st.floats(0, 1).map(lambda x: round(x, 2))
TASKS = st.integers(1, 4).flatmap(
    lambda M: st.lists(
        st.integers(1, 4).flatmap(lambda n: arrays(np.float64, (M, n), elements=SCORES)),
        min_size=1,
        max_size=4,
    )
)


def rng(seed=0):
    return np.random.default_rng(seed)


def every_resample(differences):
    """Return the mean of each possible resample and its chance, by going through all of them."""
    T, found = len(differences), {}
    for chosen in itertools.product(range(T), repeat=T):
        every = [itertools.product(differences[t], repeat=len(differences[t])) for t in chosen]
        chance = 1 / T**T / math.prod(len(differences[t]) ** len(differences[t]) for t in chosen)
        for draws in itertools.product(*every):
            mean = round(float(np.mean([np.mean(values) for values in draws])), 9)
            found[mean] = found.get(mean, 0) + chance
    assert sum(found.values()) == pytest.approx(1)
    return found


def loop(scores, generator, B):
    """Resample as written, one number at a time."""
    rows, most = [], max(task.shape[1] for task in scores)
    for _ in range(B):
        u = generator.random((len(scores), 1 + most))
        total = np.zeros(len(scores[0]))
        for slot in u:
            task = scores[int(slot[0] * len(scores))]
            n = task.shape[1]
            total += sum(task[:, int(slot[1 + j] * n)] for j in range(n)) / n
        rows.append(total / len(scores))
    return np.array(rows)


def test_resamples_have_the_chances_of_all_that_there_are():
    differences = [[0.0, 0.4], [0.2], [0.9, 0.1]]
    expected = every_resample(differences)
    B = 40_000
    means = resampled_means([np.array([d]) for d in differences], rng(), B)[:, 0].round(9)
    assert set(means) <= set(expected)
    for mean, chance in expected.items():
        assert np.mean(means == mean) == pytest.approx(chance, abs=5 * math.sqrt(chance / B))


@settings(max_examples=40, deadline=None)
@given(TASKS, st.integers(0, 99))
def test_weights_resample_as_a_loop_does(scores, seed):
    assert resampled_means(scores, rng(seed), 7) == pytest.approx(loop(scores, rng(seed), 7), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_weights_sum_to_one_in_shares_of_a_task(n_draws):
    weights = np.concatenate(list(resampling_weights(n_draws, rng(), 20)))
    assert weights.shape == (20, sum(n_draws))
    assert weights.sum(axis=1) == pytest.approx(np.ones(20))
    times = weights * np.repeat(n_draws, n_draws) * len(n_draws)
    assert times == pytest.approx(times.round())


def test_resamples_in_parts_are_the_same_resamples(monkeypatch):
    scores = [rng(1).random((3, n)) for n in (4, 2, 5)]
    whole = resampled_means(scores, rng(), 50)
    monkeypatch.setattr("leaderboard.statistics.bootstrap._CELLS", 60)
    assert resampled_means(scores, rng(), 50) == pytest.approx(whole, abs=1e-15)
    assert resampled_means(scores, rng(), 20) == pytest.approx(whole[:20], abs=1e-15)


def test_all_methods_share_a_resample():
    a, b = ([rng(seed).random(n) for n in (4, 2, 5)] for seed in (1, 2))
    both = resampled_means([np.array(pair) for pair in zip(a, b, strict=True)], rng(), 100)
    difference = resampled_means([(x - y)[None] for x, y in zip(a, b, strict=True)], rng(), 100)
    assert both[:, 0] - both[:, 1] == pytest.approx(difference[:, 0])


def test_the_error_is_that_of_the_formula():
    tasks = [rng(3).normal(0.1 * t, 0.2, n) for t, n in enumerate((5, 8, 3, 10, 6))]
    found = two_level_bootstrap(tasks, rng(), 20_000)
    within = np.mean([task.var() / len(task) for task in tasks])
    between = np.var([task.mean() for task in tasks])
    assert found.se == pytest.approx(math.sqrt((between + within) / (len(tasks) - 1)), rel=0.03)
    assert found.mean == pytest.approx(np.mean([task.mean() for task in tasks]))
    assert (found.n_tasks, found.n_draws) == (5, 32)


def test_many_tasks_give_the_interval_of_a_normal():
    # 400 tasks of one draw: error s / sqrt(400), and a mean 2.2 errors away from zero.
    values = rng(4).standard_normal(400)
    values = (values - values.mean()) / values.std() + 2.2 / 20
    found = two_level_bootstrap(values[:, None], rng(), 20_000)
    assert (found.low, found.high) == pytest.approx((0.11 - 1.96 / 20, 0.11 + 1.96 / 20), abs=0.003)
    assert found.se == pytest.approx(1 / 20, rel=0.03)


@pytest.mark.parametrize(("T", "tail"), [(4, 0.000119), (12, 0.010757)])
def test_how_far_out_the_ends_are_goes_by_tasks_less_one(T, tail):
    # Student's t of 3 and 11 degrees of freedom, 3.182446 and 2.200985, times sqrt(T / (T - 1)).
    assert expanded_tail(0.95, T) == pytest.approx(tail, abs=1e-6)
    tasks = [[float(x)] for x in rng(4).normal(size=T)]
    found, means = two_level_bootstrap(tasks, rng(), 3000), resampled_means([[t] for t in tasks], rng(), 3000)
    assert (found.low, found.high) == pytest.approx(
        tuple(np.quantile(means[:, 0], [tail, 1 - tail])), abs=1e-4
    )
    assert expanded_tail(0.9, 1) == pytest.approx(0.05)


def test_every_task_weighs_the_same():
    found = two_level_bootstrap([[0.1] * 50, [0.3]], rng(), 2000)
    assert found.mean == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.1, 0.3))


def test_no_difference_has_no_doubt():
    found = two_level_bootstrap([[0.0, 0.0], [0.0]], rng(), 100)
    assert (found.mean, found.low, found.high, found.se) == (0, 0, 0, 0)


def test_a_single_draw_says_nothing_but_one_draw_of_two_tasks_does():
    found = two_level_bootstrap([[0.2]], rng(), 100)
    assert found.mean == 0.2
    assert np.isnan([found.low, found.high, found.se]).all()
    assert two_level_bootstrap([[0.2], [0.4]], rng(), 100).se > 0


@settings(max_examples=25, deadline=None)
@given(TASKS)
def test_turning_round_turns_the_interval_round(scores):
    tasks = [task[0] - 0.5 for task in scores]
    found, turned = two_level_bootstrap(tasks, rng(), 99), two_level_bootstrap([-t for t in tasks], rng(), 99)
    assert (turned.mean, turned.low, turned.high) == pytest.approx(
        (-found.mean, -found.high, -found.low), nan_ok=True
    )
    assert turned.se == pytest.approx(found.se, nan_ok=True)


def test_order_of_tasks_and_draws_matters_no_more_than_the_seed():
    tasks = [rng(5).normal(0.05, 0.1, n) for n in (6, 3, 8, 5)]
    found = two_level_bootstrap(tasks, rng(0), 20_000)
    other = two_level_bootstrap([task[::-1] for task in tasks[::-1]], rng(1), 20_000)
    assert other.mean == pytest.approx(found.mean)
    assert other.se == pytest.approx(found.se, abs=0.003)
    # The ends are far out in the tails.
    assert (other.low, other.high) == pytest.approx((found.low, found.high), abs=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: two_level_bootstrap([], rng()), "one array a task and one value a draw; got 0 tasks"),
        (lambda: two_level_bootstrap([[0.1], []], rng()), r"got 2 tasks of shapes \[\(1,\), \(0,\)\]"),
        (lambda: two_level_bootstrap([[0.1], [math.nan]], rng()), "task 1; got 1 of 1 that are NaN"),
        (lambda: two_level_bootstrap([[0.1]], rng(), level=2), "a confidence level lies between 0 and 1"),
        (lambda: two_level_bootstrap([[0.1]], rng(), 1), "at least two resamples; got 1"),
        (lambda: list(resampling_weights([], rng(), 9)), "tasks of at least one draw each"),
        (
            lambda: list(resampling_weights([2, 0], rng(), 9)),
            r"tasks of at least one draw each; got .*\[2, 0\]",
        ),
    ],
)
def test_what_cannot_be_resampled_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
