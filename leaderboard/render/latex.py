"""Leaderboards as LaTeX tables (booktabs) to be input into a paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.board import Board
from leaderboard.pools import POOL_TITLES
from leaderboard.render import cells
from leaderboard.render.document import (
    TIE,
    comparison_cells,
    main_comparisons,
    main_standings,
    shown_tables,
    speakers,
)

HEAD = r"""% Made from leaderboard.json; needs \usepackage{booktabs}.
"""

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "≈": r"$\approx$",
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
    """Return the tables that a paper needs, one row a method.

    A table a task with one column a representation, one a pool of entrants, and one a control.
    """
    parts = [HEAD.rstrip()]
    for task, n_labels in shown_tables(board):
        rows = [row for row in board.rows if (row["task"], row["n_labels"]) == (task, n_labels)]
        parts.append(_task_table(task, n_labels, rows))
    parts += [_standing_table(board, one) for one in main_standings(board)]
    parts += [_control_table(board, *one) for one in main_comparisons(board)]
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
        f"Test accuracy in per cent on {task} with {n_labels} labels: mean and half-width of the 95 % "
        "interval over draws, or its ends where it ends at 0 or 100. Bold: best with its features; "
        f"{TIE}: not told from the best (paired t over draws, Holm over all pairs)."
    )
    return _float(caption, f"{task}-{n_labels}", ["Method", *map(escape, features)], body)


def _accuracy(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "--"
    text = escape(cells.accuracy(row))
    if row["best"]:
        return rf"\textbf{{{text}}}"
    return rf"{text} {escape(TIE)}" if cells.tied_with_best(row) else text


def _standing_table(board: Board, one: Mapping[str, Any]) -> str:
    body = [
        [
            escape(entrant["method"]),
            cells.number(entrant["mean_rank"]),
            "" if entrant["tie_group"] is None else str(entrant["tie_group"]),
            cells.percent(entrant["mean_accuracy"]),
            cells.ends(entrant["accuracy_here_low"], entrant["accuracy_here_high"], sign=False),
            cells.percent(entrant["win_share"]),
            cells.number(entrant["strength"]),
        ]
        for entrant in one["entrants"]
    ]
    n = len(one["tasks"])
    caption = (
        f"{POOL_TITLES[one['pool']]}: {n} {'task' if n == 1 else 'tasks'}, {one['n_labels']} labels. Mean "
        "accuracy in per cent with its 95 % interval over draws, on these tasks; "
        "methods of one group are not told from its first one (Holm over all pairs)."
        f"{_spoken(board, [entrant['method'] for entrant in one['entrants']])}"
    )
    head = ["Method", "Mean rank", "Group", "Mean accuracy", "On these tasks", "Wins", "Strength"]
    return _float(caption, f"overall-{one['pool']}-{one['n_labels']}", head, body)


def _control_table(board: Board, against: str, n_labels: int, chosen: Sequence[Mapping[str, Any]]) -> str:
    lines = [comparison_cells(one) for one in chosen]
    head = [name for name in lines[0] if any(line[name] for line in lines)]
    body = [[_minus(escape(line[name])) for name in head] for line in lines]
    caption = (
        f"Test accuracy less that of {against} in points, paired by draw, {n_labels} labels. Interval over "
        "tasks (Student's t), and on these tasks over draws alone; verdict with p adjusted by Holm over all "
        f"complete methods, here: on these tasks alone.{_spoken(board, [against])}"
    )
    titles = [escape(name.capitalize()) for name in head]
    return _float(caption, f"against-{against}-{n_labels}", titles, body)


def _minus(text: str) -> str:
    """Return cells with minus signs before numbers."""
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", text)


def _spoken(board: Board, methods: Sequence[str]) -> str:
    speaking = speakers(board, methods)
    return f" Zero-shot answers are of {speaking}." if speaking else ""


def _float(caption: str, label: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
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
