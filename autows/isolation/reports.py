"""Reading JSON that somebody else wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from autows.isolation.answers import BadAnswers, open_regular
from autows.isolation.limits import mebibytes

DEPTH = 32
"""How deep values may be nested."""

MAX_BYTES = 8 * 2**20


def read_report(path: Path) -> dict[str, Any]:
    """Read a JSON object that may be meant to do harm.

    Parameters
    ----------
    path : Path
        A file of at most :data:`MAX_BYTES`.

    Returns
    -------
    dict
        Plain values, nested at most :data:`DEPTH` deep, that can be written as JSON in UTF-8 again.

    Raises
    ------
    BadAnswers
        If it is anything else.
    """
    name = path.name
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_BYTES:
            raise BadAnswers(f"{name} has {mebibytes(size)}; expected at most {mebibytes(MAX_BYTES)}")
        content = stream.read(MAX_BYTES + 1)
    try:
        found = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadAnswers(f"{name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadAnswers(f"{name} holds a {type(found).__name__}; expected an object")
    check_plain(found, name)
    return found


def check_plain(value: Any, name: str) -> None:
    """Raise BadAnswers if values are nested too deep or hold text that cannot be written."""
    waiting = [(value, 0)]
    while waiting:
        here, depth = waiting.pop()
        if depth > DEPTH:
            raise BadAnswers(f"{name} is nested more than {DEPTH} deep")
        if isinstance(here, dict):
            waiting += [(item, depth + 1) for pair in here.items() for item in pair]
        elif isinstance(here, list):
            waiting += [(item, depth + 1) for item in here]
        elif isinstance(here, str) and not _writable(here):
            raise BadAnswers(f"{name} holds text that is no valid Unicode")
        elif isinstance(here, float) and here in (float("inf"), float("-inf")):
            raise BadAnswers(f"{name} holds an infinite number")


def _writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")
