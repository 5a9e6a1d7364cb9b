"""Where a leaderboard's records come from: a results folder, accepted submissions, the reference records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autows.runs.store import RunStore

REFERENCE = Path(__file__).parent / "results"
"""The project's own records of the quick suite; they come with it."""

SUBMISSIONS = Path(__file__).parent / "submissions"
"""Accepted submissions, a folder each; they come with the project."""

NAMED = 3


def has_records(folder: Path) -> bool:
    """Return whether a results folder holds any record."""
    return next((folder / "records").rglob("*.json"), None) is not None


def strangers(folder: Path) -> list[str]:
    """Return a note on files among a folder's records that are neither records nor predictions."""
    found: list[str] = []
    number = 0
    for path in _files(RunStore(folder).records):
        if path.suffix not in (".json", ".npz") and not path.name.startswith("."):
            number += 1
            if len(found) < NAMED:
                found.append(str(path.relative_to(folder)))
    if not number:
        return []
    more = f" and {number - len(found)} more" if number > len(found) else ""
    return [f"Left out: {number} files that are no records: {', '.join(found)}{more}"]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
