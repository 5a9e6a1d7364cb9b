"""Who can be compared with whom: methods that have the same tasks, features and draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.table import Row, RowName, name_of

Cell = tuple[str, str]
"""A task and a representation."""


@dataclass(frozen=True)
class Field:
    """Methods that can be compared: all have the same cells and draws.

    Parameters
    ----------
    methods : tuple of str
        M of them.
    cells : tuple of (task, representation)
    tasks : tuple of str
    scores : tuple of (M, n_t) float64 arrays
        One a task: accuracy by draw, averaged over the task's representations.
    by_cell : (cells, M) float64 array
        Accuracy averaged over draws.
    left_out : dict of str to int
        How many cells each other method has.
    repeated : dict of (task, representation) to str
        Cells that do not count because their task is another one again, which has that cell too.
    """

    methods: tuple[str, ...]
    cells: tuple[Cell, ...]
    tasks: tuple[str, ...]
    scores: tuple[NDArray[np.float64], ...]
    by_cell: NDArray[np.float64]
    left_out: Mapping[str, int]
    repeated: Mapping[Cell, str]

    @property
    def by_task(self) -> NDArray[np.float64]:
        """Mean accuracy, shape (tasks, M)."""
        from leaderboard.statistics import task_means

        return task_means(self.scores)


def make_field(
    rows: Iterable[Row], accuracies: Mapping[RowName, Mapping[int, float]], controls: Sequence[str]
) -> Field | None:
    """Return who can be compared with whom on what.

    The cells (task x representation) and draws that count are those that every control has, so that a
    run more of one method takes no other out. A method is in the field if it has all of these; no average is
    taken over whatever happens to be there. In a task the draws are those of all its cells. Where a task is
    another one again (permuted digits under raw pixels), it counts if the other one does not.

    Parameters
    ----------
    rows : iterable of dict
        Of one number of labels.
    accuracies : mapping
        By row and draw.
    controls : sequence of str
        Their cells count.

    Returns
    -------
    Field or None
        None without a cell that all controls have.
    """
    from leaderboard.statistics import task_means

    draws: dict[str, dict[Cell, Mapping[int, float]]] = {}
    same_as: dict[Cell, str | None] = {}
    for row in rows:
        draws.setdefault(row["method"], {})[cell_of(row)] = accuracies[name_of(row)]
        same_as[cell_of(row)] = row["same_as"]
    if any(control not in draws for control in controls):
        return None
    shared = {
        cell: set.intersection(*(set(draws[c].get(cell, ())) for c in controls))
        for cell in sorted(draws[controls[0]])
    }
    repeated = repetitions([cell for cell, common in shared.items() if common], same_as)
    by_task: dict[str, list[Cell]] = {}
    for cell, common in shared.items():
        if common and cell not in repeated:
            by_task.setdefault(cell[0], []).append(cell)
    kept: dict[str, list[int]] = {}
    for task, mine in by_task.items():
        common = set.intersection(*(shared[cell] for cell in mine))
        # Cells of one task without a common draw cannot be averaged by draw; the first one stands for it.
        if not common:
            by_task[task], common = mine[:1], shared[mine[0]]
        kept[task] = sorted(common)
    cells = tuple(cell for task in by_task for cell in by_task[task])
    if not cells:
        return None
    has = {
        method: [cell for cell in cells if set(kept[cell[0]]) <= there.get(cell, {}).keys()]
        for method, there in draws.items()
    }
    methods = tuple(sorted(method for method in has if len(has[method]) == len(cells)))
    tables = {
        cell: np.array([[draws[method][cell][k] for k in kept[cell[0]]] for method in methods])
        for cell in cells
    }
    return Field(
        methods=methods,
        cells=cells,
        tasks=tuple(by_task),
        # Rounded, so that means of the same numbers in another order tie draw by draw too.
        scores=tuple(
            np.stack([tables[cell] for cell in mine]).mean(axis=0).round(12) for mine in by_task.values()
        ),
        by_cell=task_means([tables[cell] for cell in cells]),
        left_out={method: len(mine) for method, mine in sorted(has.items()) if method not in methods},
        repeated=repeated,
    )


def cell_of(row: Mapping[str, Any]) -> Cell:
    """Return the task and representation of a row."""
    return row["task"], row["representation"]


def repetitions(cells: Collection[Cell], same_as: Mapping[Cell, str | None]) -> dict[Cell, str]:
    """Return the cells of which a task is another one again that has a cell under these features, too.

    Parameters
    ----------
    cells : collection of (task, representation)
    same_as : mapping of (task, representation) to str or None
        Which task it is again.

    Examples
    --------
    >>> cells = [("digits", "raw"), ("permuted", "raw"), ("permuted", "pca")]
    >>> repetitions(cells, {("permuted", "raw"): "digits", ("permuted", "pca"): "digits"})
    {('permuted', 'raw'): 'digits'}
    """
    there = set(cells)
    return {
        cell: other
        for cell in cells
        if (other := same_as.get(cell)) is not None and (other, cell[1]) in there
    }


def mean_ranks(found: Field) -> NDArray[np.float64]:
    """Return mean ranks, shape (M,): within cells, then over a task's cells, then over tasks."""
    from leaderboard.statistics import ranks

    within = ranks(found.by_cell)
    tasks = np.array([task for task, _ in found.cells])
    by_task = [within[tasks == task].mean(axis=0) for task in found.tasks]
    return np.asarray(np.mean(by_task, axis=0), dtype=np.float64)
