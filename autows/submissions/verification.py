"""Looking a submission over: its files, its records, and whether another run says the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from autows.draws import draw
from autows.errors import CorruptRecord
from autows.representation import Representation
from autows.runs.cell import Cell
from autows.runs.record import Key, Record
from autows.submissions import schema
from autows.submissions.folder import foreign_files, misnamed, source_of
from autows.submissions.predicted import PredictedMethod
from autows.submissions.predictions import digest_of
from autows.submissions.records import read_records
from autows.submissions.submission import RECORDS, Submission

TOLERANCE = 0.01
"""By how much a score may differ when a run is made again; libraries round differently on other machines."""

JUDGED = (
    "accuracy",
    "coverage",
    "accuracy_covered",
    "pool_accuracy",
    "pool_coverage",
    "macro_f1",
    "end_model_accuracy",
)
"""Scores that must be within the tolerance; the others are told where they differ."""

NAMED = 5

_WEIGHTS = frozenset({"representation", "zero_shot", "prompts"})
"""What a run may rest on beside code and parameters, see :meth:`autows.runs.cell.Cell.key`."""


@dataclass(frozen=True)
class Check:
    """What one look at a submission found.

    Parameters
    ----------
    name : str
        What was looked at.
    ok : bool
    lines : tuple of str
        What was found, in words.
    """

    name: str
    ok: bool
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"name": self.name, "ok": self.ok, "lines": list(self.lines)}


def _judge(name: str, problems: Sequence[str], fine: str) -> Check:
    """Return a check that fails if there are problems, the first of which are named."""
    # Files are called as somebody liked; a terminal would do what such a name says.
    shown = ["".join(c if c.isprintable() else "?" for c in problem) for problem in problems[:NAMED]]
    if len(problems) > NAMED:
        shown.append(f"{len(problems) - NAMED} more of the kind")
    return Check(name, not problems, tuple(shown) or (fine,))


NOTHING_TO_RUN = Check(
    "run again",
    False,
    ("no cell can be run again here: none went well, or they rest on other weights than those at hand",),
)


def to_text(checks: Sequence[Check], seed: int) -> str:
    """Return a report in plain words.

    Parameters
    ----------
    checks : sequence of Check
    seed : int
        Which cells were run again follows from it.
    """
    lines = []
    for check in checks:
        lines += [f"{'ok' if check.ok else 'FAIL':<5}{check.name}: {check.lines[0]}"]
        lines += [f"     {line}" for line in check.lines[1:]]
    failed = [check.name for check in checks if not check.ok]
    verdict = f"Not in order: {', '.join(failed)}" if failed else "In order"
    again = any(check.name.startswith("run again:") for check in checks)
    return "\n".join([*lines, f"{verdict}. To run the same cells again: --seed {seed}" if again else verdict])


def check_statement(folder: Path, submission: Submission) -> Check:
    """Say what the submission is, and look whether it may be called so."""
    mistake = misnamed(folder, submission)
    if mistake is not None:
        return Check("statement", False, (mistake,))
    by = "" if submission.author is None else f" by {submission.author}"
    return Check(
        "statement",
        True,
        (
            f"{submission.kind} '{submission.name}'{by}, family {submission.family}, needs "
            f"{', '.join(submission.needs) or 'nothing beside features and labels'}",
            f"pretrained on: {submission.pretrained_data or 'nothing, as its author says'}",
            f"run with project version {submission.project_version}; sandbox: {submission.sandbox}",
        ),
    )


def check_answers(submission: Submission, records: Iterable[Record], able: Sequence[Cell]) -> Check:
    """Look whether answers at hand are those that were scored.

    Parameters
    ----------
    submission, records
    able : sequence of Cell
        With the answers, see :func:`autows.submissions.predictions.cells`.
    """
    stated = {where(record): record.info.get("predictions_sha256") for record in records}
    at_hand = {_cell(cell): cell.method for cell in able}
    problems, labels = [], []
    for cell, method in at_hand.items():
        assert isinstance(method, PredictedMethod)
        labels.append(method.labels)
        if cell not in stated:
            problems.append(f"{_said(cell)} is none of the cells of this submission")
        elif method.labels.info["predictions_sha256"] != stated[cell]:
            problems.append(f"the answers to {_said(cell)} are others than were scored")
    if len(at_hand) == len(stated) and not problems and digest_of(labels) != submission.source_sha256:
        problems.append("together they have another SHA-256 than the submission states")
    return _judge("answers", problems, f"{len(at_hand)} of {len(stated)} are at hand, and as stated")


def check_files(folder: Path, submission: Submission) -> Check:
    """Look for files that are missing, too large, executable, links, or that do not belong there."""
    problems = foreign_files(folder, submission)
    if not (folder / RECORDS).is_dir():
        problems.append(f"there is no folder {RECORDS}")
    return _judge("files", problems, "nothing but plain, small files that belong there")


def check_source(folder: Path, submission: Submission) -> Check:
    """Look whether the method's file is the one that was run."""
    if submission.kind == "predictions":
        return Check("source", True, (f"answers with SHA-256 {submission.source_sha256[:12]}...; no code",))
    try:
        content = source_of(folder, submission)
    except schema.InvalidSubmission as error:
        return Check("source", False, (str(error),))
    return Check(
        "source", True, (f"{len(content)} bytes, SHA-256 {submission.source_sha256[:12]}... as stated",)
    )


