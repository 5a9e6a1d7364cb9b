"""Numbers and lists as a reader sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction in per cent.

    Examples
    --------
    >>> percent(0.8125), percent(None)
    ('81.2 %', 'unknown')
    """
    return "unknown" if value is None else f"{100 * value:.{digits}f} %"


def signed(value: float, digits: int = 1) -> str:
    """Return a difference of fractions in percentage points, with its sign.

    Examples
    --------
    >>> signed(0.031), signed(-0.2) == f"{MINUS}20.0", signed(0.0001)
    ('+3.1', True, '0.0')
    """
    text = f"{100 * value:+.{digits}f}"
    if float(text) == 0:
        return text[1:]
    return text.replace("-", MINUS)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of differences in percentage points, empty where there is none.

    Examples
    --------
    >>> interval(0.011, 0.05), interval(None, None)
    ('[+1.1, +5.0]', '')
    """
    return "" if low is None or high is None else f"[{signed(low)}, {signed(high)}]"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return names as in a sentence, the first few of many.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=1)
    ('a, b and c', 'a and 2 more')
    """
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


def counted(number: int, noun: str) -> str:
    """Return a number and its noun.

    Examples
    --------
    >>> counted(1, "task"), counted(3, "draw")
    ('1 task', '3 draws')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def of_tasks(comparison: Mapping[str, Any]) -> str:
    """Return on how many tasks two methods met, and of how many where some are missing.

    Examples
    --------
    >>> of_tasks({"n_tasks": 4, "n_tasks_expected": 4}), of_tasks({"n_tasks": 2, "n_tasks_expected": 4})
    ('4', '2 of 4')
    """
    met, expected = comparison["n_tasks"], comparison["n_tasks_expected"]
    return f"{met}" if met >= expected else f"{met} of {expected}"


def seconds(value: float) -> str:
    """Return a duration.

    Examples
    --------
    >>> seconds(0.0123), seconds(3.21), seconds(512.3), seconds(7260)
    ('0.012 s', '3.2 s', '512 s', '2.0 h')
    """
    if value >= 3600:
        return f"{value / 3600:.1f} h"
    if value >= 100:
        return f"{value:.0f} s"
    return f"{value:.2g} s"
