"""Candidates that are asked about: which, and how they are called."""

from __future__ import annotations

import numpy as np
import pytest

from autows.lf_family import Rows
from autows.lf_search import Search, parse_families
from autows.methods._lf_candidates import _lively, gather
from autows.types import ABSTAIN


def test_candidates_are_those_of_the_search_that_vote_now_and_then(blobs):
    view, *_ = blobs(n_classes=3, n=40, pool=200)
    families = parse_families("stumps")
    found = gather(view, families, 2000, 10, np.random.default_rng(4))
    search = Search(view, families, False, np.random.default_rng(4))
    everything = search.candidates(np.ones(40, dtype=bool))
    votes = everything.lfs.votes(Rows.pool(view)[view.unlabeled_index]) != ABSTAIN
    lively = [j for j in range(votes.shape[1]) if 0 < votes[:, j].sum() < len(votes)]
    assert found.lfs.describe() == everything.lfs.take(np.array(lively)).describe()
    np.testing.assert_array_equal(found.seed_votes, everything.seed_votes[:, lively])
    np.testing.assert_array_equal(found.label, everything.label[lively])
    np.testing.assert_allclose(found.coverage, votes[:, lively].mean(axis=0))
    # Each votes for its class alone.
    for j, k in enumerate(found.label):
        assert set(np.unique(found.seed_votes[:, j])) <= {ABSTAIN, k}


class Columns:
    """Labeling functions that are columns of a matrix of votes."""

    def __init__(self, L):
        self.L = L

    def take(self, index):
        assert np.all(np.diff(index) > 0)
        return Columns(self.L[:, index])

    def votes(self, pool):
        return self.L


@pytest.mark.parametrize("most", [1, 7, 20, 100])
def test_candidates_are_the_first_lively_ones_in_a_random_order(most):
    rng = np.random.default_rng(most)
    L = np.where(rng.random((30, 60)) < rng.choice([0.0, 0.3, 1.0], 60), 1, ABSTAIN).astype(np.int8)
    order = rng.permutation(60)
    lively = [j for j in order if 0 < (L[:, j] != ABSTAIN).sum() < 30]
    index, covers = _lively(Columns(L), L, np.zeros(30), order, most)
    assert index.tolist() == sorted(lively[:most])
    np.testing.assert_array_equal(covers, L[:, index] != ABSTAIN)


def test_ten_thousand_candidates_are_thinned_out(blobs):
    view, *_ = blobs(n_classes=4, n=40, pool=60, d=2500, gap=0.3)
    families = parse_families("stumps")
    found = gather(view, families, 150, 10, np.random.default_rng(0))
    assert len(found) == 150
    assert found.features.shape == (150, 10)
    features = [about["features"][0] for about in found.lfs.describe()]
    assert max(features) > 2000
    other = gather(view, families, 150, 10, np.random.default_rng(1))
    assert features != [about["features"][0] for about in other.lfs.describe()]


def test_names_are_of_what_a_labeling_function_is(blobs):
    view, *_ = blobs()
    found = gather(view, parse_families("stumps"), 2000, 10, np.random.default_rng(0))
    again = gather(view, parse_families("stumps"), 2000, 10, np.random.default_rng(0))
    names = [found.name(j) for j in range(len(found))]
    assert names == [again.name(j) for j in range(len(again))]
    assert len(set(names)) == len({str(about) for about in found.lfs.describe()})
