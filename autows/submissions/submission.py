"""What a submission says of itself: ``submission.json``, the first file of its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from autows.submissions import schema

SCHEMA_VERSION = 1
NAME = "submission.json"
SOURCE = "method.py"
"""The method's file in the folder of a submission of kind ``method``."""
RECORDS = "records"
MAX_BYTES = 2**16
KINDS = ("method", "predictions")
CONTROLS = ("permuted_labels", "row_order")
"""Checks of :mod:`autows.checks` that a method must not fail to be on the leaderboard."""
NEEDS = ("class_embeddings", "class_names", "zero_shot")
MAX_SUMMARY, MAX_AUTHOR, MAX_PRETRAINED = 300, 100, 500

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")


def name_mistake(name: object) -> str | None:
    """Say what keeps ``name`` from being a submission's name, or return None if nothing does.

    Examples
    --------
    >>> name_mistake("nearest-mean") is None
    True
    >>> print(name_mistake("../x"))
    is '../x'; expected 1 to 40 of a-z, 0-9, _ and -, the first a letter or digit
    """
    if isinstance(name, str) and _NAME.match(name):
        return None
    return f"is {schema.shown(name)}; expected 1 to 40 of a-z, 0-9, _ and -, the first a letter or digit"


@dataclass(frozen=True)
class Submission:
    """What is known of a submission beside its records.

    Parameters
    ----------
    name : str
        What it is called on the leaderboard; its records have it as their method.
    kind : str
        ``method`` (its source is in the folder) or ``predictions`` (answers that were scored).
    author, link : str or None
    summary, family : str
        One line, and what kind of method it is.
    needs : tuple of str
        What it uses beside features and seeds; see :data:`NEEDS`.
    modalities : tuple of str
        What it works on; empty means any.
    parameters : mapping
        Complete, defaults included.
    pretrained_data : str
        On what the author says the method or its parts were trained before; empty for nothing.
    class_name : str or None
        The method's class in the source, where it was named; part of the identity of its runs.
    source_sha256 : str
        Of the source file, or of the answers.
    suite : str or None
        Whose cells were run; None for others.
    tasks, representations : tuple of str
        As one types them.
    draws : tuple of int
    n_labels : int
    zero_shot : str
        As given to ``--zero-shot``.
    project_version, commit, python, packages, hardware
        What the runs were made with; the commit is None outside a checkout.
    sandbox : str
        What kept the method's code in its place while it ran; ``none`` for predictions.
    created_at : str
        UTC, ISO 8601.
    negative_controls : mapping
        What came of each of :data:`CONTROLS`: ``passed``, or ``not applicable: `` and why. Empty for
        predictions, which cannot be checked so, and until the controls are made.
    """

    name: str
    kind: str
    author: str | None
    link: str | None
    summary: str
    family: str
    needs: tuple[str, ...]
    modalities: tuple[str, ...]
    parameters: Mapping[str, Any]
    pretrained_data: str
    class_name: str | None
    source_sha256: str
    suite: str | None
    tasks: tuple[str, ...]
    representations: tuple[str, ...]
    draws: tuple[int, ...]
    n_labels: int
    zero_shot: str
    project_version: str
    commit: str | None
    python: str
    packages: Mapping[str, str]
    hardware: Mapping[str, Any]
    sandbox: str
    created_at: str
    negative_controls: Mapping[str, str] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        check(self.to_json(), f"submission '{schema.shown(self.name)}'")

    def about(self) -> dict[str, Any]:
        """Return what a leaderboard shows beside the submission's rows."""
        shown = ("name", "kind", "author", "link", "summary", "pretrained_data", "sandbox", "created_at")
        return {name: getattr(self, name) for name in shown}

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def to_bytes(self) -> bytes:
        """Return the content of ``submission.json``."""
        return (json.dumps(self.to_json(), sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def _family(value: Any) -> str | None:
    if value == "control":
        return "is 'control', which only this project's own yardsticks are; choose another, such as 'other'"
    return schema.text(40, 1)(value)


def _class_name(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value.isidentifier() and len(value) <= 100):
        return None
    return f"is {schema.shown(value)}; expected the name of a class"


def _controls(value: Any) -> str | None:
    mistake = schema.mapping(schema.text(300, 1))(value)
    if mistake is not None:
        return mistake
    for name, said in value.items():
        if name not in CONTROLS:
            return f"has {schema.shown(name)}; expected {' and '.join(CONTROLS)}"
        if said != "passed" and not said.startswith("not applicable: "):
            return f"has {name}, which is {schema.shown(said)}; expected 'passed' or 'not applicable: ...'"
    return None


_CHECKS: dict[str, schema.Check] = {
    "schema_version": schema.one_of(SCHEMA_VERSION),
    "name": name_mistake,
    "kind": schema.one_of(*KINDS),
    "author": schema.text(MAX_AUTHOR, 1, optional=True),
    "link": schema.link,
    "summary": schema.text(MAX_SUMMARY),
    "family": _family,
    "needs": schema.many(schema.one_of(*NEEDS)),
    "modalities": schema.many(schema.text(20, 1)),
    "parameters": schema.mapping(schema.scalar),
    "pretrained_data": schema.text(MAX_PRETRAINED),
    "class_name": _class_name,
    "source_sha256": schema.hexadecimal(64),
    "suite": schema.text(64, 1, optional=True),
    "tasks": schema.many(schema.text(100, 1), 1),
    "representations": schema.many(schema.text(300, 1), 1),
    "draws": schema.many(schema.whole(0, 10_000), 1),
    "n_labels": schema.whole(1),
    "zero_shot": schema.text(500, 1),
    "project_version": schema.text(40, 1),
    "commit": schema.hexadecimal(40, optional=True),
    "python": schema.text(40, 1),
    "packages": schema.mapping(schema.text(80)),
    "hardware": schema.mapping(schema.scalar),
    "sandbox": schema.text(200, 1),
    "created_at": schema.moment,
    "negative_controls": _controls,
}


def check(values: Mapping[str, Any], where: object) -> None:
    """Make sure that an object is a submission.

    Raises
    ------
    InvalidSubmission
        Naming ``where`` and the field that is wrong.
    """
    schema.check_object(values, _CHECKS, where)
    if values["kind"] == "predictions" and values["class_name"] is not None:
        raise schema.InvalidSubmission(f"{where}: class_name is there, and predictions have no class")
    if values["kind"] == "predictions" and values["negative_controls"]:
        raise schema.InvalidSubmission(
            f"{where}: negative_controls is there, and predictions cannot be checked so"
        )


def read(folder: Path) -> Submission:
    """Return what the submission in a folder says of itself.

    Nothing of the submission is executed, and no link is followed.

    Raises
    ------
    InvalidSubmission
        Naming the file, and the field that is wrong.
    """
    path = folder / NAME
    values = schema.parse_object(schema.read_file(path, MAX_BYTES), path)
    if "negative_controls" not in values and "source_sha256" in values:
        raise schema.InvalidSubmission(
            f"{path}: negative_controls is missing, as in submissions made before there were any; remove the "
            "folder and submit again"
        )
    check(values, path)
    missing = [name for name in CONTROLS if name not in values["negative_controls"]]
    if values["kind"] == "method" and missing:
        raise schema.InvalidSubmission(f"{path}: negative_controls has no {missing[0]}; submit again")
    known: dict[str, Any] = {f.name: values[f.name] for f in fields(Submission)}
    known.update({name: tuple(value) for name, value in known.items() if isinstance(value, list)})
    return Submission(**known)
