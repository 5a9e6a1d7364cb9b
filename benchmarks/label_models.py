"""Seconds and memory of each label model on simulated votes, beside snorkel and crowd-kit where installed.

    python benchmarks/label_models.py [NAME ...]

Votes are of 10 classes; a labeling function votes on 5 to 50 % of rows and is right on 20 to 60 % of
those; 1,000 rows are seeds. Every measurement is a process of its own. "Beyond" is its peak resident
memory less what it held before ``fit``; "peak" is all of it, pages of a memory-mapped file included.
Budgets are for one core (``OMP_NUM_THREADS=1``); where others use the machine, seconds of the processor
say more than those of the clock. The other libraries run on 20,000 rows, beside ours on the same rows.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

K, SEEDS = 10, 1_000
FEW = 20_000
BUDGETS = {"dawid_skene": 10.0, "metal": 10.0, "majority_vote": 2.0}


def simulate(path: Path, N: int, m: int) -> None:
    """Write votes, (N, m) int8, and labels beside them, a part at a time."""
    rng = np.random.default_rng(0)
    accuracy, coverage = rng.uniform(0.2, 0.6, m), rng.uniform(0.05, 0.5, m)
    L = np.lib.format.open_memmap(path, mode="w+", dtype=np.int8, shape=(N, m))
    labels = np.empty(N, dtype=np.int8)
    for start in range(0, N, 1 << 17):
        part = slice(start, min(start + (1 << 17), N))
        shape = (part.stop - start, m)
        labels[part] = y = rng.integers(K, size=shape[0], dtype=np.int8)
        wrong = (y[:, None] + rng.integers(1, K, size=shape, dtype=np.int8)) % K
        votes = np.where(rng.random(shape, dtype=np.float32) < accuracy, y[:, None], wrong)
        L[part] = np.where(rng.random(shape, dtype=np.float32) < coverage, votes, -1)
    L.flush()
    np.save(path.with_suffix(".labels.npy"), labels)


def peak_bytes() -> int:
    """Return the most memory this process has held."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def measure_ours(name: str, L: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fit one of our label models and return posteriors."""
    from autows.label_models import create

    return create(name, n_classes=K).fit(L, y[:SEEDS], np.array(L[:SEEDS])).predict_proba(L)


def measure_snorkel(L: np.ndarray, **_: Any) -> np.ndarray:
    """Fit Snorkel's label model with its defaults."""
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=K, verbose=False)
    model.fit(L, progress_bar=False, seed=0)
    return model.predict_proba(L)


def measure_snorkel_majority(L: np.ndarray, **_: Any) -> np.ndarray:
    """Take Snorkel's majority vote."""
    from snorkel.labeling.model import MajorityLabelVoter

    return MajorityLabelVoter(cardinality=K).predict_proba(L)


