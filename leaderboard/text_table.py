"""Tables of text that fit a terminal: what there is no room for is left out and named, no line is broken."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from leaderboard.short_names import short

Lines = Sequence[Mapping[str, str]]
"""A table: one mapping from column to cell a line, all with the same columns."""

GAP = "  "
SHORTEST = 8
"""Characters that a name needs for its two ends."""


def terminal_width() -> int | None:
    """Return how many characters a line of standard output may have; None where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@dataclass
class TextTables:
    """The tables of one output, and what they have no room for.

    Parameters
    ----------
    width : int, optional
        Characters a line may have; by default as many as it needs.
    left_out, shortened : list of str
        Columns, in the order in which tables were made.

    Examples
    --------
    >>> tables = TextTables(width=24)
    >>> lines = [{"method": "snuba", "accuracy": "87.5", "seconds": "1.25"}]
    >>> print(tables.table(lines, least=("seconds",)))
    method  accuracy
    ------  --------
    snuba       87.5
    >>> tables.note("--out")
    'No room for: seconds. A wider terminal shows all, and so does --out.'
    """

    width: int | None = None
    left_out: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)

    def table(
        self,
        lines: Lines,
        left: Iterable[str] = (),
        least: Sequence[str | tuple[str, ...]] = (),
        shorten: Mapping[str, int] | None = None,
    ) -> str:
        """Return a table, no line of it longer than the width.

        Where it is too wide, first heads are broken between words, then texts shortened, then columns left
        out until the rest fits.

        Parameters
        ----------
        lines : sequence of mappings from str to str
            At least one.
        left : iterable of str
            Columns that are aligned at the left, beside the first one.
        least : sequence of str or tuple of str
            Columns to be left out, the least important first; those of a tuple go together. After them go the
            other ones, from the last to the second.
        shorten : mapping of str to int, optional
            Columns whose texts may be shortened, and to how many characters.
        """
        columns = {name: [line[name] for line in lines] for name in lines[0]}
        first = next(iter(columns))
        widths = _widths(columns, wrapped=False)
        wrapped = self.width is not None and _total(widths.values()) > self.width
        if wrapped and self.width is not None:
            widths = _fit(_widths(columns, wrapped=True), self.width, least, shorten or {})
            self._remember(columns, widths)
        shown = {name: _shortened(columns[name], width, name == first) for name, width in widths.items()}
        heads = {name: _head(name, width if wrapped else 0) for name, width in widths.items()}
        height = max(map(len, heads.values()))
        top = [{name: [*[""] * (height - len(h)), *h][i] for name, h in heads.items()} for i in range(height)]
        rule = {name: "-" * width for name, width in widths.items()}
        body = [{name: shown[name][i] for name in widths} for i in range(len(lines))]
        aligned = {first, *left}
        return "\n".join(
            GAP.join(_padded(line[name], width, name in aligned) for name, width in widths.items()).rstrip()
            for line in (*top, rule, *body)
        )

    def _remember(self, columns: Mapping[str, Sequence[str]], widths: Mapping[str, int]) -> None:
        for name, texts in columns.items():
            if name not in widths:
                self.left_out += [] if name in self.left_out else [name]
            elif max(map(_width, texts)) > widths[name]:
                self.shortened += [] if name in self.shortened else [name]

    def note(self, instead: str) -> str:
        """Return a sentence on what there was no room for, empty where there was.

        Parameters
        ----------
        instead : str
            What shows all, too.
        """
        parts = [f"No room for: {', '.join(self.left_out)}."] if self.left_out else []
        parts += [f"Shortened: {', '.join(self.shortened)}."] if self.shortened else []
        return " ".join([*parts, f"A wider terminal shows all, and so does {instead}."]) if parts else ""

    def fill(self, text: str, most: int = 100, indent: str = "") -> str:
        """Return a paragraph in lines that are no longer than the width and ``most``.

        Parameters
        ----------
        text : str
        most : int, default 100
        indent : str, default ""
            Of all lines but the first.
        """
        return textwrap.fill(
            text,
            min(most, self.width or most),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _width(text: str) -> int:
    """Return how many places of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _padded(text: str, width: int, left: bool) -> str:
    room = " " * (width - _width(text))
    return f"{text}{room}" if left else f"{room}{text}"


def _head(name: str, width: int) -> list[str]:
    """Return the lines of a head: one, or as many as its column is too narrow for."""
    if not width or len(name) <= width:
        return [name]
    return textwrap.wrap(name, width, break_on_hyphens=False)


def _widths(columns: Mapping[str, Sequence[str]], wrapped: bool) -> dict[str, int]:
    return {
        name: max([*map(_width, texts), *map(len, name.split() if wrapped else [name])])
        for name, texts in columns.items()
    }


def _total(widths: Iterable[int]) -> int:
    widths = list(widths)
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _fit(
    widths: dict[str, int], limit: int, least: Sequence[str | tuple[str, ...]], shorten: Mapping[str, int]
) -> dict[str, int]:
    """Return the columns that there is room for, with their widths."""
    first, *others = widths
    floors = {name: min(width, shorten.get(name, width)) for name, width in widths.items()}
    widths = dict(widths)
    for group in [*least, *reversed(others)]:
        if _total(floors[name] for name in widths) <= limit:
            break
        for name in (group,) if isinstance(group, str) else group:
            widths.pop(name, None)
    floors[first] = min(floors[first], max(limit, 1))
    while (excess := _total(widths.values()) - limit) > 0:
        # The widest gives first, down to the next widest one.
        can = sorted((name for name in widths if widths[name] > floors[name]), key=lambda name: -widths[name])
        if not can:
            break
        second = widths[can[1]] if len(can) > 1 else 0
        step = max(1, min(excess, widths[can[0]] - max(second, floors[can[0]])))
        widths[can[0]] -= step
    return widths


def _shortened(texts: Sequence[str], width: int, names: bool) -> list[str]:
    """Return texts that fit: of names, which still differ, the middle is left out, of others the end."""
    if all(_width(text) <= width for text in texts):
        return list(texts)
    if names and all(len(text) == _width(text) for text in texts) and width >= SHORTEST:
        by_name = short(texts, width)
        return [by_name[text] for text in texts]
    return [_cut(text, width) for text in texts]


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while text and _width(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…" if width > 0 else ""
