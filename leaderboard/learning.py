"""Learning curves: accuracy by number of labels, where it crosses zero-shot, and "worth n labels"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leaderboard.table import Row, RowName, name_of

if TYPE_CHECKING:
    from leaderboard.statistics import Equivalent

REFERENCE = "logistic_regression"
"""Whose learning curve says how many labels an accuracy is worth."""
ZERO_SHOT = "zero_shot_clip"

Points = list[Row]
Accuracies = Mapping[RowName, Mapping[int, float]]
"""By row and draw."""


def curves(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the learning curve of every method that has several numbers of labels.

    Parameters
    ----------
    rows : sequence of dict
        As :func:`leaderboard.table.rows` makes them.

    Returns
    -------
    list of dict
        As ``curves`` of ``leaderboard.json``.
    """
    return [
        {
            "task": task,
            "representation": representation,
            "method": method,
            "family": points[0]["family"],
            "points": [
                {
                    "n_labels": row["n_labels"],
                    "accuracy": row["accuracy"],
                    "low": row["accuracy_low"],
                    "high": row["accuracy_high"],
                    "n_draws": row["n_draws"],
                }
                for row in points
            ],
        }
        for (task, representation, method), points in _by_method(rows).items()
        if len(points) > 1
    ]


def crossovers(rows: Sequence[Row], accuracies: Accuracies) -> list[dict[str, Any]]:
    """Return from how many labels on each curve is at or above the zero-shot answer of its task.

    Where zero-shot itself was run with several numbers of labels, its answer with the most counts; without
    an abstention it is the same with all. Compared is draw by draw, see :func:`mark_worth`.

    Parameters
    ----------
    rows, accuracies
        As :func:`leaderboard.table.rows` makes them.

    Returns
    -------
    list of dict
        ``task``, ``representation``, ``method``, ``against``; ``n_labels``, or None where there is no such
        number, and then ``bound``: ``<10`` or ``>1000`` where all of the curve is above or below,
        ``not monotone`` where it passes zero-shot more than once; ``interval`` as in :func:`mark_worth`; and
        ``sentence``.
    """
    by_method = _by_method(rows)
    made = []
    for (task, representation, method), points in by_method.items():
        said = by_method.get((task, representation, ZERO_SHOT))
        if method == ZERO_SHOT or not said or len(points) < 2:
            continue
        gap = _Gap.of(points, said[-1], accuracies)
        if gap is None:
            continue
        found = gap.equivalent()
        made.append(
            {
                "task": task,
                "representation": representation,
                "method": method,
                "against": ZERO_SHOT,
                "n_labels": None if found.n_labels is None else round(found.n_labels, 1),
                "bound": found.bound,
                "interval": gap.interval(),
                "sentence": f"{method} on {task} / {representation} {_said(gap, found)}",
            }
        )
    return made


def mark_worth(rows: Sequence[Row], accuracies: Accuracies) -> None:
    """Set ``worth_labels``, ``worth_note`` and ``worth_interval`` of rows in place: how many labels would do.

    That many labels :data:`REFERENCE` needs for the same accuracy on the same task and features: the number,
    or None and a note such as ``>1000`` where the accuracy is beyond its curve, ``not monotone`` where its
    curve passes it more than once; its own rows are worth their own numbers. The interval, such as ``45 to
    >1000``, is of numbers of labels with which the two are not told apart, None where there is none to tell.
    Without a curve all are None.

    Every point of the curve is compared on the draws that it and the row both have; points without such a
    draw are left out. The interval needs two draws that all points have.

    Parameters
    ----------
    rows, accuracies
        As :func:`leaderboard.table.rows` makes them.
    """
    by_method = _by_method(rows)
    for row in rows:
        row.update(worth_labels=None, worth_note=None, worth_interval=None)
        points = by_method.get((row["task"], row["representation"], REFERENCE), [])
        if row["accuracy"] is None or len(points) < 2:
            continue
        if row["method"] == REFERENCE:
            row["worth_labels"] = float(row["n_labels"])
            continue
        gap = _Gap.of(points, row, accuracies)
        if gap is not None:
            found = gap.equivalent()
            row["worth_labels"] = None if found.n_labels is None else round(found.n_labels, 1)
            row["worth_note"], row["worth_interval"] = found.bound, gap.interval()


@dataclass(frozen=True)
class _Gap:
    """How far a curve is above a row, by number of labels, fewest first, and draw."""

    ahead: Mapping[int, Mapping[int, float]]

    @classmethod
    def of(cls, points: Points, row: Row, accuracies: Accuracies) -> _Gap | None:
        """Return the gap, or None unless two points of the curve have a draw in common with the row."""
        theirs = accuracies[name_of(row)]
        ahead = {}
        for point in points:
            mine = accuracies[name_of(point)]
            by_draw = {k: mine[k] - theirs[k] for k in sorted(mine.keys() & theirs.keys())}
            if by_draw:
                ahead[point["n_labels"]] = by_draw
        return cls(ahead) if len(ahead) > 1 else None

    @property
    def means(self) -> dict[int, float]:
        # Rounded, so that what is equal in every draw is not below by the last bit.
        return {n: round(sum(d.values()) / len(d), 12) for n, d in self.ahead.items()}

    def equivalent(self) -> Equivalent:
        from leaderboard.statistics import label_equivalent

        means = self.means
        return label_equivalent(list(means), list(means.values()), 0.0)

    def interval(self) -> str | None:
        from leaderboard.statistics import equivalent_interval

        draws = sorted(set.intersection(*(set(by_draw) for by_draw in self.ahead.values())))
        if not draws:
            return None
        table = [[by_draw[k] for k in draws] for by_draw in self.ahead.values()]
        found = equivalent_interval(list(self.ahead), table)
        return None if found is None else f"{found[0]} to {found[1]}"


def _said(gap: _Gap, found: Equivalent) -> str:
    """Return in words where a curve crosses zero-shot."""
    first, last = min(gap.ahead), max(gap.ahead)
    sure = gap.interval()
    between = "" if sure is None else f" (95 % interval {sure})"
    if found.n_labels is not None:
        if found.n_labels == first:
            return (
                f"is at or above zero-shot with {first} labels, the fewest that were run, and more{between}"
            )
        return f"is at or above zero-shot from about {found.n_labels:.0f} labels on{between}"
    if found.bound == f"<{first:g}":
        return f"is above zero-shot with {first} labels, the fewest that were run, and more{between}"
    if found.bound == f">{last:g}":
        return f"stays below zero-shot up to {last} labels{between}"
    above = [n for n, mean in gap.means.items() if mean >= 0]
    below = [n for n in gap.ahead if n not in above]
    return (
        f"is at or above zero-shot with {_listed(above)} labels and below it with {_listed(below)}{between}"
    )


def _listed(values: Sequence[int]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} and {last}" if most else last


def _by_method(rows: Sequence[Row]) -> dict[tuple[str, str, str], Points]:
    """Return rows that have an accuracy by task, representation and method, fewest labels first."""
    found: dict[tuple[str, str, str], Points] = {}
    for row in rows:
        if row["accuracy"] is not None:
            found.setdefault((row["task"], row["representation"], row["method"]), []).append(row)
    return {name: sorted(points, key=lambda row: row["n_labels"]) for name, points in sorted(found.items())}