def check_records(folder: Path, submission: Submission) -> tuple[list[Record], Check]:
    """Read the records, and look whether each is one of this submission and its scores are in range."""
    records, problems = [], []
    for found in read_records(folder, submission):
        if isinstance(found, CorruptRecord):
            problems.append(str(found))
        else:
            records.append(found)
    if not records and not problems:
        problems.append("there are none")
    elif records and not any(record.status == "ok" for record in records):
        problems.append("none of them is of a run that went well")
    counts = Counter(record.status for record in records)
    said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return records, _judge("records", problems, f"{len(records)} ({said})")


def where(record: Record) -> tuple[str, str, int]:
    """Return the cell that a record is of: task, representation and draw."""
    return record.key.task, record.labels["representation"], record.key.draw


def _cell(cell: Cell) -> tuple[str, str, int]:
    return cell.task.card.id, cell.representation.spec, cell.draw


def check_completeness(records: Iterable[Record], cells: Sequence[Cell], partly: bool = False) -> Check:
    """Look whether there is a record of every cell that there should be, and none beside.

    Parameters
    ----------
    records, cells
    partly : bool, default False
        Cells may be missing, as for answers that were given to some of them only.
    """
    wanted, there = {_cell(cell) for cell in cells}, [where(record) for record in records]
    problems = [f"{_said(cell)} is there {n} times" for cell, n in sorted(Counter(there).items()) if n > 1]
    problems += [f"{_said(cell)} is none of the cells to be run" for cell in sorted(set(there) - wanted)]
    missing = sorted(wanted - set(there))
    if not partly:
        problems += [f"{_said(cell)} is missing" for cell in missing]
    there_are = f"{len(wanted) - len(missing)} of {len(wanted)}" if missing else f"all {len(wanted)}"
    return _judge("completeness", problems, f"there are records of {there_are} cells")


def _said(cell: tuple[str, str, int]) -> str:
    task, representation, k = (schema.shown(part)[1:-1] if isinstance(part, str) else part for part in cell)
    return f"{task} / {representation} / draw {k}"


