"""Statistics by hand on small tables, and beside scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from leaderboard.statistics import mean_interval, mean_ranks

SCORES = st.floats(0, 1).map(lambda x: round(x, 3))
TABLES = st.tuples(st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=SCORES)
)


def test_interval_by_hand():
    # Mean .8, standard deviation .1, t of 2 degrees of freedom 4.303: half width .1 x 4.303 / sqrt 3.
    mean, low, high = mean_interval([0.7, 0.8, 0.9])
    assert mean == pytest.approx(0.8)
    assert high - mean == pytest.approx(4.302653 * 0.1 / math.sqrt(3), rel=1e-6)
    assert mean - low == pytest.approx(high - mean)


@settings(max_examples=50, deadline=None)
@given(st.lists(SCORES, min_size=2, max_size=12), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_interval_is_scipys(values, level):
    assume(np.ptp(values) > 0)
    mean, low, high = mean_interval(values, level)
    expected = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert mean == pytest.approx(np.mean(values))
    assert (low, high) == pytest.approx(expected)


def test_equal_values_have_an_interval_of_no_width_and_a_single_one_has_none():
    assert mean_interval([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5)
    mean, low, high = mean_interval([0.25])
    assert mean == 0.25
    assert math.isnan(low)
    assert math.isnan(high)


@settings(max_examples=30, deadline=None)
@given(st.lists(SCORES, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_interval_does_not_depend_on_the_order_of_draws(values, random):
    shuffled = values[:]
    random.shuffle(shuffled)
    assert mean_interval(shuffled) == pytest.approx(mean_interval(values))


@pytest.mark.parametrize("values", [[], [0.5, math.nan], [math.inf]])
def test_interval_of_nothing_or_of_what_is_not_finite_is_an_error(values):
    with pytest.raises(ValueError, match="at least one value, all finite"):
        mean_interval(values)


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
    maps = [lambda x: 3 * x - 7, np.exp, lambda x: x**3 + x, np.sqrt]
    mapped = np.array([random.choice(maps)(row) for row in table])
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


@pytest.mark.parametrize("table", [[0.1, 0.2], [[0.1, math.nan]], [[0.1, -math.inf]]])
def test_ranks_need_a_full_table(table):
    with pytest.raises(ValueError, match="full table of finite scores"):
        mean_ranks(table)
