"""Vary one thing about methods."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from autows.params import split_specs
from commands.options import (
    cells_of,
    jobs_option,
    plan_options,
    results_option,
    worker_processes,
)


@click.command("ablate")
@click.option("--axis", required=True, metavar="PARAMETER", help="What to vary, e.g. label_model.")
@click.option("--values", metavar="A,B", help="Over which values [default: all there are].")
@plan_options
@jobs_option
@results_option
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON and nothing else.")
def command(
    axis: str,
    values: str | None,
    suite: str | None,
    tasks: str | None,
    methods: str | None,
    representations: str | None,
    draws: int | None,
    labels: int,
    zero_shot: str,
    jobs: int | None,
    results: Path,
    as_json: bool,
) -> int:
    """Vary one parameter of methods; stages that it does not touch are not computed again.

    With --axis label_model the label models are compared on the same votes. With --axis prompt methods that
    ask a foundation model are given one prompt at a time.
    """
    from autows.runs import ablation
    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore
    from leaderboard import ablation as tables

    given = cells_of(suite, tasks, methods, representations, draws, labels, zero_shot)
    over = None if values is None else split_specs(values)
    cells = ablation.vary(given, axis, over)
    varied = {cell.method.name for cell in cells}
    methods_given = {cell.method.spec: cell.method for cell in given}
    left_out = [spec for spec, m in methods_given.items() if m.name not in varied]
    if left_out:
        click.echo(f"Without {axis}, so left out: {', '.join(left_out)}", err=True)
    references = [
        tables.Reference(m.spec, m.name, m.get_params()) for m in methods_given.values() if m.name in varied
    ]
    tables.check(references, axis)
    records = []
    for stage in ablation.stages(cells):
        outcome = run_plan(stage, RunStore(results), worker_processes(jobs), progress=ProgressBar())
        records += outcome.records
    table = tables.build(records, axis, references)
    click.echo(json.dumps(asdict(table), sort_keys=True, indent=1) if as_json else tables.to_text(table))
    return 1 if any(r.status in ("failed", "timeout") for r in records) else 0
