"""What adapters share: unit rows, folds, and the choice of a candidate, beside loops."""

from __future__ import annotations

import numpy as np
import pytest

from autows.end_models import linear
from baselines._embeddings import (
    TEMPERATURES,
    SeedEmbeddings,
    answer,
    best_candidate,
    out_of_fold,
    seed_folds,
    unit_rows,
)


def test_unit_rows_have_length_one_and_zeros_stay():
    X = np.array([[3.0, 4.0], [0.0, 0.0], [1e-3, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(unit_rows(X), [[0.6, 0.8], [0, 0], [1, 0]], rtol=1e-6)
    assert unit_rows(X).dtype == np.float32
    assert unit_rows(X, np.float64).dtype == np.float64


def test_one_is_among_the_temperatures():
    assert 1.0 in TEMPERATURES
    assert len(TEMPERATURES) == 22
    assert (min(TEMPERATURES), max(TEMPERATURES)) == (0.125, 16.0)


def test_the_best_candidate_is_that_of_plain_loops():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=12)
    Z = 3 * rng.standard_normal((4, 12, 3))
    Z[2, np.arange(12), y] += 4
    found = {}
    for candidate in range(4):
        for temperature in TEMPERATURES:
            loss = 0.0
            for i in range(12):
                e = np.exp(Z[candidate, i] / temperature)
                loss -= np.log(e[y[i]] / e.sum())
            found[candidate, temperature] = (loss + 0.5 * np.log(temperature) ** 2, loss / 12)
    best = min(found, key=found.get)
    candidate, temperature, loss = best_candidate(Z, y)
    assert (candidate, temperature) == best
    assert loss == pytest.approx(found[best][1])


def test_equal_candidates_go_to_the_first_and_equal_logits_to_temperature_one():
    Z = np.zeros((3, 5, 4))
    assert best_candidate(Z, np.array([0, 1, 2, 3, 0])) == (0, 1.0, pytest.approx(np.log(4)))


def test_out_of_fold_logits_come_from_the_other_folds(embedded):
    seeds = SeedEmbeddings.of(embedded(n=12)[0])
    folds = np.array([0, 2, 1] * 4)

    def remember(train, F):
        return np.stack([np.tile(train.counts, (len(F), 1)), F[:, :4]])

    Z = out_of_fold(seeds, folds, remember)
    for i in range(12):
        np.testing.assert_array_equal(Z[0, i], np.bincount(seeds.y[folds != folds[i]], minlength=4))
        np.testing.assert_array_equal(Z[1, i], seeds.F[i, :4])


def test_folds_keep_groups_together_and_do_not_know_the_names_of_classes(embedded):
    view, *_ = embedded(groups_seed=np.arange(40) // 4)
    folds = seed_folds(view, np.random.default_rng(0))
    assert all(len(set(folds[view.groups_seed == g])) == 1 for g in range(10))
    plain, *_ = embedded()
    renamed, *_ = embedded(y_seed=np.array([3, 1, 0, 2])[plain.y_seed])
    first, second = (seed_folds(v, np.random.default_rng(0)) for v in (plain, renamed))
    np.testing.assert_array_equal(first, second)
    for k in range(4):
        assert np.ptp(np.bincount(first[plain.y_seed == k], minlength=5)) <= 1


def test_a_single_seed_has_no_folds(embedded):
    view, *_ = embedded(n=1)
    assert seed_folds(view, np.random.default_rng(0)) is None


def test_answers_in_blocks_are_those_in_one_piece(embedded, monkeypatch):
    view, *_ = embedded()
    E = view.class_embeddings.T

    def solve():
        return answer(view, lambda X: 20.0 * X @ E, 2.0, {"kept": 1})

    whole = solve()
    assert whole.info == {"kept": 1, "temperature": 2.0}
    square_root = np.sqrt(view.zero_shot_pool)
    np.testing.assert_allclose(whole.pool, square_root / square_root.sum(axis=1, keepdims=True), atol=1e-5)
    monkeypatch.setattr(linear, "ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(solve().pool, whole.pool, atol=1e-6)
