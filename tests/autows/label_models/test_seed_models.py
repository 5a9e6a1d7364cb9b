"""Weighted vote and naive Bayes on seeds beside plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows.errors import UserError
from autows.label_models import create
from autows.label_models.seed_naive_bayes import SeedNaiveBayes
from autows.label_models.weighted_vote import WeightedVote
from autows.priors import shrunken_prior


@st.composite
def seeded_votes(draw):
    K, m, N, n = (draw(st.integers(*ends)) for ends in ((2, 4), (0, 4), (0, 6), (1, 8)))
    elements = st.integers(-1, K - 1)
    prior = draw(st.none() | arrays(np.float64, K, elements=st.floats(0.125, 1)))
    return {
        "K": K,
        "L": draw(arrays(np.int8, (N, m), elements=elements)),
        "y": draw(arrays(np.int64, n, elements=st.integers(0, K - 1))),
        "L_seed": draw(arrays(np.int8, (n, m), elements=elements)),
        "prior": None if prior is None else prior / prior.sum(),
        "smoothing": draw(st.sampled_from([0.5, 4.0])),
    }


def posterior(rows, K, prior, y, log_weight):
    """Return class probabilities, ``log_weight(j, vote, k)`` added up over labeling functions."""
    if prior is None:
        prior = shrunken_prior(np.bincount(y, minlength=K))
    P = []
    for row in rows:
        if all(vote == -1 for vote in row):
            P.append(list(prior))
            continue
        joint = [
            prior[k] * math.exp(sum(log_weight(j, vote, k) for j, vote in enumerate(row))) for k in range(K)
        ]
        P.append([value / sum(joint) for value in joint])
    return np.array(P).reshape(-1, K)


@settings(max_examples=80, deadline=None)
@given(seeded_votes())
def test_weighted_vote_is_its_definition(drawn):
    K, y, L_seed, s = (drawn[key] for key in ("K", "y", "L_seed", "smoothing"))
    cast = [[(v, k) for v, k in zip(column, y, strict=True) if v != -1] for column in L_seed.T]
    right = [sum(v == k for v, k in pairs) for pairs in cast]
    average = (sum(right) + 1) / (sum(map(len, cast)) + K)

    def log_weight(j, vote, k):
        accuracy = (right[j] + s * average) / (len(cast[j]) + s)
        return math.log(accuracy * (K - 1) / (1 - accuracy)) if vote == k else 0.0

    model = WeightedVote(n_classes=K, smoothing=s).fit(drawn["L"], y, L_seed, drawn["prior"])
    for rows in (drawn["L"], L_seed):
        expected = posterior(rows, K, drawn["prior"], y, log_weight)
        np.testing.assert_allclose(model.predict_proba(rows), expected, atol=1e-10)


@settings(max_examples=80, deadline=None)
@given(seeded_votes(), st.booleans())
def test_naive_bayes_is_its_definition(drawn, abstentions):
    K, y, L_seed, s = (drawn[key] for key in ("K", "y", "L_seed", "smoothing"))
    both = np.concatenate([drawn["L"], L_seed])

    def log_weight(j, vote, k):
        if vote == -1 and not abstentions:
            return 0.0
        share = {v: (np.sum(both[:, j] == v) + 0.5) / (len(both) + 0.5 * (K + 1)) for v in range(-1, K)}
        tilted = {v: share[v] * (8 if v == k else 1) for v in share}
        typical = sum(share[v] ** 2 for v in range(K)) / sum(share[v] for v in range(K))
        rows = s * max(1, 0.3 / typical)
        counted = sum(v == vote and c == k for v, c in zip(L_seed[:, j], y, strict=True))
        return math.log((counted + rows * tilted[vote] / sum(tilted.values())) / (np.sum(y == k) + rows))

    model = SeedNaiveBayes(n_classes=K, smoothing=s, abstentions=abstentions)
    model.fit(drawn["L"], y, L_seed, drawn["prior"])
    for rows in (drawn["L"], L_seed):
        expected = posterior(rows, K, drawn["prior"], y, log_weight)
        np.testing.assert_allclose(model.predict_proba(rows), expected, atol=1e-10)


def test_smoothing_of_naive_bayes_is_the_number_of_classes_unless_given():
    L, y = np.array([[0, 2], [1, -1], [1, 2]], dtype=np.int8), np.array([0, 1, 2])
    P = SeedNaiveBayes(n_classes=3).fit(L, y, L).predict_proba(L)
    np.testing.assert_array_equal(SeedNaiveBayes(n_classes=3, smoothing=3.0).fit(L, y, L).predict_proba(L), P)


def test_one_that_is_worse_than_guessing_speaks_against_its_votes():
    L, y = np.array([[1], [1], [1], [1], [0], [0]], dtype=np.int8), np.array([0, 0, 0, 0, 1, 1])
    P = WeightedVote(n_classes=2).fit(L, y, L, np.array([0.5, 0.5])).predict_proba(L)
    # None of 6 votes is right: average (0 + 1) / (6 + 2), accuracy (0 + 4 / 8) / (6 + 4).
    np.testing.assert_allclose(P[[0, 4]], [[0.95, 0.05], [0.05, 0.95]])


def test_a_labeling_function_of_a_single_class_still_tells_by_when_it_votes():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 100)
    L = np.where(rng.random((200, 1)) < np.where(y == 1, 0.6, 0.1)[:, None], 1, -1).astype(np.int8)
    for spec in ("seed_naive_bayes", "seed_naive_bayes[abstentions=false]"):
        P = create(spec, n_classes=2).fit(L, y, L).predict_proba(np.array([[1]], dtype=np.int8))
        assert P[0, 1] == pytest.approx(6 / 7, abs=0.06)


@pytest.mark.parametrize("name", ["weighted_vote", "seed_naive_bayes"])
def test_without_seeds_it_says_what_to_use(name):
    L = np.zeros((3, 2), dtype=np.int8)
    for seeds in ((), (np.zeros(0, dtype=np.int64), L[:0])):
        with pytest.raises(
            ValueError, match=f"{name} learns from seeds only; give y_seed and L_seed, or use"
        ):
            create(name, n_classes=2).fit(L, *seeds)
    with pytest.raises(UserError, match=f"{name} needs smoothing > 0"):
        create(name, n_classes=2, smoothing=0.0)
