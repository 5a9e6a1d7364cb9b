"""Download and cache data."""

from __future__ import annotations

import click

from autows.errors import AutoWSError, UserError
from autows.params import split_specs


@click.command("fetch")
@click.option("--suite", metavar="NAME", help="Fetch the tasks of a suite.")
@click.option("--tasks", metavar="A,B", help="Fetch these tasks.")
def command(suite: str | None, tasks: str | None) -> int:
    """Download, decode and cache tasks ahead of time."""
    import tasks as registry
    from tasks import suites

    if (suite is None) == (tasks is None):
        raise UserError("Give --suite or --tasks; see: run_bench.py list suites")
    names = suites.get(suite).tasks if suite is not None else split_specs(tasks or "")
    status = 0
    for task in [registry.create(name) for name in names]:
        try:
            data = task.load()
        except AutoWSError as error:
            click.echo(f"Error: {task.card.id}: {error}", err=True)
            status = 1
        else:
            variant = f" ({task.variant()})" if task.variant() else ""
            click.echo(f"{task.card.id}{variant}: {len(data.y_pool)} pool and {len(data.y_test)} test rows")
    return status
