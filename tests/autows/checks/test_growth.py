from __future__ import annotations

import numpy as np
import pytest
from broken_methods import AllPairs, Good

from autows.checks.contract import Effort, Failed
from autows.checks.growth import (
    MEMORY_NOISE,
    STEEPEST,
    TIME_NOISE,
    _largest,
    _megabytes,
    growth,
    growth_of_memory,
)
from autows.checks.subject import Subject
from autows.runs.memory import give_back, reset_peak

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

    assert _megabytes(work) == pytest.approx(4.0, abs=0.2)
    assert _megabytes(lambda: None) < 0.1


class Hoards(Good):
    """Has 8 MiB for a moment, in pieces that stay with the process when they are freed."""

    def fit_predict(self, view, rng):
        pieces = [np.ones(2**13) for _ in range(128)]
        held_above = np.ones(2**13)
        del pieces
        Hoards.held_above = held_above
        return super().fit_predict(view, rng)


@pytest.mark.skipif(not (give_back() and reset_peak()), reason="the system does not tell")
def test_memory_that_was_free_before_counts_when_it_is_used_again():
    subject = Subject(Hoards, Effort(pool_sizes=(250, 500, 1000)))
    assert 7 <= _largest(subject).resident_mb < 12
    subject = Subject(Good, Effort(pool_sizes=(250, 500, 1000)))
    assert _largest(subject).resident_mb < 1


def test_where_the_system_does_not_tell_python_is_asked(monkeypatch):
    monkeypatch.setattr("autows.checks.growth.give_back", lambda: False)
    effort = Effort(pool_sizes=(250, 500, 1000))
    assert "too little for a matrix" in growth_of_memory(Subject(Good, effort))
    with pytest.raises(Failed, match="its memory grows with exponent"):
        growth_of_memory(Subject(AllPairs, effort))
