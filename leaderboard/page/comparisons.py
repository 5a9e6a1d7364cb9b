"""Paired differences: against the controls as tables, between any two methods as data for the script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.comparison import verdict_of
from leaderboard.completeness import CANNOT, told
from leaderboard.page.answer import YARDSTICK, ZERO_SHOT, main_labels, widest
from leaderboard.page.formats import in_sight

Board = Mapping[str, Any]
Entry = Mapping[str, Any]

SIGNS = {"better": 1, "worse": -1, "open": 0}
"""Verdicts as the script reads them: turned round, they change their sign."""


def views(board: Board) -> list[dict[str, Any]]:
    """Return a table for each control and number of labels, the largest gain first.

    Returns
    -------
    list of dict
        ``against``, ``n_labels``, ``main`` (whether it is the page's number of labels), ``entries`` (with
        ``by_task``, and in ``lacks`` and ``cannot`` what is missing), ``tasks`` (pairs of name and title) and
        ``span``, the half-width of an axis around zero.
    """
    n_labels = main_labels(board)
    found: dict[tuple[str, int], list[Entry]] = {}
    for entry in board["comparisons"]:
        if entry["representation"] == "all":
            found.setdefault((entry["against"], entry["n_labels"]), []).append(entry)
    order = {YARDSTICK: 0, ZERO_SHOT: 1}
    keys = sorted(found, key=lambda key: (key[1] != n_labels, key[1], order.get(key[0], 2), key[0]))
    return [
        {
            "against": against,
            "n_labels": number,
            "main": number == n_labels,
            "entries": [
                _view(entry)
                for entry in sorted(found[against, number], key=lambda e: (-e["difference"], e["method"]))
            ],
            "tasks": sorted({(t["task"], t["title"]) for e in found[against, number] for t in e["tasks"]}),
            "span": _span(found[against, number]),
        }
        for against, number in keys
    ]


def _view(entry: Entry) -> dict[str, Any]:
    cannot = [cell["reason"] for cell in entry["missing"] if cell["status"] == CANNOT]
    return {
        **entry,
        "by_task": {task["task"]: task for task in entry["tasks"]},
        "lacks": told(entry["missing"], [task["task"] for task in entry["tasks"]]),
        "cannot": sorted(set(cannot)),
    }


def _span(entries: Sequence[Entry]) -> float:
    """Return how far an axis around zero goes: whole points, and as far as who is not far off.

    Intervals over two or three tasks go far beyond all differences; they end at the ends of the axis.
    """
    near = in_sight(entries, lambda entry: abs(entry["difference"]), times=8, at_least=0.05)
    reaches = [
        abs(entry[name])
        for entry in near
        for name in ("difference", "here_low", "here_high")
        if entry[name] is not None
    ]
    wide = [max(abs(entry["low"]), abs(entry["high"])) for entry in near if entry["low"] is not None]
    reach = max([*reaches, *(min(end, 1.5 * max(reaches)) for end in wide)])
    return float(max(math.ceil(100 * reach - 1e-9) / 100, 0.01))


def verdict(line: Entry) -> str:
    """Return ``better``, ``worse`` or ``open`` for one task, by whether the interval holds zero.

    Examples
    --------
    >>> [verdict({"low": low, "high": high}) for low, high in ((0.01, 0.05), (-0.01, 0.05), (None, None))]
    ['better', 'open', 'open']
    """
    if line["low"] is None or line["high"] is None:
        return "open"
    return "better" if line["low"] > 0 else "worse" if line["high"] < 0 else "open"


def data(duels: Sequence[Entry]) -> dict[str, Any]:
    """Return paired differences as the script reads them, names as numbers.

    Parameters
    ----------
    duels : sequence of mapping
        As :func:`leaderboard.duels.duels` makes them, or the board's comparisons.

    Returns
    -------
    dict
        ``methods``, ``tasks``; ``duels``, each a list of both methods, the number of labels, ``[difference,
        low, high, p, verdict]`` on other tasks and the same on these, and a list a task: its name,
        difference, low, high and its features.
    """
    methods = sorted({entry[side] for entry in duels for side in ("method", "against")})
    tasks = sorted({line["task"] for entry in duels for line in entry["tasks"]})
    place = {name: i for i, name in enumerate(methods)}
    at = {name: i for i, name in enumerate(tasks)}
    return {
        "methods": methods,
        "tasks": tasks,
        "duels": [
            [
                place[entry["method"]],
                place[entry["against"]],
                entry["n_labels"],
                [*_rounded(entry, "difference", "low", "high", "p"), SIGNS[entry["verdict_single"]]],
                [
                    *_rounded(entry, "difference", "here_low", "here_high", "here_p"),
                    SIGNS[verdict_of(entry["difference"], entry["here_p"])],
                ],
                [
                    [
                        at[line["task"]],
                        *_rounded(line, "difference", "low", "high"),
                        line["representations"],
                    ]
                    for line in entry["tasks"]
                ],
            ]
            for entry in duels
        ],
    }


def _rounded(entry: Entry, *names: str) -> list[float | None]:
    """Return values to a hundredth of a point: pairs are many, and no more is shown."""
    return [None if entry[name] is None else round(entry[name], 4) for name in names]


def default_pair(board: Board) -> tuple[str, str] | None:
    """Return the two methods that are compared first: the best-ranked one and logistic regression."""
    standing = widest(board, main_labels(board))
    names = [entrant["method"] for entrant in standing["entrants"]] if standing else []
    if len(names) < 2:
        names = sorted({entry[side] for entry in board["comparisons"] for side in ("method", "against")})
    if len(names) < 2:
        return None
    first, *others = names
    return first, YARDSTICK if YARDSTICK in others else others[0]
