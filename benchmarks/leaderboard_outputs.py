"""How long the leaderboard takes from a folder of records: to the table, and to every output.

Records are made up: 12 tasks, five kinds of features, 20 methods, as many draws as it takes; one method in
five has labeling functions. Run ``python benchmarks/leaderboard_outputs.py 10000`` or with another number.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from autows.runs.memory import peak_mb
from autows.runs.record import Key, Record
from autows.runs.store import RunStore

TASKS = [f"task_{letter}" for letter in "abcdefghijkl"]
FEATURES = ["raw", "pca", "patches", "resnet18", "clip"]
METHODS = [
    "majority_class",
    "logistic_regression",
    "label_spreading",
    "zero_shot_clip",
    *(f"method_{number}" for number in range(16)),
]


def made_up(task: str, representation: str, method: str, draw: int, rng: random.Random) -> Record:
    """Return a record as a run leaves it, with scores around a level of the method's own."""
    zero_shot = method in ("zero_shot_clip", "method_1", "method_2")
    encoders = {"representation": {"weights": "x"}} if representation in ("resnet18", "clip") else {}
    level = 0.3 + 0.6 * random.Random(method + task).random()
    accuracy = min(max(rng.gauss(level, 0.02), 0.0), 1.0)
    bins = [round((k + 0.5) / 15, 5) for k in range(15)]
    coverage = [round((k + 1) / 20, 5) for k in range(20)]
    n_lfs = 30 if method.endswith(("3", "8")) else 0
    lf = {
        **{"kind": "stump", "features": [3], "threshold": 0.5, "below": 0.1, "above": 0.8},
        **{"label": 1, "at_least": 0.5},
    }
    about = {
        "coverage": 0.3,
        "overlap": 0.2,
        "conflict": 0.1,
        "polarity": [1],
        "seed_votes": 9,
        "seed_correct": 7,
    }
    return Record(
        key=Key(
            task=task,
            task_version=1,
            task_variant="",
            representation=representation,
            representation_version=1,
            representation_parameters={},
            method=method,
            parameters={"label_model": "dawid_skene", "n_iterations": 23},
            source_hash="0" * 16,
            draw=draw,
            n_labels=100,
            encoders=encoders,
        ),
        status="ok",
        labels={"task": task, "representation": representation, "method": method},
        task_info={"title": task, "modality": "image", "n_classes": 10, "same_as": {}},
        method_info={
            "family": "autows" if n_lfs else "other",
            "needs": ["zero_shot"] if zero_shot else [],
            "summary": "A method that was made up.",
        },
        seconds={"fit": rng.random(), "end_model": 0.4, "total": 1.5},
        peak_memory_mb=300.0,
        scores={
            "accuracy": round(accuracy, 6),
            "accuracy_se": 0.01,
            "coverage": 1.0,
            "accuracy_covered": round(accuracy, 6),
            "pool_accuracy": round(accuracy, 6),
            "pool_coverage": 1.0,
            "macro_f1": round(accuracy, 6),
            "end_model_accuracy": round(accuracy, 6),
            "log_loss": 0.5,
            "brier": 0.3,
            "ece": 0.05,
            "accuracy_at_50": 0.9,
            "accuracy_at_80": 0.85,
            "accuracy_at_90": 0.8,
        },
        curves={
            "reliability": {"confidence": bins, "accuracy": bins, "share": [1 / 15] * 15},
            "risk_coverage": {"coverage": coverage, "accuracy": coverage[::-1]},
        },
        ledger={"n": 100, "per_class": [10] * 10, "draw": "0" * 16},
        info={"lfs": [lf] * n_lfs, "lf_analysis": [about] * n_lfs},
        provenance={
            "project_version": "0.1.0",
            "packages": {"numpy": "2"},
            "cpu": "a processor",
            "git": None,
        },
        finished_at="2026-01-01T00:00:00+00:00",
    )


def write(folder: Path, number: int) -> None:
    """Write so many records."""
    rng = random.Random(0)
    store = RunStore(folder)
    written, draw = 0, 0
    while written < number:
        for task in TASKS:
            for representation in FEATURES:
                for method in METHODS:
                    if written < number:
                        record = made_up(task, representation, method, draw, rng)
                        path = store.path(record.key)
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(record.to_text(), encoding="utf-8")
                        written += 1
        draw += 1


def main() -> None:
    """Time each stage once."""
    import logging

    from leaderboard.board import assemble
    from leaderboard.gathering import table_of
    from leaderboard.render import write as write_outputs

    logging.disable()
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        write(folder, number)
        begun = time.process_time()
        table = table_of([folder], submissions=None)
        read = time.process_time()
        board = assemble(table)
        built = time.process_time()
        write_outputs(board, folder / "out")
        done = time.process_time()
        print(
            f"{number} records: long table {read - begun:.1f} s, rows and statistics {built - read:.1f} s, "
            f"outputs {done - built:.1f} s, {peak_mb():.0f} MiB at the peak"
        )


if __name__ == "__main__":
    main()
