"""Cells of a submission by task, features and draw: what a record is of, and how that is said."""

from __future__ import annotations

from autows.runs.cell import Cell
from autows.runs.record import Record
from autows.submissions import schema

Place = tuple[str, str, int]
"""Task, features as one types them, and draw."""


def where(record: Record) -> Place:
    """Return the cell that a record is of."""
    return record.key.task, record.labels["representation"], record.key.draw


def place_of(cell: Cell) -> Place:
    """Return where a cell is."""
    return cell.task.card.id, cell.representation.spec, cell.draw


def said(place: Place) -> str:
    """Return a cell in words that a terminal can be shown, whoever wrote them."""
    task, representation, k = place
    return f"{schema.shown(task)[1:-1]} / {schema.shown(representation)[1:-1]} / draw {k}"
