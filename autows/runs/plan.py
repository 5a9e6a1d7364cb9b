"""Plans: which cells there are, which are still to be run, and running them side by side."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pickle import PickleError
from typing import TypeVar

from autows.draws import draw
from autows.dual_encoder import DualEncoder
from autows.errors import CorruptRecord, NotApplicable, UserError
from autows.method import Method
from autows.representation import Representation
from autows.runs.cell import Cell, execute, explain, finished
from autows.runs.provenance import provenance
from autows.runs.record import Record
from autows.runs.store import Claimed, RunStore
from autows.runs.workers import TimedOut, Worker, WorkerDied
from autows.task import Task
from autows.zero_shot.speaker import choose, encoder

T = TypeVar("T")


def left_out(cells: Sequence[Cell], methods: Sequence[Method]) -> list[str]:
    """Return the methods of a plan that no cell has: they need text embeddings, which no feature has."""
    planned = {cell.method.spec for cell in cells}
    return [method.spec for method in methods if method.spec not in planned]


def plan(
    tasks: Iterable[Task],
    representations: Sequence[Representation],
    methods: Sequence[Method],
    draws: int,
    n_labels: int,
    zero_shot: str = "auto",
) -> list[Cell]:
    """Return the cells of a full cross of tasks, representations, methods and draws.

    Representations that do not work on a task's modality are left out, and so are methods that need
    text embeddings on features that have none. ``zero_shot`` says which model
    speaks, see :func:`autows.zero_shot.speaker.choose`; it is asked for only if a method needs it.

    Raises
    ------
    UserError
        If a task's pool is too small for the number of labels, ``draws`` is not positive, no
        representation works on a task, or no method has features to run on.
    """
    if zero_shot not in ("auto", "none"):
        encoder(zero_shot)
    cells = []
    for task in tasks:
        if task.card.n_pool is not None:
            draw(task, draws - 1, n_labels)
        fitting = [r for r in representations if not r.modalities or task.card.modality in r.modalities]
        if not fitting:
            names = ", ".join(r.name for r in representations)
            raise UserError(
                f"Task '{task.card.id}' is {task.card.modality}, on which {names} does not work. "
                "See: run_bench.py list representations"
            )
        asked = any("zero_shot" in method.requirements for method in methods)
        speaker = choose(task.card, zero_shot) if asked else None
        for representation in fitting:
            for method in methods:
                textless = not isinstance(representation, DualEncoder)
                if "class_embeddings" in method.requirements and textless:
                    continue
                speaks = speaker if "zero_shot" in method.requirements else None
                cells += [Cell(task, representation, method, k, n_labels, speaks) for k in range(draws)]
    if not cells:
        raise UserError(
            f"No features with text embeddings for {', '.join(method.spec for method in methods)}; add clip, "
            "glyph_clip or sentence to --representations, as far as they work on these tasks"
        )
    return cells


@dataclass
class Outcome:
    """What became of a plan.

    Parameters
    ----------
    records : list of Record
        One for each cell that is done, in the order in which they ended.
    executed : int
        How many were run now rather than found.
    corrupt : list of str
        Unreadable records that were run again.
    """

    records: list[Record] = field(default_factory=list)
    executed: int = 0
    corrupt: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say how many runs there are, how they ended, and how many were made now."""
        order = ("ok", "skipped", "failed", "timeout")
        ended = ", ".join(f"{self.counts[status]} {status}" for status in order if self.counts[status])
        n = len(self.records)
        now = {n: "", 0: " (made before)"}.get(self.executed, f" ({self.executed} made now)")
        return f"{n} {'run' if n == 1 else 'runs'}: {ended}{now}"

    @property
    def counts(self) -> Counter[str]:
        """How many records have each status."""
        return Counter(record.status for record in self.records)

    @property
    def troubled(self) -> list[Record]:
        """Records that failed or ran out of time."""
        return [r for r in self.records if r.status in ("failed", "timeout")]

    @property
    def notes(self) -> list[str]:
        """Where another label model answered than the one that is named."""
        noted = [r for r in self.records if r.info.get("label_model_note")]
        return sorted({f"{r.labels['method']} on {r.key.task}: {r.info['label_model_note']}" for r in noted})


class Progress:
    """What is told while a plan runs; the default tells nothing."""

    def begin(self, total: int, unit: str) -> None:
        """Hear that ``total`` things of a kind are to be done; ends what was begun before."""

    def current(self, what: str) -> None:
        """Hear what is being worked on."""

    def step(self) -> None:
        """Hear that one of them is done."""

    def trouble(self, record: Record) -> None:
        """Hear that a run failed or ran out of time."""

    def stop(self) -> None:
        """Hear that nothing more comes."""


