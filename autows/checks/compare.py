"""How much two answers differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN, Labels, TaskView

ROUNDING = 1e-6
"""Difference of probabilities that the order of additions can make."""


def decisions(labels: Labels, part: str) -> NDArray[np.int64]:
    """Return the class that a method decides for in each row, :data:`ABSTAIN` where it does not say.

    Parameters
    ----------
    labels : Labels
    part : str
        ``pool`` or ``test``.
    """
    answers, covered = getattr(labels, part), getattr(labels, f"{part}_covered")
    hard = answers.argmax(axis=1) if answers.ndim == 2 else answers
    return np.where(covered, hard, ABSTAIN).astype(np.int64)


def all_decisions(labels: Labels) -> NDArray[np.int64]:
    """Return the decisions on pool and test rows, one after the other."""
    return np.concatenate([decisions(labels, "pool"), decisions(labels, "test")])


def difference(first: Labels, second: Labels) -> str | None:
    """Say how two answers to the same task differ by more than rounding, or return None."""
    for part in ("pool", "test"):
        a, b = getattr(first, part), getattr(second, part)
        if a.shape != b.shape:
            return f"{part} has shape {a.shape} once and {b.shape} once"
        apart = np.abs(a.astype(np.float64) - b) > ROUNDING
        off = apart.any(axis=1) if a.ndim == 2 else apart
        off |= getattr(first, f"{part}_covered") != getattr(second, f"{part}_covered")
        if off.any():
            return f"{int(off.sum())} of {len(off)} {part} rows get another answer"
    return None


def filled(labels: Labels, view: TaskView) -> NDArray[np.int64]:
    """Return the decisions on all rows, abstentions replaced by the most frequent class of the seeds.

    That is what the benchmark's accuracy does.
    """
    decided = all_decisions(labels)
    return np.where(decided == ABSTAIN, view.seed_counts.argmax(), decided)


def scored_rows(view: TaskView) -> NDArray[np.int64]:
    """Return which of all rows count: pool rows that are no seeds, and test rows behind them."""
    n_pool, n_test = view.X_pool.shape[0], view.X_test.shape[0]
    return np.concatenate([view.unlabeled_index, n_pool + np.arange(n_test)])
