"""Which features and zero-shot models somebody else's files may name: parameters can lead anywhere.

A path or a model of the hub among them would be read or fetched by whoever looks the files over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autows import representations
from autows.dual_encoder import DualEncoder
from autows.params import format_spec, parse_spec
from autows.runs.cell import Cell
from autows.runs.record import Key, Record
from autows.submissions import schema
from autows.submissions.manifest import Manifest
from autows.submissions.places import place_of, said, where
from autows.submissions.submission import Submission
from autows.zero_shot.speaker import BY_MODALITY, encoder


def accepted(more: Iterable[str] = ()) -> frozenset[str]:
    """Return the features that are looked into: all with their defaults, and ``more``, as one types them."""
    return frozenset(representations.names()) | {format_spec(*parse_spec(spec)) for spec in more}


def spec_of(name: str, parameters: Mapping[str, Any]) -> str:
    """Return features as one types them, from complete parameters; nothing is created."""
    defaults = representations.REGISTRY.get(name).default_params()
    return format_spec(name, {k: v for k, v in parameters.items() if k not in defaults or v != defaults[k]})


def refuse_others(specs: Iterable[str], known: Collection[str]) -> None:
    """Raise InvalidSubmission unless all features are among those that are looked into."""
    for spec in specs:
        if spec not in known:
            raise schema.InvalidSubmission(
                f"features {schema.shown(spec)} are not looked into: parameters can name files and models "
                "elsewhere. If these are harmless, add them with --accept"
            )


def stated_features(key: Key, known: Collection[str]) -> str:
    """Return a record's features as one types them.

    Raises
    ------
    InvalidSubmission
        If they are not looked into.
    UserError
        If there are none of that name.
    """
    spec = spec_of(key.representation, key.representation_parameters)
    refuse_others([spec], known)
    return spec


def check_manifest(manifest: Manifest, known: Collection[str]) -> None:
    """Raise InvalidSubmission unless an export's features and zero-shot model are looked into."""
    spec = spec_of(manifest.representation, manifest.representation_parameters)
    refuse_others([spec, *([] if manifest.zero_shot is None else [manifest.zero_shot])], known)


def with_stated_speakers(
    cells: Sequence[Cell], records: Iterable[Record], submission: Submission, known: Collection[str]
) -> list[Cell]:
    """Return cells with the zero-shot models that their records name: the author may have had others.

    Raises
    ------
    InvalidSubmission
        If a model is not looked into, or is not one that would have spoken in such a run.
    """
    spoken = {where(record): record.labels.get("zero_shot") for record in records}
    return [
        replace(cell, speaker=_speaker(cell, spoken.get(place_of(cell)), submission, known)) for cell in cells
    ]


def _speaker(
    cell: Cell, spec: str | None, submission: Submission, known: Collection[str]
) -> DualEncoder | None:
    if spec is None or "zero_shot" not in submission.needs:
        return None
    refuse_others([spec], known)
    usual = BY_MODALITY.get(cell.task.card.modality, ()) if cell.task.card.prompts else ()
    possible = usual if submission.zero_shot == "auto" else (submission.zero_shot,)
    # Answers to several exports may rest on several models.
    if spec not in possible and submission.kind == "method":
        raise schema.InvalidSubmission(
            f"{said(place_of(cell))}: zero-shot answers are of {schema.shown(spec)}; with --zero-shot "
            f"{schema.shown(submission.zero_shot)} expected {' or '.join(possible) or 'none'}"
        )
    return encoder(spec)
