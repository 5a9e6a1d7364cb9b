"""Scalings of a pool and linear models that carry them in their weights."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from autows.end_models import linear
from autows.end_models.linear import LinearModel, blocks, scalings


@pytest.fixture(params=[8192, 7])
def _block(request, monkeypatch):
    monkeypatch.setattr(linear, "ROWS_AT_ONCE", request.param)


def features(N=50, d=4, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((N, d)) * [1, 5, 0.1, 2][:d] + [0, 3, -1, 0][:d]).astype(np.float32)


@pytest.mark.usefixtures("_block")
def test_dense_features_are_centred_and_brought_to_mean_variance_one():
    X = features()
    overall, column = scalings(X)
    assert (overall.name, column.name) == ("global", "column")
    assert len(set(overall.factor)) == 1
    for scaling in (overall, column):
        np.testing.assert_allclose(scaling.apply(X).mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(scaling.apply(X), (X.astype(float) - scaling.shift) * scaling.factor)
    assert overall.apply(X).var(axis=0).mean() == pytest.approx(1, rel=1e-6)
    np.testing.assert_allclose(column.apply(X).var(axis=0), 1, rtol=1e-6)


def test_sparse_features_are_not_centred():
    X = np.abs(features()) * (np.random.default_rng(1).random((50, 4)) < 0.5)
    square = np.square(X, dtype=np.float64).mean(axis=0)
    for form in (scipy.sparse.csr_array(X), scipy.sparse.csr_matrix(X)):
        overall, column = scalings(form)
        for scaling, factor in ((overall, 1 / np.sqrt(square.mean())), (column, 1 / np.sqrt(square))):
            assert not scaling.shift.any()
            np.testing.assert_allclose(scaling.factor, np.broadcast_to(factor, 4), rtol=1e-5)
            np.testing.assert_allclose(scaling.apply(form), X * factor, rtol=1e-5)


def test_a_constant_feature_is_dropped_by_the_column_scaling_and_all_constant_ones_stay_finite():
    X = features()
    X[:, 2] = 0.1
    assert scalings(X)[1].factor[2] == 0
    for scaling in scalings(np.full((5, 3), 0.1, dtype=np.float32)):
        np.testing.assert_allclose(scaling.apply(np.full((2, 3), 0.1, dtype=np.float32)), 0, atol=1e-6)


@pytest.mark.parametrize(("limit", "step"), [(10, 3), (24, 2), (25, 1), (100, 1)])
def test_moments_take_no_more_rows_than_they_say(monkeypatch, limit, step):
    monkeypatch.setattr(linear, "ROWS_FOR_MOMENTS", limit)
    X = features(25)
    sample = X[::step]
    assert len(sample) <= limit
    overall, column = scalings(X)
    np.testing.assert_allclose(overall.shift, sample.mean(axis=0, dtype=np.float64))
    np.testing.assert_allclose(column.factor, 1 / sample.std(axis=0, dtype=np.float64), rtol=1e-6)


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize("sparse", [False, True])
def test_weights_on_scaled_features_become_weights_on_unscaled_ones(sparse):
    rng = np.random.default_rng(0)
    X = features()
    form = scipy.sparse.csr_array(X) if sparse else X
    W, b = rng.standard_normal((4, 3)), rng.standard_normal(3)
    for scaling in scalings(form):
        model = LinearModel.from_scaled(W, b, scaling, np.array([0, 2, 3]), n_classes=5)
        P = model.predict_proba(form)
        assert P.dtype == np.float32
        np.testing.assert_allclose(P[:, [0, 2, 3]], softmax(scaling.apply(form) @ W + b, axis=1), atol=2e-6)
        assert not P[:, [1, 4]].any()


def test_a_single_class_is_certain():
    X = features()
    model = LinearModel.from_scaled(np.zeros((4, 1)), np.zeros(1), scalings(X)[0], np.array([1]), 3)
    np.testing.assert_array_equal(model.predict_proba(X), np.tile([0, 1, 0], (50, 1)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40))
def test_blocks_cover_every_row_once_in_order(rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "ROWS_AT_ONCE", 7)
        pieces = [np.arange(100)[block] for block in blocks(rows)]
    assert all(len(piece) <= 7 for piece in pieces)
    np.testing.assert_array_equal(np.concatenate([[], *pieces]), np.arange(rows))
