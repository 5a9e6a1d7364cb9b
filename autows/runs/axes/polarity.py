"""Labeling functions that vote for one class each, or for any."""

from __future__ import annotations

from collections.abc import Sequence

from autows.errors import unknown_name
from autows.method import Method
from autows.method import create as create_method
from autows.runs.axes.axis import Axis, Varied, arm, with_method
from autows.runs.cell import Cell


class PolarityAxis(Axis):
    """A method and its counterparts, as its class declares them in ``polarities``."""

    name = "polarity"
    lacking = "Having one polarity only"
    nothing = "None of these methods has a unipolar and a multipolar form; try snuba"

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Give each method all its polarities, its own first, with the same parameters."""
        varied = Varied()
        for cell in cells:
            known = cell.method.polarities
            own = next((polarity for polarity, name in known.items() if name == cell.method.name), None)
            if own is None:
                continue
            for polarity in dict.fromkeys([own, *(known if values is None else values)]):
                if polarity not in known:
                    see = f"its polarities are {', '.join(known)}"
                    raise unknown_name(f"{cell.method.name} polarity", polarity, known, see)
                other = with_method(cell, counterpart(cell.method, known[polarity]), zero_shot)
                if other is not None:
                    varied.arms.append(arm(other, polarity, cell, polarity == own))
        return varied


def counterpart(method: Method, name: str) -> Method:
    """Return another method with a method's parameters.

    Raises
    ------
    UserError
        If the other lacks a parameter that is not at its default.
    """
    if name == method.name:
        return method
    usual = method.default_params()
    changed = {key: value for key, value in method.get_params().items() if value != usual[key]}
    known = create_method(name).get_params()
    shared = {key: value for key, value in method.get_params().items() if key in known}
    return create_method(name, **{**shared, **changed})
