"""Folds: every row in one, sizes and class counts as even as they can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows.folds import stratified_folds


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.int64, st.integers(2, 40), elements=st.integers(0, 4)), st.integers(2, 7), st.integers(0, 1000)
)
def test_sizes_and_counts_of_every_class_differ_by_at_most_one(y, n_folds, seed):
    folds = stratified_folds(y, n_folds, np.random.default_rng(seed))
    n_folds = min(n_folds, len(y))
    sizes = np.bincount(folds, minlength=n_folds)
    assert len(sizes) == n_folds
    assert np.ptp(sizes) <= 1
    for k in np.unique(y):
        assert np.ptp(np.bincount(folds[y == k], minlength=n_folds)) <= 1


def test_the_generator_decides_and_nothing_else():
    y = np.repeat([0, 1, 2], 10)
    first, again, other = (stratified_folds(y, 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rows_are_not_tied_to_folds():
    y = np.repeat([0, 1], 10)
    folds = np.stack([stratified_folds(y, 5, np.random.default_rng(seed)) for seed in range(400)])
    shares = np.stack([(folds == fold).mean(axis=0) for fold in range(5)])
    np.testing.assert_allclose(shares, 0.2, atol=0.08)


@pytest.mark.parametrize(("n", "n_folds"), [(1, 5), (0, 2), (10, 1)])
def test_too_few_rows_or_folds_is_an_error(n, n_folds):
    with pytest.raises(ValueError, match=f"{n_folds} folds of {n} rows"):
        stratified_folds(np.zeros(n, dtype=int), n_folds, np.random.default_rng(0))


def test_groups_stay_together():
    rng = np.random.default_rng(0)
    groups = rng.integers(30, size=100)
    y = groups % 3
    folds = stratified_folds(y, 5, np.random.default_rng(1), groups)
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert set(folds) == set(range(5))
    # Rows that are groups of their own are dealt as rows are.
    alone = stratified_folds(y, 5, np.random.default_rng(2), np.arange(100))
    assert np.array_equal(alone, stratified_folds(y, 5, np.random.default_rng(2)))
    # One group cannot be divided.
    assert len(set(stratified_folds(y, 5, np.random.default_rng(2), np.zeros(100, dtype=int)))) == 5
