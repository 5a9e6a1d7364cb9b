"""Who can be compared with whom: methods that have the same tasks, features and draws."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.long_table import CONTROLS, REQUIRED, Run
from leaderboard.table import Row, RowName, by_task, name_of, rounded

Cell = tuple[str, str]
"""A task and a representation."""

Runs = Mapping[Cell, Mapping[int, Run]]
"""What one method has, by cell and draw."""


@dataclass(frozen=True)
class Field:
    """Methods that can be compared: all have the same cells and draws.

    Parameters
    ----------
    methods : tuple of str
        M of them.
    cells : tuple of (task, representation)
    draws : dict of str to tuple of int
        Those that count, by task.
    scores : tuple of (M, n_t) float64 arrays
        One a task: accuracy by draw, averaged over the task's representations.
    errors : (tasks, M) float64 array
        Standard errors that the finite test sets leave to accuracies; NaN where one is not known.
    runs : tuple of mappings
        What each method has, by cell and draw; there may be more than counts.
    left_out : dict of str to dict of (task, representation) to tuple of int
        Every other method with the draws that count and it lacks, by cell.
    passed_over : dict of str to tuple of int
        Draws that all controls have in a cell that counts and that do not count themselves, by task.
    repeated : dict of (task, representation) to str
        Cells that do not count because their task is another one again, which has that cell too.
    uncounted : dict of (task, representation) to str
        Cells with results that do not count for another reason, and which.
    """

    methods: tuple[str, ...]
    cells: tuple[Cell, ...]
    draws: Mapping[str, tuple[int, ...]]
    scores: tuple[NDArray[np.float64], ...]
    errors: NDArray[np.float64]
    runs: tuple[Runs, ...]
    left_out: Mapping[str, Mapping[Cell, tuple[int, ...]]]
    passed_over: Mapping[str, tuple[int, ...]]
    repeated: Mapping[Cell, str]
    uncounted: Mapping[Cell, str]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that count."""
        return tuple(self.draws)

    @property
    def by_task(self) -> NDArray[np.float64]:
        """Mean accuracy, shape (tasks, M): what ranks, shares of wins, profiles and intervals are made of."""
        from leaderboard.statistics import task_means

        return task_means(self.scores)

    def mean(self, method: int, value: Callable[[Run], float | None]) -> float | None:
        """Return the mean of a method over what counts: over draws, then a task's cells, then tasks.

        Parameters
        ----------
        method : int
            Place among :attr:`methods`.
        value : callable
            What of a run is averaged; where a run that counts does not have it there is no mean.
        """
        means = {}
        for cell in self.cells:
            values = [value(self.runs[method][cell][k]) for k in self.draws[cell[0]]]
            there = [x for x in values if x is not None]
            if len(there) < len(values):
                return None
            means[cell] = sum(there) / len(there)
        return rounded(by_task(means))


