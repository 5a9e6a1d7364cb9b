"""Leaderboards as data: JSON and CSV."""

from __future__ import annotations

import json
from typing import Any

from leaderboard import csv_text
from leaderboard.board import Board

NOT_IN_CSV = ("reliability", "risk_coverage", "submission")
"""Fields of a row that are no single value; the JSON has them."""
NOT_IN_COMPARISONS_CSV = ("tasks", "missing")
"""The same of a comparison."""


def to_json(board: Board) -> str:
    """Return the whole board as JSON text, keys sorted, one line a row, standing, comparison and so on.

    To write it indented throughout takes three times as long.
    """
    parts = [f"{json.dumps(name)}: {_lines(value)}" for name, value in sorted(board.to_json().items())]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: Any) -> str:
    """Return JSON text of a value, on one line or, of a list, a line for each item."""
    if not isinstance(value, list) or not value:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    items = (json.dumps(item, sort_keys=True, allow_nan=False) for item in value)
    return "[\n " + ",\n ".join(items) + "\n]"


def to_csv(board: Board) -> str:
    """Return the rows as CSV, a column for each field, empty where there is no value."""
    names = [name for name in board.rows[0] if name not in NOT_IN_CSV] if board.rows else []
    return csv_text.to_csv(({**row, "needs": " ".join(row["needs"] or [])} for row in board.rows), names)


def comparisons_to_csv(board: Board) -> str:
    """Return the comparisons with the controls as CSV, one line each, empty where there is no value."""
    first = board.comparisons[0] if board.comparisons else {}
    names = [name for name in first if name not in NOT_IN_COMPARISONS_CSV]
    return csv_text.to_csv(board.comparisons, names)
