"""An ablation as files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from autows.files import make_folder, write_bytes
from leaderboard import csv_text
from leaderboard.ablation.table import Ablation
from leaderboard.ablation.text import to_markdown

SCHEMA_VERSION = 1


def write(table: Ablation, out: Path) -> list[Path]:
    """Write ``ablation_<axis>.md``, ``.csv`` and ``.json`` to a folder; return the files.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    make_folder(out, "tables of the ablation")
    content = {"md": to_markdown(table), "csv": to_csv(table), "json": to_json(table) + "\n"}
    paths = {out / f"ablation_{table.axis}.{suffix}": text for suffix, text in content.items()}
    for path, text in paths.items():
        write_bytes(path, text.encode())
    return list(paths)


def to_json(table: Ablation) -> str:
    """Return the table as JSON text, keys sorted."""
    values = {"schema_version": SCHEMA_VERSION, **asdict(table)}
    return json.dumps(values, sort_keys=True, indent=1, allow_nan=False)


def to_csv(table: Ablation) -> str:
    """Return the rows as CSV, a column for each field, empty where there is no value."""
    return csv_text.to_csv(table.rows, list(table.rows[0]) if table.rows else [])
