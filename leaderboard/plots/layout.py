"""Sheets: a key above, panels in a grid, notes below, everything placed in inches by the width of its text.

Nothing here is fitted by trial and drawing, so that the same data give the same figure, quickly.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.5
"""Inches; every figure has it, so that letters have one size on a page."""

MARGIN = 0.08
LINE = 0.16
"""Height of a line of text, in inches."""

HANDLE = 0.26
"""Width of a sample of a line or marker in a key, in inches."""

SAFE = 1.07
"""How much wider than its design a screen may draw text, by rounding letters to whole dots."""


@functools.cache
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, 720)  # at 72 the widths of small letters would be rounded to whole dots


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float = style.TEXT, bold: bool = False) -> float:
    """Return the width of a line of text in inches; under :func:`style.settings` only."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return SAFE * float(_renderer().get_text_width_height_descent(text, font, False)[0]) / 720


@dataclass(frozen=True)
class Entry:
    """One entry of a key.

    Parameters
    ----------
    label : str
        What it says.
    color : str
        Of the sample.
    marker : str, default ""
        Of the sample, none by default.
    dash : str or tuple, default "none"
        Line style of the sample.
    width : float, default 1.6
        Of the line, in points.
    alpha : float, default 1
        Opacity of the sample.
    """

    label: str
    color: str
    marker: str = ""
    dash: str | tuple[float, tuple[float, ...]] = "none"
    width: float = 1.6
    alpha: float = 1.0


