"""Which licences let raw data be passed on."""

from __future__ import annotations

import re

_ALLOWING = (
    ("CC0", r"CC0\b|CC[ -]?Zero\b"),
    # With a version right behind: the NC and ND variants must not pass for it.
    ("CC BY-SA", r"CC[ -]BY[ -]SA[ -]\d"),
    ("CC BY", r"CC[ -]BY[ -]\d"),
    ("MIT", r"MIT\b"),
    ("BSD", r"BSD\b|0BSD\b"),
    ("Apache", r"Apache\b"),
    ("ISC", r"ISC\b"),
    ("public domain", r"public domain\b"),
    ("Open Data Commons", r"Open Data Commons (Attribution|Public Domain)\b|ODC[ -]BY\b|PDDL\b"),
)
"""Names, and how a task's card begins that has data under such a licence."""


def redistributable(licence: str) -> str | None:
    """Return the name of the licence that lets the data be passed on, or None if none is known to.

    Parameters
    ----------
    licence : str
        As on a task's card; what it begins with counts.

    Examples
    --------
    >>> redistributable("CC BY-SA 4.0")
    'CC BY-SA'
    >>> redistributable("CC BY-NC 4.0") is None
    True
    """
    for name, pattern in _ALLOWING:
        if re.match(pattern, licence, re.IGNORECASE):
            return name
    return None
