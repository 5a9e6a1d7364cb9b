"""What a figure shows, read back from what was drawn."""

from __future__ import annotations

import functools
import re
from typing import Any
from xml.etree import ElementTree

import made_board
from matplotlib.figure import Figure
from matplotlib.text import Text

from leaderboard import plots
from leaderboard.plots import style
from leaderboard.plots.layout import text_width


@functools.cache
def figures(n_tasks: int, n_features: int, **options: Any) -> list[tuple[str, str, str, Figure]]:
    """Return all figures of a made board; drawn once for all tests, so they are not to be changed."""
    return list(plots.figures(made_board.make(n_tasks, n_features, **options)))


@functools.cache
def inlined(n_tasks: int, n_features: int, **options: Any) -> dict[str, str]:
    """Return all figures of a made board as parts of a page."""
    found = figures(n_tasks, n_features, **options)
    return {stem: plots.inline_svg(figure, title, alt) for stem, title, alt, figure in found}


@style.styled
def out_of_sight(part: str) -> list[str]:
    """Return the texts of a part of a page that leave its view, in letters as wide as we measure with."""
    rules = dict(re.findall(r"\.(\w+)\{([^}]*)\}", part))
    root = ElementTree.fromstring(part)
    width, height = (float(x) for x in root.get("viewBox", "").split()[2:])
    found = []
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        rule = rules[element.get("class", "")]
        text, size = element.text or "", float(re.search(r"font-size:([\d.]+)", rule)[1])  # type: ignore[index]
        length = 72 * text_width(text, size, "bold" in rule)
        share = 0.5 if "middle" in rule else 1.0 if "text-anchor:end" in rule else 0.0
        x, y = float(element.get("x", "")), float(element.get("y", ""))
        low, high = (x, width) if "rotate" not in element.get("transform", "") else (y, height)
        if low - share * length < 0 or low + (1 - share) * length > high or not size * 0.7 < y < height:
            found.append(text)
    return found


def named(figure: Figure, gid: str) -> list[Any]:
    """Return what was drawn under a name, in the order of drawing."""
    return [artist for axes in figure.axes for artist in axes.get_children() if artist.get_gid() == gid]


def points(figure: Figure, gid: str) -> list[tuple[float, float]]:
    """Return all points of the lines of a name."""
    found = [line.get_xydata().tolist() for line in named(figure, gid)]
    return [(x, y) for line in found for x, y in line]


def texts(figure: Figure) -> list[str]:
    """Return every text that is not empty."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
