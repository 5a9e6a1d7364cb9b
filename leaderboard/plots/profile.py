"""Performance profiles: the share of tasks on which a method is within so much of the best one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from leaderboard.plots import style
from leaderboard.plots.choice import CHANCE, highlights
from leaderboard.plots.layout import Entry, fit_title, log_ticks, sheet
from leaderboard.plots.pools import Standing, heading, left_out
from leaderboard.plots.words import counted, percent
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["gap", "ratio"]

GRIDS: dict[Kind, tuple[str, str]] = {"gap": ("gap", "shares"), "ratio": ("ratio", "ratio_shares")}

TELLING: dict[Kind, float] = {"gap": 0.05, "ratio": 1.5}
"""The distance that is put into words."""


@style.styled
def plot(
    standings: Sequence[Standing], kind: Kind = "gap", most: int = 10, marked: Collection[str] = ()
) -> Figure | None:
    """Draw performance profiles, a panel for each pool of entrants.

    Parameters
    ----------
    standings : sequence of mappings
        Standings of the leaderboard, one a pool.
    kind : {"gap", "ratio"}, default "gap"
        Distance from the best accuracy in percentage points, or how many times the error of the best one.
    most : int, default 10
        Methods in colour; the others are thin grey lines.
    marked : collection of str
        Methods to have in colour in any case.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if no standing has a profile of at least two entrants.

    References
    ----------
    E. Dolan and J. Moré (2002), Benchmarking optimization software with performance profiles.
    """
    standings = _usable(standings, kind)
    if not standings:
        return None
    families = {e["method"]: e["family"] for standing in standings for e in standing["entrants"]}
    order = _order(standings)
    chosen = highlights(order, families, most, marked)
    looks = style.looks(chosen, families)
    names = short(chosen, 36)
    others = len(order) - len(chosen)
    key = [Entry(names[m], looks[m].color, dash=looks[m].dash) for m in chosen]
    if others:
        key.append(Entry(counted(others, "other"), style.MUTED, dash="solid", width=0.7, alpha=0.6))
    page = sheet(
        len(standings),
        columns=3,
        height={1: 3.2, 2: 2.8}.get(len(standings), 2.4),
        left=0.6,
        key=[key],
        notes=[
            "Methods in the order of their mean rank; tasks weigh the same. Further up and left is better.",
            *left_out(standings),
        ],
    )
    for axes, standing in zip(page.panels, standings, strict=True):
        fit_title(axes, "{}", heading(standing))
        _panel(axes, standing, kind, looks)
    x = (
        "distance from the best accuracy (percentage points)"
        if kind == "gap"
        else "error, times the least error"
    )
    page.outer_labels(x=False)
    page.label(x, "share of tasks (%)")
    return page.figure


def describe(standings: Sequence[Standing], kind: Kind = "gap") -> str:
    """Return in words what :func:`plot` shows."""
    parts = [
        "Performance profiles: step curves of the share of tasks on which a method is within a distance "
    ]
    parts.append("of the best accuracy." if kind == "gap" else "(a ratio of errors) of the best method.")
    for standing in _usable(standings, kind):
        grid, shares = _curves(standing, kind)
        best = max(shares, key=lambda name: (shares[name][0], sum(shares[name])))
        parts.append(f" {heading(standing)}: {best} is best on {percent(shares[best][0], 0)} of the tasks")
        middle = min(range(len(grid)), key=lambda i: abs(grid[i] - TELLING[kind]))
        near = max(shares, key=lambda name: (shares[name][middle], sum(shares[name])))
        within = (
            f"{100 * grid[middle]:.1f} points"
            if kind == "gap"
            else f"{grid[middle]:.2g} times the least error"
        )
        parts.append(f"; within {within}, {near} leads with {percent(shares[near][middle], 0)}.")
    return "".join(parts)


def _usable(standings: Sequence[Standing], kind: Kind) -> list[Standing]:
    return [s for s in standings if s.get("profile") and len(_curves(s, kind)[1]) > 1 and _curves(s, kind)[0]]


def _curves(standing: Standing, kind: Kind) -> tuple[Sequence[float], Mapping[str, Sequence[float]]]:
    grid, shares = GRIDS[kind]
    return standing["profile"].get(grid) or [], standing["profile"].get(shares) or {}


def _order(standings: Sequence[Standing]) -> list[str]:
    widest = max(standings, key=lambda standing: len(standing["entrants"]))
    return list(dict.fromkeys(e["method"] for standing in (widest, *standings) for e in standing["entrants"]))


def _panel(axes: Axes, standing: Standing, kind: Kind, looks: Mapping[str, style.Look]) -> None:
    grid, shares = _curves(standing, kind)
    x = [100 * value for value in grid] if kind == "gap" else list(grid)
    # Where nothing changes any more for those in colour, nothing is to be seen.
    leading = [curve for name, curve in shares.items() if name in looks and name != CHANCE] or [
        *shares.values()
    ]
    full = [next((v for v, s in zip(x, curve, strict=True) if s >= curve[-1]), x[-1]) for curve in leading]
    end = max(*full, x[1] if len(x) > 1 else x[0])
    if kind == "gap":
        low, high = x[0], max(end * 1.05, x[0] + 0.5)
    else:
        low, high = x[0], max(end * 1.1, x[0] * 1.5)
    drawn = [name for name in shares if name not in looks] + [
        name for name in reversed(list(looks)) if name in shares
    ]
    for name in drawn:
        y = [100 * share for share in shares[name]]
        # A curve that has reached every task stays there.
        beyond = 1 if high > x[-1] and y[-1] >= 100 else 0
        x_drawn, y = x + [high] * beyond, y + y[-1:] * beyond
        if name in looks:
            axes.step(x_drawn, y, where="post", color=looks[name].color, linestyle=looks[name].dash, gid=name)
        else:
            axes.step(x_drawn, y, where="post", color=style.MUTED, linewidth=0.6, alpha=0.5, gid=name)
    axes.set_ylim(-2, 103)
    axes.set_yticks([0, 25, 50, 75, 100])
    if kind == "ratio":
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_xticks(log_ticks(low, high), minor=False)
        axes.set_xticks([], minor=True)
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.set_xlim(low, high)
