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
from autows.errors import AutoWSError, CorruptRecord
from autows.isolation.description import Description
from autows.runs.cell import Cell
from autows.runs.record import Key, Record
from autows.submissions import consistency, encoders, schema
from autows.submissions.folder import foreign_files, misnamed, source_of
from autows.submissions.places import place_of, said, where
from autows.submissions.predicted import PredictedMethod
from autows.submissions.predictions import digest_of
from autows.submissions.records import read_records
from autows.submissions.submission import RECORDS, Submission

NAMED = 5

RUN_AGAIN = "run again"
"""What checks that another run of a cell made are called, before the cell."""


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
    missing : str
        What could not be looked at, or has to be looked at by a person; empty for nothing.
    """

    name: str
    ok: bool
    lines: tuple[str, ...]
    missing: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"name": self.name, "ok": self.ok, "lines": list(self.lines), "missing": self.missing}


def _judge(name: str, problems: Sequence[str], fine: str) -> Check:
    """Return a check that fails if there are problems, the first of which are named."""
    # Files are called as somebody liked; a terminal would do what such a name says.
    shown = ["".join(c if c.isprintable() else "?" for c in problem) for problem in problems[:NAMED]]
    if len(problems) > NAMED:
        shown.append(f"{len(problems) - NAMED} more of the kind")
    return Check(name, not problems, tuple(shown) or (fine,))


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
        mark = "FAIL" if not check.ok else "?" if check.missing else "ok"
        lines += [f"{mark:<5}{check.name}: {check.lines[0]}"]
        lines += [f"     {line}" for line in check.lines[1:]]
    again = any(check.name.startswith(RUN_AGAIN) for check in checks)
    hint = f". To run the same cells again: --seed {seed}" if again else ""
    return "\n".join([*lines, f"{verdict(checks)}{hint}"])


def verdict(checks: Sequence[Check]) -> str:
    """Return what the checks come to: ``In order`` only where nothing was left out."""
    failed = [check.name for check in checks if not check.ok]
    if failed:
        return f"Not in order: {', '.join(failed)}"
    missing = [check.missing for check in checks if check.missing]
    return f"No fault found, but not all is verified: {'; '.join(missing)}" if missing else "In order"


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
    at_hand = {place_of(cell): cell.method for cell in able}
    problems, labels = [], []
    for cell, method in at_hand.items():
        assert isinstance(method, PredictedMethod)
        labels.append(method.labels)
        if cell not in stated:
            problems.append(f"{said(cell)} is none of the cells of this submission")
        elif method.labels.info["predictions_sha256"] != stated[cell]:
            problems.append(f"the answers to {said(cell)} are others than were scored")
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
    ended = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return records, _judge("records", problems, f"{len(records)} ({ended})")


def check_completeness(records: Iterable[Record], cells: Sequence[Cell], partly: bool = False) -> Check:
    """Look whether there is a record of every cell that there should be, and none beside.

    Parameters
    ----------
    records, cells
    partly : bool, default False
        Cells may be missing, as for answers that were given to some of them only.
    """
    wanted, there = {place_of(cell) for cell in cells}, [where(record) for record in records]
    problems = [f"{said(cell)} is there {n} times" for cell, n in sorted(Counter(there).items()) if n > 1]
    problems += [f"{said(cell)} is none of the cells to be run" for cell in sorted(set(there) - wanted)]
    missing = sorted(wanted - set(there))
    if not partly:
        problems += [f"{said(cell)} is missing" for cell in missing]
    there_are = f"{len(wanted) - len(missing)} of {len(wanted)}" if missing else f"all {len(wanted)}"
    return _judge("completeness", problems, f"there are records of {there_are} cells")


def check_currency(records: Iterable[Record], cells: Sequence[Cell]) -> Check:
    """Look whether the records are of the runs that this project would make now.

    Compared are the identity of the run (versions of task, features and protocol, parameters, the code's
    hash, weights that are on this machine), what the record says of the task, and which rows were labelled.
    """
    by_place = {place_of(cell): cell for cell in cells}
    problems = []
    for record in records:
        cell = by_place.get(where(record))
        if cell is None:
            continue
        expected = cell.record("skipped", reason="to compare with")
        wrong = [
            f"{f.name} is {schema.shown(getattr(record.key, f.name))}; here it is "
            f"{schema.shown(getattr(expected.key, f.name))}"
            for f in fields(Key)
            if f.name != "encoders" and getattr(record.key, f.name) != getattr(expected.key, f.name)
        ]
        wrong += encoders.mistakes(record, cell)
        for part in ("labels", "task_info"):
            stated, here = getattr(record, part), getattr(expected, part)
            wrong += [
                f"{part}.{name} is {schema.shown(stated.get(name))}; here it is "
                f"{schema.shown(here.get(name))}"
                for name in sorted({*stated, *here})
                if stated.get(name) != here.get(name)
            ]
        if record.status == "ok":
            wrong += _labels_and_data(record, cell)
        problems += [f"{said(where(record))}: {one}" for one in wrong]
    return _judge("currency", problems, "task, features, protocol, code and labels are those of this project")


def _labels_and_data(record: Record, cell: Cell) -> list[str]:
    found = []
    rows = np.ascontiguousarray(draw(cell.task, cell.draw, cell.n_labels), dtype="<i8").tobytes()
    seeds = hashlib.sha256(rows).hexdigest()[:16]
    if record.ledger.get("draw") != seeds or record.ledger.get("n") != cell.n_labels:
        found.append("its ledger is not that of the labels that were to be given out")
    known, stated = cell.task.card.fingerprint, record.provenance.get("data_fingerprint")
    if known is not None and not cell.task.variant() and stated != known:
        found.append(f"the data's fingerprint is {schema.shown(stated)}, not the card's")
    return found


def check_consistency(records: Iterable[Record], cells: Sequence[Cell]) -> Check:
    """Look whether the numbers of each record can be true together; nothing is run for that."""
    by_place = {place_of(cell): cell for cell in cells}
    problems = []
    for record in records:
        cell = by_place.get(where(record))
        card = None if cell is None or cell.task.variant() else cell.task.card
        rows = (None, None) if card is None else (card.n_test, card.n_pool)
        found = consistency.faults(record, *rows)
        if found and cell is not None and _grouped(cell):
            found = consistency.faults(record, *rows, grouped=True)
        problems += [f"{said(where(record))}: {one}" for one in found]
    return _judge(
        "consistency", problems, "scores, curves and labeling functions of each can be true together"
    )


def _grouped(cell: Cell) -> bool:
    """Say whether rows of a task belong together, as far as its data are at hand."""
    try:
        data = cell.task.load()
    except AutoWSError:
        return False
    return data.groups_pool is not None or data.groups_test is not None


def check_declaration(submission: Submission, described: Description) -> Check:
    """Look whether a submission says of its method what the method's file says of itself.

    Parameters
    ----------
    submission
    described : Description
        What the file said when it was asked, in isolation.
    """
    problems = [
        f"{what} is {schema.shown(stated)}; the source has {schema.shown(found)}"
        for what, stated, found in (
            ("family", submission.family, described.family),
            ("needs", sorted(submission.needs), sorted(described.requirements)),
            ("modalities", list(submission.modalities), list(described.modalities)),
            ("parameters", dict(submission.parameters), dict(described.parameters)),
        )
        if stated != found
    ]
    if described.pretrained_data not in submission.pretrained_data:
        problems.append(
            f"pretrained_data is {schema.shown(submission.pretrained_data, 200)}; the source has "
            f"{schema.shown(described.pretrained_data, 200)}"
        )
    return _judge("declaration", problems, "needs, parameters and pretrained data are those of the source")
