"""The file of a diagnosis: what the truth says of a finished run; a public format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autows.errors import CorruptRecord
from autows.files import write_bytes
from autows.runs.record import Key, Record

SCHEMA_VERSION = 1
"""Raised when the format changes, or what is computed: older files are then computed again."""

END_MODEL, STAGES, TRUE_LABELS = "end_model", "stages", "true_labels"
"""Kinds: the end model taught otherwise; where accuracy is lost; the end model taught with the truth."""

END_MODELS = ("soft", "hard", "none")
"""Values of the kind ``end_model``: taught with soft labels (the protocol), with hard ones, or not at all."""

STAGE_NAMES = (
    "end model on true labels",
    "best aggregation of the votes",
    "best subset of the LFs",
    "label model",
    "end model",
)
"""Values of the kind ``stages``, from what the features allow to what was reached."""

KINDS = {END_MODEL: END_MODELS, STAGES: STAGE_NAMES, TRUE_LABELS: STAGE_NAMES[:1]}
"""Names of the values of each kind, in order."""


@dataclass(frozen=True)
class Diagnosis:
    """What is kept.

    Parameters
    ----------
    run : str
        The id of the run's key.
    kind : str
        A key of :data:`KINDS`.
    predictions : str
        SHA-256 of the predictions that it was computed from; empty for a kind that needs none.
    values : tuple of mappings
        Each with a ``name``, an ``accuracy`` (test, all rows) and whatever else belongs to it, in the order
        of :data:`KINDS`.
    """

    run: str
    kind: str
    predictions: str
    values: tuple[Mapping[str, Any], ...]

    def of(self, name: str) -> Mapping[str, Any]:
        """Return the value of that name; raise KeyError if there is none."""
        for value in self.values:
            if value["name"] == name:
                return value
        raise KeyError(name)

    def to_text(self) -> str:
        """Return the diagnosis as JSON text, keys sorted."""
        content = {
            "schema_version": SCHEMA_VERSION,
            "run": self.run,
            "kind": self.kind,
            "predictions_sha256": self.predictions,
            "values": [dict(value) for value in self.values],
        }
        return json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Diagnosis:
        """Read what :meth:`to_text` wrote.

        Raises
        ------
        ValueError
            If the text is not that.
        """
        content = json.loads(text)
        fields = ("schema_version", "run", "kind", "predictions_sha256", "values")
        if not isinstance(content, dict) or sorted(content) != sorted(fields):
            raise ValueError(f"not an object with {', '.join(fields)}")
        version, run, kind, predictions, values = (content[name] for name in fields)
        if version != SCHEMA_VERSION:
            raise ValueError(f"schema_version is {version!r}; this program reads {SCHEMA_VERSION}")
        texts = all(isinstance(text, str) for text in (run, kind, predictions))
        if not texts or not isinstance(values, list) or not all(_is_value(value) for value in values):
            raise ValueError("its fields are not texts, or its values lack a name or an accuracy in [0, 1]")
        names = tuple(value["name"] for value in values)
        if names != KINDS.get(kind):
            raise ValueError(f"a diagnosis of the kind '{kind}' does not have the values {list(names)}")
        return cls(run, kind, predictions, tuple(values))


def _is_value(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return False
    accuracy = value.get("accuracy")
    # NaN compares as false.
    return isinstance(accuracy, (int, float)) and not isinstance(accuracy, bool) and 0 <= accuracy <= 1


def folder(results: Path) -> Path:
    """Return where the diagnoses of a results folder lie."""
    return results / "diagnostics"


def path_of(results: Path, key: Key, kind: str) -> Path:
    """Return where the diagnosis of a run lies: as its record does, the kind before the suffix."""
    return (folder(results) / key.path).with_suffix(f".{kind}.json")


def read(results: Path, key: Key, kind: str, predictions: str) -> Diagnosis | None:
    """Return a diagnosis, or None if there is none.

    Parameters
    ----------
    results : Path
    key : Key
        Of the run.
    kind : str
    predictions : str
        SHA-256 of the predictions that the run has now; empty where none are kept, and nothing is compared.

    Raises
    ------
    CorruptRecord
        If the file is not such a diagnosis, or is one of other predictions.
    """
    path = path_of(results, key, kind)
    try:
        found = Diagnosis.from_text(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CorruptRecord(f"{path} is not a readable diagnosis: {error}") from error
    if (found.run, found.kind) != (key.id, kind):
        raise CorruptRecord(f"{path} holds another diagnosis, the {found.kind} of run {found.run}")
    if predictions and found.predictions != predictions:
        raise CorruptRecord(f"{path} is of other predictions than its run has now")
    return found


def write(results: Path, key: Key, diagnosis: Diagnosis) -> None:
    """Write a diagnosis to its place."""
    write_bytes(path_of(results, key, diagnosis.kind), diagnosis.to_text().encode())


def predictions_of(record: Record) -> str:
    """Return the SHA-256 of a record's predictions; empty if it has none."""
    return "" if record.predictions is None else str(record.predictions["sha256"])


def scan(results: Path) -> Iterator[Path]:
    """Yield every file in the folder of diagnoses, in order of path."""
    yield from sorted(path for path in folder(results).rglob("*.json") if path.is_file())
