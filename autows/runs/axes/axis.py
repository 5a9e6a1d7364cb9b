"""The contract of an axis: runs to be compared, and what each is on the axis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from autows.dual_encoder import DualEncoder
from autows.errors import UserError
from autows.method import Method
from autows.params import Scalar
from autows.runs.cell import Cell
from autows.zero_shot.speaker import choose


@dataclass(frozen=True)
class Arm:
    """A run and where it lies on the axis.

    Parameters
    ----------
    cell : Cell
        What is run.
    value : str, int, float, bool or None
        The place on the axis.
    method : str
        The method as it was given, of which this is a variant.
    reference : bool
        Whether differences are taken against this value.
    representation : str, optional
        The features; None if these are what is varied.
    """

    cell: Cell
    value: Scalar
    method: str
    reference: bool
    representation: str | None


@dataclass
class Varied:
    """What an axis makes of a plan.

    Parameters
    ----------
    arms : list of Arm
    left_out : list of str
        What is not compared and why, a sentence each.
    explained : set of str
        Methods that a sentence is about already.
    """

    arms: list[Arm] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)


class Axis(ABC):
    """Base class of all axes."""

    name: str
    diagnosis: ClassVar[str] = ""
    """The kind of diagnosis that its values are read from; empty if each value is a run of its own."""
    names_representations: ClassVar[bool] = False
    """Whether its values are representations, which the plan must know."""
    lacking: str
    """What a method that cannot be varied is like, as in "Without a label model"."""
    nothing: str
    """The message if none can."""

    @abstractmethod
    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Return the runs to be compared; cells whose methods do not have the axis are passed over.

        Parameters
        ----------
        cells : sequence of Cell
            A plan of the methods as they were given.
        values : sequence of str, optional
            As one would type them; not empty.
        zero_shot : str
            Who speaks for methods that the plan does not have, see :func:`autows.zero_shot.speaker.choose`.

        Raises
        ------
        UserError
            If a value is none.
        """


def arm(cell: Cell, value: Scalar, given: Cell, reference: bool) -> Arm:
    """Return a variant of a given cell under the same features."""
    return Arm(cell, value, given.method.spec, reference, given.representation.spec)


def with_method(cell: Cell, method: Method, zero_shot: str) -> Cell | None:
    """Return the cell with another method and whoever speaks for it; None if it needs other features."""
    needs = method.requirements
    if "class_embeddings" in needs and not isinstance(cell.representation, DualEncoder):
        return None
    speaker = None
    if "zero_shot" in needs:
        speaker = cell.speaker or choose(cell.task.card, zero_shot)
    return replace(cell, method=method, speaker=speaker)


def listed(specs: Iterable[str]) -> str:
    """Return different specs in a row, in order of first appearance."""
    return ", ".join(dict.fromkeys(specs))


def no_values(axis: str, values: Sequence[str] | None) -> None:
    """Raise UserError if values were given for an axis that has its own."""
    if values is not None:
        raise UserError(f"The axis {axis} has values of its own; leave --values out")
