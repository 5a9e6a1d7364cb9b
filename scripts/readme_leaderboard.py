"""Write the README's tables and its picture of the leaderboard's page, from the project's own records.

``python scripts/readme_leaderboard.py`` needs Chromium for the picture; ``--tables`` writes the tables alone.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import click

from autows.files import write_bytes
from leaderboard import board as boards
from leaderboard import render
from leaderboard.board import Board
from leaderboard.pools import POOL_TITLES
from leaderboard.render.document import (
    MARKDOWN,
    comparison_cells,
    main_comparisons,
    row_cells,
    standing_lines,
    table,
)

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "leaderboard.png"
TASK, FEATURES, LABELS = "digits", ("raw", "glyph_clip"), 100
BEGIN, END = "<!-- leaderboard: begin -->", "<!-- leaderboard: end -->"
ROW_COLUMNS = ("method", "features", "accuracy", "coverage", "covered", "pool", "end model", "worth")
STANDING_COLUMNS = ("method", "mean rank", "tied", "mean accuracy", "on these tasks", "end model", "wins")


def tables(board: Board) -> str:
    """Return what stands between the README's markers."""
    rows = [
        row
        for row in board.rows
        if (row["task"], row["n_labels"]) == (TASK, LABELS) and row["representation"] in FEATURES
    ]
    rows.sort(key=lambda row: (-(row["accuracy"] or -1), row["method"]))
    parts = [_chosen([row_cells(row, MARKDOWN) for row in rows], ROW_COLUMNS)]
    for one in board.standings:
        if (one["pool"], one["representation"], one["n_labels"]) == ("features", "all", LABELS):
            title = POOL_TITLES[one["pool"]].removeprefix("+ ")
            parts += [
                f"Overall ({title}, no class names; {len(one['tasks'])} tasks):",
                _chosen(standing_lines(one, MARKDOWN.text), STANDING_COLUMNS),
            ]
    for against, n_labels, chosen in main_comparisons(board):
        if (against, n_labels) == ("zero_shot_clip", LABELS):
            parts += [
                "Against zero-shot CLIP, in points of accuracy, on the two tasks for which it speaks. It is "
                "`glyph_clip`, a small one that ships with the project, and of permuted digits it can know "
                "nothing. The 95 % interval is over draws, *on these tasks*, and so the verdict ends with "
                "*here*: two tasks tell nothing of others.",
                table([comparison_cells(one, MARKDOWN.text) for one in chosen], MARKDOWN),
            ]
    return "\n\n".join(parts)


def _chosen(lines: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    return table([{name: line[name] for name in columns} for line in lines], MARKDOWN)


def updated(readme: str, board: Board) -> str:
    """Return the README with its tables made anew."""
    block = f"{BEGIN}\n\n{tables(board)}\n\n{END}"
    found, number = re.subn(f"{BEGIN}.*{END}", lambda match: block, readme, flags=re.DOTALL)
    if number != 1:
        raise SystemExit(f"{README.name} has {number} blocks between {BEGIN} and {END}; expected one")
    return found


@click.command()
@click.option("--tables", "only_tables", is_flag=True, help="Leave the picture as it is.")
def main(only_tables: bool) -> None:
    """Update README.md and docs/leaderboard.png."""
    board = boards.read([], reference=True, submissions=None)
    write_bytes(README, updated(README.read_text(encoding="utf-8"), board).encode())
    if not only_tables:
        from screenshot_leaderboard import picture

        with tempfile.TemporaryDirectory() as name:
            render.write(board, Path(name), formats=("svg",))
            write_bytes(PICTURE, picture(Path(name) / render.PAGE, width=1300, height=1700))


if __name__ == "__main__":
    main()
