"""Figures as files and as parts of a page: small, the same bytes each time, no two with the same id."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from autows.errors import UserError
from autows.files import write_bytes
from leaderboard.plots.style import THEME, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"

NO_DATE: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
"""Metadata to leave out of each format: what changes with the day or the version."""

NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
_TREES: WeakKeyDictionary[Figure, ElementTree.Element] = WeakKeyDictionary()

DEFAULTS = {"text-anchor": "start", "stroke-dashoffset": "0", "stroke-linejoin": "round"}


def save(figure: Figure, path: Path, formats: Sequence[str] = ("svg", "pdf")) -> list[Path]:
    """Write a figure to a file of each format; return the files.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From a function of this package.
    path : pathlib.Path
        Without suffix.
    formats : sequence of str, default ("svg", "pdf")
        Any of svg, pdf, png (150 dots per inch).

    Raises
    ------
    UserError
        If a format is none of these.
    """
    unknown = [name for name in formats if name not in NO_DATE]
    if unknown:
        raise UserError(f"Plots are written as {', '.join(sorted(NO_DATE))}; got {unknown[0]!r}")
    files = []
    for name in formats:
        if name == "svg":
            content = _standalone(figure).encode()
        else:
            content = _drawn(figure, name, dpi=150 if name == "png" else "figure")
        file = path.with_name(f"{path.name}.{name}")
        write_bytes(file, content)
        files.append(file)
    return files


def inline_svg(figure: Figure, title: str, alt: str, prefix: str | None = None) -> str:
    """Return a figure as an ``<svg>`` element to put into a page.

    Text and axes have the colour of the page's text (``currentColor``); the rest of what is no data has the
    CSS variables ``--muted``, ``--grid`` and ``--surface``, with fallbacks. Ids and class names begin with
    ``prefix``, so that many figures go on one page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From a function of this package.
    title, alt : str
        What it is, and what is to be seen, in plain words.
    prefix : str, optional
        Begins with a letter. By default made from title and content: only the same figure under the
        same title has the same.
    """
    root = _tree(figure)
    if prefix is None:
        digest = hashlib.sha256(title.encode() + ElementTree.tostring(root)).hexdigest()
        prefix = f"p{digest[:8]}"
    body, rules = _Writer(prefix, lambda value: THEME.get(value, value)).write(root)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{prefix}-t {prefix}-d" '
        f'viewBox="{root.get("viewBox")}" width="100%" style="stroke-linejoin:round;font-family:'
        f'{FONTS}"><title id="{prefix}-t">{escape(title)}</title>'
        f'<desc id="{prefix}-d">{escape(alt)}</desc><style>{rules}</style>{body}</svg>'
    )


def _standalone(figure: Figure) -> str:
    root = _tree(figure)
    body, rules = _Writer("p", lambda value: value).write(root)
    width, height = root.get("viewBox", "").split()[2:]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="{root.get("viewBox")}" style="stroke-linejoin:round;font-family:{FONTS}">'
        f"<style>{rules}</style>{body}</svg>\n"
    )


def _drawn(figure: Figure, format_: str, dpi: float | str = "figure") -> bytes:
    """Return a figure in a format, without date; drawing it is no change of it."""
    before = figure.stale
    stream = io.BytesIO()
    with settings():
        figure.savefig(stream, format=format_, metadata=NO_DATE[format_], dpi=dpi)
    figure.stale = before
    return stream.getvalue()


def _tree(figure: Figure) -> ElementTree.Element:
    """Return matplotlib's SVG; it is drawn once for a file and a page unless the figure has changed since."""
    if figure.stale or figure not in _TREES:
        _TREES[figure] = ElementTree.fromstring(_drawn(figure, "svg"))
        figure.stale = False
    return _TREES[figure]


