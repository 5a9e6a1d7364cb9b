"""Starts an isolated process, watches what it uses, and ends everything that came of it."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autows.isolation import keeper
from autows.isolation.ends import over_cpu, over_memory, over_time
from autows.isolation.folders import PrivateFolder, excess
from autows.isolation.limits import SOCKETS, Limits, mebibytes
from autows.isolation.processes import Tree, Usage, belongs_to

INTERVAL_SECONDS = 0.05
"""How often it is looked at; less often where looking takes longer."""

TAIL_BYTES = 8192
"""How much of what it prints is kept."""

_PATIENCE_SECONDS = 10.0
"""How long the keeper may take to end everything."""

_NUDGE_SECONDS = 0.2

_DELIVERY_SECONDS = 2.0
"""How long files may wait in sockets: whoever receives them does so in milliseconds."""


@dataclass(frozen=True)
class End:
    """How an isolated process ended.

    Parameters
    ----------
    returncode : int or None
        Exit status, minus the signal that ended it, or None if it was ended from here.
    reason : str or None
        The limit it went over, in words.
    over_time : bool
        Whether that was the time, on the clock or of the processor.
    printed : str
        The last of what it printed on standard error, or if nothing on standard output.
    seconds : float
        From its start to its end, in seconds.
    peak : Usage
        The most that it was seen to use of everything.
    """

    returncode: int | None
    reason: str | None
    over_time: bool
    printed: str
    seconds: float
    peak: Usage


@dataclass
class _Output:
    """One of the two streams: counted, and its end kept."""

    total: int = 0
    tail: bytearray = field(default_factory=bytearray)

    def take(self, block: bytes) -> None:
        self.total += len(block)
        self.tail = (self.tail + block)[-TAIL_BYTES:]


def supervise(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: PrivateFolder,
    limits: Limits,
    helpers: int = 0,
) -> End:
    """Run a command until it ends or goes over a limit; nothing that it started is left afterwards.

    Parameters
    ----------
    command : sequence of str
        The first is the path of a program.
    environment : mapping of str to str
        Its whole environment.
    folder : PrivateFolder
        Its ``own`` is where the command begins, and whose size is watched.
    limits : Limits
    helpers : int, default 0
        Processes of the sandbox, which do not count as the command's.

    Notes
    -----
    Between two looks a process can go over a limit unseen: at 50 ms by what can be allocated,
    forked or written in that time. The limits the system enforces (:meth:`Limits.apply`) bound that.
    """
    report_read, report_write = os.pipe()
    with os.fdopen(report_read, "rb", buffering=0) as report:
        try:
            watched = subprocess.Popen(
                [
                    sys.executable,
                    *("-I", "-S", "-B", keeper.__file__),
                    *(str(report_write), str(folder.root)),
                    *command,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=folder.own,
                env=dict(environment),
                pass_fds=(report_write,),
                start_new_session=True,
            )
        finally:
            os.close(report_write)
        watch = _Watch(watched, report, folder.own, limits, helpers)
        try:
            return watch.until_end()
        finally:
            _finish(watched, watch.tree, environment["HOME"])


class _Watch:
    """The look at one running process."""

    def __init__(
        self, watched: subprocess.Popen[bytes], report: object, own: Path, limits: Limits, helpers: int
    ) -> None:
        self.tree = Tree(watched.pid)
        self.watched, self.report, self.own = watched, report, own
        self.limits, self.helpers = limits, helpers
        self.begun = time.monotonic()
        self.output = {"stdout": _Output(), "stderr": _Output()}
        self.peak = Usage()
        self.delivered = self.begun

    def until_end(self) -> End:
        """Wait for the end, for a limit, or for an interrupt."""
        returncode: int | None = None
        reason: str | None = None
        due = self.begun
        with selectors.DefaultSelector() as selector:
            selector.register(self.report, selectors.EVENT_READ, "report")  # type: ignore[arg-type]
            for name in self.output:
                selector.register(getattr(self.watched, name), selectors.EVENT_READ, name)
            while returncode is None and reason is None:
                now = time.monotonic()
                if now >= due:
                    reason = self.excess()
                    took = time.monotonic() - now
                    due = now + max(INTERVAL_SECONDS, 5 * took)
                for key, _ in selector.select(max(0.0, due - time.monotonic())):
                    block = os.read(key.fd, 1 << 16)
                    if key.data != "report":
                        self.output[key.data].take(block)
                        if not block:
                            selector.unregister(key.fileobj)
                    elif block:
                        returncode = int(block.split()[0])
                    else:
                        reason = "ended the process that watches it"
                reason = reason or self._printed_too_much()
            seconds = time.monotonic() - self.begun
            self._drain(selector)
        late = reason in (over_time(self.limits), over_cpu(self.limits))
        return End(None if reason else returncode, reason, late, self._tail(), seconds, self.peak)

    def excess(self) -> str | None:
        """Say which limit is exceeded, or return None."""
        limits = self.limits
        most_processes = limits.processes + self.helpers + 1
        usage = self.tree.measure(limits.memory_bytes, most_processes)
        self.peak = Usage(
            *(max(getattr(usage, f), getattr(self.peak, f)) for f in Usage.__dataclass_fields__)
        )
        if usage.processes > most_processes:
            return f"started more than {limits.processes} processes"
        if usage.memory_bytes > limits.memory_bytes:
            return over_memory(limits)
        if self.peak.cpu_seconds > limits.cpu_seconds:
            return over_cpu(limits)
        if usage.sockets > SOCKETS:
            return f"opened more than {SOCKETS} sockets"
        now = time.monotonic()
        if now - self.begun > limits.wall_seconds:
            return over_time(limits)
        if not usage.files_in_sockets:
            self.delivered = now
        elif now - self.delivered > _DELIVERY_SECONDS:
            return "kept open files in a socket, where their size cannot be seen"
        return excess(self.own, limits, usage.unlinked_bytes)

    def _printed_too_much(self) -> str | None:
        if sum(output.total for output in self.output.values()) > self.limits.output_bytes:
            return f"printed more than {mebibytes(self.limits.output_bytes)}"
        return None

    def _drain(self, selector: selectors.BaseSelector) -> None:
        """Read what is left in the pipes, at most what they hold, so that the last words are kept."""
        for _ in range(64):
            ready = [key for key, _ in selector.select(0) if key.data != "report"]
            if not ready:
                return
            for key in ready:
                block = os.read(key.fd, 1 << 16)
                self.output[key.data].take(block)
                if not block:
                    selector.unregister(key.fileobj)

    def _tail(self) -> str:
        tail = self.output["stderr"].tail or self.output["stdout"].tail
        return tail.decode(errors="replace")


def _finish(watched: subprocess.Popen[bytes], tree: Tree, home: str) -> None:
    """Have the keeper end everything; do it from here if it cannot, or is not there any more."""
    assert watched.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # The exit status says so too.
        watched.stdin.write(keeper.WELL)
    watched.stdin.close()
    end = time.monotonic() + _PATIENCE_SECONDS
    kept: bool | None = None
    while kept is None and time.monotonic() < end:
        # Code with the rights of whoever runs the harness can stop it.
        watched.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            kept = watched.wait(_NUDGE_SECONDS) == 0
    if kept is None:
        # Even a stopped keeper is the parent of all orphans, so that none gets away.
        kept = keeper.end_all(watched.pid)
        watched.kill()
        watched.wait()
    if not kept:
        tree.seen.update(belongs_to(home))
        tree.kill()
    for stream in (watched.stdout, watched.stderr):
        if stream is not None:
            stream.close()
