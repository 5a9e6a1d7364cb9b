"""The folder of a submission: written whole, and looked through without touching what is in it."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from autows.errors import UserError
from autows.files import make_folder, new_folder
from autows.method_file import MAX_BYTES as MAX_SOURCE_BYTES
from autows.method_file import reserved_name
from autows.runs.record import Record
from autows.submissions import schema
from autows.submissions.records import MAX_FILES, MAX_RECORD_BYTES, MAX_TOTAL_BYTES, fit_to_pass_on, walk
from autows.submissions.submission import MAX_BYTES, NAME, RECORDS, SOURCE, Submission, read
from autows.submissions.targets import names_in


def write(out: Path, submission: Submission, source: bytes | None, records: Sequence[Record]) -> None:
    """Write a submission's folder; an earlier one of the same name there is replaced.

    Parameters
    ----------
    out : Path
        The folder.
    submission : Submission
    source : bytes or None
        Content of the method's file; None for predictions.
    records : sequence of Record
        They are written without predictions, tracebacks, and what is too long.

    Raises
    ------
    UserError
        If the folder holds something else, or the submission is too large.
    """
    refuse_other_content(out, submission.name)
    slim = [fit_to_pass_on(record, submission.summary) for record in records]
    if sum(len(record.to_text()) for record in slim) > MAX_TOTAL_BYTES - MAX_SOURCE_BYTES - MAX_BYTES:
        slim = [replace(record, info={}) for record in slim]
    files = {f"{RECORDS}/{record.key.path}": record.to_text().encode() for record in slim}
    files[NAME] = submission.to_bytes()
    if source is not None:
        files[SOURCE] = source
    total = sum(len(content) for content in files.values())
    if total > MAX_TOTAL_BYTES or len(files) > MAX_FILES:
        raise UserError(
            f"The submission has {len(files)} files of {total} bytes; allowed are {MAX_FILES} of "
            f"{MAX_TOTAL_BYTES}. Submit fewer tasks, features or draws at once"
        )
    make_folder(out.parent, "the submission")
    with new_folder(out) as folder:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def refuse_other_content(out: Path, name: str) -> None:
    """Raise UserError unless a folder is not there, is empty, or is a submission of that name."""
    there = names_in(out, NAME, "submission")
    if not there:
        return
    before = read(out)
    if before.name != name:
        raise UserError(f"{out} is the submission '{before.name}'; name another folder with --out")
    other = sorted(there - {NAME, SOURCE, RECORDS})
    if other:
        raise UserError(f"{out} holds more than a submission, {other[0]} for one; move it away")


def foreign_files(folder: Path, submission: Submission) -> list[str]:
    """Say what in a submission's folder does not belong there: a line a file.

    Allowed are the files that :func:`write` writes: plain, not executable, and small. Links are not followed.
    """
    found, total = [], 0
    for number, path in enumerate(walk(folder)):
        name = path.relative_to(folder).as_posix()
        said = schema.shown(name, 200)
        if number == MAX_FILES:
            found.append(f"there are more than {MAX_FILES} files")
            break
        try:
            about = path.lstat()
        except OSError as error:
            found.append(f"{said} cannot be looked at: {error.strerror or error}")
            continue
        if stat.S_ISLNK(about.st_mode):
            found.append(f"{said} is a link")
        elif stat.S_ISDIR(about.st_mode):
            found.append(f"{said} is a folder that cannot be read, or that lies too deep")
        elif not stat.S_ISREG(about.st_mode):
            found.append(f"{said} is no plain file")
        elif _limit(name, submission) is None:
            found.append(f"{said} does not belong into a submission")
        elif about.st_size > (_limit(name, submission) or 0):
            found.append(f"{said} has {about.st_size} bytes; at most {_limit(name, submission)} are allowed")
        elif about.st_mode & 0o111:
            found.append(f"{said} is executable; say chmod -x")
        total += about.st_size
    if total > MAX_TOTAL_BYTES:
        found.append(f"the files have {total} bytes; at most {MAX_TOTAL_BYTES} are allowed")
    return found


def _limit(name: str, submission: Submission) -> int | None:
    """Return how large a file of that name may be, or None if there is to be none."""
    if name == NAME:
        return MAX_BYTES
    if name == SOURCE and submission.kind == "method":
        return MAX_SOURCE_BYTES
    parts = name.split("/")
    record = len(parts) == 5 and parts[0] == RECORDS and parts[-1].endswith(".json")
    return MAX_RECORD_BYTES if record and not parts[-1].startswith(".") else None


def source_of(folder: Path, submission: Submission) -> bytes:
    """Return the method's source, as it lies in the folder.

    Raises
    ------
    InvalidSubmission
        If it is not there, or is not the one that the submission says was run.
    """
    content = schema.read_file(folder / SOURCE, MAX_SOURCE_BYTES)
    found = hashlib.sha256(content).hexdigest()
    if found != submission.source_sha256:
        raise schema.InvalidSubmission(
            f"{folder / SOURCE}: its SHA-256 is {found[:12]}..., and {NAME} says "
            f"{submission.source_sha256[:12]}...; the method was changed after it was run"
        )
    return content


def misnamed(folder: Path, submission: Submission) -> str | None:
    """Say why a submission's folder may not hold what it says it does, or return None if it may.

    One folder holds one name, and none that leads to a method of this project: its rows would be among those
    of a yardstick.
    """
    there = folder.resolve().name
    if there != submission.name:
        return f"the folder is called {schema.shown(there)}; name it '{submission.name}'"
    if taken(submission.name):
        return f"name '{submission.name}' is that of a method of this project"
    return None


def taken(name: str) -> bool:
    """Say whether a name, or the same with underscores for hyphens, is that of a method of this project."""
    return reserved_name(name) or reserved_name(name.replace("-", "_"))


def namesake(name: str, source_sha256: str, homes: Iterable[Path]) -> Path | None:
    """Return a folder that holds a submission of that name and of another source, or None.

    Parameters
    ----------
    name, source_sha256 : str
    homes : iterable of Path
        Folders that have a folder for each submission.
    """
    for home in homes:
        folder = home / name
        if (folder / NAME).is_file() and read(folder).source_sha256 != source_sha256:
            return folder
    return None
