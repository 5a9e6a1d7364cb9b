"""Learning curves: accuracy by number of labels, where it crosses zero-shot, and "worth n labels"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leaderboard.table import Row

REFERENCE = "logistic_regression"
"""Whose learning curve says how many labels an accuracy is worth."""
ZERO_SHOT = "zero_shot_clip"

Points = list[Row]


def curves(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the learning curve of every method that has several numbers of labels.

    Parameters
    ----------
    rows : sequence of dict
        As :func:`leaderboard.table.rows` makes them.

    Returns
    -------
    list of dict
        As ``curves`` of ``leaderboard.json``.
    """
    return [
        {
            "task": task,
            "representation": representation,
            "method": method,
            "family": points[0]["family"],
            "points": [
                {
                    "n_labels": row["n_labels"],
                    "accuracy": row["accuracy"],
                    "low": row["accuracy_low"],
                    "high": row["accuracy_high"],
                    "n_draws": row["n_draws"],
                }
                for row in points
            ],
        }
        for (task, representation, method), points in _by_method(rows).items()
        if len(points) > 1
    ]


def crossovers(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return from how many labels on each curve is at or above the zero-shot answer of its task.

    Where zero-shot itself was run with several numbers of labels, its answer with the most counts; without
    an abstention it is the same with all.
    """
    from leaderboard.statistics import crossover

    by_method = _by_method(rows)
    made = []
    for (task, representation, method), points in by_method.items():
        said = by_method.get((task, representation, ZERO_SHOT))
        if method == ZERO_SHOT or not said or len(points) < 2:
            continue
        target = said[-1]["accuracy"]
        n = crossover([row["n_labels"] for row in points], [row["accuracy"] for row in points], target)
        about = f"{method} on {task} / {representation}"
        made.append(
            {
                "task": task,
                "representation": representation,
                "method": method,
                "against": ZERO_SHOT,
                "n_labels": None if n is None else round(n, 1),
                "sentence": f"{about} stays below zero-shot up to {points[-1]['n_labels']} labels"
                if n is None
                else f"{about} is at or above zero-shot from about {n:.0f} labels on",
            }
        )
    return made


def mark_worth(rows: Sequence[Row]) -> None:
    """Set ``worth_labels`` and ``worth_note`` of rows in place: how many labels would do as well.

    That many labels :data:`REFERENCE` needs for the same accuracy on the same task and features; ``None`` and
    a note such as ``>1000`` where the accuracy is beyond its curve, and both None without a curve.
    """
    from leaderboard.statistics import label_equivalent

    by_method = _by_method(rows)
    for row in rows:
        row["worth_labels"], row["worth_note"] = None, None
        points = by_method.get((row["task"], row["representation"], REFERENCE), [])
        if row["accuracy"] is None or len(points) < 2:
            continue
        found = label_equivalent(
            [point["n_labels"] for point in points], [point["accuracy"] for point in points], row["accuracy"]
        )
        row["worth_labels"] = None if found.n_labels is None else round(found.n_labels, 1)
        row["worth_note"] = found.bound


def _by_method(rows: Sequence[Row]) -> dict[tuple[str, str, str], Points]:
    """Return rows that have an accuracy by task, representation and method, fewest labels first."""
    found: dict[tuple[str, str, str], Points] = {}
    for row in rows:
        if row["accuracy"] is not None:
            found.setdefault((row["task"], row["representation"], row["method"]), []).append(row)
    return {name: sorted(points, key=lambda row: row["n_labels"]) for name, points in sorted(found.items())}