class _Writer:
    """Writes matplotlib's SVG again: ids only where referred to, styles as classes, short numbers.

    Parameters
    ----------
    prefix : str
        Begins every id and class name.
    paint : callable
        From a colour in the drawing to a colour in CSS.
    """

    def __init__(self, prefix: str, paint: Callable[[str], str]):
        self.prefix = prefix
        self.paint = paint
        self.ids: dict[str, str] = {}
        self.classes: dict[str, str] = {}

    def write(self, root: ElementTree.Element) -> tuple[str, str]:
        """Return the content of the root as markup, and the style rules it needs."""
        for element in root.iter():
            for name, value in element.attrib.items():
                found = [value[1:]] if name.endswith("href") else REFERENCE.findall(value)
                for target in found:
                    self.ids.setdefault(target, f"{self.prefix}{len(self.ids)}")
        body = "".join(self._element(child) for child in root)
        rules = "".join(f".{name}{{{style}}}" for style, name in self.classes.items())
        return body, rules

    def _element(self, element: ElementTree.Element, digits: int = 1) -> str:
        tag = element.tag.rpartition("}")[2]
        if tag in ("metadata", "style"):
            return ""
        inside = 2 if tag == "defs" else digits
        content = "".join(self._element(child, inside) for child in element)
        if tag == "text":
            content = escape(element.text or "")
        attributes = self._attributes(element.attrib, digits)
        if tag in ("g", "defs") and not content:
            return ""
        if tag == "g" and not attributes:
            return content
        return f"<{tag}{attributes}>{content}</{tag}>" if content else f"<{tag}{attributes}/>"

    def _attributes(self, attributes: Mapping[str, str], digits: int) -> str:
        parts = []
        for full, value in attributes.items():
            name = full.rpartition("}")[2]
            if name == "id":
                if value not in self.ids:
                    continue
                value = self.ids[value]
            elif name == "href":
                value = f"#{self.ids[value[1:]]}"
            elif name == "style":
                name, value = "class", self._class(value)
                if not value:
                    continue
            elif name == "d":
                value = _path(value, digits)
            elif name == "transform":
                value = _rounded(value.replace("rotate(-0 ", "rotate(0 "), digits)
                if value.startswith("rotate(0 "):
                    continue
            elif name in ("x", "y", "width", "height"):
                value = _rounded(value, digits)
            else:
                value = self._referred(value)
            parts.append(f" {name}={quoteattr(value)}")
        return "".join(parts)

    def _class(self, style: str) -> str:
        kept = []
        for declaration in style.split(";"):
            name, _, value = (part.strip() for part in declaration.partition(":"))
            if not name or name == "font-family" or DEFAULTS.get(name) == value:
                continue
            kept.append(f"{name}:{self.paint(self._referred(value))}")
        if not kept:
            return ""
        return self.classes.setdefault(";".join(kept), f"{self.prefix}c{len(self.classes)}")

    def _referred(self, value: str) -> str:
        return REFERENCE.sub(lambda match: f"url(#{self.ids[match[1]]})", value)


def _rounded(text: str, digits: int) -> str:
    return NUMBER.sub(lambda match: _number(match[0], digits), text)


def _number(text: str, digits: int) -> str:
    value = f"{float(text):.{digits}f}"
    if "." in value:
        value = value.rstrip("0").rstrip(".")
    return "0" if value in ("-0", "") else value


def _path(data: str, digits: int) -> str:
    """Shorten a path: level and upright lines by one number, steps on the same line as one."""
    moves: list[tuple[str, list[str]]] = []
    x = y = start = ""
    for letter, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", re.sub(r"e-\d+", "", data)):
        values = [_number(number, digits) for number in numbers.split()]
        if letter == "L" and values[1] == y:
            if moves[-1][0] == "H" and (float(x) - float(start)) * (float(values[0]) - float(x)) >= 0:
                moves.pop()
            else:
                start = x
            moves.append(("H", values[:1]))
        elif letter == "L" and values[0] == x:
            if moves[-1][0] == "V" and (float(y) - float(start)) * (float(values[1]) - float(y)) >= 0:
                moves.pop()
            else:
                start = y
            moves.append(("V", values[1:]))
        else:
            moves.append((letter, values))
        if values:
            x, y = values[-2:]
    letters = ["", *(letter for letter, _ in moves)]
    return "".join(
        (" " if letter == before and letter in "LCQHV" else letter) + " ".join(values)
        for before, (letter, values) in zip(letters, moves, strict=False)
    )
