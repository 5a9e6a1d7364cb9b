"""Differences over tasks by hand, beside scipy, and how often their intervals miss the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboard.statistics import over_tasks, paired_difference

TASKS = st.lists(
    st.lists(st.integers(-20, 20).map(lambda x: x / 100), min_size=1, max_size=4), min_size=1, max_size=5
)


def test_over_tasks_is_student_t_on_their_means():
    tasks = [np.random.default_rng(t).normal(0.05, 0.1, n) for t, n in enumerate((3, 5, 4, 10))]
    others, _ = over_tasks(tasks)
    expected = stats.ttest_1samp([task.mean() for task in tasks], 0)
    interval = expected.confidence_interval(0.95)
    assert (others.mean, others.p, others.df) == pytest.approx(
        (np.mean([task.mean() for task in tasks]), expected.pvalue, 3)
    )
    assert (others.low, others.high) == pytest.approx((interval.low, interval.high))


def test_on_these_tasks_by_hand():
    # Means 0.2 and 0.45 with errors 0.1 / sqrt 3 and 0.05: variances 1/300 and 1/400, two and one degrees.
    _, here = over_tasks([[0.1, 0.2, 0.3], [0.4, 0.5]])
    v = [1 / 300, 1 / 400]
    df = sum(v) ** 2 / (v[0] ** 2 / 2 + v[1] ** 2)
    assert (here.mean, here.se, here.df) == pytest.approx((0.325, math.sqrt(sum(v)) / 2, df))
    assert here.high - 0.325 == pytest.approx(stats.t.ppf(0.975, df) * here.se)
    assert here.p == pytest.approx(2 * stats.t.sf(0.325 / here.se, df))


def test_two_tasks_of_as_many_draws_are_welchs_test():
    a, b = np.array([0.1, 0.15, 0.3]), np.array([0.4, 0.5, 0.2, 0.1])
    _, here = over_tasks([a, b])
    # Welch's statistic has the difference of two means where this one has their mean.
    welch = stats.ttest_ind(a, -b, equal_var=False)
    assert here.p == pytest.approx(welch.pvalue)
    assert here.df == pytest.approx(welch.df)


def test_with_one_task_both_are_the_paired_difference():
    values = np.array([0.1, 0.2, 0.4])
    found = paired_difference(values, np.zeros(3))
    others, here = over_tasks([values])
    assert others == here
    assert (here.mean, here.low, here.high, here.p) == pytest.approx(
        (found.mean, found.low, found.high, found.p)
    )


def test_where_draws_say_nothing_the_test_set_does():
    others, here = over_tasks([[0.1, 0.1], [0.3, 0.5]], [0.03, 0.04])
    # The second task spreads, so that its floor is not used: 0.1 on one degree of freedom.
    assert here.se == pytest.approx(math.sqrt(0.03**2 + 0.1**2) / 2)
    assert here.df == pytest.approx((0.03**2 + 0.1**2) ** 2 / 0.1**4)
    assert others.se == pytest.approx(0.15)
    # Task means that are equal are no proof for others: the error on these, and one degree of freedom.
    others, here = over_tasks([[0.1, 0.1], [0.1, 0.1]], 0.02)
    assert (others.se, others.df) == pytest.approx((0.02 / math.sqrt(2), 1))
    assert here.df == math.inf
    assert others.high - 0.1 == pytest.approx(12.706205 * here.se)


def test_what_is_not_known_is_not_told():
    for tasks, floors in (([[0.1], [0.2, 0.3]], 0.0), ([[0.1, 0.1], [0.2, 0.3]], math.nan)):
        others, here = over_tasks(tasks, floors)
        assert np.isnan([here.low, here.high, here.p, here.se, here.df]).all()
        assert others.low < others.mean < others.high
    others, here = over_tasks([[0.2]])
    assert others.mean == here.mean == 0.2
    assert np.isnan([others.low, here.low]).all()


def test_no_difference_has_no_doubt():
    for tasks in ([[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]):
        for found in over_tasks(tasks, 0.01):
            assert (found.low, found.high, found.p) == (0, 0, 1)


@settings(max_examples=150, deadline=None)
@given(TASKS, st.sampled_from([0.0, 0.01, math.nan]), st.sampled_from([0.8, 0.95]))
def test_intervals_leave_out_zero_exactly_where_p_is_below_the_level(tasks, floor, level):
    for found in over_tasks(tasks, floor, level):
        if math.isnan(found.p):
            assert math.isnan(found.low)
            continue
        assume(abs(found.p - (1 - level)) > 1e-9)
        assert (found.low > 0 or found.high < 0) == (found.p < 1 - level)


@pytest.mark.parametrize(("T", "n", "sd"), [(2, 3, 1.0), (3, 3, 5.0), (6, 5, 0.0)])
def test_equal_methods_are_told_apart_as_often_as_the_level_says(T, n, sd):
    # The bootstrap did so 16 and 19 times in 100 with two and three tasks, and never with the last ones.
    source = np.random.default_rng(5)
    means = source.standard_normal((800, T)) * sd + source.standard_normal((800, T)) / math.sqrt(n)
    wrong = sum(over_tasks(row[:, None])[0].p < 0.05 for row in means)
    assert 0.03 < wrong / 800 < 0.07


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ([], "got 0 tasks"),
        ([[0.1], []], r"shapes \[\(1,\), \(0,\)\]"),
        ([[0.1], [math.nan]], "task 1; got 1 of 1"),
    ],
)
def test_what_is_no_difference_is_refused(differences, message):
    with pytest.raises(ValueError, match=message):
        over_tasks(differences)
