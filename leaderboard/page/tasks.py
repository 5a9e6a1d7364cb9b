"""One section a task: methods by features, what was published, and learning curves as tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from leaderboard.page.answer import main_labels
from leaderboard.page.formats import anchor, spread
from leaderboard.page.results import status

Board = Mapping[str, Any]
Row = Mapping[str, Any]


def views(board: Board) -> list[dict[str, Any]]:
    """Return for each task its card, its table of methods by features, published figures and notes.

    Returns
    -------
    list of dict
        The fields of the task, and ``id``; ``n_labels`` of the table; ``features``; ``lines``, methods with
        a cell for each of the features, the best first; ``best``, the row with the highest accuracy (or
        None), and ``n_tied``, how many methods under its features are not told from it; ``published``;
        ``same_as``, pairs of features and the task that it is under them; ``n_rows``.
    """
    by_task: dict[str, list[Row]] = {}
    for row in board["rows"]:
        by_task.setdefault(row["task"], []).append(row)
    published: dict[str, list[Row]] = {}
    for row in board["published"]:
        published.setdefault(row["task"], []).append(row)
    return [
        _view(task, by_task.get(task["task"], []), published.get(task["task"], []), main_labels(board))
        for task in board["tasks"]
    ]


def _view(task: Row, rows: list[Row], published: list[Row], wanted: int | None) -> dict[str, Any]:
    numbers = Counter(row["n_labels"] for row in rows)
    n_labels = wanted if wanted in numbers or not numbers else max(numbers, key=lambda n: (numbers[n], -n))
    mine = [row for row in rows if row["n_labels"] == n_labels]
    features = sorted({row["representation"] for row in mine})
    cells = {(row["method"], row["representation"]): row for row in mine}
    methods = {row["method"]: row for row in mine}

    def order(method: str) -> tuple[bool, float, str]:
        found = [cells[method, f]["accuracy"] for f in features if (method, f) in cells]
        numbers = [value for value in found if value is not None]
        return (not numbers, -max(numbers, default=0.0), method)

    best = max((row for row in mine if row["best"]), key=lambda row: row["accuracy"], default=None)
    tied = [row for row in mine if best and _is_tied(row) and row["representation"] == best["representation"]]
    return {
        **task,
        "id": anchor("task", task["task"]),
        "n_labels": n_labels,
        "features": features,
        "lines": [
            {
                "method": method,
                "family": methods[method]["family"],
                "zero_shot": next(
                    (r["zero_shot"] for r in mine if r["method"] == method and r["zero_shot"]), None
                ),
                "cells": [_cell(cells.get((method, name))) for name in features],
            }
            for method in sorted(methods, key=order)
        ],
        "best": best,
        "n_tied": len(tied),
        "published": published,
        "same_as": sorted({(row["representation"], row["same_as"]) for row in rows if row["same_as"]}),
        "n_rows": len(rows),
    }


def _cell(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "row": row,
        "spread": spread(row["accuracy"], row["accuracy_low"], row["accuracy_high"]),
        "tied": _is_tied(row),
        "abstains": row["coverage"] is not None and row["coverage"] < 0.9995,
        "status": status(row),
    }


def _is_tied(row: Row) -> bool:
    return row["tie_group"] == 1 and not row["best"]


def curves(board: Board) -> list[dict[str, Any]]:
    """Return learning curves as tables, one a task and features.

    Returns
    -------
    list of dict
        ``task``, ``representation``; ``numbers`` of labels; ``lines`` with ``method``, ``family`` and one
        point (or None) for each number; ``crossovers``, sentences.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for curve in board["curves"]:
        found.setdefault((curve["task"], curve["representation"]), []).append(curve)
    crossovers: dict[tuple[str, str], list[str]] = {}
    for crossing in board["crossovers"]:
        crossovers.setdefault((crossing["task"], crossing["representation"]), []).append(crossing["sentence"])
    tables = []
    for (task, representation), mine in sorted(found.items()):
        numbers = sorted({point["n_labels"] for curve in mine for point in curve["points"]})
        lines = []
        for curve in mine:
            points = {point["n_labels"]: point for point in curve["points"]}
            lines.append({**curve, "points": [points.get(number) for number in numbers]})
        lines.sort(key=lambda line: (-max(p["accuracy"] or 0.0 for p in line["points"] if p), line["method"]))
        tables.append(
            {
                "task": task,
                "representation": representation,
                "numbers": numbers,
                "lines": lines,
                "crossovers": crossovers.pop((task, representation), []),
            }
        )
    # What crosses without a curve of its own is said all the same.
    return tables + [
        {"task": task, "representation": name, "numbers": [], "lines": [], "crossovers": texts}
        for (task, name), texts in sorted(crossovers.items())
    ]


def waterfalls(board: Board) -> list[dict[str, Any]]:
    """Return the board's stages, each with ``axis``, ends in [0, 1] between which its accuracies lie."""
    found = []
    for walk in board["stages"]:
        values = [stage["accuracy"] for stage in walk["stages"] if stage["accuracy"] is not None]
        low, high = (
            math.floor(20 * min(values, default=0) - 0.2) / 20,
            math.ceil(20 * max(values, default=1)) / 20,
        )
        found.append({**walk, "axis": {"low": max(low, 0.0), "high": min(max(high, low + 0.05), 1.0)}})
    return found
