"""From what the features allow to what was reached, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.layout import Entry, fit_title, limits, sheet, text_width
from leaderboard.plots.words import counted, percent, signed
from leaderboard.short_names import short
from leaderboard.stages import MEANINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
ROW = 0.26

Walk = Mapping[str, Any]


@style.styled
def plot(walks: Sequence[Walk]) -> Figure | None:
    """Draw the accuracy of each stage with its interval, and the step from the stage above.

    Parameters
    ----------
    walks : sequence of mappings
        The leaderboard's ``stages`` for one number of labels.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is none. At most twelve panels.
    """
    found = _usable(walks)
    if not found:
        return None
    kept = _chosen(found)
    notes = [
        "Dot: accuracy; coloured bar: the step from the stage above; thin line: 95 % interval over draws. "
        "Each panel has an axis of its own. " + " ".join(MEANINGS.values())
    ]
    if len(found) > len(kept):
        notes.append(
            "Of each task the methods that achieve the most; not shown: "
            f"{counted(len(found) - len(kept), 'case')}."
        )
    columns = 1 if len(kept) == 1 else 2 if len(kept) in (2, 4) else 3
    longest = max(len(walk["stages"]) for walk in kept)
    names = short([stage["name"] for walk in kept for stage in walk["stages"]], 34)
    page = sheet(
        len(kept),
        columns=columns,
        height=ROW * (longest + 0.3),
        left=max(text_width(name) for name in names.values()) + 0.16,
        gap=0.25,
        key=[[Entry("lower", style.WORSE, "s", alpha=0.75), Entry("higher", style.BETTER, "s", alpha=0.75)]],
        notes=notes,
    )
    same = all([s["name"] for s in walk["stages"]] == [s["name"] for s in kept[0]["stages"]] for walk in kept)
    for i, (axes, walk) in enumerate(zip(page.panels, kept, strict=True)):
        fit_title(axes, "{}, {}: {}", walk["task"], walk["representation"], walk["method"], size=7)
        axes.set_xlim(*limits([100 * stage["accuracy"] for stage in walk["stages"]], pad=0.1, least=4))
        _panel(axes, walk["stages"], names, longest, labelled=i % page.columns == 0 or not same)
    page.label("accuracy (%)")
    return page.figure


def describe(walks: Sequence[Walk]) -> str:
    """Return in words what :func:`plot` shows."""
    parts = [f"Accuracy by stage for {counted(len(_usable(walks)), 'case')}."]
    for walk in _chosen(_usable(walks))[:3]:
        told = ", ".join(f"{stage['name']} {percent(stage['accuracy'])}" for stage in walk["stages"])
        parts.append(f"{walk['method']} on {walk['task']} ({walk['representation']}): {told}.")
    return " ".join(parts)


def _usable(walks: Sequence[Walk]) -> list[Walk]:
    found = []
    for walk in walks:
        stages = [stage for stage in walk["stages"] if stage["accuracy"] is not None]
        if stages:
            found.append({**walk, "stages": stages})
    return sorted(found, key=lambda walk: (walk["task"], walk["method"], walk["representation"]))


def _chosen(walks: Sequence[Walk]) -> list[Walk]:
    """Return at most twelve: of each task and method the best features, and of each task the best methods."""
    ranked = sorted(walks, key=lambda walk: -walk["stages"][-1]["accuracy"])
    if len(ranked) > MOST_PANELS:
        best: dict[tuple[str, str], Walk] = {}
        for walk in ranked:
            best.setdefault((walk["task"], walk["method"]), walk)
        places: dict[str, list[Walk]] = {}
        for walk in best.values():
            places.setdefault(walk["task"], []).append(walk)
        by_place = sorted((k, task) for task, own in places.items() for k in range(len(own)))
        ranked = [places[task][k] for k, task in by_place][:MOST_PANELS]
    return _usable(ranked)


def _panel(
    axes: Axes, stages: Sequence[Mapping[str, Any]], names: Mapping[str, str], longest: int, labelled: bool
) -> None:
    from matplotlib.ticker import MaxNLocator

    # At the right there is room for the widest number and step.
    width = axes.get_window_extent().width / 72
    low, high = axes.get_xlim()
    room = min((text_width("100.0 (+10.0)", style.SMALL, bold=True) + 0.1) / width, 0.6)
    right = low + (high - low) / (1 - room)
    axes.set_xlim(low, right)
    axes.set_ylim(longest - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    ticks = MaxNLocator(4, min_n_ticks=2).tick_values(low, high)
    axes.set_xticks([tick for tick in ticks if low <= tick <= min(high, 100)])
    axes.spines["bottom"].set_bounds(low, high)
    before: float | None = None
    for y, stage in enumerate(stages):
        value = 100 * stage["accuracy"]
        last = y == len(stages) - 1
        ends = [stage[end] for end in ("accuracy_low", "accuracy_high") if stage.get(end) is not None]
        if len(ends) == 2:
            seen = [min(max(100 * end, low), high) for end in ends]
            axes.plot(seen, [y, y], color=style.MUTED, linewidth=0.8, gid="interval", zorder=1)
        if before is not None and value != before:
            axes.barh(
                y,
                abs(value - before),
                left=min(value, before),
                height=0.5,
                color=style.BETTER if value > before else style.WORSE,
                alpha=0.75,
                linewidth=0,
                gid="change",
            )
        axes.plot(
            [value],
            [y],
            marker="o",
            color=style.INK,
            markersize=4.6,
            markeredgecolor=style.SURFACE,
            markeredgewidth=0.5,
            linestyle="none",
            gid="stage",
            zorder=3,
        )
        change = "" if before is None else f" ({signed((value - before) / 100)})"
        axes.text(
            right,
            y,
            f"{value:.1f}{change}",
            ha="right",
            va="center_baseline",
            fontsize=style.SMALL,
            fontweight="bold" if last else "normal",
        )
        before = value
    axes.set_yticks(
        range(len(stages)),
        [names[stage["name"]] if labelled else "" for stage in stages],
        fontsize=style.TEXT,
        color=style.INK,
    )
