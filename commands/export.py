"""Write what a participant may see."""

from __future__ import annotations

import json
from pathlib import Path

import click

from autows.errors import UserError
from autows.params import split_specs
from commands.options import FOLDER, json_option, labels_option
from commands.wrapped import say


@click.command("export")
@click.argument("task", required=False)
@click.option("--suite", metavar="NAME", help="All tasks, features and draws of a suite.")
@click.option(
    "--draw",
    "draws",
    type=click.IntRange(0),
    multiple=True,
    help="Which seed draw; may be repeated. [default: 0]",
)
@click.option(
    "--out", type=FOLDER, required=True, help="Where to write; folders in it if there are several exports."
)
@click.option("--representation", metavar="R,S", help="On which features. [default: raw]")
@labels_option
@click.option(
    "--zero-shot",
    default="none",
    show_default=True,
    metavar="MODEL",
    help="Also write a foundation model's answers, e.g. glyph_clip; auto lets the task's usual one speak.",
)
@json_option
def command(
    task: str | None,
    suite: str | None,
    draws: tuple[int, ...],
    out: Path,
    representation: str | None,
    labels: int,
    zero_shot: str,
    as_json: bool,
) -> None:
    """Write everything that a participant may see of TASK (or several, A,B), and not one label more."""
    import tasks as task_registry
    from autows import representations as representation_registry
    from autows.dual_encoder import DualEncoder
    from autows.submissions.export import export, refuse_other_content
    from autows.zero_shot.speaker import choose
    from tasks import suites

    if (task is None) == (suite is None):
        raise UserError("Give a task or --suite, e.g. export digits --draw 0 --out exports/digits")
    chosen = None if suite is None else suites.get(suite)
    named = split_specs(task or "") if chosen is None else list(chosen.tasks)
    usual = ("raw",) if chosen is None else chosen.representations
    specs = list(usual) if representation is None else split_specs(representation)
    numbers = draws or (tuple(range(chosen.draws)) if chosen else (0,))
    made = [representation_registry.create(spec) for spec in specs]
    cells = []
    for which in (task_registry.create(name) for name in named):
        fitting = [r for r in made if not r.modalities or which.card.modality in r.modalities]
        if not fitting:
            raise UserError(
                f"Task '{which.name}' is {which.card.modality}, on which {', '.join(specs)} does not work"
            )
        cells += [(which, r, k) for r in fitting for k in dict.fromkeys(numbers)]
    folders = [out] if len(cells) == 1 else [out / _folder_name(*cell, labels) for cell in cells]
    for folder in folders:
        # Before minutes of work, not after them.
        refuse_other_content(folder)
    told = []
    for (which, features, k), folder in zip(cells, folders, strict=True):
        speaker = choose(which.card, zero_shot)
        if speaker is None and zero_shot not in ("auto", "none"):
            raise UserError(f"{zero_shot} does not speak for task '{which.name}'; say --zero-shot none")
        texts = zero_shot != "none" and isinstance(features, DualEncoder) and bool(which.card.prompts)
        written = export(which, features, k, labels, folder, speaker, texts)
        size = sum(int(about["bytes"]) for about in written.files.values())
        told.append(
            {"folder": str(folder), "manifest": written.sha256, "bytes": size, "raw_data": written.raw_data}
        )
        if not as_json:
            say(
                f"{folder}: {which.name} on {features.spec}, draw {k}, {labels} labels; "
                f"{len(written.files) + 1} files, {size / 1e6:.1f} MB; raw data {written.raw_data}",
                hang=2,
            )
    if as_json:
        click.echo(json.dumps(told, indent=1, sort_keys=True))
    else:
        where = "it" if len(told) == 1 else "each"
        say(f"README.md in {where} says how to read the files and how to submit answers")


def _folder_name(task: object, representation: object, k: int, labels: int) -> str:
    """Return a name for one of several exports; parameters are in the manifest, and told apart by a hash."""
    import hashlib

    spec = str(getattr(representation, "spec", ""))
    name = spec.partition("[")[0]
    if name != spec:
        name += f"-{hashlib.sha256(spec.encode()).hexdigest()[:6]}"
    return f"{getattr(task, 'name', '')}-{name}-draw{k}-n{labels}"
