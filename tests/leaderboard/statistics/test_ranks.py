"""Ranks and Friedman's test by hand, by counting, and beside scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from leaderboard.statistics import friedman, mean_ranks, ranks
from leaderboard.statistics.ranks import range_quantile

SCORES = st.floats(0, 1).map(lambda x: round(x, 3))
COARSE = st.integers(0, 4).map(lambda x: x / 4)
MAPS = [lambda x: 3 * x - 7, np.exp, lambda x: x**3 + x, np.sqrt]


def tables(tasks, methods, elements=SCORES):
    return st.tuples(tasks, methods).flatmap(lambda shape: arrays(np.float64, shape, elements=elements))


TABLES = tables(st.integers(1, 6), st.integers(1, 5))
LARGER = tables(st.integers(2, 8), st.integers(3, 6), SCORES | COARSE)


def test_ranks_by_hand_with_ties():
    # Row 1: ranks 1, 2.5, 2.5; row 2: 3, 1, 2; row 3: all tie at 2.
    table = [[0.9, 0.8, 0.8], [0.5, 0.7, 0.6], [0.4, 0.4, 0.4]]
    assert mean_ranks(table) == pytest.approx([(1 + 3 + 2) / 3, (2.5 + 1 + 2) / 3, (2.5 + 2 + 2) / 3])
    assert mean_ranks([[0.3, 0.9]]) == [2.0, 1.0]
    assert mean_ranks([[0.3]]) == [1.0]


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_ranks_equal_counting_who_is_better_and_who_ties(table):
    counted = [
        np.mean([1 + np.sum(row > row[j]) + (np.sum(row == row[j]) - 1) / 2 for row in table])
        for j in range(table.shape[1])
    ]
    assert mean_ranks(table) == pytest.approx(counted)


@settings(max_examples=50, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_ranks_do_not_change_under_a_monotone_map_of_a_row_or_the_order_of_rows(table, random):
    mapped = np.array([random.choice(MAPS)(row) for row in table])
    assert mean_ranks(mapped) == mean_ranks(table)
    rows = list(range(len(table)))
    random.shuffle(rows)
    assert mean_ranks(table[rows]) == pytest.approx(mean_ranks(table))


@settings(max_examples=30, deadline=None)
@given(TABLES)
def test_ranks_average_to_the_middle_and_move_with_their_columns(table):
    ranks = mean_ranks(table)
    assert np.mean(ranks) == pytest.approx((table.shape[1] + 1) / 2)
    assert mean_ranks(table[:, ::-1]) == ranks[::-1]


def test_friedman_by_hand():
    # Ranks 1 2 3 three times and 1 3 2: mean ranks 1, 2.25, 2.75 of 4 tasks;
    # 12 n / (k (k + 1)) x sum of (mean - 2)^2 = 4 x (1 + 1/16 + 9/16) = 6.5.
    found = friedman([[0.9, 0.8, 0.7], [0.6, 0.5, 0.4], [0.7, 0.6, 0.5], [0.9, 0.7, 0.8]])
    assert found.statistic == pytest.approx(6.5)
    assert found.p == pytest.approx(math.exp(-6.5 / 2))  # chi-square of 2 degrees of freedom
    assert found.n_tasks == 4


@pytest.mark.parametrize(
    ("methods", "q"), [(3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (10, 3.164)]
)
def test_critical_differences_are_those_of_the_table_in_demsar(methods, q):
    scores = np.random.default_rng(0).random((14, methods))
    expected = q * math.sqrt(methods * (methods + 1) / (6 * 14))
    assert friedman(scores).critical_difference == pytest.approx(expected, abs=2e-3)
    at_ninety = {3: 2.052, 5: 2.459, 10: 2.920}
    if methods in at_ninety:
        expected = at_ninety[methods] * math.sqrt(methods * (methods + 1) / (6 * 14))
        assert friedman(scores, level=0.9).critical_difference == pytest.approx(expected, abs=2e-3)


@settings(max_examples=40, deadline=None)
@given(LARGER)
def test_friedman_is_scipys(table):
    assume(any(len(set(row)) > 1 for row in table))
    found, expected = friedman(table), stats.friedmanchisquare(*table.T)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(LARGER, st.randoms(use_true_random=False))
def test_friedman_knows_neither_names_nor_scales_nor_the_order_of_tasks(table, random):
    rows, columns = list(range(len(table))), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    other = np.array([random.choice(MAPS)(row) for row in table])[rows][:, columns]
    found, expected = friedman(other), friedman(table)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.p), abs=1e-9)
    assert found.critical_difference == expected.critical_difference


def test_methods_that_always_tie_do_not_differ():
    found = friedman(np.full((4, 3), 0.5))
    assert (found.statistic, found.p) == (0.0, 1.0)


@pytest.mark.parametrize("shape", [(1, 3), (2, 2), (1, 1)])
def test_friedman_needs_two_tasks_and_three_methods(shape):
    with pytest.raises(ValueError, match=f"two tasks and three methods; got {shape[0]} and {shape[1]}"):
        friedman(np.zeros(shape))


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_ranks_of_each_row_are_those_of_scipy(table):
    assert np.array_equal(ranks(table), stats.rankdata(-table, method="average", axis=1))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("M", [2, 3, 10, 40])
def test_the_quantile_of_a_range_is_that_of_scipy(level, M):
    if M == 2:
        # The range of two is a normal of variance 2, folded.
        assert range_quantile(level, 2) == pytest.approx(2**0.5 * stats.norm.ppf((1 + level) / 2), abs=1e-9)
    expected = stats.studentized_range.ppf(level, M, np.inf)
    assert range_quantile(level, M) == pytest.approx(expected, abs=1e-6)


def test_the_quantile_of_the_range_of_very_many_is_finite():
    assert 5 < range_quantile(0.95, 1000) < 8
