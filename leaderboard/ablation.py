"""What a parameter does to a method: paired differences against the method as it was given."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autows.errors import UserError
from autows.runs.record import Record
from leaderboard.statistics import mean_interval

CARD = "all of the card"
"""What the reference is called on the axis of prompts."""
SCORES = ("coverage", "accuracy_covered", "pool_accuracy", "end_model_accuracy")


@dataclass
class Ablation:
    """The table of one ablation, as JSON values.

    Parameters
    ----------
    axis : str
        The parameter that was varied.
    rows : list of dict
        One a task, representation, method and value: ``task``, ``representation``, ``method`` (as it was
        given), ``value``, ``reference`` (whether it is the own value), ``n_draws``, ``accuracy`` with
        ``accuracy_low`` and ``accuracy_high``, ``difference`` to the reference on the draws both have, with
        ``difference_low`` and ``difference_high``, the means of :data:`SCORES`, and
        ``synthesise_seconds`` and ``aggregate_seconds``.
    notes : list of str
        Runs without a result, with their reasons.
    """

    axis: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reference:
    """A method as it was given.

    Parameters
    ----------
    spec : str
        As one types it.
    name : str
    parameters : mapping
        Complete, defaults included.
    """

    spec: str
    name: str
    parameters: Mapping[str, Any]

    def without(self, axis: str) -> str:
        """Return what all values of the axis have in common."""
        return _identity(self.name, self.parameters, axis)


def _identity(name: str, parameters: Mapping[str, Any], axis: str) -> str:
    return json.dumps([name, {k: v for k, v in parameters.items() if k != axis}], sort_keys=True)


def check(references: Sequence[Reference], axis: str) -> None:
    """Raise UserError if two methods differ in the axis alone: both would be the reference of one table."""
    seen: dict[str, str] = {}
    for reference in references:
        other = seen.setdefault(reference.without(axis), reference.spec)
        if other != reference.spec:
            raise UserError(f"{other} and {reference.spec} differ in {axis} alone; give one of them")


def build(records: Iterable[Record], axis: str, references: Sequence[Reference]) -> Ablation:
    """Tabulate the records of an ablation.

    Parameters
    ----------
    records : iterable of Record
        Runs of each method in each value, as :func:`autows.runs.plan.run` returns them.
    axis : str
    references : sequence of Reference
        Each method as it was given.

    Returns
    -------
    Ablation
        Best accuracy first within a task, representation and method.
    """
    table = Ablation(axis)
    own = {reference.without(axis): reference for reference in references}
    groups: dict[tuple[str, str, str], dict[Any, dict[int, Record]]] = {}
    for record in records:
        key = record.key
        value = _value(record, axis)
        if record.status != "ok":
            where = f"{key.task} / {record.labels['representation']} / {record.labels['method']}"
            table.notes.append(f"{where}, draw {key.draw}: {record.status}: {record.reason}")
            continue
        group = groups.setdefault(
            (key.task, record.labels["representation"], _identity(key.method, key.parameters, axis)), {}
        )
        group.setdefault(value, {})[key.draw] = record
    for (task, representation, identity), by_value in sorted(groups.items()):
        method, own_value = own[identity].spec, own[identity].parameters.get(axis, CARD)
        reference = _accuracies(by_value.get(own_value, {}))
        rows = []
        for value, by_draw in by_value.items():
            accuracy = _accuracies(by_draw)
            common = sorted(set(accuracy) & set(reference))
            rows.append(
                {
                    "task": task,
                    "representation": representation,
                    "method": method,
                    "value": value,
                    "reference": value == own_value,
                    "n_draws": len(accuracy),
                    **_interval("accuracy", list(accuracy.values())),
                    **_interval("difference", [accuracy[k] - reference[k] for k in common]),
                    **{name: _mean([r.scores.get(name) for r in by_draw.values()]) for name in SCORES},
                    **{
                        f"{name}_seconds": _mean([r.seconds.get(name) for r in by_draw.values()])
                        for name in ("synthesise", "aggregate")
                    },
                }
            )
        table.rows += sorted(rows, key=lambda row: (-row["accuracy"], str(row["value"])))
    table.notes.sort()
    return table


def _value(record: Record, axis: str) -> Any:
    """Return where on the axis a run is; on that of prompts, its template or :data:`CARD`."""
    if axis != "prompt":
        return record.key.parameters[axis]
    templates = record.info.get("prompts")
    return CARD if templates is None else " | ".join(templates)


def spread(rows: Sequence[dict[str, Any]]) -> str:
    """Return in words how accuracies lie over the values beside the reference."""
    others = [row["accuracy"] for row in rows if not row["reference"]]
    if len(others) < 2:
        return ""
    mean, low, high = sum(others) / len(others), min(others), max(others)
    return f"One prompt at a time: mean {100 * mean:.1f}, from {100 * low:.1f} to {100 * high:.1f}"


def to_text(table: Ablation) -> str:
    """Return the table for a terminal, one block a task, representation and method."""
    from tabulate import tabulate

    blocks = []
    seen: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in table.rows:
        seen.setdefault((row["task"], row["representation"], row["method"]), []).append(row)
    for (task, representation, method), rows in seen.items():
        lines = [
            {
                table.axis: f"{_plain(row['value'])}{' *' if row['reference'] else ''}",
                "accuracy": _with_half(row, "accuracy"),
                "difference": "" if row["reference"] else _with_half(row, "difference", signed=True),
                "coverage": _per_cent(row["coverage"]),
                "covered": _per_cent(row["accuracy_covered"]),
                "pool": _per_cent(row["pool_accuracy"]),
                "end model": _per_cent(row["end_model_accuracy"]),
                "aggregate s": "" if row["aggregate_seconds"] is None else f"{row['aggregate_seconds']:.2f}",
            }
            for row in rows
        ]
        filled = [name for name in lines[0] if any(line[name] for line in lines)]
        lines = [{name: line[name] for name in filled} for line in lines]
        body = tabulate(lines, headers="keys", tablefmt="simple", disable_numparse=True, stralign="right")
        heading = f"{task} / {representation} / {method}, {rows[0]['n_draws']} draws"
        blocks.append(f"{heading}\n{body}\n{spread(rows) if table.axis == 'prompt' else ''}".rstrip())
    blocks.append(
        "Per cent, mean ± half-width of the 95 % interval over draws. Differences are paired, against the "
        "value marked *."
    )
    return "\n\n".join([*blocks, *(["\n".join(table.notes)] if table.notes else [])])


def _accuracies(by_draw: dict[int, Record]) -> dict[int, float]:
    return {draw: float(record.scores["accuracy"] or 0.0) for draw, record in sorted(by_draw.items())}


def _interval(name: str, values: list[float]) -> dict[str, float | None]:
    mean, low, high = mean_interval(values) if values else (math.nan,) * 3
    found = {name: mean, f"{name}_low": low, f"{name}_high": high}
    return {key: None if math.isnan(value) else round(value, 6) for key, value in found.items()}


def _mean(values: list[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return round(sum(numbers) / len(numbers), 6) if numbers and len(numbers) == len(values) else None


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _per_cent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _with_half(row: dict[str, Any], name: str, signed: bool = False) -> str:
    if row[name] is None:
        return ""
    text = f"{100 * row[name]:+.1f}" if signed else f"{100 * row[name]:.1f}"
    half = None if row[f"{name}_high"] is None else 50 * (row[f"{name}_high"] - row[f"{name}_low"])
    return text if half is None else f"{text} ± {half:.1f}"
