"""What stands in a cell of a table, as words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard.comparison_text import points


def percent(value: float | None) -> str:
    """Return a share in per cent with one digit, or nothing.

    Examples
    --------
    >>> percent(0.98765), percent(None)
    ('98.8', '')
    """
    return "" if value is None else f"{100 * value:.1f}"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with so many digits, or nothing.

    Examples
    --------
    >>> number(0.125), number(-0.001), number(None)
    ('0.12', '0.00', '')
    """
    return "" if value is None else f"{round(value, digits) or 0.0:.{digits}f}"


def with_half_width(row: Mapping[str, Any], name: str, sign: bool = False) -> str:
    """Return a mean and the half-width of its interval in per cent, or nothing.

    Where the interval ends at what a mean can be, its ends stand there: a half-width would go beyond.

    Parameters
    ----------
    row : mapping
        With ``name``, ``name_low`` and ``name_high``, the latter None where there is no interval.
    name : str
    sign : bool, default False
        Whether a number above zero has one, too.

    Examples
    --------
    >>> with_half_width({"step": 0.1, "step_low": -0.05, "step_high": 0.25}, "step", sign=True)
    '+10.0 ± 15.0'
    >>> with_half_width({"accuracy": 0.9, "accuracy_low": 0.7, "accuracy_high": 1.0}, "accuracy")
    '90.0 (70.0 to 100)'
    """
    mean, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if mean is None:
        return ""
    if low is None:
        return points(mean, sign)
    # Records have six digits.
    if abs((high - mean) - (mean - low)) > 5e-6:
        return f"{points(mean, sign)} ({ends(low, high, sign)})"
    return f"{points(mean, sign)} ± {100 * (high - mean):.1f}"


def ends(low: float | None, high: float | None, sign: bool = True) -> str:
    """Return the two ends of an interval in per cent, or nothing.

    Examples
    --------
    >>> ends(-1.0, 0.123), ends(0.0, 0.25, sign=False), ends(None, None)
    ('-100 to +12.3', '0 to 25.0', '')
    """
    if low is None or high is None:
        return ""
    return " to ".join(points(x, sign).removesuffix(".0" if x in (-1, 0, 1) else "") for x in (low, high))


def accuracy(row: Mapping[str, Any]) -> str:
    """Return mean accuracy and the half-width of its interval, or why there is none."""
    return with_half_width(row, "accuracy") if row["n_draws"] else why_not(row)


def why_not(row: Mapping[str, Any]) -> str:
    """Return the status of a row without a result."""
    return next(status for status in ("failed", "timeout", "skipped") if row[f"n_{status}"])


def method(row: Mapping[str, Any]) -> str:
    """Return a row's method, with the foundation model that answered zero-shot in brackets."""
    return row["method"] if row["zero_shot"] is None else f"{row['method']} ({row['zero_shot']})"


def worth(row: Mapping[str, Any]) -> str:
    """Return how many labels an accuracy is worth with the interval, or nothing.

    Examples
    --------
    >>> worth({"worth_labels": 131.4, "worth_note": None, "worth_interval": "87 to >1000"})
    '131 (87 to >1000)'
    >>> worth({"worth_labels": None, "worth_note": ">1000", "worth_interval": None})
    '>1000'
    """
    number = row["worth_note"] or ("" if row["worth_labels"] is None else f"{row['worth_labels']:.0f}")
    return f"{number} ({row['worth_interval']})" if row["worth_interval"] else number


def verdict(one: Mapping[str, Any]) -> str:
    """Return what a comparison found: over tasks, or if that is open, on these tasks.

    Examples
    --------
    >>> verdict({"verdict": "open", "here_verdict": "better", "low": -0.1, "here_low": 0.1, "n_tasks": 2})
    'better here'
    """
    if one["verdict"] != "open":
        return str(one["verdict"])
    if one["n_tasks"] > 1 and one["here_verdict"] != "open":
        return f"{one['here_verdict']} here"
    return "" if one["low"] is None and one["here_low"] is None else "open"


def draws(row: Mapping[str, Any]) -> str:
    """Return how many draws have a result, and of how many if not all."""
    total = row["n_draws"] + row["n_failed"] + row["n_timeout"] + row["n_skipped"]
    return f"{row['n_draws']}" if row["n_draws"] == total else f"{row['n_draws']} of {total}"


def fewer_draws(n_draws: int, most: int) -> str:
    """Return what is added to a number of fewer draws than others beside it.

    Examples
    --------
    >>> fewer_draws(3, 3), fewer_draws(1, 3)
    ('', ' (1 draw)')
    """
    return "" if n_draws == most else f" ({n_draws} draw{'' if n_draws == 1 else 's'})"


def tied_with_best(row: Mapping[str, Any]) -> bool:
    """Return whether a row is not told from the best one of its task and features, and is not it."""
    return row["tie_group"] == 1 and not row["best"]
