"""The raw representation by hand, and chunked against whole."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer

import tasks
from autows.representations import raw
from autows.representations.raw import Raw
from autows.texts import Texts


@pytest.fixture(params=[4096, 3], autouse=True)
def _chunk(request, monkeypatch):
    monkeypatch.setattr(raw, "ROWS_AT_ONCE", request.param)


RNG = np.random.default_rng(0)


def transform(pool, test, modality):
    model = Raw()
    model.fit(pool, modality)
    return model.encode(pool, modality), model.encode(test, modality)


def test_integer_pixels_are_divided_by_255_and_float_pixels_left_alone():
    pool = RNG.integers(0, 256, (10, 4, 3), dtype=np.uint8)
    test = RNG.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    Z_pool, Z_test = transform(pool, test, "image")
    assert (Z_pool.shape, Z_test.shape, Z_pool.dtype) == ((10, 12), (5, 12), np.float32)
    np.testing.assert_allclose(Z_pool, pool.reshape(10, 12) / 255, rtol=1e-6)
    np.testing.assert_allclose(Z_test, test.reshape(5, 12) / 255, rtol=1e-6)
    floats = (pool / 255).astype(np.float32)
    np.testing.assert_array_equal(transform(floats, floats[:2], "image")[0], floats.reshape(10, 12))


def test_colour_images_are_flattened_row_by_row():
    pool = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    Z, _ = transform(pool, pool, "image")
    np.testing.assert_allclose(Z[1] * 255, np.arange(12, 24), rtol=1e-6)


def test_tabular_columns_are_standardised_by_the_pool():
    pool = RNG.standard_normal((20, 3)) * [1, 1e-3, 1e6] + [0, 5, -1e7]
    test = RNG.standard_normal((7, 3)) * [1, 1e-3, 1e6] + [0, 5, -1e7]
    Z_pool, Z_test = transform(pool, test, "tabular")
    np.testing.assert_allclose(Z_pool, (pool - pool.mean(axis=0)) / pool.std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(Z_test, (test - pool.mean(axis=0)) / pool.std(axis=0), rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e8])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_constant_column_becomes_zero_even_where_the_test_side_differs(value, dtype):
    pool = RNG.standard_normal((1000, 2)).astype(dtype)
    pool[:, 1] = value
    test = pool[:4].copy()
    test[:, 1] += 1
    Z_pool, Z_test = transform(pool, test, "tabular")
    assert not Z_pool[:, 1].any()
    assert not Z_test[:, 1].any()
    assert np.all(np.isfinite(Z_pool))


@pytest.mark.parametrize("modality", ["field", "signal"])
def test_fields_and_signals_are_brought_to_one_scale_together(modality):
    pool = (3 + 2 * RNG.standard_normal((9, 4, 5))).astype(np.float32)
    test = (3 + 2 * RNG.standard_normal((4, 4, 5))).astype(np.float32)
    Z_pool, Z_test = transform(pool, test, modality)
    wide = pool.astype(np.float64)
    np.testing.assert_allclose(Z_pool, (wide.reshape(9, 20) - wide.mean()) / wide.std(), atol=1e-6)
    np.testing.assert_allclose(Z_test, (test.reshape(4, 20) - wide.mean()) / wide.std(), atol=1e-6)
    constant = np.full((5, 2, 2), 7.0)
    assert not transform(constant, constant, modality)[0].any()


@pytest.mark.parametrize("modality", ["image", "tabular", "field"])
def test_the_test_side_changes_nothing_about_the_pool(modality):
    pool = RNG.standard_normal((12, 4))
    before, _ = transform(pool, RNG.standard_normal((5, 4)), modality)
    after, _ = transform(pool, 1e6 * RNG.standard_normal((3, 4)), modality)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("modality", ["image", "tabular", "field"])
def test_rows_are_encoded_alike_alone_and_together(modality):
    pool = RNG.integers(0, 256, (12, 6), dtype=np.uint8)
    model = Raw()
    model.fit(pool, modality)
    one_by_one = np.concatenate([model.encode(pool[i : i + 1], modality) for i in range(12)])
    np.testing.assert_array_equal(one_by_one, model.encode(pool, modality))


def test_features_written_in_chunks_are_those_of_the_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path))
    task = tasks.create("breast_cancer")
    data = task.load()
    monkeypatch.setattr(Raw, "rows_at_once", 50)
    for got, expected in zip(
        Raw().features(task), transform(data.X_pool, data.X_test, "tabular"), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def test_texts_become_sparse_rows_of_unit_length_over_words_of_two_pool_texts():
    pool = Texts.of(["red red apple", "green apple", "red car", "Rouge café", "cafe"])
    Z_pool, Z_test = transform(pool, Texts.of(["apple tractor", "nothing"]), "text")
    assert scipy.sparse.issparse(Z_pool)
    assert Z_pool.dtype == np.float32
    # Words of two texts: apple, cafe (accents are stripped), red.
    assert Z_pool.shape == (5, 3)
    np.testing.assert_allclose(np.square(Z_pool.toarray()).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(Z_test.toarray(), [[1, 0, 0], [0, 0, 0]])
    # By hand: term frequency 1 + ln 2 and 1, all words in two of five texts.
    weights = np.array([1 + np.log(2), 1])
    np.testing.assert_allclose(Z_pool.toarray()[0, [2, 0]], weights / np.linalg.norm(weights), rtol=1e-6)
    reference = TfidfVectorizer(sublinear_tf=True, min_df=2, strip_accents="unicode")
    np.testing.assert_allclose(Z_pool.toarray(), reference.fit_transform(list(pool)).toarray(), rtol=1e-6)
