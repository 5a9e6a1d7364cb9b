"""Ablations: one thing about a run is varied, everything else stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from autows import label_models
from autows.errors import UserError, unknown_name
from autows.method import Method
from autows.method import create as create_method
from autows.params import parse_value
from autows.runs.cell import Cell
from autows.voting import VotingMethod
from autows.zero_shot.prompts import bank

DEFAULT_VALUES: dict[str, Callable[[], list[str]]] = {
    "label_model": label_models.names,
    "cardinality": lambda: ["1", "2"],
}
"""What a parameter is varied over unless values are given."""

PROMPT = "prompt"
"""The axis that is no parameter: one prompt template at a time instead of all of the task's card."""


def vary(cells: Sequence[Cell], axis: str, values: Sequence[str] | None = None) -> list[Cell]:
    """Return cells in all values of an axis, each cell's own value first.

    Parameters
    ----------
    cells : sequence of Cell
    axis : str
        A parameter of the methods, or ``prompt``.
    values : sequence of str, optional
        As one would type them.

    Cells whose methods do not have the axis are left out, unless none has it.

    Raises
    ------
    UserError
        As :func:`variants`; or if no method looks at prompts, or ``values`` is empty.
    """
    if values is not None and not values:
        raise UserError("--values names nothing; write --values a,b,c")
    if axis != PROMPT:
        having = [cell for cell in cells if axis in cell.method.get_params()]
        return [
            replace(cell, method=variant)
            for cell in having or cells
            for variant in variants(cell.method, axis, values)
        ]
    prompted = [
        cell
        for cell in cells
        if cell.method.requirements & {"zero_shot", "class_embeddings"} and cell.task.card.prompts
    ]
    if not prompted:
        raise UserError("None of these methods asks a foundation model about these tasks; try zero_shot_clip")
    for prompt in values or ():
        if prompt.count("{}") != 1:
            raise UserError(f"The prompt '{prompt}' must hold exactly one {{}}, where the class name goes")
    made = []
    for cell in prompted:
        templates = bank(cell.task.card) if values is None else values
        asked = [replace(cell, prompts=(template,)) for template in templates]
        # The only template of a card is the cell itself.
        made += [cell, *(other for other in asked if other.prompts is not None)]
    return made


def variants(method: Method, axis: str, values: Sequence[str] | None = None) -> list[Method]:
    """Return a method in all values of one of its parameters, its own value first.

    Parameters
    ----------
    method : Method
    axis : str
        The parameter.
    values : sequence of str, optional
        As one would type them; by default those of :data:`DEFAULT_VALUES`, and both values of a parameter
        that is true or false.

    Raises
    ------
    UserError
        If the method has no such parameter, a value is out of range, or there are no default values.
    """
    own = method.get_params()
    if axis not in own:
        raise unknown_name(f"{method.name} parameter", axis, own, f"its parameters are {', '.join(own)}")
    if values is None and isinstance(own[axis], bool):
        values = ["false", "true"]
    if values is None and axis not in DEFAULT_VALUES:
        raise UserError(f"Say over which values '{axis}' is to be varied: --values a,b,c")
    made = [method]
    for text in values if values is not None else DEFAULT_VALUES[axis]():
        made.append(create_method(method.name, **{**own, axis: parse_value(text)}))
    return list({variant.spec: variant for variant in made}.values())


def stages(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Divide cells into those to be run first, and those that then find their votes made.

    Of cells that differ in the aggregation of their votes alone, the first one comes first.
    """
    first: list[Cell] = []
    later: list[Cell] = []
    seen = set()
    for cell in cells:
        method = cell.method
        if not isinstance(method, VotingMethod):
            first.append(cell)
            continue
        shared = {k: v for k, v in method.get_params().items() if k not in method.aggregation}
        identity = (
            cell.task.card.id,
            cell.representation.spec,
            method.name,
            tuple(sorted(shared.items())),
            cell.draw,
            cell.prompts,
        )
        (later if identity in seen else first).append(cell)
        seen.add(identity)
    return [part for part in (first, later) if part]
