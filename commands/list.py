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

LEAST = ("draws", "n_test", "n_pool", "n_classes")
"""Columns that a narrow terminal goes without, first the least important."""

SHORTEN = {"summary": 24, "title": 20, "suites": 14, "tasks": 14, "methods": 14, "representations": 14}
"""Characters to which texts may be shortened before columns are left out."""


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
    from leaderboard.text_table import TextTables, terminal_width

    tables = TextTables(terminal_width())
    shown = [{name: _flat(entry[name]) for name in COLUMNS[kind]} for entry in entries]
    click.echo(tables.table(shown, left=COLUMNS[kind], least=LEAST, shorten=SHORTEN))
    if note := tables.note("--json"):
        click.echo(f"\n{tables.fill(note)}")


def _flat(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
