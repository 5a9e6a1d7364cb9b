"""How values stand on the page: numbers, names that may break, links that may be followed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from leaderboard.plots.words import MINUS, counted, listed, of_tasks, signed
from leaderboard.plots.words import seconds as duration
from leaderboard.pools import POOL_TITLES

T = TypeVar("T")


DASH = "\N{EN DASH}"
"""Stands where there is no value."""


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction in per cent without the sign, as columns have it; a dash where there is none.

    Examples
    --------
    >>> percent(0.8125), percent(None) == DASH
    ('81.2', True)
    """
    return DASH if value is None else f"{100 * value:.{digits}f}"


def spread(mean: float | None, low: float | None, high: float | None) -> str:
    """Return an interval as it stands after its mean: a half-width, or both ends where it was cut off.

    Examples
    --------
    >>> spread(0.9, 0.88, 0.92), spread(0.99, 0.96, 1.0), spread(0.9, None, None)
    ('± 2.0', '(96.0 to 100.0)', '')
    """
    if mean is None or low is None or high is None:
        return ""
    if abs((high - mean) - (mean - low)) > 0.0005:
        return f"({percent(low)} to {percent(high)})"
    return f"± {100 * (high - low) / 2:.1f}"


def typeset(text: str) -> str:
    """Return a sentence with true minus signs before numbers.

    Examples
    --------
    >>> typeset("-4.1 to +6.1, 10-fold") == f"{MINUS}4.1 to +6.1, 10-fold"
    True
    """
    return re.sub(r"(?<![\w-])-(?=\d)", MINUS, text)


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with a true minus sign; a dash where there is none.

    Examples
    --------
    >>> number(-0.5) == MINUS + "0.50", number(3.14159, 3)
    (True, '3.142')
    """
    return DASH if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def seconds(value: float | None) -> str:
    """Return a duration, or a dash."""
    return DASH if value is None else duration(value)


def p_value(value: float | None) -> str:
    """Return a p-value as papers print it.

    Examples
    --------
    >>> p_value(0.00001), p_value(0.0432)
    ('< 0.001', '0.043')
    """
    return DASH if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def soft(name: str) -> Markup:
    """Return an escaped name that may break after an underscore, a comma or a bracket.

    Examples
    --------
    >>> soft("label_spreading")
    Markup('label_<wbr>spreading')
    """
    return Markup(re.sub(r"([_,\[\]=+/])(?=.)", r"\1<wbr>", str(escape(name))))


def link(address: Any) -> str | None:
    """Return an address that is safe to link to, or None.

    Examples
    --------
    >>> link("https://example.org/paper"), link("javascript:alert(1)"), link(" https://example.org")
    ('https://example.org/paper', None, None)
    """
    if not isinstance(address, str) or re.search(r"[\s\x00-\x1f\x7f\\]", address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.netloc else None


def anchor(*names: Any) -> str:
    """Return an id for a section: letters, digits and hyphens; different names have different ids.

    Examples
    --------
    >>> anchor("task", "breast_cancer"), anchor("task", "a b") != anchor("task", "a-b")
    ('task-breast_cancer', True)
    """
    text = "-".join(str(name) for name in names)
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f".{ord(found[0]):x}", text)


def setting(value: Any) -> str:
    """Return the value of a parameter as the command line has it.

    Examples
    --------
    >>> setting(True), setting("metal"), setting(None)
    ('true', 'metal', 'null')
    """
    return value if isinstance(value, str) else json.dumps(value)


def in_sight(items: Sequence[T], distance: Callable[[T], float], times: float, at_least: float) -> list[T]:
    """Return the items that an axis is made for: one far off must not press the others together.

    Parameters
    ----------
    items : sequence
        Not empty.
    distance : callable
        Of an item from where the axis starts.
    times : float
        An item at so many median distances is not too far.
    at_least : float
        Nor is one at this distance.

    Examples
    --------
    >>> in_sight([0.0, 0.1, 0.2, 0.3, 5.0], float, times=4, at_least=0.5)
    [0.0, 0.1, 0.2, 0.3]
    """
    distances = sorted(distance(item) for item in items)
    limit = max(times * distances[len(distances) // 2], at_least)
    return [item for item in items if distance(item) <= limit] or list(items)


def count(value: float) -> str:
    """Return a whole number with a comma every three digits."""
    return f"{value:,}"


FILTERS = {
    "percent": percent,
    "spread": spread,
    "typeset": typeset,
    "of_tasks": of_tasks,
    "number": number,
    "seconds": seconds,
    "p_value": p_value,
    "signed": signed,
    "setting": setting,
    "soft": soft,
    "safe_link": link,
    "counted": counted,
    "listed": listed,
    "count": count,
    "pool": lambda name: POOL_TITLES.get(name, name),
}
"""What templates may call."""
