"""Snuba, unipolar and multipolar: what its answers must be true to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

import tasks
from autows import label_models, method, representations
from autows.draws import generator
from autows.errors import UserError
from autows.methods.snuba import Snuba
from autows.methods.snuba_multipolar import SnubaMultipolar
from autows.runs.views import make_view
from autows.types import ABSTAIN

BOTH = pytest.mark.parametrize("kind", [Snuba, SnubaMultipolar])


def run(view, kind=Snuba, seed=0, **params):
    entrant = kind(**{"n_iterations": 5, **params})
    return entrant.fit_predict(view, np.random.default_rng(seed))


def stump_votes(lf, X, prior):
    """Return the votes of a stump from its description alone."""
    x = X[:, lf["features"][0]]
    below = np.ones(len(x), dtype=bool) if lf["threshold"] is None else x <= lf["threshold"]
    if "label" in lf:
        share = np.where(below, lf["below"], lf["above"])
        return np.where(share >= lf["at_least"] - 1e-6, lf["label"], ABSTAIN)
    shares = np.where(below[:, None], lf["below"], lf["above"])
    label = (shares / prior).argmax(axis=1)
    chosen = shares[np.arange(len(x)), label]
    lift = (chosen - prior[label]) / (1 - prior[label])
    return np.where(lift >= lf["beta"] - 1e-6, label, ABSTAIN)


@BOTH
@pytest.mark.parametrize("K", [2, 4])
def test_votes_are_those_of_the_labeling_functions_described(blobs, kind, K):
    view, *_ = blobs(n_classes=K, gap=1.5)
    labels = run(view, kind, families="stumps")
    prior = (view.seed_counts + 1) / (len(view.y_seed) + K)
    assert len(labels.lfs) == labels.info["n_lfs"] > 0
    for X, votes, covered in (
        (view.X_pool, labels.pool_votes, labels.pool_covered),
        (view.X_test, labels.test_votes, labels.test_covered),
    ):
        for j, lf in enumerate(labels.lfs):
            np.testing.assert_array_equal(votes[:, j], stump_votes(lf, X, prior))
        np.testing.assert_array_equal(covered, (votes != ABSTAIN).any(axis=1))


def test_each_unipolar_labeling_function_names_one_class_and_multipolar_ones_name_several(blobs):
    view, *_ = blobs(gap=1.5)
    for column, lf in zip(run(view).pool_votes.T, run(view).lfs, strict=True):
        assert set(column) <= {ABSTAIN, lf["label"]}
    named = [set(column) - {ABSTAIN} for column in run(view, SnubaMultipolar).pool_votes.T]
    assert any(len(classes) > 1 for classes in named)


@BOTH
def test_one_generator_gives_one_answer(blobs, kind):
    view, *_ = blobs(gap=1.5)
    one, same, other = run(view, kind), run(view, kind), run(view, kind, seed=1)
    np.testing.assert_array_equal(one.test, same.test)
    np.testing.assert_array_equal(one.pool_votes, same.pool_votes)
    assert one.lfs == same.lfs
    assert one.lfs != other.lfs


@BOTH
def test_the_order_of_pool_and_test_rows_does_not_matter(blobs, kind):
    view, *_ = blobs(gap=1.5)
    rng = np.random.default_rng(0)
    pool, test = rng.permutation(120), rng.permutation(50)
    moved = replace(
        view, X_pool=view.X_pool[pool], X_test=view.X_test[test], seed_index=np.argsort(pool)[view.seed_index]
    )
    before, after = run(view, kind), run(moved, kind)
    np.testing.assert_allclose(after.pool, before.pool[pool], atol=1e-6)
    np.testing.assert_allclose(after.test, before.test[test], atol=1e-6)


@BOTH
def test_renamed_classes_give_renamed_answers(blobs, kind):
    view, *_ = blobs(gap=3.0, n=60)
    names = np.array([2, 0, 1])
    # Folds are dealt class by class: the two runs differ by chance, but not on separated classes.
    before, after = run(view, kind), run(replace(view, y_seed=names[view.y_seed]), kind)
    assert np.mean(names[before.test.argmax(axis=1)] == after.test.argmax(axis=1)) > 0.9


@pytest.mark.parametrize("name", ["majority_vote", "dawid_skene", "dawid_skene[one_coin=true]"])
def test_the_label_model_asked_for_answers_from_out_of_fold_votes_on_the_seeds(blobs, name):
    view, *_ = blobs(gap=1.0)
    labels = run(view, label_model=name)
    assert not np.array_equal(labels.seed_votes, labels.pool_votes[view.seed_index])
    model = label_models.create(name, n_classes=3)
    model.fit(labels.pool_votes[view.unlabeled_index], view.y_seed, labels.seed_votes)
    np.testing.assert_allclose(labels.test, model.predict_proba(labels.test_votes), atol=1e-6)


@BOTH
def test_votes_do_not_depend_on_the_label_model(blobs, kind):
    view, *_ = blobs(gap=1.0)
    one, other = run(view, kind), run(view, kind, label_model="majority_vote")
    np.testing.assert_array_equal(one.pool_votes, other.pool_votes)
    np.testing.assert_array_equal(one.seed_votes, other.seed_votes)
    assert one.lfs == other.lfs


@BOTH
@pytest.mark.parametrize("families", ["stumps+logistic", "prototypes+neighbors"])
def test_seeds_outside_the_pool_and_other_families_are_fine(blobs, kind, families):
    view, _, y_test = blobs(d=6)
    labels = run(replace(view, seed_index=None), kind, families=families, cardinality=2)
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.8


def test_cardinality_two_brings_labeling_functions_on_pairs(blobs):
    view, *_ = blobs(d=5, gap=1.0)
    sizes = {len(lf["features"]) for lf in run(view, cardinality=2, n_iterations=8).lfs}
    assert sizes == {1, 2}


@BOTH
def test_a_class_without_seeds_is_not_voted_for(blobs, kind):
    view, *_ = blobs(gap=1.5)
    keep = view.y_seed != 1
    view = replace(view, X_seed=view.X_seed[keep], y_seed=view.y_seed[keep], seed_index=view.seed_index[keep])
    labels = run(view, kind)
    assert 1 not in labels.pool_votes
    np.testing.assert_allclose(labels.test.sum(axis=1), 1, rtol=1e-5)


@BOTH
def test_sparse_features_give_what_the_same_dense_ones_give(blobs, kind):
    view, _, y_test = blobs(gap=3.0)
    dense = {name: np.where(np.abs(X) > 1, X, 0) for name, X in vars(view).items() if name.startswith("X_")}
    sparse = {name: scipy.sparse.csr_array(X) for name, X in dense.items()}
    one, other = run(replace(view, **dense), kind), run(replace(view, **sparse), kind)
    np.testing.assert_array_equal(one.pool_votes, other.pool_votes)
    np.testing.assert_array_equal(one.test_votes, other.test_votes)
    assert one.lfs == other.lfs
    assert np.mean(other.test.argmax(axis=1) == y_test) > 0.6


def test_zero_shot_answers_become_labeling_functions_and_are_declared_as_a_need(blobs):
    view, y_pool, y_test = blobs(gap=0.3)
    entrant = Snuba(families="stumps+zero_shot", n_iterations=3)
    assert entrant.requirements == {"zero_shot"}
    assert Snuba().requirements == frozenset()
    assert "zero-shot" in entrant.skip_reason(view)
    rng = np.random.default_rng(0)

    def simulate(y):
        P = 0.7 * np.eye(3)[np.where(rng.random(len(y)) < 0.9, y, (y + 1) % 3)] + 0.1
        return P.astype(np.float32)

    seen = replace(view, zero_shot_pool=simulate(y_pool), zero_shot_test=simulate(y_test))
    assert entrant.skip_reason(seen) is None
    without = run(view, n_iterations=3).test.argmax(axis=1)
    labels = entrant.fit_predict(seen, np.random.default_rng(0))
    assert np.mean(labels.test.argmax(axis=1) == y_test) > max(0.8, np.mean(without == y_test) + 0.1)


def test_extended_votes_cover_more_and_the_votes_kept_are_the_own_ones(blobs):
    view, *_ = blobs(gap=2.0, n_classes=4)
    plain, wide = run(view, n_iterations=1), run(view, n_iterations=1, extend=True)
    np.testing.assert_array_equal(plain.pool_votes, wide.pool_votes)
    assert np.all(wide.pool_covered >= plain.pool_covered)
    assert wide.pool_covered.sum() > plain.pool_covered.sum()


def test_what_it_cannot_do_is_said_and_not_raised(blobs):
    view, *_ = blobs()
    assert Snuba().skip_reason(view) is None
    one_class = replace(view, y_seed=np.zeros_like(view.y_seed))
    assert Snuba().skip_reason(one_class) == "needs seeds of at least two classes"


@pytest.mark.parametrize("wrong", ["n_iterations", "keep_first", "keep", "cardinality"])
def test_parameters_out_of_range_are_refused(blobs, wrong):
    with pytest.raises(ValueError, match="is 0; expected at least 1"):
        run(blobs()[0], **{wrong: 0})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "snuba[families=stump]",
            "Unknown lf family 'stump'. Did you mean 'stumps'? See: run_bench.py list lf-f",
        ),
        ("snuba[families=+]", "families names nothing"),
        ("snuba[patience=-1]", "patience is -1; expected 0 or more"),
        ("snuba_multipolar[label_model=metall]", "Unknown label model 'metall'. Did you mean 'metal'?"),
    ],
)
def test_names_that_do_not_exist_are_told_at_once(spec, message):
    with pytest.raises(UserError) as caught:
        method.create(spec)
    assert message in str(caught.value)


def test_digits_are_learned_from_true_labels_and_not_from_permuted_ones():
    task = tasks.create("digits")
    data, features = task.load(), representations.create("raw").features(task)
    for kind, margin in ((Snuba, 0.5), (SnubaMultipolar, 0.2)):
        accuracy = {"true": [], "permuted": [], "majority": []}
        for k in range(3):
            view = make_view(task, data, features.X_pool, features.X_test, k, 100)
            permuted = replace(view, y_seed=generator(purpose="permute", draw=k).permutation(view.y_seed))
            majority = method.create("majority_class")
            for name, entrant, shown in (
                ("true", kind(), view),
                ("permuted", kind(), permuted),
                ("majority", majority, view),
            ):
                labels = entrant.fit_predict(shown, generator(purpose="test", draw=k))
                accuracy[name].append(np.mean(labels.test.argmax(axis=1) == data.y_test))
        assert np.min(accuracy["true"]) > np.max(accuracy["majority"]) + margin
        assert np.mean(accuracy["permuted"]) < 0.17
