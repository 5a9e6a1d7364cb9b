"""Plots of the leaderboard from its plain JSON values, the same bytes for the same data.

:func:`figures` draws everything a board can show; :func:`save` writes a figure to files and
:func:`inline_svg` makes it part of a page. A kind of plot is a module of its own with ``plot``, which returns
a ``matplotlib.figure.Figure``, or None where there is nothing to show, and ``describe``, which says it in
words.
"""

from __future__ import annotations

from leaderboard.plots.catalogue import figures
from leaderboard.plots.svg import inline_svg, save

__all__ = ["figures", "inline_svg", "save"]
