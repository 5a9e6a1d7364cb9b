"""Compare two methods."""

from __future__ import annotations

import json
from pathlib import Path

import click

from autows.errors import UserError, unknown_name
from autows.params import split_specs
from commands.options import FOLDER, json_option, labels_option, results_option


@click.command("compare")
@click.argument("method")
@click.option(
    "--against", default="zero_shot_clip", show_default=True, metavar="METHOD", help="The other method."
)
@click.option("--representations", metavar="R,S", help="Only these features [default: all that both have].")
@labels_option
@results_option
@click.option("--out", type=FOLDER, help="Also write the comparison and its forest plot to this folder.")
@json_option
def command(
    method: str,
    against: str,
    representations: str | None,
    labels: int,
    results: Path,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare two methods: paired differences for each task and over all, with intervals.

    What the results folder lacks is taken from the project's own records and from accepted submissions.
    """
    from leaderboard import comparison, gathering
    from leaderboard.comparison_text import to_text
    from leaderboard.table import rows as make_rows
    from leaderboard.text_table import terminal_width

    if not results.is_dir() and results != Path("results"):
        raise UserError(f"There is no folder {results}. Start with: run_bench.py run --suite quick")
    table = gathering.table_of([results] if results.is_dir() else [], reference=True)
    rows, accuracies = make_rows(table.runs)
    chosen = None if representations is None else split_specs(representations)
    known = {row["representation"] for row in rows}
    for name in chosen or ():
        if name not in known:
            raise unknown_name("features in these results", name, known, "run_bench.py leaderboard")
    found = comparison.compare(rows, accuracies, method, against, labels, chosen)
    borrowed = sorted(
        {
            row["method"]
            for row in rows
            if row["method"] in (method, against)
            and row["n_labels"] == labels
            and row["origin"] == "reference"
            and row["representation"] in (chosen or known)
        }
    )
    if borrowed:
        click.echo(f"Some or all runs of {' and '.join(borrowed)} are the project's own", err=True)
    for note in table.notes:
        click.echo(note, err=True)
    click.echo(json.dumps(found, sort_keys=True, indent=1) if as_json else to_text(found, terminal_width()))
    if out is not None:
        files = comparison.write(found, out)
        click.echo(f"Written: {', '.join(map(str, files))}", err=True)
