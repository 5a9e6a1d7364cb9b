"""Differences among many methods: on one task beside paired t-tests, over tasks beside the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard.statistics import (
    differences,
    expanded_p,
    expanded_tail,
    mean_interval,
    paired_difference,
    pairwise_bootstrap_p,
    pairwise_p,
    resampled_means,
    tie_groups,
    two_level_bootstrap,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def made_up(M, draws, spread=0.02, seed=1):
    generator = rng(seed)
    return [np.round(0.5 + spread * generator.normal(size=(M, n)), 3) for n in draws]


def test_one_task_is_student_t_over_its_draws():
    (task,) = made_up(4, [5])
    found = differences([task], rng())
    assert found.df == 4
    for i in range(4):
        assert (found.low[i], found.high[i]) == pytest.approx(mean_interval(task[i])[1:])
        for j in range(4):
            pair = paired_difference(task[i], task[j])
            mine = found.difference_low[i, j], found.difference_high[i, j], found.p[i, j]
            assert mine == pytest.approx((pair.low, pair.high, pair.p))
    assert np.array_equal(found.p, pairwise_p(task))
    assert found.se[0, 1] == pytest.approx((task[0] - task[1]).std(ddof=1) / 5**0.5)


def test_on_one_task_three_draws_of_the_same_sign_are_no_proof():
    # Resampled draws would all be above zero, and p the least there is.
    task = np.array([[0.60, 0.65, 0.52], [0.59, 0.58, 0.51]])
    found = differences([task], rng())
    assert found.p[0, 1] > 0.1
    assert found.difference_low[0, 1] < 0 < found.difference_high[0, 1]


def test_over_tasks_it_is_the_two_level_bootstrap():
    tasks = made_up(3, [3, 4, 5, 3])
    found = differences(tasks, rng(), 2000)
    resampled, tail = resampled_means(tasks, rng(), 2000), expanded_tail(0.95, 4)
    assert np.array([found.low, found.high]) == pytest.approx(
        np.quantile(resampled, [tail, 1 - tail], axis=0)
    )
    for i, j in ((0, 1), (1, 2), (2, 0)):
        pair = two_level_bootstrap([task[i] - task[j] for task in tasks], rng(), 2000)
        mine = found.difference_low[i, j], found.difference_high[i, j], found.p[i, j], found.se[i, j]
        assert mine == pytest.approx((pair.low, pair.high, pair.p, pair.se))
    assert found.df == 3


def test_turned_round_signs_turn():
    for tasks in (made_up(4, [3]), made_up(4, [3, 3])):
        found = differences(tasks, rng(), 200)
        assert np.array_equal(found.difference_low, -found.difference_high.T)
        assert np.array_equal(found.p, found.p.T)
        assert not found.difference_low.diagonal().any()
        assert (found.p.diagonal() == 1).all()


def test_only_what_no_resample_contradicts_has_a_smaller_p_than_the_bootstrap():
    tasks = made_up(6, [4] * 8, spread=0.01)
    for task in tasks:
        task[0] += 0.2
    B = 500
    found, plain = differences(tasks, rng(), B), pairwise_bootstrap_p(resampled_means(tasks, rng(), B))
    floor, expanded = 2 / (B + 1), expanded_p(plain, 0.0, 8, B)
    assert np.array_equal(found.p[plain > floor], expanded[plain > floor])
    assert (found.p[0, 1:] < floor / 100).all()
    assert (found.p <= expanded).all()


def test_among_a_hundred_methods_a_plain_difference_is_still_told():
    tasks = made_up(100, [3] * 10, spread=0.001)
    for task in tasks:
        task[:50] += 0.3
    # 4,950 pairs: with 20,000 resamples no bootstrap p is below 1e-4, and none survives Holm's correction.
    found = differences(tasks, rng(), 20_000)
    order = sorted(range(100), key=lambda i: -np.mean([task[i].mean() for task in tasks]))
    groups = dict(zip(order, tie_groups(order, found.p), strict=True))
    assert max(groups[i] for i in range(50)) < min(groups[i] for i in range(50, 100))


def test_equal_methods_are_equal():
    for tasks in ([[[0.5, 0.6, 0.7]] * 2], [[[0.5, 0.6]] * 2, [[0.1, 0.9]] * 2]):
        found = differences(tasks, rng(), 100)
        assert found.p.min() == 1
        assert not found.difference_low.any()
        assert not found.se.any()


def test_a_constant_difference_on_every_task_is_certain():
    found = differences([[[0.6, 0.6], [0.5, 0.5]]] * 3, rng(), 100)
    assert found.difference_low[0, 1] == pytest.approx(0.1)
    # As sure as a hundred resamples of three tasks can be.
    assert found.p[0, 1] == pytest.approx(expanded_p(2 / 101, 0.0, 3, 100))


def test_a_single_draw_says_nothing():
    assert differences([[[0.5], [0.6]]], rng()) is None
    assert differences([[[0.5], [0.6]], [[0.5], [0.7]]], rng(), 100) is not None


@pytest.mark.parametrize("scores", [[], [[[0.5, 0.6], [0.5]]], [[[np.nan, 0.5]]], [[[0.5]], [[0.5], [0.6]]]])
def test_bad_scores_are_refused(scores):
    with pytest.raises(ValueError, match="differences need finite scores"):
        differences(scores, rng())
