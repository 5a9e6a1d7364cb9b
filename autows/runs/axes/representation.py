"""The features that a method works on."""

from __future__ import annotations

from collections.abc import Sequence

from autows import representations
from autows.runs.axes.axis import Arm, Axis, Varied, listed
from autows.runs.cell import Cell


class RepresentationAxis(Axis):
    """Each method under each representation of the plan; differences are against the first."""

    name = "representation"
    names_representations = True
    lacking = "Under one representation only"
    nothing = (
        "There is nothing to compare: give two representations or more that work on these tasks and methods, "
        "such as --values raw,pca"
    )

    def arms(self, cells: Sequence[Cell], values: Sequence[str] | None, zero_shot: str) -> Varied:
        """Take the plan as it is; ``values`` are those that it was made with, to say which do not fit."""
        varied = Varied()
        groups: dict[tuple[str, str], list[Cell]] = {}
        for cell in cells:
            groups.setdefault((cell.task.card.id, cell.method.spec), []).append(cell)
        alone = []
        for (task_id, method), mine in groups.items():
            # The plan has them in the order in which they were given.
            first = mine[0].representation.spec
            if all(cell.representation.spec == first for cell in mine):
                alone.append(f"{method} on {task_id} ({first})")
                varied.explained.add(method)
                continue
            for cell in mine:
                spec = cell.representation.spec
                varied.arms.append(Arm(cell, spec, method, spec == first, None))
        if alone and varied.arms:
            varied.left_out.append(f"{self.lacking}, so left out: {listed(alone)}")
        for task in {cell.task.card.id: cell.task for cell in cells}.values():
            made = [representations.create(value) for value in values or ()]
            modality = task.card.modality
            unfit = [r.spec for r in made if r.modalities and modality not in r.modalities]
            if unfit:
                varied.left_out.append(
                    f"Task {task.card.id} is {modality}, on which these do not work: {listed(unfit)}"
                )
        return varied
