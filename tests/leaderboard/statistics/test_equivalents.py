"""Label equivalents and their intervals, by hand and in simulated draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.statistics import NOT_MONOTONE, Equivalent, equivalent_interval, label_equivalent

N = [10, 25, 50, 100, 200, 400, 1000]
CURVES = st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=7, max_size=7)
TARGETS = st.floats(0, 1).map(lambda x: round(x, 3))


def test_by_hand():
    # Halfway in accuracy between 10 and 1000 labels is halfway in the logarithm: 100.
    assert label_equivalent([10, 1000], [0.5, 0.7], 0.6).n_labels == pytest.approx(100)
    assert label_equivalent([10, 100, 1000], [0.5, 0.7, 0.8], 0.75).n_labels == pytest.approx(
        100 * math.sqrt(10)
    )
    # At a point itself exactly its number.
    assert [label_equivalent([10, 100, 1000], [0.5, 0.7, 0.8], x) for x in (0.5, 0.7, 0.8)] == [
        Equivalent(10.0),
        Equivalent(100.0),
        Equivalent(1000.0),
    ]


def test_outside_the_curve_there_is_a_bound():
    assert label_equivalent(N, np.linspace(0.4, 0.8, 7), 0.3) == Equivalent(None, "<10")
    assert label_equivalent(N, np.linspace(0.4, 0.8, 7), 0.9) == Equivalent(None, ">1000")
    assert label_equivalent([0.5, 2], [0.1, 0.2], 0.0) == Equivalent(None, "<0.5")
    assert [str(label_equivalent([10, 1000], [0.5, 0.7], x)) for x in (0.4, 0.6, 0.8)] == [
        "<10",
        "100",
        ">1000",
    ]
    assert label_equivalent([100], [0.5], 0.5) == Equivalent(100.0)


def test_on_a_flat_stretch_it_is_the_first_number():
    assert label_equivalent([10, 100, 1000], [0.5, 0.7, 0.7], 0.7) == Equivalent(100.0)
    assert label_equivalent([10, 100, 1000], [0.5, 0.5, 0.7], 0.5) == Equivalent(10.0)


@pytest.mark.parametrize(
    ("accuracies", "target", "expected"),
    [
        ([0.5, 0.7, 0.65], 0.7, NOT_MONOTONE),
        ([0.5, 0.82, 0.78], 0.81, NOT_MONOTONE),
        # Above at first, and then it falls: neither "<10" nor a number.
        ([0.5, 0.45, 0.7], 0.48, NOT_MONOTONE),
        ([0.5, 0.45, 0.4], 0.42, NOT_MONOTONE),
        # Where it rises and falls is all on one side of the target.
        ([0.5, 0.45, 0.7], 0.4, "<10"),
        ([0.5, 0.82, 0.78], 0.83, ">1000"),
        ([0.5, 0.82, 0.78], 0.66, "32"),
    ],
)
def test_a_curve_that_falls_is_never_contradicted(accuracies, target, expected):
    assert str(label_equivalent([10, 100, 1000], accuracies, target)) == expected


@settings(max_examples=60, deadline=None)
@given(CURVES, TARGETS)
def test_it_is_where_the_curve_passes_and_every_point_agrees(accuracies, target):
    found = label_equivalent(N, accuracies, target)
    there = [x >= target for x in accuracies]
    if found.bound == "<10":
        assert min(accuracies) > target or (all(there) and accuracies[0] > target)
    elif found.bound == ">1000":
        assert not any(there)
    elif found.bound == NOT_MONOTONE:
        assert there != sorted(there)
    else:
        assert np.interp(math.log(found.n_labels), np.log(N), accuracies) == pytest.approx(target, abs=1e-9)
        assert there == [n >= found.n_labels * (1 - 1e-9) for n in N]


@settings(max_examples=40, deadline=None)
@given(CURVES, TARGETS, TARGETS, st.randoms(use_true_random=False))
def test_on_a_rising_curve_more_takes_no_fewer_labels_and_order_does_not_matter(accuracies, a, b, random):
    rising = sorted(accuracies)
    fewer, more = (label_equivalent(N, rising, x).n_labels for x in sorted((a, b)))
    assert fewer is None or more is None or fewer <= more
    order = list(range(7))
    random.shuffle(order)
    shuffled = [N[i] for i in order], [accuracies[i] for i in order]
    assert label_equivalent(*shuffled, a) == label_equivalent(N, accuracies, a)


@settings(max_examples=30, deadline=None)
@given(CURVES)
def test_the_reference_method_is_worth_its_own_labels(accuracies):
    rising = np.sort(accuracies)
    found = [label_equivalent(N, rising, x).n_labels for x in rising]
    assert found == [N[int(np.searchsorted(rising, x))] for x in rising]


def test_an_interval_by_hand():
    # A share w of the way from 10 to 1000 labels, in the logarithm, the mean is -.2 + .5 w and draws differ
    # by .2 - .18 w; the standard error is half of that, and t(1) is 12.706.
    low, high = equivalent_interval([10, 1000], [[-0.3, -0.1], [0.29, 0.31]])
    w = (0.2 + 12.7062 * 0.1) / (0.5 + 12.7062 * 0.09)
    assert str(low) == "<10"
    assert high.n_labels == pytest.approx(10 ** (1 + 2 * w), rel=0.03)
    # In another order of points it is the same.
    assert equivalent_interval([1000, 10], [[0.29, 0.31], [-0.3, -0.1]]) == (low, high)


def test_where_an_interval_cannot_be_told_there_is_none():
    assert equivalent_interval([10, 100], [[-0.1], [0.2]]) is None
    assert equivalent_interval([10, 100], [[-0.1, -0.1], [0.2, 0.2]]) is None
    # Told from the target with every number of labels.
    assert equivalent_interval([10, 100], [[0.1, 0.11, 0.12], [0.2, 0.21, 0.22]]) is None
    with pytest.raises(ValueError, match="a table of differences; got shape"):
        equivalent_interval([10, 100], [0.1, 0.2])
    with pytest.raises(ValueError, match="a confidence level"):
        equivalent_interval([10, 100], [[0.1, 0.2]] * 2, level=1)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = np.array([-0.2, -0.1, 0.1, 0.2])  # Zero half way between the second and the third.
    inside = 0
    for _ in range(400):
        draws = truth[:, None] + 0.1 * rng.standard_normal(3) + 0.1 * rng.standard_normal((4, 3))
        low, high = equivalent_interval([1, 10, 1000, 10_000], draws) or (Equivalent(1e9), Equivalent(1e9))
        inside += (low.n_labels or 0) <= 100 <= (high.n_labels or math.inf)
    # Of 400, two standard errors are 2 %; the outermost numbers are a little more than is asked for.
    assert 0.93 <= inside / 400 <= 0.995


@pytest.mark.parametrize(
    ("n_labels", "accuracies", "target", "message"),
    [
        ([], [], 0.5, r"a finite score for each number of labels.*; got arrays of shapes \(0,\)"),
        ([10, 100], [0.5], 0.5, r"shapes \(2,\) and \(1,\)"),
        ([[10, 100]], [[0.5, 0.6]], 0.5, "got arrays of shapes"),
        ([10, 10], [0.5, 0.6], 0.5, r"each number once and above 0; got \[10.0, 10.0\]"),
        ([0, 10], [0.5, 0.6], 0.5, r"above 0; got \[0.0, 10.0\]"),
        ([10, 100], [0.5, math.nan], 0.5, "got 1 of 2 that are NaN"),
        ([10, 100], [0.5, 0.6], math.nan, "a finite target; got nan"),
    ],
)
def test_what_is_no_curve_is_refused(n_labels, accuracies, target, message):
    with pytest.raises(ValueError, match=message):
        label_equivalent(n_labels, accuracies, target)


def test_an_equivalent_is_a_number_or_a_bound():
    for values in ((None, None), (10.0, "<10")):
        with pytest.raises(ValueError, match="a number or a bound; got"):
            Equivalent(*values)
