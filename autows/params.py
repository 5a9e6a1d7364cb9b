"""Parameters as data: objects that know their own settings, and the ``name[key=value,...]`` notation.

Methods, representations and label models share this. The notation is what people type after
``--methods``; the full dictionary of parameters, defaults included, is what identifies a run.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from autows.errors import UserError, unknown_name

Scalar = str | int | float | bool | None

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "none": None}


class Configurable:
    """Something with a name whose constructor keyword arguments are its whole configuration.

    The constructor stores every argument under its own name and does nothing else, so that
    :meth:`get_params` can read them back.
    """

    name: ClassVar[str] = ""

    @classmethod
    def default_params(cls) -> dict[str, Scalar]:
        """Return the constructor's parameters with their defaults, in order of declaration."""
        if cls.__init__ is object.__init__:
            return {}
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        loose = [p.name for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        required = [p.name for p in parameters if p.default is p.empty and p.name not in loose]
        if loose or required:
            raise TypeError(
                f"{cls.__name__}.__init__ must take named parameters with defaults; "
                f"these are not: {', '.join(loose + required)}"
            )
        return {p.name: p.default for p in parameters}

    def get_params(self) -> dict[str, Scalar]:
        """Return every parameter with its present value; only JSON scalars are allowed."""
        values = {key: getattr(self, key) for key in self.default_params()}
        for key, value in values.items():
            if not isinstance(value, (str, int, float, bool, type(None))):
                raise TypeError(
                    f"{type(self).__name__}.{key} is a {type(value).__name__}; parameters are "
                    "strings, numbers, booleans or None, so that a run can be identified by them"
                )
            if isinstance(value, float) and not math.isfinite(value):
                raise UserError(f"{self.name}: {key} is {value}; expected a finite number")
        return values

    def validate(self) -> None:
        """Raise ValueError if a parameter is out of range; by default nothing is checked.

        Called when the object is created by name, so that a mistake is told before anything runs, and
        again where the parameters are used.
        """

    def require_positive(self, *names: str) -> None:
        """Raise ValueError unless these parameters (by default all) are integers of at least 1."""
        for name, value in self.get_params().items():
            if (not names or name in names) and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{self.name}: {name} is {value}; expected at least 1")

    @property
    def spec(self) -> str:
        """The object as one would type it: its name and the parameters that differ from the defaults."""
        defaults = self.default_params()
        changed = {k: v for k, v in self.get_params().items() if v != defaults[k]}
        return format_spec(self.name, changed)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.spec}>"

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Return what ``list`` shows: name, first line of the docstring, parameters; as JSON values."""
        summary = (inspect.getdoc(cls) or "").partition("\n")[0]
        return {"name": cls.name, "summary": summary, "parameters": cls.default_params()}


def split_specs(text: str) -> list[str]:
    """Split a comma-separated list, leaving commas inside square brackets alone.

    Examples
    --------
    >>> split_specs("snuba[n_iterations=5,label_model=dawid_skene], label_spreading")
    ['snuba[n_iterations=5,label_model=dawid_skene]', 'label_spreading']
    """
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if depth < 0:
            break
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    if depth != 0:
        raise UserError(f"Unbalanced square brackets in '{text}'; write name[key=value,key=value]")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def parse_spec(text: str) -> tuple[str, dict[str, Scalar]]:
    """Read ``name`` or ``name[key=value,...]``.

    Values are integers, floats, ``true``, ``false``, ``none``, or else strings; a value may itself
    be such a notation (``snuba[label_model=dawid_skene[smoothing=2]]``) and is then kept as a string.

    Raises
    ------
    UserError
        If the text is not of that form.

    Examples
    --------
    >>> parse_spec("pca[n_components=50]")
    ('pca', {'n_components': 50})
    """
    text = text.strip()
    name, bracket, rest = text.partition("[")
    if not _NAME.match(name) or (bracket and not rest.endswith("]")):
        raise UserError(f"Cannot read '{text}'; write name or name[key=value,key=value]")
    params: dict[str, Scalar] = {}
    for item in split_specs(rest[:-1]) if bracket else []:
        key, equals, value = (piece.strip() for piece in item.partition("="))
        if not equals or not _NAME.match(key) or not value:
            raise UserError(f"Cannot read '{item}' in '{text}'; write key=value")
        if key in params:
            raise UserError(f"'{key}' is given twice in '{text}'")
        params[key] = parse_value(value)
    return name, params


def format_spec(name: str, params: Mapping[str, Scalar]) -> str:
    """Write a name and parameters in the notation :func:`parse_spec` reads, keys sorted.

    Examples
    --------
    >>> format_spec("snuba", {"n_iterations": 5})
    'snuba[n_iterations=5]'
    """
    if not params:
        return name
    return f"{name}[{','.join(f'{key}={_format_value(params[key])}' for key in sorted(params))}]"


def build(cls: type[Any], kind: str, params: Mapping[str, Scalar]) -> Any:
    """Construct ``cls`` from parameters a user typed, checking their names and their types.

    Raises
    ------
    UserError
        If a parameter does not exist, or its type is not that of the default value.
    """
    defaults = cls.default_params()
    clean: dict[str, Scalar] = {}
    for key, value in params.items():
        if key not in defaults:
            if not defaults:
                raise UserError(f"{kind.capitalize()} '{cls.name}' takes no parameters; got '{key}'")
            see = f"its parameters are {', '.join(defaults)}"
            raise unknown_name(f"{cls.name} parameter", key, defaults, see)
        clean[key] = _conform(value, defaults[key], f"{key} of {kind} '{cls.name}'")
    return cls(**clean)


def _conform(value: Scalar, default: Scalar, what: str) -> Scalar:
    if default is None or value is None:
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, str) and isinstance(value, (int, float, bool)):
        return _format_value(value)
    if type(value) is not type(default):
        raise UserError(f"{what} is {value!r}; expected a value like the default, {_format_value(default)}")
    return value


def parse_value(text: str) -> Scalar:
    """Read a value as one types it: an integer, a float, ``true``, ``false``, ``none``, or else a string."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if not math.isfinite(value):
            raise UserError(f"'{text}' is not a finite number")
        return value
    return text


def _format_value(value: Scalar) -> str:
    for word, meaning in _WORDS.items():
        if value is meaning:
            return word
    return repr(value) if isinstance(value, float) else str(value)
