"""The search for candidates beside plain loops; what a seed's fold must not see."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows.errors import UserError
from autows.labeling_functions import favourites, lift
from autows.lf_family import Models, Rows, Synthesiser
from autows.lf_search import (
    MULTIPOLAR_BETAS,
    UNIPOLAR_BETAS,
    Search,
    choose_betas,
    needs_of,
    parse_families,
    same_function,
    sample_rows,
)


def test_families_are_read_with_their_own_and_shared_parameters():
    made = parse_families("stumps + logistic[cardinality=2,C=1e+3]", cardinality=3, unknown=1)
    assert [family.spec for family in made] == ["stumps[cardinality=3]", "logistic[C=1000.0,cardinality=2]"]
    # What is written counts, also if it is the default.
    (family,) = parse_families("stumps[cardinality=1]", cardinality=3)
    assert family.get_params()["cardinality"] == 1
    assert needs_of(made) == frozenset()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stumps+logistik", "logistic"),
        ("stumps[depth=2]", "depth"),
        ("stumps[cardinality=0]", "at least 1"),
        ("stumps[cardinality=2", "Cannot read"),
    ],
)
def test_mistakes_in_a_list_of_families_are_told(text, message):
    with pytest.raises(UserError, match=message):
        parse_families(text)


@pytest.mark.parametrize("text", ["", " + "])
def test_a_list_without_families_is_an_error(text):
    with pytest.raises(ValueError, match="names nothing"):
        parse_families(text)


def plain_choice(label, strength, y, n_classes, betas):
    """Return best F0.5, smallest beta that reaches it, and trust, of one candidate."""
    best = None
    for beta in betas:
        F, by_chance, cast, right = [], 0.0, 0, 0
        for k in range(n_classes):
            mine = [i for i in range(len(y)) if strength[i] >= beta and label[i] == k]
            if not mine:
                continue
            hit, positives = sum(y[i] == k for i in mine), sum(y == k)
            precision, recall = (hit + 1) / (len(mine) + 2), hit / max(positives, 1)
            F.append(1.25 * precision * recall / (0.25 * precision + recall))
            cast, right = cast + len(mine), right + hit
            by_chance += len(mine) * positives / len(y)
        score = sum(F) / len(F) if F else 0.0
        trusted = right > 0 and (right + 1) / (cast + 2) > by_chance / cast + 1e-12
        if best is None or score > best[0] + 1e-12:
            best = score, beta, trusted
    return best


@st.composite
def strengths(draw, unipolar):
    n, C, K = draw(st.integers(1, 9)), draw(st.integers(1, 4)), draw(st.integers(2, 4))
    y = draw(arrays(np.int64, n, elements=st.integers(0, K - 1)))
    label = draw(arrays(np.int8, C if unipolar else (n, C), elements=st.integers(0, K - 1)))
    strength = draw(
        arrays(np.float64, (n, C), elements=st.sampled_from([-1.0, 0.0, 0.25, 0.3, 0.5, 0.9, 1.0]))
    )
    return np.broadcast_to(label, (n, C)), strength, y, K


@settings(max_examples=150, deadline=None)
@given(st.booleans().flatmap(strengths), st.sampled_from([UNIPOLAR_BETAS, MULTIPOLAR_BETAS, np.array([0.5])]))
def test_thresholds_are_chosen_as_by_a_plain_loop(drawn, betas):
    label, strength, y, K = drawn
    score, beta, trusted = choose_betas(label, strength, y, K, betas)
    assert (score.dtype, beta.dtype, trusted.dtype) == (np.float64, np.float64, np.bool_)
    for c in range(strength.shape[1]):
        expected = plain_choice(label[:, c], strength[:, c], y, K, betas)
        assert (score[c], beta[c]) == (pytest.approx(expected[0], abs=1e-12), expected[1])
        assert trusted[c] == expected[2]


def test_a_threshold_by_hand():
    y, strength = np.array([0, 0, 1, 1, 1]), np.array([[0.9], [0.5], [0.4], [-1], [-1]])
    label = np.zeros((5, 1), np.int8)
    score, beta, trusted = choose_betas(label, strength, y, 2, np.array([0.3, 0.45, 0.8]))
    # From 0.45 on both votes are right: precision (2 + 1) / (2 + 2), recall 1.
    assert (score[0], beta[0], trusted[0]) == (pytest.approx(1.25 * 0.75 / (0.25 * 0.75 + 1)), 0.45, True)
    never = choose_betas(label, np.full((5, 1), -1.0), y, 2, np.array([0.3, 0.8]))
    assert [value.tolist() for value in never] == [[0.0], [0.3], [False]]


def test_a_function_that_does_worse_than_the_shares_is_not_trusted():
    y = np.array([0] * 8 + [1] * 8)
    label, strength = np.full((16, 1), 0, np.int8), np.where(np.arange(16) < 6, 0.0, 1.0)[:, None]
    _, _, trusted = choose_betas(label, strength, y, 2, np.array([0.5]))
    assert not trusted[0]


class Recorder(Synthesiser):
    """One model that predicts for every row which fit it was: 0, 0.01, 0.02 and so on."""

    def __init__(self, n):
        self.Z = np.zeros((n, 1), np.float32)
        self.masks = []

    def transform(self, rows):
        raise AssertionError("not asked for out of fold")

    def fit(self, used):
        self.masks.append(used.copy())
        return Number(len(self.masks) - 1)


class Number(Models):
    n_models, n_classes = 1, 2

    def __init__(self, number):
        self.number = number

    def predict(self, Z):
        return np.full((len(Z), 1, 2), self.number / 100)

    def scores(self, Z, model, label):
        raise AssertionError("not asked for out of fold")

    def describe(self, model, label=None):
        raise AssertionError("not asked for out of fold")


def test_every_seed_is_predicted_by_the_fit_without_its_fold(blobs):
    view, _, _ = blobs(n_classes=2, n=23, groups_seed=np.arange(23) // 2)
    search = Search(view, parse_families("stumps"), False, np.random.default_rng(0))
    used, recorder = np.random.default_rng(1).random(23) < 0.6, Recorder(23)
    P = search.out_of_fold(recorder, Number(0), used)
    assert len(recorder.masks) == len(np.unique(search.folds)) == 5
    for i in range(23):
        mask = recorder.masks[round(P[i, 0, 0] * 100)]
        np.testing.assert_array_equal(mask, used & (search.folds != search.folds[i]))
    for group in range(11):
        assert np.ptp(search.folds[view.groups_seed == group]) == 0


@pytest.mark.parametrize("multipolar", [False, True])
def test_no_label_of_a_fold_has_a_say_in_its_predictions(multipolar, blobs):
    view, _, _ = blobs(gap=1.0)
    search = Search(
        view, parse_families("stumps+logistic", cardinality=2), multipolar, np.random.default_rng(0)
    )
    used, fold = np.ones(search.n, bool), search.folds == 2
    for synthesiser in search.synthesisers:
        before = search.out_of_fold(synthesiser, synthesiser.fit(used), used)
        synthesiser.targets[fold] = np.roll(synthesiser.targets[fold], 1, axis=1)
        after = search.out_of_fold(synthesiser, synthesiser.fit(used), used)
        np.testing.assert_array_equal(after[fold], before[fold])
        assert np.any(after[~fold] != before[~fold])


def test_without_a_marked_seed_outside_its_fold_nobody_votes(blobs):
    view, _, _ = blobs()
    for multipolar in (False, True):
        search = Search(view, parse_families("stumps"), multipolar, np.random.default_rng(0))
        used = search.folds == 1
        found = search.candidates(used)
        assert np.all(found.seed_votes[used] == -1)
        P = search.out_of_fold(search.synthesisers[0], search.synthesisers[0].fit(used), used)
        np.testing.assert_array_equal(P[used], np.broadcast_to(search.prior, P[used].shape))


@pytest.mark.parametrize("multipolar", [False, True])
def test_candidates_equal_a_plain_loop_over_families_models_and_classes(multipolar, blobs):
    view, _, _ = blobs(gap=1.0, d=3)
    search = Search(
        view, parse_families("stumps+logistic", cardinality=2), multipolar, np.random.default_rng(0)
    )
    used = np.random.default_rng(1).random(search.n) < 0.7
    found = search.candidates(used)
    betas = MULTIPOLAR_BETAS if multipolar else UNIPOLAR_BETAS
    votes, c = found.lfs.votes(Rows.pool(view)), 0
    for synthesiser in search.synthesisers:
        models = synthesiser.fit(used)
        held = np.empty((search.n, models.n_models, 3))
        for fold in np.unique(search.folds):
            rows = search.folds == fold
            held[rows] = synthesiser.fit(used & ~rows).predict(synthesiser.Z[rows])
        pool = models.predict(synthesiser.transform(Rows.pool(view)))
        for i in range(models.n_models):
            for k in [None] if multipolar else range(3):
                if multipolar:
                    label, strength = favourites(held[:, i], search.prior)
                    pool_label, pool_strength = favourites(pool[:, i], search.prior)
                else:
                    label, strength = np.full(search.n, k), lift(held[:, i, k], search.prior[k])
                    pool_label, pool_strength = k, lift(pool[:, i, k], search.prior[k])
                score, beta, trusted = plain_choice(label, strength, search.y, 3, betas)
                assert found.score[c] == pytest.approx(score, abs=1e-12)
                assert (found.trusted[c], found.label[c]) == (trusted, -1 if multipolar else k)
                np.testing.assert_array_equal(found.seed_votes[:, c], np.where(strength >= beta, label, -1))
                np.testing.assert_array_equal(votes[:, c], np.where(pool_strength >= beta, pool_label, -1))
                c += 1
    assert c == len(found.lfs) == len(found.score) == found.seed_votes.shape[1]
    assert found.seed_votes.dtype == np.int8


@pytest.mark.parametrize("multipolar", [False, True])
def test_a_class_without_seeds_gets_no_vote(multipolar, blobs):
    view, _, _ = blobs(n_classes=3)
    y = np.where(view.y_seed == 1, 2, view.y_seed)
    missing = type(view)(view.X_seed, y, view.X_pool, view.X_test, 3, seed_index=view.seed_index)
    families = parse_families("stumps+logistic", cardinality=2)
    search = Search(missing, families, multipolar, np.random.default_rng(0))
    found = search.candidates(np.ones(40, bool))
    votes = found.lfs.votes(search.pool)
    assert not np.any(votes == 1)
    assert not np.any(found.seed_votes == 1)
    assert np.any(votes == 2)
    assert search.prior[1] == 1 / 43


@pytest.mark.parametrize("multipolar", [False, True])
def test_sparse_and_dense_features_give_the_same_candidates(multipolar, blobs):
    view, _, _ = blobs(d=5, gap=1.0)
    dense = type(view)(
        *(
            np.maximum(X, 0) if X.ndim == 2 else X
            for X in (view.X_seed, view.y_seed, view.X_pool, view.X_test)
        ),
        3,
        seed_index=view.seed_index,
    )
    assert np.all(np.count_nonzero(dense.X_seed, axis=0) >= 2)
    sparse = type(view)(
        scipy.sparse.csr_array(dense.X_seed),
        dense.y_seed,
        scipy.sparse.csr_array(dense.X_pool),
        scipy.sparse.csr_array(dense.X_test),
        3,
        seed_index=dense.seed_index,
    )
    answers = []
    for given_view in (dense, sparse):
        families = parse_families("stumps+logistic", cardinality=2)
        found = Search(given_view, families, multipolar, np.random.default_rng(0)).candidates(
            np.ones(40, bool)
        )
        answers.append((found, found.lfs.votes(Rows.test(given_view)), found.lfs.describe()))
    np.testing.assert_array_equal(answers[0][0].seed_votes, answers[1][0].seed_votes)
    np.testing.assert_array_equal(answers[0][0].score, answers[1][0].score)
    np.testing.assert_array_equal(answers[0][1], answers[1][1])
    assert json.dumps(answers[0][2], allow_nan=False) == json.dumps(answers[1][2], allow_nan=False)


def test_the_pool_sample_leaves_the_seeds_out_and_rows_are_sampled_in_order(blobs):
    view, _, _ = blobs()
    search = Search(view, parse_families("stumps"), False, np.random.default_rng(0))
    np.testing.assert_array_equal(search.pool.X, view.X_pool[40:])
    rows = np.arange(3, 60)
    np.testing.assert_array_equal(sample_rows(rows, 57, np.random.default_rng(0)), rows)
    some = sample_rows(rows, 10, np.random.default_rng(0))
    assert len(some) == len(np.intersect1d(some, rows)) == 10
    assert np.all(np.diff(some) > 0)


def test_functions_that_vote_elsewhere_on_the_pool_are_told_by_their_coverage():
    pool = np.full((1000, 4), -1, dtype=np.int8)
    pool[:500, 0] = pool[:500, 1] = pool[:1, 2] = 0
    seeds = np.full((100, 4), -1, dtype=np.int8)
    # Half the pool: 4 errors of .05 and one seed, so at least 29 and at most 71 seeds.
    seeds[:71, 0], seeds[:72, 1], seeds[:46, 2] = 0, 0, 0
    np.testing.assert_array_equal(same_function(seeds, pool), [True, False, False, True])
    assert same_function(seeds[:0], pool[:0]).all()
