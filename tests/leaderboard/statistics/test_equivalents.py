"""Label equivalents by hand, and beside scikit-learn's isotonic regression."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from leaderboard.statistics import Equivalent, crossover, label_equivalent

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
    # .8 and .6 are pooled to .7: the curve is .5, .7, .7, .9.
    assert label_equivalent([1, 10, 100, 1000], [0.5, 0.8, 0.6, 0.9], 0.7).n_labels == pytest.approx(10)
    assert label_equivalent([1, 10, 100, 1000], [0.5, 0.8, 0.6, 0.9], 0.8).n_labels == pytest.approx(
        100 * 10**0.5
    )


def test_crossover_by_hand():
    assert crossover([10, 100, 1000], [0.5, 0.7, 0.8], 0.6) == pytest.approx(10 * math.sqrt(10))
    assert crossover([10, 100, 1000], [0.5, 0.7, 0.8], 0.4) == 10
    assert crossover([10, 100, 1000], [0.5, 0.7, 0.8], 0.85) is None
    # A lucky point above the target that the next one takes back is smoothed away.
    assert crossover([1, 10, 100, 1000], [0.5, 0.8, 0.6, 0.9], 0.75) > 100


@settings(max_examples=60, deadline=None)
@given(CURVES, TARGETS)
def test_it_is_the_first_number_at_which_the_smoothed_curve_is_there(accuracies, target):
    curve = IsotonicRegression().fit(np.log(N), accuracies)
    fine = np.geomspace(10, 1000, 20_001)
    smoothed = curve.predict(np.log(fine))
    found = label_equivalent(N, accuracies, target)
    if found.bound == "<10":
        assert smoothed[0] > target - 1e-9
    elif found.bound == ">1000":
        assert smoothed[-1] < target + 1e-9
    else:
        assert curve.predict([math.log(found.n_labels)])[0] == pytest.approx(target, abs=1e-6)
        assert (smoothed[fine < found.n_labels * (1 - 1e-9)] < target + 1e-9).all()
    assert crossover(N, accuracies, target) == (10 if found.bound == "<10" else found.n_labels)


@settings(max_examples=40, deadline=None)
@given(CURVES, TARGETS, TARGETS, st.randoms(use_true_random=False))
def test_a_higher_target_takes_no_fewer_labels_and_order_does_not_matter(accuracies, a, b, random):
    low, high = sorted((a, b))
    fewer, more = crossover(N, accuracies, low), crossover(N, accuracies, high)
    assert more is None or fewer <= more
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
    for call in (label_equivalent, crossover):
        with pytest.raises(ValueError, match=message):
            call(n_labels, accuracies, target)


def test_an_equivalent_is_a_number_or_a_bound():
    for values in ((None, None), (10.0, "<10")):
        with pytest.raises(ValueError, match="a number or a bound; got"):
            Equivalent(*values)
