"""A folder of records: resumable, shared by processes, never half-written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.errors import CorruptRecord
from autows.files import make_folder, sha256, write_bytes
from autows.runs.locks import Held, hold
from autows.runs.record import InvalidRecord, Key, Record


class Claimed(Exception):
    """Another process is executing this run."""


class RunStore:
    """The records of a results folder, one JSON file a run below ``records/``, predictions beside it.

    The record is written last and by renaming, so a run either is there whole or is not there.
    A run is claimed before it is executed; two processes on one folder share the work and never
    write the same file.

    Parameters
    ----------
    root : Path
        The results folder. It is created when first written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.records = self.root / "records"

    def make(self) -> None:
        """Create the folder and make sure that it can be written; raise UserError if not."""
        make_folder(self.records, "results")

    def path(self, key: Key) -> Path:
        """Return where the record of a key lies."""
        return self.records / key.path

    def read(self, key: Key) -> Record | None:
        """Return the record of a key, or None if there is none.

        Raises
        ------
        CorruptRecord
            If the file is there but is not this key's record, or its predictions are missing or
            not those it was written with.
        """
        path = self.path(key)
        record = self._read(path)
        if record is None:
            return None
        if record.key != key:
            raise CorruptRecord(f"{path} holds the record of another run")
        if record.predictions is not None:
            beside = path.with_name(record.predictions["file"])
            # Hashing gigabytes to find out what is to be run would take longer than many a run; the
            # hash is checked when predictions are used.
            if not beside.exists() or beside.stat().st_size != record.predictions["bytes"]:
                raise CorruptRecord(f"{beside} is missing or is not what its record was written with")
        return record

    def write(self, record: Record, predictions: Mapping[str, NDArray[Any]] | None = None) -> Record:
        """Write a record, and its predictions before it; return the record as written.

        Call it holding the :meth:`claim` of its key.
        """
        path = self.path(record.key)
        if predictions is not None:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **predictions)
            beside = path.with_suffix(".npz")
            write_bytes(beside, buffer.getvalue())
            content = buffer.getvalue()
            described = {
                "file": beside.name,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            record = replace(record, predictions=described)
        write_bytes(path, record.to_text().encode())
        return record

    @contextmanager
    def claim(self, key: Key, wait: bool = True) -> Iterator[None]:
        """Hold the sole right to execute a run; it ends with the block or with the process, however it ends.

        Raises
        ------
        Claimed
            If another process has it and ``wait`` is False.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(hold(self.root, key.id, wait))
            except Held:
                raise Claimed(f"another process runs {key.path}") from None
            yield

    def scan(self) -> Iterator[Record | CorruptRecord]:
        """Yield every record of the folder, in order of path; a file that cannot be read, as its error.

        Predictions are not opened.
        """
        paths = sorted(self.records.rglob("*.json"))
        there = set(paths)
        for path in paths:
            try:
                record = self._read(path)
            except CorruptRecord as error:
                yield error
            else:
                if record is None:
                    continue
                if path != self.path(record.key):
                    yield self._misplaced(path, record, there)
                else:
                    yield record

    def _misplaced(self, path: Path, record: Record, there: Collection[Path]) -> CorruptRecord:
        """Say what a record is that does not lie where its key belongs."""
        right = self.path(record.key)
        if right not in there:
            return CorruptRecord(
                f"{path} has the key of {right}, which is not there: one of them was changed by hand"
            )
        try:
            other = self._read(right)
        except CorruptRecord:
            other = None
        if other is None or other.scores == record.scores:
            return CorruptRecord(f"{path} is a copy of {right}")
        mine, theirs = (one.scores.get("accuracy") for one in (record, other))
        return CorruptRecord(
            f"{path} has the key of {right} but other scores (accuracy {mine}, there {theirs})"
        )

    def load_predictions(self, record: Record) -> dict[str, NDArray[Any]]:
        """Return the arrays kept with a record.

        Raises
        ------
        CorruptRecord
            If the file is not the one the record was written with.
        """
        if record.predictions is None:
            raise CorruptRecord(f"{self.path(record.key)} has no predictions; its status is {record.status}")
        path = self.path(record.key).with_name(record.predictions["file"])
        if not path.exists() or sha256(path) != record.predictions["sha256"]:
            raise CorruptRecord(f"{path} is missing or is not what its record was written with")
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    def _read(self, path: Path) -> Record | None:
        try:
            return Record.from_text(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, InvalidRecord) as error:
            raise CorruptRecord(f"{path} is not a readable record: {error}") from error