def make_field(
    rows: Iterable[Row], runs: Mapping[RowName, Mapping[int, Run]], controls: Sequence[str]
) -> Field | None:
    """Return who can be compared with whom on what.

    Parameters
    ----------
    rows : iterable of dict
        Of one number of labels.
    runs : mapping
        By row and draw, as :func:`leaderboard.table.by_draw` makes it.
    controls : sequence of str
        Their cells count.

    Returns
    -------
    Field or None
        None without a cell that all controls have.

    Notes
    -----
    The cells (task x representation) that count are those in which all controls have a draw in common, and
    a method is in the field if it has all of these; no average is taken over whatever happens to be there.
    Where a task is another one again (permuted digits under raw pixels), it counts if the other one does not.
    Cells of a task that have too few draws in common with its others do not count, see :func:`together`.

    In a task the draws that count are those that every control has in all its cells, and that more than half
    of the other methods with a result in each cell of the field were run on. So nobody is taken out by
    controls that were run on more draws, nor by a method that was run on fewer than most: it is left out
    itself. A run that failed is a run, so to fail on a draw does not take it out of the count. Where no draw
    was run by so many, or only controls have all cells, the controls' draws count.

    All of this depends on sets of draws and counts of methods only, not on the order of rows.
    """
    there: dict[str, dict[Cell, Mapping[int, Run]]] = {}
    same_as: dict[Cell, str | None] = {}
    for row in rows:
        there.setdefault(row["method"], {})[cell_of(row)] = runs[name_of(row)]
        same_as[cell_of(row)] = row["same_as"]
    if any(control not in there for control in controls):
        return None
    done = {method: {cell: _done(mine) for cell, mine in cells.items()} for method, cells in there.items()}
    shared = {
        cell: set.intersection(*(done[control].get(cell, set()) for control in controls)) for cell in same_as
    }
    repeated = repetitions([cell for cell, common in shared.items() if common], same_as)
    offered, aside = _offered({cell: k for cell, k in shared.items() if k and cell not in repeated})
    if not offered:
        return None
    cells = tuple(cell for mine, _ in offered.values() for cell in mine)
    others = [
        there[method]
        for method, has in done.items()
        if method not in CONTROLS and all(has.get(cell, set()) & offered[cell[0]][1] for cell in cells)
    ]
    draws = {task: _most_have(common, mine, others) for task, (mine, common) in offered.items()}
    lacking = {method: _lacking(has, cells, draws) for method, has in sorted(done.items())}
    methods = tuple(method for method, lacks in lacking.items() if not lacks)
    mine = tuple(there[method] for method in methods)
    had = {task: set.union(*(shared[cell] for cell in cells if cell[0] == task)) for task in draws}
    return Field(
        methods=methods,
        cells=cells,
        draws=draws,
        scores=_scores(mine, cells, draws),
        errors=_errors(mine, cells, draws),
        runs=mine,
        left_out={method: lacks for method, lacks in lacking.items() if lacks},
        passed_over={
            task: tuple(sorted(had[task].difference(counted)))
            for task, counted in draws.items()
            if had[task].difference(counted)
        },
        repeated=repeated,
        uncounted={**aside, **_without_control(there, done, shared, controls)},
    )


def _done(runs: Mapping[int, Run]) -> set[int]:
    return {draw for draw, run in runs.items() if run.status == "ok" and run.scores["accuracy"] is not None}


def _offered(
    shared: Mapping[Cell, Collection[int]],
) -> tuple[dict[str, tuple[list[Cell], set[int]]], dict[Cell, str]]:
    """Return each task with its cells and their draws, and cells with too few draws in common with them."""
    by_task: dict[str, dict[str, Collection[int]]] = {}
    for (task, representation), draws in sorted(shared.items()):
        by_task.setdefault(task, {})[representation] = draws
    offered, aside = {}, {}
    for task, parts in by_task.items():
        kept, common = together(parts)
        offered[task] = ([(task, name) for name in kept], set(common))
        why = f"too few draws in common with {', '.join(kept)}"
        aside.update({(task, name): why for name in parts if name not in kept})
    return offered, aside


def _without_control(
    there: Mapping[str, Runs],
    done: Mapping[str, Mapping[Cell, set[int]]],
    shared: Mapping[Cell, set[int]],
    controls: Sequence[str],
) -> dict[Cell, str]:
    """Return cells in which some method has a result and the controls have not, and which of them lack it.

    That a foundation model has nothing to say of a task is no fault of the table: where it was skipped or
    not run the cell belongs to another pool.
    """
    found = {}
    for cell in sorted(shared):
        if shared[cell] or not any(has.get(cell) for has in done.values()):
            continue
        lack = [
            control
            for control in controls
            if not done[control].get(cell)
            and (
                control in REQUIRED
                or any(r.status != "skipped" for r in there[control].get(cell, {}).values())
            )
        ]
        all_have = all(done[control].get(cell) for control in controls)
        if lack or all_have:
            found[cell] = f"no result of {', '.join(lack)}" if lack else "no draw that all controls have"
    return found


def _most_have(offered: Collection[int], cells: Sequence[Cell], others: Sequence[Runs]) -> tuple[int, ...]:
    """Return the draws on which more than half of the others were run in all cells; without any, all."""
    ran = [set.intersection(*(set(mine[cell]) for cell in cells)) for mine in others]
    most = [draw for draw in offered if 2 * sum(draw in draws for draws in ran) > len(ran)]
    return tuple(sorted(most or offered))


