"""The identity of a run and the record that it leaves; both are a public format."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

SCHEMA_VERSION = 3
"""Version of the record's format."""

OLDEST_SCHEMA = 2
"""The oldest version that is still read. Older records do not say which foundation model spoke, so there is
no telling which runs they are."""

PROTOCOL_VERSION = 2
"""Version of what is done to a method's answer: the end model and the scores. Part of a run's identity."""

STATUSES = ("ok", "failed", "timeout", "skipped")


class InvalidRecord(ValueError):
    """A key or record has a field that is missing, superfluous or of the wrong type."""


@dataclass(frozen=True)
class Key:
    """What makes a run this run and no other. Jobs, device and folders are not part of it.

    Parameters
    ----------
    task, task_version, task_variant : str, int, str
        The variant is empty but for a source that is not the one on the task's card.
    representation, representation_version, representation_parameters : str, int, mapping
        Parameters are complete, defaults included.
    method, parameters : str, mapping
        Parameters are complete, defaults included.
    source_hash : str
        Of the method's code, see :func:`autows.source.source_hash`.
    draw : int
        Which seed draw, from 0.
    n_labels : int
        How many seeds.
    encoders : mapping
        What the run depends on beside code and parameters: under ``representation`` the identity of the
        features' weights, under ``zero_shot`` the model that spoke, its weights and its prompts; empty
        where there are none.
    protocol_version : int
        See :data:`PROTOCOL_VERSION`.
    """

    task: str
    task_version: int
    task_variant: str
    representation: str
    representation_version: int
    representation_parameters: Mapping[str, Any]
    method: str
    parameters: Mapping[str, Any]
    source_hash: str
    draw: int
    n_labels: int
    encoders: Mapping[str, Any] = field(default_factory=dict)
    protocol_version: int = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        _check_types(self)
        if self.draw < 0 or self.n_labels < 1:
            raise InvalidRecord(f"draw {self.draw} and n_labels {self.n_labels} must be at least 0 and 1")

    @cached_property
    def id(self) -> str:
        """A hash of the whole key, 16 hexadecimal digits."""
        text = json.dumps({name: getattr(self, name) for name, *_ in _expected(type(self))}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def path(self) -> str:
        """Where the record lies below a results folder, for people to read and for :attr:`id` to fix."""
        name = f"draw{self.draw}-n{self.n_labels}-{self.id}"
        return f"{self.task}/{self.representation}/{self.method}/{name}.json"


@dataclass(frozen=True)
class Record:
    """What is kept of one run, beside the predictions file.

    Parameters
    ----------
    key : Key
    status : str
        ``ok``, ``failed``, ``timeout`` or ``skipped``.
    labels : mapping
        How the run is called in tables: ``task``, ``representation``, ``method``, the latter two
        with the parameters that differ from their defaults; and ``zero_shot``, the model that spoke.
    task_info : mapping
        ``title``, ``modality``, ``n_classes``, ``class_names`` and ``same_as`` of the
        :class:`~autows.task.TaskCard`.
    method_info : mapping
        ``family``, ``needs`` and ``summary`` (one line) of the method.
    reason : str
        Why the status is not ``ok``; empty otherwise.
    traceback : str
        Of the exception that made a run fail.
    seconds : mapping of str to float
        By phase: ``load``, ``represent``, ``fit``, ``end_model``, ``score``, ``total``, and
        ``overhead`` (total less fit and end model).
    peak_memory_mb : float, optional
        Highest resident memory of the worker during the run; of an isolated method, that of its processes.
    scores : mapping of str to float or None
        See :func:`autows.runs.scores.score`.
    curves : mapping
        ``reliability`` and ``risk_coverage``, see :func:`autows.runs.scores.curves`; empty for hard labels.
    ledger : mapping
        Labels handed out: ``n``, ``per_class``, and ``draw``, a hash of which rows.
    info : mapping
        What the method told of itself, and ``lfs``, its labeling functions.
    predictions : mapping, optional
        ``file``, ``bytes`` and ``sha256`` of the npz beside the record.
    provenance : mapping
        Versions, machine, data fingerprint, git commit.
    timeout_seconds : float, optional
        The limit in force.
    finished_at : str
        UTC, ISO 8601.
    """

    key: Key
    status: str
    labels: Mapping[str, str]
    task_info: Mapping[str, Any] = field(default_factory=dict)
    method_info: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    traceback: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    curves: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    predictions: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    timeout_seconds: float | None = None
    finished_at: str = ""
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        _check_types(self)
        if self.status not in STATUSES:
            raise InvalidRecord(f"status is {self.status!r}; expected one of {STATUSES}")
        for name in ("task", "representation", "method"):
            if not isinstance(self.labels.get(name), str):
                raise InvalidRecord(f"labels has no {name}")
        for part in ("scores", "seconds"):
            for name, value in getattr(self, part).items():
                if value is not None and not _is_finite(value):
                    raise InvalidRecord(f"{part}.{name} is {value!r:.60}; expected a finite number or null")
        if self.status == "ok" and self.scores.get("accuracy") is None:
            raise InvalidRecord("a record with status 'ok' must have an accuracy")
        if self.status != "ok" and not self.reason:
            raise InvalidRecord(f"a record with status '{self.status}' must say why")

    def to_text(self) -> str:
        """Return the record as JSON text, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Record:
        """Read what :meth:`to_text` wrote.

        Raises
        ------
        InvalidRecord
            If the text is not JSON, or not a record of a known schema.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise InvalidRecord(f"not JSON ({error})") from error
        if not isinstance(values, dict):
            raise InvalidRecord("not a JSON object")
        version = values.get("schema_version")
        if not isinstance(version, int) or not OLDEST_SCHEMA <= version <= SCHEMA_VERSION:
            raise InvalidRecord(
                f"schema_version is {version!r}; this program reads {OLDEST_SCHEMA} to {SCHEMA_VERSION}"
            )
        for older in range(version, SCHEMA_VERSION):
            values = _UPGRADES[older](values)
        return _from_dict(cls, {**values, "key": _from_dict(Key, values.get("key"))})


def _to_schema_3(values: dict[str, Any]) -> dict[str, Any]:
    """Add the curves that records have had since."""
    return {**values, "curves": {}, "schema_version": 3}


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {2: _to_schema_3}
"""By version, what makes a record of it one of the next."""


def _is_finite(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # An integer beyond every float.
        return False


def _from_dict(cls: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise InvalidRecord(f"{cls.__name__.lower()} is not an object")
    known = {name for name, *_ in _expected(cls)}
    if values.keys() != known:
        missing, extra = sorted(known - set(values)), sorted(set(values) - known)
        raise InvalidRecord(
            f"{cls.__name__.lower()} lacks {missing or 'nothing'} and has unknown {extra or 'nothing'}"
        )
    return cls(**values)


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "Key": (Key,),
    "float | None": (float, int, type(None)),
}


_FIELDS: dict[type[Any], list[tuple[str, tuple[type, ...], str]]] = {}
"""Name, accepted types and annotation of each field; looked up a hundred thousand times for a leaderboard."""


def _expected(cls: type[Any]) -> list[tuple[str, tuple[type, ...], str]]:
    found = _FIELDS.get(cls)
    if found is None:
        found = []
        for f in fields(cls):
            annotation = str(f.type)
            mapping = (Mapping, type(None)) if annotation.endswith("| None") else (Mapping,)
            found.append((f.name, _TYPES.get(annotation, mapping), annotation))
        _FIELDS[cls] = found
    return found


def _check_types(item: Any) -> None:
    for name, expected, annotation in _expected(type(item)):
        value = getattr(item, name)
        if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
            raise InvalidRecord(
                f"{type(item).__name__.lower()}.{name} is {type(value).__name__}; expected {annotation}"
            )
