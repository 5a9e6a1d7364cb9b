"""What an ablation can vary, one module each; any parameter of a method is an axis too."""

from __future__ import annotations

from collections.abc import Iterable

from autows.errors import UserError, unknown_name
from autows.method import Method
from autows.runs.axes.axis import Arm, Axis, Varied
from autows.runs.axes.diagnosed import EndModelAxis, StagesAxis
from autows.runs.axes.n_labels import NLabelsAxis
from autows.runs.axes.parameter import DEFAULT_VALUES, ParameterAxis
from autows.runs.axes.polarity import PolarityAxis
from autows.runs.axes.prompt import PromptAxis
from autows.runs.axes.representation import RepresentationAxis

AXES: dict[str, Axis] = {
    axis.name: axis
    for axis in (
        RepresentationAxis(),
        NLabelsAxis(),
        PolarityAxis(),
        PromptAxis(),
        EndModelAxis(),
        StagesAxis(),
    )
}
"""The axes that are no parameter."""


def find(name: str, methods: Iterable[Method]) -> Axis:
    """Return the axis of that name.

    Parameters
    ----------
    name : str
        One of :data:`AXES`, or a parameter of a method.
    methods : iterable of Method
        Those to be varied.

    Raises
    ------
    UserError
        If there is none; lists those there are.
    """
    methods = list(methods)
    parameters = sorted({parameter for method in methods for parameter in method.get_params()})
    if name in AXES:
        return AXES[name]
    if name in parameters:
        return ParameterAxis(name)
    if name in DEFAULT_VALUES:
        names = ", ".join(sorted({method.name for method in methods}))
        raise UserError(f"None of these methods has a parameter {name}: {names}. Name others after --methods")
    known = ", ".join(AXES)
    of_methods = f", and of these methods {', '.join(parameters)}" if parameters else ""
    raise unknown_name("axis", name, [*AXES, *parameters], f"the axes are {known}{of_methods}")


__all__ = ["AXES", "Arm", "Axis", "ParameterAxis", "Varied", "find"]
