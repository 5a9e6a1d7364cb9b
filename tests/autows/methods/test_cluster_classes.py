"""The classes of clusters beside a search through all assignments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from autows.methods._cluster_classes import classes_of_clusters


def counts_of(R, y, prior, shares, smoothing):
    counts = np.zeros((len(shares), len(prior)))
    for c, k in np.ndindex(counts.shape):
        counts[c, k] = smoothing * shares[c] * prior[k] + sum(R[i, c] for i in range(len(y)) if y[i] == k)
    return counts


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("K", [2, 4])
def test_the_assignment_is_the_best_of_all(seed, K):
    rng = np.random.default_rng(seed)
    y, R = rng.integers(K, size=15), rng.dirichlet(np.full(K, 0.3), 15)
    y[:K] = np.arange(K)
    prior, shares = rng.dirichlet(np.ones(K)), rng.dirichlet(np.ones(K))
    counts = counts_of(R, y, prior, shares, 2.0)
    best = max(itertools.permutations(range(K)), key=lambda p: sum(counts[c, p[c]] for c in range(K)))
    np.testing.assert_array_equal(classes_of_clusters(R, y, prior, shares, 2.0), np.eye(K)[list(best)])


def test_a_class_without_seeds_gets_no_cluster_and_moves_no_other():
    R = np.eye(4)[[0, 0, 3, 3, 1, 1, 1]]
    y, prior = np.array([3, 3, 0, 0, 2, 2, 2]), np.array([0.3, 0.0, 0.4, 0.3])
    shares = np.array([0.2, 0.3, 0.4, 0.1])
    table = classes_of_clusters(R, y, prior, shares)
    np.testing.assert_array_equal(table[[0, 3, 1]], np.eye(4)[[3, 0, 2]])
    # No seed is in the cluster that is left: nothing but the classes' shares is known of it.
    np.testing.assert_allclose(table[2], prior)


def test_what_is_left_over_keeps_the_mix_of_its_seeds():
    R = np.eye(3)[[0, 0, 0, 1, 1, 1, 2]]
    y, prior, shares = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.3, 0.2])
    table = classes_of_clusters(R, y, prior, shares, smoothing=1.0)
    np.testing.assert_array_equal(table[:2], np.eye(3)[[0, 1]])
    np.testing.assert_allclose(table[2], [0.1 / 1.2, 1.1 / 1.2, 0.0])


def test_clusters_without_seeds_go_by_their_size():
    y, prior = np.array([0, 0]), np.array([0.7, 0.3])
    table = classes_of_clusters(np.full((2, 2), 0.5), y, prior, np.array([0.2, 0.8]))
    np.testing.assert_array_equal(table, [[0, 1], [1, 0]])


def test_more_clusters_than_classes_are_mapped_many_to_one():
    rng = np.random.default_rng(0)
    R, y = rng.dirichlet(np.full(5, 0.2), 12), rng.integers(2, size=12)
    prior, shares = np.array([0.4, 0.6]), np.array([0.5, 0.2, 0.2, 0.1, 0.0])
    counts = counts_of(R, y, prior, shares, 1.0)
    expected = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classes_of_clusters(R, y, prior, shares), expected)
    R[:, 4] = 0
    np.testing.assert_allclose(classes_of_clusters(R, y, prior, shares)[4], prior)
