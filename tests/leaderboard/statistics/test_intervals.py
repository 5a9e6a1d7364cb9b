"""Intervals by hand, and beside scipy."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboard.statistics import mean_interval

SCORES = st.floats(0, 1).map(lambda x: round(x, 3))


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


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match=r"a confidence level lies between 0 and 1.*got"):
        mean_interval([0.1, 0.2], level)


def test_the_package_loads_without_scipy():
    code = "import sys, leaderboard.statistics; print({'scipy', 'sklearn', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
