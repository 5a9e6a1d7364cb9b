"""Run methods on tasks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from commands.options import (
    cells_of,
    jobs_option,
    plan_options,
    results_option,
    worker_processes,
)
from commands.wrapped import say


@click.command("run")
@plan_options
@jobs_option
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Limit for one run."
)
@results_option
@click.option("--retry-skipped", is_flag=True, help="Also try again what was skipped.")
@click.option(
    "--oracle",
    type=click.Choice(["seeds", "human"]),
    default="seeds",
    show_default=True,
    help="Who answers iws's questions; human: you, here; leave with q and go on with the same command.",
)
@click.option("--device", help="Where encoders run, e.g. cpu or cuda:1 [default: chosen].")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON and nothing else.")
def command(
    suite: str | None,
    tasks: str | None,
    methods: str | None,
    representations: str | None,
    draws: int | None,
    labels: int,
    zero_shot: str,
    jobs: int | None,
    timeout: float | None,
    results: Path,
    retry_skipped: bool,
    oracle: str,
    device: str | None,
    as_json: bool,
) -> int:
    """Run methods on tasks; what is finished is not run again."""
    if device is not None:
        os.environ["AUTOWS_DEVICE"] = device
    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore

    cells = cells_of(suite, tasks, methods, representations, draws, labels, zero_shot)
    if oracle == "human":
        from autows.runs.interactive import interview, with_person

        cells = with_person(cells)
        if not interview(cells, RunStore(results)):
            return 130
    jobs = worker_processes(jobs)
    outcome = run_plan(cells, RunStore(results), jobs, timeout, ProgressBar(), retry_skipped)
    for line in outcome.corrupt:
        say(f"Run again: {line}", err=True)
    for line in outcome.notes:
        say(f"Note: {line}", err=True, hang=2)
    counts = {status: outcome.counts[status] for status in ("ok", "skipped", "failed", "timeout")}
    if as_json:
        click.echo(
            json.dumps({**counts, "executed": outcome.executed, "results": str(results)}, sort_keys=True)
        )
    else:
        say(f"{outcome}. Records are in {results}")
        if counts["skipped"] and not outcome.executed and not retry_skipped:
            say("What was skipped stays so; --retry-skipped tries it again", err=True)
    if outcome.troubled:
        for what in sorted({f"{r.labels['method']} on {r.key.task}: {r.reason}" for r in outcome.troubled}):
            say(f"Failed: {what}", err=True, hang=2)
        say("What failed is tried again next time", err=True)
    return 1 if outcome.troubled else 0
