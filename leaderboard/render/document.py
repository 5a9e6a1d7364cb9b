"""Leaderboards as text for a terminal and as Markdown: one document in two styles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.board import Board
from leaderboard.comparison_text import points
from leaderboard.completeness import told
from leaderboard.field import cell_of, repetitions
from leaderboard.pools import POOL_TITLES, POOLS
from leaderboard.render import cells, markdown
from leaderboard.render.legend import legend
from leaderboard.table import main_labels, name_of
from leaderboard.text_table import TextTables

Heading = Callable[[str, int], str]
Table = list[dict[str, str]]

LEAST: tuple[str | tuple[str, ...], ...] = (
    *("seconds", "pool", "worth", "draws", "win/tie/loss", "end model", "strength", "wins"),
    *("tasks", ("coverage", "covered"), "95 % interval", "tied", "on these tasks"),
)
"""Columns that a narrow terminal goes without, first the least important. Coverage and accuracy on the rows
that are covered are never shown without each other."""
LEFT = ("method", "task", "features", "verdict")
SHORTEN = {"method": 24, "task": 14}
"""Characters to which names may be shortened before columns are left out."""


@dataclass(frozen=True)
class Style:
    """What differs between a terminal and Markdown."""

    table: Callable[[Table, Sequence[str]], str]
    heading: Heading
    fill: Callable[[str], str]
    item: Callable[[str], str]
    text: Callable[[str], str]
    best: Callable[[str], str]
    best_name: str


TIE = "≈"
"""Marks what is not told from the best, in all styles."""


MARKDOWN = Style(
    table=lambda lines, least: markdown.grid(lines, LEFT),
    heading=lambda title, level: f"{'#' * (level + 1)} {title}",
    fill=str,
    item="- {}".format,
    text=markdown.escaped,
    best="**{}**".format,
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
        text=str,
        best="{}*".format,
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
            style.heading(style.text(f"{task}: {rows[0]['title']} ({n_labels} labels)"), 1),
            table([row_cells(row, style) for row in rows], style),
        ]
    parts += _standings(board, style)
    parts += _answers(board, style)
    parts += _curves(board, style) + _stages(board, style)
    parts += map(style.fill, legend(board, style.best_name, TIE))
    if board.notes:
        notes = "\n".join(style.item(style.text(note)) for note in board.notes)
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
        parts += [
            style.heading(style.text(f"{task} / {features}: accuracy by number of labels"), 1),
            # The ends of a curve, and what the other tables are about, are the last to go.
            table(
                [_curve_cells(one, numbers, style) for one in mine],
                style,
                least=[str(n) for n in numbers[1:-1] if n != main_labels(board.rows)],
            ),
        ]
    if board.crossovers:
        parts.append("\n".join(style.item(style.text(one["sentence"])) for one in board.crossovers))
    return parts


def _curve_cells(one: Mapping[str, Any], numbers: Sequence[int], style: Style) -> dict[str, str]:
    """Return a learning curve as cells; a point of fewer draws than others of the curve says of how many."""
    points = {point["n_labels"]: point for point in one["points"]}
    most = max(point["n_draws"] for point in points.values())
    shown = {
        n: cells.percent(point["accuracy"]) + cells.fewer_draws(point["n_draws"], most)
        for n, point in points.items()
    }
    return {"method": style.text(one["method"]), **{str(n): shown.get(n, "") for n in numbers}}


def _stages(board: Board, style: Style) -> list[str]:
    """Return where accuracy is lost between features and answer, a line a method that has a waterfall."""
    if not board.stages:
        return []
    lines = [
        {
            "method": style.text(one["method"]),
            "task": style.text(one["task"]),
            "features": style.text(one["representation"]),
            **{stage["name"]: cells.percent(stage["accuracy"]) for stage in one["stages"]},
        }
        for one in board.stages
    ]
    return [style.heading("From what the features allow to what was reached", 1), table(lines, style)]


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
            style.fill(style.text(_where(board, one))),
            table(standing_lines(one, style.text), style),
        ]
    if not parts and board.overall:
        parts = [
            style.heading("Overall", 1),
            style.fill(
                "Nobody is ranked: that takes results of all controls on the same draws, see the notes."
            ),
        ]
    return parts


def _where(board: Board, standing: Mapping[str, Any]) -> str:
    """Say what a standing is over, who is not in it, and what it can tell apart."""
    tasks, n_cells = standing["tasks"], len(standing["cells"])
    count = f"{len(tasks)} {'task' if len(tasks) == 1 else 'tasks'}"
    said = [f"{count} ({', '.join(tasks)}), {n_cells} with their features."]
    single, pairs = standing["smallest_difference"], standing["smallest_difference_of_pairs"]
    groups = {entrant["tie_group"] for entrant in standing["entrants"]}
    if groups == {1}:
        said.append(f"No pair of entrants is told apart over {count}: ranks are no order.")
    elif groups == {None}:
        said.append("What is told apart is not known.")
    if single is not None:
        among = "" if pairs is None else f", any of all pairs from about {100 * pairs:.1f}"
        said.append(f"A pair chosen beforehand is told apart from about {100 * single:.1f} points on{among}.")
    left_out = ", ".join(
        f"{one['method']} ({one['n_cells']} of {one['n_cells_expected']})" for one in standing["left_out"]
    )
    said += [f"Not on all of these: {left_out}."] if left_out else []
    uncounted = ", ".join(
        f"{one['task']} / {one['representation']} ({one['reason']})" for one in standing["uncounted"]
    )
    said += [f"Not counted: {uncounted}."] if uncounted else []
    speaking = speakers(board, [entrant["method"] for entrant in standing["entrants"]])
    return " ".join([*said, *([f"Zero-shot answers are of {speaking}."] if speaking else [])])


def speakers(board: Board, methods: Collection[str]) -> str:
    """Return the foundation models whose zero-shot answers some methods use, empty without any."""
    found = {row["zero_shot"] for row in board.rows if row["zero_shot"] and row["method"] in methods}
    return ", ".join(sorted(found))


def _answers(board: Board, style: Style) -> list[str]:
    """Return what the comparisons with the controls say, a table a control.

    Numbers of labels that are on curves only have none, as above.
    """
    parts = []
    for against, n_labels, chosen in main_comparisons(board):
        parts += [
            style.heading(f"Against {against} ({n_labels} labels)", 1),
            style.fill(style.text(_control(board, against, n_labels))),
            table([comparison_cells(one, style.text) for one in chosen], style),
        ]
        lacks = [
            (one["method"], told(one["missing"], [line["task"] for line in one["tasks"]])) for one in chosen
        ]
        lines = [style.item(style.text(f"{method}: {what}")) for method, what in lacks if what]
        parts += ["\n".join(lines)] if lines else []
    return parts


def main_comparisons(board: Board) -> list[tuple[str, int, list[dict[str, Any]]]]:
    """Return control, number of labels and comparisons of each table, the largest difference first.

    Methods that lack a result that they could have come last.
    """
    numbers = sorted({n_labels for _, n_labels in shown_tables(board)})
    shown = [one for one in board.comparisons if one["n_labels"] in numbers]
    found = []
    for against in dict.fromkeys(one["against"] for one in shown):
        for n_labels in numbers:
            chosen = [c for c in shown if (c["against"], c["n_labels"]) == (against, n_labels)]
            chosen.sort(key=lambda one: (not one["complete"], -one["difference"], one["method"]))
            if chosen:
                found.append((against, n_labels, chosen))
    return found


def _control(board: Board, against: str, n_labels: int) -> str:
    """Say how accurate a control itself is on each task, and who speaks if it is zero-shot."""
    rows = {
        cell_of(row): row
        for row in board.rows
        if (row["method"], row["n_labels"]) == (against, n_labels) and row["accuracy"] is not None
    }
    again = repetitions(rows, {cell: row["same_as"] for cell, row in rows.items()})
    by_task: dict[str, list[float]] = {}
    for cell, row in rows.items():
        if cell not in again:
            by_task.setdefault(cell[0], []).append(row["accuracy"])
    told_by_task = ", ".join(f"{task} {cells.percent(sum(a) / len(a))}" for task, a in by_task.items())
    speaking = speakers(board, [against])
    return f"{against}{f' (the answers of {speaking})' if speaking else ''} itself: {told_by_task}."


def row_cells(row: Mapping[str, Any], style: Style) -> dict[str, str]:
    """Return a row of the leaderboard as cells by column."""
    accuracy = cells.accuracy(row)
    if row["best"]:
        accuracy = style.best(accuracy)
    elif cells.tied_with_best(row):
        accuracy += f" {TIE}"
    return {
        "method": style.text(cells.method(row)),
        "features": style.text(row["representation"]),
        "accuracy": accuracy,
        "coverage": cells.percent(row["coverage"]),
        "covered": cells.percent(row["accuracy_covered"]),
        "pool": cells.percent(row["pool_accuracy"]),
        "end model": cells.percent(row["end_model_accuracy"]),
        "worth": cells.worth(row),
        "draws": cells.draws(row),
        "seconds": cells.number(row["seconds"]),
    }


def standing_lines(standing: Mapping[str, Any], text: Callable[[str], str] = str) -> Table:
    """Return the entrants of a standing as cells by column; ``text`` is what becomes of names.

    Groups of what is tied are not shown where there is one only.
    """
    entrants = standing["entrants"]
    several = len({entrant["tie_group"] for entrant in entrants}) > 1
    return [
        {
            "method": text(entrant["method"]),
            "mean rank": cells.number(entrant["mean_rank"]),
            "tied": f"{entrant['tie_group']}" if several else "",
            "mean accuracy": cells.percent(entrant["mean_accuracy"]),
            "on these tasks": cells.ends(
                entrant["accuracy_here_low"], entrant["accuracy_here_high"], sign=False
            ),
            "end model": cells.percent(entrant["mean_end_model_accuracy"]),
            "wins": cells.percent(entrant["win_share"]),
            "strength": cells.number(entrant["strength"]),
            "seconds": cells.number(entrant["seconds"]),
        }
        for entrant in entrants
    ]


def comparison_cells(one: Mapping[str, Any], text: Callable[[str], str] = str) -> dict[str, str]:
    """Return the outcome of a comparison as cells by column; ``text`` is what becomes of names."""
    n, expected = one["n_tasks"], one["n_tasks_expected"]
    return {
        "method": text(one["method"]),
        "points": points(one["difference"]),
        "95 % interval": cells.ends(one["low"], one["high"]),
        "on these tasks": cells.ends(one["here_low"], one["here_high"]) if n > 1 else "",
        "verdict": cells.verdict(one),
        "tasks": str(n) if n == expected else f"{n} of {expected}",
        "win/tie/loss": f"{one['wins']}/{one['ties']}/{one['losses']}",
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
