"""One prompt template at a time instead of all of the task's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autows.errors import UserError
from autows.runs.axes.axis import Axis, Varied, arm
from autows.runs.cell import Cell
from autows.zero_shot.prompts import bank

CARD = "all of the card"
"""What the reference is called."""


class PromptAxis(Axis):
    """What a foundation model is asked with."""

    name = "prompt"
    lacking = "Asking no foundation model about these tasks"
    nothing = "None of these methods asks a foundation model about these tasks; try zero_shot_clip"

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Give each method that asks one template at a time, by default each of the task's bank."""
        for prompt in values or ():
            if prompt.count("{}") != 1:
                raise UserError(
                    f"The prompt '{prompt}' must hold exactly one {{}}, where the class name goes"
                )
        varied = Varied()
        for cell in cells:
            asks = cell.method.requirements & {"zero_shot", "class_embeddings"}
            if not asks or not cell.task.card.prompts:
                continue
            varied.arms.append(arm(cell, CARD, cell, reference=True))
            for template in bank(cell.task.card) if values is None else values:
                asked = replace(cell, prompts=(template,))
                # The only template of a card is the cell itself.
                if asked.prompts is not None:
                    varied.arms.append(arm(asked, template, cell, reference=False))
        return varied
