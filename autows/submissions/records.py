"""The records of a submission: made fit to be passed on, and read as somebody else's."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from autows.errors import CorruptRecord
from autows.runs.record import InvalidRecord, Record
from autows.submissions import schema
from autows.submissions.record_checks import MAX_REASON, info_mistake, mistake
from autows.submissions.submission import RECORDS, Submission

MAX_RECORD_BYTES = 2**18
MAX_TOTAL_BYTES = 5_000_000
"""Of all files of a submission."""
MAX_FILES = 2_000


def fit_to_pass_on(record: Record, summary: str) -> Record:
    """Return a record as it lies in a submission: no predictions, no traceback with somebody's folders.

    What a method tells of itself is left out where it is too long or not of a form that can be shown.

    Parameters
    ----------
    record : Record
    summary : str
        Of the submission.
    """
    # As it will be read: tuples have become lists.
    record = Record.from_text(record.to_text())
    reason = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in record.reason)
    slim = replace(
        record,
        predictions=None,
        traceback="",
        reason=reason[:MAX_REASON],
        method_info={**record.method_info, "summary": summary},
    )
    told = info_mistake(slim.info, slim.task_info) is None
    if told and len(slim.to_text().encode()) <= MAX_RECORD_BYTES // 2:
        return slim
    return replace(slim, info={})


def walk(folder: Path, depth: int = 5) -> Iterator[Path]:
    """Yield what is in a folder, in order of name: all that are not folders, and folders not entered.

    These are too deep, or cannot be read. Links are not followed.

    Parameters
    ----------
    folder : Path
    depth : int, default 5
        How many parts a path may have below the folder; a record's has five.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda e: e.name)
    except OSError:
        yield folder
        return
    for entry in entries:
        if depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path), depth - 1)
        else:
            yield Path(entry.path)


def read_records(folder: Path, submission: Submission) -> Iterator[Record | CorruptRecord]:
    """Yield the records in a submission's folder, in order of path; what is none of its, as an error.

    Links are not followed, nothing larger than :data:`MAX_RECORD_BYTES` is read.
    """
    root = folder / RECORDS
    if root.is_symlink() or not root.is_dir():
        return
    for path in islice(walk(root, depth=4), MAX_FILES):
        try:
            yield read_record(path, root, submission)
        except (schema.InvalidSubmission, InvalidRecord) as error:
            text = str(error)
            yield CorruptRecord(text if str(path) in text else f"{path}: {text}")


def read_record(path: Path, root: Path, submission: Submission) -> Record:
    """Return one record of a submission.

    Raises
    ------
    InvalidSubmission, InvalidRecord
        If it is not one.
    """
    content = schema.read_file(path, MAX_RECORD_BYTES)
    schema.parse_object(content, path)
    record = Record.from_text(content.decode())
    if path.relative_to(root).as_posix() != record.key.path:
        raise InvalidRecord(f"holds the record of another run, {schema.shown(record.key.path, 200)}")
    found = mistake(record, submission)
    if found is not None:
        raise InvalidRecord(found)
    return record
