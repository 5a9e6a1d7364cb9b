"""MeTaL's loss beside its definition, and the tables it recovers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from simulated_votes import bayes_accuracy, coin, simulate

from autows.label_models._moments import pair_shares
from autows.label_models._onehot import VoteBlocks
from autows.label_models.metal import MaskedLoss, Metal


@settings(max_examples=25, deadline=None)
@given(arrays(np.int8, (12, 4), elements=st.integers(-1, 2)), st.integers(1, 40), st.integers(1, 70))
def test_overlaps_are_shares_of_rows_with_both_votes(L, entries, times):
    L = np.repeat(np.hstack([L, np.tile(np.array([[0, 1, 2]], dtype=np.int8), (12, 1))]), times, axis=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autows.label_models._onehot.MOST_ENTRIES", entries * 10)
        votes = VoteBlocks(L, 3)
        columns = np.flatnonzero(votes.totals)
        overlap, merged = pair_shares(votes, columns), pair_shares(votes.merged(), columns)
    cast = [(j, v) for j in range(7) for v in range(3) if np.any(L[:, j] == v)]
    expected = [[np.mean((L[:, i] == v) & (L[:, j] == w)) for j, w in cast] for i, v in cast]
    np.testing.assert_array_equal(columns, [3 * j + v for j, v in cast])
    np.testing.assert_allclose(overlap, expected, atol=1e-14)
    np.testing.assert_allclose(merged, expected, atol=1e-14)


def make_loss(pull=0.7):
    rng = np.random.default_rng(0)
    owner, prior = np.array([0, 0, 1, 2, 2, 2, 5]), np.array([0.5, 0.3, 0.2])
    overlap, start = rng.random((7, 7)), rng.random((7, 3))
    return overlap + overlap.T, owner, prior, start, pull


def plain_loss(mu, overlap, owner, prior, start, pull):
    fit = held = 0.0
    for a in range(len(mu)):
        for b in range(len(mu)):
            if owner[a] != owner[b]:
                fit += (overlap[a, b] - sum(mu[a, k] * prior[k] * mu[b, k] for k in range(len(prior)))) ** 2
                held += overlap[a, b] * (1 - overlap[a, b])
        fit += (sum(mu[a, k] * prior[k] for k in range(len(prior))) - overlap[a, a]) ** 2
    return fit + pull * held * np.sum((mu - start) ** 2) / np.sum(start**2)


@pytest.mark.parametrize("pull", [0.0, 0.7])
def test_loss_and_gradient_are_those_of_the_definition(pull):
    problem = make_loss(pull)
    loss = MaskedLoss(problem[0].copy(), *problem[1:])
    mu = np.random.default_rng(1).random((7, 3))
    value, gradient = loss(mu.ravel())
    assert value / loss.scale == pytest.approx(plain_loss(mu, *problem), rel=1e-12)
    step = 1e-6 * np.eye(21).reshape(21, 7, 3)
    numeric = [(plain_loss(mu + h, *problem) - plain_loss(mu - h, *problem)) / 2e-6 for h in step]
    np.testing.assert_allclose(gradient / loss.scale, numeric, rtol=1e-5, atol=1e-6)


def test_the_minimum_is_one_that_small_moves_inside_the_bounds_do_not_improve():
    problem = make_loss()
    loss = MaskedLoss(problem[0] / 3, *problem[1:])
    mu, steps = loss.minimise(500, 1e-14)
    assert 1 < steps < 500
    best, gradient = loss(mu.ravel())
    inside = (mu.ravel() > 0) & (mu.ravel() < 1)
    assert inside.any()
    np.testing.assert_allclose(gradient[inside], 0, atol=1e-6)
    assert np.all(gradient[mu.ravel() == 0] >= -1e-6)
    assert np.all(gradient[mu.ravel() == 1] <= 1e-6)
    assert best < loss(loss.start.ravel())[0]


def test_binary_tables_are_recovered_and_the_pull_fades():
    rng = np.random.default_rng(2)
    tables = [rng.dirichlet([2, 2, 2], size=2) for _ in range(8)]
    tables = [np.where(np.eye(2, 3, dtype=bool), t + 0.8, t) / 1.8 for t in tables]
    expected = np.stack(tables)[:, :, :2].transpose(0, 2, 1).reshape(-1, 2)
    prior = np.array([0.65, 0.35])
    L, _ = simulate(tables, 200_000, rng, prior)
    for pull in (0.0, 20.0):
        model = Metal(n_classes=2, pull=pull).fit(L, prior=prior)
        np.testing.assert_allclose(model.table_, expected, atol=0.015)
    small = Metal(n_classes=2).fit(L[:400], prior=prior).table_ - expected
    assert np.abs(small).max() > 2 * np.abs(model.table_ - expected).max()


@pytest.mark.parametrize("K", [3, 5])
def test_several_classes_are_told_apart_nearly_as_well_as_can_be(K):
    rng = np.random.default_rng(3)
    confusions = [coin(a, K, 0.6) for a in rng.uniform(0.5, 0.9, 10)]
    L, y = simulate(confusions, 5_000, rng)
    P = Metal(n_classes=K).fit(L).predict_proba(L)
    assert np.mean(P.argmax(axis=1) == y) > bayes_accuracy(L, y, confusions) - 0.015


def test_seeds_say_which_class_is_which_even_if_most_votes_are_wrong():
    rng = np.random.default_rng(4)
    confusions = [coin(a, 2, 0.8) for a in (0.15, 0.2, 0.25, 0.2)]
    L, y = simulate(confusions, 3_000, rng)
    best = bayes_accuracy(L, y, confusions)
    seeded = Metal(n_classes=2).fit(L, y[:60], L[:60]).predict_proba(L)
    assert np.mean(seeded.argmax(axis=1) == y) > best - 0.02
    blind = Metal(n_classes=2).fit(L).predict_proba(L)
    assert np.mean(blind.argmax(axis=1) == y) < 1 - best + 0.02


def test_parameters_out_of_range_are_refused():
    for wrong in ({"pull": -1.0}, {"max_iter": 0}, {"tol": -1.0}):
        with pytest.raises(ValueError, match="metal needs pull >= 0, max_iter >= 1 and tol >= 0"):
            Metal(n_classes=2, **wrong).fit(np.zeros((2, 3), np.int8))
