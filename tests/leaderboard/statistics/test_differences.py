"""Differences among many methods: on one task beside paired t-tests, over tasks pair by pair."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard.statistics import (
    differences,
    mean_interval,
    over_tasks,
    paired_difference,
    pairwise_p,
    task_means,
    tie_groups,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def made_up(M, draws, spread=0.02, seed=1):
    generator = rng(seed)
    return [np.round(0.5 + spread * generator.normal(size=(M, n)), 3) for n in draws]


def test_one_task_is_student_t_over_its_draws():
    (task,) = made_up(4, [5])
    found = differences([task])
    assert found.df == 4
    for i in range(4):
        assert (found.low[i], found.high[i]) == pytest.approx(mean_interval(task[i])[1:])
        for j in range(4):
            pair = paired_difference(task[i], task[j])
            mine = found.difference_low[i, j], found.difference_high[i, j], found.p[i, j]
            assert mine == pytest.approx((pair.low, pair.high, pair.p))
    assert np.array_equal(found.p, pairwise_p(task))
    assert found.se[0, 1] == pytest.approx((task[0] - task[1]).std(ddof=1) / 5**0.5)


def test_over_tasks_every_pair_is_the_one_that_is_compared_alone():
    tasks = made_up(3, [3, 4, 5, 3])
    # The second is the first and a little more, on every task.
    for task in tasks:
        task[1] = task[0] + 0.01
    errors = rng(3).uniform(0.005, 0.02, (4, 3))
    found, means = differences(tasks, errors), task_means(tasks)
    assert found.df == 3
    for i in range(3):
        assert (found.low[i], found.high[i]) == pytest.approx(mean_interval(means[:, i])[1:])
        for j in range(3):
            pair, _ = over_tasks([t[i] - t[j] for t in tasks], np.hypot(errors[:, i], errors[:, j]))
            mine = found.difference_low[i, j], found.difference_high[i, j], found.p[i, j], found.se[i, j]
            assert mine == pytest.approx((pair.low, pair.high, pair.p, pair.se))
    assert 0.01 < found.se[0, 1] * 2 < 0.02


def test_turned_round_signs_turn():
    for tasks in (made_up(4, [3]), made_up(4, [3, 3])):
        found = differences(tasks)
        assert np.array_equal(found.difference_low, -found.difference_high.T)
        assert np.array_equal(found.p, found.p.T)
        assert not found.difference_low.diagonal().any()
        assert (found.p.diagonal() == 1).all()


def test_among_a_hundred_methods_a_plain_difference_is_still_told():
    tasks = made_up(100, [3] * 10, spread=0.001)
    for task in tasks:
        task[:50] += 0.3
    found, means = differences(tasks), task_means(tasks).mean(axis=0)
    order = np.argsort(-means).tolist()
    groups = dict(zip(order, tie_groups(order, found.p, means), strict=True))
    assert max(groups[i] for i in range(50)) < min(groups[i] for i in range(50, 100))


def test_equal_methods_are_equal():
    for tasks in ([[[0.5, 0.6, 0.7]] * 2], [[[0.5, 0.6]] * 2, [[0.1, 0.9]] * 2]):
        found = differences(tasks)
        assert found.p.min() == 1
        assert not found.difference_low.any()
        assert not found.se.any()


def test_a_constant_difference_is_as_sure_as_the_test_set_makes_it():
    one = differences([[[0.6, 0.6], [0.5, 0.5]]], [[0.03, 0.04]])
    assert one.difference_low[0, 1] == pytest.approx(0.1 - 1.959964 * 0.05)
    three = differences([[[0.6, 0.6], [0.5, 0.5]]] * 3, [[0.03, 0.04]] * 3)
    # Two degrees of freedom.
    assert three.difference_low[0, 1] == pytest.approx(0.1 - 4.302653 * 0.05 / 3**0.5)
    for n_tasks in (1, 3):
        unknown = differences([[[0.6, 0.6], [0.5, 0.5]]] * n_tasks, [[0.03, np.nan]] * n_tasks)
        assert unknown.p.min() == 1
        assert np.isnan(unknown.difference_low[0, 1])


def test_a_single_draw_says_nothing():
    assert differences([[[0.5], [0.6]]]) is None
    assert differences([[[0.5], [0.6]], [[0.5], [0.7]]]) is not None


@pytest.mark.parametrize("scores", [[], [[[0.5, 0.6], [0.5]]], [[[np.nan, 0.5]]], [[[0.5]], [[0.5], [0.6]]]])
def test_bad_scores_are_refused(scores):
    with pytest.raises(ValueError, match="differences need finite scores"):
        differences(scores)
