"""One line a method over everything, whoever it competes with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leaderboard.field import Field, cell_of, make_field, mean_ranks
from leaderboard.long_table import CONTROLS, REQUIRED
from leaderboard.table import Row, RowName, by_task, controls_absent, main_labels, mean_of, rounded


def overall(
    rows: Sequence[Row], accuracies: Mapping[RowName, Mapping[int, float]]
) -> tuple[list[Row], list[str]]:
    """Return one object a method and number of labels, best mean rank first, and notes.

    Everybody competes with everybody here, on the cells that the controls of every table have; see
    :func:`standings` for the pools of entrants.
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
        found = None if needed else make_field(mine, accuracies, REQUIRED)
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
            some = [f"{row['method']} ({row['n_cells']})" for row in part if not row["complete"]]
            if some:
                notes.append(
                    f"Not ranked over all {len(found.cells)} cells (task and features) that the controls "
                    f"have with {n_labels} labels, but in pools whose cells they have: {', '.join(some)}"
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
    ranks = {} if found is None else dict(zip(found.methods, mean_ranks(found), strict=True))
    means = {} if found is None else dict(zip(found.methods, found.by_cell.T, strict=True))
    cells = () if found is None else found.cells
    counting = set(cells)
    made = []
    for method, mine in by_method.items():
        ranked = method in ranks
        counted = [row for row in mine if cell_of(row) in counting]
        made.append(
            {
                "method": method,
                "n_labels": n_labels,
                "family": mine[0]["family"],
                "mean_rank": rounded(float(ranks[method])) if ranked else None,
                "mean_accuracy": rounded(by_task(dict(zip(cells, map(float, means[method]), strict=True))))
                if ranked
                else None,
                "mean_end_model_accuracy": mean_of(counted, "end_model_accuracy") if ranked else None,
                "n_cells": len(cells) if ranked or found is None else found.left_out[method],
                "n_cells_expected": len(cells),
                "complete": ranked,
            }
        )
    return sorted(made, key=lambda row: (row["mean_rank"] is None, row["mean_rank"], row["method"]))
