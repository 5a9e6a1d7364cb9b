"""Show the labeling functions of a run."""

from __future__ import annotations

import json
from pathlib import Path

import click

from autows.errors import UserError
from commands.options import cells_of, labels_option, results_option


@click.command("lfs")
@click.argument("method")
@click.option("--task", required=True, metavar="NAME", help="Of which task.")
@click.option("--representation", default="raw", show_default=True, metavar="NAME", help="On which features.")
@click.option("--draw", type=click.IntRange(0), default=0, show_default=True, help="Of which seed draw.")
@labels_option
@click.option(
    "--zero-shot", default="auto", show_default=True, metavar="MODEL", help="Who answered zero-shot."
)
@results_option
@click.option("--json", "as_json", is_flag=True, help="Print descriptions and analysis as JSON.")
def command(
    method: str,
    task: str,
    representation: str,
    draw: int,
    labels: int,
    zero_shot: str,
    results: Path,
    as_json: bool,
) -> None:
    """Show the labeling functions of a finished run: what they say, coverage, overlap, conflict, accuracy."""
    from autows.runs.store import RunStore
    from leaderboard import lf_table
    from leaderboard.text_table import terminal_width

    cells = cells_of(None, task, method, representation, draw + 1, labels, zero_shot)
    if len({(cell.method.spec, cell.representation.spec, cell.task.card.id) for cell in cells}) > 1:
        raise UserError("Name one method, one task and one representation")
    cell = cells[draw]
    record = RunStore(results).read(cell.key)
    if record is None:
        more = f" --labels {labels}" if labels != 100 else ""
        raise UserError(
            f"There is no run of {cell} in {results}. Start with: run_bench.py run --tasks '{task}' "
            f"--representations '{representation}' --methods '{method}' --draws {draw + 1}{more} "
            f"--results '{results}'"
        )
    if record.status != "ok":
        raise UserError(f"The run of {cell} is {record.status}: {record.reason}")
    rows = lf_table.rows(record, cell.task.card.class_names)
    text = json.dumps(rows, sort_keys=True, indent=1) if as_json else lf_table.to_text(rows, terminal_width())
    click.echo(text)
