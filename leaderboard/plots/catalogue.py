"""Which plots a board has, in which order, under which names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from leaderboard.field import cell_of, repetitions
from leaderboard.plots import (
    accuracy_coverage,
    cost,
    critical_difference,
    forest,
    learning_curves,
    pairs,
    profile,
    reliability,
    risk_coverage,
    stages,
    strengths,
)
from leaderboard.plots.choice import QUESTION, by_accuracy
from leaderboard.pools import POOLS
from leaderboard.table import main_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Shown = tuple[str, str, str, "Figure"]
Row = Mapping[str, Any]


def figures(board: Mapping[str, Any]) -> Iterator[Shown]:
    """Draw everything a board can show, at most fifteen figures.

    Parameters
    ----------
    board : mapping
        The values of ``leaderboard.json``. Parts that are missing or empty have no plots.

    Yields
    ------
    stem, title, alt : str
        Name for a file, heading, and what is to be seen in plain words.
    figure : matplotlib.figure.Figure
        To be handed to ``save`` or ``inline_svg``.
    """
    subject = _subject(board)
    if subject is None:
        return
    for section in SECTIONS:
        yield from section(subject)


@dataclass(frozen=True)
class Subject:
    """The part of a board that plots are about.

    Parameters
    ----------
    board : mapping
        All of it.
    n_labels : int
        The number of labels.
    rows : list of mappings
        Rows with that number, without tasks that are another one again.
    standings : list of mappings
        Standings over all features, from the widest pool of entrants to the narrowest; pools with the same
        entrants and tasks as a wider one left out.
    order : list of str
        Methods, the best first.
    families : dict
        Family of each method.
    marked : frozenset of str
        Submitted methods.
    """

    board: Mapping[str, Any]
    n_labels: int
    rows: list[Row]
    standings: list[Row]
    order: list[str]
    families: dict[str, str]
    marked: frozenset[str]

    def part(self, name: str) -> list[Row]:
        """Return a part of the board, what belongs to another number of labels left out."""
        return [entry for entry in self.board.get(name) or [] if entry.get("n_labels") == self.n_labels]

    def title(self, text: str) -> str:
        """Return a title that says how many labels it is about."""
        return f"{text} ({self.n_labels} labels)"


def _subject(board: Mapping[str, Any]) -> Subject | None:
    n_labels = main_labels(board.get("rows") or [])
    if n_labels is None:
        return None
    every = [row for row in board["rows"] if row["n_labels"] == n_labels]
    same_as = {cell_of(row): row.get("same_as") for row in every}
    again = repetitions([cell_of(row) for row in every if row["accuracy"] is not None], same_as)
    rows = [row for row in every if cell_of(row) not in again]
    standings = _standings([s for s in board.get("standings") or [] if s["n_labels"] == n_labels])
    order = [e["method"] for s in standings[:1] for e in s["entrants"]]
    order += [name for name in by_accuracy(rows) if name not in order]
    return Subject(
        board,
        n_labels,
        rows,
        standings,
        order,
        {row["method"]: row["family"] for row in board["rows"]},
        frozenset(row["method"] for row in every if row.get("origin") == "submission"),
    )


def _standings(standings: Sequence[Row]) -> list[Row]:
    found: dict[tuple[frozenset[str], tuple[str, ...]], Row] = {}
    for pool in reversed(POOLS):
        own = [s for s in standings if s["pool"] == pool and len(s["entrants"]) > 1]
        if own:
            widest = max(own, key=lambda s: (s["representation"] == "all", len(s["entrants"])))
            methods = frozenset(entrant["method"] for entrant in widest["entrants"])
            found.setdefault((methods, tuple(sorted(widest["tasks"]))), widest)
    return list(found.values())


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _if_any(figure: Figure | None, stem: str, title: str, describe: Callable[[], str]) -> Iterator[Shown]:
    if figure is not None:
        yield stem, title, describe(), figure


def _forests(subject: Subject) -> Iterator[Shown]:
    entries = subject.part("comparisons")
    for against in QUESTION:
        own = [entry for entry in entries if entry["against"] == against]
        yield from _if_any(
            forest.plot_against(own, subject.families),
            f"forest_{against}",
            subject.title(f"Every method against {against}"),
            partial(forest.describe_against, own),
        )
    # The question in one figure: the best method that writes labeling functions, beside zero-shot CLIP. One
    # whose runs failed on the hard tasks is no best.
    asked = [
        e for e in entries if e["against"] == QUESTION[0] and e["difference"] is not None and e["complete"]
    ]
    ours = [e for e in asked if subject.families.get(e["method"]) == "autows"] or asked
    if ours:
        best = max(ours, key=lambda entry: entry["difference"])
        yield from _if_any(
            forest.plot(best),
            f"forest_{_slug(best['method'])}_{best['against']}",
            subject.title(f"{best['method']} against {best['against']}, task by task"),
            lambda: forest.describe(best),
        )


def _scatters(subject: Subject) -> Iterator[Shown]:
    yield from _if_any(
        accuracy_coverage.plot(subject.rows, subject.marked),
        "accuracy_coverage",
        subject.title("Accuracy against coverage"),
        lambda: accuracy_coverage.describe(subject.rows),
    )
    overall = [figure for standing in subject.standings[:1] if (figure := cost.plot(standing))]
    title = subject.title("Accuracy against seconds to fit, without computing features or zero-shot answers")
    if overall:
        yield "cost", title, cost.describe(subject.standings[0]), overall[0]
    else:
        yield from _if_any(
            cost.plot_by_task(subject.rows),
            "cost",
            title,
            partial(cost.describe_by_task, subject.rows),
        )


def _curves(subject: Subject) -> Iterator[Shown]:
    curves = subject.board.get("curves") or []
    crossovers = subject.board.get("crossovers") or []
    levels = {
        (row["task"], row["representation"]): row["accuracy"]
        for row in subject.rows
        if row["method"] == learning_curves.ZERO_SHOT and row["accuracy"] is not None
    }
    yield from _if_any(
        learning_curves.plot(curves, crossovers, levels, subject.order),
        "learning_curves",
        "Learning curves",
        lambda: learning_curves.describe(curves, crossovers, subject.order),
    )


def _overall(subject: Subject) -> Iterator[Shown]:
    kinds: tuple[tuple[profile.Kind, str, str], ...] = (
        ("gap", "profile", "Performance profiles: distance from the best accuracy"),
        ("ratio", "profile_ratio", "Performance profiles: ratio to the least error"),
    )
    for kind, stem, title in kinds:
        yield from _if_any(
            profile.plot(subject.standings, kind, marked=subject.marked),
            stem,
            subject.title(title),
            partial(profile.describe, subject.standings, kind),
        )
    yield from _if_any(
        strengths.plot(subject.standings),
        "strengths",
        subject.title("Bradley-Terry strengths"),
        lambda: strengths.describe(subject.standings),
    )
    for standing in subject.standings[:1]:
        yield from _if_any(
            pairs.plot(standing),
            "pairs",
            subject.title("Paired differences between all methods"),
            partial(pairs.describe, standing),
        )


def _confidence(subject: Subject) -> Iterator[Shown]:
    yield from _if_any(
        reliability.plot(subject.rows, subject.order),
        "reliability",
        subject.title("Reliability of confidences"),
        lambda: reliability.describe(subject.rows, subject.order),
    )
    yield from _if_any(
        risk_coverage.plot(subject.rows, subject.order),
        "risk_coverage",
        subject.title("Error against the share of rows kept"),
        lambda: risk_coverage.describe(subject.rows, subject.order),
    )


def _stages(subject: Subject) -> Iterator[Shown]:
    walks = subject.part("stages")
    yield from _if_any(
        stages.plot(walks),
        "stages",
        subject.title("From what the features allow to what was reached"),
        lambda: stages.describe(walks),
    )


def _secondary(subject: Subject) -> Iterator[Shown]:
    for standing in subject.standings[:1]:
        yield from _if_any(
            critical_difference.plot(standing),
            "critical_difference",
            subject.title("Critical-difference diagram"),
            partial(critical_difference.describe, standing),
        )


SECTIONS: tuple[Callable[[Subject], Iterator[Shown]], ...] = (
    _forests,
    _scatters,
    _curves,
    _overall,
    _confidence,
    _stages,
    _secondary,
)
