"""Votes as blocks of a sparse matrix of ones, on which a label model is two matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN

if TYPE_CHECKING:
    import scipy.sparse

MOST_ROWS = 65_536
"""Rows of a block; fewer where there are many labeling functions."""
MOST_ENTRIES = 1 << 22
"""Entries of ``L`` that a block is made from, so that what it is made with stays small."""
MOST_PATTERNS = 1 << 16
"""Equal rows are merged only where there cannot be more different ones than this."""
KEPT_BYTES = 1 << 30
"""Blocks are kept between passes up to this size, about 4 bytes a vote."""


@dataclass(frozen=True)
class Block:
    """Some rows of the votes.

    Parameters
    ----------
    rows : slice
        Which rows.
    V : (n, m K) float64 CSR matrix
        A one at column ``j K + l`` where labeling function j votes l; abstentions are not stored.
    weight : (n,) float64, optional
        How many rows each of these stands for; one each by default.
    """

    rows: slice
    V: scipy.sparse.csr_array
    weight: NDArray[np.float64] | None = None

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Which rows have a vote, shape (n,)."""
        return np.diff(self.V.indptr) > 0


class VoteBlocks:
    """Votes of shape (N, m), walked as often as needed in blocks of one-hot rows.

    The first walk makes the blocks; later ones find those that fitted ``kept_bytes`` and make the
    others again, so memory is bounded whatever N is.

    Parameters
    ----------
    L : (N, m) int8
        Votes, in memory or memory-mapped.
    n_classes : int
        The number of classes K.
    lfs : int array, optional
        The columns of ``L`` to use, ascending; all by default.
    weight : (N,) float64, optional
        How many rows each row stands for.
    kept_bytes : int, optional
        Most bytes of blocks to keep.

    Notes
    -----
    Making the blocks is O(N m); a kept vote takes 4 bytes, because all blocks share their ones.
    """

    def __init__(
        self,
        L: NDArray[np.int8],
        n_classes: int,
        lfs: NDArray[np.intp] | None = None,
        weight: NDArray[np.float64] | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.L = L
        self.n_classes = n_classes
        self.lfs = None if lfs is None or len(lfs) == L.shape[1] else lfs
        self.weight = weight
        self.kept_bytes = kept_bytes
        self.n_lfs = L.shape[1] if self.lfs is None else len(self.lfs)
        self.step = max(1, min(MOST_ROWS, MOST_ENTRIES // max(L.shape[1], 1)))
        self._kept: list[Block] = []
        self._bytes = 0
        self._ones = np.ones(0)

    def __len__(self) -> int:
        """Return how many rows are stored; equal rows that were merged are one."""
        return len(self.L)

    def __iter__(self) -> Iterator[Block]:
        """Walk the blocks in order of rows."""
        yield from self._kept
        for start in range(len(self._kept) * self.step, len(self.L), self.step):
            block = self._make(slice(start, min(start + self.step, len(self.L))))
            size = block.V.indices.nbytes + block.V.indptr.nbytes
            if start == len(self._kept) * self.step and self._bytes + size <= self.kept_bytes:
                self._kept.append(block)
                self._bytes += size
            yield block

    @cached_property
    def n_rows(self) -> float:
        """The number of rows, merged ones counted as often as they occur."""
        return float(len(self.L) if self.weight is None else self.weight.sum())

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """How often each labeling function casts each vote, shape (m K,)."""
        total = np.zeros(self.n_lfs * self.n_classes)
        for block in self:
            V = block.V
            each = None if block.weight is None else np.repeat(block.weight, np.diff(V.indptr))
            total += np.bincount(V.indices, weights=each, minlength=len(total))
        return total

    def merged(self) -> Self:
        """Return the same votes with equal rows merged, or self where few labeling functions do not force it.

        There are at most ``(K + 1)**m`` different rows; merging pays where N is several times that.
        """
        base = self.n_classes + 1
        too_many = self.n_lfs * np.log(base) > np.log(min(MOST_PATTERNS, max(len(self.L) // 2, 1)))
        if self.weight is not None or too_many:
            return self
        place = base ** np.arange(self.n_lfs, dtype=np.float64)
        count = np.zeros(base**self.n_lfs)
        for start in range(0, len(self.L), MOST_ROWS):
            digits = self._rows(slice(start, start + MOST_ROWS)) + 1.0
            count += np.bincount((digits @ place).astype(np.intp), minlength=len(count))
        code = np.flatnonzero(count)
        patterns = (code[:, None] // place.astype(np.int64) % base - 1).astype(np.int8)
        return type(self)(patterns, self.n_classes, weight=count[code])

    def sample(self, size: int) -> Self:
        """Return one row out of each of ``size`` equal stretches, each standing for ``N / size`` rows.

        The place in the stretch is random with a fixed seed, so the same votes give the same sample
        and neither sorted nor periodic rows can mislead it.
        """
        place = np.arange(size) + np.random.default_rng(0).random(size)
        rows = np.minimum((place * (len(self.L) / size)).astype(np.intp), len(self.L) - 1)
        part = self._rows(rows)
        return type(self)(part, self.n_classes, weight=np.full(size, len(self.L) / size))

    def _rows(self, rows: slice | NDArray[np.intp]) -> NDArray[np.int8]:
        part = np.asarray(self.L[rows])
        return np.ascontiguousarray(part if self.lfs is None else part[:, self.lfs])

    def _make(self, rows: slice) -> Block:
        from scipy.sparse import csr_array

        part = self._rows(rows)
        voted = part != ABSTAIN
        place = np.flatnonzero(voted.ravel())
        offset = np.arange(self.n_lfs, dtype=np.int32) * np.int32(self.n_classes)
        indices = part.ravel()[place] + (offset[place % self.n_lfs] if self.n_lfs else offset)
        indptr = np.zeros(len(part) + 1, dtype=np.int32)
        np.cumsum(voted.sum(axis=1, dtype=np.int32), out=indptr[1:])
        if len(self._ones) < len(indices):
            self._ones = np.ones(len(indices))
        # Set rather than passed: the constructor copies a view that is much smaller than its base.
        V = csr_array((len(part), self.n_lfs * self.n_classes), dtype=np.float64)
        V.indptr, V.indices, V.data = indptr, indices, self._ones[: len(indices)]
        return Block(rows, V, None if self.weight is None else self.weight[rows])


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn scores of shape (n, K) into probabilities in place, row by row; return them.

    Each row must have a finite score.
    """
    # A maximum along short rows is several times slower than K maxima of columns.
    scores -= reduce(np.maximum, scores.T)[:, None]
    np.exp(scores, out=scores)
    scores /= (scores @ np.ones(scores.shape[1]))[:, None]
    return scores
