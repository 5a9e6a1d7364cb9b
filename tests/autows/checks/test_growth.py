from __future__ import annotations

import numpy as np
import pytest

from autows.checks.growth import MEMORY_NOISE, STEEPEST, TIME_NOISE, _megabytes, growth

SIZES = [250, 500, 1000, 2000, 4000]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5, 2.0, 2.5])
@pytest.mark.parametrize("fixed", [0.0, 0.2])
def test_the_exponent_of_the_part_that_grows_is_found(exponent, fixed):
    costs = fixed + (np.asarray(SIZES) / 4000) ** exponent
    assert growth(SIZES, costs, TIME_NOISE).exponent == pytest.approx(exponent)


def test_what_does_not_grow_has_exponent_zero():
    assert growth(SIZES, [2.0] * 5, TIME_NOISE).exponent == 0.0
    assert growth(SIZES, [2.0, 1.9, 2.1, 2.0, 1.9], TIME_NOISE).least == 0.0


def test_only_what_is_clearly_quadratic_counts_as_such():
    rng = np.random.default_rng(0)
    N = np.asarray(SIZES, float)
    for _ in range(20):
        noise = np.exp(TIME_NOISE / 2 * rng.standard_normal(5))
        assert growth(SIZES, (0.01 + 1e-7 * N**2) * noise, TIME_NOISE).least >= STEEPEST
        assert growth(SIZES, (0.01 + 1e-5 * N * np.log2(N)) * noise, TIME_NOISE).least < STEEPEST
    # A fixed cost that drowns it, and a single step: not clear.
    assert growth(SIZES, 10 + 1e-8 * N**2, TIME_NOISE).least < STEEPEST
    assert growth(SIZES, [1, 1, 1, 1, 4], TIME_NOISE).least < 3
    assert growth([200, 400, 800], [1.0, 4.0, 16.0], MEMORY_NOISE).least >= STEEPEST


def test_the_peak_of_memory_is_measured():
    def work():
        half = np.ones(2**18)
        return float((half + half).sum())

    assert _megabytes(work)[0] == pytest.approx(4.0, abs=0.2)
    assert _megabytes(lambda: None)[0] < 0.1
