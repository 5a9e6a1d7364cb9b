"""Show what there is to choose from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from commands.options import json_option

COLUMNS = {
    "tasks": ("name", "title", "modality", "n_classes", "n_pool", "n_test", "suites"),
    "methods": ("name", "family", "needs", "summary"),
    "representations": ("name", "modalities", "summary"),
    "label-models": ("name", "summary"),
    "lf-families": ("name", "needs", "summary"),
    "suites": ("name", "title", "tasks", "representations", "methods", "draws"),
}
"""What ``list`` shows of each kind; ``--json`` has everything."""


@click.command("list")
@click.argument("kind", type=click.Choice(list(COLUMNS)))
@json_option
def command(kind: str, as_json: bool) -> None:
    """Show what there is to choose from; loads no data."""
    import tasks
    from autows import label_models, lfs, method, representations
    from tasks import suites

    describe: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "tasks": tasks.REGISTRY.describe,
        "methods": method.REGISTRY.describe,
        "representations": representations.REGISTRY.describe,
        "label-models": label_models.REGISTRY.describe,
        "lf-families": lfs.REGISTRY.describe,
        "suites": suites.describe,
    }
    entries = describe[kind]()
    if as_json:
        click.echo(json.dumps(entries, sort_keys=True, indent=1))
        return
    from tabulate import tabulate

    shown = [{name: _flat(entry[name]) for name in COLUMNS[kind]} for entry in entries]
    click.echo(tabulate(shown, headers="keys", tablefmt="simple", disable_numparse=True, maxcolwidths=60))


def _flat(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
