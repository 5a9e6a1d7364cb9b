"""How an isolated process can end without an answer, each as one line."""

from __future__ import annotations

import signal

from autows.errors import AutoWSError, OutOfTime
from autows.isolation.limits import Limits, mebibytes

MAX_REASON = 500
MAX_TRACE = 20_000


class MethodEnded(AutoWSError):
    """An isolated method gave no answer that counts; the message says why.

    Parameters
    ----------
    reason : str
        One line.
    trace : str
        The method's traceback, or the last of what it printed.
    """

    def __init__(self, reason: str, trace: str = "") -> None:
        # Both are arguments of the exception, so that they survive the way from a worker.
        super().__init__(reason, trace)
        self.trace = trace

    def __str__(self) -> str:
        return str(self.args[0])


class OverTime(MethodEnded, OutOfTime):
    """An isolated method was not done in time, on the clock or of the processor.

    Parameters
    ----------
    reason, trace : str
        As for :class:`MethodEnded`.
    limit_seconds : float or None
        The limit on the clock, in seconds; that of the processor goes with it.
    """

    def __init__(self, reason: str, trace: str = "", limit_seconds: float | None = None) -> None:
        super().__init__(reason, trace)
        self.args = (reason, trace, limit_seconds)
        self.limit_seconds = limit_seconds


class SandboxFailed(AutoWSError):
    """The isolation could not be set up; this says nothing about the method."""


def exit_reason(returncode: int, limits: Limits, sandboxed: bool) -> str:
    """Say how a process ended that left no report.

    Parameters
    ----------
    returncode : int
        Exit status, or minus the signal that ended it. Inside the sandbox a signal arrives as 128 plus
        its number.
    limits : Limits
        What it was allowed.
    sandboxed : bool
        Whether bubblewrap stood in between.
    """
    number = -returncode
    if sandboxed and returncode > 128:
        number = returncode - 128
    if number <= 0:
        return f"exited with status {returncode} without an answer"
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"ended by signal {number}"
    if name == "SIGXCPU":
        return over_cpu(limits)
    if name == "SIGXFSZ":
        return over_file(limits)
    more = "; often the system was out of memory" if name == "SIGKILL" else ""
    return f"ended by signal {name}{more}"


def over_cpu(limits: Limits) -> str:
    """Say that the processor time was used up."""
    return f"used more than {limits.cpu_seconds:g} CPU seconds"


def over_file(limits: Limits) -> str:
    """Say that a file became too large."""
    return f"wrote more than {mebibytes(limits.file_bytes)} into one file"


def over_memory(limits: Limits) -> str:
    """Say that there was not enough memory."""
    return f"used more than {mebibytes(limits.memory_bytes)} of memory"


def over_time(limits: Limits) -> str:
    """Say that the time was over."""
    return f"not done after {limits.wall_seconds:g} s"


def one_line(text: str, most: int = MAX_REASON) -> str:
    r"""Return somebody else's text as one line that can be shown on a terminal.

    Examples
    --------
    >>> one_line("bad\x1b[31m\nnews")
    'bad [31m news'
    """
    shown = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    line = " ".join(shown.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def many_lines(text: str, most: int = MAX_TRACE) -> str:
    """Return the end of somebody else's text, lines kept, that can be shown on a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[-most:])
