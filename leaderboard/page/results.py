"""The table of all results: its columns, and its rows as text and as numbers to sort by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from leaderboard.page.formats import DASH, number, percent, seconds, spread
from leaderboard.pools import POOL_TITLES, POOLS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of the table of results.

    Parameters
    ----------
    key : str
        Its name in the address of a view, and in most cases the field of the row.
    head : str
        What stands above it.
    meaning : str
        One sentence for *How to read*.
    show : callable of row to str
        Its text.
    value : callable of row to float or None, optional
        What it is sorted by; by its text without one.
    low_first : bool, default False
        Whether small numbers are good ones, and come first at the first click.
    extra : bool, default False
        Whether it is hidden until one asks for all columns.
    """

    key: str
    head: str
    meaning: str
    show: Callable[[Row], str]
    value: Callable[[Row], float | None] | None = None
    low_first: bool = False
    extra: bool = False


def _share(key: str, head: str, meaning: str, extra: bool = False) -> Column:
    return Column(key, head, meaning, lambda row: percent(row[key]), lambda row: row[key], extra=extra)


def _plain(key: str, head: str, meaning: str, digits: int = 3, low_first: bool = True) -> Column:
    return Column(
        key, head, meaning, lambda row: number(row[key], digits), lambda row: row[key], low_first, extra=True
    )


def worth(row: Row) -> str:
    """Return with how many labels logistic regression is as accurate, ``<10`` and the like included."""
    if row["worth_note"]:
        return str(row["worth_note"])
    return DASH if row["worth_labels"] is None else f"{row['worth_labels']:.0f}"


def _worth_value(row: Row) -> float | None:
    if not row["worth_note"]:
        value: float | None = row["worth_labels"]
        return value
    bound = re.search(r"\d+", row["worth_note"])
    if bound is None:
        return None
    return float(bound[0]) + (1 if row["worth_note"].startswith(">") else -1)


def _total(row: Row) -> int:
    return sum(row[name] or 0 for name in ("n_draws", "n_failed", "n_timeout", "n_skipped"))


def _draws(row: Row) -> str:
    return f"{row['n_draws']}" if row["n_draws"] == _total(row) else f"{row['n_draws']} of {_total(row)}"


ACCURACY = Column(
    "accuracy",
    "Accuracy",
    "Share of all test rows that are right; an abstention counts as the most frequent class of the seeds. "
    "Mean ± half-width of the 95 % interval (Student's t) over draws; both ends where it was cut off at 0 or "
    "100. That the test set is finite is not in it, see Test error.",
    lambda row: percent(row["accuracy"]),
    lambda row: row["accuracy"],
)
LABELS = Column(
    "n_labels",
    "Labels",
    "How many seed labels the method got.",
    lambda r: f"{r['n_labels']}",
    lambda r: r["n_labels"],
    True,
)

COLUMNS = (
    Column(
        "method",
        "Method",
        "In brackets: the foundation model that answered zero-shot.",
        lambda r: r["method"],
    ),
    Column("task", "Task", "Pool and test rows come from the official split.", lambda r: r["task"]),
    Column("features", "Features", "The representation that methods see.", lambda r: r["representation"]),
    ACCURACY,
    LABELS,
    Column(
        "tie",
        "Tie group",
        "Within a task and features: methods of one group are not told from its first by paired "
        "differences, corrected for how many there are (Holm). Group 1 has the best.",
        lambda row: DASH if row["tie_group"] is None else f"{row['tie_group']}",
        lambda row: row["tie_group"],
        low_first=True,
    ),
    _share("coverage", "Coverage", "Share of test rows that the method does not abstain on."),
    Column(
        "covered",
        "Covered",
        "Accuracy on the rows the method does not abstain on. To be read with the coverage, never alone; the "
        "2022 benchmark published this one.",
        lambda row: percent(row["accuracy_covered"]),
        lambda row: row["accuracy_covered"],
    ),
    _share(
        "pool_accuracy",
        "Pool",
        "Accuracy of the labels given to the unlabeled pool; an abstention is an error.",
    ),
    Column(
        "end_model",
        "End model",
        "Test accuracy of one and the same logistic regression, trained on the method's labels of the pool "
        "and on the seeds with their true labels: so it is above chance even for majority_class.",
        lambda row: percent(row["end_model_accuracy"]),
        lambda row: row["end_model_accuracy"],
    ),
    Column(
        "worth",
        "Worth n labels",
        "With how many labels logistic regression on the same task and features is as accurate; below, the "
        "95 % interval over draws.",
        worth,
        _worth_value,
    ),
    Column(
        "draws",
        "Draws",
        "Finished runs, of all; all methods share the draws.",
        _draws,
        lambda row: row["n_draws"],
    ),
    Column(
        "seconds",
        "Fit time",
        "Seconds of the method's own fit, mean over draws.",
        lambda row: seconds(row["seconds"]),
        lambda row: row["seconds"],
        low_first=True,
    ),
    Column("family", "Family", "What kind of method it is.", lambda row: row["family"] or DASH, extra=True),
    Column(
        "pool",
        "Entrants",
        "The narrowest pool of entrants it belongs to: what it needs beside labels.",
        lambda row: POOL_TITLES.get(row["pool"], row["pool"] or DASH),
        lambda row: POOLS.index(row["pool"]) if row["pool"] in POOLS else None,
        low_first=True,
        extra=True,
    ),
    _share("macro_f1", "Macro-F1", "Mean over classes of F1, on all test rows.", extra=True),
    _share(
        "accuracy_at_50",
        "At 50 %",
        "Accuracy on the half of the test rows it is most confident about.",
        extra=True,
    ),
    _share("accuracy_at_80", "At 80 %", "The same on four fifths.", extra=True),
    _share("accuracy_at_90", "At 90 %", "The same on nine tenths.", extra=True),
    _plain("log_loss", "Log-loss", "Mean negative log-probability of the true class."),
    _plain("brier", "Brier", "Sum over classes of squared errors of the probabilities, mean over rows."),
    _plain("ece", "Calibration error", "Expected calibration error over 15 bins of equal mass."),
    Column(
        "accuracy_se",
        "Test error",
        "Standard error of the accuracy, in points, that comes from the finite number of test rows.",
        lambda row: percent(row["accuracy_se"], 2),
        lambda row: row["accuracy_se"],
        low_first=True,
        extra=True,
    ),
    _plain("n_lfs", "LFs", "Number of labeling functions, mean over draws.", 0, low_first=False),
    _plain("peak_memory_mb", "Memory, MB", "Peak memory of the run.", 0),
)


