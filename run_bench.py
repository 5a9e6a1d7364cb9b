"""AutoWS Bench's command line. Installed, it is also called ``autows``.

Parses, wires and prints; what it calls does the work.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import click

from autows import __version__
from autows.errors import AutoWSError, UserError, unknown_name
from autows.params import split_specs

RESULTS = click.Path(file_okay=False, path_type=Path)


class _Commands(click.Group):
    """A group whose errors are one line and whose exit status says what happened."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit: 0 done, 1 some runs failed, 2 the user's mistake, 130 interrupted."""
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False}) or 0
        except click.ClickException as error:
            status = _say(error.format_message(), error.exit_code)
        except UserError as error:
            status = _say(str(error), 2)
        except (AutoWSError, OSError) as error:
            # An OSError that nothing closer handled: a full disk, a folder that went away.
            status = _say(str(error), 1)
        except click.Abort:
            status = _say("Interrupted. What was finished is kept; the same command goes on from there", 130)
        sys.exit(status)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Suggest the nearest name for an unknown command."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise unknown_name("command", args[0], self.commands, "run_bench.py --help")
        return super().resolve_command(ctx, args)


def _say(message: str, status: int) -> int:
    click.echo(f"Error: {' '.join(message.split())}" if status != 130 else f"\n{message}", err=True)
    return status


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="AutoWS Bench")
@click.pass_context
def main(ctx: click.Context) -> int | None:
    """Benchmark automated weak supervision: a new task, 100 labels, and what to do with them.

    Without a command: run the quick suite, then print the leaderboard.
    """
    if ctx.invoked_subcommand is not None:
        return None
    status: int = ctx.invoke(run)
    ctx.invoke(leaderboard)
    return status


def _lists(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--suite", metavar="NAME", help="Tasks and defaults of a suite [default: quick]."),
        click.option("--tasks", metavar="A,B", help="These tasks instead of a suite's."),
        click.option("--methods", metavar="X,Y", help="These methods, e.g. snuba[n_iterations=5]."),
        click.option(
            "--representations", metavar="R,S", help="These representations, e.g. raw,pca[n_components=50]."
        ),
        click.option("--draws", type=click.IntRange(1), help="Seed draws [default: the suite's]."),
        click.option("--labels", type=click.IntRange(1), default=100, show_default=True, help="Seed labels."),
        click.option(
            "--zero-shot",
            default="auto",
            show_default=True,
            metavar="MODEL",
            help="Who answers zero-shot, e.g. clip[model=RN50]; none lets nobody.",
        ),
    )[::-1]:
        function = option(function)
    return function


@main.command()
@_lists
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="Worker processes [default: the cores, at most 8]."
)
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Limit for one run."
)
@click.option("--results", type=RESULTS, default="results", show_default=True, help="Folder of the records.")
@click.option("--retry-skipped", is_flag=True, help="Also try again what was skipped.")
@click.option(
    "--oracle",
    type=click.Choice(["seeds", "human"]),
    default="seeds",
    show_default=True,
    help="Who answers iws's questions; human: you, here; leave with q and go on with the same command.",
)
@click.option("--device", help="Where encoders run, e.g. cpu or cuda:1 [default: chosen].")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON and nothing else.")
def run(
    suite: str | None,
    tasks: str | None,
    methods: str | None,
    representations: str | None,
    draws: int | None,
    labels: int,
    zero_shot: str,
    jobs: int | None,
    timeout: float | None,
    results: Path,
    retry_skipped: bool,
    oracle: str,
    device: str | None,
    as_json: bool,
) -> int:
    """Run methods on tasks; what is finished is not run again."""
    if device is not None:
        os.environ["AUTOWS_DEVICE"] = device
    from joblib import cpu_count

    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore

    cells = _cells(suite, tasks, methods, representations, draws, labels, zero_shot)
    if oracle == "human":
        from autows.runs.interactive import interview, with_person

        cells = with_person(cells)
        if not interview(cells, RunStore(results)):
            return 130
    jobs = jobs or min(8, cpu_count())
    outcome = run_plan(cells, RunStore(results), jobs, timeout, ProgressBar(), retry_skipped)
    for line in outcome.corrupt:
        click.echo(f"Run again: {line}", err=True)
    counts = {status: outcome.counts[status] for status in ("ok", "skipped", "failed", "timeout")}
    if as_json:
        click.echo(
            json.dumps({**counts, "executed": outcome.executed, "results": str(results)}, sort_keys=True)
        )
    else:
        parts = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
        click.echo(f"{len(cells)} runs: {parts}; {outcome.executed} run now. Records are in {results}")
        if counts["skipped"] and not outcome.executed and not retry_skipped:
            click.echo("What was skipped stays so; --retry-skipped tries it again", err=True)
    if outcome.troubled:
        for what in sorted({f"{r.labels['method']} on {r.key.task}: {r.reason}" for r in outcome.troubled}):
            click.echo(f"Failed: {what}", err=True)
        click.echo("What failed is tried again next time", err=True)
    return 1 if outcome.troubled else 0


