"""Axes whose values are read off one finished run, with the truth at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autows.errors import unknown_name
from autows.runs.axes.axis import Axis, Varied, arm, no_values
from autows.runs.cell import Cell
from autows.runs.diagnostics.diagnosis import END_MODEL, END_MODELS, STAGE_NAMES, STAGES
from autows.voting import VotingMethod


class _Diagnosed(Axis):
    """Base class: methods that leave votes to a label model, in values of a diagnosis."""

    lacking = "Leaving no votes to a label model"
    nothing = "None of these methods leaves votes to a label model; try snuba, snuba_multipolar or iws"
    reference: ClassVar[str]

    def _arms(self, cells: Sequence[Cell], names: Sequence[str]) -> Varied:
        return Varied(
            [
                arm(cell, name, cell, name == self.reference)
                for cell in cells
                if isinstance(cell.method, VotingMethod)
                for name in names
            ]
        )


class EndModelAxis(_Diagnosed):
    """What the end model is taught with: soft labels as the protocol does, hard ones, or no end model."""

    name = diagnosis = END_MODEL
    reference = END_MODELS[0]

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Take each run in each value; soft is always among them."""
        for value in values or ():
            if value not in END_MODELS:
                raise unknown_name("end model", value, END_MODELS, f"the values are {', '.join(END_MODELS)}")
        return self._arms(cells, tuple(dict.fromkeys([self.reference, *(values or END_MODELS)])))


class StagesAxis(_Diagnosed):
    """From what the features allow to what was reached; differences are against the label model."""

    name = diagnosis = STAGES
    reference = "label model"

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Take each run in all stages."""
        no_values(self.name, values)
        return self._arms(cells, STAGE_NAMES)
