"""The manifest of an export: which task, draw and features it holds, and what its files are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from autows.cache import cache_folder
from autows.files import make_folder, write_bytes
from autows.submissions import schema

SCHEMA_VERSION = 1
KIND = "autows-bench export"
NAME = "manifest.json"
HASH_RULE = "the manifest's hash is the SHA-256 of the bytes of this file, in lower-case hexadecimal"
MAX_BYTES = 2**16


@dataclass(frozen=True)
class Manifest:
    """What an export is of. Its field ``files`` names every file but the manifest.

    Parameters
    ----------
    task, task_version, task_variant : str, int, str
    draw, n_labels : int
    representation, representation_version, representation_parameters : str, int, mapping
        Parameters are complete, defaults included.
    zero_shot : str or None
        The model whose zero-shot answers are in the export, as one types it.
    class_embeddings : bool
        Whether text embeddings of the classes are in it.
    n_pool, n_test, n_classes : int
    data_fingerprint : str
        See :func:`autows.task.fingerprint`.
    licence : str
        Of the data, as on the task's card.
    raw_data : str
        ``included``, or why it is not.
    files : mapping of str to mapping
        By name: ``bytes`` and ``sha256``.
    """

    task: str
    task_version: int
    task_variant: str
    draw: int
    n_labels: int
    representation: str
    representation_version: int
    representation_parameters: Mapping[str, Any]
    zero_shot: str | None
    class_embeddings: bool
    n_pool: int
    n_test: int
    n_classes: int
    data_fingerprint: str
    licence: str
    raw_data: str
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hash_rule: str = HASH_RULE
    kind: str = KIND
    schema_version: int = SCHEMA_VERSION

    def __str__(self) -> str:
        return f"{self.task} / {self.representation} / draw {self.draw}"

    @property
    def shows(self) -> frozenset[str]:
        """What the export holds beside features and seeds, in the words of a method's ``needs``."""
        more = {"zero_shot"} if self.zero_shot is not None else set()
        return frozenset({"class_names"} | more | ({"class_embeddings"} if self.class_embeddings else set()))

    def to_bytes(self) -> bytes:
        """Return the content of the manifest's file."""
        return (json.dumps(asdict(self), sort_keys=True, indent=1, allow_nan=False) + "\n").encode()

    @property
    def sha256(self) -> str:
        """The manifest's hash, by :data:`HASH_RULE`; says which export some answers are for."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def _file(value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) != {"bytes", "sha256"}:
        return f"is {schema.shown(value)}; expected bytes and sha256"
    return schema.whole(0)(value["bytes"]) or schema.hexadecimal(64)(value["sha256"])


_CHECKS: dict[str, schema.Check] = {
    "schema_version": schema.one_of(SCHEMA_VERSION),
    "kind": schema.one_of(KIND),
    "hash_rule": schema.one_of(HASH_RULE),
    "task": schema.text(64, 1),
    "task_version": schema.whole(1),
    "task_variant": schema.text(64),
    "draw": schema.whole(0),
    "n_labels": schema.whole(1),
    "representation": schema.text(64, 1),
    "representation_version": schema.whole(1),
    "representation_parameters": schema.mapping(schema.scalar),
    "zero_shot": schema.text(500, 1, optional=True),
    "class_embeddings": schema.one_of(True, False),
    "n_pool": schema.whole(2),
    "n_test": schema.whole(1),
    "n_classes": schema.whole(2),
    "data_fingerprint": schema.hexadecimal(64),
    "licence": schema.text(1000),
    "raw_data": schema.text(1000, 1),
    "files": schema.mapping(_file),
}


def parse(content: bytes, where: object) -> Manifest:
    """Read the content of a manifest.

    Raises
    ------
    InvalidSubmission
        Naming ``where`` and the field that is wrong.
    """
    values = schema.parse_object(content, where)
    schema.check_object(values, _CHECKS, where)
    made = Manifest(**{f.name: values[f.name] for f in fields(Manifest)})
    if made.to_bytes() != content:
        # Its hash is that of its bytes, so the same values written otherwise are another file.
        raise schema.InvalidSubmission(f"{where} was edited or written anew; export the task again")
    return made


def read(folder: Path) -> Manifest:
    """Return the manifest of an export.

    Raises
    ------
    InvalidSubmission
        If there is none in the folder, or it is not valid.
    """
    path = folder / NAME
    return parse(schema.read_file(path, MAX_BYTES), path)


def below(folder: Path) -> list[Manifest]:
    """Return the manifest of a folder, or of all exports that lie in it.

    Raises
    ------
    InvalidSubmission
        If there is none, or one is not valid.
    """
    if (folder / NAME).exists():
        return [read(folder)]
    found = sorted(path.parent for path in folder.glob(f"*/{NAME}"))
    if not found:
        raise schema.InvalidSubmission(
            f"{folder} is no export and holds none: there is no {NAME}. "
            "Make one with: run_bench.py export TASK"
        )
    return [read(path) for path in found]


def _remembered(sha256: str) -> Path:
    return cache_folder() / "exports" / f"{sha256}.json"


def remember(manifest: Manifest) -> None:
    """Keep a copy of a manifest in the cache, so that answers for it need not name the folder."""
    path = _remembered(manifest.sha256)
    make_folder(path.parent, "the cache; AUTOWS_CACHE names another")
    write_bytes(path, manifest.to_bytes())


def recall(sha256: str) -> Manifest | None:
    """Return the manifest with a hash if an export on this machine has it, or None."""
    if schema.hexadecimal(64)(sha256) is not None or not _remembered(sha256).is_file():
        return None
    found = parse(schema.read_file(_remembered(sha256), MAX_BYTES), _remembered(sha256))
    return found if found.sha256 == sha256 else None
