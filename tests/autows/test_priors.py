"""Class shares by empirical Bayes beside the Dirichlet-multinomial likelihood of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import dirichlet_multinomial

from autows.priors import shrunken_prior

COUNTS = st.lists(st.integers(0, 60), min_size=2, max_size=10).filter(any)


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_the_concentration_is_the_most_likely_of_the_grid(counts):
    counts = np.array(counts)
    K, n = len(counts), counts.sum()
    grid = np.geomspace(0.5, 1e4, 200)
    evidence = np.array([dirichlet_multinomial.logpmf(counts, np.full(K, a), n) for a in grid])
    found = shrunken_prior(counts)
    # Neighbours on a flat maximum may be told apart by rounding only.
    likely = grid[evidence > evidence.max() - 1e-9]
    assert any(np.allclose(found, (counts + a) / (n + K * a), rtol=1e-9) for a in likely)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.randoms(use_true_random=False))
def test_shares_are_positive_ordered_like_the_counts_and_renamed_with_the_classes(counts, random):
    order = list(range(len(counts)))
    random.shuffle(order)
    counts = np.array(counts)
    shares = shrunken_prior(counts)
    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0
    assert np.all(np.diff(shares[np.argsort(counts, kind="stable")]) >= 0)
    np.testing.assert_allclose(shrunken_prior(counts[order]), shares[order])


def test_equal_counts_give_equal_shares_and_unequal_ones_keep_most_of_their_difference():
    np.testing.assert_allclose(shrunken_prior(np.full(10, 10)), 0.1)
    # Counts as even as chance makes them are taken for equal.
    np.testing.assert_allclose(shrunken_prior(np.array([52, 48])), 0.5, atol=1e-3)
    np.testing.assert_allclose(shrunken_prior(np.array([95, 5])), [0.95, 0.05], atol=0.01)
