"""The number of seed labels: learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autows.errors import AutoWSError, UserError
from autows.method import create as create_method
from autows.runs.axes.axis import Axis, Varied, arm, with_method
from autows.runs.cell import Cell
from autows.task import Task

DEFAULT_SIZES = (10, 25, 50, 100, 200, 400, 1000)
YARDSTICK = "logistic_regression"
"""The method in whose labels all others are counted."""
ZERO_SHOT = "zero_shot_clip"
"""The method that takes no label."""


class NLabelsAxis(Axis):
    """Every method with few and many labels, beside logistic regression and the zero-shot answer.

    A draw's first ten labels are its ten labels, so a curve is paired: every difference between two of its
    points is one of the same draws.
    """

    name = "n_labels"
    lacking = "Without labels"
    nothing = "None of these methods can be run"

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Give each method all numbers of labels that a pool has, and add what it is compared with."""
        sizes = DEFAULT_SIZES if values is None else tuple(_number(value) for value in values)
        varied = Varied()
        fitting: dict[str, list[int]] = {}
        pools = []
        for task in {cell.task.card.id: cell.task for cell in cells}.values():
            name, rows = task.card.id, _pool_rows(task)
            fitting[name] = [n for n in sizes if rows is None or n < rows]
            beyond = sorted(set(sizes) - set(fitting[name]))
            if beyond:
                pools.append(f"that of {name} has {rows} rows")
                listed = ", ".join(map(str, beyond))
                varied.left_out.append(f"Left out on {name}, whose pool has {rows} rows: {listed} labels")
        if not any(fitting.values()):
            raise UserError(f"No pool is so large: {', '.join(pools)}; ask for fewer labels")
        for cell in _with_companions(cells, zero_shot):
            numbers = {cell.n_labels, *fitting[cell.task.card.id]}
            # The zero-shot answer is the same with any number.
            for n in sorted(numbers) if cell.method.name != ZERO_SHOT else [cell.n_labels]:
                varied.arms.append(arm(replace(cell, n_labels=n), n, cell, n == cell.n_labels))
        return varied


def _with_companions(cells: Sequence[Cell], zero_shot: str) -> list[Cell]:
    """Add the two methods of reference where a task, representation and draw do not have them yet."""
    companions = [create_method(name) for name in (YARDSTICK, ZERO_SHOT)]
    found = {_place(cell, cell.method.name): cell for cell in cells}
    added = []
    for cell in cells:
        for method in companions:
            place = _place(cell, method.name)
            if place in found:
                continue
            other = with_method(replace(cell, prompts=None), method, zero_shot)
            if other is not None and ("zero_shot" not in method.requirements or other.speaker is not None):
                found[place] = other
                added.append(other)
    return [*cells, *added]


def _place(cell: Cell, method: str) -> tuple[str, str, int, str]:
    return cell.task.card.id, cell.representation.spec, cell.draw, method


def _pool_rows(task: Task) -> int | None:
    """Return how many rows the pool has; None if the data are not there."""
    try:
        return task.n_pool
    except AutoWSError:
        return None  # The runs will say what is missing.


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"'{text}' is no number of labels; give whole numbers of at least 1: --values 50,100")
    return int(text)