def _cells(
    suite: str | None,
    tasks: str | None,
    methods: str | None,
    representations: str | None,
    draws: int | None,
    labels: int,
    zero_shot: str,
) -> list[Any]:
    import tasks as task_registry
    from autows import method as method_registry
    from autows import representations as representation_registry
    from autows.runs.plan import left_out, plan
    from tasks import suites

    if suite is not None and tasks is not None:
        raise UserError("Give --suite or --tasks, not both")
    if tasks is not None:
        # Representations, methods and draws are by default those of a suite that the first task is in.
        first = [task_registry.create(spec) for spec in split_specs(tasks)[:1]]
        suite = next((name for task in first for name in task.card.suites), None)
    chosen = suites.get(suite or "quick")

    def pick(
        given: str | None, default: tuple[str, ...], create: Callable[[str], Any], option: str
    ) -> list[Any]:
        specs = list(default) if given is None else split_specs(given)
        if not specs:
            raise UserError(f"{option} names nothing; see: run_bench.py list {option.removeprefix('--')}")
        return [create(spec) for spec in dict.fromkeys(specs)]

    chosen_methods = pick(methods, chosen.methods, method_registry.create, "--methods")
    cells = plan(
        pick(tasks, chosen.tasks, task_registry.create, "--tasks"),
        pick(representations, chosen.representations, representation_registry.create, "--representations"),
        chosen_methods,
        chosen.draws if draws is None else draws,
        labels,
        zero_shot,
    )
    without = left_out(cells, chosen_methods)
    if without:
        click.echo(f"Left out, for want of features with text embeddings: {', '.join(without)}", err=True)
    return cells


@main.command()
@click.option("--axis", required=True, metavar="PARAMETER", help="What to vary, e.g. label_model.")
@click.option("--values", metavar="A,B", help="Over which values [default: all there are].")
@_lists
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="Worker processes [default: the cores, at most 8]."
)
@click.option("--results", type=RESULTS, default="results", show_default=True, help="Folder of the records.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON and nothing else.")
def ablate(
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
    as_json: bool,
) -> int:
    """Vary one parameter of methods; stages that it does not touch are not computed again.

    With --axis label_model the label models are compared on the same votes. With --axis prompt methods that
    ask a foundation model are given one prompt at a time.
    """
    from joblib import cpu_count

    from autows.runs import ablation
    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore
    from leaderboard import ablation as tables

    given = _cells(suite, tasks, methods, representations, draws, labels, zero_shot)
    over = None if values is None else split_specs(values)
    cells = ablation.vary(given, axis, over)
    varied = {cell.method.name for cell in cells}
    methods_given = {cell.method.spec: cell.method for cell in given}
    left_out = [spec for spec, m in methods_given.items() if m.name not in varied]
    if left_out:
        click.echo(f"Without {axis}, so left out: {', '.join(left_out)}", err=True)
    references = [
        tables.Reference(m.spec, m.name, m.get_params()) for m in methods_given.values() if m.name in varied
    ]
    tables.check(references, axis)
    records = []
    for stage in ablation.stages(cells):
        outcome = run_plan(stage, RunStore(results), jobs or min(8, cpu_count()), progress=ProgressBar())
        records += outcome.records
    table = tables.build(records, axis, references)
    click.echo(json.dumps(asdict(table), sort_keys=True, indent=1) if as_json else tables.to_text(table))
    return 1 if any(r.status in ("failed", "timeout") for r in records) else 0


@main.command("lfs")
@click.argument("method")
@click.option("--task", required=True, metavar="NAME", help="Of which task.")
@click.option("--representation", default="raw", show_default=True, metavar="NAME", help="On which features.")
@click.option("--draw", type=click.IntRange(0), default=0, show_default=True, help="Of which seed draw.")
@click.option("--labels", type=click.IntRange(1), default=100, show_default=True, help="Seed labels.")
@click.option(
    "--zero-shot", default="auto", show_default=True, metavar="MODEL", help="Who answered zero-shot."
)
@click.option("--results", type=RESULTS, default="results", show_default=True, help="Folder of the records.")
@click.option("--json", "as_json", is_flag=True, help="Print descriptions and analysis as JSON.")
def lfs(
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

    cells = _cells(None, task, method, representation, draw + 1, labels, zero_shot)
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
    click.echo(json.dumps(rows, sort_keys=True, indent=1) if as_json else lf_table.to_text(rows))


@main.command()
@click.option("--suite", metavar="NAME", help="Fetch the tasks of a suite.")
@click.option("--tasks", metavar="A,B", help="Fetch these tasks.")
def fetch(suite: str | None, tasks: str | None) -> int:
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
            status = _say(f"{task.card.id}: {error}", 1)
        else:
            variant = f" ({task.variant()})" if task.variant() else ""
            click.echo(f"{task.card.id}{variant}: {len(data.y_pool)} pool and {len(data.y_test)} test rows")
    return status


@main.command("leaderboard")
@click.option("--results", type=RESULTS, default="results", show_default=True, help="Folder of the records.")
@click.option(
    "--out", type=RESULTS, help="Where to write the files [default: leaderboard/ in the results folder]."
)
@click.option("--json", "as_json", is_flag=True, help="Print leaderboard.json and nothing else.")
def leaderboard(results: Path, out: Path | None, as_json: bool) -> None:
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


COLUMNS = {
    "tasks": ("name", "title", "modality", "n_classes", "n_pool", "n_test", "suites"),
    "methods": ("name", "family", "needs", "summary"),
    "representations": ("name", "modalities", "summary"),
    "label-models": ("name", "summary"),
    "lf-families": ("name", "needs", "summary"),
    "suites": ("name", "title", "tasks", "representations", "methods", "draws"),
}
"""What ``list`` shows of each kind; ``--json`` has everything."""


@main.command("list")
@click.argument("kind", type=click.Choice(list(COLUMNS)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def list_(kind: str, as_json: bool) -> None:
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


if __name__ == "__main__":
    main(prog_name="run_bench.py")
