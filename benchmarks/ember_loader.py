"""How fast the ember task reads its archive, and that its memory does not grow with the rows.

    python benchmarks/ember_loader.py [rows ...]

Makes archives of made-up rows that are about as large as real ones, and loads each in a process of
its own, first to the arrays alone and then through ``load``, which also takes the fingerprint. For that
it reads the arrays through memory maps, whose pages count as memory of the process although the system
can take them back at any time: that number grows with the rows, up to the memory there is.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "tasks")]

TEST_SHARE = 0.2


def make(mirror: Path, rows: int) -> float:
    """Write an archive into a mirror folder and return its size in MiB."""
    from ember_rows import as_lines, pack, raw_rows

    from tasks.ember import ARCHIVE, SITE

    n_test = int(TEST_SHARE * rows)
    half = (rows - n_test) // 2
    members = {
        "train_features_0.jsonl": as_lines(raw_rows(half, seed=0)),
        "train_features_1.jsonl": as_lines(raw_rows(rows - n_test - half, seed=1)),
        "test_features.jsonl": as_lines(raw_rows(n_test, seed=2)),
    }
    return pack(mirror / SITE / ARCHIVE, members, compresslevel=9).stat().st_size / 2**20


def measure(mirror: Path, warm: Path, through_load: bool) -> tuple[float, float]:
    """Return seconds and the peak memory in MiB beyond the start of reading one archive."""
    from autows.runs.memory import peak_mb, reset_peak
    from tasks.ember import Ember

    def read(folder: Path) -> float:
        with tempfile.TemporaryDirectory() as place:
            os.environ |= {"AUTOWS_MIRROR": str(folder), "AUTOWS_CACHE": place}
            start = time.perf_counter()
            if through_load:
                Ember().load()
            else:
                Ember().write(Path(place))
            return time.perf_counter() - start

    # What is imported once does not count.
    read(warm)
    if not reset_peak():
        print("This system cannot reset the peak: memory includes what came before")
    before = peak_mb() or 0.0
    seconds = read(mirror)
    return seconds, (peak_mb() or 0.0) - before


def alone(function, *arguments):
    """Call a function in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main() -> None:
    """Measure and print."""
    sizes = [int(argument) for argument in sys.argv[1:]] or [20_000, 5_000]
    with tempfile.TemporaryDirectory() as place:
        warm = Path(place) / "warm"
        alone(make, warm, 10)
        for rows in sizes:
            mirror = Path(place) / f"rows-{rows}"
            size = alone(make, mirror, rows)
            print(f"{rows} rows, archive of {size:.1f} MiB")
            for through_load in (False, True):
                seconds, memory = alone(measure, mirror, warm, through_load)
                what = "load (write, fingerprint, checks)" if through_load else "write (arrays alone)"
                print(f"  {rows / seconds:8,.0f} rows/s  {memory:7.1f} MiB beyond the start  {what}")


if __name__ == "__main__":
    main()
