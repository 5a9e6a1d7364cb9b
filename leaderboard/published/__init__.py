"""Figures of the 2022 benchmark, for comparison; they are never ranked with ours.

``autows_bench_101.csv`` has accuracy on covered test rows, and coverage where it was published, of N.
Roberts et al. (2022), AutoWS-Bench-101: Benchmarking Automated Weak Supervision with 100 Labels, NeurIPS
Datasets and Benchmarks. Its ``clip`` features are the K zero-shot probabilities.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

Row = dict[str, Any]


def figures() -> list[Row]:
    """Return the published figures.

    Returns
    -------
    list of dict
        ``task``, ``representation``, ``method`` (by our names), ``accuracy_covered`` in [0, 1], and
        ``coverage`` in [0, 1] or None.
    """
    text = (files(__name__) / "autows_bench_101.csv").read_text(encoding="utf-8")
    return [
        {
            **row,
            "accuracy_covered": float(row["accuracy_covered"]),
            "coverage": float(row["coverage"]) if row["coverage"] else None,
        }
        for row in csv.DictReader(text.splitlines())
    ]


def beside(rows: Iterable[Row], n_labels: int = 100) -> list[Row]:
    """Set rows of a leaderboard beside the published figures of the same task, features and method.

    Parameters
    ----------
    rows : iterable of dict
        As :func:`leaderboard.table.rows` makes them.
    n_labels : int, default 100
        The number of labels that the figures are for.

    Returns
    -------
    list of dict
        ``task``, ``representation``, ``method``, ``n_draws``; ours: ``accuracy``, ``accuracy_covered``,
        ``coverage``; ``published_covered``, ``published_coverage``; and ``difference`` of the accuracies
        on covered rows. Rows without a counterpart are left out.
    """
    known = {(row["task"], row["representation"], row["method"]): row for row in figures()}
    table = []
    for row in rows:
        theirs = known.get((row["task"], row["representation"], row["method"]))
        if theirs is None or row["n_labels"] != n_labels or row["accuracy_covered"] is None:
            continue
        ours = {
            name: row[name]
            for name in (
                "task",
                "representation",
                "method",
                "n_draws",
                "accuracy",
                "accuracy_covered",
                "coverage",
            )
        }
        table.append(
            {
                **ours,
                "published_covered": theirs["accuracy_covered"],
                "published_coverage": theirs["coverage"],
                "difference": round(row["accuracy_covered"] - theirs["accuracy_covered"], 6),
            }
        )
    return sorted(table, key=lambda row: (row["task"], row["representation"], row["method"]))


def to_markdown(table: list[Row]) -> str:
    """Return the comparison as a Markdown table, in per cent."""
    from tabulate import tabulate

    def per_cent(value: float | None, signed: bool = False) -> str:
        return "" if value is None else f"{100 * value:+.1f}" if signed else f"{100 * value:.1f}"

    lines = [
        {
            "task": row["task"],
            "features": row["representation"],
            "method": row["method"],
            "all rows": per_cent(row["accuracy"]),
            "covered": per_cent(row["accuracy_covered"]),
            "coverage": per_cent(row["coverage"]),
            "published covered": per_cent(row["published_covered"]),
            "published coverage": per_cent(row["published_coverage"]),
            "difference": per_cent(row["difference"], signed=True),
        }
        for row in table
    ]
    columns = ("left",) * 3 + ("right",) * 6
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True, colalign=columns)
