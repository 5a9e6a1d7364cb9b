"""The table of an ablation: one row a task, features, method and value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leaderboard import learning
from leaderboard.statistics import mean_interval
from leaderboard.table import name_of

if TYPE_CHECKING:
    from autows.runs.ablation import Measured

SCORES = (
    "coverage",
    "accuracy_covered",
    "pool_accuracy",
    "end_model_accuracy",
    "log_loss",
    "brier",
    "ece",
    "n_lfs",
    "of",
)
"""Scores of which a row has the mean over draws."""

Row = dict[str, Any]
Draws = Mapping[int, float]
"""Accuracies by draw."""


@dataclass
class Ablation:
    """The table of one ablation, as JSON values.

    Parameters
    ----------
    axis : str
        What was varied.
    rows : list of dict
        One a task, representation, method and value: ``task``, ``representation`` (None if it is what is
        varied), ``method`` (as it was given), ``family``, ``zero_shot`` (who spoke, if one did), ``value``,
        ``reference`` (whether the differences are against it), ``n_labels``, ``n_draws``, ``accuracy`` with
        ``accuracy_low`` and ``accuracy_high``, ``difference`` to the reference on the draws both have, with
        ``difference_low`` and ``difference_high``, the means of :data:`SCORES`, ``synthesise_seconds`` and
        ``aggregate_seconds``.

        With the axis ``stages`` also ``step``, the paired difference to the row above, and with ``n_labels``
        ``ahead``, that to logistic regression with as many labels, both with ``_low`` and ``_high``;
        ``worth_labels``, ``worth_note`` and ``worth_interval`` as in ``leaderboard.json``.
    notes : list of str
        Runs without a result, with their reasons.
    left_out : list of str
        What could not be varied.
    curves, crossovers : list of dict
        As in ``leaderboard.json``, for the axis ``n_labels``.
    """

    axis: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)
    crossovers: list[dict[str, Any]] = field(default_factory=list)


def build(
    measured: Iterable[Measured], axis: str, notes: Sequence[str] = (), left_out: Sequence[str] = ()
) -> Ablation:
    """Tabulate the runs of an ablation.

    Parameters
    ----------
    measured : iterable of Measured
        Runs of each method in each value, as :func:`autows.runs.ablation.measure` returns them.
    axis : str
    notes, left_out : sequence of str
        To be added to those of the table.

    Returns
    -------
    Ablation
        Within a task, representation and method by value if values are numbers, stages in their order, else
        best accuracy first.
    """
    table = Ablation(axis, notes=list(notes), left_out=list(left_out))
    groups: dict[tuple[str, str, str], dict[Any, list[Measured]]] = {}
    for one in measured:
        where = (
            f"{one.record.key.task} / {one.record.labels['representation']} / {one.record.labels['method']}"
        )
        if one.scores is None:
            # A run whose diagnosis is missing is ok itself; why it is missing stands in the notes given.
            if one.record.status != "ok":
                number = f", {one.record.key.n_labels} labels" if axis == "n_labels" else ""
                table.notes.append(
                    f"{where}{number}, draw {one.record.key.draw}: {one.record.status}: {one.record.reason}"
                )
            continue
        place = one.record.key.task, one.representation or "", one.method
        groups.setdefault(place, {}).setdefault(one.value, []).append(one)
    accuracies: dict[tuple[Any, ...], Draws] = {}
    for place, by_value in sorted(groups.items()):
        draws = {value: _accuracies(ones) for value, ones in by_value.items()}
        own: Draws = next((draws[value] for value, ones in by_value.items() if ones[0].reference), {})
        rows = [_row(place, ones, draws[value], own) for value, ones in by_value.items()]
        ordered = _ORDERS.get(axis, _by_number_or_accuracy)(rows)
        accuracies.update(((*place, value), found) for value, found in draws.items())
        table.rows += ordered
    table.notes = sorted(set(table.notes))
    _COMPLETE.get(axis, _nothing)(table, accuracies)
    return table


def _row(place: tuple[str, str, str], ones: Sequence[Measured], accuracy: Draws, own: Draws) -> Row:
    first = ones[0].record
    scores = [one.scores or {} for one in ones]
    whole = all(one.scores is one.record.scores for one in ones)
    return {
        "task": place[0],
        "representation": place[1] or None,
        "method": place[2],
        "family": first.method_info.get("family"),
        "zero_shot": first.labels.get("zero_shot"),
        "value": ones[0].value,
        "reference": ones[0].reference,
        "n_labels": first.key.n_labels,
        "n_draws": len(accuracy),
        **interval("accuracy", list(accuracy.values()), (0.0, 1.0)),
        **paired("difference", accuracy, own),
        **{name: mean([one.get(name) for one in scores]) for name in SCORES},
        **{
            f"{name}_seconds": mean([one.record.seconds.get(name) for one in ones]) if whole else None
            for name in ("synthesise", "aggregate")
        },
    }


def _accuracies(ones: Sequence[Measured]) -> Draws:
    found = {one.record.key.draw: float((one.scores or {})["accuracy"] or 0.0) for one in ones}
    return dict(sorted(found.items()))


def paired(name: str, accuracy: Draws, other: Draws) -> dict[str, float | None]:
    """Return the mean difference on the draws that both have, with ``_low`` and ``_high``."""
    differences = [accuracy[k] - other[k] for k in sorted(set(accuracy) & set(other))]
    return interval(name, differences, (-1.0, 1.0))


def interval(name: str, values: list[float], bounds: tuple[float, float]) -> dict[str, float | None]:
    """Return the mean with ``_low`` and ``_high``, cut off at bounds, rounded; None where there is none."""
    centre, low, high = mean_interval(values, bounds=bounds) if values else (math.nan,) * 3
    found = {name: centre, f"{name}_low": low, f"{name}_high": high}
    return {key: None if math.isnan(value) else round(value, 6) for key, value in found.items()}


def mean(values: Sequence[Any]) -> float | None:
    """Return the mean, rounded; None if a value is missing."""
    numbers = [value for value in values if value is not None]
    return round(sum(numbers) / len(numbers), 6) if numbers and len(numbers) == len(values) else None


def _by_number_or_accuracy(rows: list[Row]) -> list[Row]:
    values = [row["value"] for row in rows]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return sorted(rows, key=lambda row: row["value"])
    return sorted(rows, key=lambda row: (-row["accuracy"], str(row["value"])))


def _as_given(rows: list[Row]) -> list[Row]:
    return rows


def _nothing(table: Ablation, accuracies: Mapping[tuple[Any, ...], Draws]) -> None:
    pass


def _add_steps(table: Ablation, accuracies: Mapping[tuple[Any, ...], Draws]) -> None:
    above: Row | None = None
    for row in table.rows:
        first = above is None or _place(above) != _place(row)
        before = {} if first or above is None else accuracies[(*_place(above), above["value"])]
        row.update(paired("step", accuracies[(*_place(row), row["value"])], before))
        above = row


def _add_curves(table: Ablation, accuracies: Mapping[tuple[Any, ...], Draws]) -> None:
    for row in table.rows:
        place = row["task"], row["representation"] or "", learning.REFERENCE, row["value"]
        yardstick = {} if row["method"] == learning.REFERENCE else accuracies.get(place, {})
        row.update(paired("ahead", accuracies[(*_place(row), row["value"])], yardstick))
    by_row = {name_of(row): accuracies[(*_place(row), row["value"])] for row in table.rows}
    learning.mark_worth(table.rows, by_row)
    table.curves = learning.curves(table.rows)
    table.crossovers = learning.crossovers(table.rows, by_row)


def _place(row: Row) -> tuple[str, str, str]:
    return row["task"], row["representation"] or "", row["method"]


_ORDERS: dict[str, Callable[[list[Row]], list[Row]]] = {"stages": _as_given}
_COMPLETE: dict[str, Callable[[Ablation, Mapping[tuple[Any, ...], Draws]], None]] = {
    "stages": _add_steps,
    "n_labels": _add_curves,
}
"""By axis, what is added to its table."""
