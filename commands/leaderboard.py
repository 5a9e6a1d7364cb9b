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
@click.option("--json", "as_json", is_flag=True, help="Print leaderboard.json and nothing else.")
def command(results: Path, out: Path | None, as_json: bool) -> None:
    """Regenerate every table from the records alone, and print them."""
    from autows.runs.store import RunStore
    from leaderboard import render, table

    if not results.is_dir():
        raise UserError(f"There is no folder {results}. Start with: run_bench.py run --suite quick")
    board = table.build(RunStore(results).scan())
    files = render.write(board, out or results / "leaderboard")
    click.echo(render.to_json(board) if as_json else render.to_text(board), nl=not as_json)
    if not as_json:
        click.echo(f"Written: {', '.join(str(path) for path in files)}")
