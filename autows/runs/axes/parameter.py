"""Any parameter of a method as an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autows import label_models, lfs
from autows.errors import UserError, unknown_name
from autows.method import Method
from autows.method import create as create_method
from autows.params import parse_value
from autows.runs.axes.axis import Axis, Varied, arm, listed, with_method
from autows.runs.cell import Cell


def _families() -> list[str]:
    """Return the families that look at features alone, one at a time, and the usual two together."""
    alone = [name for name in lfs.names() if not lfs.create(name).needs]
    return [*alone, "stumps+logistic"]


DEFAULT_VALUES: dict[str, Callable[[], list[str]]] = {
    "label_model": label_models.names,
    "cardinality": lambda: ["1", "2"],
    "families": _families,
    # Those of iws.
    "threshold": lambda: ["0.5", "0.6", "0.7", "0.8", "0.9"],
    "least": lambda: ["0.0", "0.1", "0.2", "0.3", "0.4"],
    "sure": lambda: ["0.5", "0.7", "0.9"],
    "n_queries": lambda: ["25", "50", "100", "150", "300"],
    "n_expected": lambda: ["25", "50", "100", "200"],
    "usefulness": lambda: ["gp", "mlp"],
    "acquisition": lambda: ["lse", "as", "all"],
    "final": lambda: ["lse_ac", "lse_a", "as"],
    # That of goggles.
    "n_anchors": lambda: ["50", "100", "200", "500"],
}
"""What a parameter is varied over unless values are given."""


class ParameterAxis(Axis):
    """One parameter of a method, all others as given.

    Parameters
    ----------
    parameter : str
        Its name.
    """

    def __init__(self, parameter: str) -> None:
        self.name = parameter
        self.lacking = f"Without {parameter}"
        self.nothing = f"None of these methods has a parameter {parameter}"

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Give each method that has the parameter all its values, its own first."""
        varied = Varied()
        unfit = []
        for cell in cells:
            if self.name not in cell.method.get_params():
                continue
            own = cell.method.get_params()[self.name]
            for variant in variants(cell.method, self.name, values):
                other = with_method(cell, variant, zero_shot)
                if other is None:
                    unfit.append(f"{variant.spec} on {cell.task.card.id} / {cell.representation.spec}")
                    continue
                value = variant.get_params()[self.name]
                varied.arms.append(arm(other, value, cell, value == own))
        if unfit:
            varied.left_out.append(f"Left out, for want of text embeddings: {listed(unfit)}")
        return varied


def variants(method: Method, axis: str, values: Sequence[str] | None = None) -> list[Method]:
    """Return a method in all values of one of its parameters, its own value first.

    Parameters
    ----------
    method : Method
    axis : str
        The parameter.
    values : sequence of str, optional
        As one would type them; by default those of :data:`DEFAULT_VALUES` that go with the method's other
        parameters, and both values of a parameter that is true or false.

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
        try:
            made.append(create_method(method.name, **{**own, axis: parse_value(text)}))
        except UserError:
            # Nobody asked for a default value that does not go with the other parameters.
            if values is not None:
                raise
    return list({variant.spec: variant for variant in made}.values())
