"""Critical-difference diagram: mean ranks on a line, and who is not to be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import style
from leaderboard.plots.choice import not_shown
from leaderboard.plots.layout import sheet, text_width
from leaderboard.plots.pools import Standing, heading, left_out
from leaderboard.plots.words import counted, listed
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 30
STEP = 0.2
"""Inches between labels."""


@style.styled
def plot(standing: Standing) -> Figure | None:
    """Draw mean ranks with the critical difference of Friedman's and Nemenyi's tests.

    Parameters
    ----------
    standing : mapping
        One of the leaderboard's ``standings``.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if it has no critical difference or fewer than two entrants. At most thirty entrants.

    References
    ----------
    J. Demsar (2006), Statistical comparisons of classifiers over multiple data sets.
    """
    entrants = _ranked(standing)
    friedman = standing.get("friedman")
    if len(entrants) < 2 or not friedman or friedman["critical_difference"] is None:
        return None
    kept = entrants[:MOST]
    ranks = [entrant["mean_rank"] for entrant in kept]
    names = short([entrant["method"] for entrant in kept], 32)
    cliques = groups(ranks, friedman["critical_difference"])
    half = -(-len(kept) // 2)
    bars = 0.14 * len(cliques) + 0.16
    side = max(text_width(name) for name in names.values()) + 0.75
    notes = [
        "Rank 1 is best. Bars join methods whose mean ranks are less than the critical difference apart "
        f"(Nemenyi, 5 % level). Friedman test: p = {friedman['p']:.2g} over "
        f"{counted(friedman['n_tasks'], 'task')}. With few tasks this test sees little; the paired "
        "differences see more.",
    ]
    notes += [*not_shown(len(entrants) - len(kept), "method", " of a worse rank"), *left_out([standing])]
    page = sheet(
        1,
        columns=1,
        height=0.55 + bars + STEP * half,
        left=side,
        right=side,
        below=0.05,
        notes=notes,
    )
    axes = page.panels[0]
    axes.set_title(heading(standing), x=-(side - 0.1) / (8.5 - 2 * side))
    last = max(ranks[-1], min(ranks[0] + friedman["critical_difference"], len(entrants)))
    _draw(axes, kept, names, cliques, friedman["critical_difference"], bars, (ranks[0], last))
    return page.figure


def describe(standing: Standing) -> str:
    """Return in words what :func:`plot` shows."""
    entrants = _ranked(standing)
    friedman = standing["friedman"]
    apart = friedman["critical_difference"]
    level = [e["method"] for e in entrants[1:] if e["mean_rank"] - entrants[0]["mean_rank"] <= apart]
    return (
        f"Critical-difference diagram of {counted(len(entrants), 'method')} over "
        f"{counted(friedman['n_tasks'], 'task')}: {entrants[0]['method']} has the best mean rank, "
        f"{entrants[0]['mean_rank']:.2f}, {entrants[-1]['method']} the worst, "
        f"{entrants[-1]['mean_rank']:.2f}; the critical difference is {apart:.2f}. Not to be told apart from "
        f"the first: {listed(level)}."
    )


def groups(ranks: Sequence[float], critical_difference: float) -> list[tuple[int, int]]:
    """Return the longest runs of neighbours whose ends are at most the critical difference apart.

    Parameters
    ----------
    ranks : sequence of float
        Rising.
    critical_difference : float
        Zero or more.

    Returns
    -------
    list of (first, last)
        Positions in ``ranks``; runs of one, and runs within another one, are left out.

    Examples
    --------
    >>> groups([1.0, 1.5, 2.6, 2.8, 5.0], 1.3)
    [(0, 1), (1, 3)]
    """
    found: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(i for i in range(first, len(ranks)) if ranks[i] - rank <= critical_difference + 1e-12)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def _ranked(standing: Standing) -> list[Mapping[str, Any]]:
    found = [entrant for entrant in standing["entrants"] if entrant["mean_rank"] is not None]
    return sorted(found, key=lambda entrant: (entrant["mean_rank"], entrant["method"]))


def _draw(
    axes: Axes,
    entrants: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    cliques: Sequence[tuple[int, int]],
    apart: float,
    bars: float,
    ends: tuple[float, float],
) -> None:
    """Draw in inches downwards from the line of ranks at 0."""
    half = -(-len(entrants) // 2)
    low, high = ends
    span = max(high - low, 0.5)
    low, high = low - 0.04 * span, low + 1.04 * span
    axes.set_xlim(low, high)
    axes.set_ylim(bars + STEP * half + 0.05, -0.5)
    axes.axis("off")
    axes.plot([low, high], [0, 0], color=style.INK, linewidth=1, clip_on=False, gid="line")
    for tick in _ticks(low, high):
        axes.plot([tick, tick], [0, -0.05], color=style.INK, linewidth=0.8, gid="tick")
        axes.text(tick, -0.08, f"{tick:g}", ha="center", va="bottom", fontsize=style.SMALL, color=style.MUTED)
    start = entrants[0]["mean_rank"]
    axes.plot([start, start + apart], [-0.3, -0.3], color=style.INK, linewidth=1.6, clip_on=False, gid="cd")
    axes.text(start, -0.34, f"critical difference {apart:.2f}", ha="left", va="bottom", fontsize=style.SMALL)
    for k, (first, last) in enumerate(cliques):
        y = 0.12 + 0.14 * k
        ends_of_bar = [entrants[first]["mean_rank"], entrants[last]["mean_rank"]]
        axes.plot(ends_of_bar, [y, y], color=style.INK, linewidth=2.6, solid_capstyle="round", gid="group")
    for i, entrant in enumerate(entrants):
        left = i < half
        y = bars + STEP * ((i if left else len(entrants) - 1 - i) + 0.5)
        rank = entrant["mean_rank"]
        edge = low if left else high
        color = style.color(entrant["family"])
        axes.plot([rank, rank, edge], [0, y, y], color=color, linewidth=0.9, clip_on=False, gid="entrant")
        axes.plot([rank], [0], marker="o", markersize=4, color=color, linestyle="none", gid="rank")
        name = names[entrant["method"]]
        axes.annotate(
            f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}",
            (edge, y),
            xytext=(-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center_baseline",
            annotation_clip=False,
        )


def _ticks(low: float, high: float) -> list[float]:
    import math

    step = next(step for step in (0.25, 0.5, 1, 2, 5, 10) if (high - low) / step <= 10 or step == 10)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
