"""Paired differences by hand, and beside scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from leaderboard.statistics import PairedDifference, paired_difference, pairwise_p

SCORES = st.floats(0, 1).map(lambda x: round(x, 3))
PAIRS = st.integers(2, 12).flatmap(lambda n: arrays(np.float64, (2, n), elements=SCORES))
TABLES = st.tuples(st.integers(1, 5), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=SCORES)
)


def test_difference_by_hand():
    # Differences .1, .2, 0, .1: mean .1, standard deviation .0816, error .0408, t = 2.449 = sqrt 6 of 3
    # degrees of freedom; the 97.5 % quantile is 3.1824.
    found = paired_difference([0.8, 0.9, 0.7, 0.8], [0.7, 0.7, 0.7, 0.7])
    error = math.sqrt(0.02 / 3) / 2
    assert found.mean == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.1 - 3.182446 * error, 0.1 + 3.182446 * error))
    # The t distribution of 3 degrees of freedom has a closed form.
    x = math.sqrt(6) / math.sqrt(3)
    assert found.p == pytest.approx(1 - 2 / math.pi * (math.atan(x) + x / (1 + x**2)))
    assert (found.n, found.wins, found.ties, found.losses) == (4, 3, 1, 0)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_difference_is_scipys(pair, level):
    a, b = pair
    assume(np.ptp(a - b) > 1e-9)
    found, expected = paired_difference(a, b, level), stats.ttest_rel(a, b)
    interval = expected.confidence_interval(level)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx(np.mean(a - b))
    # An interval holds zero exactly where the test finds nothing; rounding decides where they touch.
    assume(abs(found.p - (1 - level)) > 1e-9)
    assert (found.p < 1 - level) == (not found.low <= 0 <= found.high)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_difference_knows_no_order_of_draws_and_turns_round_with_its_methods(pair, random):
    a, b = pair
    order = list(range(len(a)))
    random.shuffle(order)
    found, other, turned = (
        paired_difference(a, b),
        paired_difference(a[order], b[order]),
        paired_difference(b, a),
    )
    for one in (other, turned):
        assert one.p == pytest.approx(found.p, abs=1e-12)
    assert (other.mean, other.low, other.high) == pytest.approx(
        (found.mean, found.low, found.high), abs=1e-12
    )
    assert (turned.mean, turned.low, turned.high) == pytest.approx((-found.mean, -found.high, -found.low))
    assert (turned.wins, turned.ties, turned.losses) == (found.losses, found.ties, found.wins)
    assert found.wins + found.ties + found.losses == found.n == len(a)


@settings(max_examples=20, deadline=None)
@given(st.lists(SCORES, min_size=2, max_size=6))
def test_a_method_beside_itself_ties_for_certain(values):
    n = len(values)
    assert paired_difference(values, values) == PairedDifference(0.0, 0.0, 0.0, 1.0, n, 0, n, 0)


def test_a_constant_difference_is_certain():
    # .8 - .7 and .9 - .8 are not the same float.
    found = paired_difference([0.8, 0.9, 0.6], [0.7, 0.8, 0.5])
    assert found.low == found.high == found.mean == pytest.approx(0.1)
    assert (found.p, found.wins) == (0.0, 3)
    assert paired_difference([0.5, 0.5], [0.7, 0.7]).p == 0.0


def test_rounding_error_is_a_tie():
    found = paired_difference([0.1 + 0.2, 0.5], [0.3, 0.5])
    assert (found.mean, found.p, found.ties) == (0.0, 1.0, 2)
    a, b = np.array([0.1 + 0.2, 0.7]) / 1000, np.array([0.3, 0.7]) / 1000
    assert paired_difference(a, b).ties == 2


def test_one_draw_says_nothing_about_spread():
    found = paired_difference([0.8], [0.7])
    assert found.mean == pytest.approx(0.1)
    assert np.isnan([found.low, found.high, found.p]).all()
    assert (found.n, found.wins) == (1, 1)


@pytest.mark.parametrize(
    ("a", "b"), [([], []), ([0.1], [0.1, 0.2]), ([0.1, math.nan], [0.1, 0.2]), ([[0.1]], [[0.2]]), (0.1, 0.2)]
)
def test_a_difference_needs_equally_long_rows_of_finite_scores(a, b):
    with pytest.raises(ValueError, match="two equally long rows of finite scores, one a draw; got"):
        paired_difference(a, b)


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_all_pairs_at_once_are_the_pairs_one_by_one(table):
    M, n = table.shape
    expected = [[paired_difference(a, b).p if n > 1 else 1.0 for b in table] for a in table]
    found = pairwise_p(table)
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(M))


def test_pairs_in_parts_are_the_same_pairs(monkeypatch):
    table = np.random.default_rng(0).random((7, 5)).round(1)
    whole = pairwise_p(table)
    monkeypatch.setattr("leaderboard.statistics.paired._CELLS", 20)
    assert np.array_equal(pairwise_p(table), whole)


@settings(max_examples=30, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_a_duplicated_method_gets_the_same_p_values_and_names_do_not_matter(table, random):
    M = len(table)
    found = pairwise_p(np.vstack([table, table[:1]]))
    assert found[0, M] == 1
    assert np.array_equal(found[0, :M], found[M, :M])
    order = list(range(M))
    random.shuffle(order)
    assert pairwise_p(table[order]) == pytest.approx(pairwise_p(table)[np.ix_(order, order)], abs=1e-12)
