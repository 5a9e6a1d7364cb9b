"""An ablation for a terminal and as Markdown."""

from __future__ import annotations

import textwrap

from leaderboard.ablation.layouts import Lines, lay_out
from leaderboard.ablation.table import Ablation

USUAL = "Per cent, mean ± half-width of the 95 % interval over draws."
AGAINST = "Differences are paired, against the value marked *."

LEGENDS = {
    "n_labels": (
        f"{USUAL} Draws are nested and differences paired. Worth labels: how many labels logistic "
        "regression needs for the same accuracy. Zero-shot reached with: the number of labels "
        "with which the method is as accurate as zero_shot_clip."
    ),
    "end_model": (
        f"{USUAL} {AGAINST} soft: logistic regression on the label model's probabilities, as in every "
        "table; hard: on its likeliest classes; none: the label model's own answer."
    ),
    "stages": (
        f"{USUAL} A step is the paired difference to the line above. End model on true labels: what the "
        "features allow. Best aggregation: logistic regression on the votes, trained with the truth of the "
        "pool. Best subset: LFs chosen with the truth by a greedy search, so the best of all may be better "
        "still; how many of how many. The last two are what was reached."
    ),
}
"""By axis, how to read its table."""


def to_text(table: Ablation) -> str:
    """Return the table for a terminal, one block a task, representation and method.

    What was left out is not repeated: it was told before anything was run.
    """
    blocks = [
        "\n".join([title, *(part if isinstance(part, str) else _grid(part, "simple") for part in parts)])
        for title, parts in lay_out(table)
    ]
    notes = ["\n".join(table.notes)] if table.notes else []
    return "\n\n".join([*blocks, textwrap.fill(_legend(table), 100), *notes])


def to_markdown(table: Ablation) -> str:
    """Return the table as Markdown, with all that is to be said about it."""
    blocks = [f"# Ablation: {table.axis}"]
    for title, parts in lay_out(table):
        shown = [part if isinstance(part, str) else _grid(part, "github") for part in parts]
        # A line that follows a table would be a row of it.
        blocks += [f"## {title}", *(part for part in shown if part)]
    notes = [f"- {note}" for note in [*table.left_out, *table.notes]]
    return "\n\n".join([*blocks, _legend(table), *(["\n".join(notes)] if notes else [])]) + "\n"


def _legend(table: Ablation) -> str:
    return LEGENDS.get(table.axis, f"{USUAL} {AGAINST}")


def _grid(lines: Lines, style: str) -> str:
    from tabulate import tabulate

    filled = [name for name in lines[0] if any(line[name] for line in lines)]
    shown = [{name: line[name] for name in filled} for line in lines]
    align = ["left" if name in ("method", "stage") else "right" for name in filled]
    return tabulate(shown, headers="keys", tablefmt=style, disable_numparse=True, colalign=align)
