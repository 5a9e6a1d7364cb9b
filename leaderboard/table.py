"""From records to rows: one row for each task, method and representation, one object for each method."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autows.errors import CorruptRecord
from autows.runs.record import Record
from leaderboard.statistics import mean_interval, mean_ranks

CONTROLS = ("majority_class", "logistic_regression", "label_spreading", "zero_shot_clip")
"""Methods that belong in every table."""

MEANS = (
    "coverage",
    "accuracy_covered",
    "pool_accuracy",
    "pool_coverage",
    "macro_f1",
    "end_model_accuracy",
    "log_loss",
    "brier",
    "ece",
    "accuracy_at_50",
    "accuracy_at_80",
    "accuracy_at_90",
)
"""Scores of which a row has the mean over draws."""

Row = dict[str, Any]


@dataclass
class Leaderboard:
    """Everything a leaderboard shows, as JSON values.

    Parameters
    ----------
    rows : list of dict
        One a task, method, representation and number of labels; see :func:`build`.
    overall : list of dict
        One a method (and number of labels), best mean rank first.
    notes : list of str
        What a reader must know: failures, gaps, controls that are missing, records left out.
    """

    rows: list[Row] = field(default_factory=list)
    overall: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def build(records: Iterable[Record | CorruptRecord]) -> Leaderboard:
    """Make the leaderboard of a collection of records.

    A row has ``task``, ``method``, ``representation``, ``n_labels``, ``n_draws`` (runs that are ok),
    ``n_failed``, ``n_timeout``, ``n_skipped``, ``reason`` (the first one given, if any run is not
    ok), ``accuracy`` with ``accuracy_low`` and ``accuracy_high`` (95 % Student-t over draws, None
    with one draw), the means of :data:`MEANS` (None where a draw has no such score), ``seconds``
    (mean of the method's own fit), ``title``, ``modality``, ``family``, ``needs``, ``same_as``.

    Where a folder has runs of several versions of a task or of a method's code, the most recent
    version counts and the others are left out and counted in the notes.
    """
    board = Leaderboard()
    kept = []
    for record in records:
        if isinstance(record, CorruptRecord):
            board.notes.append(f"Left out: {record}")
        else:
            kept.append(record)
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in kept:
        groups.setdefault(_row_identity(record), []).append(record)
    superseded = 0
    for group in groups.values():
        current = _most_recent(group)
        superseded += len(group) - len(current)
        board.rows.append(_row(current))
    if superseded:
        board.notes.append(
            f"Left out: {superseded} records of earlier versions of a task, a representation or a method"
        )
    board.rows.sort(
        key=lambda r: (r["task"], r["n_labels"], r["representation"], -_or_low(r["accuracy"]), r["method"])
    )
    for n_labels in sorted({row["n_labels"] for row in board.rows}):
        overall, notes = _overall([row for row in board.rows if row["n_labels"] == n_labels], n_labels)
        board.overall += overall
        board.notes += notes
    board.notes += _trouble(board.rows)
    return board


def _row_identity(record: Record) -> tuple[Any, ...]:
    key = record.key
    parameters = json.dumps([key.representation_parameters, key.parameters], sort_keys=True)
    return key.task, key.representation, key.method, parameters, key.n_labels


def _most_recent(group: list[Record]) -> list[Record]:
    def version(record: Record) -> tuple[Any, ...]:
        key = record.key
        return (
            key.task_version,
            key.task_variant,
            key.representation_version,
            key.protocol_version,
            key.source_hash,
        )

    newest = version(max(group, key=lambda record: (record.finished_at, record.key.id)))
    return [record for record in group if version(record) == newest]


def _row(group: list[Record]) -> Row:
    first = min(group, key=lambda record: record.key.draw)
    done = [record for record in group if record.status == "ok"]
    accuracy = [_number(record.scores["accuracy"]) for record in done]
    mean, low, high = mean_interval(accuracy) if accuracy else (math.nan,) * 3
    count = {s: sum(record.status == s for record in group) for s in ("failed", "timeout", "skipped")}
    return {
        "task": first.key.task,
        "method": first.labels["method"],
        "representation": first.labels["representation"],
        "n_labels": first.key.n_labels,
        "n_draws": len(done),
        **{f"n_{status}": number for status, number in count.items()},
        "reason": next((record.reason for record in group if record.reason), None),
        "accuracy": _rounded(mean),
        "accuracy_low": _rounded(low),
        "accuracy_high": _rounded(high),
        **{name: _mean([record.scores.get(name) for record in done]) for name in MEANS},
        "seconds": _mean([record.seconds.get("fit") for record in done]),
        "title": first.task_info.get("title"),
        "modality": first.task_info.get("modality"),
        "family": first.method_info.get("family"),
        "needs": first.method_info.get("needs"),
        "same_as": first.task_info.get("same_as", {}).get(first.key.representation),
    }


def _overall(rows: list[Row], n_labels: int) -> tuple[list[Row], list[str]]:
    """Rank methods within each task and representation, then average representations, then tasks.

    Only methods that have every cell are ranked, among themselves, so that no average is taken over
    whatever happens to be there. A task that is another one under a representation is not counted
    for that representation.
    """
    tasks = {row["task"] for row in rows}
    independent = [row for row in rows if row["same_as"] not in tasks]
    notes = [
        f"Not counted overall: {task} under {representation} features, which is {other} again"
        for task, representation, other in sorted(
            {(row["task"], row["representation"], row["same_as"]) for row in rows if row["same_as"] in tasks}
        )
    ]
    cells = sorted({(row["task"], row["representation"]) for row in independent})
    draws = max((row["n_draws"] for row in independent), default=0)
    by_method: dict[str, dict[tuple[str, str], Row]] = {}
    for row in independent:
        by_method.setdefault(row["method"], {})[row["task"], row["representation"]] = row
    complete = sorted(
        method
        for method, mine in by_method.items()
        if all(cell in mine and mine[cell]["n_draws"] == draws for cell in cells)
    )
    ranks = _ranks({m: {c: by_method[m][c]["accuracy"] for c in cells} for m in complete}, cells)
    overall = []
    for method, mine in by_method.items():
        scored = [row for row in mine.values() if row["n_draws"]]
        whole = [row for row in scored if row["n_draws"] == draws]
        ranked = method in ranks
        overall.append(
            {
                "method": method,
                "n_labels": n_labels,
                "family": scored[0]["family"] if scored else next(iter(mine.values()))["family"],
                "mean_rank": _rounded(ranks[method]) if ranked else None,
                "mean_accuracy": _rounded(_by_task(scored, "accuracy")) if ranked else None,
                "mean_end_model_accuracy": _rounded(_by_task(scored, "end_model_accuracy"))
                if ranked
                else None,
                "n_cells": len(whole),
                "n_cells_expected": len(cells),
                "complete": ranked,
            }
        )
    overall.sort(key=lambda row: (row["mean_rank"] is None, row["mean_rank"], row["method"]))
    notes += [
        f"Not ranked: {row['method']} has {row['n_cells']} of {row['n_cells_expected']} cells "
        f"(task x representation) with all {draws} draws"
        for row in overall
        if not row["complete"]
    ]
    present = {row["method"].partition("[")[0] for row in rows if row["n_draws"]}
    absent = [control for control in CONTROLS if control not in present]
    if absent:
        notes.append(f"Controls without a result in this table: {', '.join(absent)}")
    return overall, notes


def _ranks(
    scores: Mapping[str, Mapping[tuple[str, str], float]], cells: list[tuple[str, str]]
) -> dict[str, float]:
    if not scores or not cells:
        return {}
    methods = list(scores)
    table = {cell: mean_ranks([[scores[m][cell] for m in methods]]) for cell in cells}
    per_task = []
    for task in sorted({task for task, _ in cells}):
        mine = [table[cell] for cell in cells if cell[0] == task]
        per_task.append([sum(column) / len(mine) for column in zip(*mine, strict=True)])
    return {m: sum(rank[i] for rank in per_task) / len(per_task) for i, m in enumerate(methods)}


def _by_task(rows: list[Row], name: str) -> float:
    by_task: dict[str, list[float]] = {}
    for row in rows:
        by_task.setdefault(row["task"], []).append(row[name])
    means = [sum(values) / len(values) for values in by_task.values()]
    return sum(means) / len(means)


def _trouble(rows: list[Row]) -> list[str]:
    notes = []
    for status, verb in (("failed", "failed"), ("timeout", "ran out of time")):
        for row in rows:
            if row[f"n_{status}"]:
                notes.append(
                    f"{row['method']} on {row['task']} / {row['representation']}: {row[f'n_{status}']} of "
                    f"{row['n_draws'] + row['n_failed'] + row['n_timeout'] + row['n_skipped']} draws {verb}: "
                    f"{row['reason']}"
                )
    skipped: dict[str, int] = {}
    for row in rows:
        if row["n_skipped"]:
            text = f"{row['method']} skipped: {row['reason']}"
            skipped[text] = skipped.get(text, 0) + row["n_skipped"]
    return notes + [f"{text} ({number} runs)" for text, number in skipped.items()]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _mean(values: list[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < len(values):
        return None
    return _rounded(sum(numbers) / len(numbers))


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _or_low(value: float | None) -> float:
    return -1.0 if value is None else value
