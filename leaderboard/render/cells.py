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


def accuracy(row: Mapping[str, Any]) -> str:
    """Return mean accuracy and the half-width of its interval, or why there is none.

    The half-width is that of Student's t; where the interval ends at 0 or 1 the wider side is it.
    """
    if not row["n_draws"]:
        return why_not(row)
    text = percent(row["accuracy"])
    if row["accuracy_low"] is not None:
        half = max(row["accuracy_high"] - row["accuracy"], row["accuracy"] - row["accuracy_low"])
        text += f" ± {100 * half:.1f}"
    return text


def why_not(row: Mapping[str, Any]) -> str:
    """Return the status of a row without a result."""
    return next(status for status in ("failed", "timeout", "skipped") if row[f"n_{status}"])


def method(row: Mapping[str, Any]) -> str:
    """Return a row's method, with the foundation model that answered zero-shot in brackets."""
    return row["method"] if row["zero_shot"] is None else f"{row['method']} ({row['zero_shot']})"


def worth(row: Mapping[str, Any]) -> str:
    """Return how many labels an accuracy is worth.

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
