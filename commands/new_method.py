"""Begin a method."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import FOLDER


@click.command("new-method")
@click.argument("name")
@click.option("--out", type=FOLDER, default=".", help="Folder of the files [default: this one].")
def command(name: str, out: Path) -> None:
    """Write a file to begin a method with, and its test.

    The method works as it stands. Nothing is overwritten.
    """
    from autows.method_template import write

    method, test = write(name, out)
    click.echo(f"Wrote {method} and {test}. Next:\n")
    for line in (f"run_bench.py check {method}", f"-m pytest {test}", f"run_bench.py submit {method}"):
        click.echo(f"  python {line}")
