"""What this program itself says of a task; of somebody else's records that is what counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from autows.errors import CorruptRecord
from autows.runs.record import Record
from autows.task import TaskCard


@cache
def own_card(task: str) -> TaskCard | None:
    """Return the card of a task by its name, or None if this program has no such task."""
    import tasks

    return tasks.create(task).card if task in tasks.names() else None


def with_own_cards(records: Iterable[Record | CorruptRecord]) -> Iterator[Record | CorruptRecord]:
    """Yield records with what our own cards say of their tasks; those of other tasks and versions as errors.

    One record that calls a task by another title, or the same as another one, would change the board for
    everybody.

    Parameters
    ----------
    records : iterable of Record or CorruptRecord
        Of a submission.
    """
    for record in records:
        if isinstance(record, CorruptRecord):
            yield record
            continue
        card = own_card(record.key.task)
        if card is None:
            yield CorruptRecord(f"{record.key.path} is of a task that is unknown here")
        elif record.key.task_version > card.version:
            yield CorruptRecord(f"{record.key.path} is of {unknown_version(card, record.key.task_version)}")
        else:
            said = card.to_json()
            known = ("title", "modality", "n_classes", "class_names", "same_as")
            yield replace(record, task_info={name: said[name] for name in known})


def unknown_version(card: TaskCard, version: int) -> str:
    """Say that a version of a task is not known.

    Examples
    --------
    >>> unknown_version(own_card("digits"), 99)
    'digits version 99, which is unknown here (known: 1)'
    """
    return f"{card.id} version {version}, which is unknown here (known: {card.version})"
