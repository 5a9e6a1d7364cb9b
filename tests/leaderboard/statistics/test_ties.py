"""Holm's method beside statsmodels; groups by hand and by their definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from leaderboard.statistics import holm, holm_pairs, pairwise_p, tie_groups

P_VALUES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), max_size=12)


@st.composite
def pairs(draw):
    M = draw(st.integers(1, 6))
    table = np.ones((M, M))
    i, j = np.triu_indices(M, 1)
    table[i, j] = table[j, i] = draw(
        st.lists(st.sampled_from([0.0, 0.01, 0.049, 0.05, 0.3, 1.0]), min_size=len(i), max_size=len(i))
    )
    return table


def test_holm_by_hand():
    # Ascending .01, .03, .04 times 3, 2, 1: .03, .06, .04, of which the last may not fall below .06.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("k", [1, 2, 5, 40])
def test_holm_is_that_of_statsmodels(k):
    p = np.random.default_rng(k).random(k).round(2) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@settings(max_examples=60, deadline=None)
@given(P_VALUES, st.randoms(use_true_random=False))
def test_holm_is_its_definition_and_knows_no_order(p, random):
    found = holm(p)
    for one, adjusted in zip(p, found, strict=True):
        # Of those not above it, each must pass with as many as are left when its turn comes.
        turns = [x * sum(y >= x for y in p) for x in p if x <= one]
        assert adjusted == pytest.approx(min(1.0, max(turns)))
    order = list(range(len(p)))
    random.shuffle(order)
    assert np.array_equal(holm([p[i] for i in order]), found[order])


@settings(max_examples=30, deadline=None)
@given(pairs())
def test_pairs_are_adjusted_as_one_family(table):
    found = holm_pairs(table)
    i, j = np.triu_indices(len(table), 1)
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(len(table)))
    assert np.array_equal(found[i, j], holm(table[i, j]))


def test_groups_by_hand():
    # Of six pairs: 0-3 six times 0.001, 0-2 and 1-3 five times 0.01, 2-3 three times 0.05, 1-2 twice 0.2.
    p = [[1, 0.3, 0.01, 0.001], [0.3, 1, 0.2, 0.01], [0.01, 0.2, 1, 0.05], [0.001, 0.01, 0.05, 1]]
    falling = [0.9, 0.8, 0.7, 0.6]
    assert tie_groups([0, 1, 2, 3], p, falling) == [1, 1, 1, 2]
    # The second ties with the first, the third with the second but not with the leader: it leads the next.
    assert tie_groups([0, 1, 2, 3], p, falling, level=0.06) == [1, 1, 2, 2]
    assert tie_groups([0, 1, 2, 3], p, falling, level=0.5) == [1, 2, 3, 4]
    assert tie_groups([0, 1, 2, 3], p, falling, level=0.005) == [1, 1, 1, 1]
    # Of three methods there are three pairs.
    assert tie_groups([3, 1, 0], p, falling[::-1]) == [1, 2, 2]
    assert tie_groups([2], p, falling) == [1]
    assert tie_groups([], p, falling) == []


def test_who_is_ranked_above_a_better_method_is_not_separated_from_it():
    p = [[1, 0.001], [0.001, 1]]
    assert tie_groups([0, 1], p, [0.9, 0.8]) == [1, 2]
    assert tie_groups([1, 0], p, [0.9, 0.8]) == [1, 1]


@settings(max_examples=50, deadline=None)
@given(pairs(), st.randoms(use_true_random=False))
def test_groups_are_as_defined_whatever_methods_are_called(table, random):
    M = len(table)
    order = list(range(M))
    random.shuffle(order)
    scores = np.array([random.choice([0.5, 0.6, 0.7]) for _ in range(M)])
    groups, adjusted = tie_groups(order, table, scores), holm_pairs(table)
    assert groups[0] == 1
    for group in set(groups):
        leader, *members = [method for method, g in zip(order, groups, strict=True) if g == group]
        after = order[order.index(leader) + 1 + len(members) :][:1]
        separate = [adjusted[leader, m] < 0.05 and scores[leader] > scores[m] for m in [*members, *after]]
        assert separate == [False] * len(members) + [True] * len(after)
    assert sorted(groups) == groups
    assert set(groups) == set(range(1, groups[-1] + 1))
    names = list(range(M))
    random.shuffle(names)
    renamed, moved = np.empty_like(table), np.empty_like(scores)
    renamed[np.ix_(names, names)], moved[names] = table, scores
    assert tie_groups([names[method] for method in order], renamed, moved) == groups


def test_equal_methods_are_separated_no_more_often_than_the_level_says():
    # Corrected for the leader's 19 comparisons, as if it were not the best of 20 by luck, it were 15 in 100.
    source, split = np.random.default_rng(2), 0
    for _ in range(200):
        scores = source.normal(size=(20, 5))
        means = scores.mean(axis=1)
        split += max(tie_groups(np.argsort(-means), pairwise_p(scores), means)) > 1
    assert split / 200 <= 0.05


def test_a_method_and_its_copy_share_a_group_whatever_the_others_do():
    scores = np.random.default_rng(0).normal([[0.9], [0.7], [0.5]], 0.01, (3, 8))
    scores = np.vstack([scores, scores[1:2]])
    p, means = pairwise_p(scores), scores.mean(axis=1)
    assert tie_groups([0, 1, 3, 2], p, means) == [1, 2, 2, 3]
    assert tie_groups([0, 3, 1, 2], p, means) == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: holm([0.1, math.nan]), "from 0 to 1; got 1 of 2 that are NaN"),
        (lambda: holm([0.1, 1.2]), "from 0 to 1; got 0.1 to 1.2"),
        (lambda: holm([[0.1]]), "a row of p-values"),
        (lambda: holm_pairs([[1, 0.1], [0.2, 1]]), "a square, symmetric table"),
        (lambda: holm_pairs([[1, 0.1]]), r"a square, symmetric table; got shape \(1, 2\)"),
        (lambda: tie_groups([0], [[1, 0.1], [0.2, 1]], [1, 2]), "a square, symmetric table"),
        (
            lambda: tie_groups([0, 0], [[1, 0.1], [0.1, 1]], [1, 2]),
            r"each of 2 methods at most once; got \[0, 0\]",
        ),
        (lambda: tie_groups([2], [[1, 0.1], [0.1, 1]], [1, 2]), "each of 2 methods at most once"),
        (lambda: tie_groups([-1], [[1, 0.1], [0.1, 1]], [1, 2]), "each of 2 methods at most once"),
        (lambda: tie_groups([0], [[1, 0.1], [0.1, 1]], [1]), r"a score for each of 2 methods; got \(1,\)"),
        (lambda: tie_groups([0], [[1, 0.1], [0.1, 1]], [1, math.nan]), "a finite score for each method"),
    ],
)
def test_what_are_no_p_values_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
