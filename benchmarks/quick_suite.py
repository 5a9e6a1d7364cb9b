"""How long the main job takes, where the time goes, and how fast the light commands answer.

    python benchmarks/quick_suite.py

Runs ``run_bench.py`` in a results folder and a cache of its own, then again with everything there,
and reads the harness's overhead (everything but the method's fit and the end model) from the records.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def timed(*arguments: str, repeat: int = 1, **environment: str) -> float:
    """Return the shortest wall-clock time of a command in seconds."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, str(ROOT / "run_bench.py"), *arguments],
            check=True,
            capture_output=True,
            env={**os.environ, **environment},
        )
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT))
    from autows.runs.record import Record
    from autows.runs.store import RunStore

    print(f"{timed('--help', repeat=5):8.2f} s  run_bench.py --help")
    for kind in ("tasks", "methods", "suites"):
        print(f"{timed('list', kind, repeat=5):8.2f} s  run_bench.py list {kind}")
    with tempfile.TemporaryDirectory() as folder:
        results, cache = f"{folder}/results", f"{folder}/cache"
        run = ("run", "--suite", "quick", "--results")
        print(f"{timed(*run, results, AUTOWS_CACHE=cache):8.2f} s  quick suite, empty cache")
        print(f"{timed(*run, results, AUTOWS_CACHE=cache):8.2f} s  again, everything there")
        print(f"{timed(*run, f'{folder}/second', AUTOWS_CACHE=cache):8.2f} s  quick suite, filled cache")
        print(f"{timed('leaderboard', '--results', results):8.2f} s  leaderboard")
        records = [r for r in RunStore(Path(f"{folder}/second")).scan() if isinstance(r, Record)]
    done = [record for record in records if record.status == "ok"]
    overhead = sorted(record.seconds["overhead"] for record in done)
    print(f"\n{len(done)} runs, seconds a run by phase (median, maximum):")
    for phase in ("load", "represent", "fit", "end_model", "score", "overhead", "total"):
        values = [record.seconds[phase] for record in done]
        print(f"  {phase:10} {statistics.median(values):7.3f} {max(values):7.3f}")
    print(f"Harness overhead: {sum(overhead):.2f} s of {sum(r.seconds['total'] for r in done):.2f} s")


if __name__ == "__main__":
    main()