def measure_crowdkit(L: np.ndarray, **_: Any) -> np.ndarray:
    """Fit crowd-kit's Dawid-Skene with its defaults, the table it wants included."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    rows, lfs = np.nonzero(L >= 0)
    votes = pd.DataFrame({"task": rows, "worker": lfs, "label": L[rows, lfs].astype(int)})
    P = np.full((len(L), K), 1 / K)
    found = DawidSkene().fit_predict_proba(votes)
    P[found.index.to_numpy()] = found[list(range(K))].to_numpy()
    return P


OTHERS = {
    "snorkel LabelModel": ("snorkel", measure_snorkel, "metal"),
    "snorkel MajorityLabelVoter": ("snorkel", measure_snorkel_majority, "majority_vote"),
    "crowd-kit DawidSkene": ("crowdkit", measure_crowdkit, "dawid_skene"),
}


def child(name: str, path: str, rows: str, mapped: str) -> None:
    """Run one label model and print what it took as JSON."""
    import scipy.optimize
    import scipy.special  # noqa: F401

    from autows.label_models import REGISTRY, names

    y = np.load(Path(path).with_suffix(".labels.npy"))
    L = np.load(path, mmap_mode="r" if mapped == "mapped" else None)[: int(rows)]
    if name in OTHERS:
        importlib.import_module(OTHERS[name][0])
        L = L.astype(int)
    else:
        REGISTRY.get(name.partition("[")[0])
    assert names()
    held, start, cpu = peak_bytes(), time.perf_counter(), time.process_time()
    P = OTHERS[name][1](L) if name in OTHERS else measure_ours(name, L, y)
    seconds, cpu, peak = time.perf_counter() - start, time.process_time() - cpu, peak_bytes()
    right = float(np.mean(P[SEEDS:].argmax(axis=1) == y[SEEDS : len(L)]))
    found = {"seconds": seconds, "cpu": cpu, "beyond": peak - held, "peak": peak, "accuracy": right}
    print(json.dumps(found))


def measure(name: str, path: Path, rows: int, mapped: bool = False) -> dict[str, float] | str:
    """Run a child; return its measurements, or the last line of what it died of."""
    command = [
        sys.executable,
        __file__,
        "--child",
        name,
        str(path),
        str(rows),
        "mapped" if mapped else "held",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def report(name: str, found: dict[str, float] | str, note: str = "") -> None:
    """Print one line."""
    if isinstance(found, str):
        print(f"{name:28} {found}", flush=True)
        return
    numbers = f"{found['seconds']:8.2f} {found['cpu']:8.2f}"
    numbers += f" {found['beyond'] / 2**30:12.2f} {found['peak'] / 2**30:9.2f}"
    print(f"{name:28} {numbers} {found['accuracy']:9.3f}  {note}", flush=True)


def small_fits() -> None:
    """Print milliseconds of the fits that a verifier makes round after round."""
    from autows.label_models import create

    rng = np.random.default_rng(0)
    y = rng.integers(K, size=5_100)
    for m in (30, 120, 250):
        label = np.arange(m) % K
        fires = np.where(y[:, None] == label, rng.random((len(y), m)) < 0.5, rng.random((len(y), m)) < 0.05)
        L = np.where(fires, label, -1).astype(np.int8)
        seconds = []
        for _ in range(7):
            start = time.perf_counter()
            model = create("dawid_skene", n_classes=K, max_iter=20, tol=1e-3)
            model.fit(L[100:], y[:100], L[:100])
            seconds.append(time.perf_counter() - start)
        print(f"dawid_skene, 5,000 rows, {m:3} LFs of one class each: {1e3 * min(seconds):7.1f} ms")


def main() -> None:
    """Measure and print."""
    from autows.label_models import names

    head = f"{'':28} {'seconds':>8} {'of cpu':>8} {'beyond / GiB':>12} {'peak/GiB':>9} {'accuracy':>9}"
    chosen = sys.argv[1:] or names()
    with tempfile.TemporaryDirectory() as folder:
        votes = Path(folder) / "million.npy"
        simulate(votes, 1_000_000, 100)
        print(f"1,000,000 rows, 100 labeling functions, in memory\n{head}")
        for name in chosen:
            limit = BUDGETS.get(name.partition("[")[0])
            report(name, measure(name, votes, 1_000_000), f"budget {limit:.0f} s, 2 GiB" if limit else "")
        print(f"\n{FEW:,} rows of these\n{head}")
        for name, (package, _, ours) in OTHERS.items():
            if ours not in chosen:
                continue
            own = measure(ours, votes, FEW)
            report(ours, own)
            if importlib.util.find_spec(package) is None:
                print(f"{name:28} not installed")
                continue
            found = measure(name, votes, FEW)
            both = isinstance(own, dict) and isinstance(found, dict)
            report(name, found, f"{found['cpu'] / own['cpu']:.1f} x ours" if both else "")
        votes.unlink()
        simulate(votes, 10_000_000, 50)
        print(f"\n10,000,000 rows, 50 labeling functions, memory-mapped\n{head}")
        for name in chosen:
            report(name, measure(name, votes, 10_000_000, mapped=True), "budget 4 GiB peak")
    print()
    small_fits()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
