"""Majority vote beside a plain loop, and the checks that all label models share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows import label_models
from autows.label_models.majority_vote import MajorityVote
from autows.priors import shrunken_prior


@st.composite
def votes_seeds_and_prior(draw):
    K, m, N = draw(st.integers(2, 4)), draw(st.integers(0, 4)), draw(st.integers(0, 8))
    L = draw(arrays(np.int8, (N, m), elements=st.integers(-1, K - 1)))
    prior = draw(st.none() | arrays(np.float64, K, elements=st.floats(0.0625, 1)))
    y = draw(st.none() | arrays(np.int64, st.integers(0, 4), elements=st.integers(0, K - 1)))
    return K, L, y, None if prior is None else prior / prior.sum()


@settings(max_examples=80, deadline=None)
@given(votes_seeds_and_prior())
def test_shares_equal_a_plain_loop(drawn):
    K, L, y, prior = drawn
    seeds = () if y is None else (y, np.full((len(y), L.shape[1]), -1, dtype=np.int8))
    P = MajorityVote(n_classes=K).fit(L, *seeds, prior=prior).predict_proba(L)
    if prior is None:
        prior = [1 / K] * K if y is None or not len(y) else shrunken_prior(np.bincount(y, minlength=K))
    assert P.shape == (len(L), K)
    assert P.dtype == np.float64
    for row, shares in zip(L, P, strict=True):
        cast = [vote for vote in row if vote != -1]
        if cast:
            expected = [(cast.count(k) / len(cast) + 1e-5 * prior[k]) / (1 + 1e-5) for k in range(K)]
        else:
            expected = prior
        np.testing.assert_allclose(shares, expected, atol=1e-12)


def test_by_hand_with_a_tie_an_abstaining_row_and_one_that_is_unanimous():
    L = np.array([[0, 2, -1], [-1, -1, -1], [1, 1, 1], [0, 1, 1]], dtype=np.int8)
    P = MajorityVote(n_classes=3).fit(L, prior=np.array([0.5, 0.3, 0.2])).predict_proba(L)
    shares = np.array([[0.5, 0, 0.5], [0.5, 0.3, 0.2], [0, 1, 0], [1 / 3, 2 / 3, 0]])
    np.testing.assert_allclose(P, (shares + 1e-5 * np.array([0.5, 0.3, 0.2])) / (1 + 1e-5))


def test_ties_go_to_the_more_frequent_class_even_in_single_precision():
    L = np.repeat(np.array([[0, 2]], dtype=np.int8), 50, axis=1)
    nearly_equal = np.array([0.33, 0.33, 0.34])
    P = MajorityVote(n_classes=3).fit(L, prior=nearly_equal).predict_proba(L).astype(np.float32)
    assert P[0, 2] > P[0, 0] > P[0, 1]
    seeds = np.repeat([0, 1, 2], [10, 10, 60])
    rows = np.vstack([L, np.full((1, 100), -1, dtype=np.int8)])
    P = MajorityVote(n_classes=3).fit(L, seeds, L[np.zeros(80, dtype=int)]).predict_proba(rows)
    assert P[0].argmax() == 2
    np.testing.assert_allclose(P[1], shrunken_prior(np.array([10, 10, 60])))


def test_class_shares_do_not_overturn_a_majority():
    L = np.repeat(np.array([0, 1], dtype=np.int8), [5_000, 5_001])[None]
    P = MajorityVote(n_classes=2).fit(L, prior=np.array([0.99, 0.01])).predict_proba(L)
    assert P[0, 1] > P[0, 0]


def test_a_single_labeling_function_is_followed_and_none_leaves_the_prior():
    one = np.array([[1], [-1]], dtype=np.int8)
    P = MajorityVote(n_classes=2).fit(one).predict_proba(one)
    np.testing.assert_allclose(P, [[0.5e-5 / (1 + 1e-5), (1 + 0.5e-5) / (1 + 1e-5)], [0.5, 0.5]])
    none = np.zeros((3, 0), dtype=np.int8)
    np.testing.assert_allclose(
        MajorityVote(n_classes=2).fit(none, prior=np.array([0.9, 0.1])).predict_proba(none), [[0.9, 0.1]] * 3
    )


L = np.array([[0, 1], [2, -1]], dtype=np.int8)
Y = np.array([0, 2])


@pytest.mark.parametrize("name", ["majority_vote", "dawid_skene"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(L=L.astype(np.int64)), "L is int64 of shape .*; expected int8"),
        (dict(L=L[0]), r"L is int8 of shape \(2,\); expected int8 of shape \(N, m\)"),
        (dict(L=L + np.int8(1)), "L has votes from 0 to 3; expected -1 .abstain. to 2"),
        (dict(L=L - np.int8(1)), "L has votes from -2 to 1"),
        (dict(L=L, y_seed=Y), "y_seed and L_seed come together"),
        (dict(L=L, L_seed=L), "y_seed and L_seed come together"),
        (dict(L=L, y_seed=Y, L_seed=L[:, :1]), r"L_seed has shape \(2, 1\); expected \(2, 2\)"),
        (dict(L=L, y_seed=Y[:1], L_seed=L), r"L_seed has shape \(2, 2\); expected \(1, 2\)"),
        (dict(L=L, y_seed=Y, L_seed=L.astype(float)), "L_seed is float64"),
        (dict(L=L, y_seed=Y + 1, L_seed=L), r"y_seed must lie in 0 \.\. 2"),
        (dict(L=L, prior=np.array([0.5, 0.5])), "prior must be 3 shares that sum to 1"),
        (dict(L=L, prior=np.array([0.5, 0.5, 0.5])), "prior must be 3 shares that sum to 1"),
        (dict(L=L, prior=np.array([1.5, -0.5, 0])), "prior must be 3 shares that sum to 1"),
    ],
)
def test_what_does_not_fit_together_is_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        label_models.create(name, n_classes=3).fit(**arguments)


@pytest.mark.parametrize("n_classes", [None, 1])
def test_the_number_of_classes_must_be_given(n_classes):
    with pytest.raises(ValueError, match="give the label model n_classes=K"):
        MajorityVote(n_classes=n_classes).fit(L)
