"""Which columns labeling functions look at, and in which combinations."""

from __future__ import annotations

from abc import abstractmethod
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Models, Rows, Synthesiser
from autows.types import Matrix

LEAST_SEEDS = 2
"""A sparse column must be non-zero in this many seeds to be looked at; fewer decide nothing."""


MOST_FEATURES = 4
"""Largest cardinality: trees double with each feature, and more are seldom better with 100 seeds."""


def check_cardinality(name: str, cardinality: int) -> None:
    """Raise ValueError if models on so many features at once are not offered."""
    if cardinality > MOST_FEATURES:
        raise ValueError(f"{name}: cardinality is {cardinality}; expected at most {MOST_FEATURES}")


def usable_columns(X: Matrix) -> NDArray[np.intp]:
    """Return the columns of the seeds' features that models are fitted to, ascending.

    All of a dense matrix. Of a sparse one those that are non-zero in at least two seeds; if there
    are none, those that are non-zero in any seed; if there are none either, the first.
    """
    if not hasattr(X, "indptr"):
        return np.arange(X.shape[1])
    filled = np.bincount(X.indices[X.data != 0], minlength=X.shape[1])
    for least in (LEAST_SEEDS, 1):
        if np.any(filled >= least):
            return np.flatnonzero(filled >= least)
    return np.arange(1)


class ColumnSynthesiser(Synthesiser):
    """What the families on columns of X share: the choice of columns, and how rows look.

    Parameters
    ----------
    seeds : Rows
    """

    def __init__(self, seeds: Rows) -> None:
        self.columns = usable_columns(seeds.X)
        self._all = len(self.columns) == seeds.X.shape[1]
        self.Z = self.transform(seeds)

    def transform(self, rows: Rows) -> NDArray[np.float32]:
        """Return the columns that are looked at, dense, shape (rows, q)."""
        X = rows.X if self._all else rows.X[:, self.columns]
        return np.asarray(X.toarray() if hasattr(X, "indptr") else X, dtype=np.float32)

    @abstractmethod
    def fit(self, used: NDArray[np.bool_]) -> Models:
        """Fit every model to the seeds that are marked."""

    def describe(self, models: Models, model: int, label: int | None = None) -> dict[str, Any]:
        """Return one model as JSON values, its features as columns of X."""
        about = models.describe(model, label)
        return {**about, "features": [int(self.columns[f]) for f in about["features"]]}


def feature_subsets(
    d: int, cardinality: int, max_subsets: int, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Return the feature subsets that models are fitted to: all single features and some combinations.

    Parameters
    ----------
    d : int
        Number of features.
    cardinality : int
        Most features in a subset.
    max_subsets : int
        Most subsets of each size above 1; if there are more, as many different ones are drawn.
    rng : numpy.random.Generator

    Returns
    -------
    list of (S, c) int arrays
        One array for each size c = 1, 2, ..., min(cardinality, d); each row ascending, rows different.
    """
    subsets = [np.arange(d)[:, None]]
    for c in range(2, min(cardinality, d) + 1):
        if comb(d, c) <= max_subsets:
            subsets.append(np.array(list(combinations(range(d), c)), dtype=np.intp))
            continue
        drawn: NDArray[np.intp] = np.zeros((0, c), dtype=np.intp)
        while len(drawn) < max_subsets:
            keys = rng.random((2 * max_subsets, d))
            more = np.sort(np.argpartition(keys, c - 1, axis=1)[:, :c], axis=1)
            drawn = np.unique(np.concatenate([drawn, more]), axis=0)
        # Sorted by np.unique: a sample of them, not the first.
        subsets.append(drawn[np.sort(rng.choice(len(drawn), max_subsets, replace=False))])
    return subsets
