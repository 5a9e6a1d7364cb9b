"""What answers of GOGGLES must be true to, whatever the base."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

import tasks
from autows import method, representations
from autows.draws import generator
from autows.errors import UserError
from autows.methods import goggles
from autows.methods._affinity_bases import BASES
from autows.methods.goggles import Goggles
from autows.runs.views import make_view

WAYS = [{"base": base, "seeded": seeded} for base in BASES for seeded in (True, False)]
WAYS += [{"seeded": False, "clusters_per_class": 3}, {"temper": False}]


def run(view, seed=0, **params):
    return Goggles(**params).fit_predict(view, np.random.default_rng(seed))


def accuracy(P, y):
    return np.mean(P.argmax(axis=1) == y)


def without_class(view, k):
    keep = view.y_seed != k
    return replace(view, X_seed=view.X_seed[keep], y_seed=view.y_seed[keep], seed_index=view.seed_index[keep])


def as_sparse(view, form=scipy.sparse.csr_array):
    return replace(view, **{name: form(getattr(view, name)) for name in ("X_seed", "X_pool", "X_test")})


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_far_blobs_are_found(blobs, way):
    view, y_pool, y_test = blobs(gap=6.0)
    labels = run(view, **way)
    assert accuracy(labels.pool, y_pool) > 0.95
    assert accuracy(labels.test, y_test) > 0.95


@pytest.mark.parametrize("way", [{}, {"seeded": False}], ids=str)
def test_the_pool_is_used(blobs, way):
    # Two long clusters side by side, and seeds at one end of them.
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = np.stack([rng.uniform(0, 4, 400), 3 * y + 0.3 * rng.standard_normal(400)], axis=1).astype(np.float32)
    index = np.argsort(X[:, 0])[:6]
    view = blobs()[0]
    view = replace(view, X_seed=X[index], y_seed=y[index], X_pool=X, X_test=X, n_classes=2, seed_index=index)
    assert accuracy(run(view, **way).test, y) > 0.95


@pytest.mark.parametrize("seed_index", [True, False])
def test_pool_rows_that_are_seeds_keep_their_labels(blobs, seed_index):
    view, *_ = blobs(gap=0.5)
    view = view if seed_index else replace(view, seed_index=None)
    labels = run(view)
    kept = np.array_equal(labels.pool[:40], np.eye(3)[view.y_seed])
    assert kept == seed_index
    assert labels.info["rows_fitted"] == (120 if seed_index else 160)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_renamed_classes_get_renamed_answers(blobs, way):
    view, *_ = blobs(gap=1.5)
    new = np.array([2, 0, 1])
    before, after = run(view, **way), run(replace(view, y_seed=new[view.y_seed]), **way)
    np.testing.assert_allclose(after.test[:, new], before.test, atol=1e-4)
    np.testing.assert_allclose(after.pool[:, new], before.pool, atol=1e-4)


@pytest.mark.parametrize("base", BASES)
def test_the_order_of_pool_and_test_rows_does_not_matter_when_all_are_anchors(blobs, base):
    view, *_ = blobs(gap=1.5)
    rng = np.random.default_rng(0)
    pool, test = rng.permutation(120), rng.permutation(50)
    moved = replace(
        view, X_pool=view.X_pool[pool], X_test=view.X_test[test], seed_index=np.argsort(pool)[view.seed_index]
    )
    before, after = run(view, base=base), run(moved, base=base)
    np.testing.assert_allclose(after.pool, before.pool[pool], atol=1e-4)
    np.testing.assert_allclose(after.test, before.test[test], atol=1e-4)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_test_row_is_answered_alone_as_it_is_among_others(blobs, way):
    view, *_ = blobs(gap=1.5)
    whole = run(view, **way)
    for rows in ([7], [30, 2, 11], list(range(49, -1, -1))):
        part = run(replace(view, X_test=view.X_test[rows]), **way)
        np.testing.assert_allclose(part.test, whole.test[rows], atol=1e-5)
        np.testing.assert_array_equal(part.pool, whole.pool)


def test_blocks_and_samples_of_the_pool_are_fine(blobs, monkeypatch):
    view, y_pool, _ = blobs(gap=3.0)
    whole = run(view, n_anchors=60)
    monkeypatch.setattr(goggles, "ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(run(view, n_anchors=60).pool, whole.pool, atol=1e-5)
    monkeypatch.setattr(goggles, "ROWS_TO_FIT", 30)
    sampled = run(view, n_anchors=60)
    assert sampled.info["rows_fitted"] == 70
    assert accuracy(sampled.pool, y_pool) > 0.9


def test_one_generator_gives_one_answer(blobs):
    view, *_ = blobs(gap=1.0)
    for way in ({"n_anchors": 50}, {"n_anchors": 50, "seeded": False}):
        one, same, other = run(view, **way), run(view, **way), run(view, seed=1, **way)
        np.testing.assert_array_equal(one.test, same.test)
        np.testing.assert_array_equal(one.pool, same.pool)
        assert one.info == same.info
        assert not np.array_equal(one.test, other.test)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_class_without_seeds_has_no_probability_and_shifts_no_other(blobs, way):
    view, y_pool, y_test = blobs(gap=6.0)
    labels = run(without_class(view, 1), **way)
    for P, y in ((labels.pool, y_pool), (labels.test, y_test)):
        np.testing.assert_array_equal(P[:, 1], 0.0)
        assert accuracy(P[y != 1], y[y != 1]) > 0.95


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_seeds_of_one_class_make_one_answer(blobs, way):
    view, *_ = blobs()
    view = replace(view, y_seed=np.full_like(view.y_seed, 2))
    assert Goggles(**way).skip_reason(view) is None
    labels = run(view, **way)
    np.testing.assert_allclose(labels.test, np.eye(3)[[2] * 50], atol=1e-6)
    np.testing.assert_allclose(labels.pool, np.eye(3)[[2] * 120], atol=1e-6)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_single_seed_a_class_two_classes_and_a_pool_of_nothing_else(blobs, way):
    view, _, y_test = blobs(n_classes=2, n=2, gap=8.0, d=6)
    assert accuracy(run(view, **way).test, y_test) > 0.95
    only_seeds = replace(view, X_pool=view.X_seed, seed_index=np.arange(2))
    if "clusters_per_class" in way:
        with pytest.raises(ValueError, match="6 clusters of 2 fitted rows; expected at most 1 for 2"):
            run(only_seeds, **way)
        return
    labels = run(only_seeds, **way)
    np.testing.assert_allclose(labels.test.sum(axis=1), 1, rtol=1e-5)


def test_more_clusters_than_rows_can_make_are_refused(blobs):
    view, *_ = blobs()
    # 120 rows and 3 classes: up to 20 clusters a class have two rows each.
    assert run(view, seeded=False, clusters_per_class=20).n_classes == 3
    for base in BASES:
        for number in (21, 500):
            with pytest.raises(ValueError, match=f"is {number}, .* of 120 fitted rows; expected at most 20 "):
                run(view, seeded=False, base=base, clusters_per_class=number)
    # One cluster a class is the least there can be, however few the rows.
    few = replace(view, X_seed=view.X_seed[:1], y_seed=view.y_seed[:1], X_pool=view.X_pool[:2],
                  seed_index=np.arange(1))  # fmt: skip
    assert run(few, seeded=False).info["rows_fitted"] == 2


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_duplicates_zero_rows_and_constant_columns_do_no_harm(blobs, way, form):
    view, *_ = blobs(gap=2.0)
    X = view.X_pool.copy()
    X[:, 1] = 3.0
    X[50:90] = X[50]
    X[90:100] = 0.0
    X_test = np.concatenate([np.zeros((2, 4)), 1e6 * view.X_test[:2], view.X_test]).astype(np.float32)
    view = replace(view, X_seed=form(X[:40]), X_pool=form(X), X_test=form(X_test))
    labels = run(view, **way, n_anchors=80)
    np.testing.assert_allclose(labels.pool[51:90], labels.pool[[50] * 39], atol=1e-4)
    same = np.zeros((20, 4), dtype=np.float32)
    run(replace(view, X_seed=form(same[:10]), y_seed=view.y_seed[:10], X_pool=form(same), X_test=form(same),
                seed_index=np.arange(10)), **way)  # fmt: skip


@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("way", [{}, {"seeded": False}], ids=str)
def test_sparse_rows_are_answered_like_dense_ones_without_an_offset(blobs, form, way):
    view, *_ = blobs(gap=1.5)
    centre = view.X_pool.mean(axis=0)
    view = replace(view, **{name: getattr(view, name) - centre for name in ("X_seed", "X_pool", "X_test")})
    dense, sparse = run(view, **way), run(as_sparse(view, form), **way)
    np.testing.assert_allclose(sparse.test, dense.test, atol=1e-4)
    np.testing.assert_allclose(sparse.pool, dense.pool, atol=1e-4)


def test_read_only_features_are_enough(blobs):
    view, *_ = blobs()
    for name in ("X_seed", "X_pool", "X_test"):
        frozen = getattr(view, name).copy()
        frozen.flags.writeable = False
        view = replace(view, **{name: frozen})
    assert run(view).n_classes == 3


@pytest.mark.parametrize("gap", [0.5, 1.0, 1.5])
def test_tempered_answers_are_less_sure_and_nearer_to_the_truth(blobs, gap):
    view, _, y_test = blobs(gap=gap, pool=400, test=400, d=8)
    tempered, plain = (run(view, temper=temper).test for temper in (True, False))
    too_sure = [P.max(axis=1).mean() - accuracy(P, y_test) for P in (tempered, plain)]
    assert 0 <= too_sure[0] < 0.8 * too_sure[1]
    loss = [-np.log(np.maximum(P[np.arange(400), y_test], 1e-9)).mean() for P in (tempered, plain)]
    assert loss[0] < 0.5 * loss[1]


def test_what_was_done_is_told(blobs):
    info = run(blobs()[0], affinities="cosine + diffusion", n_anchors=70).info
    assert (info["anchors"], info["rows_fitted"]) == (70, 120)
    assert set(info["base_steps"]) == set(info["base_temperatures"]) == {"cosine", "diffusion"}
    assert all(value >= 1 for value in info["base_temperatures"].values())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("base=semi_gm", "base of goggles 'semi_gm'. Did you mean 'semi_gmm'"),
        ("affinities=cosine+rb", "affinity of goggles 'rb'. Did you mean 'rbf'"),
        ("affinities=cosine+cosine", "each name once"),
        ("n_anchors=0", "n_anchors is 0; expected at least 1"),
        ("seeded=false,clusters_per_class=0", "clusters_per_class is 0"),
        ("clusters_per_class=2", "is for seeded=false"),
        ("unlabeled_weight=-1", "unlabeled_weight is -1"),
        ("shrinkage=none", "shrinkage is None"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(spec, message):
    with pytest.raises(UserError, match=message):
        method.create(f"goggles[{spec}]")


def test_digits_are_learned_from_true_labels_and_not_from_permuted_ones():
    task = tasks.create("digits")
    data, features = task.load(), representations.create("raw").features(task)
    found = {"true": [], "unseeded": [], "permuted": []}
    for k in range(3):
        view = make_view(task, data, features.X_pool, features.X_test, k, 100)
        permuted = replace(view, y_seed=generator(purpose="permute", draw=k).permutation(view.y_seed))
        for name, shown, params in (
            ("true", view, {}),
            ("unseeded", view, {"seeded": False}),
            ("permuted", permuted, {}),
        ):
            labels = Goggles(**params).fit_predict(shown, generator(purpose="test", draw=k))
            found[name].append(accuracy(labels.test, data.y_test))
    assert np.min(found["true"]) > 0.85
    assert np.mean(found["unseeded"]) > 0.6
    assert np.mean(found["permuted"]) < 0.2
