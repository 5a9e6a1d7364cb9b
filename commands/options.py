"""Options that several commands share, and the cells that they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from autows.errors import UserError
from autows.params import split_specs

FOLDER = click.Path(file_okay=False, path_type=Path)

results_option = click.option(
    "--results", type=FOLDER, default="results", show_default=True, help="Folder of the records."
)
jobs_option = click.option(
    "--jobs", "-j", type=click.IntRange(1), help="Worker processes [default: the cores, at most 8]."
)
zero_shot_option = click.option(
    "--zero-shot",
    default="auto",
    show_default=True,
    metavar="MODEL",
    help="Who answers zero-shot, e.g. clip[model=RN50]; none lets nobody.",
)
labels_option = click.option(
    "--labels", type=click.IntRange(1), default=100, show_default=True, help="Seed labels."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")


def plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is to be run."""
    for option in (
        click.option("--suite", metavar="NAME", help="Tasks and defaults of a suite [default: quick]."),
        click.option("--tasks", metavar="A,B", help="These tasks instead of a suite's."),
        click.option("--methods", metavar="X,Y", help="These methods, e.g. snuba[n_iterations=5]."),
        click.option(
            "--representations", metavar="R,S", help="These representations, e.g. raw,pca[n_components=50]."
        ),
        click.option("--draws", type=click.IntRange(1), help="Seed draws [default: the suite's]."),
        labels_option,
        zero_shot_option,
    )[::-1]:
        function = option(function)
    return function


def worker_processes(jobs: int | None) -> int:
    """Return how many worker processes to use where the user does not say."""
    from joblib import cpu_count

    return jobs or min(8, cpu_count())


def cells_of(
    suite: str | None,
    tasks: str | None,
    methods: str | None,
    representations: str | None,
    draws: int | None,
    labels: int,
    zero_shot: str,
    made: Any = None,
) -> list[Any]:
    """Return the cells that the plan options name.

    ``made`` is a method that no name leads to; it is planned for instead of ``methods``.

    Raises
    ------
    UserError
        If something that was named does not exist or does not fit.
    """
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

    named = made is None
    chosen_methods = pick(methods, chosen.methods, method_registry.create, "--methods") if named else [made]
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


def truth_paths() -> list[Path]:
    """Return where the true labels of tasks lie on this machine, beside the cache and the mirror."""
    import tasks as task_registry

    found = [path for name in task_registry.names() for path in task_registry.create(name).truth_paths()]
    return list(dict.fromkeys(found))
