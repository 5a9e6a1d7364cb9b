"""Vary one thing about methods."""

from __future__ import annotations

from pathlib import Path

import click

from autows.params import split_specs
from commands.options import (
    FOLDER,
    cells_of,
    jobs_option,
    plan_options,
    results_option,
    worker_processes,
)
from commands.wrapped import say


@click.command("ablate")
@click.option(
    "--axis",
    required=True,
    metavar="AXIS",
    help="What to vary: one of those above.",
)
@click.option("--values", metavar="A,B", help="Over which values [default: all there are, or some].")
@plan_options
@jobs_option
@results_option
@click.option("--out", type=FOLDER, help="Also write the table to this folder as Markdown, CSV and JSON.")
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
    out: Path | None,
    as_json: bool,
) -> int:
    """Vary one thing about methods and compare, draw by draw; what is finished is not computed again.

    \b
    representation   each method under each of several features
    n_labels         learning curves, where they reach zero-shot, and what a method is worth in labels
    polarity         labeling functions for one class each, or for any
    prompt           one prompt at a time for methods that ask a foundation model
    end_model        an end model taught with soft or hard labels, or none
    stages           where accuracy is lost: features, votes, choice of labeling functions, label model
    a parameter      label_model (on the same votes), cardinality, families, threshold (of iws), ...
    """  # noqa: D301 - click's mark for lines that stay as they are
    from autows.runs import ablation
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore
    from leaderboard import ablation as tables
    from leaderboard.text_table import terminal_width

    over = None if values is None else split_specs(values)
    representations = ablation.planned_representations(axis, over, representations)
    given = cells_of(suite, tasks, methods, representations, draws, labels, zero_shot)
    varied = ablation.vary(given, axis, over, zero_shot)
    for line in varied.left_out:
        say(line, err=True)
    outcome = ablation.measure(varied, axis, RunStore(results), worker_processes(jobs), ProgressBar())
    table = tables.build(outcome.measured, axis, outcome.notes, varied.left_out)
    files = [] if out is None else tables.write(table, out)
    click.echo(tables.to_json(table) if as_json else tables.to_text(table, terminal_width()))
    if files:
        say(f"Written: {', '.join(map(str, files))}", err=True)
    return 1 if outcome.failed else 0
