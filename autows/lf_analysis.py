"""What labeling functions do, one by one: coverage, overlap, conflict, polarity, accuracy on the seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN

ROWS_AT_ONCE = 65_536


def analyse(
    L: NDArray[np.int8],
    n_classes: int,
    y_seed: NDArray[np.integer] | None = None,
    L_seed: NDArray[np.int8] | None = None,
) -> list[dict[str, Any]]:
    """Describe the votes of each labeling function, as Snorkel's ``LFAnalysis`` does.

    Parameters
    ----------
    L : (N, m) int8
        Votes on unlabeled rows, -1 for abstain; read in blocks.
    n_classes : int
    y_seed : (n,) int, optional
        Labels of the seeds.
    L_seed : (n, m) int8, optional
        Votes on the seeds; out of fold where the seeds made the labeling functions.

    Returns
    -------
    list of dict
        For each labeling function, as JSON values:

        - ``polarity``: the classes it votes for among these rows, ascending;
        - ``coverage``: share of rows on which it votes;
        - ``overlap``: share of rows on which it and another one vote;
        - ``conflict``: share of rows on which it votes and another one votes for another class;
        - with seeds, ``seed_votes``: on how many seeds it votes, ``seed_correct``: how many of these votes
          are right, and ``seed_accuracy``: their share, None without votes.

    Raises
    ------
    ValueError
        If votes and seeds do not fit together.

    Notes
    -----
    O(N m K).

    References
    ----------
    A. Ratner et al. (2017), Snorkel: rapid training data creation with weak supervision, PVLDB 11(3),
    section 2.3.
    """
    if (y_seed is None) != (L_seed is None):
        raise ValueError("y_seed and L_seed come together or not at all")
    if L_seed is not None and y_seed is not None and L_seed.shape != (len(y_seed), L.shape[1]):
        raise ValueError(f"L_seed has shape {L_seed.shape}; expected ({len(y_seed)}, {L.shape[1]})")
    N, m = L.shape
    counts = np.zeros((m, n_classes), dtype=np.int64)
    overlaps, conflicts = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
    for start in range(0, N, ROWS_AT_ONCE):
        block = np.asarray(L[start : start + ROWS_AT_ONCE])
        covered = block != ABSTAIN
        cast = covered.sum(axis=1)
        overlaps += (covered & (cast > 1)[:, None]).sum(axis=0)
        for k in range(n_classes):
            mine = block == k
            counts[:, k] += mine.sum(axis=0)
            # Whoever votes k is contradicted where not all who vote there vote k.
            conflicts += (mine & (cast > mine.sum(axis=1))[:, None]).sum(axis=0)
    rows = [
        {
            "polarity": np.flatnonzero(counts[j]).tolist(),
            "coverage": _share(counts[j].sum(), N),
            "overlap": _share(overlaps[j], N),
            "conflict": _share(conflicts[j], N),
        }
        for j in range(m)
    ]
    if L_seed is not None and y_seed is not None:
        cast_seed = (L_seed != ABSTAIN).sum(axis=0)
        correct = (L_seed == np.asarray(y_seed)[:, None]).sum(axis=0)
        for row, c, r in zip(rows, cast_seed, correct, strict=True):
            row["seed_votes"], row["seed_correct"] = int(c), int(r)
            row["seed_accuracy"] = _share(r, c) if c else None
    return rows


def _share(count: int, total: int) -> float:
    return round(float(count) / total, 6) if total else 0.0
