"""Run a method, or score answers, and make a submission of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from autows.errors import UserError
from commands.options import (
    FOLDER,
    cells_of,
    jobs_option,
    labels_option,
    results_option,
    truth_paths,
    worker_processes,
    zero_shot_option,
)
from commands.wrapped import say

PICKED = ("suite", "tasks", "representations", "draws", "labels", "zero_shot")
"""Options that say which cells are run."""


@click.command("submit")
@click.argument("what", nargs=-1, required=True, metavar="FILE.py[:Class] | PREDICTIONS.npz...")
@click.option("--name", help="What it is called on the leaderboard. [default: the method's, or the file's]")
@click.option("--author", help="Who made it.")
@click.option("--link", metavar="URL", help="Where to read about it.")
@click.option(
    "--pretrained",
    metavar="TEXT",
    help="On what it or its parts were trained before, if on anything, beside what its class says.",
)
@click.option("--suite", metavar="NAME", help="Tasks, features and draws of a suite. [default: quick]")
@click.option("--tasks", metavar="A,B", help="These tasks instead of a suite's.")
@click.option("--representations", metavar="R,S", help="These features instead of the suite's.")
@click.option("--draws", type=click.IntRange(1), help="Seed draws. [default: the suite's]")
@labels_option
@zero_shot_option
@jobs_option
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Limit for one run. [default: 900]",
)
@click.option("--memory", type=click.IntRange(64), metavar="MIB", help="Memory for one run. [default: 4096]")
@click.option("--require-sandbox", is_flag=True, help="Do not run a method where bubblewrap does not work.")
@click.option(
    "--export",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="The export that answers are for, or a folder of exports. [default: those made here]",
)
@click.option(
    "--needs",
    metavar="A,B",
    help="What answers rest on beside features and seeds: class_names, zero_shot, class_embeddings or none. "
    "[default: all that the export shows]",
)
@results_option
@click.option("--out", type=FOLDER, help="The submission's folder. [default: submissions/NAME in --results]")
@click.option(
    "--replace", is_flag=True, help="Replace an earlier submission of that name, which has another source."
)
def command(what: tuple[str, ...], **options: Any) -> int:
    """Run a method in isolation, or score answers to exports; write the folder of a submission."""
    npz = [name for name in what if name.endswith(".npz")]
    if npz and len(npz) < len(what):
        raise UserError("Submit a method's file or predictions, not both at once")
    kind = "a method" if npz else "answers"
    for option in ("suite", "tasks", "representations", "draws") if npz else ("export", "needs"):
        if options[option]:
            raise UserError(
                f"--{option} is for {kind}; {', '.join(what)} {'are answers' if npz else 'is a method'}"
            )
    if npz:
        return _predictions([Path(name) for name in dict.fromkeys(npz)], **options)
    if len(what) > 1:
        raise UserError(f"Submit one method at a time; got {', '.join(what)}")
    return _method(what[0], **options)


def _method(target: str, **options: Any) -> int:
    import hashlib

    from autows.isolation.description import read_source
    from autows.method_file import split_target
    from autows.submissions import isolated
    from autows.submissions.assembly import assemble, check_free, check_name, declared
    from leaderboard import sources

    path, class_name = split_target(target)
    if options["name"] is not None:
        check_name(options["name"])
    read_source(path)  # A file that is not there is said before anything else.
    sandboxed, told = isolated.protection(options["require_sandbox"])
    say(told, err=True)
    timeout = options["timeout"] = options["timeout"] or isolated.TIMEOUT_SECONDS
    limits = isolated.limits(timeout, options["memory"] or isolated.MEMORY_MIB)
    method = isolated.isolate(
        path, class_name, limits, sandboxed, options["name"], [options["results"], *truth_paths()]
    )
    check_name(method.name)
    digest = hashlib.sha256(method.source).hexdigest()
    if not options["replace"]:
        check_free(method.name, digest, [sources.SUBMISSIONS, options["results"] / "submissions"])
    cells = cells_of(methods=None, made=method, **{name: options[name] for name in PICKED})
    about = method.description
    submission = assemble(
        cells,
        name=method.name,
        kind="method",
        source_sha256=digest,
        needs=about.requirements,
        family=about.family,
        summary=about.summary,
        suite=None if options["tasks"] else options["suite"] or "quick",
        zero_shot=options["zero_shot"],
        sandbox=isolated.sandbox_name(sandboxed),
        class_name=class_name,
        parameters=about.parameters,
        modalities=about.modalities,
        author=options["author"],
        link=options["link"],
        pretrained_data=declared(about.pretrained_data, options["pretrained"]),
    )
    submission = _with_controls(submission, method, target, _home(submission, **options))
    return 1 if submission is None else _run(cells, submission, method.source, **options)


def _home(submission: Any, **options: Any) -> Path:
    """Return the folder of a submission, which holds nothing else.

    Raises
    ------
    UserError
        If it does.
    """
    from autows.submissions import folder

    out: Path = options["out"] or options["results"] / "submissions" / submission.name
    folder.refuse_other_content(out, submission.name)
    return out


def _with_controls(submission: Any, method: Any, target: str, out: Path) -> Any:
    """Return a submission with the outcome of its negative controls, or None where one failed."""
    import time
    from dataclasses import replace

    from autows.submissions import controls
    from autows.submissions.submission import NAME, read

    before = read(out) if (out / NAME).exists() else None
    outcome = controls.known(before, submission)
    if outcome is None:
        say("Negative controls on small made-up tasks (permuted labels, rows in another order) ...", err=True)
        start = time.perf_counter()
        results = controls.run(method)
        failed = controls.failures(results)
        if failed:
            for line in failed:
                say(f"FAIL {line}", err=True, hang=5)
            say(
                "It is not run: without negative controls that are passed it cannot be on the leaderboard. "
                f"Mend it, and look at all checks: run_bench.py check {shlex.quote(target)}",
                err=True,
            )
            return None
        outcome = controls.outcome(results)
        click.echo(f"Negative controls passed ({time.perf_counter() - start:.0f} s)", err=True)
    return replace(submission, negative_controls=outcome)


def _predictions(paths: Sequence[Path], **options: Any) -> int:
    import tasks as task_registry
    from autows.submissions import manifest as manifests
    from autows.submissions import predictions
    from autows.submissions.assembly import assemble, check_free, check_name
    from autows.submissions.predicted import PredictedMethod
    from leaderboard import sources

    name = options["name"] or predictions.default_name(paths[0])
    check_name(name)
    given = [one for folder in options["export"] for one in manifests.below(folder)]
    scored = [predictions.scored(path, given, task_registry.create) for path in paths]
    used = predictions.used(scored, options["needs"])
    digest = predictions.digest_of([one.labels for one in scored])
    if not options["replace"]:
        check_free(name, digest, [sources.SUBMISSIONS, options["results"] / "submissions"])
    cells = predictions.cells(scored, name, digest, used)
    submission = assemble(
        cells,
        name=name,
        kind="predictions",
        source_sha256=digest,
        needs=used,
        family=PredictedMethod.family,
        summary=PredictedMethod.about()["summary"],
        suite=None,
        zero_shot=next((cell.speaker.spec for cell in cells if cell.speaker is not None), "none"),
        sandbox="none; answers are data",
        author=options["author"],
        link=options["link"],
        pretrained_data=options["pretrained"] or "",
    )
    return _run(cells, submission, None, **options)


def _run(cells: Sequence[Any], submission: Any, source: bytes | None, **options: Any) -> int:
    """Run what is not finished, write the submission's folder, and say where it stands."""
    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore
    from autows.submissions import folder
    from leaderboard import board, gathering, standing

    out = _home(submission, **options)
    store = RunStore(options["results"])
    jobs = worker_processes(options["jobs"])
    outcome = run_plan(cells, store, jobs, options["timeout"], ProgressBar())
    for line in outcome.corrupt:
        say(f"Run again: {line}", err=True)
    folder.write(out, submission, source, outcome.records)
    say(f"{submission.name}: {outcome}")
    if source is not None and outcome.executed:
        _once_more(cells, outcome.records, options["timeout"])
    for record in sorted(outcome.troubled, key=lambda r: r.key.path):
        where = f"{record.key.task} / {record.labels['representation']} / draw {record.key.draw}"
        say(f"{record.status}: {where}: {record.reason}", err=True, hang=2)
    if outcome.counts["ok"]:
        found = board.assemble(gathering.table_of([options["results"]], reference=True))
        say(standing.text(found, submission.name, submission.n_labels), hang=2)
    say(f"The submission is in {out}. See it on the leaderboard: run_bench.py leaderboard")
    click.echo(_proposal(out, submission.name))
    return 1 if outcome.troubled else 0


def _once_more(cells: Sequence[Any], records: Sequence[Any], timeout: float) -> None:
    """Make the largest run again, and say so if it is another: tasks of checks and controls are small."""
    from autows.submissions import rerun

    by_id = {cell.key.id: cell for cell in cells}
    well = [(record, by_id[record.key.id]) for record in records if record.status == "ok"]
    if well:
        record, cell = max(well, key=lambda pair: (pair[1].task.card.n_pool or 0, pair[0].key.id))
        note = rerun.unlike(record, rerun.run([cell], 1, timeout)[record.key.id])
        if note:
            say(f"Note: {note}", err=True)


def _proposal(out: Path, name: str) -> str:
    """Return the lines that make a pull request of a submission."""
    home = f"leaderboard/submissions/{name}"
    return "\n".join(
        [
            "To propose it, in a clone of the project:",
            f"  cp -r {shlex.quote(str(out))} {home if out.name != name else 'leaderboard/submissions/'}",
            f"  git checkout -b submission-{name}",
            f"  git add {home}",
            f"  git commit -m 'Submission: {name}'",
            "and open a pull request with that branch",
        ]
    )
