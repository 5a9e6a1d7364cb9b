"""What a method lacks of the tasks and features that another one has, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from leaderboard.table import Row

Cell = tuple[str, str]
"""A task and a representation."""

FAILED, OUT_OF_TIME, NOT_RUN, CANNOT = "failed", "ran out of time", "not run", "cannot run"
"""Why there is no result. ``CANNOT`` is nobody's fault: the method needs what the task or features lack."""
NAMED = 3
"""Tasks of one kind that a sentence names; the others are counted."""


def missing(
    mine: Mapping[Cell, Row],
    theirs: Collection[Cell],
    shared: Collection[Cell],
    able: Mapping[Cell, set[str]],
) -> list[dict[str, str]]:
    """Return the cells that another method has and this one lacks, in whole or for some draws.

    Parameters
    ----------
    mine : mapping of (task, representation) to dict
        Rows of the method.
    theirs : collection of (task, representation)
        Cells that the other one has.
    shared : collection of (task, representation)
        Cells in which both have a draw in common.
    able : mapping of (task, representation) to set of str
        What is there for methods that need it, see :func:`available`.

    Returns
    -------
    list of dict
        ``task``, ``representation``, ``status`` (one of ``failed``, ``ran out of time``, ``not run``,
        ``cannot run``) and ``reason``.
    """
    needs = {need for row in mine.values() for need in row["needs"]}
    found = []
    for cell in sorted(theirs):
        why = _why(mine.get(cell), needs - able.get(cell, set()), cell in shared)
        if why is not None:
            found.append({"task": cell[0], "representation": cell[1], "status": why[0], "reason": why[1]})
    return found


def available(rows: Iterable[Row]) -> dict[Cell, set[str]]:
    """Return what there is in each cell for methods that need it: what those with a result in it need."""
    found: dict[Cell, set[str]] = {}
    for row in rows:
        if row["n_draws"]:
            found.setdefault((row["task"], row["representation"]), set()).update(row["needs"])
    return found


def _why(row: Row | None, lacks: set[str], shared: bool) -> tuple[str, str] | None:
    if row is None:
        if lacks:
            return CANNOT, f"needs {' and '.join(sorted(lacks)).replace('_', ' ')}"
        return NOT_RUN, "not run"
    for name, status in (("n_failed", FAILED), ("n_timeout", OUT_OF_TIME)):
        if row[name]:
            total = row["n_draws"] + row["n_failed"] + row["n_timeout"] + row["n_skipped"]
            part = f"{row[name]} of {total} draws: " if row[name] < total else ""
            return status, f"{part}{row['reason'] or status}"
    if not row["n_draws"]:
        return CANNOT, row["reason"] or "skipped"
    return None if shared else (NOT_RUN, "no draw in common")


def told(lacks: Iterable[Mapping[str, Any]], tasks: Collection[str]) -> str:
    """Say what a method lacks that it could have; empty where that is nothing.

    Parameters
    ----------
    lacks : iterable of mapping
        From :func:`missing`.
    tasks : collection of str
        On which it is compared; of the others the features are not named.

    Examples
    --------
    >>> cell = {"task": "t", "representation": "raw", "reason": "memory"}
    >>> told([{**cell, "status": "failed"}, {**cell, "task": "u", "status": "not run"}], ["t"])
    'failed on t / raw, not run on u'
    """
    by_status: dict[str, list[str]] = {}
    for cell in lacks:
        name = f"{cell['task']} / {cell['representation']}" if cell["task"] in tasks else cell["task"]
        known = by_status.setdefault(cell["status"], [])
        if cell["status"] != CANNOT and name not in known:
            known.append(name)
    parts = []
    for status, names in by_status.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        parts += [f"{status} on {', '.join(names[:NAMED])}{more}"] if names else []
    return ", ".join(parts)
