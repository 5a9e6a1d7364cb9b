"""Where the numbers come from, and the board's notes in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leaderboard.page.cards import in_words

GROUPS = (
    ("Failed", (" failed: ",)),
    ("Ran out of time", (" ran out of time: ",)),
    ("Skipped", (" skipped: ",)),
    ("Not ranked", ("Not ranked",)),
    ("Not counted overall", ("Not counted overall",)),
)

LABELS = {
    "n_records": "Records",
    "statuses": "Of these",
    "first_finished_at": "First finished",
    "last_finished_at": "Last finished",
    "schema_versions": "Record schemas",
    "protocol_versions": "Protocol versions",
    "protocol_version": "Protocol version",
    "project_versions": "Project versions",
    "commits": "Commits",
    "dirty": "Uncommitted changes",
    "python": "Python",
    "packages": "Packages",
    "cpus": "Processors",
}
"""What a reader sees of the provenance, in this order; what is not here comes last under its own name."""


def views(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and texts of what is known about where the numbers come from.

    Examples
    --------
    >>> views({"dirty": False, "n_records": 12000, "statuses": {"ok": 3}, "host": None})
    [('Records', '12,000'), ('Of these', 'ok: 3'), ('Uncommitted changes', 'no')]
    """
    names = [*(name for name in LABELS if name in provenance), *sorted(provenance.keys() - LABELS.keys())]
    found = []
    for name in names:
        value = provenance[name]
        if value in (None, "", [], {}):
            continue
        whole = isinstance(value, int) and not isinstance(value, bool)
        found.append(
            (
                LABELS.get(name, name.replace("_", " ").capitalize()),
                f"{value:,}" if whole else in_words(value),
            )
        )
    return found


def grouped(notes: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return notes by what they are about; those about the whole first.

    Examples
    --------
    >>> grouped(["iws skipped: no text (3 runs)", "Intervals are wide"])
    [('General', ['Intervals are wide']), ('Skipped', ['iws skipped: no text (3 runs)'])]
    """
    found: dict[str, list[str]] = {name: [] for name in ("General", *(name for name, _ in GROUPS))}
    for note in notes:
        group = next((name for name, marks in GROUPS if any(mark in note for mark in marks)), "General")
        found[group].append(note)
    return [(name, texts) for name, texts in found.items() if texts]
