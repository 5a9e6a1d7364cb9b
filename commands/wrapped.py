"""Sentences on a terminal: lines end between words."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click


def say(text: str, err: bool = False, hang: int = 0) -> None:
    """Print text; where it goes to a terminal, lines that do not fit are broken between words.

    Parameters
    ----------
    text : str
        Lines that nobody is to copy: a command stays in one piece.
    err : bool, default False
        On standard error.
    hang : int, default 0
        Blanks before what a broken line goes on with.
    """
    stream = sys.stderr if err else sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else None
    click.echo(wrapped(text, width, hang), err=err)


def wrapped(text: str, width: int | None, hang: int = 0) -> str:
    r"""Return text with its lines broken to a width; None breaks nothing, and neither is a word broken.

    Examples
    --------
    >>> print(wrapped("ok   files: plain and small\n     files", 16, hang=5))
    ok   files:
         plain and
         small
         files
    """
    if width is None:
        return text
    parts = []
    for line in text.split("\n"):
        parts += textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        ) or [""]
    return "\n".join(parts)
