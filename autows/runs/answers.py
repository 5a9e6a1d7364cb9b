"""A person's answers, kept line by line as they are given."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autows.errors import CorruptRecord, UserError
from autows.runs.locks import Held, hold
from autows.runs.record import Key

SCHEMA_VERSION = 1


class AnswerFile:
    """Answers about labeling functions, a JSON line each.

    The first line says of which run they are. Every other one is an answer, or says that an answer is
    taken back, or that the person had enough at a question, which holds until a line follows. A line is
    on the disk before the next question; one that was cut off (a crash while it was written) was never
    confirmed and is dropped.

    Parameters
    ----------
    root : Path
        The results folder; the file lies below its ``answers``.
    key : Key
        Says what the answers are about.

    Attributes
    ----------
    ended_at : str or None
        Name of the labeling function at which the person had enough, if that was the last word; known
        while the file is open.
    """

    def __init__(self, root: Path, key: Key) -> None:
        self.path = (root / "answers" / key.path).with_suffix(".jsonl")
        self._header = {"schema_version": SCHEMA_VERSION, "key": asdict(key)}
        self._root, self._lock = root, f"{key.id}.answers"
        self.ended_at: str | None = None

    @contextmanager
    def open(self) -> Iterator[dict[str, str]]:
        """Hold the file alone; give the answers that stand, by name, in the order in which they were given.

        Raises
        ------
        UserError
            If another process has it open.
        CorruptRecord
            If it cannot be read, or is about something else.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                stack.enter_context(hold(self._root, self._lock, wait=False))
            except Held:
                raise UserError(
                    f"Somebody is answering these questions already: {self.path} is open"
                ) from None
            yield self._read()

    def add(self, name: str, word: str, about: Mapping[str, Any]) -> None:
        """Append an answer, with what it is about for whoever reads the file."""
        self._append({"lf": name, "answer": word, "about": dict(about)})
        self.ended_at = None

    def take_back(self, name: str) -> None:
        """Append that an answer no longer stands."""
        self._append({"lf": name, "answer": None})
        self.ended_at = None

    def end_at(self, name: str) -> None:
        """Append that the person had enough when asked about this one."""
        self._append({"ended_at": name})
        self.ended_at = name

    def _append(self, line: Mapping[str, Any]) -> None:
        with self.path.open("ab") as stream:
            stream.write(json.dumps(line, sort_keys=True).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self) -> dict[str, str]:
        self.ended_at = None
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        if not whole:
            self._append(self._header)
            return {}
        standing: dict[str, str] = {}
        for number, text in enumerate(whole.splitlines()):
            try:
                line = json.loads(text)
                if number == 0:
                    if line != json.loads(json.dumps(self._header)):
                        raise ValueError("it is about another run")
                elif "ended_at" in line:
                    self.ended_at = str(line["ended_at"])
                else:
                    self.ended_at = None
                    name, word = line["lf"], line["answer"]
                    if word is None:
                        del standing[name]
                    else:
                        standing.pop(name, None)
                        standing[name] = str(word)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"{type(error).__name__}: {error}"
                raise CorruptRecord(f"{self.path}, line {number + 1} is not to be read: {reason}") from error
        return standing
