"""Nearest neighbours beside brute force, and affinities beside a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows import neighbors
from autows.neighbors import local_affinity, nearest_neighbors


@st.composite
def rows_and_k(draw):
    """Rows on a small lattice, so that duplicates and equal distances are common."""
    N, d = draw(st.integers(2, 12)), draw(st.integers(1, 3))
    X = draw(arrays(np.float32, (N, d), elements=st.integers(0, 3).map(float)))
    return X + np.float32(draw(st.sampled_from([0.0, 0.1, 1000.0]))), draw(st.integers(1, N - 1))


def distance_matrix(X):
    wide = X.astype(np.float64)
    return np.sqrt(np.square(wide[:, None] - wide[None]).sum(axis=2))


@settings(max_examples=80, deadline=None)
@given(rows_and_k())
def test_neighbors_are_those_of_brute_force_and_never_the_row_itself(problem):
    X, k = problem
    truth = distance_matrix(X)
    others = np.sort(np.where(np.eye(len(X), dtype=bool), np.inf, truth), axis=1)[:, :k]
    for form in (X, scipy.sparse.csr_array(X)):
        distances, found = nearest_neighbors(form, k)
        assert (distances.dtype, found.dtype) == (np.float32, np.int32)
        np.testing.assert_allclose(distances, others, rtol=1e-6)
        np.testing.assert_allclose(np.take_along_axis(truth, found, axis=1), others, rtol=1e-6)
        for row, mine in enumerate(found):
            assert row not in mine
            assert len(set(mine)) == k


def test_sparse_rows_have_the_neighbors_of_dense_ones():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((150, 12)).astype(np.float32) * (rng.random((150, 12)) < 0.4)
    dense, sparse = nearest_neighbors(X, 5), nearest_neighbors(scipy.sparse.csr_array(X), 5)
    np.testing.assert_allclose(dense[0], sparse[0], rtol=1e-5)
    np.testing.assert_array_equal(dense[1], sparse[1])
    assert np.all(np.diff(dense[0], axis=1) >= 0)


def with_duplicates():
    """Return rows of which the first ten are there four times."""
    X = 10 * np.random.default_rng(0).standard_normal((50, 20)).astype(np.float32)
    return np.concatenate([X, X[:10], X[:10], X[:10]])


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("block", [4096, 7])
def test_duplicates_are_at_distance_zero_to_the_bit(monkeypatch, form, block):
    monkeypatch.setattr(neighbors, "ROWS_AT_ONCE", block)
    distances, found = nearest_neighbors(form(with_duplicates()), 3)
    many = [*range(10), *range(50, 80)]
    assert not distances[many].any()
    group = np.r_[np.arange(50), np.tile(np.arange(10), 3)]
    np.testing.assert_array_equal(group[found[many]], np.repeat(group[many][:, None], 3, axis=1))


@pytest.mark.parametrize("sparse", [False, True])
def test_fewer_dimensions_are_leading_components(sparse):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((60, 30)).astype(np.float32) * np.geomspace(10, 0.1, 30, dtype=np.float32)
    centred = X.astype(np.float64) - (0 if sparse else X.mean(axis=0))
    leading = (centred @ np.linalg.svd(centred)[2][:4].T).astype(np.float32)
    expected = nearest_neighbors(leading, 5)
    distances, found = nearest_neighbors(scipy.sparse.csr_array(X) if sparse else X, 5, max_dims=4)
    np.testing.assert_allclose(distances, expected[0], rtol=1e-3)
    assert np.mean(found == expected[1]) > 0.98
    for whole in (30, 31, None):
        np.testing.assert_array_equal(nearest_neighbors(X, 5, whole)[1], nearest_neighbors(X, 5)[1])


def test_duplicates_stay_at_distance_zero_in_fewer_dimensions():
    X = 10 * np.random.default_rng(0).standard_normal((50, 784)).astype(np.float32)
    X = np.concatenate([X, X[:10], X[:10], X[:10]])
    distances, _ = nearest_neighbors(X, 3, max_dims=64)
    assert not distances[[*range(10), *range(50, 80)]].any()
    assert distances[10:50].all()


@pytest.mark.parametrize("k", [0, 4, 5])
def test_there_must_be_k_other_rows(k):
    with pytest.raises(ValueError, match=f"{k} neighbours were asked for among 4 rows"):
        nearest_neighbors(np.zeros((4, 2), dtype=np.float32), k)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_the_cache_gives_what_the_search_gives_and_searches_once(monkeypatch, tmp_path, form):
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path))
    X = form(np.random.default_rng(1).standard_normal((30, 4)).astype(np.float32))
    direct = nearest_neighbors(X, 4)
    monkeypatch.setattr(neighbors, "CACHE_FROM_ROWS", 30)
    first = nearest_neighbors(X, 4)
    search = neighbors._search
    monkeypatch.setattr(neighbors, "_search", None)
    for cached in (first, nearest_neighbors(X, 4)):
        for expected, got in zip(direct, cached, strict=True):
            np.testing.assert_array_equal(got, expected)
    # Another matrix, k or number of dimensions is another graph.
    monkeypatch.setattr(neighbors, "_search", search)
    assert nearest_neighbors(X * np.float32(2), 4)[0][0, 0] == 2 * direct[0][0, 0]
    assert nearest_neighbors(X, 3)[1].shape == (30, 3)
    assert not np.array_equal(nearest_neighbors(X, 4, max_dims=2)[0], direct[0])


def plain_affinity(distances, found):
    N, k = distances.shape
    W = np.zeros((N, N))
    own = [float(d) for d in distances[:, -1]]
    some = [s for s in own if s > 0]
    scale = [s if s > 0 else float(np.median(some)) if some else 1.0 for s in own]
    for i in range(N):
        for position in range(k):
            j, d = found[i, position], float(distances[i, position])
            weight = np.exp(-(d**2) / (scale[i] * scale[j]))
            W[i, j] = max(W[i, j], weight)
            W[j, i] = max(W[j, i], weight)
    return W


@settings(max_examples=60, deadline=None)
@given(rows_and_k())
def test_affinities_equal_a_plain_loop(problem):
    X, k = problem
    distances, found = nearest_neighbors(X, k)
    W = local_affinity(distances, found)
    np.testing.assert_allclose(W.toarray(), plain_affinity(distances, found), rtol=1e-12)
    np.testing.assert_array_equal(W.toarray(), W.T.toarray())
    assert not W.diagonal().any()
    assert np.all((W.data > 0) & (W.data <= 1))


def test_many_duplicates_are_tied_to_one_another_and_nothing_is_nan():
    X = with_duplicates()
    W = local_affinity(*nearest_neighbors(X, 3)).toarray()
    assert np.all(np.isfinite(W))
    for i in range(10):
        same = [i, 50 + i, 60 + i, 70 + i]
        np.testing.assert_array_equal(W[np.ix_(same, same)], 1 - np.eye(4))
    # A row beside a cluster of duplicates reaches it.
    beside = np.concatenate([np.zeros((5, 2)), [[0.1, 0.0]], [[5.0, 5.0]] * 2, [[6.0, 5.0]]]).astype(
        np.float32
    )
    assert local_affinity(*nearest_neighbors(beside, 3)).toarray()[5, :5].any()
    identical = np.ones((6, 3), dtype=np.float32)
    W = local_affinity(*nearest_neighbors(identical, 2))
    np.testing.assert_array_equal(W.data, 1)
