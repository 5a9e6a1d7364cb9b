"""Labels beside points, placed so that they cover neither each other nor the points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.layout import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

Box = tuple[float, float, float, float]
Point = tuple[float, float]

DISTANCES = (5.0, 9.0, 15.0, 23.0, 33.0, 45.0)
"""Points between a point and its label."""

NEAR = 10.0
"""Points; a label further away is joined to its point by a line."""

ANGLES = tuple(math.radians(angle) for angle in (0, 180, 30, 150, -30, -150, 60, 120, -60, -120, 90, -90))

RADIUS = 2.6
"""Of a marker, in points."""


@dataclass(frozen=True)
class Label:
    """A point and what it is called.

    Parameters
    ----------
    x, y : float
        In the units of the axes.
    text : str
        One line.
    """

    x: float
    y: float
    text: str


def place(
    axes: Axes,
    labels: Sequence[Label],
    points: Sequence[Point],
    lines: Sequence[Sequence[Point]] = (),
    size: float = style.SMALL,
) -> list[Annotation]:
    """Write labels, the first ones having the first choice; one that finds no free place is left out.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With its final limits, in a figure of 72 dots per inch.
    labels : sequence of Label
        What to write.
    points : sequence of (x, y)
        All markers in the panel; labels keep off them.
    lines : sequence of sequences of (x, y)
        Corners of lines in the panel; labels keep off them where they can.
    size : float
        Of the letters, in points.

    Notes
    -----
    Seventy-two places around each point are tried, O(labels x places x points).
    """
    frame = axes.get_window_extent()
    inside = (frame.x0, frame.y0, frame.x1, frame.y1)
    marks = _drawn(axes, points)
    strokes = [pair for line in lines for pair in pairwise(_drawn(axes, line))]
    leaders: list[tuple[Point, Point]] = []
    taken: list[Box] = []
    written = []
    for label in labels:
        x, y = (float(value) for value in axes.transData.transform((label.x, label.y)))
        width, height = 72 * text_width(label.text, size) + 1, size * 1.25
        best: tuple[float, Point, str, Box] | None = None
        for distance in DISTANCES:
            for turn, angle in enumerate(ANGLES):
                dx, dy = distance * math.cos(angle), distance * math.sin(angle)
                side = "left" if dx > 0.5 else "right" if dx < -0.5 else "center"
                start = x + dx - {"left": 0.0, "right": width, "center": width / 2}[side]
                if side == "center":  # above or below there is room to move sideways
                    start = min(max(start, inside[0]), inside[2] - width)
                    dx = start + width / 2 - x
                box = (start, y + dy - height / 2, start + width, y + dy + height / 2)
                if not _within(box, inside) or any(_overlap(box, other) for other in taken):
                    continue
                cost = distance + 0.1 * turn + 40.0 * sum(_near(box, mark) for mark in marks)
                own = _distance(box, (x, y))
                cost += 30.0 * any(_distance(box, mark) < own - 0.1 for mark in marks)
                cost += 12.0 * sum(_crosses(box, *stroke) for stroke in strokes)
                cost += 60.0 * sum(_crosses(box, *leader) for leader in leaders)
                if distance > NEAR:
                    leader = ((x, y), (x + dx, y + dy))
                    cost += 60.0 * sum(_crosses(other, *leader) for other in taken)
                    cost += 10.0 * sum(_crosses(_box(mark), *leader) for mark in marks if mark != (x, y))
                if best is None or cost < best[0]:
                    best = (cost, (dx, dy), side, box)
        if best is None:
            continue
        _, (dx, dy), side, box = best
        taken.append(box)
        far = math.hypot(dx, dy) > NEAR
        if far:
            leaders.append(((x, y), (x + dx, y + dy)))
        written.append(
            axes.annotate(
                label.text,
                (label.x, label.y),
                xytext=(dx, dy),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=size,
                color=style.INK,
                arrowprops=_leader(side) if far else None,
            )
        )
    return written


def _drawn(axes: Axes, points: Sequence[Point]) -> list[Point]:
    if not points:
        return []
    return [(float(x), float(y)) for x, y in axes.transData.transform(list(points))]


def _leader(side: str) -> dict[str, Any]:
    """Return how a line goes from the near end of a label to its point."""
    end = ({"left": 0.0, "right": 1.0}.get(side, 0.5), 0.5)
    return {
        "arrowstyle": "-",
        "color": style.MUTED,
        "lw": 0.5,
        "shrinkA": 0,
        "shrinkB": RADIUS,
        "relpos": end,
    }


def _crosses(box: Box, start: Point, end: Point) -> bool:
    """Return whether a line from start to end passes through a box (Liang and Barsky 1984)."""
    first, last = 0.0, 1.0
    for from_, to, low, high in ((start[0], end[0], box[0], box[2]), (start[1], end[1], box[1], box[3])):
        step = to - from_
        if step == 0:
            if not low < from_ < high:
                return False
            continue
        enter, leave = sorted(((low - from_) / step, (high - from_) / step))
        first, last = max(first, enter), min(last, leave)
    return first < last


def _within(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _box(mark: Point) -> Box:
    return (mark[0] - RADIUS, mark[1] - RADIUS, mark[0] + RADIUS, mark[1] + RADIUS)


def _distance(box: Box, mark: Point) -> float:
    dx = max(box[0] - mark[0], mark[0] - box[2], 0.0)
    dy = max(box[1] - mark[1], mark[1] - box[3], 0.0)
    return math.hypot(dx, dy)


def _near(box: Box, mark: Point) -> bool:
    x, y = mark
    return box[0] - RADIUS < x < box[2] + RADIUS and box[1] - RADIUS < y < box[3] + RADIUS
