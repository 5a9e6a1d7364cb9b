"""Where one method stands: against the controls, and in each pool of entrants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard.board import Board
from leaderboard.comparison import AGAINST
from leaderboard.pools import POOL_TITLES, POOLS

NAMED = 6
"""Cells without a result that are named; the others are counted."""


def ranks(board: Board, method: str, n_labels: int = 100) -> list[dict[str, Any]]:
    """Return a method's place in every pool of entrants it is ranked in.

    Parameters
    ----------
    board : Board
    method : str
        As it stands in the table.
    n_labels : int, default 100

    Returns
    -------
    list of dict
        ``pool``, ``representation`` (``all``, or the features on which it is complete), ``place`` (from 1),
        ``n_entrants``, ``mean_rank``, ``tasks``, ``tied_with`` (others of its tie group), and ``separates``
        (whether any two of the entrants are separated).
    """
    found = []
    for pool in POOLS:
        mine = [
            one
            for one in board.standings
            if (one["pool"], one["n_labels"]) == (pool, n_labels)
            and method in [entrant["method"] for entrant in one["entrants"]]
        ]
        # Over all features where it has them all; else on those it has.
        for one in [s for s in mine if s["representation"] == "all"] or mine:
            names = [entrant["method"] for entrant in one["entrants"]]
            entrant = one["entrants"][names.index(method)]
            group = entrant["tie_group"]
            found.append(
                {
                    "pool": pool,
                    "representation": one["representation"],
                    "place": names.index(method) + 1,
                    "n_entrants": len(names),
                    "mean_rank": entrant["mean_rank"],
                    "tasks": one["tasks"],
                    "tied_with": [
                        other["method"]
                        for other in one["entrants"]
                        if group is not None and other["tie_group"] == group and other["method"] != method
                    ],
                    "separates": len({other["tie_group"] for other in one["entrants"]}) > 1,
                }
            )
    return found


def text(board: Board, method: str, n_labels: int = 100) -> str:
    """Return in words where a method stands: compared with the controls, and its place in each pool.

    Parameters
    ----------
    board, method, n_labels
        As for :func:`ranks`.
    """
    lines = []
    for against in AGAINST:
        said = [
            one["sentence"]
            for one in board.comparisons
            if (one["method"], one["against"], one["n_labels"]) == (method, against, n_labels)
        ]
        lines += said or [f"No comparison with {against}: no task, features and draws in common."]
    for one in ranks(board, method, n_labels):
        features = "" if one["representation"] == "all" else f", {one['representation']} features"
        lines.append(
            f"{POOL_TITLES[one['pool']]}{features}: place {one['place']} of {one['n_entrants']} "
            f"(mean rank {one['mean_rank']:.2f} over {', '.join(one['tasks'])}){_separated(one)}."
        )
    if len(lines) == len(AGAINST):
        lines.append(_why_not(board, method, n_labels))
    return "\n".join(lines)


def _separated(one: Mapping[str, Any]) -> str:
    if not one["separates"]:
        n = len(one["tasks"])
        what = f"{n} tasks are" if n > 1 else "the draws of one task are"
        return f"; {what} too few to separate any two of them"
    return f"; not separated from {', '.join(one['tied_with'])}" if one["tied_with"] else ""


def _why_not(board: Board, method: str, n_labels: int) -> str:
    """Return what a method that is in no standing lacks in the first one over all features."""
    for one in board.standings:
        if (one["representation"], one["n_labels"]) == ("all", n_labels):
            for out in one["left_out"]:
                if out["method"] == method:
                    lacks = [_missing(cell, one["n_draws"]) for cell in out["missing"]]
                    more = f" and {len(lacks) - NAMED} more" if len(lacks) > NAMED else ""
                    return (
                        f"Not ranked: of the {out['n_cells_expected']} tasks and features that count "
                        f"({POOL_TITLES[one['pool']]}) it has no result in {', '.join(lacks[:NAMED])}{more}."
                    )
    return "Not ranked: ranks need results of all controls on the same tasks, features and draws."


def _missing(cell: Mapping[str, Any], n_draws: Mapping[str, int]) -> str:
    where, draws = f"{cell['task']} / {cell['representation']}", cell["draws"]
    if len(draws) == n_draws[cell["task"]]:
        return where
    return f"draw{'' if len(draws) == 1 else 's'} {', '.join(map(str, draws))} of {where}"
