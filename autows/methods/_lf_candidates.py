"""Labeling functions that may be asked about: fitted to the seeds, lively on the pool, thinned at random."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows.labeling_functions import LFSet
from autows.lf_family import Family, Rows
from autows.lf_search import Search, same_function
from autows.methods._lf_features import vote_features
from autows.methods._oracles import SeedRecord
from autows.types import ABSTAIN, TaskView


@dataclass(frozen=True)
class Candidates:
    """C labeling functions, each for one class, and what is known of them.

    Parameters
    ----------
    lfs : LFSet
    label : (C,) int64
        The class that each votes for.
    seed_votes : (n, C) int8
        Out of fold.
    coverage : (C,) float64
        Share of the pool sample that each votes on, above 0 and below 1.
    features : (C, D) float64
        See :func:`autows.methods._lf_features.vote_features`.
    rank : (C,) int64
        A random order.
    seed : int
        For models that draw random numbers.
    record : SeedRecord
        How they fare on the seeds.
    """

    lfs: LFSet
    label: NDArray[np.int64]
    seed_votes: NDArray[np.int8]
    coverage: NDArray[np.float64]
    features: NDArray[np.float64]
    rank: NDArray[np.int64]
    seed: int
    record: SeedRecord

    def __len__(self) -> int:
        return len(self.lfs)

    def name(self, j: int) -> str:
        """Return a hash of what labeling function ``j`` is."""
        (about,) = self.lfs.take(np.array([j])).describe()
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def gather(
    view: TaskView,
    families: Sequence[Family],
    max_lfs: int,
    n_components: int,
    rng: np.random.Generator,
) -> Candidates:
    """Fit the families to all seeds and keep at most ``max_lfs`` candidates, chosen at random.

    Seed accuracy has no say in which: it judges them later, and must not do so twice. Candidates that
    vote on no or on every row of the pool sample are left out.

    Parameters
    ----------
    view : TaskView
        With seeds of at least two classes.
    families : sequence of Family
    max_lfs, n_components : int
        At least 1.
    rng : numpy.random.Generator

    Returns
    -------
    Candidates
    """
    search = Search(view, families, False, rng)
    found = search.candidates(np.ones(search.n, dtype=bool))
    index, covers = _lively(
        found.lfs, found.seed_votes, search.pool, rng.permutation(len(found.lfs)), max_lfs
    )
    label, seed_votes = found.label[index], found.seed_votes[:, index]
    return Candidates(
        lfs=found.lfs.take(index),
        label=label,
        seed_votes=seed_votes,
        coverage=covers.mean(axis=0),
        features=vote_features(covers, label, view.n_classes, n_components),
        rank=rng.permutation(len(index)),
        seed=int(rng.integers(2**32)),
        record=SeedRecord.of(seed_votes, search.y, label, search.prior),
    )


def _lively(
    lfs: LFSet, seed_votes: NDArray[np.int8], pool: Rows, order: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the first labeling functions in an order that vote on some and not all rows, and on which.

    Those that are not the same function on the pool as on the seeds are passed over.

    Returns
    -------
    index : (C,) int64
        Ascending.
    covers : (rows, C) bool
    """
    index = np.zeros(0, dtype=np.int64)
    covers = np.zeros((len(pool), 0), dtype=bool)
    for start in range(0, len(order), most):
        # Sorted within a part only, so that what is cut off at the end is a matter of chance.
        part = np.sort(order[start : start + most])
        cast = lfs.take(part).votes(pool)
        votes = cast != ABSTAIN
        same = same_function(seed_votes[:, part], cast)
        lively = np.flatnonzero(votes.any(axis=0) & ~votes.all(axis=0) & same)
        wanted = most - len(index)
        rank = np.argsort(np.argsort(order[start : start + most]))
        in_order = rank[np.isin(rank, lively)][:wanted]
        index = np.append(index, part[in_order])
        covers = np.hstack([covers, votes[:, in_order]])
        if len(index) == most:
            break
    ascending = np.argsort(index)
    return index[ascending], covers[:, ascending]
