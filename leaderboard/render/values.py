"""Leaderboards as data: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json

from leaderboard.board import Board

NOT_IN_CSV = ("reliability", "risk_coverage", "submission")
"""Fields of a row that are no single value; the JSON has them."""


def to_json(board: Board) -> str:
    """Return the whole board as JSON text, keys sorted."""
    return json.dumps(board.to_json(), sort_keys=True, indent=1, allow_nan=False) + "\n"


def to_csv(board: Board) -> str:
    """Return the rows as CSV, a column for each field, empty where there is no value."""
    stream = io.StringIO()
    names = [name for name in board.rows[0] if name not in NOT_IN_CSV] if board.rows else []
    writer = csv.DictWriter(stream, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in board.rows:
        writer.writerow({**row, "needs": " ".join(row["needs"] or [])})
    return stream.getvalue()
