"""Errors that carry a message for a person: what was got, what was expected, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AutoWSError(Exception):
    """Root of the errors this project raises on purpose."""

    trace: str = ""
    """Traceback from another process, where that is what the message is about."""


class UserError(AutoWSError):
    """A mistake in what the user asked for; the command line prints one line and exits with status 2."""


class DataMissing(AutoWSError):
    """A task's source data cannot be had here; the message says from where and how to provide it."""


class NotApplicable(AutoWSError):
    """A representation or method has nothing to say about this task; the run is recorded as skipped."""


class OutOfTime(AutoWSError):
    """A method was not done within a limit of its own; the run is recorded as a timeout."""

    limit_seconds: float | None = None
    """The limit on the clock, under which it need not be tried again."""


class CorruptRecord(AutoWSError):
    """A record or predictions file that cannot be trusted; the message names the file."""


def unknown_name(kind: str, name: str, known: Iterable[str], see: str) -> UserError:
    """Build the error for a name that no registry knows, with the nearest known name.

    Parameters
    ----------
    kind : str
        What was asked for, in the singular ("task").
    name : str
        The name that was given.
    known : iterable of str
        The names that exist.
    see : str
        The command that lists them.

    Examples
    --------
    >>> print(unknown_name("task", "digit", ["digits", "breast_cancer"], "run_bench.py list tasks"))
    Unknown task 'digit'. Did you mean 'digits'? See: run_bench.py list tasks
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return UserError(f"Unknown {kind} '{name}'.{hint} See: {see}")
