"""Rows of points with intervals: a label at the left, numbers at the right."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leaderboard.plots import style
from leaderboard.plots.layout import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.19
"""Height of a row in inches."""


@dataclass(frozen=True)
class Item:
    """One row.

    Parameters
    ----------
    label : str
        At the left.
    value : float
        Where the point is.
    low, high : float or None
        Ends of its interval; None where there is none.
    color : str
        Of point and interval.
    columns : tuple of str
        At the right.
    total : bool, default False
        Over all: a diamond and bold letters.
    inner : (float, float) or None, default None
        Ends of a second interval, drawn thick in the first one.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    color: str
    columns: tuple[str, ...] = ()
    total: bool = False
    inner: tuple[float, float] | None = None


def label_width(items: Sequence[Item]) -> float:
    """Return the inches that the labels at the left need."""
    return max(text_width(item.label, style.TEXT, item.total) for item in items) + 0.16


def column_widths(items: Sequence[Item], headings: Sequence[str]) -> list[float]:
    """Return the inches that each column at the right needs."""
    return [
        max(
            text_width(headings[k], style.SMALL),
            *(text_width(item.columns[k], style.TEXT, item.total) for item in items),
        )
        + 0.14
        for k in range(len(headings))
    ]


def reach(items: Sequence[Item], zero: bool) -> tuple[float, float]:
    """Return limits, at least 1 apart, that show every point; an interval far wider than the others is cut.

    Parameters
    ----------
    items : sequence of Item
        At least one.
    zero : bool
        Whether zero has to be in view.
    """
    values = [item.value for item in items] + ([0.0] if zero else [])
    values += [end for item in items for end in item.inner or ()]
    half = [(item.high - item.low) / 2 for item in items if item.low is not None and item.high is not None]
    usual = 4 * statistics.median(half) if half else 0.0
    low = min([*values, *(max(i.low, i.value - usual) for i in items if i.low is not None)])
    high = max([*values, *(min(i.high, i.value + usual) for i in items if i.high is not None)])
    # Over two tasks Student's t is so wide that nothing else would be seen.
    beyond = max(0.35 * (max(values) - min(values)), 1.5 * min(half, default=0.0))
    low, high = max(low, min(values) - beyond), min(high, max(values) + beyond)
    pad = max(0.05 * (high - low), (1 - high + low) / 2)
    return low - pad, high + pad


def draw(axes: Axes, items: Sequence[Item], headings: Sequence[str] = (), zero: bool = True) -> None:
    """Draw the rows from above to below into a panel, and its limits, labels and columns.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        In a figure of 72 dots per inch.
    items : sequence of Item
        At least one.
    headings : sequence of str
        Of the columns at the right.
    zero : bool, default True
        Draw a line at zero.
    """
    low, high = reach(items, zero)
    axes.set_xlim(low, high)
    axes.set_ylim(len(items) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    if zero:
        axes.axvline(0, color=style.INK, linewidth=0.8, gid="zero", zorder=1)
    for y, item in enumerate(items):
        _row(axes, y, item, low, high)
    axes.set_yticks(range(len(items)), [item.label for item in items], fontsize=style.TEXT, color=style.INK)
    for tick, item in zip(axes.get_yticklabels(), items, strict=True):
        tick.set_fontweight("bold" if item.total else "normal")
    width = axes.get_window_extent().width / 72
    edge = 1.0
    for k, (heading, inches) in enumerate(zip(headings, column_widths(items, headings), strict=True)):
        edge += inches / width
        axes.text(
            edge,
            1.0,
            heading,
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            fontsize=style.SMALL,
            color=style.MUTED,
        )
        for y, item in enumerate(items):
            axes.text(
                edge,
                y,
                item.columns[k],
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center_baseline",
                fontsize=style.TEXT,
                fontweight="bold" if item.total else "normal",
            )


def _row(axes: Axes, y: int, item: Item, low: float, high: float) -> None:
    if item.low is not None and item.high is not None:
        axes.plot([item.low, item.high], [y, y], color=item.color, linewidth=1.4, gid="interval", zorder=2)
        inset = 0.008 * (high - low)
        for beyond, edge, mark in ((item.low < low, low + inset, "<"), (item.high > high, high - inset, ">")):
            if beyond:
                axes.plot([edge], [y], marker=mark, color=item.color, markersize=4, clip_on=False, gid="cut")
    if item.inner is not None:
        axes.plot(
            item.inner,
            [y, y],
            color=item.color,
            linewidth=3.6,
            alpha=0.55,
            solid_capstyle="butt",
            gid="inner",
            zorder=2,
        )
    axes.plot(
        [item.value],
        [y],
        linestyle="none",
        marker="D" if item.total else "o",
        color=item.color,
        markersize=4.6,
        markeredgecolor=style.SURFACE,
        markeredgewidth=0.5,
        gid="total" if item.total else "point",
        zorder=3,
    )
