"""How every plot looks: settings, colours of families, markers of features, line styles."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

INK = "#1b1e23"
MUTED = "#676d75"
GRID = "#dcdfe3"
SURFACE = "#fefefe"
"""Colours of what is no data, as they are in files; on a page the theme's own take their place."""

THEME = {
    INK: "currentColor",
    MUTED: "var(--muted, #7b8087)",
    GRID: "var(--grid, rgb(128 128 128 / 0.3))",
    SURFACE: "var(--surface, transparent)",
}
"""What stands for each of them in an SVG that goes into a page."""

FAMILY_COLORS = {
    "autows": "#1b80c4",
    "zero-shot": "#d55e00",
    "few-shot": "#0a8f68",
    "baseline": "#b0559f",
    "control": "#7b8087",
    "other": "#96790f",
}
"""One colour a family of methods, from the colour-blind-safe set of Okabe and Ito, darkened or lightened
until the contrast with a white and with a black page is at least 3."""

BETTER = "#1b80c4"
WORSE = "#d55e00"
"""Signs of differences; readable by people who do not tell red from green."""

FEATURE_MARKERS = {
    "raw": "o",
    "pca": "s",
    "patches": "p",
    "spectral": "h",
    "resnet18": "^",
    "sentence": "D",
    "clip": "v",
    "glyph_clip": "P",
}
SPARE_MARKERS = ("X", "<", ">", "d")

DASHES: tuple[tuple[float, tuple[float, ...]] | str, ...] = (
    "solid",
    (0.0, (4.0, 1.6)),
    (0.0, (1.2, 1.2)),
    (0.0, (6.0, 1.5, 1.2, 1.5)),
    (0.0, (2.4, 1.0)),
    (0.0, (8.0, 2.0)),
    (0.0, (4.0, 1.2, 1.2, 1.2, 1.2, 1.2)),
)

SMALL = 6.5
TEXT = 7.5
HEADING = 8.0
"""Font sizes in points; a figure is 8.5 inches wide."""

SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib, and is as wide as system fonts get
    "font.size": TEXT,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.8,
    "axes.titlesize": HEADING,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.titley": 1.0,  # else every drawing measures all tick labels to keep clear of them
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "xtick.major.pad": 3.0,
    "ytick.major.pad": 3.0,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.0,
    "figure.dpi": 72.0,
    "figure.facecolor": SURFACE,
    "savefig.facecolor": "auto",
    "savefig.dpi": "figure",
    "svg.fonttype": "none",
    "svg.hashsalt": "autows-bench",
    "pdf.fonttype": 3,
    "path.simplify": True,
}

P = ParamSpec("P")
T = TypeVar("T")


@functools.cache
def _all_settings() -> dict[str, Any]:
    """Return matplotlib's defaults for whatever has to do with drawing, and ours."""
    import matplotlib

    elsewhere = ("backend", "webagg", "keymap", "date.", "animation", "toolbar")
    defaults = matplotlib.rcParamsDefault.items()
    kept = {str(name): value for name, value in defaults if not name.startswith(elsewhere)}
    return {**kept, **SETTINGS}


@contextmanager
def settings() -> Iterator[None]:
    """Draw with our settings, whatever a user's own matplotlib file says; the old ones come back after.

    A letter that the bundled font lacks is no reason for a warning: in an SVG the reader's fonts show it.
    """
    import matplotlib

    current: Any = matplotlib.rcParams
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s)Glyph .* missing from")
        current.update(_all_settings())
        yield


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Run a plotting function under :func:`settings`."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with settings():
            return function(*args, **kwargs)

    return run


def color(family: str | None) -> str:
    """Return the colour of a family of methods; one nobody knows has that of ``other``."""
    return FAMILY_COLORS.get(family or "other", FAMILY_COLORS["other"])


def families_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the families among rows in the order of :data:`FAMILY_COLORS`, unknown ones as ``other``."""
    present = {row["family"] if row["family"] in FAMILY_COLORS else "other" for row in rows}
    return [family for family in FAMILY_COLORS if family in present]


def markers(features: Iterable[str]) -> dict[str, str]:
    """Return a marker for each kind of features; those nobody knows share what is left, by name."""
    names = sorted(set(features))
    unknown = [name for name in names if name not in FEATURE_MARKERS]
    spare = {name: SPARE_MARKERS[i % len(SPARE_MARKERS)] for i, name in enumerate(unknown)}
    known = {name: mark for name, mark in FEATURE_MARKERS.items() if name in names}
    return {**known, **spare}


@dataclass(frozen=True)
class Look:
    """How a method's curve is drawn.

    Parameters
    ----------
    color : str
        The colour of its family.
    dash : str or tuple
        A line style of matplotlib; differs within a family.
    """

    color: str
    dash: str | tuple[float, tuple[float, ...]]


def looks(methods: Sequence[str], families: Mapping[str, str]) -> dict[str, Look]:
    """Return a look for each method: its family's colour, and a dash no other of the family has.

    With more than seven methods of one family dashes come again.

    Examples
    --------
    >>> found = looks(["snuba", "iws", "zlap"], {"snuba": "autows", "iws": "autows", "zlap": "zero-shot"})
    >>> found["snuba"].color == found["iws"].color, found["snuba"].dash == found["iws"].dash
    (True, False)
    """
    seen: dict[str, int] = {}
    found = {}
    for method in methods:
        shade = color(families.get(method))
        index = seen.get(shade, 0)
        seen[shade] = index + 1
        found[method] = Look(shade, DASHES[index % len(DASHES)])
    return found
