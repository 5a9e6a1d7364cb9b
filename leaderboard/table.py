"""From records to rows: one row for each task, method and representation, one object for each method."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
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

REQUIRED = CONTROLS[:3]
"""Controls that run on every task; without them there are no ranks."""

Row = dict[str, Any]
Cell = tuple[str, str]
"""A task and a representation."""
Draws = dict[tuple[str, Cell], dict[int, float]]
"""Accuracy by draw of each method in each cell."""


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
    (mean of the method's own fit), ``zero_shot`` (the foundation model that spoke, if one did), ``title``,
    ``modality``, ``family``, ``needs``, ``same_as``.

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
    usual = [record for record in kept if "prompts" not in record.info]
    if len(usual) < len(kept):
        board.notes.append(f"Left out: {len(kept) - len(usual)} records of an ablation of prompts")
    kept = usual
    current = _current(kept)
    if len(current) < len(kept):
        board.notes.append(
            f"Left out: {len(kept) - len(current)} records of earlier versions of a task, a representation "
            "or a method"
        )
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in current:
        groups.setdefault(_row_identity(record), []).append(record)
    by_row = {identity: _row(group) for identity, group in groups.items()}
    board.rows = list(by_row.values())
    board.rows.sort(
        key=lambda r: (r["task"], r["n_labels"], r["representation"], -_or_low(r["accuracy"]), r["method"])
    )
    for n_labels in sorted({row["n_labels"] for row in board.rows}):
        chosen = {identity: row for identity, row in by_row.items() if row["n_labels"] == n_labels}
        draws = {
            (row["method"], (row["task"], row["representation"])): {
                record.key.draw: _number(record.scores["accuracy"])
                for record in groups[identity]
                if record.status == "ok"
            }
            for identity, row in chosen.items()
        }
        overall, notes = _overall(list(chosen.values()), draws, n_labels)
        board.overall += overall
        board.notes += notes
    board.notes += _trouble(board.rows)
    return board


def _row_identity(record: Record) -> tuple[Any, ...]:
    """Return what a row is called: two records of one row are two draws of the same thing."""
    key = record.key
    return key.task, record.labels["representation"], record.labels["method"], key.n_labels


def _current(records: list[Record]) -> list[Record]:
    """Keep what belongs to the most recent version, of the protocol, each task, representation and row.

    Comparisons are within a task and representation, so a version of theirs holds for all methods.
    """
    scopes: tuple[tuple[Callable[[Record], Any], Callable[[Record], Any]], ...] = (
        (lambda r: None, lambda r: r.key.protocol_version),
        (lambda r: r.key.task, lambda r: (r.key.task_version, r.key.task_variant)),
        (
            lambda r: (r.key.task, r.labels["representation"]),
            lambda r: (r.key.representation_version, _text(r.key.representation_parameters)),
        ),
        (_row_identity, lambda r: (r.key.source_hash, _text(r.key.parameters), _text(r.key.encoders))),
    )
    for scope, version in scopes:
        newest: dict[Any, Record] = {}
        for record in records:
            latest = newest.setdefault(scope(record), record)
            if (record.finished_at, record.key.id) > (latest.finished_at, latest.key.id):
                newest[scope(record)] = record
        records = [record for record in records if version(record) == version(newest[scope(record)])]
    return records


def _text(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True)


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
        "zero_shot": first.labels.get("zero_shot"),
        "n_labels": first.key.n_labels,
        "n_draws": len(done),
        **{f"n_{status}": number for status, number in count.items()},
        "reason": next((record.reason for record in group if record.reason), None),
        "accuracy": _rounded(mean),
        # An accuracy lies in [0, 1]; with two or three draws Student's t does not know that.
        "accuracy_low": _rounded(max(low, 0.0)),
        "accuracy_high": _rounded(min(high, 1.0)),
        **{name: _mean([record.scores.get(name) for record in done]) for name in MEANS},
        "seconds": _mean([record.seconds.get("fit") for record in done]),
        "title": first.task_info.get("title"),
        "modality": first.task_info.get("modality"),
        "family": first.method_info.get("family"),
        "needs": first.method_info.get("needs"),
        "same_as": first.task_info.get("same_as", {}).get(first.key.representation),
    }


def _overall(rows: list[Row], draws: Draws, n_labels: int) -> tuple[list[Row], list[str]]:
    """Rank methods within each task and representation, then average representations, then tasks.

    The cells (task x representation) and draws that count are those that every control has, so that a
    run more of one method takes no other out. A method is ranked if it has all of these, on these
    draws and against the others that have them; no average is taken over whatever happens to be
    there. A task that is another one under a representation is not counted for that representation.
    """
    tasks = {row["task"] for row in rows}
    notes = [
        f"Not counted overall: {task} under {representation} features, which is {other} again"
        for task, representation, other in sorted(
            {(row["task"], row["representation"], row["same_as"]) for row in rows if row["same_as"] in tasks}
        )
    ]
    by_method: dict[str, dict[Cell, Row]] = {}
    for row in rows:
        if row["same_as"] not in tasks:
            by_method.setdefault(row["method"], {})[row["task"], row["representation"]] = row
    absent = [
        control for control in CONTROLS if not any(r["n_draws"] for r in by_method.get(control, {}).values())
    ]
    if absent:
        notes.append(f"Controls without a result in this table: {', '.join(absent)}")
    needed = [control for control in REQUIRED if control in absent]
    if needed and by_method:
        notes.append(f"No overall ranks without controls: run_bench.py run --methods {','.join(needed)} ...")
    common = {} if needed else _common_draws(by_method, draws)
    scores = {
        method: {cell: _mean_over(draws[method, cell], common[cell]) for cell in common}
        for method, mine in by_method.items()
        if common and all(cell in mine and common[cell] <= draws[method, cell].keys() for cell in common)
    }
    ranks = _ranks(scores, sorted(common))
    overall = []
    for method, mine in by_method.items():
        whole = [cell for cell in common if cell in mine and common[cell] <= draws[method, cell].keys()]
        ranked = method in ranks
        counted = [mine[cell] for cell in whole]
        overall.append(
            {
                "method": method,
                "n_labels": n_labels,
                "family": next(iter(mine.values()))["family"],
                "mean_rank": _rounded(ranks[method]) if ranked else None,
                "mean_accuracy": _rounded(_by_task(scores[method])) if ranked else None,
                "mean_end_model_accuracy": _rounded(
                    _by_task({(r["task"], r["representation"]): r["end_model_accuracy"] for r in counted})
                )
                if ranked
                else None,
                "n_cells": len(whole),
                "n_cells_expected": len(common),
                "complete": ranked,
            }
        )
    overall.sort(key=lambda row: (row["mean_rank"] is None, row["mean_rank"], row["method"]))
    notes += [
        f"Not ranked: {row['method']} has {row['n_cells']} of the {row['n_cells_expected']} cells "
        "(task x representation) that the controls have, on all their draws"
        for row in overall
        if not row["complete"] and not needed
    ]
    return overall, notes


def _common_draws(by_method: Mapping[str, Mapping[Cell, Row]], draws: Draws) -> dict[Cell, set[int]]:
    """Return the cells that all controls have, each with the draws that they have in common."""
    cells = set.intersection(*(set(by_method[control]) for control in REQUIRED))
    common = {
        cell: set.intersection(*(set(draws[control, cell]) for control in REQUIRED)) for cell in sorted(cells)
    }
    return {cell: shared for cell, shared in common.items() if shared}


def _ranks(scores: Mapping[str, Mapping[Cell, float]], cells: list[Cell]) -> dict[str, float]:
    if not scores or not cells:
        return {}
    methods = list(scores)
    table = {cell: mean_ranks([[scores[m][cell] for m in methods]]) for cell in cells}
    return {m: _by_task({cell: table[cell][i] for cell in cells}) for i, m in enumerate(methods)}


def _mean_over(values: Mapping[int, float], draws: set[int]) -> float:
    return sum(values[k] for k in sorted(draws)) / len(draws)


def _by_task(values: Mapping[Cell, float]) -> float:
    """Return the mean over tasks of the mean over representations."""
    by_task: dict[str, list[float]] = {}
    for (task, _), value in values.items():
        by_task.setdefault(task, []).append(value)
    means = [sum(mine) / len(mine) for mine in by_task.values()]
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
