"""Make the project's own records of the quick suite, which lie in ``leaderboard/results``.

``python scripts/reference_records.py`` runs what is not there yet or whose code has changed: the suite, some
methods with other numbers of labels, and the stages of Snuba - and writes the records without
predictions. Commit the code first: records say which commit they are of.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

import tasks
from autows import method, representations
from autows.errors import UserError
from autows.runs.cell import Cell
from autows.runs.plan import plan, run
from autows.runs.progress import ProgressBar
from autows.runs.record import Record
from autows.runs.store import RunStore
from commands.options import cells_of, worker_processes
from leaderboard.sources import REFERENCE

LABELS = (10, 25, 50, 200, 400, 1000)
"""Numbers of labels of the learning curves, beside the suite's 100."""
LEARNERS = ("logistic_regression", "label_spreading", "self_training")
FEATURES = ("raw", "glyph_clip")
STAGED = "snuba"


def suite_cells() -> list[Cell]:
    """Return the cells of the quick suite."""
    return cells_of("quick", None, None, None, None, 100, "auto")


def curve_cells() -> list[Cell]:
    """Return the cells of learning curves on digits, as far as the pool goes."""
    digits = tasks.create("digits")
    made = []
    for n in LABELS:
        if n < digits.n_pool:
            made += plan(
                [digits],
                [representations.create(name) for name in FEATURES],
                [method.create(name) for name in LEARNERS],
                3,
                n,
            )
    return made


def keep(records: list[Record], folder: Path) -> None:
    """Write records to a folder in the place of what is there, without their predictions."""
    fresh = RunStore(folder / "new")
    for record in records:
        fresh.write(replace(record, predictions=None))
    old = folder / "records"
    if old.exists():
        shutil.rmtree(old)
    fresh.records.rename(old)
    shutil.rmtree(fresh.root)


def main() -> int:
    """Run, keep, and say what was done."""
    from autows.runs.diagnostics.diagnose import diagnose

    if sys.argv[1:]:
        raise UserError("This script takes no arguments")
    with tempfile.TemporaryDirectory() as name:
        store = RunStore(Path(name))
        for record in RunStore(REFERENCE).scan():
            # Stages are computed from predictions, which are not kept here.
            if isinstance(record, Record) and record.key.method != STAGED:
                store.write(record)
        cells = suite_cells() + curve_cells()
        outcome = run(cells, store, worker_processes(None), progress=ProgressBar())
        if outcome.troubled:
            click.echo("\n".join(f"{r.key.path}: {r.reason}" for r in outcome.troubled), err=True)
            return 1
        keep(outcome.records, REFERENCE)
        by_id = {record.key.id: record for record in outcome.records}
        staged = [(cell, by_id[cell.key.id]) for cell in cells if cell.method.name == STAGED]
        diagnose(staged, store, "stages", worker_processes(None), ProgressBar())
        shutil.rmtree(REFERENCE / "diagnostics", ignore_errors=True)
        shutil.copytree(store.root / "diagnostics", REFERENCE / "diagnostics")
    click.echo(f"{len(outcome.records)} records in {REFERENCE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
