"""Detectable differences beside statsmodels and by going through all numbers of draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from leaderboard.statistics import draws_to_separate, smallest_detectable


def multiplier(df, power, level):
    return stats.t.ppf((1 + level) / 2, df) + stats.t.ppf(power, df)


def test_the_normal_case_is_the_well_known_number():
    # 1.960 + 0.842
    assert smallest_detectable(1.0, math.inf) == pytest.approx(2.8016, abs=1e-4)
    assert smallest_detectable(0.01, 9) == pytest.approx(0.01 * (2.262157 + 0.883404), rel=1e-6)
    assert smallest_detectable(0.0, 3) == 0


@pytest.mark.parametrize("n", [5, 10, 20, 100])
@pytest.mark.parametrize("power", [0.6, 0.8, 0.9])
def test_detectable_is_close_to_the_exact_power_of_the_t_test(n, power):
    exact = TTestPower().solve_power(nobs=n, power=power, alpha=0.05)
    found = smallest_detectable(1 / math.sqrt(n), n - 1, power)
    assert found == pytest.approx(exact, rel=0.05 if n == 5 else 0.02)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.002, 0.2), st.floats(0, 0.1), st.sampled_from([0.5, 0.8, 0.95]), st.sampled_from([0.9, 0.95])
)
def test_draws_to_separate_is_the_first_number_that_is_enough(mean, sd, power, level):
    n = np.arange(2, 301)
    enough = multiplier(n - 1, power, level) * sd / np.sqrt(n) <= mean
    expected = int(n[enough.argmax()]) if enough.any() else None
    assert draws_to_separate(mean, sd, power, level, most=300) == expected
    assert draws_to_separate(-mean, sd, power, level, most=300) == expected


def test_draws_to_separate_by_hand_and_at_the_edges():
    assert draws_to_separate(0.01, 0.01) == 10  # statsmodels' exact answer is 9.9
    assert math.ceil(TTestPower().solve_power(1.0, power=0.8, alpha=0.05)) == 10
    assert draws_to_separate(0.01, 0.0) == 2
    assert draws_to_separate(0.0, 0.0) is None
    assert draws_to_separate(0.0, 0.1) is None
    assert draws_to_separate(1e-6, 0.1) is None
    assert draws_to_separate(0.01, 0.01, most=10) == 10
    assert draws_to_separate(0.01, 0.01, most=9) is None
    assert draws_to_separate(0.01, 0.0, most=1) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: smallest_detectable(-1, 3), "a finite number from 0 up; got -1"),
        (lambda: smallest_detectable(math.nan, 3), "a finite number from 0 up; got nan"),
        (lambda: smallest_detectable(1, 0), "degrees of freedom are above 0.*got 0"),
        (lambda: smallest_detectable(1, 3, power=1), "power is from 0.5 to below 1; got 1"),
        (lambda: smallest_detectable(1, 3, level=95), "a confidence level lies between 0 and 1"),
        (lambda: draws_to_separate(math.nan, 1), "a finite mean and a deviation from 0 up; got nan, 1"),
        (lambda: draws_to_separate(0.1, -1), "a finite mean and a deviation from 0 up; got 0.1, -1"),
        (lambda: draws_to_separate(0.0, 1, power=0.2), "power is from 0.5 to below 1; got 0.2"),
    ],
)
def test_what_is_out_of_range_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
