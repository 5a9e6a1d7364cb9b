"""Bradley-Terry strengths with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import intervals, style
from leaderboard.plots.choice import not_shown
from leaderboard.plots.intervals import Item
from leaderboard.plots.layout import Entry, sheet
from leaderboard.plots.pools import Standing, heading, left_out
from leaderboard.plots.words import MINUS
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 30


@style.styled
def plot(standings: Sequence[Standing]) -> Figure | None:
    """Draw strengths, a panel for each pool of entrants.

    Parameters
    ----------
    standings : sequence of mappings
        Standings of the leaderboard, one a pool.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if no standing has two entrants with a strength. At most thirty entrants a pool.

    References
    ----------
    R. A. Bradley and M. E. Terry (1952), Rank analysis of incomplete block designs.
    """
    standings = [standing for standing in standings if len(_items(standing)) > 1]
    if not standings:
        return None
    limit = {1: 40, 2: 30}.get(len(standings), 21)
    panels = [_items(standing, limit)[:MOST] for standing in standings]
    weaker = sum(len(_items(standing)) for standing in standings) - sum(map(len, panels))
    longest = max(map(len, panels))
    entrants = [entrant for standing in standings for entrant in standing["entrants"]]
    notes = [
        "Log scale with mean 0: one unit more makes the odds of winning on a task e times as high. Bars: "
        "95 % intervals; who won or lost every meeting has none."
    ]
    notes += [*not_shown(weaker, "weaker entrant"), *left_out(standings)]
    width = max(intervals.label_width(items) for items in panels)
    page = sheet(
        len(panels),
        columns=3,
        height=intervals.ROW * (longest + 0.4),
        left=width,
        gap=width + 0.12,
        key=[[Entry(name, style.color(name), "o", "solid") for name in style.families_of(entrants)]],
        notes=notes,
    )
    for axes, standing, items in zip(page.panels, standings, panels, strict=True):
        intervals.draw(axes, items)
        axes.set_ylim(longest - 0.4, -0.6)
        axes.set_title(heading(standing), x=(0.12 - width) / (axes.get_window_extent().width / 72))
    page.label("Bradley-Terry strength")
    return page.figure


def describe(standings: Sequence[Standing]) -> str:
    """Return in words what :func:`plot` shows."""
    parts = ["Bradley-Terry strengths with 95 % intervals."]
    for standing in standings:
        found = [e for e in standing["entrants"] if e["strength"] is not None]
        if len(found) < 2:
            continue
        best, second = sorted(found, key=lambda e: -e["strength"])[:2]
        parts.append(
            f"{heading(standing)}: {best['method']} is strongest ({_value(best)}), then {second['method']} "
            f"({_value(second)})."
        )
    return " ".join(parts)


def _value(entrant: Mapping[str, Any]) -> str:
    text = f"{entrant['strength']:.2f}"
    if entrant["strength_low"] is not None and entrant["strength_high"] is not None:
        text += f", {entrant['strength_low']:.2f} to {entrant['strength_high']:.2f}"
    return text.replace("-", MINUS)


def _items(standing: Standing, limit: int = 40) -> list[Item]:
    found = [e for e in standing["entrants"] if e["strength"] is not None]
    found.sort(key=lambda e: (-e["strength"], e["method"]))
    names = short([e["method"] for e in found], limit)
    return [
        Item(
            names[e["method"]], e["strength"], e["strength_low"], e["strength_high"], style.color(e["family"])
        )
        for e in found
    ]
