"""Regenerate the leaderboard."""

from __future__ import annotations

from pathlib import Path

import click

from autows.errors import UserError
from commands.options import FOLDER, results_option


@click.command("leaderboard")
@results_option
@click.option(
    "--out", type=FOLDER, help="Where to write the files [default: leaderboard/ in the results folder]."
)
@click.option("--reference", is_flag=True, help="Add the project's own records of the quick suite.")
@click.option("--json", "as_json", is_flag=True, help="Print leaderboard.json and nothing else.")
def command(results: Path, out: Path | None, reference: bool, as_json: bool) -> None:
    """Regenerate every table, plot and the page from the records alone, and print the tables.

    Accepted submissions are in it. Where there are no results yet, the project's own records of the quick
    suite are shown.
    """
    from leaderboard import board as boards
    from leaderboard import render
    from leaderboard.sources import has_records
    from leaderboard.text_table import terminal_width

    folders = [results]
    if not results.is_dir():
        if results != Path("results"):
            raise UserError(f"There is no folder {results}. Start with: run_bench.py run --suite quick")
        folders, reference = [], True
    elif not has_records(results):
        reference = True
    if reference and not (folders and has_records(results)):
        click.echo("No runs yet; these are the project's own. Start with: run_bench.py", err=True)
    board = boards.read(folders, reference)
    if out is None and folders:
        out = results / "leaderboard"
    files = [] if out is None else render.write(board, out)
    click.echo(render.to_json(board) if as_json else render.to_text(board, terminal_width()), nl=not as_json)
    if files and not as_json:
        shown = [path for path in files if path.parent == out]
        click.echo(f"Written: {', '.join(map(str, shown))} and {len(files) - len(shown)} plots")
