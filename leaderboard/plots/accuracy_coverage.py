"""Accuracy against coverage, a panel for each task."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import QUESTION, above_chance, first_panels
from leaderboard.plots.labels import Label, place
from leaderboard.plots.layout import Entry, columns_for, fit_title, limits, sheet
from leaderboard.plots.words import counted, percent
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
MOST_POINTS = 24
LABELS = 4

FULL = 0.9995
"""Coverage from which on a method counts as answering everything."""

LANE = 5.2
LANES = 6
"""Points between markers side by side, and how many there are at most."""

Row = Mapping[str, Any]


@style.styled
def plot(rows: Sequence[Row], marked: Collection[str] = ()) -> Figure | None:
    """Draw what a method answers against how often it answers.

    A marker is the accuracy on the rows covered; where coverage is not full, a line leads to the accuracy on
    all rows, in which an abstention counts as the most frequent seed class. Markers of full coverage stand
    side by side where they would hide each other.

    Parameters
    ----------
    rows : sequence of mappings
        Rows of the leaderboard for one number of labels; those without accuracy or coverage are left out.
    marked : collection of str
        Methods to label in any case, such as submissions.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if no row has both values. Not drawn is the majority class. At most twelve tasks, and of each the
        twenty-four most accurate rows.
    """
    rows, floor = above_chance(_usable(rows))
    if not rows:
        return None
    tasks, notes = first_panels(sorted({row["task"] for row in rows}), MOST_PANELS, "task")
    shown = {task: _shown([row for row in rows if row["task"] == task], marked) for task in tasks}
    kept = [row for group in shown.values() for row in group]
    dropped = sum(row["task"] in shown for row in rows) - len(kept)
    if dropped:
        notes.append(
            f"Of each task the {MOST_POINTS} most accurate rows; not shown: {counted(dropped, 'row')}."
        )
    explained = (
        "Marker: accuracy on the rows that the method answers. Where it abstains, the line leads to its "
        "accuracy on all rows, an abstention counting as the most frequent seed class. Who answers "
        "everything is in the grey strip, side by side only to be seen."
    )
    marks = style.markers(row["representation"] for row in kept)
    columns = columns_for(len(tasks))
    page = sheet(
        len(tasks),
        columns=columns,
        height={1: 3.2, 2: 2.5, 3: 2.2}.get(columns, 1.6),
        left=0.55,
        ticks=0.16,
        key=[
            [Entry(name, style.color(name), "o") for name in style.families_of(kept)],
            [Entry(name, style.MUTED, mark) for name, mark in marks.items()],
        ],
        notes=[explained, *notes, *floor],
    )
    names = short([row["method"] for row in kept], 22 if columns < 3 else 19)
    lanes = []
    for axes, task in zip(page.panels, tasks, strict=True):
        fit_title(axes, "{}", task)
        values = [100 * row[name] for row in shown[task] for name in ("accuracy", "accuracy_covered")]
        axes.set_ylim(*limits(values, pad=0.11, least=4))
        lanes.append(_lanes(axes, shown[task]))
    least = min(100 * row["coverage"] for row in kept)
    low = min(least - 0.06 * (100 - least), 95.0)
    width = page.panels[0].get_window_extent().width
    strip = LANE * (max(lane for panel in lanes for lane in panel) + 1.4)
    unit = (100 - low) / (width - strip)
    for axes, task, panel in zip(page.panels, tasks, lanes, strict=True):
        axes.set_xlim(low, 100 + strip * unit)
        axes.axvspan(
            100 - 0.7 * LANE * unit,
            100 + strip * unit,
            color=style.GRID,
            alpha=0.35,
            linewidth=0,
            gid="strip",
        )
        axes.set_xticks([tick for tick in axes.get_xticks() if low <= tick <= 100.001])
        _panel(axes, shown[task], [LANE * unit * lane for lane in panel], marks, names, marked)
    page.label("coverage (%)", "accuracy on covered rows (%)")
    return page.figure


def describe(rows: Sequence[Row]) -> str:
    """Return in words what :func:`plot` shows."""
    rows = _usable(rows)
    partial = [row for row in rows if row["coverage"] < FULL]
    best = max(rows, key=lambda row: row["accuracy"])
    text = (
        f"Scatter plots of accuracy on covered test rows against coverage, "
        f"{counted(len({row['task'] for row in rows}), 'task')}. {len(rows) - len(partial)} of "
        f"{counted(len(rows), 'row')} cover everything."
    )
    if partial:
        least = min(partial, key=lambda row: row["coverage"])
        text += (
            f" The least coverage is {percent(least['coverage'])}: {least['method']} on {least['task']}, "
            f"{percent(least['accuracy_covered'])} accurate on covered rows and {percent(least['accuracy'])} "
            "on all."
        )
    return text + (
        f" The highest accuracy on all rows is {percent(best['accuracy'])}: {best['method']} on "
        f"{best['task']} with {best['representation']} features."
    )


def _usable(rows: Sequence[Row]) -> list[Row]:
    wanted = ("accuracy", "coverage", "accuracy_covered")
    return [row for row in rows if all(row[name] is not None for name in wanted)]


def _shown(rows: Sequence[Row], marked: Collection[str]) -> list[Row]:
    """Return the most accurate rows, best first; one of each marked method and of the controls is there."""

    def order(row: Row) -> tuple[float, str, str]:
        return -row["accuracy"], row["method"], row["representation"]

    ranked = sorted(rows, key=order)
    asked = [[row for row in ranked if row["method"] == name][:1] for name in (*QUESTION, *sorted(marked))]
    first = [row for found in asked for row in found][: MOST_POINTS // 2]
    rest = [row for row in ranked if row not in first]
    return sorted([*first, *rest[: MOST_POINTS - len(first)]], key=order)


def _lanes(axes: Axes, rows: Sequence[Row]) -> list[int]:
    """Return for each row how many places to the right it stands so that no marker hides another one."""
    heights = [float(axes.transData.transform((0, 100 * row["accuracy_covered"]))[1]) for row in rows]
    taken: list[list[float]] = [[] for _ in range(LANES)]
    lanes = [0] * len(rows)
    for i in sorted(range(len(rows)), key=lambda i: -heights[i]):
        if rows[i]["coverage"] < FULL:
            continue
        free = (k for k in range(LANES) if all(abs(heights[i] - other) >= LANE for other in taken[k]))
        lanes[i] = next(free, LANES - 1)
        taken[lanes[i]].append(heights[i])
    return lanes


def _panel(
    axes: Axes,
    rows: Sequence[Row],
    shifts: Sequence[float],
    marks: Mapping[str, str],
    names: Mapping[str, str],
    marked: Collection[str],
) -> None:
    points = [
        (100 * row["coverage"] + shift, 100 * row["accuracy_covered"])
        for row, shift in zip(rows, shifts, strict=True)
    ]
    ends = [100 * row["accuracy"] for row in rows]
    groups: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault((style.color(row["family"]), marks[row["representation"]]), []).append(i)
    for (color, mark), members in groups.items():
        drops = [i for i in members if abs(points[i][1] - ends[i]) > 0.05]
        if drops:
            x = [value for i in drops for value in (points[i][0], points[i][0], float("nan"))]
            y = [value for i in drops for value in (points[i][1], ends[i], float("nan"))]
            axes.plot(x, y, color=color, linewidth=0.8, alpha=0.6, gid="drops", zorder=2)
        axes.plot(
            [points[i][0] for i in members],
            [points[i][1] for i in members],
            linestyle="none",
            marker=mark,
            color=color,
            markersize=4.6,
            markeredgecolor=style.SURFACE,
            markeredgewidth=0.4,
            clip_on=False,
            gid="points",
            zorder=3,
        )
    labels = [Label(*points[i], names[rows[i]["method"]]) for i in _notable(rows, marked)]
    falls = [[point, (point[0], end)] for point, end in zip(points, ends, strict=True) if point[1] != end]
    place(axes, labels, points, falls)


def _notable(rows: Sequence[Row], marked: Collection[str]) -> list[int]:
    """Return the best row, then the best of marked methods, of the two controls and of family autows."""
    wanted = [0]
    for test in (
        lambda row: row["method"] in marked,
        lambda row: row["family"] == "autows",
        lambda row: row["method"] == QUESTION[0],
        lambda row: row["method"] == QUESTION[1],
    ):
        wanted += [i for i, row in enumerate(rows) if test(row)][:1]
    return list(dict.fromkeys(wanted))[: LABELS + bool(marked)]
