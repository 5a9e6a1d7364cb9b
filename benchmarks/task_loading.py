"""How long tasks take to be read from their source and cached, and to be opened again.

    AUTOWS_MIRROR=... python benchmarks/task_loading.py [task ...]

Uses a cache of its own. Tasks whose source is not to be had are named with the reason.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time


def main(names: list[str]) -> None:
    """Measure and print."""
    import tasks
    from autows.errors import AutoWSError
    from autows.runs.memory import peak_mb, reset_peak

    print(f"{'task':22}{'first s':>10}{'again ms':>10}{'rows':>10}{'rows/s':>10}{'peak MiB':>10}")
    for name in names:
        task = tasks.create(name)
        reset_peak()
        start = time.perf_counter()
        try:
            data = task.load()
        except AutoWSError as error:
            print(f"{name:22}{str(error)[:100]}")
            continue
        first = time.perf_counter() - start
        start = time.perf_counter()
        task.load()
        again = time.perf_counter() - start
        rows = len(data.y_pool) + len(data.y_test)
        numbers = f"{first:10.1f}{1000 * again:10.1f}{rows:10}{rows / first:10.0f}"
        print(f"{name:22}{numbers}{peak_mb() or 0:10.0f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AUTOWS_CACHE"] = folder
        main(sys.argv[1:] or ["digits", "navier_stokes_small", "mnist", "spherical_mnist", "youtube", "ecg"])
