"""An ablation for a terminal and as Markdown."""

from __future__ import annotations

from leaderboard.ablation.layouts import REFERENCE_MARK, Lines, lay_out
from leaderboard.ablation.table import Ablation
from leaderboard.render.markdown import escaped, grid
from leaderboard.stages import MEANINGS
from leaderboard.text_table import TextTables

USUAL = (
    "Per cent, mean ± half-width of the 95 % interval over draws, or its ends where it ends at 0 or 100 (a "
    "difference at -100 or +100); the finite test set is in no interval."
)
AGAINST = f"Differences are paired, against the value marked{REFERENCE_MARK}."

LEFT = ("method", "stage")
LEAST: tuple[str | tuple[str, ...], ...] = (
    *("aggregate s", "pool", "draws", "end model", ("coverage", "covered"), "log-loss", "calibration error"),
)
"""Columns that a narrow terminal goes without, first the least important."""
SHORTEN = {"method": 24, "stage": 24}
"""Characters to which names may be shortened before columns are left out."""

LEGENDS = {
    "n_labels": (
        f"{USUAL} Draws are nested and differences paired. Worth labels: how many labels logistic "
        "regression needs for the same accuracy. Zero-shot reached with: the number of labels from which on "
        "the method is as accurate as zero_shot_clip. In brackets numbers of labels with which the two are "
        "not told apart (95 %); not monotone: the curve passes that accuracy more than once."
    ),
    "end_model": (
        f"{USUAL} {AGAINST} soft: logistic regression on the label model's probabilities, as in every "
        "table; hard: on its likeliest classes; none: the label model's own answer."
    ),
    "stages": (
        f"{USUAL} A step is the paired difference to the line above. {' '.join(MEANINGS.values())} In "
        "brackets: how many labeling functions of how many."
    ),
}
"""By axis, how to read its table."""


def to_text(table: Ablation, width: int | None = None) -> str:
    """Return the table for a terminal, one block a task, representation and method.

    What was left out is not repeated: it was told before anything was run.

    Parameters
    ----------
    table : Ablation
    width : int, optional
        Characters that a line may have; columns that there is no room for are left out and named at the end.
    """
    tables = TextTables(width)

    def grid(lines: Lines) -> str:
        lines = _filled(lines)
        # The ends of a learning curve and what other tables are about are the last to go.
        numbers = [name for name in lines[0] if name.isdecimal()][1:-1]
        least = [*(name for name in numbers if name != "100"), *LEAST]
        return tables.table(lines, [name for name in lines[0] if name in LEFT], least, SHORTEN)

    blocks = [
        "\n".join([title, *(part if isinstance(part, str) else grid(part) for part in parts)])
        for title, parts in lay_out(table)
    ]
    notes = ["\n".join(table.notes)] if table.notes else []
    note = tables.note("--out")
    return "\n\n".join([*blocks, tables.fill(_legend(table)), *notes, *([tables.fill(note)] if note else [])])


def to_markdown(table: Ablation) -> str:
    """Return the table as Markdown, with all that is to be said about it."""
    blocks = [f"# Ablation: {escaped(table.axis)}"]
    for title, parts in lay_out(table):
        shown = [escaped(part) if isinstance(part, str) else _grid(part) for part in parts]
        # A line that follows a table would be a row of it.
        blocks += [f"## {escaped(title)}", *(part for part in shown if part)]
    notes = [f"- {escaped(note)}" for note in [*table.left_out, *table.notes]]
    return "\n\n".join([*blocks, _legend(table), *(["\n".join(notes)] if notes else [])]) + "\n"


def _legend(table: Ablation) -> str:
    return LEGENDS.get(table.axis, f"{USUAL} {AGAINST}")


def _filled(lines: Lines) -> Lines:
    names = [name for name in lines[0] if any(line[name] for line in lines)]
    return [{name: line[name] for name in names} for line in lines]


def _grid(lines: Lines) -> str:
    return grid(
        [{escaped(name): escaped(text) for name, text in line.items()} for line in _filled(lines)], LEFT
    )
