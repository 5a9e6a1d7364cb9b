"""Performance profiles by hand and by counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leaderboard.statistics import additive_profile, ratio_profile

SCORES = st.integers(0, 20).map(lambda x: x / 20)
TABLES = st.tuples(st.integers(1, 5), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=SCORES)
)
GAPS, RATIOS = np.arange(21) / 20, np.append(np.arange(4, 80) / 4, np.inf)


def test_additive_profile_by_hand():
    # Gaps to the best: 0 and .1; .1 and 0; 0 and 0; 0 and .4.
    table = [[0.9, 0.8], [0.6, 0.7], [0.5, 0.5], [0.8, 0.4]]
    expected = [[0.75, 0.75, 1, 1], [0.5, 0.5, 0.75, 1]]
    assert additive_profile(table, [0, 0.05, 0.1, 0.4]).tolist() == expected


def test_ratio_profile_by_hand():
    # Errors .1 and .2 (ratios 1 and 2); .4 and .1 (4 and 1); 0 and 0 (1 and 1); .3 and 0 (infinite and 1).
    table = [[0.9, 0.8], [0.6, 0.9], [1.0, 1.0], [0.7, 1.0]]
    expected = [[0.5, 0.5, 0.75, 0.75, 1], [0.75, 1, 1, 1, 1]]
    assert ratio_profile(table, [1, 2, 4, 1e9, np.inf]).tolist() == expected


def test_rounding_does_not_move_a_step():
    assert 0.95 - 0.9 != 0.05
    assert 0.9 - 0.85 > 0.05
    assert additive_profile([[0.9, 0.85], [0.95, 0.9]], [0.05]).tolist() == [[1], [1]]
    assert (1 - 0.7) / (1 - 0.9) > 3
    assert ratio_profile([[0.9, 0.7]], [3]).tolist() == [[1], [1]]


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_profiles_count_tasks(table):
    # In twentieths all is whole: nothing to round.
    units = (table * 20).round().astype(int)
    additive = np.array(
        [
            [np.mean([max(row) - row[m] <= g for row in units]) for g in range(21)]
            for m in range(units.shape[1])
        ]
    )
    assert np.array_equal(additive_profile(table, GAPS), additive)

    def ratio(row, m):
        error, best = 20 - row[m], 20 - max(row)
        return error / best if best else (1 if error == 0 else math.inf)

    counted = np.array(
        [[np.mean([ratio(row, m) <= r for row in units]) for r in RATIOS] for m in range(units.shape[1])]
    )
    assert np.array_equal(ratio_profile(table, RATIOS), counted)


@settings(max_examples=30, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_profiles_rise_to_one_and_know_neither_names_nor_the_order_of_tasks(table, random):
    rows, columns = list(range(len(table))), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for profile, limits in ((additive_profile, GAPS), (ratio_profile, RATIOS)):
        found = profile(table, limits)
        assert (np.diff(found, axis=1) >= 0).all()
        assert (found[:, -1] == 1).all()
        assert found[:, 0].sum() >= 1 - 1e-12  # someone is the best of every task
        assert profile(table[rows][:, columns], limits) == pytest.approx(found[columns])
        twice = profile(np.hstack([table, table[:, :1]]), limits)
        assert np.array_equal(twice, np.vstack([found, found[:1]]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: additive_profile([[0.1, 0.2]], [-0.1]), r"a row of gaps, each from 0 up; got \[-0.1\]"),
        (lambda: additive_profile([[0.1, 0.2]], [math.nan]), "a row of gaps, each from 0 up"),
        (lambda: additive_profile([[0.1, 0.2]], 0.1), "a row of gaps"),
        (lambda: ratio_profile([[0.1, 0.2]], [0.5]), "a row of ratios, each from 1 up"),
        (lambda: ratio_profile([[0.1, 1.2]], [1]), "accuracies from 0 to 1; got 0.1 to 1.2"),
        (lambda: ratio_profile([[-0.1, 0.2]], [1]), "accuracies from 0 to 1; got -0.1 to 0.2"),
    ],
)
def test_what_has_no_profile_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
