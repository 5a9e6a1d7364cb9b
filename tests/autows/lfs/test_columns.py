"""Which columns are looked at, how rows look, and which feature subsets are drawn."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows import lfs
from autows.lf_family import Rows
from autows.lfs._columns import feature_subsets, usable_columns


def test_all_columns_of_a_dense_matrix_are_looked_at():
    np.testing.assert_array_equal(usable_columns(np.zeros((3, 4), np.float32)), [0, 1, 2, 3])


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (4, 6), elements=st.sampled_from([0.0, 0.0, 0.0, 1.0, -2.0])))
def test_columns_of_a_sparse_matrix_must_be_filled_in_two_rows_or_else_in_one(X):
    filled = np.count_nonzero(X, axis=0)
    expected = next(
        (np.flatnonzero(filled >= least) for least in (2, 1) if np.any(filled >= least)), np.array([0])
    )
    np.testing.assert_array_equal(usable_columns(scipy.sparse.csr_array(X)), expected)


def test_zeros_that_are_stored_do_not_count():
    X = scipy.sparse.csr_array((np.float32([0, 0, 1, 1]), ([0, 1, 0, 1], [0, 0, 2, 2])), shape=(2, 3))
    assert X.nnz == 4
    np.testing.assert_array_equal(usable_columns(X), [2])


@pytest.mark.parametrize("family", ["stumps[cardinality=2]", "logistic[cardinality=2]"])
@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("multipolar", [False, True])
def test_sparse_rows_are_seen_and_described_as_their_chosen_columns(family, form, multipolar):
    rng = np.random.default_rng(0)
    X = (rng.random((30, 8)) * (rng.random((30, 8)) < [0, 0.5, 0, 0.5, 0, 0, 0.5, 0])).astype(np.float32)
    X[3, 4] = 1
    y, used, columns = rng.integers(3, size=30), rng.random(30) < 0.7, np.array([1, 3, 6])

    def begin(features):
        return lfs.create(family).begin(Rows(features), y, 3, multipolar, np.random.default_rng(1))

    sparse, dense = begin(form(X)), begin(np.ascontiguousarray(X[:, columns]))
    assert isinstance(sparse.Z, np.ndarray)
    assert sparse.Z.dtype == np.float32
    np.testing.assert_array_equal(sparse.Z, X[:, columns])
    new = rng.random((5, 8)).astype(np.float32)
    np.testing.assert_array_equal(sparse.transform(Rows(form(new))), new[:, columns])
    models, same = sparse.fit(used), dense.fit(used)
    np.testing.assert_array_equal(models.predict(sparse.Z), same.predict(dense.Z))
    for i in range(models.n_models):
        about, of_columns = sparse.describe(models, i, 1), dense.describe(same, i, 1)
        assert about == {**of_columns, "features": [int(columns[f]) for f in of_columns["features"]]}


def test_a_view_of_a_memory_map_is_enough(tmp_path):
    X = np.random.default_rng(0).random((10, 3)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    synthesiser = lfs.create("stumps").begin(
        Rows(mapped), np.arange(10) % 2, 2, False, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(synthesiser.transform(Rows(mapped)), X)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_subsets_are_different_ascending_and_as_many_as_there_are_or_are_wanted(d, cardinality, most, seed):
    subsets = feature_subsets(d, cardinality, most, np.random.default_rng(seed))
    assert [s.shape[1] for s in subsets] == list(range(1, min(cardinality, d) + 1))
    np.testing.assert_array_equal(subsets[0], np.arange(d)[:, None])
    for c, drawn in enumerate(subsets[1:], start=2):
        assert len(drawn) == min(comb(d, c), most)
        assert np.all(np.diff(drawn, axis=1) > 0)
        assert drawn.min() >= 0
        assert drawn.max() < d
        assert len(np.unique(drawn, axis=0)) == len(drawn)
    again = feature_subsets(d, cardinality, most, np.random.default_rng(seed))
    for one, other in zip(subsets, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_pair_is_drawn_equally_often():
    rng, count, draws = np.random.default_rng(0), np.zeros((6, 6)), 1500
    for _ in range(draws):
        count[tuple(feature_subsets(6, 2, 5, rng)[1].T)] += 1
    count = count[np.triu_indices(6, 1)]
    # 5 of 15 pairs each time: a third, with a standard deviation of sqrt(1/3 2/3 / draws) = 0.012.
    assert count.sum() == 5 * draws
    np.testing.assert_allclose(count / draws, 1 / 3, atol=0.05)
