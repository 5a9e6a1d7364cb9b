"""Standings as the page shows them: bands of methods that are not told apart, and a common axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from leaderboard.page.answer import main_labels
from leaderboard.page.formats import anchor, in_sight
from leaderboard.pools import POOLS

Entry = Mapping[str, Any]


def views(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every standing with what its table needs; the one that is shown first has ``chosen``.

    Returns
    -------
    list of dict
        The fields of the standing, and ``id``, ``chosen``, ``bands`` (of entrants, see :func:`bands`),
        ``axis`` (see :func:`axis`) and ``tops`` (the names in the first band).
    """
    n_labels = main_labels(board)
    order = {pool: i for i, pool in enumerate(POOLS)}
    standings = sorted(
        board["standings"],
        key=lambda s: (
            s["n_labels"] != n_labels,
            s["n_labels"],
            -order.get(s["pool"], -1),
            s["representation"] != "all",
            s["representation"],
        ),
    )
    return [
        {
            **standing,
            "id": anchor("standing", standing["pool"], standing["representation"], standing["n_labels"]),
            "chosen": position == 0,
            "bands": bands(standing["entrants"]),
            "axis": axis(standing["entrants"]),
        }
        for position, standing in enumerate(standings)
    ]


def bands(entrants: Sequence[Entry]) -> list[dict[str, Any]]:
    r"""Group entrants, best first, into bands whose members are not separated from the first of them.

    Returns
    -------
    list of dict
        ``ranks`` such as ``"2-4"`` with an en dash, or ``"1"``; ``leader``; ``entrants``.

    Examples
    --------
    >>> found = bands([{"method": m, "tie_group": g} for m, g in (("a", 1), ("b", 1), ("c", 2))])
    >>> [(band["ranks"].replace("\N{EN DASH}", "-"), band["leader"]) for band in found]
    [('1-2', 'a'), ('3', 'c')]
    """
    found = []
    first = 1
    for _, members in groupby(enumerate(entrants), key=lambda item: _group(*item)):
        mine = [entrant for _, entrant in members]
        last = first + len(mine) - 1
        ranks = f"{first}" if first == last else f"{first}\N{EN DASH}{last}"
        found.append({"ranks": ranks, "leader": mine[0]["method"], "entrants": mine})
        first = last + 1
    return found


def _group(position: int, entrant: Entry) -> tuple[str, int]:
    """Return what entrants of a band have in common; without a tie group, each is alone."""
    number = entrant["tie_group"]
    return ("alone", position) if number is None else ("group", number)


def axis(entrants: Sequence[Entry]) -> dict[str, float]:
    """Return the ends, in [0, 1] and multiples of 0.1, of an axis that holds who is not far below the best.

    Examples
    --------
    >>> axis([{"mean_accuracy": 0.83, "accuracy_here_low": 0.79, "accuracy_here_high": 0.86}])
    {'low': 0.7, 'high': 0.9}
    """
    if not entrants:
        return {"low": 0.0, "high": 1.0}
    best = max(entrant["mean_accuracy"] for entrant in entrants)
    near = in_sight(entrants, lambda entrant: best - entrant["mean_accuracy"], times=4, at_least=0.15)
    values = [
        entry[name]
        for entry in near
        for name in ("mean_accuracy", "accuracy_here_low", "accuracy_here_high")
        if entry[name] is not None
    ]
    low, high = math.floor(10 * min(values) + 1e-9) / 10, math.ceil(10 * max(values) - 1e-9) / 10
    low = min(max(low, 0.0), 0.9)  # An axis has a length where everybody is always right, too.
    return {"low": low, "high": min(max(high, low + 0.1), 1.0)}
