"""A file of answers that somebody computed: read as data, checked, put into the task's order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.errors import UserError
from autows.isolation.answers import BadAnswers, Form, read_arrays
from autows.submissions import schema
from autows.submissions.row_ids import row_ids
from autows.task import Task
from autows.types import InvalidLabels, Labels

_NAMES = ("pool", "test", "pool_ids", "test_ids", "manifest", "pool_covered", "test_covered")
_LABELS = ("pool", "test", "pool_covered", "test_covered")

MAX_BYTES = 2**31
"""Of all arrays of a file, unpacked; 800,000 rows with a thousand probabilities a row would be more."""


class _Text(Form):
    """A form of text, which answers of a method never have."""

    def __str__(self) -> str:
        return "one text"


def _forms(rows: Mapping[str, int], n_classes: int | None) -> dict[str, Sequence[Form]]:
    """Return what the arrays of a file may be; sides that ``rows`` lacks may have any number of rows."""
    forms: dict[str, Sequence[Form]] = {
        "manifest": (_Text("US", (), 4 * 64), _Text("US", (1,), 4 * 64)),
    }
    for side in ("pool", "test"):
        n = rows.get(side)
        forms[side] = (Form("iu", (n,)), Form("f", (n, n_classes)))
        forms[f"{side}_ids"] = (Form("u", (n,)),)
        forms[f"{side}_covered"] = (Form("b", (n,)),)
    return {name: forms[name] for name in _NAMES}


def _arrays(
    path: Path, forms: Mapping[str, Sequence[Form]], only: Sequence[str] | None = None
) -> dict[str, NDArray[Any]]:
    try:
        return read_arrays(path, forms, MAX_BYTES, optional=("pool_covered", "test_covered"), only=only)
    except BadAnswers as error:
        said = str(error)
        named = said.startswith(f"{path.name} ")
        raise UserError(f"{path}{said.removeprefix(path.name) if named else f': {said}'}") from error


@dataclass(frozen=True)
class Answers:
    """The arrays of one predictions file, in the order in which they were handed in.

    Parameters
    ----------
    path : Path
    manifest : str
        Hash of the manifest of the export they are for.
    labels : dict of str to array
        ``pool`` and ``test``, and perhaps ``pool_covered`` and ``test_covered``.
    ids : dict of str to (rows,) uint64 array
        By side.
    """

    path: Path
    manifest: str
    labels: dict[str, NDArray[Any]]
    ids: dict[str, NDArray[np.uint64]]


def manifest_hash(path: Path) -> str:
    """Return the hash of the manifest that a predictions file is for; no other array is unpacked.

    Raises
    ------
    UserError
        If it is no npz, lacks an array, or has one of a type that answers do not have; one line.
    """
    return _hash(path, _arrays(path, _forms({}, None), only=("manifest",))["manifest"])


def read(path: Path, rows: Mapping[str, int], n_classes: int) -> Answers:
    """Read a predictions file. Nothing is unpickled, and nothing unpacked that is not of the export's size.

    Parameters
    ----------
    path : Path
    rows : mapping of str to int
        How many rows the sides ``pool`` and ``test`` have.
    n_classes : int

    Raises
    ------
    UserError
        If it is no npz, lacks an array, or has one of a type or shape that answers do not have; one line.
    """
    arrays = _arrays(path, _forms(rows, n_classes))
    ids = {}
    for side in rows:
        found = arrays[f"{side}_ids"]
        if found.dtype != np.uint64:
            raise UserError(
                f"{path}: {side}_ids is {found.dtype}; expected the uint64 numbers of the export's "
                f"{side}_ids.npy"
            )
        ids[side] = found
    return Answers(
        path=path,
        manifest=_hash(path, arrays["manifest"]),
        labels={name: arrays[name] for name in _LABELS if name in arrays},
        ids=ids,
    )


def _hash(path: Path, array: NDArray[Any]) -> str:
    """Return the manifest's hash, however it was put into an array."""
    value = array.item() if array.size == 1 else None
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    if not isinstance(value, str) or schema.hexadecimal(64)(value) is not None:
        raise UserError(
            f"{path}: manifest is {array.dtype} of shape {array.shape}; expected one text, the SHA-256 of "
            "the export's manifest.json (64 hexadecimal digits)"
        )
    return value


def labels_of(answers: Answers, task: Task) -> Labels:
    """Return answers in the order of the task's rows.

    Parameters
    ----------
    answers : Answers
        As many as the task has rows, in any order; the ids say which row is which.
    task : Task

    Raises
    ------
    UserError
        If they are not one valid answer for each row; one line.
    """
    ordered: dict[str, Any] = {}
    try:
        # In the order handed in first, so that a row that is named is one that the author finds.
        as_given: dict[str, Any] = dict(answers.labels)
        Labels(n_classes=task.card.n_classes, **as_given)
        for side, given in answers.ids.items():
            position = _positions(answers, side, row_ids(task, side, len(given)))
            for name in (side, f"{side}_covered"):
                if name in answers.labels:
                    ordered[name] = answers.labels[name][position]
        return Labels(
            n_classes=task.card.n_classes, info={"predictions_sha256": _digest(answers, ordered)}, **ordered
        )
    except (InvalidLabels, TypeError) as error:
        raise UserError(f"{answers.path}: {error}") from error


def _positions(answers: Answers, side: str, expected: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where each row of the task is among the answers."""
    given = answers.ids[side]
    order = np.argsort(given, kind="stable")
    twice = int((np.diff(given[order]) == 0).sum())
    unknown = int((~np.isin(given, expected)).sum())
    if twice or unknown:
        what = f"{unknown} that are no rows of it" if unknown else f"{twice} that are there twice"
        raise UserError(
            f"{answers.path}: {side}_ids has {what}; expected each number of the export's {side}_ids.npy once"
        )
    found: NDArray[np.int64] = order[np.searchsorted(given, expected, sorter=order)]
    return found


def _digest(answers: Answers, ordered: dict[str, NDArray[Any]]) -> str:
    """Return a hash of the answers and of what they are for, whatever order they came in."""
    digest = hashlib.sha256(answers.manifest.encode())
    for name in sorted(ordered):
        # The same labels in a wider type are the same answers.
        array = ordered[name].astype("<i8" if ordered[name].dtype.kind in "iu" else ordered[name].dtype)
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
