"""Reading JSON that somebody else wrote: bounded, and every mistake named with its file and field."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from autows.errors import UserError

Check = Callable[[Any], str | None]
"""Says what is wrong with a value, or None if nothing is."""

MAX_LINK = 200

CLOCKS = timedelta(days=1)
"""By how much the clocks of two machines may differ."""

_HEXADECIMAL = re.compile(r"[0-9a-f]+\Z")


class InvalidSubmission(UserError):
    """A file that was handed in is not what it has to be; the message names the file and the field."""


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a plain file of at most ``limit`` bytes.

    Raises
    ------
    InvalidSubmission
        If it is not there, a link, no plain file, or larger.
    """
    try:
        if path.is_symlink() or not path.is_file():
            there = path.is_symlink() or path.exists()
            problem = "is a link or no plain file; expected a plain file" if there else "is missing"
            if path.is_dir() and not path.is_symlink():
                problem = "is a folder that cannot be read, or that lies too deep; expected a plain file"
            raise InvalidSubmission(f"{path} {problem}")
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise InvalidSubmission(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > limit:
        raise InvalidSubmission(f"{path} has more than the {limit} bytes that are allowed")
    return content


def parse_object(content: bytes, where: object) -> dict[str, Any]:
    """Return a JSON object, keys once each and numbers finite.

    Raises
    ------
    InvalidSubmission
        If the content is anything else, nested too deeply included.
    """

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no number")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key is there twice")
        return found

    try:
        values = json.loads(content.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        raise InvalidSubmission(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise InvalidSubmission(f"{where} is not JSON: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InvalidSubmission(f"{where} holds a {type(values).__name__}; expected an object")
    return values


def check_object(values: Mapping[str, Any], checks: Mapping[str, Check], where: object) -> None:
    """Make sure that an object has exactly the fields it should have, each as its check wants it.

    Raises
    ------
    InvalidSubmission
        Naming ``where`` and the field.
    """
    for name in sorted(set(checks) - set(values)):
        raise InvalidSubmission(f"{where}: {name} is missing")
    for name in sorted(set(values) - set(checks)):
        raise InvalidSubmission(f"{where}: unknown field {shown(name)}")
    for name, check in checks.items():
        mistake = check(values[name])
        if mistake is not None:
            raise InvalidSubmission(f"{where}: {name} {mistake}")


def shown(value: Any, limit: int = 60) -> str:
    """Return a value for a message: on one line, without control characters, cut to ``limit``."""
    text = ascii(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def text(limit: int, least: int = 0, optional: bool = False) -> Check:
    r"""Return a check for one line of ``least`` to ``limit`` characters, none of them a control character.

    Examples
    --------
    >>> text(10)("two\nlines")
    'holds a control character, U+000A'
    """

    def check(value: Any) -> str | None:
        if value is None and optional:
            return None
        if not isinstance(value, str):
            return f"is {shown(value)}; expected text"
        if not least <= len(value) <= limit:
            return f"has {len(value)} characters; expected {least} to {limit}"
        # Cc, Cf (which reorders text), Cs, Co, Cn, and what separates lines and paragraphs.
        for character in value:
            category = unicodedata.category(character)
            if category.startswith("C") or category in ("Zl", "Zp"):
                return f"holds a control character, U+{ord(character):04X}"
        return None

    return check


def link(value: Any) -> str | None:
    """Check an optional http(s) address.

    Examples
    --------
    >>> link("https://example.org/paper") is None
    True
    >>> link("javascript:alert(1)")
    "is 'javascript:alert(1)'; expected an address that begins with https:// or http://"
    """
    if value is None:
        return None
    mistake = text(MAX_LINK, 1)(value)
    if mistake is not None:
        return mistake
    try:
        parts = urlsplit(value)
        host = parts.hostname
        known = parts.scheme in ("http", "https") and value.lower().startswith(f"{parts.scheme}://")
    except ValueError:
        known, host = False, None
    if not known or not host:
        return f"is {shown(value)}; expected an address that begins with https:// or http://"
    if re.search(r"""[\s"'<>\\`]""", value) or parts.username is not None:
        return f"is {shown(value)}; expected an address without spaces, quotes, angles and user names"
    return None


def one_of(*known: Any) -> Check:
    """Return a check for one of some values of the same type."""

    def check(value: Any) -> str | None:
        if any(type(value) is type(k) and value == k for k in known):
            return None
        return f"is {shown(value)}; expected {' or '.join(repr(k) for k in known)}"

    return check


def whole(least: int, most: int = 2**53) -> Check:
    """Return a check for an integer within bounds."""

    def check(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return None
        return f"is {shown(value)}; expected a whole number of at least {least}"

    return check


def moment(value: Any) -> str | None:
    """Check a moment in ISO 8601 that is not to come; one without a time zone is in UTC.

    Examples
    --------
    >>> moment("2026-01-31T12:00:00+00:00") is None
    True
    >>> moment("9999-12-31T00:00:00+00:00")
    "is '9999-12-31T00:00:00+00:00', which is still to come"
    """
    mistake = text(40, 1)(value)
    if mistake is not None:
        return mistake
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return f"is {shown(value)}; expected a moment such as 2026-01-31T12:00:00+00:00"
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    if when > datetime.now(UTC) + CLOCKS:
        return f"is {shown(value)}, which is still to come"
    return None


def hexadecimal(digits: int, optional: bool = False) -> Check:
    """Return a check for so many lower-case hexadecimal digits."""

    def check(value: Any) -> str | None:
        if value is None and optional:
            return None
        if isinstance(value, str) and len(value) == digits and _HEXADECIMAL.match(value):
            return None
        return f"is {shown(value)}; expected {digits} hexadecimal digits"

    return check


def many(each: Check, least: int = 0, most: int = 1000) -> Check:
    """Return a check for a list of ``least`` to ``most`` different values."""

    def check(value: Any) -> str | None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return f"is {shown(value)}; expected a list of {least} to {most}"
        for item in value:
            mistake = each(item)
            if mistake is not None:
                return f"has an item that {mistake}"
        if len({shown(item, 10_000) for item in value}) < len(value):
            return "has an item twice"
        return None

    return check


def mapping(each: Check, most: int = 100) -> Check:
    """Return a check for an object of at most ``most`` values under names of at most 80 characters."""
    name = text(80, 1)

    def check(value: Any) -> str | None:
        if not isinstance(value, dict) or len(value) > most:
            return f"is {shown(value)}; expected an object of at most {most} values"
        for key, item in value.items():
            mistake = name(key) or each(item)
            if mistake is not None:
                return f"has {shown(key)}, which {mistake}"
        return None

    return check


def scalar(value: Any) -> str | None:
    """Check a parameter: short text, a number, true, false or null."""
    if isinstance(value, str):
        return text(1000)(value)
    return (
        None
        if isinstance(value, (int, float, bool, type(None)))
        else f"is {shown(value)}; expected one value"
    )
