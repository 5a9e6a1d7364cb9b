"""Diagnosing many finished runs: what is kept is read, the rest computed in worker processes."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from autows.errors import AutoWSError, CorruptRecord
from autows.runs.cell import Cell, explain
from autows.runs.diagnostics.diagnosis import Diagnosis, predictions_of, read, write
from autows.runs.diagnostics.kinds import COMPUTE, Finished
from autows.runs.plan import Progress
from autows.runs.record import Record
from autows.runs.store import RunStore
from autows.runs.workers import Worker, WorkerDied


@dataclass
class Diagnosed:
    """What became of a round of diagnoses.

    Parameters
    ----------
    found : dict of str to Diagnosis
        By the id of the run's key.
    computed : int
        How many were computed now rather than found.
    corrupt : list of str
        Files that could not be read and were computed again.
    failed : list of str
        Runs without a diagnosis, each with the reason.
    """

    found: dict[str, Diagnosis] = field(default_factory=dict)
    computed: int = 0
    corrupt: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def diagnose(
    runs: Sequence[tuple[Cell, Record]],
    store: RunStore,
    kind: str,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Diagnosed:
    """Return a diagnosis of each run, computing what is not kept, ``jobs`` at a time.

    Parameters
    ----------
    runs : sequence of (Cell, Record)
        Finished ones, whose status is ok.
    store : RunStore
    kind : str
        A key of :data:`~autows.runs.diagnostics.kinds.COMPUTE`.
    jobs : int, default 1
        Worker processes.
    progress : Progress, optional
        Is told what happens.

    Raises
    ------
    OSError
        If writing a diagnosis fails (a full disk).
    """
    progress = progress or Progress()
    outcome = Diagnosed()
    waiting = []
    for cell, record in runs:
        try:
            kept = read(store.root, record.key, kind, predictions_of(record))
        except CorruptRecord as error:
            outcome.corrupt.append(str(error))
            kept = None
        if kept is None:
            waiting.append((cell, record))
        else:
            outcome.found[record.key.id] = kept
    try:
        if waiting:
            _compute_all(waiting, store, kind, min(jobs, len(waiting)), progress, outcome)
    finally:
        progress.stop()
    return outcome


def compute(cell: Cell, record: Record, store: RunStore, kind: str) -> tuple[Diagnosis | None, str]:
    """Compute a diagnosis; return it, or None and the reason why there is none."""
    try:
        values = COMPUTE[kind](Finished.open(cell, record, store))
    except AutoWSError as error:
        return None, " ".join(str(error).split())
    except Exception as error:
        reason, trace = explain(error)
        return None, f"{reason}; {_where(trace)}"
    return Diagnosis(record.key.id, kind, predictions_of(record), tuple(values)), ""


def _where(trace: str) -> str:
    """Return the place in the code that a traceback ends at."""
    return [line.strip() for line in trace.splitlines() if line.strip().startswith("File ")][-1]


def _compute_all(
    waiting: Sequence[tuple[Cell, Record]],
    store: RunStore,
    kind: str,
    jobs: int,
    progress: Progress,
    outcome: Diagnosed,
) -> None:
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    workers = [Worker() for _ in range(jobs)]
    for worker in workers:
        idle.put(worker)

    def one(cell: Cell, record: Record) -> tuple[Any, str]:
        worker = idle.get()
        progress.current(str(cell))
        try:
            return worker.call(compute, cell, record, store, kind)
        except WorkerDied as error:
            return None, str(error)
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(jobs)
    done = False
    progress.begin(len(waiting), "diagnoses")
    try:
        todo = {threads.submit(one, cell, record): (cell, record) for cell, record in waiting}
        for future in as_completed(todo):
            cell, record = todo[future]
            diagnosis, reason = future.result()
            progress.step()
            if diagnosis is None:
                outcome.failed.append(f"{cell}: no diagnosis: {reason}")
                continue
            write(store.root, record.key, diagnosis)
            outcome.found[record.key.id] = diagnosis
            outcome.computed += 1
        done = True
    finally:
        for worker in workers:
            worker.close(at_once=not done)
        threads.shutdown(wait=True, cancel_futures=True)
