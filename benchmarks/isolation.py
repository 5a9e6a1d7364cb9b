"""What isolation costs: a run that does nothing, with and without bubblewrap, and handing over a large pool.

    python benchmarks/isolation.py [pool rows] [features]

The same method is run here and in isolation; the difference is the price.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

METHOD = '''
"""Answers with the first class."""

import numpy as np
from autows import Labels, Method


class First(Method):
    """The first class for every row, after one look at each."""

    name = "first"

    def fit_predict(self, view, rng):
        sums = [float(np.asarray(X.sum())) for X in (view.X_pool, view.X_test)]
        zeros = [np.zeros(X.shape[0], dtype=int) for X in (view.X_pool, view.X_test)]
        return Labels(*zeros, n_classes=view.n_classes, info={"sums": sums})
'''


def timed(what: str, work: Callable[[], Any], repeat: int = 7) -> float:
    """Do something several times, and print and return the median of the seconds it took."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"{what:62} {median:8.3f} s   (least {min(seconds):.3f})")
    return median


def view_of(rows: int, features: int) -> Any:
    """Return a view with made-up features."""
    from autows.types import TaskView

    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows + 1000, features), dtype=np.float32)
    index = np.arange(100)
    return TaskView(X[index], index % 2, X[:rows], X[rows:], 2, seed_index=index)


def main() -> None:
    """Measure and print."""
    from autows.isolation import sandbox
    from autows.isolation.description import describe
    from autows.isolation.handover import content_order, write_view
    from autows.isolation.limits import Limits
    from autows.isolation.method import IsolatedMethod
    from autows.method_file import load_class

    rows, features = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (60_000, 784)
    small, large = view_of(1000, 64), view_of(rows, features)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "first.py"
        file.write_text(METHOD)
        rng = np.random.default_rng(0)
        timed("small view, run directly", lambda: load_class(file)().fit_predict(small, rng))
        if not sandbox.available():
            print(f"No sandbox: {sandbox.unavailable()}")
        for sandboxed in (False, True) if sandbox.available() else (False,):
            what = "with bubblewrap" if sandboxed else "without a sandbox"
            method = IsolatedMethod(
                file, None, describe(file, None, Limits(), sandboxed), Limits(), sandboxed
            )
            timed(f"describe, {what}", lambda s=sandboxed: describe(file, None, Limits(), s))  # type: ignore[misc]
            timed(f"small view, {what}", lambda m=method: m.fit_predict(small, rng))  # type: ignore[misc]
            timed(
                f"{rows:,} x {features} pool, {what}",
                lambda m=method: m.fit_predict(large, rng),  # type: ignore[misc]
                repeat=3,
            )
        timed(f"  of which: order of {rows:,} rows", lambda: content_order(large.X_pool), repeat=3)

        def hand_over() -> None:
            with tempfile.TemporaryDirectory() as target:
                write_view(large, Path(target))

        timed("  of which: order and writing", hand_over, repeat=3)


if __name__ == "__main__":
    main()
