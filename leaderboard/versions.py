"""Which runs are compared: those of one version of the protocol, a task, its features and a method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.own_cards import own_card, unknown_version

if TYPE_CHECKING:
    from leaderboard.long_table import Run

NAMED = 5
"""Of what other versions were left out, as far as it is named; the others are counted."""

_SCOPES: tuple[tuple[Callable[[Run], Any], str, Callable[[Run], str]], ...] = (
    (lambda run: None, "the protocol", lambda run: f"version {run.versions[0]}"),
    (lambda run: run.task, "a task", lambda run: f"{run.task} version {run.versions[1][0]}"),
    (
        lambda run: (run.task, run.representation),
        "features",
        lambda run: f"{run.representation} of {run.task}",
    ),
    (
        lambda run: run.row,
        "a method's code, parameters or weights",
        lambda run: f"{run.method} on {run.task} / {run.representation}",
    ),
)
"""Within what all runs are of one version, what that is a version of, and what is named."""


def current(runs: Sequence[Run], controls: Collection[str]) -> tuple[list[Run], list[str]]:
    """Keep what belongs to one version, of the protocol, each task, features and row: the most recent.

    Comparisons are within a task and features, so a version of theirs holds for all methods. A version
    without a control cannot be compared with anything and does not push out one that has some; a version of a
    task that is above the one this program has does not count at all.

    Parameters
    ----------
    runs : sequence of Run
    controls : collection of str
        Names of methods.

    Returns
    -------
    runs : list of Run
    notes : list of str
        What was left out.
    """
    kept, notes = _known(runs)
    for level, (scope, title, name) in enumerate(_SCOPES):
        best: dict[Any, tuple[tuple[bool, str, str], Any]] = {}
        controlled = {
            (scope(run), run.versions[level])
            for run in kept
            if run.about["name"] in controls and run.status == "ok"
        }
        for run in kept:
            where, version = scope(run), run.versions[level]
            rank = ((where, version) in controlled, run.finished_at, run.key_id)
            if where not in best or rank > best[where][0]:
                best[where] = rank, version
        out = Counter(name(run) for run in kept if run.versions[level] != best[scope(run)][1])
        kept = [run for run in kept if run.versions[level] == best[scope(run)][1]]
        if out:
            named = ", ".join(sorted(out)[:NAMED])
            more = f" and {len(out) - NAMED} more" if len(out) > NAMED else ""
            notes.append(
                f"Left out: {_records(sum(out.values()))} of another version of {title} ({named}{more}); the "
                "most recent one with controls counts"
            )
    return kept, notes


def _known(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """Return runs of versions of tasks that this program has or once had, and notes on the others."""
    kept: list[Run] = []
    unknown: Counter[str] = Counter()
    for run in runs:
        card, version = own_card(run.task), run.versions[1][0]
        if card is None or version <= card.version:
            kept.append(run)
        else:
            unknown[unknown_version(card, version)] += 1
    return kept, [f"Left out: {_records(number)} of {said}" for said, number in sorted(unknown.items())]


def _records(number: int) -> str:
    return f"{number} record{'' if number == 1 else 's'}"
