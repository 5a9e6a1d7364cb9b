"""A progress bar on stderr for people who wait."""

from __future__ import annotations

import sys
import threading
from typing import Any

from autows.runs.plan import Progress
from autows.runs.record import Record


class ProgressBar(Progress):
    """Shows how much is done and what is being worked on; failures are told as they come."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._live = sys.stderr.isatty()
        self._told: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def begin(self, total: int, unit: str) -> None:
        """Open a bar in the place of the one before."""
        from tqdm import tqdm

        self.stop()
        # A log file gets a line now and then instead of a moving bar.
        often = 0.1 if self._live else 30.0
        self._bar = tqdm(
            total=total,
            unit=unit,
            # Without the seconds a step, which say less than what is left, to fit a narrow terminal.
            bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} {unit} [{elapsed}<{remaining}{postfix}]",
            file=sys.stderr,
            dynamic_ncols=True,
            smoothing=0.05,
            mininterval=often,
        )

    def current(self, what: str) -> None:
        """Show what is being worked on."""
        with self._lock:
            if self._bar is not None:
                self._bar.set_postfix_str(what, refresh=self._live)

    def step(self) -> None:
        """Move on by one."""
        with self._lock:
            if self._bar is not None:
                self._bar.update()

    def trouble(self, record: Record) -> None:
        """Say what failed, once for the same reason on the same task."""
        what = (record.key.task, record.status, record.reason)
        with self._lock:
            if self._bar is not None and what not in self._told:
                self._told.add(what)
                name = " / ".join([record.key.task, record.labels["representation"], record.labels["method"]])
                self._bar.write(f"{record.status}: {name}: {record.reason}", file=sys.stderr)

    def stop(self) -> None:
        """Close the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.set_postfix_str("", refresh=False)
                self._bar.close()
                self._bar = None
