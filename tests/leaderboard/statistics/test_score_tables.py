"""What statistics accept, and means over draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard import statistics

RNG = np.random.default_rng
OF_TABLES = {
    "mean_ranks": statistics.mean_ranks,
    "friedman": statistics.friedman,
    "additive_profile": lambda table: statistics.additive_profile(table, [0.1]),
    "ratio_profile": lambda table: statistics.ratio_profile(table, [2]),
    "win_shares": statistics.win_shares,
    "pairwise_p": statistics.pairwise_p,
}
OF_DRAWS = {
    "task_means": statistics.task_means,
    "resampled_means": lambda scores: statistics.resampled_means(scores, RNG(0), 10),
    "strength_intervals": lambda scores: statistics.strength_intervals(scores, RNG(0), 10),
}


@pytest.mark.parametrize("name", OF_TABLES)
@pytest.mark.parametrize(
    "table",
    [
        [],
        [[]],
        np.zeros((0, 3)),
        [0.1, 0.2],
        np.zeros((2, 3, 4)),
        [[0.1, math.nan]],
        [[0.1, -math.inf]],
        [[0.1, None]],
        [[0.1, 0.2], [0.3]],
        [["a", "b"]],
    ],
    ids=repr,
)
def test_statistics_of_tables_need_full_tables(name, table):
    with pytest.raises(ValueError, match=r"need a full table of finite scores, one row a .*; got "):
        OF_TABLES[name](table)


@pytest.mark.parametrize("name", OF_DRAWS)
@pytest.mark.parametrize(
    "scores",
    [
        [],
        [[]],
        [[0.1, 0.2]],
        [[[0.1], [0.2]], [[0.3]]],
        [[[0.1, 0.2], [0.3]]],
        [[[0.1], [math.nan]]],
        [np.zeros((2, 0))],
    ],
    ids=repr,
)
def test_statistics_of_draws_need_the_same_methods_on_every_task(name, scores):
    with pytest.raises(ValueError, match="need finite scores of the same methods on every task"):
        OF_DRAWS[name](scores)


def test_messages_say_what_was_got():
    with pytest.raises(ValueError, match="got 1 of 2 that are NaN or infinite"):
        statistics.mean_ranks([[0.1, math.nan]])
    with pytest.raises(ValueError, match="got rows of different lengths"):
        statistics.mean_ranks([[0.1, 0.2], [0.1]])
    with pytest.raises(ValueError, match="task 1; got 1 of 2"):
        statistics.task_means([[[0.1], [0.2]], [[0.1], [math.nan]]])
    with pytest.raises(ValueError, match=r"got 2 tasks of shapes \[\(2, 1\), \(1, 1\)\]"):
        statistics.task_means([[[0.1], [0.2]], [[0.1]]])


def test_means_by_hand():
    found = statistics.task_means([[[0.5, 0.7], [0.8, 0.8]], [[0.1], [0.3]]])
    assert found.tolist() == [[0.6, 0.8], [0.1, 0.3]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_the_same_draws_in_another_order_tie(values, random):
    shuffled = values[:]
    random.shuffle(shuffled)
    means = statistics.task_means([[values, shuffled]])
    assert means[0, 0] == means[0, 1] == pytest.approx(np.mean(values))
    assert statistics.win_shares(means)[0, 1] == 0.5
