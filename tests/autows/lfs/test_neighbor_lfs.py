"""Distances in subspaces beside plain differences, and neighbour models beside scikit-learn's and a loop."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import KNeighborsClassifier

from autows import lfs
from autows.lf_family import Rows
from autows.lf_search import Search
from autows.lfs import neighbors as module
from autows.lfs.neighbors import Neighbors, Subspaces, nearest


def begin(X, y, n_classes, k=5, n_subspaces=4, seed=0, multipolar=False):
    family = Neighbors(k=k, n_subspaces=n_subspaces)
    return family.begin(Rows(X), y, n_classes, multipolar, np.random.default_rng(seed))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 100), st.integers(0, 9))
def test_the_first_subspace_is_everything_and_the_others_are_different_halves(d, n_subspaces, seed):
    subspaces = Subspaces.draw(d, n_subspaces, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate(subspaces.blocks)), np.arange(d))
    np.testing.assert_array_equal(subspaces.columns(0), np.arange(d))
    sets = {tuple(subspaces.columns(i)) for i in range(len(subspaces))}
    assert len(sets) == len(subspaces)
    possible = {1: 1, 2: 3, 3: 4, 4: 7, 5: 11, 6: 21, 7: 36}.get(d, 71)
    assert len(subspaces) == min(n_subspaces, possible)
    for i in range(1, len(subspaces)):
        assert abs(len(subspaces.columns(i)) - d / 2) <= d / 8 + 0.5


def test_halves_differ_from_one_generator_to_another():
    one, other = (Subspaces.draw(40, 10, np.random.default_rng(seed)) for seed in (0, 1))
    again = Subspaces.draw(40, 10, np.random.default_rng(0))
    assert [one.columns(i).tolist() for i in range(10)] == [again.columns(i).tolist() for i in range(10)]
    assert any(one.columns(i).tolist() != other.columns(i).tolist() for i in range(1, 10))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(0, 99), st.sampled_from([0.0, 1000.0]))
def test_squared_distances_are_sums_of_squared_differences(d, seed, offset):
    rng = np.random.default_rng(seed)
    subspaces = Subspaces.draw(d, 6, rng)
    Z = (rng.standard_normal((5, d)) + offset).astype(np.float32)
    points = rng.standard_normal((3, d)) + offset
    chosen = rng.permutation(len(subspaces))[:3]
    D = subspaces.squared_distances(Z, points, chosen)
    for i, subspace in enumerate(chosen):
        columns = subspaces.columns(subspace)
        differences = Z[:, None, columns].astype(np.float64) - points[None, :, columns]
        np.testing.assert_allclose(D[i], np.square(differences).sum(axis=2), atol=1e-7)
    # The squares are about 1e6 a column with the offset, and exact to about 1e-16 of that.
    np.testing.assert_allclose(
        subspaces.squared_distances(Z, Z.astype(float))[:, range(5), range(5)], 0, atol=1e-7
    )


@settings(max_examples=80, deadline=None)
@given(arrays(np.float64, (2, 3, 6), elements=st.integers(0, 3).map(float)), st.integers(1, 6))
def test_nearest_marks_the_first_k_of_a_stable_sort(D, k):
    expected = np.zeros(D.shape, dtype=bool)
    np.put_along_axis(expected, D.argsort(axis=-1, kind="stable")[..., :k], True, axis=-1)
    np.testing.assert_array_equal(nearest(D, k), expected)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_probabilities_are_scikit_learns_on_every_subspace(k):
    rng = np.random.default_rng(k)
    X, y = rng.standard_normal((40, 13)).astype(np.float32), rng.integers(4, size=40)
    rows = rng.standard_normal((30, 13)).astype(np.float32)
    used = rng.random(40) < 0.8
    synthesiser = begin(X, y, 4, k=k, n_subspaces=10)
    models = synthesiser.fit(used)
    P = models.predict(rows)
    assert P.shape == (30, 10, 4)
    for i in range(10):
        columns = synthesiser.subspaces.columns(i)
        reference = KNeighborsClassifier(k, algorithm="brute").fit(X[used][:, columns], y[used])
        np.testing.assert_allclose(P[:, i], reference.predict_proba(rows[:, columns]), atol=1e-12)


@st.composite
def lattices(draw):
    """Seeds and rows on few points, so that duplicates and equal distances are common."""
    n, rows, d = draw(st.integers(1, 9)), draw(st.integers(1, 7)), draw(st.integers(1, 4))
    values = st.integers(0, 2).map(float)
    X = draw(arrays(np.float32, (n, d), elements=values))
    y = draw(arrays(np.int64, n, elements=st.integers(0, 3)))
    used = draw(arrays(np.bool_, n).filter(np.any))
    return X, y, used, draw(arrays(np.float32, (rows, d), elements=values)), draw(st.integers(1, 6))


@settings(max_examples=80, deadline=None)
@given(lattices())
def test_ties_go_to_earlier_seeds_and_few_seeds_are_all_neighbours(problem):
    X, y, used, rows, k = problem
    synthesiser = begin(X, y, 4, k=k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS_AT_ONCE", 3)
        P = synthesiser.fit(used).predict(rows)
    for i in range(len(synthesiser.subspaces)):
        columns = synthesiser.subspaces.columns(i)
        for row in range(len(rows)):
            distance = np.square(X[used][:, columns] - rows[row, columns]).sum(axis=1)
            asked = y[used][np.argsort(distance, kind="stable")[:k]]
            expected = [np.mean(asked == label) for label in range(4)]
            np.testing.assert_allclose(P[row, i], expected, atol=1e-12)


def test_scores_are_what_is_asked_for_of_predict():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 9)).astype(np.float32), rng.integers(3, size=30)
    models = begin(X, y, 3, n_subspaces=6).fit(np.ones(30, dtype=bool))
    Z = rng.standard_normal((8, 9)).astype(np.float32)
    model, label = np.array([5, 0, 2, 2, 5]), np.array([1, 2, 0, 0, 0])
    np.testing.assert_array_equal(models.scores(Z, model, label), models.predict(Z)[:, model, label])


def test_sparse_features_give_what_their_filled_columns_give():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 12)).astype(np.float32) * (rng.random((20, 12)) < 0.4)
    X[:, [3, 7]] = 0
    X[0, 7] = 1  # in one seed only
    y, used = rng.integers(3, size=20), np.ones(20, dtype=bool)
    kept = np.delete(np.arange(12), [3, 7])
    sparse, dense = begin(scipy.sparse.csr_array(X), y, 3), begin(X[:, kept], y, 3)
    rows = Rows(scipy.sparse.csr_array(X))
    np.testing.assert_array_equal(
        sparse.fit(used).predict(sparse.transform(rows)), dense.fit(used).predict(X[:, kept])
    )
    about = sparse.describe(sparse.fit(used), 0)
    assert about["features"] == kept.tolist()


def test_descriptions_are_short_json():
    X, y = np.arange(60, dtype=np.float32).reshape(2, 30), np.array([0, 2])
    synthesiser = begin(X, y, 3, k=5)
    models = synthesiser.fit(np.ones(2, dtype=bool))
    assert synthesiser.describe(models, 0) == {
        "kind": "neighbors",
        "k": 2,
        "features": [],
        "n_features": 30,
        "subspace": 0,
        "class_counts": [1, 0, 1],
    }
    half = synthesiser.describe(models, 1, label=2)
    assert half["features"] == synthesiser.subspaces.columns(1).tolist()
    assert (half["n_of_class"], half["n_of_others"]) == (1, 1)
    json.dumps(half)


@pytest.mark.parametrize("multipolar", [False, True])
def test_candidates_of_the_search_are_better_than_chance_on_the_pool(blobs, multipolar):
    view, y_pool, _ = blobs(n_classes=3, n=40, pool=200, d=6)
    family = lfs.create("neighbors[k=3]")
    search = Search(view, [family], multipolar, np.random.default_rng(0))
    found = search.candidates(np.ones(40, dtype=bool))
    assert len(found.lfs) == 10 * (1 if multipolar else 3)
    rows = view.unlabeled_index
    L = found.lfs.votes(Rows.pool(view)[rows])
    right = np.equal(L, y_pool[rows, None])[L != -1]
    assert right.mean() > 0.9
    json.dumps(found.lfs.describe())


@pytest.mark.parametrize("name", ["k", "n_subspaces"])
def test_numbers_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} is 0"):
        Neighbors(**{name: 0}).validate()
