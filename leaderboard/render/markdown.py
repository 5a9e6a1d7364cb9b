"""Markdown of words that are somebody else's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_SPECIAL = re.compile(r"[\\`*\[\]!|~#]|(?<![^\W_])_|_(?![^\W_])")
"""What is code, emphasis, a link, an image or a cell's end. Within a word an underscore is a letter."""


def escaped(text: str) -> str:
    r"""Return a line of text in which nothing is Markdown or HTML.

    Examples
    --------
    >>> print(escaped("snuba_2 ![p](http://x/p.png) <img src=x> a|b"))
    snuba_2 \!\[p\](http://x/p.png) &lt;img src=x> a\|b
    """
    line = " ".join(text.split())
    return _SPECIAL.sub(r"\\\g<0>", line.replace("&", "&amp;").replace("<", "&lt;"))


def grid(lines: Sequence[Mapping[str, str]], left: Sequence[str]) -> str:
    """Return lines of cells, all with the same columns, as a table.

    Parameters
    ----------
    lines : sequence of mapping
        Their texts as they are to stand there: :func:`escaped`, or Markdown of our own.
    left : sequence of str
        Columns of text.
    """
    from tabulate import tabulate

    align = ["left" if name in left else "right" for name in lines[0]]
    # A number is no name of a column to tabulate.
    return tabulate(
        [list(line.values()) for line in lines],
        headers=list(lines[0]),
        tablefmt="github",
        disable_numparse=True,
        colalign=align,
    )
