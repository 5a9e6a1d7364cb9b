"""Rows in blocks, and several batches of models as one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows.lf_family import Models, Rows, Together


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_blocks_are_all_rows_in_order(form, size):
    X, Z = np.arange(14, dtype=np.float32).reshape(7, 2), np.arange(21.0).reshape(7, 3)
    rows = Rows(form(X), Z)
    assert len(rows) == 7
    blocks = list(rows.blocks(size))
    assert [len(block) for _, block in blocks] == [size] * (7 // size) + ([7 % size] if 7 % size else [])
    assert np.concatenate([np.arange(7)[where] for where, _ in blocks]).tolist() == list(range(7))
    for where, block in blocks:
        dense = block.X.toarray() if form is scipy.sparse.csr_array else block.X
        np.testing.assert_array_equal(dense, X[where])
        np.testing.assert_array_equal(block.zero_shot, Z[where])


def test_rows_are_taken_by_slice_index_and_mask_with_or_without_zero_shot_answers():
    X, Z = np.arange(8, dtype=np.float32).reshape(4, 2), np.arange(8.0).reshape(4, 2)
    for index in (slice(1, 3), np.array([3, 0]), np.array([True, False, True, True])):
        np.testing.assert_array_equal(Rows(X, Z)[index].X, X[index])
        np.testing.assert_array_equal(Rows(X, Z)[index].zero_shot, Z[index])
        assert Rows(X)[index].zero_shot is None


def test_rows_of_a_view(blobs):
    rng = np.random.default_rng(0)
    zero_shot = dict(
        zero_shot_pool=rng.dirichlet(np.ones(3), 120), zero_shot_test=rng.dirichlet(np.ones(3), 50)
    )
    seeds = np.arange(40)[::-1]
    view, _, _ = blobs(**zero_shot, seed_index=seeds)
    np.testing.assert_array_equal(Rows.pool(view).X, view.X_pool)
    np.testing.assert_array_equal(Rows.pool(view).zero_shot, view.zero_shot_pool)
    np.testing.assert_array_equal(Rows.test(view).X, view.X_test)
    np.testing.assert_array_equal(Rows.test(view).zero_shot, view.zero_shot_test)
    np.testing.assert_array_equal(Rows.seeds(view).X, view.X_seed)
    np.testing.assert_array_equal(Rows.seeds(view).zero_shot, view.zero_shot_pool[seeds])
    assert Rows.seeds(blobs(**zero_shot, seed_index=None)[0]).zero_shot is None
    assert Rows.seeds(blobs()[0]).zero_shot is None


class Given(Models):
    """Models whose answers are given; Z holds the number of the row."""

    def __init__(self, P, name):
        self.P, self.name = P, name
        self.n_models, self.n_classes = P.shape[1:]

    def predict(self, Z):
        return self.P[Z[:, 0].astype(int)]

    def scores(self, Z, model, label):
        return self.predict(Z)[:, model, label]

    def describe(self, model, label=None):
        return {"kind": self.name, "features": [model], "label": label}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_batches_together_are_their_models_one_after_the_other(sizes, data):
    P = np.random.default_rng(0).random((5, sum(sizes), 3))
    ends = np.cumsum(sizes)
    parts = [
        Given(P[:, end - size : end], f"part {i}")
        for i, (end, size) in enumerate(zip(ends, sizes, strict=True))
    ]
    both = Together(parts)
    assert (both.n_models, both.n_classes) == (sum(sizes), 3)
    Z = np.array([[4], [0], [0]], dtype=np.float32)
    np.testing.assert_array_equal(both.predict(Z), P[[4, 0, 0]])
    m = data.draw(st.integers(0, 6))
    model = data.draw(arrays(np.intp, m, elements=st.integers(0, both.n_models - 1)))
    label = data.draw(arrays(np.intp, m, elements=st.integers(0, 2)))
    # To the last bit: a score may lie on the threshold of a labeling function.
    np.testing.assert_array_equal(both.scores(Z, model, label), P[[4, 0, 0]][:, model, label])
    expected = [{"kind": p.name, "features": [i], "label": 2} for p in parts for i in range(p.n_models)]
    assert [both.describe(i, 2) for i in range(both.n_models)] == expected
