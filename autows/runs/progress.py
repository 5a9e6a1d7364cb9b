"""A progress bar on stderr for people who wait."""

from __future__ import annotations

import sys
from typing import Any

from autows.runs.plan import Progress
from autows.runs.record import Record


class ProgressBar(Progress):
    """Shows how many cells are done and which one is being worked on; failures are told as they come."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._live = sys.stderr.isatty()
        self._told: set[tuple[str, ...]] = set()

    def start(self, total: int, found: int) -> None:
        """Open the bar, if there is anything to do."""
        from tqdm import tqdm

        if found:
            tqdm.write(f"{found} runs are there already", file=sys.stderr)
        if total:
            # A log file gets a line now and then instead of a moving bar.
            often = 0.1 if self._live else 30.0
            self._bar = tqdm(
                total=total,
                unit="run",
                file=sys.stderr,
                dynamic_ncols=True,
                smoothing=0.05,
                mininterval=often,
            )

    def current(self, what: str) -> None:
        """Show what is being worked on."""
        self._bar.set_postfix_str(what, refresh=self._live)

    def done(self, record: Record) -> None:
        """Move on by one; say what failed, once for the same reason on the same task."""
        self._bar.update()
        what = (record.key.task, record.status, record.reason)
        if record.status in ("failed", "timeout") and what not in self._told:
            self._told.add(what)
            name = " / ".join([record.key.task, record.labels["representation"], record.labels["method"]])
            self._bar.write(f"{record.status}: {name}: {record.reason}", file=sys.stderr)

    def stop(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str("", refresh=False)
            self._bar.close()
