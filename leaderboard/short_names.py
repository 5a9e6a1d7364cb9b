"""Names where there is little room."""

from __future__ import annotations

from collections.abc import Iterable


def short(names: Iterable[str], limit: int) -> dict[str, str]:
    """Return each name, or its two ends around an ellipsis where it is longer than ``limit``.

    Two names that would look the same get a number.

    Examples
    --------
    >>> short(["iws", "snuba[cardinality=2,label_model=metal]"], 24)["snuba[cardinality=2,label_model=metal]"]
    'snuba[cardi…model=metal]'
    """
    found: dict[str, str] = {}
    for name in names:
        if name in found:
            continue
        shown = _elide(name, limit)
        number = 2
        while shown in found.values():
            tail = f"~{number}"
            shown = _elide(name, limit - len(tail)) + tail
            number += 1
        found[name] = shown
    return found


def _elide(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    tail = (limit - 1) // 2 + 1
    return f"{name[: limit - 1 - tail]}…{name[-tail:]}"
