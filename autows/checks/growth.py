"""Checks on large pools: time and memory do not grow as their square, and answers stay the same."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from autows.checks.cases import blobs
from autows.checks.compare import difference
from autows.checks.contract import Failed, check
from autows.checks.subject import Subject
from autows.runs.memory import give_back, peak_mb, reset_peak
from autows.types import Labels

T = TypeVar("T")

STEEPEST = 1.7
"""Least exponent that counts as quadratic."""
LEAST_MB = 1.0
"""Memory below which growth is not judged."""
UNTRACED_MB = 64.0
"""Growth of the process's memory that counts although Python does not know of it."""
TIME_NOISE, MEMORY_NOISE = 0.1, 0.05
"""Relative standard deviations of a measurement."""


@dataclass(frozen=True)
class Growth:
    """How a cost grows.

    Parameters
    ----------
    exponent : float
        Of the part that grows.
    least : float
        The smallest exponent that is still within two standard deviations.
    """

    exponent: float
    least: float


def growth(sizes: Sequence[int], costs: Sequence[float], noise: float) -> Growth:
    """Fit ``fixed + c * size ** exponent`` to costs, with ``fixed`` and ``c`` not negative.

    Parameters
    ----------
    sizes : sequence of int
    costs : sequence of float
        Positive.
    noise : float
        Relative standard deviation of the costs.

    Returns
    -------
    Growth

    Examples
    --------
    >>> growth([1, 2, 4, 8], [5.0, 8.0, 20.0, 68.0], noise=0.05).exponent
    2.0
    """
    from scipy.optimize import nnls

    N = np.asarray(sizes, dtype=np.float64) / max(sizes)
    y = np.asarray(costs, dtype=np.float64)
    exponents = np.round(np.arange(0.0, 3.01, 0.05), 2)
    misfit = []
    for exponent in exponents:
        A = np.stack([np.ones_like(N), N**exponent], axis=1) / y[:, None]
        misfit.append((nnls(A, np.ones_like(N))[1] / noise) ** 2)
    best = int(np.argmin(np.round(misfit, 6)))
    likely = np.asarray(misfit) <= misfit[best] + 4.0
    return Growth(float(exponents[best]), float(exponents[np.flatnonzero(likely)[0]]))


def _ladder(subject: Subject) -> list[Callable[[], Labels]]:
    """Return runs on pools of growing size, all with the same few seeds."""
    return [
        partial(
            subject.fit,
            blobs(subject.world, n_classes=2, n_seeds=8, pool=size, test=20, d=4, seed=2),
            on=f"a pool of {size:,}",
        )
        for size in subject.effort.pool_sizes
    ]


def _seconds(work: Callable[[], T]) -> tuple[float, T]:
    # Processor time: what else the machine does is not the method's fault.
    start = time.process_time()
    done = work()
    return max(time.process_time() - start, 1e-6), done


def _megabytes(work: Callable[[], object]) -> float:
    resettable = reset_peak()
    before = peak_mb() if resettable else None
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        at_start = tracemalloc.get_traced_memory()[0]
        work()
        traced = (tracemalloc.get_traced_memory()[1] - at_start) / 2**20
    finally:
        if not running:
            tracemalloc.stop()
    after = peak_mb() if resettable else None
    untraced = 0.0 if before is None or after is None else after - before
    return max(traced, untraced if untraced > UNTRACED_MB else 0.0, 1e-3)


@dataclass(frozen=True)
class Largest:
    """A run on the largest pool.

    Parameters
    ----------
    seconds : float
        Processor time.
    resident_mb : float or None
        By how much the process grew at most, in MiB; None where the system does not tell. Tracing what Python
        asks for is exact, and makes a run take three times as long.
    labels : Labels
        The answer.
    """

    seconds: float
    resident_mb: float | None
    labels: Labels


def _largest(subject: Subject) -> Largest:
    subject.answer("base")  # The first run imports.

    def run() -> Largest:
        told = give_back() and reset_peak()
        before = peak_mb() if told else None
        seconds, labels = _seconds(_ladder(subject)[-1])
        after = peak_mb() if told else None
        return Largest(seconds, None if before is None or after is None else after - before, labels)

    return subject.once("largest pool", run)


_ADVICE = (
    "Pools have up to 600,000 rows, where a matrix of all pairs has 1.4 terabytes. Walk over the rows in "
    "blocks, look at a sample, or use neighbour search (autows.neighbors)."
)


@check("Its time does not grow as the square of the pool", _ADVICE)
def growth_of_time(subject: Subject) -> str:
    """Measure processor time on a ladder of pools; a steep ladder is measured twice."""
    sizes, most = subject.effort.pool_sizes, _largest(subject).seconds
    if most < subject.effort.least_seconds:
        return f"{most:.2g} s on a pool of {sizes[-1]:,}, too little to say how it grows"
    runs = _ladder(subject)
    costs = [*(_seconds(run)[0] for run in runs[:-1]), most]
    if growth(sizes, costs, TIME_NOISE).least >= STEEPEST:
        costs = [min(cost, _seconds(run)[0]) for cost, run in zip(costs, runs, strict=True)]
    return _judged("its time", "s", sizes, costs, TIME_NOISE)


@check("Its memory does not grow as the square of the pool", _ADVICE)
def growth_of_memory(subject: Subject) -> str:
    """Measure the peak of memory on a ladder of pools, if that of the process says that there may be one."""
    sizes, most = subject.effort.pool_sizes, _largest(subject).resident_mb
    # What has less than a bit a pair of rows holds no matrix of pairs.
    enough = max(LEAST_MB, sizes[-1] ** 2 / 8 / 2**20)
    # The system counts pages, and those of a process roughly.
    if most is None or most >= enough / 2:
        most = _megabytes(_ladder(subject)[-1])
    if most < enough:
        return f"{most:.1g} MiB on a pool of {sizes[-1]:,}, too little for a matrix of all pairs"
    # Smallest first: what the largest leaves with the allocator would hide what smaller ones need.
    costs = [_megabytes(run) for run in _ladder(subject)]
    return _judged("its memory", "MiB", sizes, costs, MEMORY_NOISE)


@check(
    "It gives the same answer twice on a large pool, too",
    "Many rows are worked on in another way than few: in blocks, on a sample, in threads. Let all randomness "
    "there come from rng, too.",
)
def large_pool(subject: Subject) -> None:
    """Compare the answer of the run whose time was measured with that of another."""
    found = difference(_largest(subject).labels, _ladder(subject)[-1]())
    if found:
        raise Failed(
            f"with the same generator and {subject.effort.pool_sizes[-1]:,} rows in the pool, {found}"
        )


def _judged(what: str, unit: str, sizes: Sequence[int], costs: Sequence[float], noise: float) -> str:
    found = growth(sizes, costs, noise)
    if found.least >= STEEPEST:
        steps = ", ".join(f"{cost:.2g} {unit} at {size:,}" for size, cost in zip(sizes, costs, strict=True))
        raise Failed(f"{what} grows with exponent {found.exponent:.1f} in the rows of the pool: {steps}")
    return f"grows with exponent {found.exponent:.1f}; {costs[-1]:.2g} {unit} on a pool of {sizes[-1]:,}"
