"""Leaderboards as text for a terminal and as Markdown: one document in two styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.board import Board
from leaderboard.pools import POOL_TITLES, POOLS
from leaderboard.render import cells
from leaderboard.table import main_labels, name_of
from leaderboard.text_table import TextTables

Heading = Callable[[str, int], str]
Table = list[dict[str, str]]

LEGEND = (
    "Accuracy is on all test rows in per cent, an abstention counting as the most frequent seed class: "
    "mean ± half-width of the 95 % interval over draws. The best of a task and its features is {best}; {tie} "
    "is not told from the best (paired t over draws, Holm). Covered is the accuracy on the rows the method "
    "does not abstain on, end model that of a classifier trained on its labels. In brackets: the "
    "foundation model that answered zero-shot. Worth: so many labels logistic regression needs for the same "
    "accuracy. Mean rank is over tasks, 1 is best; tied are entrants whose paired difference "
    "over tasks and draws is not told from zero."
)


LEAST: tuple[str | tuple[str, ...], ...] = (
    *("seconds", "pool", "worth", "draws", "labels", "tasks", "end model", "strength"),
    *("win/tie/loss", "wins", "mean end model", ("coverage", "covered"), "95 % interval", "tied"),
)
"""Columns that a narrow terminal goes without, first the least important. Coverage and accuracy on the rows
that are covered are never shown without each other."""
LEFT = ("method", "task", "features", "told apart")
SHORTEN = {"method": 24, "task": 14}
"""Characters to which names may be shortened before columns are left out."""


@dataclass(frozen=True)
class Style:
    """What differs between a terminal and Markdown."""

    table: Callable[[Table, Sequence[str]], str]
    heading: Heading
    fill: Callable[[str], str]
    item: Callable[[str], str]
    best: Callable[[str], str]
    tie: str
    best_name: str


def _markdown_table(lines: Table, least: Sequence[str]) -> str:
    from tabulate import tabulate

    alignment = tuple("left" if name in LEFT else "right" for name in lines[0])
    return tabulate(
        _escaped(lines), headers="keys", tablefmt="github", disable_numparse=True, colalign=alignment
    )


MARKDOWN = Style(
    table=_markdown_table,
    heading=lambda title, level: f"{'#' * (level + 1)} {title}",
    fill=str,
    item=lambda note: f"- {_without_markup(note)}",
    best="**{}**".format,
    tie="†",
    best_name="bold",
)


def _terminal(tables: TextTables) -> Style:
    def heading(title: str, level: int) -> str:
        text = tables.fill(title) if tables.width else title
        return f"{text}\n{'=-'[level] * max(map(len, text.splitlines()))}"

    def item(note: str) -> str:
        # Where there is no terminal a note stays one line, to be searched for.
        return tables.fill(f"- {note}", most=tables.width, indent="  ") if tables.width else f"- {note}"

    return Style(
        table=lambda lines, least: tables.table(lines, LEFT, (*least, *LEAST), SHORTEN),
        heading=heading,
        fill=tables.fill,
        item=item,
        best="{}*".format,
        tie="=",
        best_name="*",
    )


def to_text(board: Board, width: int | None = None) -> str:
    """Return the leaderboard for a terminal.

    Parameters
    ----------
    board : Board
    width : int, optional
        Characters that a line may have; what there is no room for is left out and named at the end.
    """
    tables = TextTables(width)
    text = _document(board, _terminal(tables))
    note = tables.note("--out")
    return f"{text}\n{tables.fill(note)}\n" if note else text


def to_markdown(board: Board) -> str:
    """Return the leaderboard as Markdown."""
    return _document(board, MARKDOWN)


def _document(board: Board, style: Style) -> str:
    if not board.rows:
        return "No runs yet. Start with: run_bench.py run --suite quick\n" + "".join(
            f"{note}\n" for note in board.notes
        )
    parts = [style.heading("Leaderboard", 0)]
    for task, n_labels in shown_tables(board):
        rows = [row for row in board.rows if (row["task"], row["n_labels"]) == (task, n_labels)]
        rows.sort(key=lambda r: (-(r["accuracy"] or -1), r["method"]))
        parts += [
            style.heading(f"{task}: {rows[0]['title']} ({n_labels} labels)", 1),
            table([row_cells(row, style) for row in rows], style),
        ]
    parts += _standings(board, style)
    parts += _answers(board, style)
    parts += _curves(board, style) + _stages(board, style)
    legend = LEGEND.format(best=style.best_name, tie=style.tie)
    parts.append(style.fill(legend))
    if board.notes:
        notes = "\n".join(map(style.item, board.notes))
        parts.append(f"Notes\n\n{notes}" if style is MARKDOWN else f"Notes\n{notes}")
    return "\n\n".join(parts) + "\n"


def shown_tables(board: Board) -> list[tuple[str, int]]:
    """Return the tasks and numbers of labels that have a table; those that are all on curves have none."""
    main = main_labels(board.rows)
    on_curves = {
        (one["task"], one["representation"], one["method"], point["n_labels"])
        for one in board.curves
        for point in one["points"]
    }
    return sorted(
        {
            (row["task"], row["n_labels"])
            for row in board.rows
            if row["n_labels"] == main or name_of(row) not in on_curves
        }
    )


def _curves(board: Board, style: Style) -> list[str]:
    """Return accuracy by number of labels, a table a task and features, and where it crosses zero-shot."""
    parts: list[str] = []
    for task, features in dict.fromkeys((one["task"], one["representation"]) for one in board.curves):
        mine = [one for one in board.curves if (one["task"], one["representation"]) == (task, features)]
        numbers = sorted({point["n_labels"] for one in mine for point in one["points"]})
        lines = []
        for one in mine:
            accuracy = {point["n_labels"]: point["accuracy"] for point in one["points"]}
            lines.append(
                {"method": one["method"], **{str(n): cells.percent(accuracy.get(n)) for n in numbers}}
            )
        parts += [
            style.heading(f"{task} / {features}: accuracy by number of labels", 1),
            # The ends of a curve, and what the other tables are about, are the last to go.
            table(lines, style, least=[str(n) for n in numbers[1:-1] if n != main_labels(board.rows)]),
        ]
    if board.crossovers:
        parts.append("\n".join(style.item(one["sentence"]) for one in board.crossovers))
    return parts


def _stages(board: Board, style: Style) -> list[str]:
    """Return where accuracy is lost between features and answer, a line a method that has a waterfall."""
    if not board.stages:
        return []
    lines = [
        {
            "method": one["method"],
            "task": one["task"],
            "features": one["representation"],
            **{stage["name"]: cells.percent(stage["accuracy"]) for stage in one["stages"]},
        }
        for one in board.stages
    ]
    return [style.heading("Where accuracy is lost", 1), table(lines, style)]


def main_standings(board: Board) -> list[dict[str, Any]]:
    """Return the standings over all features, those in which the same entrants meet on the same once."""
    found: list[dict[str, Any]] = []
    for one in sorted(board.standings, key=lambda one: (one["n_labels"], POOLS.index(one["pool"]))):
        seen = [(other["n_labels"], other["cells"], other["entrants"]) for other in found]
        if one["representation"] == "all" and (one["n_labels"], one["cells"], one["entrants"]) not in seen:
            found.append(one)
    return found


def _standings(board: Board, style: Style) -> list[str]:
    parts: list[str] = []
    for one in main_standings(board):
        parts += [
            style.heading(f"Overall, {POOL_TITLES[one['pool']]} ({one['n_labels']} labels)", 1),
            style.fill(_where(one)),
            table([standing_cells(entrant) for entrant in one["entrants"]], style),
        ]
    if parts or not board.overall:
        return parts
    lines = [_overall_cells(row) for row in board.overall]
    return [style.heading("Overall", 1), table(lines, style)]


def _where(standing: Mapping[str, Any]) -> str:
    tasks, n_cells = standing["tasks"], len(standing["cells"])
    smallest = standing["smallest_difference"]
    count = f"{len(tasks)} {'task' if len(tasks) == 1 else 'tasks'}"
    text = f"{count} ({', '.join(tasks)}), {n_cells} with their features."
    if smallest is not None:
        text += f" This design detects differences from about {100 * smallest:.1f} points on."
    left_out = ", ".join(
        f"{one['method']} ({one['n_cells']} of {one['n_cells_expected']})" for one in standing["left_out"]
    )
    return f"{text} Not on all of these: {left_out}." if left_out else text


def _answers(board: Board, style: Style) -> list[str]:
    """Return what the comparisons with the controls say, a table a control.

    Numbers of labels that are on curves only have none, as above.
    """
    parts = []
    numbers = {n_labels for _, n_labels in shown_tables(board)}
    shown = [one for one in board.comparisons if one["n_labels"] in numbers]
    for against in dict.fromkeys(one["against"] for one in shown):
        for n_labels in sorted(numbers):
            chosen = [c for c in shown if (c["against"], c["n_labels"]) == (against, n_labels)]
            chosen.sort(key=lambda one: (-one["difference"], one["method"]))
            if chosen:
                parts += [
                    style.heading(f"Against {against} ({n_labels} labels)", 1),
                    table([comparison_cells(one) for one in chosen], style),
                ]
    return parts


def row_cells(row: Mapping[str, Any], style: Style) -> dict[str, str]:
    """Return a row of the leaderboard as cells by column."""
    accuracy = cells.accuracy(row)
    if row["best"]:
        accuracy = style.best(accuracy)
    elif cells.tied_with_best(row):
        accuracy += f" {style.tie}"
    return {
        "method": cells.method(row),
        "features": row["representation"],
        "accuracy": accuracy,
        "coverage": cells.percent(row["coverage"]),
        "covered": cells.percent(row["accuracy_covered"]),
        "pool": cells.percent(row["pool_accuracy"]),
        "end model": cells.percent(row["end_model_accuracy"]),
        "worth": cells.worth(row),
        "draws": cells.draws(row),
        "seconds": cells.number(row["seconds"]),
    }


def standing_cells(entrant: Mapping[str, Any]) -> dict[str, str]:
    """Return an entrant of a standing as cells by column."""
    interval = ""
    if entrant["accuracy_low"] is not None:
        interval = f"{cells.percent(entrant['accuracy_low'])} to {cells.percent(entrant['accuracy_high'])}"
    return {
        "method": entrant["method"],
        "mean rank": cells.number(entrant["mean_rank"]),
        "tied": "" if entrant["tie_group"] is None else f"{entrant['tie_group']}",
        "mean accuracy": cells.percent(entrant["mean_accuracy"]),
        "95 % interval": interval,
        "end model": cells.percent(entrant["mean_end_model_accuracy"]),
        "wins": cells.percent(entrant["win_share"]),
        "strength": cells.number(entrant["strength"]),
        "seconds": cells.number(entrant["seconds"]),
    }


def _overall_cells(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "method": row["method"],
        "labels": str(row["n_labels"]),
        "mean rank": "-" if row["mean_rank"] is None else f"{row['mean_rank']:.2f}",
        "mean accuracy": cells.percent(row["mean_accuracy"]),
        "mean end model": cells.percent(row["mean_end_model_accuracy"]),
        "cells": f"{row['n_cells']} of {row['n_cells_expected']}",
    }


def comparison_cells(one: Mapping[str, Any]) -> dict[str, str]:
    """Return the outcome of a comparison as cells by column."""
    sure = one["low"] is not None and (one["low"] > 0 or one["high"] < 0)
    return {
        "method": one["method"],
        "difference": f"{100 * one['difference']:+.1f}",
        "95 % interval": "" if one["low"] is None else f"{100 * one['low']:+.1f} to {100 * one['high']:+.1f}",
        "told apart": "" if one["low"] is None else ("yes" if sure else "no"),
        "win/tie/loss": f"{one['wins']}/{one['ties']}/{one['losses']}",
        "tasks": str(one["n_tasks"]),
    }


def table(lines: Table, style: Style, least: Sequence[str] = ()) -> str:
    """Return lines of cells as a table; columns without a value are left out.

    Parameters
    ----------
    lines : list of dict
    style : Style
    least : sequence of str
        Columns of this table that a narrow terminal goes without before :data:`LEAST`.
    """
    filled = [name for name in lines[0] if name == "method" or any(line[name] for line in lines)]
    return style.table([{name: line[name] for name in filled} for line in lines], least)


def _without_markup(text: str) -> str:
    """Return a line in which nothing is HTML or a link in Markdown: reasons are a method's own words."""
    return text.replace("<", "&lt;").replace("[", "\\[")


def _escaped(lines: Sequence[Mapping[str, str]]) -> Table:
    """Return cells that cannot end a Markdown table's cell or begin HTML: names come from submissions too."""
    return [
        {name: text.replace("|", "\\|").replace("<", "&lt;") for name, text in line.items()} for line in lines
    ]
