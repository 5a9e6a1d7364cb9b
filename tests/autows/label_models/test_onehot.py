"""Blocks of one-hot votes beside plain loops."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows.label_models import _onehot
from autows.label_models._onehot import VoteBlocks, softmax


@st.composite
def votes(draw):
    K, m, N = draw(st.integers(2, 4)), draw(st.integers(0, 4)), draw(st.integers(0, 12))
    return K, draw(arrays(np.int8, (N, m), elements=st.integers(-1, K - 1)))


def plain(L, K):
    V = np.zeros((len(L), L.shape[1] * K))
    for i, row in enumerate(L):
        for j, vote in enumerate(row):
            if vote != -1:
                V[i, j * K + vote] = 1
    return V


def walked(blocks):
    """Return the dense matrix of all blocks, checking that they are the rows they say they are."""
    parts, at = [np.zeros((0, blocks.n_lfs * blocks.n_classes))], 0
    for block in blocks:
        V = block.V.toarray()
        assert (block.rows.start, block.rows.stop) == (at, at + len(V))
        np.testing.assert_array_equal(block.covered, V.any(axis=1))
        assert block.V.indices.dtype == np.int32
        parts.append(V)
        at += len(V)
    return np.concatenate(parts)


@settings(max_examples=80, deadline=None)
@given(votes(), st.integers(1, 30), st.sampled_from([0, 60, 1 << 20]), st.randoms(use_true_random=False))
def test_blocks_are_the_one_hot_matrix_on_every_walk(drawn, entries, kept_bytes, random):
    K, L = drawn
    lfs = np.array([j for j in range(L.shape[1]) if random.random() < 0.7], dtype=np.intp)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_onehot, "MOST_ENTRIES", entries)
        blocks = VoteBlocks(L, K, lfs, kept_bytes=kept_bytes)
        for _ in range(3):
            np.testing.assert_array_equal(walked(blocks), plain(L[:, lfs], K))
        assert blocks._bytes <= kept_bytes
    np.testing.assert_array_equal(blocks.totals, plain(L[:, lfs], K).sum(axis=0))


@settings(max_examples=60, deadline=None)
@given(votes(), st.integers(1, 5))
def test_merged_rows_stand_for_as_many_as_there_are(drawn, times):
    K, L = drawn
    L = np.repeat(L, times, axis=0)
    merged = VoteBlocks(L, K).merged()
    if merged.weight is None:
        assert (K + 1) ** L.shape[1] > len(L) // 2
        return
    found = {tuple(row): count for row, count in zip(merged.L.tolist(), merged.weight, strict=True)}
    assert found == Counter(map(tuple, L.tolist()))
    assert merged.n_rows == len(L)
    np.testing.assert_array_equal(merged.totals, plain(L, K).sum(axis=0))


def test_rows_of_few_labeling_functions_are_merged_from_a_memory_map_too(tmp_path):
    L = np.random.default_rng(0).integers(-1, 2, size=(1_000, 3)).astype(np.int8)
    np.save(tmp_path / "L.npy", L)
    merged = VoteBlocks(np.load(tmp_path / "L.npy", mmap_mode="r"), 2).merged()
    assert len(merged) == 27
    assert type(merged.L) is np.ndarray


@pytest.mark.parametrize(("N", "size"), [(10, 10), (1_000, 7), (12_345, 1_000)])
def test_a_sample_has_one_row_of_each_stretch_and_is_the_same_every_time(N, size):
    # Rows are numbered in base 100.
    L = np.stack([np.arange(N) // 100**p % 100 for p in range(3)], axis=1).astype(np.int8)
    sample = VoteBlocks(L, 100).sample(size)
    rows = sample.L.astype(int) @ [1, 100, 10_000]
    # A row that lies in two stretches may be in both their places.
    assert np.all(np.diff(rows) >= 0)
    np.testing.assert_array_less(np.abs(rows - (np.arange(size) + 0.5) * N / size), N / size + 1e-9)
    assert sample.n_rows == pytest.approx(N)
    np.testing.assert_array_equal(VoteBlocks(L, 100).sample(size).L, sample.L)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(0, 5), st.integers(2, 5)), elements=st.floats(-1e3, 1e3)))
def test_softmax_is_scipys(scores):
    np.testing.assert_allclose(softmax(scores.copy()), scipy.special.softmax(scores, axis=1), atol=1e-14)


def test_softmax_of_a_class_that_is_ruled_out():
    np.testing.assert_allclose(softmax(np.array([[0.0, -np.inf, np.log(3)]])), [[0.25, 0, 0.75]])