def _lacking(
    has: Mapping[Cell, set[int]], cells: Iterable[Cell], draws: Mapping[str, tuple[int, ...]]
) -> dict[Cell, tuple[int, ...]]:
    """Return the draws that count and a method does not have, by cell."""
    lacks = {cell: tuple(k for k in draws[cell[0]] if k not in has.get(cell, ())) for cell in cells}
    return {cell: missing for cell, missing in lacks.items() if missing}


def _scores(
    methods: Sequence[Runs], cells: Iterable[Cell], draws: Mapping[str, tuple[int, ...]]
) -> tuple[NDArray[np.float64], ...]:
    """Return ``scores`` of a field."""
    tables = _tables(methods, cells, draws, "accuracy")
    # Rounded, so that means of the same numbers in another order tie draw by draw too.
    return tuple(mine.mean(axis=0).round(12) for mine in tables)


def _errors(
    methods: Sequence[Runs], cells: Iterable[Cell], draws: Mapping[str, tuple[int, ...]]
) -> NDArray[np.float64]:
    """Return ``errors`` of a field: as if all features made the same mistakes, too large if anything."""
    return np.array([mine.mean(axis=(0, 2)) for mine in _tables(methods, cells, draws, "accuracy_se")])


def _tables(
    methods: Sequence[Runs], cells: Iterable[Cell], draws: Mapping[str, tuple[int, ...]], score: str
) -> list[NDArray[np.float64]]:
    """Return a score by task, each (representations, M, draws); NaN where a run does not have it."""
    return [
        np.array(
            [
                [[mine[cell][k].scores.get(score) for k in counted] for mine in methods]
                for cell in cells
                if cell[0] == task
            ],
            dtype=np.float64,
        )
        for task, counted in draws.items()
    ]


def end_model_accuracy(run: Run) -> float | None:
    """Return the test accuracy of the end model, where there is one."""
    return run.scores.get("end_model_accuracy")


def cell_of(row: Mapping[str, Any]) -> Cell:
    """Return the task and representation of a row."""
    return row["task"], row["representation"]


def repetitions(cells: Collection[Cell], same_as: Mapping[Cell, str | None]) -> dict[Cell, str]:
    """Return the cells of which a task is another one again that has a cell under these features, too.

    Of several tasks that are one again the one that is there counts; where it is not, the first of them.

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
    groups: dict[Cell, list[str]] = {}
    for task, representation in cells:
        groups.setdefault((_origin(task, representation, same_as), representation), []).append(task)
    counts = {origin: origin[0] if origin[0] in tasks else min(tasks) for origin, tasks in groups.items()}
    found = {}
    for task, representation in cells:
        counted = counts[_origin(task, representation, same_as), representation]
        if counted != task:
            found[task, representation] = counted
    return found


def _origin(task: str, representation: str, same_as: Mapping[Cell, str | None]) -> str:
    """Return which task another one is again in the end; of tasks that are each other, the first by name."""
    seen = [task]
    while (other := same_as.get((seen[-1], representation))) is not None:
        if other in seen:
            return min(seen[seen.index(other) :])
        seen.append(other)
    return seen[-1]


def together(draws: Mapping[str, Collection[int]]) -> tuple[list[str], list[int]]:
    """Return the features of a task that are averaged draw by draw, and the draws that all of them have.

    Parameters
    ----------
    draws : mapping of str to collection of int
        By representation, none of them empty.

    Notes
    -----
    Those with most draws come first; others join while at least half of these draws are left. So an
    average does not shrink to a single draw for the sake of features that were hardly run.

    Examples
    --------
    >>> together({"raw": range(5), "pca": range(1, 5), "clip": [0]})
    (['pca', 'raw'], [1, 2, 3, 4])
    """
    first, *others = sorted(draws, key=lambda name: (-len(draws[name]), name))
    kept, common = [first], set(draws[first])
    for name in others:
        if 2 * len(common.intersection(draws[name])) >= len(draws[first]):
            kept.append(name)
            common.intersection_update(draws[name])
    return sorted(kept), sorted(common)


def mean_ranks(found: Field) -> NDArray[np.float64]:
    """Return mean ranks, shape (M,): within tasks, by the accuracy averaged over a task's features."""
    from leaderboard.statistics import ranks

    return np.asarray(ranks(found.by_task).mean(axis=0), dtype=np.float64)
