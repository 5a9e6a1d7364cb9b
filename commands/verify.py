"""Look a submission over."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from autows.errors import AutoWSError, UserError
from commands.options import (
    cells_of,
    jobs_option,
    json_option,
    truth_paths,
    worker_processes,
)
from commands.wrapped import say


@click.command("verify")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--predictions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="The answers of a submission without code, to score them again; may be repeated.",
)
@click.option(
    "--export",
    "exports",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="The export that they are for, or a folder of exports. [default: those made here]",
)
@click.option("--cells", type=click.IntRange(0), default=1, show_default=True, help="Cells to run again.")
@click.option(
    "--seed", type=click.IntRange(0), help="Says which cells; the report names it. [default: drawn]"
)
@click.option("--draws", type=click.IntRange(1), help="Draws there should be. [default: the suite's]")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.002,
    show_default=True,
    help="By how much, beside one test row, a score may differ when it is run again; 0: not at all.",
)
@click.option(
    "--accept",
    metavar="SPEC",
    multiple=True,
    help="Features or a zero-shot model with parameters that may be loaded, e.g. pca[n_components=50]. "
    "[default: those without parameters]",
)
@jobs_option
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Limit for one run."
)
@click.option("--memory", type=click.IntRange(64), metavar="MIB", help="Memory for one run.")
@click.option(
    "--unprotected",
    is_flag=True,
    help="Run the method even where bubblewrap does not work: somebody else's code, with your rights.",
)
@json_option
def command(folder: Path, as_json: bool, seed: int | None, **options: Any) -> int:
    """Look a submission's FOLDER over, and run a random part of it again. Nothing is fetched."""
    from autows import sources
    from autows.submissions import verification

    seed = secrets.randbelow(2**32) if seed is None else seed
    with sources.offline():
        checks = _checks(folder, seed, **options)
    ok = all(check.ok for check in checks)
    if as_json:
        found = {
            "ok": ok,
            "verdict": verification.verdict(checks),
            "folder": str(folder),
            "seed": seed,
            "checks": [check.to_json() for check in checks],
        }
        click.echo(json.dumps(found, indent=1, sort_keys=True))
    else:
        say(verification.to_text(checks, seed), hang=5)
    return 0 if ok else 1


def _checks(folder: Path, seed: int, **options: Any) -> Sequence[Any]:
    from autows.submissions import rerun, schema, verification
    from autows.submissions.submission import NAME, read

    if not os.path.lexists(folder / NAME):
        raise UserError(f"There is no {NAME} in {folder}; give the folder of a submission")
    try:
        submission = read(folder)
    except schema.InvalidSubmission as error:
        return [verification.Check("submission.json", False, (str(error),))]
    checks = [
        verification.check_statement(folder, submission),
        verification.check_files(folder, submission),
        verification.check_source(folder, submission),
    ]
    if not all(check.ok for check in checks):
        # What is not as it has to be is not looked into any further, let alone run.
        return checks
    records, check = verification.check_records(folder, submission)
    checks.append(check)
    is_method = submission.kind == "method"
    prepare = _method_cells if is_method else _answer_cells
    plan = prepare(folder, submission, records, **options)
    try:
        cells, able = plan()
        checks.append(verification.check_completeness(records, cells, not is_method))
        checks.append(verification.check_currency(records, cells))
        checks.append(verification.check_consistency(records, cells))
        if options["predictions"]:
            checks.append(verification.check_answers(submission, records, able))
        runnable, left = rerun.runnable(records, able)
    except AutoWSError as error:
        # Tasks, features or data that are not to be had here.
        return [*checks, verification.Check("cells", False, (str(error),))]
    wanted = options["cells"] if is_method else len(able)
    chosen = rerun.choose(runnable, wanted, seed)
    if is_method and chosen and all(check.ok for check in checks):
        checks += _looked_into(folder, submission, chosen[0][1].method)
    if not all(check.ok for check in checks):
        chosen = []
    checks.append(rerun.account(len(runnable), left, len(chosen), wanted, "run" if is_method else "scored"))
    return [*checks, *(_run_again(chosen, seed, is_method, **options) if chosen else ())]


def _looked_into(folder: Path, submission: Any, method: Any) -> list[Any]:
    """Have the method's file say what it is, and make the negative controls; both in isolation."""
    from autows.isolation.description import describe
    from autows.submissions import controls, verification
    from autows.submissions.submission import SOURCE

    around = method.around
    try:
        described = describe(
            folder / SOURCE, submission.class_name, around.limits, around.sandboxed, hidden=around.hidden
        )
    except UserError as error:
        return [verification.Check("declaration", False, (str(error),))]
    declared = verification.check_declaration(submission, described)
    say("Negative controls on small made-up tasks, in isolation ...", err=True)
    return [declared, controls.check(method)]