def check_currency(records: Iterable[Record], cells: Sequence[Cell]) -> Check:
    """Look whether the records are of the runs that this project would make now.

    Compared are the identity of the run (versions of task, features and protocol, parameters, the code's
    hash), what the record says of the task, and which rows were labelled.
    """
    by_cell = {_cell(cell): cell for cell in cells}
    problems = []
    for record in records:
        cell = by_cell.get(where(record))
        if cell is None:
            continue
        expected = cell.record("skipped", reason="to compare with")
        said = _said(where(record))
        problems += [
            f"{said}: {f.name} is {schema.shown(getattr(record.key, f.name))}; here it is "
            f"{schema.shown(getattr(expected.key, f.name))}"
            for f in fields(Key)
            # Which model spoke, and its weights, depend on what is at hand; the record says so.
            if f.name != "encoders" and getattr(record.key, f.name) != getattr(expected.key, f.name)
        ]
        weights = record.key.encoders
        pretrained = type(cell.representation).identity is not Representation.identity
        if set(weights) - _WEIGHTS or pretrained != ("representation" in weights):
            problems.append(f"{said}: encoders do not say what features and zero-shot answers rest on")
        problems += [
            f"{said}: task_info.{name} is {schema.shown(value)}; here it is "
            f"{schema.shown(expected.task_info.get(name))}"
            for name, value in record.task_info.items()
            if value != expected.task_info.get(name)
        ]
        if record.status == "ok":
            rows = np.ascontiguousarray(draw(cell.task, cell.draw, cell.n_labels), dtype="<i8").tobytes()
            seeds = hashlib.sha256(rows).hexdigest()[:16]
            if record.ledger.get("draw") != seeds or record.ledger.get("n") != cell.n_labels:
                problems.append(f"{said}: its ledger is not that of the labels that were to be given out")
            known = cell.task.card.fingerprint
            if known is not None and not cell.task.variant():
                found = record.provenance.get("data_fingerprint")
                if found != known:
                    problems.append(
                        f"{said}: the data's fingerprint is {schema.shown(found)}, not the card's"
                    )
    return _judge("currency", problems, "task, features, protocol, code and labels are those of this project")


def choose(records: Iterable[Record], cells: Sequence[Cell], n: int, seed: int) -> list[tuple[Record, Cell]]:
    """Draw cells to be run again, out of those that went well and can be run here on the same weights.

    Parameters
    ----------
    records, cells
    n : int
        How many at most.
    seed : int
        Of the draw.
    """
    by_cell = {_cell(cell): cell for cell in cells}
    able = []
    for record in sorted(records, key=lambda r: r.key.id):
        cell = by_cell.get(where(record))
        if cell is not None and record.status == "ok" and record.key == cell.key:
            able.append((record, cell))
    picked = np.random.default_rng(seed).permutation(len(able))[:n]
    return [able[int(i)] for i in picked]


def compare(record: Record, again: Record, tolerance: float = TOLERANCE) -> Check:
    """Compare a submitted record with another run of its cell.

    Parameters
    ----------
    record, again : Record
    tolerance : float
        Largest difference allowed of each of :data:`JUDGED`; 0 asks for equality to the last digit kept.
    """
    name = f"run again: {_said(where(record))}"
    if again.status != "ok":
        return Check(name, False, (f"it is {again.status} here: {schema.shown(again.reason, 300)}",))
    found = [again.provenance.get("data_fingerprint"), record.provenance.get("data_fingerprint")]
    if found[0] != found[1]:
        return Check(name, False, ("the data here are others than those it was run on",))
    if again.scores == record.scores:
        accuracy = record.scores["accuracy"]
        return Check(name, True, (f"the same to the last digit, accuracy {accuracy:.4f} included",))
    ok, lines = True, []
    for score in sorted(set(record.scores) | set(again.scores)):
        stated, now = record.scores.get(score), again.scores.get(score)
        if stated == now:
            continue
        gap = abs(stated - now) if stated is not None and now is not None else None
        beyond = score in JUDGED and (gap is None or gap > tolerance + 1e-12)
        ok = ok and not beyond
        said = "" if gap is None else f", {gap:.6f} apart"
        verdict = f", more than {tolerance:g}" if beyond else ""
        lines.append(f"{score} is {_number(stated)}, here {_number(now)}{said}{verdict}")
    if ok:
        lines.insert(0, f"within the tolerance of {tolerance:g}; of the code or the machine's libraries")
    return Check(name, ok, tuple(lines))


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6f}"
