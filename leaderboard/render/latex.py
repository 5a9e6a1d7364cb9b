"""Leaderboards as LaTeX tables (booktabs) to be input into a paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.board import Board
from leaderboard.pools import POOL_TITLES
from leaderboard.render import cells
from leaderboard.render.document import main_standings, shown_tables

HEAD = r"""% Made from leaderboard.json; needs \usepackage{booktabs}.
% Bold: best of its task and features. Dagger: not told from the best (paired t over draws, Holm).
"""

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
}


def escape(text: str) -> str:
    r"""Return text in which nothing is a command.

    Examples
    --------
    >>> print(escape("zero_shot & 100 %"))
    zero\_shot \& 100 \%
    """
    return "".join(_SPECIAL.get(character, character) for character in text)


def to_latex(board: Board) -> str:
    """Return a table a task, one column a representation, and one a pool of entrants, one row a method."""
    parts = [HEAD.rstrip()]
    for task, n_labels in shown_tables(board):
        rows = [row for row in board.rows if (row["task"], row["n_labels"]) == (task, n_labels)]
        parts.append(_task_table(task, n_labels, rows))
    for one in main_standings(board):
        parts.append(_standing_table(one))
    return "\n\n".join(parts) + "\n"


def _task_table(task: str, n_labels: int, rows: Sequence[Mapping[str, Any]]) -> str:
    features = sorted({row["representation"] for row in rows})
    by_method: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_method.setdefault(cells.method(row), {})[row["representation"]] = row
    # Best first, by the best a method reaches under any features.
    order = sorted(by_method, key=lambda m: (-max((r["accuracy"] or -1) for r in by_method[m].values()), m))
    body = [
        [escape(method), *(_accuracy(by_method[method].get(name)) for name in features)] for method in order
    ]
    caption = (
        f"Test accuracy in per cent on {task} with {n_labels} labels, "
        "mean and half-width of the 95 % interval"
    )
    return _float(caption, f"{task}-{n_labels}", ["Method", *map(escape, features)], body)


def _accuracy(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "--"
    text = escape(cells.accuracy(row))
    if row["best"]:
        return rf"\textbf{{{text}}}"
    return rf"{text}$^{{\dagger}}$" if cells.tied_with_best(row) else text


def _standing_table(one: Mapping[str, Any]) -> str:
    body = []
    for entrant in one["entrants"]:
        accuracy = escape(cells.percent(entrant["mean_accuracy"]))
        if entrant is one["entrants"][0]:
            accuracy = rf"\textbf{{{accuracy}}}"
        elif entrant["tie_group"] == 1:
            accuracy += r"$^{\dagger}$"
        body.append(
            [
                escape(entrant["method"]),
                cells.number(entrant["mean_rank"]),
                accuracy,
                cells.percent(entrant["win_share"]),
                cells.number(entrant["strength"]),
            ]
        )
    number = len(one["tasks"])
    caption = (
        f"{POOL_TITLES[one['pool']]}: {number} {'task' if number == 1 else 'tasks'}, {one['n_labels']} labels"
    )
    head = ["Method", "Mean rank", "Mean accuracy", "Wins", "Strength"]
    return _float(caption, f"overall-{one['pool']}-{one['n_labels']}", head, body)


def _float(caption: str, label: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\label{{tab:{re.sub(r'[^A-Za-z0-9-]+', '-', label)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
        *(" & ".join(line) + r" \\" for line in body),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)
