"""One line a method over everything, whoever it competes with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leaderboard.field import Field, end_model_accuracy, make_field, mean_ranks
from leaderboard.long_table import CONTROLS, REQUIRED, Run
from leaderboard.table import Row, RowName, controls_absent, main_labels, rounded


def overall(rows: Sequence[Row], runs: Mapping[RowName, Mapping[int, Run]]) -> tuple[list[Row], list[str]]:
    """Return one object a method and number of labels, best mean rank first, and notes.

    Everybody competes with everybody here, on the cells that the controls of every table have; see
    :func:`leaderboard.standings.standings` for the pools of entrants.

    Parameters
    ----------
    rows, runs
        As :func:`leaderboard.table.rows` and :func:`leaderboard.table.by_draw` make them.
    """
    notes: list[str] = []
    made: list[Row] = []
    main = main_labels(rows)
    unranked: dict[str, list[int]] = {}
    for n_labels in sorted({row["n_labels"] for row in rows}):
        mine = [row for row in rows if row["n_labels"] == n_labels]
        absent = controls_absent((row["method"] for row in mine if row["n_draws"]), CONTROLS)
        needed = [control for control in REQUIRED if control in absent]
        if n_labels == main and absent:
            notes.append(f"Controls without a result in this table: {', '.join(absent)}")
        if n_labels == main and needed and mine:
            notes.append(
                f"No overall ranks without controls: run_bench.py run --methods {','.join(needed)} ..."
            )
        elif needed and mine:
            unranked.setdefault(", ".join(needed), []).append(n_labels)
        found = None if needed else make_field(mine, runs, REQUIRED)
        part = _overall(mine, found, n_labels)
        made += part
        if found is None and not needed:
            notes.append(
                f"No overall ranks with {n_labels} labels: the controls have no task, features and draw "
                "in common"
            )
        if found is not None:
            notes += [
                f"Not counted overall: {task} under {representation} features, which is {other} again"
                for (task, representation), other in sorted(found.repeated.items())
            ]
            notes += [
                f"Not counted overall with {n_labels} labels: {task} / {representation}, {why}"
                for (task, representation), why in sorted(found.uncounted.items())
            ]
            notes += [
                f"Not counted overall with {n_labels} labels: draws of {task} that most other methods or "
                f"some of its features lack ({', '.join(map(str, draws))})"
                for task, draws in found.passed_over.items()
            ]
            some = [f"{row['method']} ({row['n_cells']})" for row in part if not row["complete"]]
            if some:
                notes.append(
                    f"Not ranked over all {len(found.cells)} cells (task and features) that the controls "
                    f"have with {n_labels} labels, but in pools whose cells and draws they have: "
                    f"{', '.join(some)}"
                )
    notes += [
        f"No overall ranks with {', '.join(map(str, numbers))} labels, for want of {needed}"
        for needed, numbers in unranked.items()
    ]
    return made, list(dict.fromkeys(notes))


def _overall(rows: Sequence[Row], found: Field | None, n_labels: int) -> list[Row]:
    by_method: dict[str, list[Row]] = {}
    for row in rows:
        by_method.setdefault(row["method"], []).append(row)
    n_cells = 0 if found is None else len(found.cells)
    means: dict[str, dict[str, float | None]] = {}
    if found is not None:
        ranks = mean_ranks(found)
        means = {
            method: {
                "mean_rank": rounded(float(ranks[i])),
                "mean_accuracy": found.mean(i, lambda run: run.scores["accuracy"]),
                "mean_end_model_accuracy": found.mean(i, end_model_accuracy),
            }
            for i, method in enumerate(found.methods)
        }
    unranked = dict.fromkeys(("mean_rank", "mean_accuracy", "mean_end_model_accuracy"))
    made = [
        {
            "method": method,
            "n_labels": n_labels,
            "family": mine[0]["family"],
            **means.get(method, unranked),
            "n_cells": n_cells if found is None else n_cells - len(found.left_out.get(method, ())),
            "n_cells_expected": n_cells,
            "complete": method in means,
        }
        for method, mine in by_method.items()
    ]
    return sorted(made, key=lambda row: (row["mean_rank"] is None, row["mean_rank"], row["method"]))
