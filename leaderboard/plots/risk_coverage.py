"""Error on the rows a method is surest of, against how many of them one keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import above_chance, best_features, by_accuracy, first_methods, first_panels
from leaderboard.plots.layout import Entry, columns_for, fit_title, sheet
from leaderboard.plots.words import counted, percent
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
MOST_CURVES = 7

Row = Mapping[str, Any]


@style.styled
def plot(rows: Sequence[Row], order: Sequence[str] = ()) -> Figure | None:
    """Draw risk-coverage curves, a panel for each task, each method under its best features.

    Parameters
    ----------
    rows : sequence of mappings
        Rows of the leaderboard for one number of labels; those without ``risk_coverage`` are left out.
    order : sequence of str
        Methods, the most important first; by default the most accurate ones.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no curve. Not drawn is the majority class. At most twelve tasks and seven methods.
    """
    rows, floor = above_chance(_usable(rows))
    if not rows:
        return None
    tasks, notes = first_panels(sorted({row["task"] for row in rows}), MOST_PANELS, "task")
    families = {row["method"]: row["family"] for row in rows}
    methods, others = first_methods(order, by_accuracy(rows), families, MOST_CURVES)
    looks = style.looks(methods, families)
    names = short(methods, 30)
    columns = columns_for(len(tasks))
    page = sheet(
        len(tasks),
        columns=columns,
        height={1: 3.2, 2: 2.4, 3: 2.0}.get(columns, 1.5),
        left=0.55,
        ticks=0.08,
        key=[[Entry(names[m], looks[m].color, dash=looks[m].dash) for m in methods]],
        notes=[
            "The surest rows are kept first; lower is better. Each method under the features it is most "
            "accurate with.",
            *notes,
            *others,
            *floor,
        ],
    )
    for axes, task in zip(page.panels, tasks, strict=True):
        fit_title(axes, "{}", task)
        _panel(axes, {row["method"]: row for row in rows if row["task"] == task}, looks)
    page.outer_labels(y=False)
    page.label("rows kept (%)", "error on the rows kept (%)")
    return page.figure


def describe(rows: Sequence[Row], order: Sequence[str] = ()) -> str:
    """Return in words what :func:`plot` shows."""
    rows, _ = above_chance(_usable(rows))
    methods, _ = first_methods(
        order, by_accuracy(rows), {row["method"]: row["family"] for row in rows}, MOST_CURVES
    )
    rows = [row for row in rows if row["method"] in methods]
    halves = []
    for row in rows:
        coverage, errors = _points(row)
        nearest = min(range(len(coverage)), key=lambda i: abs(coverage[i] - 50))
        halves.append((errors[nearest] / 100, errors[-1] / 100, row))
    half, full, best = min(halves, key=lambda found: found[:2])
    return (
        f"Risk-coverage curves of {counted(len({row['method'] for row in rows}), 'method')} on "
        f"{counted(len({row['task'] for row in rows}), 'task')}: error against the share of test rows kept. "
        f"The least error on the surest half is {percent(half)}, where keeping all that is answered gives "
        f"{percent(full)}: {best['method']} on {best['task']}."
    )


def _usable(rows: Sequence[Row]) -> list[Row]:
    return best_features([row for row in rows if row.get("risk_coverage") and _points(row)[0]])


def _points(row: Row) -> tuple[list[float], list[float]]:
    """Return coverage and error in per cent, by coverage."""
    curve = row["risk_coverage"]
    pairs = sorted(
        (100 * c, 100 - 100 * a)
        for c, a in zip(curve["coverage"], curve["accuracy"], strict=True)
        if c is not None and a is not None
    )
    return [c for c, _ in pairs], [e for _, e in pairs]


def _panel(axes: Axes, rows: Mapping[str, Row], looks: Mapping[str, style.Look]) -> None:
    top = 0.0
    for name in reversed(list(looks)):
        if name in rows:
            coverage, errors = _points(rows[name])
            top = max(top, *errors)
            axes.plot(coverage, errors, color=looks[name].color, linestyle=looks[name].dash, gid=name)
    axes.set_xlim(0, 102)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_ylim(-0.03 * max(top, 2), 1.06 * max(top, 2))
