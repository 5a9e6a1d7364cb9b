"""Seconds of fitting against accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import above_chance, best_features, first_panels, not_shown
from leaderboard.plots.labels import Label, place
from leaderboard.plots.layout import Entry, columns_for, fit_title, limits, log_limits, log_ticks, sheet
from leaderboard.plots.pools import Standing, heading, left_out
from leaderboard.plots.words import counted, listed, percent, seconds
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLOOR = 1e-3
"""Seconds; less is drawn as this much, as a logarithm has no place for zero."""

MOST_PANELS = 12
MOST_METHODS = 40
NOT_IN_IT = (
    "Seconds of the method's own fit. What it costs to compute features, or to ask the foundation model for "
    "its answers, is not in them."
)

Row = Mapping[str, Any]


@style.styled
def plot(standing: Standing) -> Figure | None:
    """Draw mean accuracy against mean seconds of fitting, for each entrant.

    Parameters
    ----------
    standing : mapping
        One of the leaderboard's ``standings``; entrants without seconds or accuracy are left out.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no entrant. Not drawn is the majority class. At most the forty first.
    """
    points, notes = above_chance(_points(standing["entrants"]))
    if not points:
        return None
    kept = points[:MOST_METHODS]
    others = not_shown(len(points) - len(kept), "method")
    notes = [*_notes(kept), *notes, *others, *left_out([standing])]
    page = sheet(1, columns=1, height=3.7, left=0.55, key=_key(kept), notes=notes)
    fit_title(page.panels[0], "{}", heading(standing))
    _panel(page.panels[0], kept, 26, len(kept))
    page.label("seconds to fit, without features and answers (logarithmic)", "mean accuracy over tasks (%)")
    return page.figure


@style.styled
def plot_by_task(rows: Sequence[Row]) -> Figure | None:
    """Draw accuracy against seconds of fitting, a panel for each task, each method under its best features.

    Parameters
    ----------
    rows : sequence of mappings
        Rows of the leaderboard for one number of labels; those without seconds or accuracy are left out.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no such row. Not drawn is the majority class. At most twelve tasks.
    """
    usable = [row for row in rows if row["seconds"] is not None and row["accuracy"] is not None]
    if not usable:
        return None
    usable, floor = above_chance(best_features(usable))
    tasks, notes = first_panels(sorted({row["task"] for row in usable}), MOST_PANELS, "task")
    panels = {task: [_point(row, row["accuracy"]) for row in usable if row["task"] == task] for task in tasks}
    every = [point for points in panels.values() for point in points]
    columns = columns_for(len(tasks))
    page = sheet(
        len(tasks),
        columns=columns,
        height={1: 3.2, 2: 2.4, 3: 2.0}.get(columns, 1.6),
        left=0.55,
        key=_key(every),
        notes=["Each method under the features it is most accurate with.", *_notes(every), *notes, *floor],
    )
    for axes, task in zip(page.panels, tasks, strict=True):
        fit_title(axes, "{}", task)
        _panel(axes, panels[task], 22 if columns < 3 else 19, {1: 10, 2: 6}.get(columns, 3))
    page.label("seconds to fit, without features and answers (logarithmic)", "accuracy (%)")
    return page.figure


def describe(standing: Standing) -> str:
    """Return in words what :func:`plot` shows."""
    known = [e for e in standing["entrants"] if e["seconds"] is not None and e["mean_accuracy"] is not None]
    points, _ = above_chance(known)
    fast, slow = (pick(points, key=lambda entrant: entrant["seconds"]) for pick in (min, max))
    best = max(points, key=lambda entrant: entrant["mean_accuracy"])
    told = [
        f"{which} {entrant['method']} ({seconds(entrant['seconds'])}, {percent(entrant['mean_accuracy'])})"
        for which, entrant in (("fastest is", fast), ("slowest", slow), ("the most accurate", best))
    ]
    return (
        f"Scatter plot of mean accuracy against seconds of fitting for {counted(len(points), 'method')}; the "
        f"{listed(told)}. Computing features and asking a foundation model are not in the seconds."
    )


def describe_by_task(rows: Sequence[Row]) -> str:
    """Return in words what :func:`plot_by_task` shows."""
    usable = [row for row in rows if row["seconds"] is not None and row["accuracy"] is not None]
    slow = max(usable, key=lambda row: row["seconds"])
    best = max(usable, key=lambda row: row["accuracy"])
    return (
        "Scatter plots of accuracy against seconds of fitting on "
        f"{counted(len({row['task'] for row in usable}), 'task')}. The slowest fit took "
        f"{seconds(slow['seconds'])} ({slow['method']} on {slow['task']}); the most accurate, "
        f"{percent(best['accuracy'])}, {seconds(best['seconds'])} ({best['method']} on {best['task']})."
    )


def _points(entrants: Sequence[Row]) -> list[Mapping[str, Any]]:
    known = [e for e in entrants if e["seconds"] is not None and e["mean_accuracy"] is not None]
    return [_point(entrant, entrant["mean_accuracy"]) for entrant in known]


def _point(row: Row, accuracy: float) -> Mapping[str, Any]:
    return {
        "method": row["method"],
        "family": row["family"],
        "x": max(row["seconds"], FLOOR),
        "y": 100 * accuracy,
    }


def _key(points: Sequence[Mapping[str, Any]]) -> list[list[Entry]]:
    entries = [Entry(name, style.color(name), "o") for name in style.families_of(points)]
    return [entries]


def _notes(points: Sequence[Mapping[str, Any]]) -> list[str]:
    if any(point["x"] == FLOOR for point in points):
        return [NOT_IN_IT, f"Less than {seconds(FLOOR)} is drawn as {seconds(FLOOR)}."]
    return [NOT_IN_IT]


def _panel(axes: Axes, points: Sequence[Mapping[str, Any]], limit: int, most_labels: int) -> None:
    places = [(point["x"], point["y"]) for point in points]
    low, high = log_limits([x for x, _ in places], pad=0.09)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(log_ticks(low, high), minor=False)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(*limits([y for _, y in places], pad=0.1, least=2))
    for family in style.families_of(points):
        own = [p for p in points if style.color(p["family"]) == style.color(family)]
        axes.plot(
            [p["x"] for p in own],
            [p["y"] for p in own],
            linestyle="none",
            marker="o",
            color=style.color(family),
            markersize=5,
            markeredgecolor=style.SURFACE,
            markeredgewidth=0.5,
            gid="points",
            zorder=3,
        )
    named = sorted(range(len(points)), key=lambda i: -places[i][1])[:most_labels]
    names = short([point["method"] for point in points], limit)
    place(axes, [Label(*places[i], names[points[i]["method"]]) for i in named], places)
