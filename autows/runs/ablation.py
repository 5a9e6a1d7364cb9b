"""Ablations: one thing about a method is varied, everything else stays."""

from __future__ import annotations

from collections.abc import Sequence

from autows import label_models
from autows.errors import UserError, unknown_name
from autows.method import Method
from autows.method import create as create_method
from autows.params import parse_value
from autows.runs.cell import Cell
from autows.voting import VotingMethod

DEFAULT_VALUES = {"label_model": label_models.names, "cardinality": lambda: ["1", "2"]}
"""What an axis is varied over unless values are given."""


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
        )
        (later if identity in seen else first).append(cell)
        seen.add(identity)
    return [part for part in (first, later) if part]
