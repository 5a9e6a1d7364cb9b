"""Method cards, with who submitted them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard.page.formats import anchor

Board = Mapping[str, Any]

KNOWN = {"name", "author", "link"}
"""What of a submission has a place of its own on a card; all else is listed below."""


def views(board: Board) -> list[dict[str, Any]]:
    """Return a card for each method.

    Returns
    -------
    list of dict
        The fields of the method, and ``id``; ``submission`` (or None) and ``statements``, pairs of name
        and text of what else a submission says; ``n_rows``, how many rows of the table are its.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in board["rows"]:
        rows.setdefault(row["method"], []).append(row)
    cards = []
    for method in board["methods"]:
        mine = rows.get(method["method"], [])
        submission = next((row["submission"] for row in mine if row["submission"]), None)
        cards.append(
            {
                **method,
                "id": anchor("method", method["method"]),
                "submission": submission,
                "statements": [
                    (name.replace("_", " "), in_words(value))
                    for name, value in (submission or {}).items()
                    if name not in KNOWN and value not in (None, "", [], {})
                ],
                "n_rows": len(mine),
            }
        )
    return cards


def in_words(value: Any) -> str:
    """Return a JSON value as a reader sees it.

    Examples
    --------
    >>> in_words({"images": True, "sources": ["a", "b"]})
    'images: yes; sources: a, b'
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {in_words(inner)}" for name, inner in value.items())
    return ", ".join(in_words(item) for item in value) if isinstance(value, list | tuple) else str(value)
