"""From folders to the long table: results, accepted submissions and the project's own records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autows.errors import AutoWSError, CorruptRecord
from autows.runs.record import Record
from autows.runs.store import RunStore
from leaderboard.long_table import LongTable
from leaderboard.own_cards import with_own_cards
from leaderboard.sources import REFERENCE, SUBMISSIONS, strangers

if TYPE_CHECKING:
    from autows.submissions import Submission


def table_of(
    results: Sequence[Path], reference: bool = False, submissions: Path | None = SUBMISSIONS
) -> LongTable:
    """Return the long table of folders.

    Parameters
    ----------
    results : sequence of Path
        Results folders; of a run that is in several the first one counts. What the submissions in their
        folders ``submissions`` say of themselves is kept with the runs of these methods.
    reference : bool, default False
        Whether the project's reference records of the quick suite are added, where the folders lack them.
    submissions : Path, optional
        Folder of accepted submissions. Of tasks they say what our own cards say.
    """
    table = LongTable()
    for folder in results:
        own = {one.name: one.about() for _, one in _submissions(folder / "submissions", table.notes)}
        _add_results(table, folder, "results", own)
        table.notes += strangers(folder)
    if submissions is not None:
        _add_accepted(table, submissions)
    if reference:
        _add_results(table, REFERENCE, "reference", {})
    table.finish()
    return table


def brief(message: object, folder: Path) -> str:
    """Return a message with a folder called by its name: where it lies is nobody's business on a page.

    Examples
    --------
    >>> brief("/home/me/results/records/x.json is a copy", Path("/home/me/results"))
    'results/records/x.json is a copy'
    >>> brief("s/results/records/x.json is a copy", Path("s/results"))
    'results/records/x.json is a copy'
    """
    return str(message).replace(f"{folder}/", f"{folder.resolve().name}/")


def _add_results(
    table: LongTable, folder: Path, origin: str, submissions: Mapping[str, Mapping[str, Any]]
) -> None:
    store = RunStore(folder)
    home = f"{folder.resolve().name}/{store.records.name}/"
    table.add(_told_briefly(store.scan(), folder), origin, submissions, home)


def _add_accepted(table: LongTable, home: Path) -> None:
    from autows.submissions import read_records

    for folder, submission in _submissions(home, table.notes):
        records = _told_briefly(with_own_cards(read_records(folder, submission)), folder)
        about = {submission.name: submission.about()}
        table.add(records, "submission", about, f"{folder.name}/records/")


def _submissions(home: Path, notes: list[str]) -> Iterator[tuple[Path, Submission]]:
    """Yield the submissions in a folder; what is none is added to the notes."""
    folders = []
    if home.is_dir():
        folders = sorted(path for path in home.iterdir() if path.is_dir() and not path.is_symlink())
    for folder in folders:
        from autows import submissions

        try:
            submission = submissions.read(folder)
        except AutoWSError as error:
            notes.append(f"Left out: submission {folder.name}: {brief(error, folder)}")
            continue
        mistake = submissions.misnamed(folder, submission)
        if mistake is not None:
            notes.append(f"Left out: submission {folder.name}: {brief(mistake, folder)}")
            continue
        yield folder, submission


def _told_briefly(
    records: Iterable[Record | CorruptRecord], folder: Path
) -> Iterator[Record | CorruptRecord]:
    for record in records:
        yield CorruptRecord(brief(record, folder)) if isinstance(record, CorruptRecord) else record