def columns(rows: Iterable[Row]) -> list[Column]:
    """Return the columns; the number of labels only where rows differ in it."""
    several = len({row["n_labels"] for row in rows}) > 1
    return [column for column in COLUMNS if several or column is not LABELS]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows by task, features and number of labels, the best first and those without a result last."""
    return sorted(
        rows,
        key=lambda row: (
            row["task"],
            row["representation"],
            row["n_labels"],
            row["accuracy"] is None,
            -(row["accuracy"] or 0.0),
            row["method"],
        ),
    )


def one_origin(rows: Iterable[Row]) -> str | None:
    """Return where all rows come from; None if they come from several places."""
    found = {row["origin"] for row in rows}
    return found.pop() if len(found) == 1 else None


def speakers(rows: Iterable[Row]) -> dict[str, str]:
    """Return the foundation models that answered for each method that asks one.

    Examples
    --------
    >>> speakers({"method": "zero_shot_clip", "zero_shot": name} for name in ("clip", "sentence", None))
    {'zero_shot_clip': 'clip, sentence'}
    """
    found: dict[str, set[str]] = {}
    for row in rows:
        if row["zero_shot"]:
            found.setdefault(row["method"], set()).add(row["zero_shot"])
    return {method: ", ".join(sorted(names)) for method, names in found.items()}


def test_error(rows: Iterable[Row]) -> str:
    """Return in words how far the finite test sets leave accuracies uncertain; empty if that is not known.

    Notes
    -----
    1.96 standard errors, for each task the median over its rows.

    Examples
    --------
    >>> test_error([{"task": "a", "accuracy_se": 0.01}, {"task": "b", "accuracy_se": 0.005}])
    'about ± 1.0 to ± 2.0 points, depending on the task'
    >>> test_error([{"task": "a", "accuracy_se": 0.01}, {"task": "b", "accuracy_se": None}])
    'about ± 2.0 points'
    """
    by_task: dict[str, list[float]] = {}
    for row in rows:
        if row["accuracy_se"] is not None:
            by_task.setdefault(row["task"], []).append(196 * row["accuracy_se"])
    if not by_task:
        return ""
    low, high = (f"± {pick(map(median, by_task.values())):.1f}" for pick in (min, max))
    return f"about {low} points" if low == high else f"about {low} to {high} points, depending on the task"


def status(row: Row) -> tuple[str, str] | None:
    """Return what became of a row's runs where not all are well, and in words why.

    Returns
    -------
    (kind, sentence) or None
        ``kind`` is ``failed``, ``timeout`` or ``skipped``.

    Examples
    --------
    >>> row = {"n_draws": 4, "n_failed": 1, "n_timeout": 0, "n_skipped": 0, "reason": "ValueError: no LF"}
    >>> status(row)
    ('failed', '1 of 5 draws failed: ValueError: no LF')
    """
    for kind, verb in (("failed", "failed"), ("timeout", "ran out of time"), ("skipped", "skipped")):
        number_ = row[f"n_{kind}"]
        if number_:
            whole = number_ == _total(row)
            text = verb if whole else f"{number_} of {_total(row)} draws {verb}"
            return kind, f"{text}: {row['reason']}" if row["reason"] else text
    return None


def view(row: Row, shown: Iterable[Column]) -> dict[str, Any]:
    """Return a row as the template needs it.

    Returns
    -------
    dict
        ``row``; ``cells``, a list of (column, text) without the method's; ``numbers``, the numbers of the
        columns that have numbers, joined by commas, empty for none; ``status`` as :func:`status` has it;
        ``spread``, its interval; ``abstains``; ``tied``, whether it is not told from the best.
    """
    cells = [(column, column.show(row)) for column in shown if column.key != "method"]
    values = [column.value(row) for column in shown if column.value is not None]
    return {
        "row": row,
        "cells": cells,
        "numbers": ",".join(
            "" if value is None else f"{value:g}" if value >= 1 else f"{value:.6g}" for value in values
        ),
        "status": status(row),
        "spread": spread(row["accuracy"], row["accuracy_low"], row["accuracy_high"]),
        "abstains": row["coverage"] is not None and row["coverage"] < 0.9995,
        "tied": row["tie_group"] == 1 and not row["best"],
    }
