"""What an ablation shows of its rows: values below each other, waterfalls, learning curves side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leaderboard.ablation.table import Ablation, Row
from leaderboard.learning import REFERENCE, ZERO_SHOT
from leaderboard.render import cells

Lines = list[dict[str, str]]
"""A table; a column that is empty in all lines is not shown."""
Blocks = list[tuple[str, list[Lines | str]]]
"""Each with its heading; tables and sentences."""

REFERENCE_MARK = " (ref.)"
"""Stands after the value that the others are compared with."""

USUAL = {
    "coverage": "coverage",
    "covered": "accuracy_covered",
    "pool": "pool_accuracy",
    "end model": "end_model_accuracy",
}
COLUMNS = {"end_model": {"calibration error": "ece"}}
"""By axis, the columns of scores in per cent."""


def lay_out(table: Ablation) -> Blocks:
    """Return what is shown of a table, in the manner of its axis."""
    return _LAYOUTS.get(table.axis, _values)(table)


def _values(table: Ablation) -> Blocks:
    """Lay out values below each other, a block for each method."""
    blocks: Blocks = []
    for rows in _groups(table.rows, ("task", "representation", "method")):
        lines = [
            {
                table.axis: f"{_plain(row['value'])}{REFERENCE_MARK if row['reference'] else ''}",
                "accuracy": cells.with_half_width(row, "accuracy"),
                "difference": "" if row["reference"] else cells.with_half_width(row, "difference", sign=True),
                **{title: cells.percent(row[name]) for title, name in COLUMNS.get(table.axis, USUAL).items()},
                "log-loss": cells.number(row["log_loss"]) if table.axis == "end_model" else "",
                "aggregate s": cells.number(row["aggregate_seconds"]),
                "draws": _draws_if_ragged(row, rows),
            }
            for row in rows
        ]
        parts: list[Lines | str] = [lines]
        if table.axis == "prompt" and spread(rows):
            parts.append(spread(rows))
        blocks.append((_title(rows, "task", "representation", "method"), parts))
    return blocks


def spread(rows: Sequence[Row]) -> str:
    """Return in words how accuracies lie over the values beside the reference."""
    others = [row["accuracy"] for row in rows if not row["reference"]]
    if len(others) < 2:
        return ""
    mean, low, high = sum(others) / len(others), min(others), max(others)
    return f"One prompt at a time: mean {100 * mean:.1f}, from {100 * low:.1f} to {100 * high:.1f}"


def _waterfall(table: Ablation) -> Blocks:
    """Lay out stages from what the features allow to what was reached."""
    blocks: Blocks = []
    for rows in _groups(table.rows, ("task", "representation", "method")):
        lines = [
            {
                "stage": f"{row['value']}{_chosen(row)}",
                "accuracy": cells.with_half_width(row, "accuracy"),
                "step": cells.with_half_width(row, "step", sign=True),
                "draws": _draws_if_ragged(row, rows),
            }
            for row in rows
        ]
        blocks.append((_title(rows, "task", "representation", "method"), [lines]))
    return blocks


def _chosen(row: Row) -> str:
    return "" if row["n_lfs"] is None else f" ({row['n_lfs']:.0f} of {row['of']:.0f})"


def _curves(table: Ablation) -> Blocks:
    """Lay out learning curves side by side, then what each is worth."""
    blocks: Blocks = []
    crossings = {(one["task"], one["representation"], one["method"]): one for one in table.crossovers}
    for rows in _groups(table.rows, ("task", "representation")):
        sizes = sorted({row["value"] for row in rows})
        by_method = _groups(rows, ("method",))
        spoken = [row for row in rows if row["method"] == ZERO_SHOT]
        learned = [mine for mine in by_method if mine[0]["method"] != ZERO_SHOT]
        parts: list[Lines | str] = [_wide(learned, sizes, "accuracy")] if learned else []
        parts += [
            f"{cells.method(row)} takes no labels: {cells.with_half_width(row, 'accuracy')}" for row in spoken
        ]
        behind = [mine for mine in learned if mine[0]["method"] != REFERENCE]
        if any(row["ahead"] is not None for mine in behind for row in mine):
            parts += ["", f"Difference to {REFERENCE} with as many labels", _wide(behind, sizes, "ahead")]
        worth = []
        for row in (row for row in rows if row["reference"]):
            crossing = crossings.get((row["task"], row["representation"], row["method"]))
            if crossing is not None or row["method"] != REFERENCE:
                worth.append(_worth(row, crossing))
        parts += ["", worth] if worth else []
        blocks.append((_title(rows, "task", "representation"), parts))
    return blocks


def _wide(groups: Sequence[Sequence[Row]], sizes: Sequence[int], name: str) -> Lines:
    """Return a line for each method and a column for each number of labels, with draws where they differ."""
    most = max(row["n_draws"] for rows in groups for row in rows)
    lines = []
    for rows in groups:
        shown = {
            row["value"]: cells.with_half_width(row, name, sign=name != "accuracy")
            + cells.fewer_draws(row["n_draws"], most)
            for row in rows
            if row[name] is not None
        }
        lines.append({"method": cells.method(rows[0]), **{str(n): shown.get(n, "") for n in sizes}})
    return lines


def _worth(row: Row, crossing: Mapping[str, Any] | None) -> dict[str, str]:
    reached = ""
    if crossing is not None:
        reached = crossing["bound"] or f"{crossing['n_labels']:.0f}"
        reached += f" ({crossing['interval']})" if crossing["interval"] else ""
    labels = "no" if row["method"] == ZERO_SHOT else str(row["n_labels"])
    return {
        "method": f"{cells.method(row)} with {labels} labels",
        "accuracy": cells.percent(row["accuracy"]),
        "worth labels": cells.worth(row),
        "zero-shot reached with": reached,
    }


_LAYOUTS: dict[str, Callable[[Ablation], Blocks]] = {"stages": _waterfall, "n_labels": _curves}


def _groups(rows: Sequence[Row], names: Sequence[str]) -> list[list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(found.values())


def _title(rows: Sequence[Row], *names: str) -> str:
    most = max(row["n_draws"] for row in rows)
    where = " / ".join(rows[0][name] for name in names if rows[0][name] is not None)
    return f"{where}, {most} draw{'' if most == 1 else 's'}"


def _draws_if_ragged(row: Row, rows: Sequence[Row]) -> str:
    return str(row["n_draws"]) if len({other["n_draws"] for other in rows}) > 1 else ""


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
