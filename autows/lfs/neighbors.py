"""k-nearest-neighbour labeling functions on subspaces of the columns, and distances in many subspaces."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Family, Models, Rows
from autows.lfs._columns import ColumnSynthesiser

N_BLOCKS = 8
"""Into so many random blocks the columns are cut; a subspace is half of them."""
ROWS_AT_ONCE = 1024
MOST_LISTED = 20
"""Columns of a subspace are listed in descriptions up to this number."""


@dataclass(frozen=True)
class Subspaces:
    """All columns, and different random halves of them.

    The columns are cut into blocks once and a half is a set of blocks: distances are computed a block
    at a time and added up for every half, so that ten halves cost about as much as all columns once.

    Parameters
    ----------
    blocks : tuple of (c,) int arrays
        Columns of each block, ascending.
    member : (M, B) float64
        1 where a block belongs to a subspace. The first subspace is all of them.
    """

    blocks: tuple[NDArray[np.intp], ...]
    member: NDArray[np.float64]

    @classmethod
    def draw(cls, n_columns: int, n_subspaces: int, rng: np.random.Generator) -> Subspaces:
        """Draw halves at random; fewer than asked for where there are not as many different ones."""
        n_blocks = min(N_BLOCKS, n_columns)
        cut = np.array_split(rng.permutation(n_columns), n_blocks)
        halves = list(combinations(range(n_blocks), -(-n_blocks // 2))) if n_blocks > 1 else []
        drawn = rng.permutation(len(halves))[: n_subspaces - 1]
        member = np.zeros((1 + len(drawn), n_blocks))
        member[0] = 1.0
        for row, half in zip(member[1:], drawn, strict=True):
            row[list(halves[half])] = 1.0
        return cls(tuple(np.sort(block) for block in cut), member)

    def __len__(self) -> int:
        return len(self.member)

    def columns(self, subspace: int) -> NDArray[np.intp]:
        """Return the columns of one subspace, ascending."""
        inside = np.flatnonzero(self.member[subspace])
        return np.sort(np.concatenate([self.blocks[b] for b in inside]))

    def squared_distances(
        self,
        Z: NDArray[np.floating],
        points: NDArray[np.float64],
        chosen: NDArray[np.intp] | slice = slice(None),
    ) -> NDArray[np.float64]:
        """Return squared Euclidean distances in the chosen subspaces, shape (subspaces, rows, points).

        In double precision, so that whole numbers tie exactly and a common offset of the columns does
        no harm. O(rows points q) for any number of subspaces, beside O(rows points) for each.
        """
        # Blocks that the chosen subspaces have or lack together are one; those that all lack are none.
        shared, group = np.unique(self.member[chosen], axis=1, return_inverse=True)
        needed = np.flatnonzero(shared.any(axis=0))
        parts = np.empty((len(needed), len(Z), len(points)))
        for part, number in zip(parts, needed, strict=True):
            columns = np.concatenate([self.blocks[b] for b in np.flatnonzero(group == number)])
            z, p = Z[:, columns].astype(np.float64), points[:, columns]
            np.matmul(z, p.T, out=part)
            part *= -2.0
            part += np.einsum("ij,ij->i", z, z)[:, None]
            part += np.einsum("ij,ij->i", p, p)
        return np.maximum(np.tensordot(shared[:, needed], parts, axes=1), 0.0)


@dataclass(frozen=True)
class SubspaceModels(Models):
    """Models that look at rows only through their distances to some points, one in each subspace.

    Parameters
    ----------
    subspaces : Subspaces
    points : (p, q) float64
    counts : (K,) int64
        How many seeds of each class were used.
    """

    subspaces: Subspaces
    points: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def n_models(self) -> int:  # type: ignore[override]
        """One a subspace."""
        return len(self.subspaces)

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """The number of classes K."""
        return len(self.counts)

    @abstractmethod
    def probabilities(self, D: NDArray[np.float64], chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        """Turn squared distances (models, rows, p) to the points into (models, rows, K) probabilities."""

    def predict(self, Z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return probabilities, shape (rows, M, K)."""
        return self._answers(Z, np.arange(self.n_models))

    def scores(
        self, Z: NDArray[np.float32], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the probability of class ``label[i]`` by model ``model[i]``, shape (rows, len(model))."""
        chosen, position = np.unique(model, return_inverse=True)
        out = np.empty((len(Z), len(model)))
        for start in range(0, len(Z), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            out[rows] = self._answers(Z[rows], chosen)[:, position, label]
        return out

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return the subspace and how many seeds there were.

        ``features`` lists the columns of a subspace of at most 20 columns, and is empty for a larger one,
        where it would fill the record; subspace 0 is all columns.
        """
        columns = self.subspaces.columns(model)
        seen = {"class_counts": self.counts.tolist()} if label is None else self._seen_by(label)
        return {
            "features": columns.tolist() if len(columns) <= MOST_LISTED else [],
            "n_features": len(columns),
            "subspace": model,
            **seen,
        }

    def _seen_by(self, label: int) -> dict[str, int]:
        mine = int(self.counts[label])
        return {"n_of_class": mine, "n_of_others": int(self.counts.sum()) - mine}

    def _answers(self, Z: NDArray[np.float32], chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        out = np.empty((len(Z), len(chosen), self.n_classes))
        for start in range(0, len(Z), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            D = self.subspaces.squared_distances(Z[rows], self.points, chosen)
            out[rows] = self.probabilities(D, chosen).transpose(1, 0, 2)
        return out


class Neighbors(Family):
    """Class shares among the nearest seeds, on all columns and on random halves of them.

    Neighbours count alike, so that with five of them a probability is a multiple of a fifth; of seeds
    at the same distance the earlier one is nearer. Where there are fewer seeds than neighbours, all
    seeds are neighbours. A unipolar model's K answers are the shares of the K classes.

    Parameters
    ----------
    k : int, default 5
        How many nearest seeds are asked.
    n_subspaces : int, default 10
        Models: one on all columns and the others on different random halves, of which there are at
        most 70 (see :class:`Subspaces`).
    """

    name = "neighbors"

    def __init__(self, k: int = 5, n_subspaces: int = 10) -> None:
        self.k = k
        self.n_subspaces = n_subspaces

    def validate(self) -> None:
        """Check that the numbers are positive."""
        self.require_positive()

    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> _NeighborSynthesiser:
        """Choose the subspaces."""
        self.validate()
        return _NeighborSynthesiser(seeds, y, n_classes, self, rng)


class _NeighborSynthesiser(ColumnSynthesiser):
    def __init__(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        family: Neighbors,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(seeds)
        self.y, self.n_classes, self.k = y, n_classes, family.k
        self.subspaces = Subspaces.draw(self.Z.shape[1], family.n_subspaces, rng)

    def fit(self, used: NDArray[np.bool_]) -> NeighborModels:
        """Keep the marked seeds."""
        y = self.y[used]
        return NeighborModels(
            self.subspaces,
            self.Z[used].astype(np.float64),
            np.bincount(y, minlength=self.n_classes),
            y,
            min(self.k, len(y)),
        )


@dataclass(frozen=True)
class NeighborModels(SubspaceModels):
    """Nearest-neighbour models; the points are the seeds.

    Parameters
    ----------
    y : (p,) int64
        Labels of the points.
    k : int
        How many are asked, at most p.
    """

    y: NDArray[np.int64]
    k: int

    def probabilities(self, D: NDArray[np.float64], chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return class shares among the k nearest."""
        targets = (self.y[:, None] == np.arange(self.n_classes)).astype(np.float64)
        return nearest(D, self.k).astype(np.float64) @ targets / self.k

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return the number of neighbours, the subspace and how many seeds there were."""
        return {"kind": "neighbors", "k": self.k, **super().describe(model, label)}


def nearest(D: NDArray[np.floating], k: int) -> NDArray[np.bool_]:
    """Mark the k smallest values along the last axis; of equal values the first."""
    kth = np.partition(D, k - 1, axis=-1)[..., k - 1 : k]
    marked = np.less_equal(D, kth)
    crowded = np.count_nonzero(marked, axis=-1) > k
    if crowded.any():
        nearer, tied = D[crowded] < kth[crowded], D[crowded] == kth[crowded]
        room = k - np.count_nonzero(nearer, axis=-1)
        marked[crowded] = nearer | (tied & (np.cumsum(tied, axis=-1) <= room[:, None]))
    return marked