@dataclass
class Sheet:
    """A figure and its panels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The whole.
    panels : list of matplotlib.axes.Axes
        Row by row from the upper left.
    columns : int
        Panels in a full row.
    bottom : float
        Where the grid of panels ends and the words under its axis begin, in inches from below.
    """

    figure: Figure
    panels: list[Axes]
    columns: int
    bottom: float

    def label(self, x: str, y: str = "") -> None:
        """Say once for all panels what the axes are."""
        boxes = [panel.get_position() for panel in self.panels]
        width, height = (float(inches) for inches in self.figure.get_size_inches())
        centre = (min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2
        middle = (min(box.y0 for box in boxes) + max(box.y1 for box in boxes)) / 2
        options: dict[str, Any] = {"fontsize": style.TEXT, "color": style.INK, "ha": "center"}
        self.figure.text(centre, (self.bottom - 0.34) / height, x, va="baseline", **options)
        if y:
            self.figure.text(
                (MARGIN + 0.07) / width,
                middle,
                y,
                va="center",
                rotation=90,
                rotation_mode="anchor",
                **options,
            )

    def outer_labels(self, x: bool = True, y: bool = True) -> None:
        """Leave out the numbers of inner axes; for panels that all have the same limits."""
        for i, panel in enumerate(self.panels):
            if x and i + self.columns < len(self.panels):
                panel.tick_params(axis="x", labelbottom=False)
            if y and i % self.columns:
                panel.tick_params(axis="y", labelleft=False)


def fit_title(axes: Axes, form: str, *parts: str, size: float = style.HEADING) -> None:
    """Write a title over a panel, its parts shortened until it is no wider than the panel.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        In a figure of 72 dots per inch.
    form : str
        With a ``{}`` for each part.
    parts : str
        Names of tasks, features, methods.
    size : float
        Of the letters, in points.
    """
    room = axes.get_window_extent().width / 72 + 0.04
    for limit in (60, 40, 30, 24, 20, 17, 14, 12, 10, 8):
        text = form.format(*(short([part], limit)[part] for part in parts))
        if text_width(text, size) <= room:
            break
    axes.set_title(text, fontsize=size)


def columns_for(n_panels: int) -> int:
    """Return how many panels stand side by side: at most four, and four are a square."""
    return 2 if n_panels == 4 else min(4, n_panels)


def sheet(
    n_panels: int,
    *,
    columns: int,
    height: float,
    left: float = 0.6,
    right: float = 0.12,
    gap: float = 0.35,
    heading: float = 0.28,
    ticks: float = 0.22,
    below: float = 0.42,
    key: Sequence[Sequence[Entry]] = (),
    notes: Sequence[str] = (),
) -> Sheet:
    """Return a figure with empty panels.

    Parameters
    ----------
    n_panels : int
        How many, at least one.
    columns : int
        Panels in a row, at most; fewer panels make a narrower grid of no wider panels than two in a row.
    height : float
        Of a panel, in inches; so are ``left`` and ``right`` (margins), ``gap`` (between columns), ``heading``
        (above each panel), ``ticks`` (between rows, below each panel) and ``below`` (under the last row).
    key : sequence of sequences of Entry
        Each group begins a line of its own.
    notes : sequence of str
        Small print below the panels, broken into lines as need be.
    """
    from matplotlib.figure import Figure

    columns = min(columns, n_panels)
    n_rows = -(-n_panels // columns)
    key_lines = [line for group in key if group for line in _key_lines(group)]
    note_lines = [line for note in notes if note for line in _wrapped(note)]
    top = MARGIN + LINE * len(key_lines) + (0.04 if key_lines else 0.0)
    foot = MARGIN + 0.14 * len(note_lines) + (0.04 if note_lines else 0.0)
    total = top + n_rows * (heading + height) + (n_rows - 1) * ticks + below + foot
    width = (WIDTH - left - right - (columns - 1) * gap) / columns

    figure = Figure(figsize=(WIDTH, total))
    panels = []
    for i in range(n_panels):
        row, column = divmod(i, columns)
        y = total - top - (row + 1) * (heading + height) - row * ticks
        x = left + column * (width + gap)
        panels.append(figure.add_axes((x / WIDTH, y / total, width / WIDTH, height / total)))
        if columns > 2:
            panels[-1].locator_params(nbins=5)
    for i, line in enumerate(key_lines):
        _draw_key(figure, line, total - MARGIN - LINE * (i + 0.5))
    for i, text in enumerate(note_lines):
        _text(figure, MARGIN, foot - 0.04 - 0.14 * (i + 1) + 0.03, text, style.SMALL, style.MUTED, "baseline")
    return Sheet(figure, panels, columns, below + foot)


def _key_lines(entries: Sequence[Entry]) -> list[list[tuple[float, Entry]]]:
    lines: list[list[tuple[float, Entry]]] = [[]]
    x = MARGIN
    for entry in entries:
        width = HANDLE + 0.05 + text_width(entry.label) + 0.16
        if lines[-1] and x + width > WIDTH - MARGIN:
            lines.append([])
            x = MARGIN
        lines[-1].append((x, entry))
        x += width
    return lines


def _draw_key(figure: Figure, line: Sequence[tuple[float, Entry]], y: float) -> None:
    from matplotlib.lines import Line2D

    for x, entry in line:
        places = [x, x + HANDLE / 2, x + HANDLE] if entry.dash != "none" else [x + HANDLE / 2]
        sample = Line2D(
            places,
            [y] * len(places),
            color=entry.color,
            marker=entry.marker or "none",
            markersize=4.5,
            markeredgewidth=0,
            markevery=[len(places) // 2],
            linestyle=entry.dash,  # type: ignore[arg-type]
            linewidth=entry.width,
            alpha=entry.alpha,
            transform=figure.dpi_scale_trans,
        )
        figure.add_artist(sample)
        _text(figure, x + HANDLE + 0.05, y, entry.label, style.TEXT, style.INK, "center_baseline")


def _text(figure: Figure, x: float, y: float, text: str, size: float, color: str, va: Any) -> None:
    figure.text(x, y, text, fontsize=size, color=color, va=va, ha="left", transform=figure.dpi_scale_trans)


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, style.SMALL) > WIDTH - 2 * MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def limits(values: Sequence[float], pad: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """Return axis limits around values, with a margin, and never without width.

    Parameters
    ----------
    values : sequence of float
        At least one.
    pad : float, default 0.06
        Margin at each end, as a share of the range.
    least : float, default 0
        The least range before the margin.
    """
    low, high = min(values), max(values)
    spread = max(high - low, least, 1e-9)
    middle = (low + high) / 2
    half = spread / 2 + pad * spread
    return middle - half, middle + half


def log_limits(values: Sequence[float], pad: float = 0.06) -> tuple[float, float]:
    """Return limits of a logarithmic axis around positive values; at least a factor of four apart."""
    import math

    low, high = limits([math.log10(value) for value in values], pad, least=math.log10(4))
    return 10**low, 10**high


STEPS = (
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)
"""Round numbers of a decade, from the many to the few."""


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers for ticks between the limits of a logarithmic axis.

    Examples
    --------
    >>> log_ticks(0.02, 30), log_ticks(1, 2.9)
    ([0.1, 1.0, 10.0], [1.0, 1.2, 1.5, 2.0, 2.5])
    """
    import math

    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in STEPS:
        found = [step * 10.0**e for e in exponents for step in steps if low <= step * 10.0**e <= high]
        if len(found) <= most:
            break
    if len(found) > most:
        found = found[:: -(-len(found) // most)]
    return [float(f"{value:.3g}") for value in found]


def thinned(ticks: Sequence[float], places: Sequence[float], apart: float) -> list[float]:
    """Return ticks, leaving out those nearer than ``apart`` to the one kept before; the last one stays.

    Parameters
    ----------
    ticks, places : sequences of float
        Values, and where they come to lie, rising.
    apart : float
        The least distance between places.
    """
    kept: list[int] = []
    for i in reversed(range(len(ticks))):
        if not kept or places[kept[-1]] - places[i] >= apart:
            kept.append(i)
    return [ticks[i] for i in reversed(kept)]
