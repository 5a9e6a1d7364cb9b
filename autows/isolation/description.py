"""What a method's file says of itself, asked without importing it here."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autows.errors import UserError
from autows.isolation.answers import BadAnswers
from autows.isolation.ends import MethodEnded, one_line
from autows.isolation.folders import private_folder
from autows.isolation.launch import Surroundings, carry_out
from autows.isolation.limits import Limits
from autows.method import NEEDS
from autows.method_file import MAX_BYTES, name_mistake
from autows.params import Scalar
from autows.task import MODALITIES
from autows.types import InvalidLabels

_FAMILY = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_MAX_PARAMETERS = 100
_MAX_TEXT = 2_000


@dataclass(frozen=True)
class Description:
    """What a file's method is, as far as the harness needs to know.

    Parameters
    ----------
    name, family : str
        As on the class.
    needs, requirements : frozenset of str
        What the class needs, and what it needs with these parameters.
    modalities : tuple of str
    defaults, parameters : mapping of str to scalar
        The constructor's parameters with their defaults, and with the values in force.
    summary : str
        First line of the class's docstring.
    pretrained_data : str
        What data any pretrained part was trained on, in the author's words; empty if not said.
    code_hash : str
        16 hexadecimal digits over the file's bytes and the name of the class that was asked for.

    Raises
    ------
    BadAnswers
        If a field is not of the form that a method's must have.
    """

    name: str
    family: str = "other"
    needs: frozenset[str] = frozenset()
    requirements: frozenset[str] = frozenset()
    modalities: tuple[str, ...] = ()
    defaults: Mapping[str, Scalar] = field(default_factory=dict)
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    summary: str = ""
    pretrained_data: str = ""
    code_hash: str = ""

    def __post_init__(self) -> None:
        mistake = name_mistake(self.name)
        if mistake is not None:
            raise BadAnswers(f"its name is not one: {mistake}")
        if not isinstance(self.family, str) or not _FAMILY.match(self.family):
            raise BadAnswers("its family is no family; expected a word such as baseline")
        for name, known in (("needs", NEEDS), ("requirements", NEEDS), ("modalities", MODALITIES)):
            if not set(getattr(self, name)) <= set(known):
                raise BadAnswers(f"its {name} are not among {', '.join(sorted(known))}")
        for values in (self.defaults, self.parameters):
            _check_parameters(values)
        if set(self.defaults) != set(self.parameters):
            raise BadAnswers("its parameters are not those that have defaults")
        for name in ("summary", "pretrained_data"):
            text = getattr(self, name)
            if not isinstance(text, str) or text != one_line(text, _MAX_TEXT):
                raise BadAnswers(f"its {name} is no line of text")


def code_hash(source: bytes, class_name: str | None) -> str:
    """Return 16 hexadecimal digits that identify a file's content and which class of it is meant."""
    return hashlib.sha256(source + b"\0" + (class_name or "").encode()).hexdigest()[:16]


def read_source(path: Path) -> bytes:
    """Return the content of a method's file.

    Raises
    ------
    UserError
        If it is not there, cannot be read, is no Python file or is too large.
    """
    if path.suffix != ".py" or path.is_dir():
        raise UserError(f"{path} is not a Python file; expected FILE.py or FILE.py:Class")
    try:
        with path.open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UserError(f"There is no file {path}") from None
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}") from error
    if len(source) > MAX_BYTES:
        raise UserError(f"{path} has more than {MAX_BYTES} bytes (1 MiB), the most a method's file may have")
    return source


def describe(
    path: Path,
    class_name: str | None,
    limits: Limits,
    sandboxed: bool,
    parameters: Mapping[str, Scalar] | None = None,
    hidden: tuple[str, ...] = (),
) -> Description:
    """Ask a method's file what it is, in isolation: it is not imported in this process.

    Parameters
    ----------
    path : Path
        The file.
    class_name : str or None
        Which class; may be None where there is one method.
    limits : Limits
    sandboxed : bool
        Whether to use bubblewrap (see :func:`autows.isolation.sandbox.unavailable`).
    parameters : mapping of str to scalar, optional
        Those that differ from the defaults.
    hidden : tuple of str
        Further paths not to be seen.

    Raises
    ------
    UserError
        One line, whatever is wrong with the file or a parameter.
    """
    source = read_source(path)
    around = Surroundings(limits, sandboxed, hidden)
    with private_folder() as folder:
        try:
            report, _ = carry_out(
                folder,
                around,
                path.name,
                source,
                mode="describe",
                class_name=class_name,
                parameters=dict(parameters or {}),
            )
            return _description(report, code_hash(source, class_name))
        except (MethodEnded, BadAnswers, InvalidLabels) as error:
            raise UserError(f"{path.name}: {error}") from error


def _description(report: Mapping[str, Any], digest: str) -> Description:
    """Build a description from values of any kind."""
    lists = {name: report.get(name) for name in ("needs", "requirements", "modalities")}
    for name, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise BadAnswers(f"its {name} are no list of words")
    mappings = {name: report.get(name) for name in ("defaults", "parameters")}
    for name, value in mappings.items():
        if not isinstance(value, dict):
            raise BadAnswers(f"its {name} are not by name")
    texts = {name: report.get(name) for name in ("name", "family", "summary", "pretrained_data")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise BadAnswers(f"its {name} is no text")
    return Description(
        name=str(texts["name"]),
        family=str(texts["family"]),
        needs=frozenset(lists["needs"] or ()),
        requirements=frozenset(lists["requirements"] or ()),
        modalities=tuple(lists["modalities"] or ()),
        defaults=mappings["defaults"] or {},
        parameters=mappings["parameters"] or {},
        summary=one_line(str(texts["summary"]), _MAX_TEXT),
        pretrained_data=one_line(str(texts["pretrained_data"]), _MAX_TEXT),
        code_hash=digest,
    )


def _check_parameters(values: Mapping[str, Any]) -> None:
    if len(values) > _MAX_PARAMETERS:
        raise BadAnswers(f"it has {len(values)} parameters; expected at most {_MAX_PARAMETERS}")
    for key, value in values.items():
        if not isinstance(key, str) or not _PARAMETER.match(key):
            raise BadAnswers("a parameter's name is no identifier")
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise BadAnswers(f"parameter {key} is a {type(value).__name__}; expected text, a number, or none")
        if isinstance(value, str) and value != one_line(value, _MAX_TEXT):
            raise BadAnswers(f"parameter {key} is no line of text")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadAnswers(f"parameter {key} is not finite")
