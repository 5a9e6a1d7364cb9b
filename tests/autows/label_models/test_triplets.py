"""Triplets beside their definition in plain loops, and the tables they recover."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from simulated_votes import bayes_accuracy, coin, simulate

from autows.label_models import triplets
from autows.label_models.triplets import Triplets, lifts, strengths


def plain_strengths(C, spread, n_rows, guess, positive):
    """Return strengths from medians over all triplets; signs are given."""
    q, found = len(C), []
    for i in range(q):
        values = [
            (abs(C[i, j] * C[i, k] / C[j, k]) / spread) ** 0.5
            for j, k in itertools.combinations([x for x in range(q) if x != i], 2)
            if abs(C[j, k]) > 3 * (C[j, j] * C[k, k] / n_rows) ** 0.5
        ]
        found.append((1 if positive[i] else -1) * statistics.median(values) if values else guess[i])
    return found


def covariances(d, spread, noise, rng):
    C = spread * np.outer(d, d) + noise * rng.standard_normal((len(d), len(d)))
    C = (C + C.T) / 2
    np.fill_diagonal(C, 0.2)
    return C


@pytest.mark.parametrize("q", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("n_rows", [50, 1_000, 100_000])
def test_strengths_are_medians_over_clear_triplets(q, n_rows, monkeypatch):
    rng = np.random.default_rng(q)
    d = np.array([0.8, 0.6, -0.5, 0.7, 0.4, 0.3, -0.2])[:q]
    C, guess = covariances(d, 0.2, 1e-3, rng), rng.random(q)
    expected = plain_strengths(C, 0.2, n_rows, guess, d > 0)
    for elements in (1, 1 << 20):
        monkeypatch.setattr(triplets, "_ELEMENTS", elements)
        np.testing.assert_allclose(strengths(C, 0.2, n_rows, guess, False), expected, rtol=1e-10)


def test_with_many_labeling_functions_those_that_covary_most_are_enough(monkeypatch):
    rng = np.random.default_rng(0)
    d = rng.uniform(0.2, 0.8, 30)
    C = covariances(d, 0.2, 1e-4, rng)
    every = strengths(C, 0.2, 1e6, d, False)
    monkeypatch.setattr(triplets, "MOST_PARTNERS", 8)
    np.testing.assert_allclose(every, d, atol=0.01)
    np.testing.assert_allclose(strengths(C, 0.2, 1e6, d, False), d, atol=0.01)


def test_seeds_turn_the_signs():
    d = np.array([-0.8, -0.6, -0.5, -0.7])
    C = covariances(d, 0.2, 0.0, np.random.default_rng(0))
    np.testing.assert_allclose(strengths(C, 0.2, 1e6, d, True), d)
    np.testing.assert_allclose(strengths(C, 0.2, 1e6, d, False), -d)


@pytest.mark.parametrize("K", [2, 3])
def test_lifts_of_votes_are_least_squares_over_the_other_labeling_functions(K):
    rng = np.random.default_rng(K)
    L, _ = simulate([coin(a, K, 0.7) for a in (0.9, 0.8, 0.7, 0.6)], 300, rng)
    V = (L[:, :, None] == np.arange(K)).reshape(300, -1).astype(float)
    C, prior = np.cov(V.T, bias=True), np.full(K, 1 / K)
    guess = rng.random((4 * K, K))
    found = lifts(C, np.arange(4 * K), K, prior, 300.0, guess, False)
    for k in range(K):
        if K == 2:
            # One problem: votes of class 1 against votes of class 0.
            f, g = V[:, 1::2] - V[:, ::2], guess[1::2, 1] - guess[::2, 1]
        else:
            f, g = V[:, k::K], guess[k::K, k]
        spread = prior[k] * (1 - prior[k])
        d = strengths(np.cov(f.T, bias=True), spread, 300.0, g, False)
        sign = -1 if (K, k) == (2, 0) else 1
        for j, vote in itertools.product(range(4), range(K)):
            others = [i for i in range(4) if i != j]
            covariance = [np.cov(V[:, j * K + vote], f[:, i], bias=True)[0, 1] for i in others]
            variance = [f[:, i].var() for i in others]
            above = sum(c * d[i] / v for c, i, v in zip(covariance, others, variance, strict=True))
            below = spread * sum(d[i] ** 2 / v for i, v in zip(others, variance, strict=True))
            assert found[j * K + vote, k] == pytest.approx(sign * above / below)


def planted(K, rng, symmetric):
    """Return tables of 8 labeling functions; in the symmetric form errors do not depend on the class."""
    if symmetric:
        return [
            coin(a, K, c) for a, c in zip(rng.uniform(0.5, 0.9, 8), rng.uniform(0.3, 0.9, 8), strict=True)
        ]
    tables = rng.dirichlet(np.full(K + 1, 2.0), size=(8, K))
    return list((tables + np.hstack([np.eye(K), np.zeros((K, 1))])) / 2)


@pytest.mark.parametrize(("K", "symmetric"), [(2, False), (2, True), (3, True), (4, True)])
def test_planted_tables_are_recovered_as_rows_grow_in_number(K, symmetric):
    rng = np.random.default_rng(5)
    prior = np.arange(2.0, K + 2) / np.arange(2.0, K + 2).sum()
    tables = planted(K, rng, symmetric)
    L, _ = simulate(tables, 200_000, rng, prior)
    expected = np.stack(tables).transpose(0, 2, 1)
    errors = []
    for N in (2_000, 20_000, 200_000):
        model = Triplets(n_classes=K).fit(L[:N], prior=prior)
        found = np.concatenate([model.share_, model.silent_[:, None, :]], axis=1)
        errors.append(np.sqrt(np.mean((found - expected) ** 2)))
    # Standard errors shrink tenfold.
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < errors[0] / 5
    assert errors[2] < 0.01


def test_labeling_functions_of_a_single_class_are_recovered():
    rng = np.random.default_rng(6)
    K, tables = 3, []
    for k in np.repeat(np.arange(3), 4):
        fires = np.where(np.arange(K) == k, rng.uniform(0.4, 0.8), rng.uniform(0.05, 0.15))
        table = np.zeros((K, K + 1))
        table[:, k], table[:, K] = fires, 1 - fires
        tables.append(table)
    L, y = simulate(tables, 100_000, rng)
    model = Triplets(n_classes=K).fit(L)
    found = np.concatenate([model.share_, model.silent_[:, None, :]], axis=1)
    np.testing.assert_allclose(found, np.stack(tables).transpose(0, 2, 1), atol=0.02)
    with np.errstate(divide="ignore"):
        best = bayes_accuracy(L, y, tables)
    assert np.mean(model.predict_proba(L).argmax(axis=1) == y) > best - 0.01


def test_a_class_for_which_too_few_vote_is_still_told_by_what_is_assumed_of_them():
    rng = np.random.default_rng(7)
    L, y = simulate([coin(a, 3, 0.9) for a in (0.9, 0.85, 0.8, 0.8)], 4_000, rng)
    # Only the first labeling function votes for class 2.
    L[:, 1:][L[:, 1:] == 2] = -1
    model = Triplets(n_classes=3).fit(L)
    assert model.share_[0, 2, 2] > 2 * model.share_[0, 2, :2].max()
    assert np.mean(model.predict_proba(L).argmax(axis=1) == y) > 0.75


def test_seeds_say_which_class_is_which_even_if_most_votes_are_wrong():
    rng = np.random.default_rng(8)
    confusions = [coin(a, 2, 0.8) for a in (0.15, 0.2, 0.25, 0.2)]
    L, y = simulate(confusions, 3_000, rng)
    best = bayes_accuracy(L, y, confusions)
    seeded = Triplets(n_classes=2).fit(L, y[:60], L[:60]).predict_proba(L)
    assert np.mean(seeded.argmax(axis=1) == y) > best - 0.02
    blind = Triplets(n_classes=2).fit(L).predict_proba(L)
    assert np.mean(blind.argmax(axis=1) == y) < 1 - best + 0.02
