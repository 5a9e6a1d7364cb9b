"""Reliability and risk-coverage curves, and the standard error of an accuracy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autows.runs.scores import accuracy_at_coverage, calibration_error, curves, standard_error
from autows.types import Labels, TaskView


def a_view(n_test, n_classes=2):
    X = np.zeros((4, 1), dtype=np.float32)
    return TaskView(
        X_seed=X,
        y_seed=np.array([0, 0, 0, 1]),
        X_pool=X,
        X_test=np.zeros((n_test, 1), np.float32),
        n_classes=2,
    )


def answers(confidence, covered=None):
    """Answer class 0 with the given probability."""
    P = np.column_stack([confidence, 1 - np.asarray(confidence)])
    return Labels(pool=np.full((4, 2), 0.5), test=P, n_classes=2, test_covered=covered)


def test_curves_by_hand():
    labels = answers([0.9, 0.8, 0.7, 0.6])
    found = curves(a_view(4), labels, np.array([0, 0, 1, 0]))
    assert found["reliability"] == {
        "confidence": [0.6, 0.7, 0.8, 0.9],
        "accuracy": [1.0, 0.0, 1.0, 1.0],
        "share": [0.25] * 4,
    }
    coverage, accuracy = found["risk_coverage"].values()
    assert coverage == pytest.approx(np.arange(1, 21) / 20)
    assert accuracy == pytest.approx([1] * 10 + [2 / 3] * 5 + [3 / 4] * 5, abs=1e-5)


def test_abstaining_rows_are_the_least_sure_and_answer_the_most_frequent_seed_class():
    labels = answers([0.1, 0.9], covered=np.array([False, True]))
    found = curves(a_view(2), labels, np.array([0, 1]))
    # The abstaining row says class 0, which is right, with the seeds' smoothed share 4/6.
    assert found["reliability"]["confidence"] == pytest.approx([4 / 6, 0.9], abs=1e-5)
    assert found["reliability"]["accuracy"] == [1.0, 0.0]
    assert found["risk_coverage"]["accuracy"] == [0.0] * 10 + [0.5] * 10


def test_hard_labels_have_no_curves():
    labels = Labels(pool=np.zeros(4, int), test=np.zeros(3, int), n_classes=2)
    assert curves(a_view(3), labels, np.zeros(3, int)) == {}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**31))
def test_curves_agree_with_the_scores(n, seed):
    rng = np.random.default_rng(seed)
    confidence = np.round(0.5 + 0.5 * rng.random(n), 1)
    y = rng.integers(2, size=n)
    found = curves(a_view(n), answers(confidence), y)
    bins, risk = found["reliability"], found["risk_coverage"]
    right = (confidence < 0.5) == y
    confidences, accuracies, shares = (np.array(bins[k]) for k in ("confidence", "accuracy", "share"))
    gap = np.sum(shares * np.abs(confidences - accuracies))
    assert gap == pytest.approx(calibration_error(np.maximum(confidence, 1 - confidence), right), abs=1e-3)
    for c in (0.5, 0.8, 0.9, 1.0):
        at = risk["accuracy"][round(20 * c) - 1]
        assert at == pytest.approx(accuracy_at_coverage(confidence, right, c), abs=1e-5)


def test_standard_error_of_rows_and_of_groups_by_hand():
    right = np.array([True, True, False, False])
    assert standard_error(right) == pytest.approx((0.5 * 0.5 / 3) ** 0.5)
    # Two groups, one all right and one all wrong: p = 1/2, deviations +1 and -1 rows.
    assert standard_error(right, np.array([7, 7, 3, 3])) == pytest.approx((2 / 1 * 2) ** 0.5 / 4)
    assert standard_error(right, np.arange(4)) == pytest.approx(standard_error(right))
    assert standard_error(right[:1]) is None
    assert standard_error(right, np.zeros(4, int)) is None


def test_standard_error_of_groups_is_what_resampling_groups_shows():
    rng = np.random.default_rng(0)
    groups = rng.integers(60, size=600)
    right = rng.random(600) < rng.random(60)[groups]
    size, hits = np.bincount(groups), np.bincount(groups, weights=right)
    chosen = rng.integers(60, size=(4000, 60))
    spread = (hits[chosen].sum(axis=1) / size[chosen].sum(axis=1)).std()
    assert standard_error(right, groups) == pytest.approx(spread, rel=0.06)
    assert standard_error(right, groups) > 1.3 * standard_error(right)
