"""Leaderboards as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from pathlib import Path
from typing import Any

from autows.files import make_folder, write_bytes
from leaderboard import published
from leaderboard.table import Leaderboard, Row

SCHEMA_VERSION = 1


def write(board: Leaderboard, out: Path) -> list[Path]:
    """Write ``leaderboard.json``, ``.csv`` and ``.md`` to a folder; return the files.

    Where there are published figures for the same runs, ``published.md`` has both.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    make_folder(out, "leaderboard files")
    content = {
        "leaderboard.json": to_json(board),
        "leaderboard.csv": to_csv(board),
        "leaderboard.md": to_markdown(board),
    }
    compared = published.beside(board.rows)
    if compared:
        content["published.md"] = published.to_markdown(compared) + "\n"
    for name, text in content.items():
        write_bytes(out / name, text.encode())
    return [out / name for name in content]


def to_json(board: Leaderboard) -> str:
    """Return rows, overall and notes as JSON text, keys sorted."""
    values = {
        "schema_version": SCHEMA_VERSION,
        "rows": board.rows,
        "overall": board.overall,
        "notes": board.notes,
    }
    return json.dumps(values, sort_keys=True, indent=1, allow_nan=False) + "\n"


def to_csv(board: Leaderboard) -> str:
    """Return the rows as CSV, a column for each field, empty where there is no value."""
    stream = io.StringIO()
    names = list(board.rows[0]) if board.rows else []
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    for row in board.rows:
        writer.writerow({**row, "needs": " ".join(row["needs"] or [])})
    return stream.getvalue()


def to_text(board: Leaderboard) -> str:
    """Return the leaderboard for a terminal."""
    return _document(board, "simple", lambda title, level: f"{title}\n{'=-'[level] * len(title)}")


def to_markdown(board: Leaderboard) -> str:
    """Return the leaderboard as Markdown."""
    return _document(board, "github", lambda title, level: f"{'#' * (level + 1)} {title}")


def _document(board: Leaderboard, style: str, heading: Any) -> str:
    from tabulate import tabulate

    if not board.rows:
        return "No runs yet. Start with: run_bench.py run --suite quick\n"
    parts = [heading("Leaderboard", 0)]
    for task, n_labels in sorted({(row["task"], row["n_labels"]) for row in board.rows}):
        rows = [row for row in board.rows if (row["task"], row["n_labels"]) == (task, n_labels)]
        table = [_cells(row) for row in sorted(rows, key=lambda r: (-(r["accuracy"] or -1), r["method"]))]
        parts += [
            heading(f"{task}: {rows[0]['title']} ({n_labels} labels)", 1),
            tabulate(
                table, headers="keys", tablefmt=style, disable_numparse=True, colalign=_alignment(table)
            ),
        ]
    for n_labels in sorted({row["n_labels"] for row in board.overall}):
        table = [_overall_cells(row) for row in board.overall if row["n_labels"] == n_labels]
        parts += [
            heading(f"Overall, every task weighing the same ({n_labels} labels)", 1),
            tabulate(
                table, headers="keys", tablefmt=style, disable_numparse=True, colalign=_alignment(table)
            ),
        ]
    legend = (
        "Accuracy is on all test rows in per cent, an abstention counting as the most frequent seed class: "
        "mean ± half-width of the 95 % interval over draws. Covered is the accuracy on the rows the method "
        "does not abstain on, end model that of a classifier trained on its labels. In brackets: the "
        "foundation model that answered zero-shot. Mean rank is over tasks, 1 is best."
    )
    parts.append(legend if style == "github" else textwrap.fill(legend, 100))
    if board.notes:
        bullet = "\n".join(f"- {note}" for note in board.notes)
        parts.append(heading("Notes", 1) + "\n\n" + bullet if style == "github" else "Notes\n" + bullet)
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> dict[str, str]:
    accuracy = _percent(row["accuracy"])
    if row["accuracy_low"] is not None:
        accuracy += f" ± {100 * (row['accuracy_high'] - row['accuracy']):.1f}"
    total = row["n_draws"] + row["n_failed"] + row["n_timeout"] + row["n_skipped"]
    return {
        "method": row["method"] if row["zero_shot"] is None else f"{row['method']} ({row['zero_shot']})",
        "features": row["representation"],
        "accuracy": accuracy if row["n_draws"] else _why_not(row),
        "coverage": _percent(row["coverage"]),
        "covered": _percent(row["accuracy_covered"]),
        "pool": _percent(row["pool_accuracy"]),
        "end model": _percent(row["end_model_accuracy"]),
        "draws": f"{row['n_draws']}" if row["n_draws"] == total else f"{row['n_draws']} of {total}",
        "seconds": "" if row["seconds"] is None else f"{row['seconds']:.2f}",
    }


def _overall_cells(row: Row) -> dict[str, str]:
    return {
        "method": row["method"],
        "mean rank": "-" if row["mean_rank"] is None else f"{row['mean_rank']:.2f}",
        "mean accuracy": _percent(row["mean_accuracy"]),
        "mean end model": _percent(row["mean_end_model_accuracy"]),
        "cells": f"{row['n_cells']} of {row['n_cells_expected']}",
    }


def _why_not(row: Row) -> str:
    return next(s for s in ("failed", "timeout", "skipped") if row[f"n_{s}"])


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _alignment(table: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple("left" if name in ("method", "features") else "right" for name in table[0])
