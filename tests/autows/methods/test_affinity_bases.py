"""Standardised affinities and spectral embeddings beside their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from autows.methods._affinity_bases import BASES, BaseModel, SpectralEmbedding, Standardised
from autows.methods._em import Seeded, Unseeded


def make_affinities(N=40, m=12, seed=0):
    return np.random.default_rng(seed).random((N, m)).astype(np.float32)


def test_columns_are_standardised_and_constant_ones_stay_silent():
    A = make_affinities()
    A[:, 3], A[:, 4] = 0.7, 0.0
    # What rounding does to a constant.
    A[::2, 3] = np.nextafter(A[0, 3], np.float32(1))
    writer = Standardised(3).fit(A)
    Z = writer.transform(A)
    np.testing.assert_allclose(np.delete(Z, [3, 4], axis=1).mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(np.delete(Z, [3, 4], axis=1).std(axis=0), 1, rtol=1e-5)
    assert not Z[:, 3:5].any()
    new = writer.transform(A[:5] + 10)
    assert not new[:, 3:5].any()
    np.testing.assert_allclose(new[:, 0], (A[:5, 0] + 10 - A[:, 0].mean()) / A[:, 0].std(), rtol=1e-4)


def test_small_affinities_are_not_taken_for_constant_ones():
    A = make_affinities() * np.float32(1e-7)
    np.testing.assert_allclose(Standardised(3).fit(A).transform(A).std(axis=0), 1, rtol=1e-4)


def test_the_spectral_embedding_is_the_singular_value_decomposition():
    A = make_affinities() - np.float32(0.2)
    B = np.maximum(A.astype(np.float64), 0)
    U, s, _ = np.linalg.svd(B / np.sqrt(B.sum(axis=1, keepdims=True)) / np.sqrt(B.sum(axis=0)))
    expected = U[:, :3] * s[:3]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    writer = SpectralEmbedding(3).fit(A)
    # Singular vectors are unique up to signs, which products of rows do not see.
    Z = writer.transform(A)
    np.testing.assert_allclose(Z @ Z.T, expected @ expected.T, atol=1e-4)
    np.testing.assert_allclose(writer.transform(A[5:9]), Z[5:9], atol=1e-6)


def test_parts_of_a_graph_without_edges_between_them_are_embedded_at_right_angles():
    A = np.zeros((30, 9), dtype=np.float32)
    part = np.arange(30) % 3
    for c in range(3):
        A[np.ix_(part == c, np.arange(9) // 3 == c)] = make_affinities(10, 3, seed=c) + np.float32(0.1)
    Z = SpectralEmbedding(3).fit(A).transform(A)
    np.testing.assert_allclose(Z @ Z.T, part[:, None] == part, atol=1e-3)


def test_rows_and_anchors_without_affinities_and_few_anchors_do_no_harm():
    A = make_affinities(10, 2)
    A[3], A[:, 1] = 0, 0
    Z = SpectralEmbedding(5).fit(A).transform(A)
    assert np.all(np.isfinite(Z))
    assert not Z[3].any()


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("seeded", [False, True])
def test_every_base_tells_apart_what_is_far_apart_and_answers_row_by_row(name, seeded):
    y = np.arange(60) % 3
    A = make_affinities(60, 9) / 4 + (y[:, None] == np.arange(9) // 3)
    fitting = Seeded(y[:6], np.full(3, 1 / 3), 0.3) if seeded else Unseeded(3, np.random.default_rng(0))
    model = BaseModel(BASES[name], fitting, A.astype(np.float32), shrinkage=5.0)
    P = model.predict(A.astype(np.float32), temper=True)
    table = np.rint(P.T @ np.eye(3)[y])
    if seeded:
        np.testing.assert_array_equal(table, 20 * np.eye(3))
    np.testing.assert_array_equal(np.sort(table.ravel()), [0] * 6 + [20] * 3)
    for rows in ([4], [9, 2, 31]):
        np.testing.assert_allclose(model.predict(A[rows].astype(np.float32), temper=True), P[rows], atol=1e-5)
