"""Is a method right as often as it says? Reliability diagrams, a panel for each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import best_features, by_accuracy, first_methods
from leaderboard.plots.layout import fit_title, sheet
from leaderboard.plots.words import counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 8
MOST_TASKS = 12
BINS = 10
HISTOGRAM = 22.0
"""Height of the tallest bar of shares, in per cent of the panel."""

Row = Mapping[str, Any]


@style.styled
def plot(rows: Sequence[Row], order: Sequence[str] = ()) -> Figure | None:
    """Draw accuracy against confidence, and bars of how often each confidence is given.

    A thin line is one task under the features that the method is most accurate with; with more than one task,
    the thick line pools them, every task weighing the same.

    Parameters
    ----------
    rows : sequence of mappings
        Rows of the leaderboard for one number of labels; those without ``reliability`` are left out.
    order : sequence of str
        Methods, the most important first; by default the most accurate ones.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is nothing to show. At most eight methods, and twelve tasks of each.
    """
    rows = _usable(rows)
    if not rows:
        return None
    families = {row["method"]: row["family"] for row in rows}
    methods, others = first_methods(order, by_accuracy(rows), families, MOST_PANELS)
    notes = [
        "Dots on the diagonal are calibrated; below it a method is surer than it should be. Bars: share of "
        "rows by confidence. ECE: expected calibration error, the mean over a method's tasks, each under "
        "the features it is most accurate with."
    ]
    if any(sum(row["method"] == name for row in rows) > 1 for name in methods):
        notes.append("Thin lines: tasks. Dots: all tasks together, each weighing the same.")
    notes += others
    columns = {1: 1, 2: 2, 3: 3}.get(len(methods), 4)
    page = sheet(
        len(methods),
        columns=columns,
        height={1: 3.0, 2: 2.8, 3: 2.3}.get(columns, 1.8),
        right=0.12 if len(methods) > 1 else 4.4,
        left=0.55,
        gap=0.2,
        heading=0.42,
        ticks=0.06,
        notes=notes,
    )
    n_tasks = {name: sum(row["method"] == name for row in rows) for name in methods}
    for axes, method in zip(page.panels, methods, strict=True):
        own = [row for row in rows if row["method"] == method]
        error = _mean_ece(own)
        fit_title(axes, "{}", method, size=7)
        told = "no ECE" if error is None else f"ECE {100 * error:.1f} %"
        if len(set(n_tasks.values())) > 1:
            told += f" ({counted(n_tasks[method], 'task')})"
        axes.set_title(axes.get_title(loc="left"), fontsize=7, pad=13)
        axes.text(0, 1.03, told, transform=axes.transAxes, fontsize=style.SMALL, color=style.MUTED, gid="ece")
        _panel(axes, own, style.color(families[method]))
    page.outer_labels()
    page.label("confidence (%)", "accuracy (%)")
    return page.figure


def describe(rows: Sequence[Row], order: Sequence[str] = ()) -> str:
    """Return in words what :func:`plot` shows."""
    rows = _usable(rows)
    methods, _ = first_methods(
        order, by_accuracy(rows), {row["method"]: row["family"] for row in rows}, MOST_PANELS
    )
    tasks = {name: [row["task"] for row in rows if row["method"] == name] for name in methods}
    most = max(map(len, tasks.values()))
    # Errors on other tasks are others: compared are the methods that have them all.
    whole = [name for name in methods if len(tasks[name]) == most]
    errors = {name: _mean_ece([row for row in rows if row["method"] == name]) for name in whole}
    known = sorted((error, name) for name, error in errors.items() if error is not None)
    text = f"Reliability diagrams of {counted(len(methods), 'method')}, accuracy against confidence."
    if known:
        text += f" Of {counted(len(known), 'method')} on {counted(most, 'task')}:"
        text += f" the least expected calibration error is {percent(known[0][0])} ({known[0][1]})"
        text += f", the greatest {percent(known[-1][0])} ({known[-1][1]})." if len(known) > 1 else "."
    return text


def pooled(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    """Return confidence and accuracy in ten bins of equal width over all rows, each row weighing the same.

    Returns
    -------
    confidence, accuracy : lists of float
        Of the bins that hold anything, fractions.
    """
    sums = [[0.0, 0.0, 0.0] for _ in range(BINS)]
    for row in rows:
        for confidence, accuracy, share in _bins(row):
            cell = sums[min(int(confidence * BINS), BINS - 1)]
            for k, value in enumerate((share, share * confidence, share * accuracy)):
                cell[k] += value / len(rows)
    # A bin of a few rows says nothing, and its dot would jump.
    filled = [cell for cell in sums if cell[0] > 0.002]
    return [cell[1] / cell[0] for cell in filled], [cell[2] / cell[0] for cell in filled]


def histogram(rows: Sequence[Row]) -> list[float]:
    """Return the share of answers in each of ten bins of confidence, each row weighing the same."""
    shares = [0.0] * BINS
    for row in rows:
        for confidence, _, share in _bins(row):
            shares[min(int(confidence * BINS), BINS - 1)] += share / len(rows)
    return shares


def _usable(rows: Sequence[Row]) -> list[Row]:
    return best_features([row for row in rows if row.get("reliability") and _bins(row)])


def _bins(row: Row) -> list[tuple[float, float, float]]:
    curve = row["reliability"]
    found = zip(curve["confidence"], curve["accuracy"], curve["share"], strict=True)
    return sorted((c, a, s) for c, a, s in found if c is not None and a is not None and s)


def _mean_ece(rows: Sequence[Row]) -> float | None:
    errors = [row["ece"] for row in rows if row["ece"] is not None]
    return sum(errors) / len(errors) if errors else None


def _panel(axes: Axes, rows: Sequence[Row], color: str) -> None:
    shares = histogram(rows)
    tallest = max(shares)
    width = 100 / BINS
    axes.bar(
        [width * (i + 0.5) for i in range(BINS)],
        [HISTOGRAM * share / tallest for share in shares],
        width=0.86 * width,
        color=style.MUTED,
        alpha=0.35,
        linewidth=0,
        gid="shares",
        zorder=1,
    )
    axes.plot([0, 100], [0, 100], color=style.MUTED, linewidth=0.7, linestyle=(0, (3, 2)), gid="diagonal")
    one = len(rows) == 1
    for row in sorted(rows, key=lambda row: row["task"])[:MOST_TASKS]:
        bins = _bins(row)
        axes.plot(
            [100 * c for c, _, _ in bins],
            [100 * a for _, a, _ in bins],
            color=color,
            linewidth=1.3 if one else 0.6,
            alpha=1 if one else 0.45,
            marker="o" if one else "none",
            markersize=3,
            markeredgewidth=0,
            gid=f"task {row['task']}",
        )
    if not one:
        confidence, accuracy = pooled(rows)
        axes.plot(
            [100 * c for c in confidence],
            [100 * a for a in accuracy],
            color=color,
            linewidth=1.6,
            marker="o",
            markersize=3.4,
            markeredgewidth=0,
            gid="pooled",
        )
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 102)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_yticks([0, 25, 50, 75, 100])
