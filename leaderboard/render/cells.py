"""What stands in a cell of a table, as words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def percent(value: float | None) -> str:
    """Return a share in per cent with one digit, or nothing.

    Examples
    --------
    >>> percent(0.98765), percent(None)
    ('98.8', '')
    """
    return "" if value is None else f"{100 * value:.1f}"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with so many digits, or nothing."""
    return "" if value is None else f"{value:.{digits}f}"


def with_half_width(row: Mapping[str, Any], name: str, sign: str = "") -> str:
    """Return a mean and the half-width of its interval in per cent, or nothing.

    The half-width is that of Student's t; where the interval is cut off the wider side is it.

    Parameters
    ----------
    row : mapping
        With ``name``, ``name_low`` and ``name_high``, the latter None where there is no interval.
    name : str
    sign : str, default ""
        ``+`` to show that of a number above zero, too.

    Examples
    --------
    >>> with_half_width({"step": 0.1, "step_low": -0.05, "step_high": 0.25}, "step", "+")
    '+10.0 ± 15.0'
    """
    mean, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if mean is None:
        return ""
    half = "" if low is None else f" ± {100 * max(high - mean, mean - low):.1f}"
    return f"{100 * mean:{sign}.1f}{half}"


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
    """Return how many labels an accuracy is worth, or nothing.

    Examples
    --------
    >>> worth({"worth_labels": 131.4, "worth_note": None})
    '131'
    >>> worth({"worth_labels": None, "worth_note": ">1000"})
    '>1000'
    """
    if row["worth_note"]:
        return str(row["worth_note"])
    return "" if row["worth_labels"] is None else f"{row['worth_labels']:.0f}"


def draws(row: Mapping[str, Any]) -> str:
    """Return how many draws have a result, and of how many if not all."""
    total = row["n_draws"] + row["n_failed"] + row["n_timeout"] + row["n_skipped"]
    return f"{row['n_draws']}" if row["n_draws"] == total else f"{row['n_draws']} of {total}"


def tied_with_best(row: Mapping[str, Any]) -> bool:
    """Return whether a row is not told from the best one of its task and features, and is not it."""
    return row["tie_group"] == 1 and not row["best"]
