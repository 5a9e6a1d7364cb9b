"""Where a leaderboard's records come from: a results folder, accepted submissions, the reference records."""

from __future__ import annotations

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
    # Suffixes come first: to ask the disk of each of many thousand records what it is takes longer.
    found = sorted(
        path
        for path in RunStore(folder).records.rglob("*")
        if path.suffix not in (".json", ".npz") and not path.name.startswith(".") and path.is_file()
    )
    if not found:
        return []
    name = folder.resolve().name
    named = ", ".join(f"{name}/{path.relative_to(folder).as_posix()}" for path in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    count = "1 file that is no record" if len(found) == 1 else f"{len(found)} files that are no records"
    return [f"Left out: {count}: {named}{more}"]
