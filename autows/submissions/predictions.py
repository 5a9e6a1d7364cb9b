"""Answers to exports, on their way to be scored like every run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autows import representations
from autows.draws import draw
from autows.errors import UserError
from autows.runs.cell import Cell
from autows.runs.record import Record
from autows.submissions import manifest as manifests
from autows.submissions.answers import labels_of, manifest_hash, read
from autows.submissions.manifest import Manifest
from autows.submissions.predicted import PredictedMethod
from autows.submissions.submission import Submission
from autows.task import Task
from autows.types import Labels
from autows.zero_shot.speaker import encoder


def manifest_of(path: Path, sha256: str, given: Iterable[Manifest]) -> Manifest:
    """Return the manifest of the export that answers are for.

    Parameters
    ----------
    path : Path
        The file of answers.
    sha256 : str
        The manifest's hash, as the file has it.
    given : iterable of Manifest
        Where to look; without any, among the exports that were made on this machine.

    Raises
    ------
    UserError
        If it is not there.
    """
    known = {manifest.sha256: manifest for manifest in given}
    found = known.get(sha256) if known else manifests.recall(sha256)
    if found is not None:
        return found
    if known:
        there = ", ".join(f"{other[:12]}... ({manifest})" for other, manifest in known.items())
        raise UserError(f"{path} is for the export with manifest {sha256[:12]}...; --export has {there}")
    raise UserError(
        f"{path} is for an export that was not made here, manifest {sha256[:12]}...; "
        "name its folder with --export"
    )


@dataclass(frozen=True)
class Scored:
    """Answers that fit an export, ready to be scored.

    Parameters
    ----------
    manifest : Manifest
    task : Task
    labels : Labels
        In the order of the task's rows.
    """

    manifest: Manifest
    task: Task
    labels: Labels


def scored(path: Path, given: Iterable[Manifest], make_task: Callable[[str], Task]) -> Scored:
    """Read a predictions file and hold it against the export that it is for.

    Parameters
    ----------
    path : Path
    given : iterable of Manifest
        As for :func:`manifest_of`.
    make_task : callable
        Makes a task by name.

    Raises
    ------
    UserError
        If the file, the export and the task do not fit together; one line.
    """
    manifest = manifest_of(path, manifest_hash(path), given)
    task = make_task(manifest.task)
    check_export(manifest, task)
    # Only now is it known how large the arrays may be.
    answers = read(path, {"pool": manifest.n_pool, "test": manifest.n_test}, manifest.n_classes)
    if answers.manifest != manifest.sha256:
        raise UserError(f"{path} was changed while it was read; start again")
    return Scored(manifest, task, labels_of(answers, task))


def used(scored: Sequence[Scored], needs: str | None) -> frozenset[str]:
    """Return what answers rest on beside features and seeds, in the words of a method's ``needs``.

    Parameters
    ----------
    scored : sequence of Scored
    needs : str or None
        What the author says, separated by commas, or ``none``; by default all that the exports show.

    Raises
    ------
    UserError
        If the exports do not show it.
    """
    shown = frozenset[str]().union(*(one.manifest.shows for one in scored))
    if needs is None:
        return shown
    said = frozenset(word.strip() for word in needs.split(",")) - {"none", ""}
    if said - shown:
        raise UserError(
            f"--needs has {', '.join(sorted(said - shown))}; the export shows {', '.join(sorted(shown))}. "
            "Say what of it the answers rest on, or none"
        )
    return said


def cells(scored: Sequence[Scored], name: str, digest: str, used: frozenset[str]) -> list[Cell]:
    """Return the cells in which a set of answers is scored.

    Raises
    ------
    UserError
        If two of the answers are to the same cell, or they are to different numbers of labels.
    """
    made = [_cell_of(one, PredictedMethod.of(name, one.labels, digest, used)) for one in scored]
    if len({cell.n_labels for cell in made}) > 1:
        raise UserError("The files are for different numbers of labels; submit them under different names")
    if len({str(cell) for cell in made}) < len(made):
        raise UserError("Two of the files are for the same task, features and draw; submit one of them")
    return made


def default_name(path: Path) -> str:
    """Return a name for a submission, made of the name of its file.

    Examples
    --------
    >>> default_name(Path("out/My answers.npz"))
    'my-answers'
    """
    return re.sub(r"[^a-z0-9_]+", "-", path.stem.lower()).strip("-_")[:40]


def digest_of(labels: Sequence[Labels]) -> str:
    """Return the hash of a set of answers, which is a submission's ``source_sha256``."""
    each = sorted(str(one.info["predictions_sha256"]) for one in labels)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def check_export(manifest: Manifest, task: Task) -> None:
    """Make sure that an export is of the task as it is now.

    Raises
    ------
    UserError
        If the task, its data or the features are of another version, or there is no such draw.
    """
    features = representations.create(manifest.representation, **manifest.representation_parameters)
    data = task.load()
    for what, then, now in (
        ("version", manifest.task_version, task.card.version),
        ("variant", manifest.task_variant, task.variant()),
        ("data fingerprint", manifest.data_fingerprint[:12], task.fingerprint()[:12]),
        ("number of pool rows", manifest.n_pool, len(data.y_pool)),
        ("number of test rows", manifest.n_test, len(data.y_test)),
        ("number of classes", manifest.n_classes, task.card.n_classes),
        (f"version of {features.name} features", manifest.representation_version, features.version),
    ):
        if then != now:
            raise UserError(
                f"The export of {manifest} is out of date: its {what} is {then!r}, and now it is {now!r}. "
                "Export the task again"
            )
    draw(task, manifest.draw, manifest.n_labels)


def stated_cell(record: Record, submission: Submission, make_task: Callable[[str], Task]) -> Cell:
    """Return the cell that a record of a submission says it is of, without the answers.

    Raises
    ------
    UserError
        If there is no such task or there are no such features.
    """
    key = record.key
    return Cell(
        task=make_task(key.task),
        representation=representations.create(key.representation, **key.representation_parameters),
        method=PredictedMethod.of(
            submission.name, None, submission.source_sha256, frozenset(submission.needs)
        ),
        draw=key.draw,
        n_labels=submission.n_labels,
    )


def _cell_of(one: Scored, method: PredictedMethod) -> Cell:
    manifest = one.manifest
    spoke = manifest.zero_shot is not None and "zero_shot" in method.requirements
    return Cell(
        task=one.task,
        representation=representations.create(manifest.representation, **manifest.representation_parameters),
        method=method,
        draw=manifest.draw,
        n_labels=manifest.n_labels,
        speaker=encoder(str(manifest.zero_shot)) if spoke else None,
    )
