"""Accuracy against the number of labels, and where it passes the zero-shot answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import first_methods, first_panels
from leaderboard.plots.labels import Label, place
from leaderboard.plots.layout import Entry, columns_for, fit_title, limits, log_limits, sheet, thinned
from leaderboard.plots.words import counted, listed, percent
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
MOST_CURVES = 7
ZERO_SHOT = "zero_shot_clip"

Curve = Mapping[str, Any]
Crossover = Mapping[str, Any]
Cell = tuple[str, str]


@style.styled
def plot(
    curves: Sequence[Curve],
    crossovers: Sequence[Crossover] = (),
    zero_shot: Mapping[Cell, float] | None = None,
    order: Sequence[str] = (),
) -> Figure | None:
    """Draw learning curves, a panel for each task.

    Where a task has curves under several features, the panel shows those under which one ends highest.

    Parameters
    ----------
    curves : sequence of mappings
        The leaderboard's ``curves``; the zero-shot method's own is not drawn, as it takes no labels.
    crossovers : sequence of mappings
        The leaderboard's ``crossovers`` with that method; ringed where they have a number of labels.
    zero_shot : mapping from (task, representation) to float, optional
        Accuracy of zero-shot CLIP: a level line. By default that of its own curve, at its end.
    order : sequence of str
        Methods, the most important first; by default those with the highest ends.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no curve. At most twelve tasks and seven methods.
    """
    levels = {**_levels(curves), **(zero_shot or {})}
    curves = _usable(curves)
    if not curves:
        return None
    cells, notes = _cells(curves)
    families = {curve["method"]: curve["family"] for curve in curves}
    methods, others = first_methods(order, _by_end(curves), families, MOST_CURVES)
    looks = style.looks(methods, families)
    names = short(methods, 30)
    key = [Entry(names[m], looks[m].color, dash=looks[m].dash) for m in methods]
    if any(cell in levels for cell in cells):
        key.append(Entry(f"{ZERO_SHOT} (no labels)", style.INK, dash=(0.0, (1.0, 1.5)), width=1.2))
    columns = columns_for(len(cells))
    page = sheet(
        len(cells),
        columns=columns,
        height={1: 3.2, 2: 2.5, 3: 2.0}.get(columns, 1.6),
        left=0.55,
        key=[key],
        notes=[_explained(curves, crossovers), *notes, *others],
    )
    for axes, (task, features) in zip(page.panels, cells, strict=True):
        fit_title(axes, "{}, {}", task, features)
        here = [c for c in curves if (c["task"], c["representation"]) == (task, features)]
        here = [c for c in here if c["method"] in looks]
        _panel(axes, here, looks, levels.get((task, features)), dots=len(cells) <= 4)
        rings = {x["method"]: x for x in crossovers if _is_for(x, task, features)}
        _rings(axes, here, rings, levels.get((task, features)))
    page.label("number of labels (logarithmic)", "accuracy (%)")
    return page.figure


def describe(curves: Sequence[Curve], crossovers: Sequence[Crossover] = (), order: Sequence[str] = ()) -> str:
    """Return in words what :func:`plot` shows."""
    drawn = _usable(curves)
    families = {curve["method"]: curve["family"] for curve in drawn}
    methods, _ = first_methods(order, _by_end(drawn), families, MOST_CURVES)
    cells, _ = _cells(drawn)
    drawn = [c for c in drawn if c["method"] in methods and (c["task"], c["representation"]) in cells]
    numbers = sorted({point["n_labels"] for curve in drawn for point in curve["points"]})
    best = max(drawn, key=lambda curve: curve["points"][-1]["accuracy"])
    first, last = best["points"][0], best["points"][-1]
    text = (
        f"Learning curves of {listed(_by_end(drawn))} from {numbers[0]} to {numbers[-1]} labels. "
        f"The highest end is that of {best['method']} on {best['task']}: from {percent(first['accuracy'])} "
        f"with {first['n_labels']} labels to {percent(last['accuracy'])} with {last['n_labels']}."
    )
    shown = {(curve["task"], curve["representation"], curve["method"]) for curve in drawn}
    passed = [
        x["n_labels"]
        for x in crossovers
        if x["against"] == ZERO_SHOT
        and x["n_labels"] is not None
        and (x["task"], x["representation"], x["method"]) in shown
    ]
    if passed:
        where = f"{min(passed):.0f} to {max(passed):.0f}" if len(passed) > 1 else f"{passed[0]:.0f}"
        text += f" Zero-shot CLIP is passed by {counted(len(passed), 'curve')}, at {where} labels."
    return text


def _explained(curves: Sequence[Curve], crossovers: Sequence[Crossover]) -> str:
    told = []
    if any(point["low"] is not None for curve in curves for point in curve["points"]):
        told.append("Bands: 95 % intervals over draws.")
    if any(entry["n_labels"] is not None for entry in crossovers):
        told.append("Rings: where a method passes zero-shot CLIP, in labels, with 95 % interval where known.")
    return " ".join(told)


def _usable(curves: Sequence[Curve]) -> list[Curve]:
    """Return curves of methods that take labels, their points sorted and complete."""
    found: list[Curve] = []
    for curve in curves:
        points = sorted(
            (p for p in curve["points"] if p["accuracy"] is not None and p["n_labels"] > 0),
            key=lambda point: point["n_labels"],
        )
        if points and curve["method"] != ZERO_SHOT:
            found.append({**curve, "points": points})
    return found


def _levels(curves: Sequence[Curve]) -> dict[Cell, float]:
    ends = {}
    for curve in curves:
        points = [point for point in curve["points"] if point["accuracy"] is not None]
        if curve["method"] == ZERO_SHOT and points:
            ends[(curve["task"], curve["representation"])] = max(points, key=lambda p: p["n_labels"])[
                "accuracy"
            ]
    return ends


def _cells(curves: Sequence[Curve]) -> tuple[list[Cell], list[str]]:
    """Return a cell for each task, that in which a curve ends highest."""
    ends: dict[str, dict[str, float]] = {}
    for curve in curves:
        found = ends.setdefault(curve["task"], {})
        end = curve["points"][-1]["accuracy"]
        found[curve["representation"]] = max(end, found.get(curve["representation"], 0.0))
    tasks, notes = first_panels(sorted(ends), MOST_PANELS, "task")
    if any(len(found) > 1 for found in ends.values()):
        notes.append("Of each task the features under which a curve ends highest.")
    return [(task, max(ends[task], key=lambda name: (ends[task][name], name))) for task in tasks], notes


def _by_end(curves: Sequence[Curve]) -> list[str]:
    ends: dict[str, list[float]] = {}
    for curve in curves:
        ends.setdefault(curve["method"], []).append(curve["points"][-1]["accuracy"])
    return sorted(ends, key=lambda name: (-sum(ends[name]) / len(ends[name]), name))


def _is_for(crossover: Crossover, task: str, features: str) -> bool:
    asked = (crossover["task"], crossover["representation"], crossover["against"])
    return asked == (task, features, ZERO_SHOT) and crossover["n_labels"] is not None


def _panel(
    axes: Axes, curves: Sequence[Curve], looks: Mapping[str, style.Look], level: float | None, dots: bool
) -> None:
    numbers = sorted({point["n_labels"] for curve in curves for point in curve["points"]})
    values = [
        100 * point[name]
        for curve in curves
        for point in curve["points"]
        for name in ("accuracy", "low", "high")
        if point[name] is not None
    ]
    if level is not None:
        values.append(100 * level)
        axes.axhline(100 * level, color=style.INK, linestyle=(0, (1.0, 1.5)), linewidth=1.0, gid="zero_shot")
    for curve in reversed(curves):
        look = looks[curve["method"]]
        points = curve["points"]
        banded = [p for p in points if p["low"] is not None and p["high"] is not None]
        if len(banded) > 1:
            there, back = banded, banded[::-1]
            axes.fill(
                [p["n_labels"] for p in (*there, *back)],
                [*(100 * p["low"] for p in there), *(100 * p["high"] for p in back)],
                color=look.color,
                alpha=0.14,
                linewidth=0,
                gid=f"band {curve['method']}",
            )
        axes.plot(
            [p["n_labels"] for p in points],
            [100 * p["accuracy"] for p in points],
            color=look.color,
            linestyle=look.dash,
            marker="o" if dots else "none",
            markersize=2.4,
            markeredgewidth=0,
            gid=curve["method"],
        )
    low, high = log_limits(numbers or [1, 100])
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    frame = axes.get_window_extent()
    places = [float(axes.transData.transform((number, 1))[0]) - frame.x0 for number in numbers]
    axes.set_xticks(thinned(numbers, places, 22), minor=False)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:g}")
    if values:
        axes.set_ylim(*limits(values, pad=0.1, least=4))


def _rings(axes: Axes, curves: Sequence[Curve], rings: Mapping[str, Crossover], level: float | None) -> None:
    shown = [curve["method"] for curve in curves if curve["method"] in rings]
    if level is None or not shown:
        return
    spots = [(rings[name]["n_labels"], 100 * level) for name in shown]
    sure = [f" ({rings[name]['interval']})" if rings[name]["interval"] else "" for name in shown]
    for spot in spots:
        axes.plot(
            *([value] for value in spot),
            marker="o",
            markersize=6,
            markerfacecolor="none",
            markeredgecolor=style.INK,
            markeredgewidth=0.9,
            linestyle="none",
            gid="crossover",
        )
    lines = [[(p["n_labels"], 100 * p["accuracy"]) for p in curve["points"]] for curve in curves]
    lines.append([(axes.get_xlim()[0], 100 * level), (axes.get_xlim()[1], 100 * level)])
    labels = [Label(x, y, f"{x:.0f}{told}") for (x, y), told in zip(spots, sure, strict=True)]
    place(axes, labels, spots, lines)
