"""Paired differences between all entrants as a table of tinted cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import not_shown
from leaderboard.plots.layout import Entry, sheet, text_width
from leaderboard.plots.pools import Standing, heading, left_out
from leaderboard.plots.words import counted, signed
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

MOST = 16
CELL = 0.235
STRENGTHS = 6
"""Steps of tint."""

LEVEL = 0.05


@style.styled
def plot(standing: Standing) -> Figure | None:
    """Draw how many points the entrant of a row is ahead of that of a column.

    Parameters
    ----------
    standing : mapping
        One of the leaderboard's ``standings``.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no pair. At most the sixteen first entrants.
    """
    methods = [entrant["method"] for entrant in standing["entrants"]][:MOST]
    table = _table(standing, methods)
    if not table:
        return None
    names = short(methods, 34)
    notes = [
        "Percentage points by which the row's method is ahead of the column's, tasks weighing the same. "
        "Columns have the order of the rows. Bold: told apart at the 5 % level (Holm)."
    ]
    worse = len(standing["entrants"]) - len(methods)
    notes += [*not_shown(worse, "method", " of a worse mean rank"), *left_out([standing])]
    left = max(text_width(f"{name}  {i + 1}") for i, name in enumerate(names.values())) + 0.16
    wide = min(0.42, (8.4 - left) / len(methods))
    page = sheet(
        1,
        columns=1,
        heading=0.42,
        height=CELL * len(methods),
        left=left,
        right=8.5 - left - wide * len(methods),
        below=0.05,
        key=[
            [
                Entry("row ahead", style.BETTER, "s", alpha=0.6),
                Entry("row behind", style.WORSE, "s", alpha=0.6),
            ]
        ],
        notes=notes,
    )
    page.panels[0].set_title(heading(standing), pad=16, x=(0.16 - left) / (wide * len(methods)))
    _draw(page.panels[0], methods, names, table)
    return page.figure


def describe(standing: Standing) -> str:
    """Return in words what :func:`plot` shows."""
    pairs = [pair for pair in standing["pairs"] if pair["difference"] is not None]
    apart = [pair for pair in pairs if _is_apart(pair)]
    widest = max(pairs, key=lambda pair: abs(pair["difference"]))
    ahead, behind = (widest["a"], widest["b"]) if widest["difference"] > 0 else (widest["b"], widest["a"])
    return (
        f"Table of paired accuracy differences between {counted(len(standing['entrants']), 'method')}: "
        f"{len(apart)} of {counted(len(pairs), 'pair')} are told apart at the 5 % level after Holm's "
        f"correction. The widest difference is {signed(abs(widest['difference']))} points, "
        f"{ahead} over {behind}."
    )


def _table(standing: Standing, methods: Sequence[str]) -> dict[tuple[int, int], tuple[float, bool]]:
    """Return difference in points and whether it is told apart, by row and column."""
    places = {method: i for i, method in enumerate(methods)}
    table = {}
    for pair in standing.get("pairs") or []:
        if pair["difference"] is None or pair["a"] not in places or pair["b"] not in places:
            continue
        i, j = places[pair["a"]], places[pair["b"]]
        table[(i, j)] = (100 * pair["difference"], _is_apart(pair))
        table[(j, i)] = (-100 * pair["difference"], _is_apart(pair))
    return table


def _boxes(cells: Sequence[tuple[int, int]]) -> Path:
    """Return the outline of cells (row, column), all in one."""
    from matplotlib.path import Path

    corners = ((-0.48, -0.46), (0.48, -0.46), (0.48, 0.46), (-0.48, 0.46), (-0.48, -0.46))
    points = [(j + dx, i + dy) for i, j in cells for dx, dy in corners]
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(cells)
    return Path(points, codes)


def _is_apart(pair: Mapping[str, Any]) -> bool:
    return pair["p_holm"] is not None and pair["p_holm"] < LEVEL


def _draw(
    axes: Axes,
    methods: Sequence[str],
    names: Mapping[str, str],
    table: Mapping[tuple[int, int], tuple[float, bool]],
) -> None:
    from matplotlib.patches import PathPatch

    n = len(methods)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.xaxis.tick_top()
    axes.set_xticks(range(n), [str(i + 1) for i in range(n)])
    axes.set_yticks(
        range(n),
        [f"{names[m]}  {i + 1}" for i, m in enumerate(methods)],
        fontsize=style.TEXT,
        color=style.INK,
    )
    # A few far behind everyone would leave the rest without tint.
    sizes = sorted(abs(value) for value, _ in table.values())
    full = max(sizes[int(0.8 * (len(sizes) - 1))], 0.1)
    groups: dict[int, list[tuple[int, int]]] = {}
    for cell, (value, _) in sorted(table.items()):
        step = round(STRENGTHS * max(-1, min(1, value / full)))
        groups.setdefault(step, []).append(cell)
    for step, cells in sorted(groups.items()):
        if step:
            axes.add_patch(
                PathPatch(
                    _boxes(cells),
                    color=style.BETTER if step > 0 else style.WORSE,
                    alpha=0.55 * abs(step) / STRENGTHS,
                    linewidth=0,
                    gid=f"step {step}",
                )
            )
    for (i, j), (value, apart) in sorted(table.items()):
        axes.text(
            j,
            i,
            signed(value / 100),
            ha="center",
            va="center_baseline",
            fontsize=5.8,
            fontweight="bold" if apart else "normal",
        )
