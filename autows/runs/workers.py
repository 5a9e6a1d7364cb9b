"""Worker processes that can be ended one at a time: for time limits, crashes and Ctrl-C."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    "1",
)
"""Environment of a worker: parallelism is over runs, so each does its linear algebra on one thread."""


FOR_RUNS = (
    "autows.runs.cell",
    # The end model and the scores of every run import these when they are called.
    "scipy.optimize",
    "scipy.special",
    "sklearn.linear_model",
    "sklearn.metrics",
)
"""What a worker imports that is to work on cells."""


class TimedOut(Exception):
    """The work took longer than allowed and its worker was ended."""


class WorkerDied(Exception):
    """The worker ended in the middle of the work: a crash, or the system out of memory."""


class Worker:
    """One process of joblib's loky, started when first needed and replaced when it was ended.

    A pool of several processes would break as a whole when one of them is ended, and every run in
    flight with it; a pool of one does not have neighbours.

    Parameters
    ----------
    imports : sequence of str
        Modules that are there before the first call is timed.
    environment : mapping of str to str, optional
        Variables that the process has beside ours.
    """

    def __init__(
        self, imports: Sequence[str] = FOR_RUNS, environment: Mapping[str, str] | None = None
    ) -> None:
        self._imports = tuple(imports)
        self._environment = {**ONE_THREAD, **(environment or {})}
        self._executor: Any = None
        self._lock = threading.Lock()
        self._closed = False

    def call(self, function: Callable[..., T], *arguments: Any, timeout: float | None = None) -> T:
        """Call a function in the worker and wait for it.

        Parameters
        ----------
        function : callable
            Importable by name.
        *arguments : Any
            Picklable.
        timeout : float, optional
            Seconds from when the worker is up; after that it is ended.

        Raises
        ------
        TimedOut
            If the time was over.
        WorkerDied
            If the worker ended by itself.
        """
        from joblib.externals.loky.process_executor import BrokenProcessPool

        try:
            future = self._started().submit(function, *arguments)
            return future.result(timeout)
        except TimeoutError:
            if future.done():
                raise  # raised by the function itself
            self.end()
            raise TimedOut(f"not done after {timeout:g} s") from None
        except BrokenProcessPool as error:
            self.end()
            raise WorkerDied(_cause(error)) from None

    def end(self, at_once: bool = True) -> None:
        """End the process, at once or after the call in progress; the next call starts another."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=at_once)

    def close(self, at_once: bool) -> None:
        """End the process for good; calls cut short and later ones raise :class:`WorkerDied`."""
        self._closed = True
        self.end(at_once)

    def _started(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        with self._lock:
            if self._closed:
                raise WorkerDied("closed")
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    max_workers=1, initializer=_begin, initargs=(os.getpid(),), env=self._environment
                )
            executor = self._executor
        with _ctrl_c_held_back():
            ready = executor.submit(_warm_up, self._imports)
        # Imports take a second; a time limit is about the work.
        ready.result()
        return executor


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Have processes that this thread starts not hear Ctrl-C before :func:`_begin` has them ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as lokys

    # Whichever thread starts these two hears Ctrl-C again afterwards.
    resource_tracker.ensure_running()
    lokys.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cause(error: BaseException) -> str:
    text = " ".join(str(error).split())
    found = [word for word in ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL") if word in text]
    if found:
        more = "; often the system was out of memory" if found == ["SIGKILL"] else ""
        return f"the worker process was ended by {found[0]}{more}"
    return "the worker process ended unexpectedly"


def _begin(parent: int) -> None:
    from joblib.externals.loky import process_executor

    # loky replaces a worker that has grown by 300 MB. Encoders and mapped pools are that large, and every
    # run would import them anew.
    process_executor._USE_PSUTIL = False
    # Ctrl-C goes to the whole process group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        # It was held back until here.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # Results go to the parent's stdout, so what a method prints must not.
    os.dup2(2, 1)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    """End this process when the parent is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _warm_up(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)