def run(
    cells: Sequence[Cell],
    store: RunStore,
    jobs: int = 1,
    timeout: float | None = None,
    progress: Progress | None = None,
    retry_skipped: bool = False,
) -> Outcome:
    """Run what is not finished, ``jobs`` cells at a time, each in a worker process.

    Features are computed first, once for each task and representation. A method that raises, hangs
    or takes its process down is a failed record; everything else goes on. On KeyboardInterrupt the
    workers are ended and what is finished is kept.

    Parameters
    ----------
    cells : sequence of Cell
    store : RunStore
    jobs : int, default 1
        Worker processes.
    timeout : float, optional
        Seconds allowed for one cell.
    progress : Progress, optional
        Is told what happens.
    retry_skipped : bool, default False
        Also run again what was skipped, for when what was missing has been provided.

    Raises
    ------
    UserError
        If the results folder cannot be written.
    OSError
        If writing a record fails (a full disk).
    """
    store.make()
    progress = progress or Progress()
    outcome = Outcome()
    waiting = []
    for cell in cells:
        record = finished(store, cell.key, timeout)
        if record is not None and not (retry_skipped and record.status == "skipped"):
            outcome.records.append(record)
            continue
        try:
            store.read(cell.key)
        except CorruptRecord as error:
            outcome.corrupt.append(str(error))
        if record is not None:
            store.path(cell.key).unlink(missing_ok=True)
        waiting.append(cell)
    try:
        if waiting:
            _Crew(store, min(jobs, len(waiting)), timeout, progress, outcome).run(waiting)
    finally:
        progress.stop()
    return outcome


class _Crew:
    """Worker processes, each fed by a thread of its own from one queue."""

    def __init__(
        self, store: RunStore, jobs: int, timeout: float | None, progress: Progress, outcome: Outcome
    ) -> None:
        self.store, self.timeout, self.progress, self.outcome = store, timeout, progress, outcome
        self.workers = [Worker() for _ in range(jobs)]
        self.provenance = provenance()
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.fatal: BaseException | None = None
        self.elsewhere: list[Cell] = []

    def run(self, cells: Sequence[Cell]) -> None:
        pairs: dict[tuple[str, str], list[Cell]] = {}
        for cell in cells:
            pairs.setdefault((cell.task.card.id, cell.representation.spec), []).append(cell)
        try:
            ready: list[Cell] = []
            self.progress.begin(len(pairs), "features")
            self._side_by_side(
                list(pairs.values()), lambda worker, group: self._prepare(worker, group, ready)
            )
            rank = {id(cell): position for position, cell in enumerate(cells)}
            ready.sort(key=lambda cell: rank[id(cell)])
            if ready:
                self.progress.begin(len(ready), "runs")
            self._side_by_side(ready, self._execute)
            # What another process was at is done by now, or is taken over from it if it was ended.
            self._side_by_side(self.elsewhere, partial(self._execute, wait=True))
        except BaseException:
            self._close(at_once=True)
            raise
        self._close(at_once=self.fatal is not None)
        if self.fatal is not None:
            raise self.fatal

    def _close(self, at_once: bool) -> None:
        self.stopped.set()
        for worker in self.workers:
            worker.close(at_once)

    def _side_by_side(self, items: Sequence[T], do: Callable[[Worker, T], None]) -> None:
        todo: queue.SimpleQueue[T] = queue.SimpleQueue()
        for item in items:
            todo.put(item)

        def feed(worker: Worker) -> None:
            while not self.stopped.is_set():
                try:
                    item = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    do(worker, item)
                except BaseException as error:
                    if not self.stopped.is_set():
                        self.fatal = error
                    self.stopped.set()

        threads = [threading.Thread(target=feed, args=(worker,), daemon=True) for worker in self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            # A join without a limit would keep Ctrl-C from being seen on some systems.
            while thread.is_alive():
                thread.join(0.2)

    def _prepare(self, worker: Worker, group: list[Cell], ready: list[Cell]) -> None:
        first = group[0]
        self.progress.current(f"{first.task.card.id} / {first.representation.spec}")
        try:
            status, reason, trace = worker.call(prepare, first.task, first.representation)
        except WorkerDied as error:
            status, reason, trace = "failed", str(error), ""
        if self.stopped.is_set():
            return
        self.progress.step()
        if status == "ok":
            with self.lock:
                ready += group
            return
        for cell in group:
            self._give_up(cell, status, reason, trace)

    def _execute(self, worker: Worker, cell: Cell, wait: bool = False) -> None:
        self.progress.current(str(cell))
        work = partial(execute, cell, self.store, self.provenance, self.timeout, wait=wait)
        try:
            record = worker.call(work, timeout=self.timeout)
        except TimedOut as error:
            self._give_up(cell, "timeout", str(error))
        except WorkerDied as error:
            if not self.stopped.is_set():
                self._give_up(cell, "failed", str(error))
        except Claimed:
            with self.lock:
                self.elsewhere.append(cell)
            return
        except PickleError as error:
            self._give_up(cell, "failed", f"{cell.method.spec} cannot be sent to a worker: {error}")
        else:
            self._keep(record)
        self.progress.step()

    def _give_up(self, cell: Cell, status: str, reason: str, trace: str = "") -> None:
        record = cell.record(
            status,
            reason=reason,
            traceback=trace,
            timeout_seconds=self.timeout,
            provenance=dict(self.provenance),
        )
        with self.store.claim(cell.key):
            # It may have been finished in the last moment, here or by another process.
            self._keep(finished(self.store, cell.key, self.timeout) or self.store.write(record))

    def _keep(self, record: Record) -> None:
        with self.lock:
            self.outcome.records.append(record)
            self.outcome.executed += 1
            if record.status in ("failed", "timeout"):
                self.progress.trouble(record)


def prepare(task: Task, representation: Representation) -> tuple[str, str, str]:
    """Bring data and features of a task into the cache.

    Returns
    -------
    status, reason, traceback : str
        ``ok``, or the status that all cells with these features get, why, and for what was not
        foreseen the traceback.
    """
    try:
        representation.features(task)
    except NotApplicable as error:
        return "skipped", str(error), ""
    except Exception as error:
        return "failed", *explain(error)
    return "ok", "", ""
