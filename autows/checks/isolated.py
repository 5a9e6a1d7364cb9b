"""Making checks in a process of their own, so that whatever a method does to it is one failed check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from autows.checks.contract import FAILED, Check, Effort, Failed, Result
from autows.checks.running import run_check, select
from autows.checks.subject import Subject
from autows.errors import UserError
from autows.method import Method, create
from autows.method_file import load_class, split_target
from autows.runs.workers import TimedOut, Worker, WorkerDied
from autows.types import Labels

HASH_SEEDS = (0, 1)
"""Of the processes in which a method is run beside the one that checks it (PYTHONHASHSEED); 0 is that of
isolated methods."""
MOST_TIMEOUTS = 3
"""After so many checks that were not done in time, no more are made."""


@dataclass(frozen=True)
class Target:
    """What is to be checked, as it can be sent to another process.

    Parameters
    ----------
    text : str
        ``FILE.py``, ``FILE.py:Class``, or a registered method as one types it: ``snuba[cardinality=2]``.
    """

    text: str

    @property
    def is_file(self) -> bool:
        """Whether it names a file."""
        path = self.text.partition("[")[0]
        return ".py" in path or "/" in path or "\\" in path

    def load(self) -> type[Method]:
        """Import the class of the method.

        Raises
        ------
        UserError
            If there is no such method.
        """
        return load_class(*split_target(self.text)) if self.is_file else type(create(self.text))

    def maker(self) -> Callable[[], Method]:
        """Return what makes the method; raises what :meth:`load` raises."""
        cls = self.load()
        return cls if self.is_file else partial(create, self.text)


def find(text: str) -> Target:
    """Return a target whose file, if it names one, is found from any folder.

    Raises
    ------
    UserError
        If it cannot be read as a target, or no method of that name is registered.
    """
    target = Target(text)
    if not target.is_file:
        try:
            target.load()
        except UserError:
            if not Path(text).exists():
                raise
            raise UserError(
                f"{text} is no Python file; give FILE.py, FILE.py:Class or the name of a method"
            ) from None
        return target
    path, name = split_target(text)
    if not path.exists():
        raise UserError(f"There is no file {path}")
    return Target(str(path.absolute()) + (f":{name}" if name else ""))


class Bench:
    """Checks of one method, each in a child process that is replaced when it ends or hangs.

    Parameters
    ----------
    target : Target
    timeout : float, default 60
        Seconds for one check.
    effort : Effort, optional
        How much work the checks make.
    """

    def __init__(self, target: Target, timeout: float = 60.0, effort: Effort | None = None) -> None:
        self.target = target
        self.timeout = timeout
        self.effort = effort or Effort()
        self._worker = Worker(imports=[__name__])
        self._timeouts = 0

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close(at_once=True)

    def describe(self) -> dict[str, Any]:
        """Import the method in the child process and return what it says about itself.

        Raises
        ------
        UserError
            If that does not work.
        """
        try:
            return self._worker.call(_describe, self.target, timeout=self.timeout)
        except TimedOut:
            raise UserError(f"Importing {self.target.text} is not done after {self.timeout:g} s") from None
        except WorkerDied:
            raise UserError(f"Importing {self.target.text} ends the process") from None

    def run(self, only: Sequence[str] | None = None) -> Iterator[Result]:
        """Make checks, giving each result when it is there.

        Parameters
        ----------
        only : sequence of str, optional
            Names of checks; by default all.

        Raises
        ------
        UserError
            If there is no check of a name, or there are no names; before anything is run.
        """
        return map(self._one, select(only))

    def _one(self, check: Check) -> Result:
        if self._timeouts == MOST_TIMEOUTS:
            message = f"not made, because {MOST_TIMEOUTS} checks were not done after {self.timeout:g} s"
            return Result(check.name, check.title, FAILED, message, 0.0)
        start = time.perf_counter()
        try:
            return self._worker.call(_run, self.target, check.name, self.effort, timeout=self.timeout)
        except TimedOut:
            self._timeouts += 1
            message = f"not done after {self.timeout:g} s; --timeout allows more"
        except WorkerDied as error:
            message = f"it ended the process: {error}"
        return Result(check.name, check.title, FAILED, message, round(time.perf_counter() - start, 3))


def elsewhere(target: Target, hash_seeds: Sequence[int] = HASH_SEEDS) -> Iterator[Labels]:
    """Give a method's answers to an easy task in other processes, one with each hash seed.

    Raises
    ------
    Failed
        If the method does not answer there.
    """
    for seed in hash_seeds:
        worker = Worker(imports=[__name__], environment={"PYTHONHASHSEED": str(seed)})
        try:
            yield worker.call(answer, target)
        except WorkerDied as error:
            raise Failed(f"it ended another process that ran it: {error}") from error
        finally:
            worker.close(at_once=True)


# What follows runs in the child.


def answer(target: Target) -> Labels:
    """Make a method again and return its answer to an easy task."""
    subject = Subject(target.maker())
    return subject.fit(subject.base, method=subject.make_again())


@lru_cache(maxsize=1)
def _subject(target: Target, effort: Effort) -> Subject:
    # Kept, so that checks of one process share runs.
    return Subject(target.maker(), effort, partial(elsewhere, target))


def _describe(target: Target) -> dict[str, Any]:
    return target.load().about()


def _run(target: Target, name: str, effort: Effort) -> Result:
    (check,) = select([name])
    try:
        return run_check(check, _subject(target, effort))
    except KeyboardInterrupt:
        # Ctrl-C is not heard here, so the method raised it; sent on, it would end the command.
        return Result(name, check.title, FAILED, "it raises KeyboardInterrupt", 0.0)
