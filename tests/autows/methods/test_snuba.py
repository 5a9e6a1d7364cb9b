"""Snuba's steps beside plain loops, and what its answers must be true to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

import tasks
from autows import label_models, method, representations
from autows.draws import generator
from autows.folds import stratified_folds
from autows.lfs.stumps import StumpLFs, fit_stumps
from autows.methods import snuba
from autows.methods.snuba import BETAS, Snuba, _Search, _vague
from autows.runs.cell import make_view
from autows.types import ABSTAIN


def make_search(K=3, n=30, d=4, seed=0, classes=None):
    rng = np.random.default_rng(seed)
    y = rng.choice(classes or K, n)
    means = 1.5 * rng.standard_normal((K, d))
    X = (means[y] + rng.standard_normal((n, d))).astype(np.float32)
    X_pool = (means[rng.integers(K, size=80)] + rng.standard_normal((80, d))).astype(np.float32)
    return _Search(X=X, y=y, X_pool=X_pool, folds=stratified_folds(y, 5, rng), n_classes=K), rng


def plain_prior(search):
    K = search.n_classes
    return [(np.sum(search.y == k) + 1) / (len(search.y) + K) for k in range(K)]


@pytest.mark.parametrize("seed", range(3))
def test_out_of_fold_predictions_come_from_stumps_fitted_without_the_row(seed):
    search, rng = make_search(seed=seed)
    vague = rng.random(30) < 0.5
    P = search._out_of_fold(vague)
    for i in range(30):
        train = [j for j in range(30) if vague[j] and search.folds[j] != search.folds[i]]
        stumps = fit_stumps(search.X[train], search.targets[train])
        np.testing.assert_array_equal(P[i], stumps.predict(search.X[[i]])[0])


def test_a_row_and_its_fold_have_no_part_in_what_is_predicted_for_it():
    search, _ = make_search()
    everyone = np.ones(30, dtype=bool)
    before = search._out_of_fold(everyone)
    held = search.folds == 2
    search.targets[held] = ~search.targets[held]
    after = search._out_of_fold(everyone)
    np.testing.assert_array_equal(before[held], after[held])
    assert not np.array_equal(before[~held], after[~held])


def test_without_rows_to_train_on_the_prior_is_predicted():
    search, _ = make_search()
    vague = search.folds == 1
    P = search._out_of_fold(vague)
    np.testing.assert_allclose(P[vague], np.broadcast_to(plain_prior(search), P[vague].shape))


@pytest.mark.parametrize(("K", "classes"), [(2, None), (3, None), (4, [0, 1, 3])])
def test_the_best_beta_is_that_of_a_plain_loop(K, classes):
    search, _ = make_search(K=K, classes=classes)
    P = search._out_of_fold(np.ones(30, dtype=bool))
    score, beta, trusted = search._best_betas(P)
    prior = plain_prior(search)
    for j in range(4):
        for k in range(K):
            found = []
            for b in BETAS:
                fires = [i for i in range(30) if P[i, j, k] >= prior[k] + b * (1 - prior[k])]
                right = sum(search.y[i] == k for i in fires)
                precision, recall = (right + 1) / (len(fires) + 2), right / max(np.sum(search.y == k), 1)
                F = 1.25 * precision * recall / max(0.25 * precision + recall, 1e-12)
                found.append((F, b, precision > prior[k]))
            best = max(F for F, *_ in found)
            expected = next(f for f in found if f[0] >= best - 1e-12)
            assert score[j, k] == pytest.approx(expected[0], abs=1e-12)
            assert (beta[j, k], trusted[j, k]) == expected[1:]


def plain_candidates(search, vague, kept, keep):
    """Return (feature, threshold, above, class) of each new labeling function, in order."""
    stumps = fit_stumps(search.X[vague], search.targets[vague])
    score, beta, trusted = search._best_betas(search._out_of_fold(vague))
    prior, chosen = plain_prior(search), []
    known = {
        (f, t, a, k) for f, t, a, k in zip(kept.feature, kept.threshold, kept.above, kept.label, strict=True)
    }
    for k in range(search.n_classes):
        covered = {i for i, row in enumerate(kept.votes(search.X_pool)) if k in row}
        ranked = []
        for j in range(search.X.shape[1]):
            need, threshold = prior[k] + beta[j, k] * (1 - prior[k]), stumps.threshold[j, k]
            above, below = stumps.right[j, k] >= need, stumps.left[j, k] >= need
            if above == below or not trusted[j, k] or (j, threshold, above, k) in known:
                continue
            votes = {i for i, x in enumerate(search.X_pool[:, j]) if (x > threshold) == above}
            if votes:
                jaccard = len(votes & covered) / len(votes | covered)
                ranked.append((-0.5 * score[j, k] - 0.5 * (1 - jaccard), j, threshold, above))
        chosen += [(j, threshold, above, k) for _, j, threshold, above in sorted(ranked)[:keep]]
    return chosen


def as_tuples(lfs):
    return list(zip(lfs.feature, lfs.threshold, lfs.above, lfs.label, strict=True))


@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_rounds_choose_what_a_plain_loop_chooses(K, seed):
    search, rng = make_search(K=K, seed=seed, n=40, d=6)
    kept, everyone = StumpLFs.none(), np.ones(40, dtype=bool)
    for vague, keep in ((everyone, 2), (rng.random(40) < 0.5, 1), (everyone, 1)):
        new, votes = search.candidates(vague, kept, keep)
        assert as_tuples(new) == plain_candidates(search, vague, kept, keep)
        assert votes.shape == (40, len(new))
        P, beta = search._out_of_fold(vague), search._best_betas(search._out_of_fold(vague))[1]
        for column, (j, _, _, k) in enumerate(as_tuples(new)):
            need = search.prior[k] + beta[j, k] * (1 - search.prior[k])
            np.testing.assert_array_equal(votes[:, column], np.where(P[:, j, k] >= need, k, ABSTAIN))
        kept = kept + new
    assert len(kept) > 0
    assert len(set(as_tuples(kept))) == len(kept)


def test_a_stump_that_would_vote_on_both_sides_is_not_used():
    search, _ = make_search()
    new, votes = search.candidates(search.y == 0, StumpLFs.none(), 3)
    assert search._best_betas(search._out_of_fold(search.y == 0))[2][:, 0].all()
    assert (len(new), votes.shape) == (0, (30, 0))


def test_vague_are_the_half_of_least_margin_and_those_that_are_wrong():
    P = np.array([[0.9, 0.1], [0.4, 0.6], [0.45, 0.55], [0.2, 0.8], [0.7, 0.3]])
    # Margins .8 .2 .1 .6 .4; half of five are three; row 3 is wrong.
    np.testing.assert_array_equal(_vague(P, np.array([0, 1, 1, 0, 0])), [False, True, True, True, True])


def run(view, seed=0, **params):
    return Snuba(**params).fit_predict(view, np.random.default_rng(seed))


@pytest.mark.parametrize("K", [2, 4])
def test_votes_are_those_of_the_labeling_functions_described_and_each_names_one_class(blobs, K):
    view, *_ = blobs(n_classes=K, gap=1.5)
    labels = run(view)
    assert len(labels.lfs) == labels.info["n_lfs"] > 0
    for X, votes, covered in (
        (view.X_pool, labels.pool_votes, labels.pool_covered),
        (view.X_test, labels.test_votes, labels.test_covered),
    ):
        for j, lf in enumerate(labels.lfs):
            x = X[:, lf["features"][0]]
            fires = x > lf["threshold"] if lf["votes_where"] == "above" else x <= lf["threshold"]
            np.testing.assert_array_equal(votes[:, j], np.where(fires, lf["label"], ABSTAIN))
        np.testing.assert_array_equal(covered, (votes != ABSTAIN).any(axis=1))


def test_one_generator_gives_one_answer(blobs):
    view, *_ = blobs(gap=1.5)
    one, same, other = run(view), run(view), run(view, seed=1)
    np.testing.assert_array_equal(one.test, same.test)
    np.testing.assert_array_equal(one.pool_votes, same.pool_votes)
    assert one.lfs == same.lfs
    assert one.lfs != other.lfs


def test_the_order_of_pool_and_test_rows_does_not_matter(blobs):
    view, *_ = blobs(gap=1.5)
    rng = np.random.default_rng(0)
    pool, test = rng.permutation(120), rng.permutation(50)
    moved = replace(
        view, X_pool=view.X_pool[pool], X_test=view.X_test[test], seed_index=np.argsort(pool)[view.seed_index]
    )
    before, after = run(view), run(moved)
    np.testing.assert_allclose(after.pool, before.pool[pool], atol=1e-6)
    np.testing.assert_allclose(after.test, before.test[test], atol=1e-6)


def test_the_label_model_asked_for_is_the_one_that_answers(blobs):
    view, *_ = blobs(gap=1.5)
    labels = run(view, label_model="majority_vote")
    model = label_models.create("majority_vote", n_classes=3).fit(labels.pool_votes)
    np.testing.assert_allclose(labels.test, model.predict_proba(labels.test_votes), atol=1e-6)


def test_the_label_model_learns_from_out_of_fold_votes_on_the_seeds(blobs):
    view, *_ = blobs(gap=1.0)
    search = _Search(
        X=view.X_seed,
        y=view.y_seed,
        X_pool=view.X_pool[view.unlabeled_index],
        folds=stratified_folds(view.y_seed, 5, np.random.default_rng(0)),
        n_classes=3,
    )
    found = Snuba()._rounds(search)
    labels = run(view)
    assert found.lfs.describe() == labels.lfs
    assert not np.array_equal(found.seed_votes, labels.pool_votes[view.seed_index])
    model = label_models.create("dawid_skene", n_classes=3)
    model.fit(labels.pool_votes[view.unlabeled_index], view.y_seed, found.seed_votes)
    np.testing.assert_allclose(labels.test, model.predict_proba(labels.test_votes), atol=1e-6)


def test_seeds_outside_the_pool_and_a_large_pool_are_fine(blobs, monkeypatch):
    view, _, y_test = blobs()
    monkeypatch.setattr(snuba, "POOL_SAMPLE", 30)
    labels = run(replace(view, seed_index=None))
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.8
    rows = snuba._sample(np.arange(100, 200), np.random.default_rng(0))
    assert len(set(rows)) == 30
    assert np.all(np.diff(rows) > 0)
    np.testing.assert_array_equal(snuba._sample(np.arange(30), np.random.default_rng(0)), np.arange(30))


def test_a_class_without_seeds_is_not_voted_for(blobs):
    view, *_ = blobs(gap=1.5)
    keep = view.y_seed != 1
    view = replace(view, X_seed=view.X_seed[keep], y_seed=view.y_seed[keep], seed_index=view.seed_index[keep])
    labels = run(view)
    assert 1 not in labels.pool_votes
    np.testing.assert_allclose(labels.test.sum(axis=1), 1, rtol=1e-5)


def test_what_it_cannot_do_is_said_and_not_raised(blobs):
    view, *_ = blobs()
    assert Snuba().skip_reason(view) is None
    one_class = replace(view, y_seed=np.zeros_like(view.y_seed))
    assert Snuba().skip_reason(one_class) == "needs seeds of at least two classes"
    matrices = {name: scipy.sparse.csr_array(getattr(view, name)) for name in ("X_seed", "X_pool", "X_test")}
    assert "dense" in Snuba().skip_reason(replace(view, **matrices))


@pytest.mark.parametrize("wrong", ["n_iterations", "keep_first", "keep"])
def test_parameters_out_of_range_are_refused(blobs, wrong):
    with pytest.raises(ValueError, match="is 0; expected at least 1"):
        run(blobs()[0], **{wrong: 0})


def test_digits_are_learned_from_true_labels_and_not_from_permuted_ones():
    task = tasks.create("digits")
    data, features = task.load(), representations.create("raw").features(task)
    accuracy = {"true": [], "permuted": [], "majority": []}
    for k in range(4):
        view = make_view(task, data, features.X_pool, features.X_test, k, 100)
        permuted = replace(view, y_seed=generator(purpose="permute", draw=k).permutation(view.y_seed))
        majority = method.create("majority_class")
        for name, entrant, shown in (
            ("true", Snuba(), view),
            ("permuted", Snuba(), permuted),
            ("majority", majority, view),
        ):
            labels = entrant.fit_predict(shown, generator(purpose="test", draw=k))
            accuracy[name].append(np.mean(labels.test.argmax(axis=1) == data.y_test))
    assert np.min(accuracy["true"]) > np.max(accuracy["majority"]) + 0.5
    assert np.mean(accuracy["permuted"]) < 0.15
