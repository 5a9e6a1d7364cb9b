"""The whole leaderboard as JSON values: everything that tables, plots and the page are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from autows.errors import CorruptRecord
from autows.runs.record import Record
from leaderboard import cards, learning, published
from leaderboard.comparison import comparisons
from leaderboard.gathering import brief, table_of
from leaderboard.long_table import LongTable
from leaderboard.overall import overall
from leaderboard.sources import REFERENCE, SUBMISSIONS
from leaderboard.standings import standings
from leaderboard.table import Row, RowName, by_draw, rows, trouble

SCHEMA_VERSION = 3
"""Version of ``leaderboard.json``."""


@dataclass
class Board:
    """Everything a leaderboard shows, as JSON values.

    Parameters
    ----------
    rows : list of dict
        One a task, method, representation and number of labels; see :func:`leaderboard.table.rows` and
        :func:`leaderboard.learning.mark_worth`.
    overall : list of dict
        One a method and number of labels, best mean rank first; see :func:`leaderboard.overall.overall`.
    standings : list of dict
        One a number of labels, pool of entrants and representation; see
        :func:`leaderboard.standings.standings`.
    comparisons : list of dict
        Every method against the controls; see :func:`leaderboard.comparison.comparisons`.
    curves, crossovers : list of dict
        See :mod:`leaderboard.learning`.
    methods, tasks : list of dict
        See :mod:`leaderboard.cards`.
    stages : list of dict
        Stage-wise waterfalls, where they were computed.
    published : list of dict
        Figures of 2022 beside ours; see :func:`leaderboard.published.beside`.
    provenance : dict
        Where the records come from.
    notes : list of str
        What a reader must know: failures, gaps, controls that are missing, records left out.
    accuracies : dict
        By row and draw; not part of the JSON.
    """

    rows: list[Row] = field(default_factory=list)
    overall: list[Row] = field(default_factory=list)
    standings: list[dict[str, Any]] = field(default_factory=list)
    comparisons: list[dict[str, Any]] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)
    crossovers: list[dict[str, Any]] = field(default_factory=list)
    methods: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    accuracies: Mapping[RowName, Mapping[int, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``leaderboard.json``."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "accuracies"}
        return {"schema_version": SCHEMA_VERSION, **named}


def build(records: Iterable[Record | CorruptRecord]) -> Board:
    """Make the leaderboard of a collection of records.

    Where there are runs of several versions of a task or of a method's code, the most recent version counts
    and the others are left out and counted in the notes.
    """
    table = LongTable()
    table.add(records)
    table.finish()
    return assemble(table)


def read(
    results: Sequence[Path],
    reference: bool = False,
    submissions: Path | None = SUBMISSIONS,
) -> Board:
    """Make the leaderboard of folders.

    Parameters
    ----------
    results : sequence of Path
        Results folders; of a run that is in several the first one counts.
    reference : bool, default False
        Whether the project's reference records of the quick suite are added, where the folders lack them.
    submissions : Path, optional
        Folder of accepted submissions.
    """
    board = assemble(table_of(results, reference, submissions))
    _add_stages(board, [*results, *([REFERENCE] if reference else [])])
    return board


def _add_stages(board: Board, folders: Sequence[Path]) -> None:
    from leaderboard import stages

    for folder in folders:
        found, notes = stages.read(folder)
        known = {(one["task"], one["representation"], one["method"], one["n_labels"]) for one in board.stages}
        board.stages += [
            one
            for one in found
            if (one["task"], one["representation"], one["method"], one["n_labels"]) not in known
        ]
        board.notes += [brief(note, folder) for note in notes]


def assemble(table: LongTable) -> Board:
    """Make the leaderboard of a long table that is finished."""
    made, accuracies = rows(table.runs)
    runs = by_draw(table.runs)
    learning.mark_worth(made, accuracies)
    everything, overall_notes = overall(made, runs)
    return Board(
        rows=made,
        overall=everything,
        standings=standings(made, runs),
        comparisons=comparisons(made, accuracies),
        curves=learning.curves(made),
        crossovers=learning.crossovers(made, accuracies),
        methods=cards.methods(table.runs),
        tasks=cards.tasks(table.runs),
        published=published.beside(made),
        provenance=table.provenance,
        # Names of files and reasons are other people's; a terminal would do what their characters say.
        notes=[
            "".join(c if c.isprintable() else "?" for c in note)
            for note in (*table.notes, *overall_notes, *trouble(made))
        ],
        accuracies=accuracies,
    )