def _method_cells(folder: Path, submission: Any, records: Sequence[Any], **options: Any) -> Any:
    """Return what plans the cells that there should be; the method in the folder is not run for that."""
    from autows.submissions import accepted, isolated

    if options["predictions"]:
        raise UserError(
            "--predictions is for submissions without code; this one is a method, which is run again"
        )
    sandboxed = False
    if options["cells"]:
        otherwise = "; --cells 0 looks at the files alone, --unprotected runs it all the same"
        sandboxed, told = isolated.protection(not options["unprotected"], otherwise)
        say(told, err=True)
    limits = isolated.limits(
        options["timeout"] or isolated.TIMEOUT_SECONDS, options["memory"] or isolated.MEMORY_MIB
    )
    known = accepted.accepted(options["accept"])
    whole = submission.suite is not None

    def plan() -> tuple[list[Any], list[Any]]:
        if not whole:
            accepted.refuse_others(submission.representations, known)
            for task in submission.tasks:
                _task(task)
        method = isolated.as_stated(folder, submission, limits, sandboxed, truth_paths())
        cells = cells_of(
            suite=submission.suite,
            tasks=None if whole else ",".join(submission.tasks),
            methods=None,
            representations=None if whole else ",".join(submission.representations),
            draws=options["draws"] or (None if whole else max(submission.draws) + 1),
            labels=submission.n_labels,
            zero_shot="none",
            made=method,
        )
        cells = accepted.with_stated_speakers(cells, records, submission, known)
        return cells, cells

    return plan


def _task(name: str) -> Any:
    """Create a task of somebody else's files: by its name alone, as parameters could lead anywhere."""
    import tasks as task_registry
    from autows.errors import unknown_name

    if name not in task_registry.names():
        raise unknown_name("task", name, task_registry.names(), "run_bench.py list tasks")
    return task_registry.create(name)


def _answer_cells(folder: Path, submission: Any, records: Sequence[Any], **options: Any) -> Any:
    """Return what plans the cells of the records; those whose answers are at hand can be scored again."""
    from autows.submissions import accepted, predictions
    from autows.submissions import manifest as manifests

    known = accepted.accepted(options["accept"])
    given = [one for place in options["exports"] for one in manifests.below(place)]
    for manifest in given:
        accepted.check_manifest(manifest, known)
    scored = [predictions.scored(path, given, _task) for path in options["predictions"]]
    used = frozenset(submission.needs)
    able = predictions.cells(scored, submission.name, submission.source_sha256, used)

    def plan() -> tuple[list[Any], list[Any]]:
        for record in records:
            accepted.stated_features(record.key, known)
        cells = [predictions.stated_cell(record, submission, _task) for record in records]
        return accepted.with_stated_speakers(cells, records, submission, known), able

    return plan


def _run_again(chosen: Sequence[Any], seed: int, is_method: bool, **options: Any) -> Sequence[Any]:
    """Run cells again, those that disagree once more, and methods with another seed; compare."""
    from autows.submissions import isolated, rerun

    jobs, timeout = worker_processes(options["jobs"]), options["timeout"] or isolated.TIMEOUT_SECONDS
    first = rerun.run([cell for _, cell in chosen], jobs, timeout)

    def judged(record: Any, cell: Any, second: Any = None) -> Any:
        again = first[record.key.id]
        return rerun.compare(record, again, second, options["tolerance"], cell.task.card.n_test)

    checks = {record.key.id: judged(record, cell) for record, cell in chosen}
    doubtful = [(record, cell) for record, cell in chosen if is_method and not checks[record.key.id].ok]
    second = rerun.run([cell for _, cell in doubtful], jobs, timeout)
    checks |= {record.key.id: judged(record, cell, second[record.key.id]) for record, cell in doubtful}
    well = [(record, cell) for record, cell in chosen if first[record.key.id].status == record.status == "ok"]
    if is_method:
        others = [replace(cell, method=cell.method.reseeded(f"verify {seed}")) for _, cell in well]
        fresh = rerun.run(others, jobs, timeout)
        for record, _ in well:
            name, check = record.key.id, checks[record.key.id]
            checks[name] = replace(check, lines=(*check.lines, rerun.of_another_seed(record, fresh[name])))
    leaning = rerun.leaning([(record, first[record.key.id]) for record, _ in well])
    return [*checks.values(), *([] if leaning is None else [leaning])]
