"""Look a submission over."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Sequence
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
    zero_shot_option,
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
    default=0.01,
    show_default=True,
    help="By how much a score may differ when it is run again.",
)
@zero_shot_option
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
    """Look a submission's FOLDER over, and run a random part of it again."""
    from autows.submissions import verification

    seed = secrets.randbelow(2**32) if seed is None else seed
    checks = _checks(folder, seed, **options)
    ok = all(check.ok for check in checks)
    if as_json:
        found = {
            "ok": ok,
            "folder": str(folder),
            "seed": seed,
            "checks": [check.to_json() for check in checks],
        }
        click.echo(json.dumps(found, indent=1, sort_keys=True))
    else:
        say(verification.to_text(checks, seed), hang=5)
    return 0 if ok else 1


def _checks(folder: Path, seed: int, **options: Any) -> Sequence[Any]:
    from autows.submissions import controls, schema, verification
    from autows.submissions.submission import NAME, read

    if not (folder / NAME).exists() and not (folder / NAME).is_symlink():
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
    prepare = _method_cells if submission.kind == "method" else _answer_cells
    plan = prepare(folder, submission, records, **options)
    try:
        cells, able = plan()
        checks.append(verification.check_completeness(records, cells, submission.kind == "predictions"))
        checks.append(verification.check_currency(records, cells))
    except AutoWSError as error:
        # Tasks, features or data that are not to be had here.
        return [*checks, verification.Check("cells", False, (str(error),))]
    if options["predictions"]:
        checks.append(verification.check_answers(submission, records, able))
    wanted = options["cells"] if submission.kind == "method" else len(able)
    if not wanted or not all(check.ok for check in checks):
        return checks
    if submission.kind == "method":
        say("Negative controls on small made-up tasks, in isolation ...", err=True)
        checks.append(controls.check(able[0].method))
        if not checks[-1].ok:
            return checks
    return [*checks, *_run_again(verification.choose(records, able, wanted, seed), **options)]


def _method_cells(folder: Path, submission: Any, records: Sequence[Any], **options: Any) -> Any:
    """Return what plans the cells that there should be; the method in the folder is not run for that."""
    from autows.submissions import isolated

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
    whole = submission.suite is not None

    def plan() -> tuple[list[Any], list[Any]]:
        method = isolated.as_stated(folder, submission, limits, sandboxed, truth_paths())
        cells = cells_of(
            suite=submission.suite,
            tasks=None if whole else ",".join(submission.tasks),
            methods=None,
            representations=None if whole else ",".join(submission.representations),
            draws=options["draws"] or (None if whole else max(submission.draws) + 1),
            labels=submission.n_labels,
            zero_shot=options["zero_shot"],
            made=method,
        )
        return cells, cells

    return plan


def _answer_cells(folder: Path, submission: Any, records: Sequence[Any], **options: Any) -> Any:
    """Return what plans the cells of the records; those whose answers are at hand can be scored again."""
    import tasks as task_registry
    from autows.submissions import manifest as manifests
    from autows.submissions import predictions

    given = [one for place in options["exports"] for one in manifests.below(place)]
    scored = [predictions.scored(path, given, task_registry.create) for path in options["predictions"]]
    used = frozenset(submission.needs)
    able = predictions.cells(scored, submission.name, submission.source_sha256, used)

    def plan() -> tuple[list[Any], list[Any]]:
        return [predictions.stated_cell(record, submission, task_registry.create) for record in records], able

    return plan


def _run_again(chosen: Sequence[Any], **options: Any) -> Sequence[Any]:
    """Run cells again, in a results folder that is removed afterwards, and compare."""
    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore
    from autows.submissions import isolated, verification

    if not chosen:
        return [verification.NOTHING_TO_RUN]
    jobs = worker_processes(options["jobs"])
    timeout = options["timeout"] or isolated.TIMEOUT_SECONDS
    with tempfile.TemporaryDirectory(prefix="autows-verify-") as results:
        outcome = run_plan(
            [cell for _, cell in chosen], RunStore(Path(results)), jobs, timeout, ProgressBar()
        )
    again = {record.key.id: record for record in outcome.records}
    return [verification.compare(record, again[record.key.id], options["tolerance"]) for record, _ in chosen]
