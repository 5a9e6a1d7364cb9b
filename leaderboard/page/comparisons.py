"""Paired differences: against the controls as tables, between any two methods as data for the script."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from leaderboard.page.answer import YARDSTICK, ZERO_SHOT, main_labels
from leaderboard.page.formats import in_sight

Board = Mapping[str, Any]
Entry = Mapping[str, Any]


def views(board: Board) -> list[dict[str, Any]]:
    """Return a table for each control and number of labels, the largest gain first.

    Returns
    -------
    list of dict
        ``against``, ``n_labels``, ``main`` (whether it is the page's number of labels), ``entries``,
        ``tasks`` (pairs of name and title) and ``span``, the half-width of an axis around zero.
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
                {**entry, "by_task": {task["task"]: task for task in entry["tasks"]}}
                for entry in sorted(found[against, number], key=lambda e: (-e["difference"], e["method"]))
            ],
            "tasks": sorted({(t["task"], t["title"]) for e in found[against, number] for t in e["tasks"]}),
            "span": _span(found[against, number]),
        }
        for against, number in keys
    ]


def _span(entries: list[Entry]) -> float:
    """Return how far an axis around zero goes: whole points, and as far as who is not far off."""
    near = in_sight(entries, lambda entry: abs(entry["difference"]), times=8, at_least=0.05)
    reaches = [
        abs(entry[name])
        for entry in near
        for name in ("difference", "low", "high")
        if entry[name] is not None
    ]
    return float(max(math.ceil(100 * max(reaches) - 1e-9) / 100, 0.01))


def verdict(entry: Entry) -> str:
    """Return ``better``, ``worse`` or ``open``, by whether the interval holds zero.

    Examples
    --------
    >>> [verdict({"low": low, "high": high}) for low, high in ((0.01, 0.05), (-0.01, 0.05), (None, None))]
    ['better', 'open', 'open']
    """
    if entry["low"] is None or entry["high"] is None:
        return "open"
    return "better" if entry["low"] > 0 else "worse" if entry["high"] < 0 else "open"


def data(board: Board) -> dict[str, Any]:
    """Return the paired differences as the script reads them, names as numbers.

    Returns
    -------
    dict
        ``methods``; ``standings``, each ``pool``, ``features``, ``labels``, ``tasks``, ``cells`` (how
        many) and ``pairs`` of (a, b, difference, low, high, p after Holm); ``comparisons``, each ``a``,
        ``b``, ``labels``, ``features``, ``all`` (difference, low, high, p), ``sentence`` and ``tasks``
        of (task, difference, low, high).
    """
    names = sorted(
        {pair[side] for standing in board["standings"] for pair in standing["pairs"] for side in "ab"}
        | {entry[side] for entry in board["comparisons"] for side in ("method", "against")}
    )
    index = {name: i for i, name in enumerate(names)}
    return {
        "methods": names,
        "standings": [
            {
                "pool": standing["pool"],
                "features": standing["representation"],
                "labels": standing["n_labels"],
                "tasks": len(standing["tasks"]),
                "cells": len(standing["cells"]),
                "pairs": [
                    [
                        index[pair["a"]],
                        index[pair["b"]],
                        *_rounded(pair, "difference", "low", "high", "p_holm"),
                    ]
                    for pair in standing["pairs"]
                ],
            }
            for standing in board["standings"]
            if standing["pairs"]
        ],
        "comparisons": [
            {
                "a": index[entry["method"]],
                "b": index[entry["against"]],
                "labels": entry["n_labels"],
                "features": entry["representation"],
                "all": _rounded(entry, "difference", "low", "high", "p"),
                "sentence": entry["sentence"],
                "tasks": [
                    [task["task"], *_rounded(task, "difference", "low", "high")] for task in entry["tasks"]
                ],
            }
            for entry in board["comparisons"]
        ],
    }


def _rounded(entry: Entry, *names: str) -> list[float | None]:
    """Return values to a hundredth of a point: pairs are many, and no more is shown."""
    return [None if entry[name] is None else round(entry[name], 4) for name in names]


def default_pair(board: Board) -> tuple[str, str] | None:
    """Return the two methods that are compared first: the best-ranked one and logistic regression."""
    for standing in board["standings"]:
        if standing["representation"] == "all" and standing["pool"] == "class_names" and standing["pairs"]:
            names = [entrant["method"] for entrant in standing["entrants"]]
            first = names[0]
            others = [name for name in (YARDSTICK, *names[1:]) if name != first and name in names]
            return first, others[0]
    names = data(board)["methods"]
    return (names[0], names[1]) if len(names) > 1 else None
