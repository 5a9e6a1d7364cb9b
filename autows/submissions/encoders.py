"""What a run rests on beside code and parameters - weights, a zero-shot model, prompts - against ours."""

from __future__ import annotations

from typing import Any

from autows.dual_encoder import DualEncoder
from autows.representation import Representation
from autows.runs.cell import Cell
from autows.runs.record import Record
from autows.runs.views import encoder_identity
from autows.submissions import schema
from autows.submissions.predicted import PredictedMethod


def weighted(encoder: Representation) -> bool:
    """Say whether features depend on weights that were trained before."""
    return type(encoder).identity is not Representation.identity


def implied(cell: Cell) -> frozenset[str]:
    """Return the keys that ``encoders`` of a run has: what needs and features rest on."""
    asked = cell.method.requirements
    found = {
        "representation": weighted(cell.representation),
        "zero_shot": "zero_shot" in asked and cell.speaker is not None,
        "prompts": "class_embeddings" in asked and isinstance(cell.representation, DualEncoder),
    }
    return frozenset(name for name, there in found.items() if there)


def absent(cell: Cell) -> list[str]:
    """Return the models of a cell whose weights are not on this machine."""
    models = [cell.representation, *([] if cell.speaker is None else [cell.speaker])]
    return [model.spec for model in models if weighted(model) and not encoder_identity(model)]


def mistakes(record: Record, cell: Cell) -> list[str]:
    """Say what is wrong with what a record says it rests on.

    It names what needs and features imply and nothing else; and where the weights are on this machine they
    are these. A run that did not go well may lack what it could not find.

    Parameters
    ----------
    record : Record
    cell : Cell
        Of the record, with the zero-shot model that it names.
    """
    stated, here = record.key.encoders, cell.key.encoders
    found = [
        f"encoders has {schema.shown(name)}, on which such a run does not rest"
        for name in sorted(set(stated) - implied(cell))
    ]
    if record.status == "ok":
        found += [f"encoders lacks {name}" for name in sorted(implied(cell) - set(stated))]
        silent = cell.speaker is None and not isinstance(cell.method, PredictedMethod)
        if silent and "zero_shot" in cell.method.requirements:
            found.append("it went well without the zero-shot answers that it needs")
    for name in sorted(implied(cell) & set(stated)):
        if not _same(stated[name], here.get(name), name == "zero_shot" and _weightless(cell)):
            found.append(
                f"encoders.{name} is {schema.shown(stated[name])}; here it is {schema.shown(here.get(name))}"
            )
    return found


def _weightless(cell: Cell) -> bool:
    """Say whether the weights of the zero-shot model are not on this machine."""
    return cell.speaker is not None and weighted(cell.speaker) and not encoder_identity(cell.speaker)


def _same(stated: Any, here: Any, weightless: bool) -> bool:
    """Compare two identities; weights that are not on this machine can be any."""
    if here is None:
        return isinstance(stated, dict) and bool(stated)
    if weightless and isinstance(stated, dict):
        weights = stated.get("weights")
        return isinstance(weights, dict) and bool(weights) and {**stated, "weights": here["weights"]} == here
    return bool(stated == here)
