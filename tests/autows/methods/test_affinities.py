"""Anchors and affinities beside plain loops, dense and sparse, with rows that have no length."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse

from autows.methods import _affinities
from autows.methods._affinities import (
    AFFINITIES,
    ANCHORS_A_ROW,
    DIFFUSION_STEPS,
    Anchors,
    choose_anchors,
    nearest_anchors,
    typical_distance,
)


def make_rows(N=30, d=5, seed=0, offset=0.0):
    return (np.random.default_rng(seed).standard_normal((N, d)) + offset).astype(np.float32)


def plain_comparison(X, points):
    cosine, squared = np.zeros((len(X), len(points))), np.zeros((len(X), len(points)))
    for i, x in enumerate(X.astype(np.float64)):
        for j, a in enumerate(points.astype(np.float64)):
            length = math.sqrt(sum(x * x)) * math.sqrt(sum(a * a))
            cosine[i, j] = sum(x * a) / length if length > 0 else 0.0
            squared[i, j] = sum((x - a) ** 2)
    return cosine, squared


def plain_weights(squared):
    Z = np.zeros_like(squared)
    for i, row in enumerate(squared):
        order = sorted(range(len(row)), key=lambda j: row[j])
        unit = row[order[min(ANCHORS_A_ROW, len(row) - 1)]]
        for j in order[:ANCHORS_A_ROW]:
            Z[i, j] = math.exp(-row[j] / unit)
        Z[i] /= Z[i].sum()
    return Z


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_comparisons_are_those_of_loops(form):
    X, points = make_rows(), make_rows(7, seed=1)
    cosine, squared = plain_comparison(X, points)
    found = Anchors(form(points)).compare(form(X))
    assert (found.cosine.dtype, found.squared.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(found.cosine, cosine, atol=1e-6)
    np.testing.assert_allclose(found.squared, squared, rtol=1e-5, atol=1e-5)


def test_a_dense_row_without_length_is_a_row_like_others():
    points = make_rows(7, seed=1)
    found = Anchors(points).compare(np.zeros((1, 5), dtype=np.float32))
    np.testing.assert_array_equal(found.cosine, 0.0)
    np.testing.assert_allclose(found.squared[0], np.square(points).sum(axis=1), rtol=1e-5)


def test_a_sparse_row_without_length_has_nothing_in_common_with_anything():
    texts = np.float32([[0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]])
    found = Anchors(scipy.sparse.csr_array(texts)).compare(scipy.sparse.csr_array(texts))
    np.testing.assert_array_equal(found.cosine, np.diag([1, 1, 0]))
    np.testing.assert_allclose(found.squared, [[0, 8, 8], [8, 0, 8], [8, 8, 8]])
    nothing = scipy.sparse.csr_array(np.zeros((2, 4), dtype=np.float32))
    np.testing.assert_allclose(Anchors(nothing).compare(nothing).squared, 2.0)


def test_a_common_offset_is_taken_out_of_dense_rows():
    X, points = make_rows(offset=1000.0), make_rows(7, seed=1, offset=1000.0)
    centre = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    cosine, squared = plain_comparison(X - centre, points - centre)
    found = Anchors(points, centre).compare(X)
    np.testing.assert_allclose(found.cosine, cosine, atol=1e-5)
    np.testing.assert_allclose(found.squared, squared, rtol=1e-4)


@pytest.mark.parametrize(("name", "factor"), [("rbf_narrow", 0.25), ("rbf", 0.5), ("rbf_wide", 1.0)])
def test_rbf_affinities_are_those_of_loops(name, factor):
    X, points = make_rows(), make_rows(7, seed=1)
    rows = Anchors(points).compare(X)
    _, squared = plain_comparison(X, points)
    expected = [[math.exp(-s / (2 * (factor * 2.5) ** 2)) for s in row] for row in squared]
    np.testing.assert_allclose(AFFINITIES[name](rows, 2.5)(rows), expected, rtol=1e-4)


@pytest.mark.parametrize("m", [1, 4, 5, 6, 12, 80])
def test_weights_of_the_nearest_anchors_are_those_of_loops(m):
    X, points = make_rows(), make_rows(m, seed=1)
    found = nearest_anchors(Anchors(points).compare(X)).toarray()
    np.testing.assert_allclose(found, plain_weights(plain_comparison(X, points)[1]), atol=1e-5)


def test_diffusion_is_a_walk_over_the_anchors_of_the_fitted_rows():
    X, points, new = make_rows(), make_rows(9, seed=1), make_rows(4, seed=2)
    anchors = Anchors(points)
    affinity = AFFINITIES["diffusion"](anchors.compare(X), 1.0)
    Z, z = (plain_weights(plain_comparison(rows, points)[1]) for rows in (X, new))
    mass = Z.sum(axis=0)
    expected = np.zeros((4, 9))
    for i in range(4):
        here = z[i].copy()
        for _ in range(DIFFUSION_STEPS):
            # From an anchor to a row in proportion to its weights, from there to an anchor.
            at_rows = sum(here[j] * Z[:, j] / mass[j] for j in range(9) if mass[j] > 0)
            here = sum(at_rows[r] * Z[r] for r in range(30))
        assert here.sum() == pytest.approx(1.0)
        expected[i] = here / np.sqrt(np.where(mass > 0, mass, 30.0) / 30)
    np.testing.assert_allclose(affinity(anchors.compare(new)), expected, rtol=1e-4, atol=1e-6)


def test_all_affinities_of_all_rows_are_finite_whatever_the_rows():
    X = np.zeros((20, 3), dtype=np.float32)
    X[10:15] = 1.0
    X[15:, 0] = [1e-3, 1e3, 1e3, -1e3, 5]
    for points in (X, X[:10], X[[16]]):
        rows = Anchors(points).compare(X)
        scale = typical_distance(X, np.random.default_rng(0))
        for name, build in AFFINITIES.items():
            A = build(rows, scale)(rows)
            assert A.dtype == np.float32
            assert np.all(np.isfinite(A)), name


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_the_typical_distance_is_the_median_of_positive_ones(form, monkeypatch):
    X, rng = np.float32([[0], [0], [1], [3], [7]]), np.random.default_rng(0)
    # 0 to 1, 3, 7 twice, then 1 to 3 and 7, 3 to 7.
    assert typical_distance(form(X), rng) == pytest.approx(np.median([1, 3, 7, 1, 3, 7, 2, 6, 4]))
    assert typical_distance(form(np.zeros_like(X)), rng) == 1.0
    monkeypatch.setattr(_affinities, "ROWS_FOR_SCALE", 2)
    assert typical_distance(form(X), rng) in (1, 2, 3, 4, 6, 7)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_anchors_are_the_seeds_and_rows_far_from_one_another(form):
    corners = np.float32([[0, 0], [100, 0], [0, 100], [100, 100]])
    rng = np.random.default_rng(0)
    X = np.repeat(corners, 50, axis=0) + rng.standard_normal((200, 2)).astype(np.float32)
    chosen = choose_anchors(form(X), 3, 7, np.random.default_rng(1))
    assert list(chosen[:3]) == [0, 1, 2]
    assert sorted((chosen[3:] // 50).tolist()) == [0, 1, 2, 3]


def test_there_are_as_many_anchors_as_can_be(monkeypatch):
    X, rng = make_rows(30), np.random.default_rng(0)
    assert list(choose_anchors(X, 5, 30, rng)) == list(range(30))
    assert list(choose_anchors(X, 5, 99, rng)) == list(range(30))
    assert list(choose_anchors(X, 5, 2, rng)) == list(range(5))
    for candidates in (8, 20):
        monkeypatch.setattr(_affinities, "CANDIDATES", candidates)
        chosen = choose_anchors(X, 5, 15, rng)
        assert len(set(chosen.tolist())) == 15
        assert list(chosen[:5]) == list(range(5))
        assert chosen.max() < 30
