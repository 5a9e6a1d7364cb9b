"""Shares of wins by hand and by counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leaderboard.statistics import mean_ranks, mean_win_shares, win_shares

TABLES = st.tuples(st.integers(1, 6), st.integers(2, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 6).map(lambda x: x / 6))
)


def test_shares_by_hand():
    # The first beats the second twice of four times and ties once, and loses once.
    assert win_shares([[0.9, 0.8], [0.6, 0.7], [0.5, 0.5], [0.8, 0.7]]).tolist() == [
        [0.5, 0.625],
        [0.375, 0.5],
    ]
    assert win_shares([[0.3]]).tolist() == [[0.5]]
    assert mean_win_shares([[0.5, 1.0, 0.5], [0.0, 0.5, 0.25], [0.5, 0.75, 0.5]]).tolist() == [
        0.75,
        0.125,
        0.625,
    ]


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_shares_count_tasks_and_are_another_face_of_ranks(table):
    M = table.shape[1]
    counted = [
        [np.mean([(r[i] > r[j]) + (r[i] == r[j]) / 2 for r in table]) for j in range(M)] for i in range(M)
    ]
    found = win_shares(table)
    assert found == pytest.approx(np.array(counted))
    assert found + found.T == pytest.approx(np.ones((M, M)))
    assert mean_win_shares(found) == pytest.approx((M - np.array(mean_ranks(table))) / (M - 1))


@settings(max_examples=30, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_shares_know_neither_names_nor_scales_nor_the_order_of_tasks(table, random):
    rows, columns = list(range(len(table))), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    other = np.array([random.choice([np.exp, np.sqrt, np.arctan])(row) for row in table])
    assert win_shares(other[rows][:, columns]) == pytest.approx(win_shares(table)[np.ix_(columns, columns)])


@settings(max_examples=20, deadline=None)
@given(TABLES)
def test_a_duplicated_method_ties_with_itself_and_has_the_same_shares(table):
    M = table.shape[1]
    found = win_shares(np.hstack([table, table[:, :1]]))
    assert found[0, M] == 0.5
    assert np.array_equal(found[0], found[M])


@pytest.mark.parametrize("shares", [[[0.5]], [0.5, 0.5], [[0.5, 1.0]], [[0.5, math.nan], [0.1, 0.5]], []])
def test_mean_shares_need_opponents(shares):
    with pytest.raises(ValueError, match="the square table of shares of at least two methods; got"):
        mean_win_shares(shares)
