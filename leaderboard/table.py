"""From runs to rows: one row for each task, representation, method and number of labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.long_table import REQUIRED, Run

MEANS = (
    "accuracy_se",
    "coverage",
    "accuracy_covered",
    "pool_accuracy",
    "pool_coverage",
    "macro_f1",
    "end_model_accuracy",
    "log_loss",
    "brier",
    "ece",
    "accuracy_at_50",
    "accuracy_at_80",
    "accuracy_at_90",
)
"""Scores of which a row has the mean over draws."""

CURVES = {"reliability": ("confidence", "accuracy", "share"), "risk_coverage": ("coverage", "accuracy")}
"""Curves of which a row has the mean over draws, and the names of their rows."""

Row = dict[str, Any]
RowName = tuple[str, str, str, int]
"""Task, representation, method and number of labels."""


def rows(runs: Iterable[Run]) -> tuple[list[Row], dict[RowName, dict[int, float]]]:
    """Make the rows of a collection of runs.

    Parameters
    ----------
    runs : iterable of Run
        Of one version each, see :meth:`leaderboard.long_table.LongTable.finish`.

    Returns
    -------
    rows : list of dict
        ``task``, ``method``, ``representation``, ``n_labels``, ``n_draws`` (runs that are ok),
        ``n_failed``, ``n_timeout``, ``n_skipped``, ``reason`` (the first one given, if any run is not
        ok), ``accuracy`` with ``accuracy_low`` and ``accuracy_high`` (95 % Student-t over draws, None
        with one draw), the means of :data:`MEANS` and :data:`CURVES` (None where a draw has no such score),
        ``seconds`` (mean of the method's own fit), ``peak_memory_mb``, ``n_lfs``, ``zero_shot`` (the
        foundation model that spoke, if one did), ``title``, ``modality``, ``n_classes``, ``family``,
        ``needs``, ``pool`` (of entrants), ``origin``, ``submission``, ``same_as``; and ``best`` and
        ``tie_group`` among the rows of the same task, representation and number of labels, see
        :func:`mark_ties`.
    accuracies : dict
        By row and draw.
    """
    groups = by_draw(runs)
    accuracies = {
        name: {k: _number(run.scores["accuracy"]) for k, run in group.items() if run.status == "ok"}
        for name, group in groups.items()
    }
    made = [_row(list(group.values()), accuracies[name]) for name, group in groups.items()]
    made.sort(
        key=lambda r: (r["task"], r["n_labels"], r["representation"], -_or_low(r["accuracy"]), r["method"])
    )
    mark_ties(made, accuracies)
    return made, accuracies


def by_draw(runs: Iterable[Run]) -> dict[RowName, dict[int, Run]]:
    """Return runs by row and draw, draws in order."""
    groups: dict[RowName, dict[int, Run]] = {}
    for run in sorted(runs, key=lambda run: run.draw):
        groups.setdefault(run.row, {})[run.draw] = run
    return groups


def name_of(row: Mapping[str, Any]) -> RowName:
    """Return what identifies a row."""
    return row["task"], row["representation"], row["method"], row["n_labels"]


def _row(group: list[Run], accuracy: Mapping[int, float]) -> Row:
    from leaderboard.statistics import mean_interval

    first, done = group[0], [run for run in group if run.status == "ok"]
    reached = [accuracy[run.draw] for run in done]
    mean, low, high = mean_interval(reached, bounds=(0.0, 1.0)) if done else (math.nan,) * 3
    count = Counter(run.status for run in group)
    about = first.about
    return {
        "task": first.task,
        "method": first.method,
        "representation": first.representation,
        "zero_shot": about["zero_shot"],
        "n_labels": first.n_labels,
        "n_draws": len(done),
        **{f"n_{status}": count[status] for status in ("failed", "timeout", "skipped")},
        "reason": next((run.reason for run in group if run.reason), None),
        "accuracy": rounded(mean),
        "accuracy_low": rounded(low),
        "accuracy_high": rounded(high),
        **{name: _mean([run.scores.get(name) for run in done]) for name in MEANS},
        **{name: _mean_curve([getattr(run, name) for run in done], parts) for name, parts in CURVES.items()},
        "seconds": _mean([run.seconds for run in done]),
        "peak_memory_mb": _mean([run.peak_memory_mb for run in done]),
        "n_lfs": _mean([run.n_lfs for run in done]),
        **{
            name: about[name]
            for name in ("title", "modality", "n_classes", "family", "needs", "pool", "submission", "same_as")
        },
        "origin": first.origin,
    }


def mark_ties(made: Sequence[Row], accuracies: Mapping[RowName, Mapping[int, float]]) -> None:
    """Set ``best`` and ``tie_group`` of rows in place, within each task, representation and number of labels.

    ``best`` is the highest mean accuracy over the draws that most rows have, of the rows that have them all:
    one lucky draw of a method that failed on the others is no best. Groups are those of
    :func:`leaderboard.statistics.tie_groups` in order of accuracy, by paired t-tests over these draws; a row
    without these draws, or with one draw only, has no group. Where draws say nothing of the spread, the
    error that the finite test set leaves stands in for it.
    """
    from leaderboard.statistics import pairwise_p, tie_groups

    cells: dict[tuple[Any, ...], list[Row]] = {}
    for row in made:
        row["best"], row["tie_group"] = False, None
        cells.setdefault((row["task"], row["representation"], row["n_labels"]), []).append(row)
    for cell in cells.values():
        there = [row for row in cell if row["accuracy"] is not None]
        draws = sorted(_common(accuracies[name_of(row)].keys() for row in there))
        entrants = [row for row in there if set(draws) <= accuracies[name_of(row)].keys()]
        scores = np.array([[accuracies[name_of(row)][k] for k in draws] for row in entrants])
        means = scores.mean(axis=1).round(12) if entrants else scores
        for row, mean in zip(entrants, means, strict=True):
            row["best"] = bool(mean == means.max())
        if len(draws) < 2 or len(entrants) < 2:
            continue
        errors = np.array([row["accuracy_se"] for row in entrants], dtype=np.float64)
        p = pairwise_p(scores, np.hypot(errors[:, None], errors))
        order = sorted(range(len(entrants)), key=lambda i: (-means[i], entrants[i]["method"]))
        for position, group in zip(order, tie_groups(order, p, means), strict=True):
            entrants[position]["tie_group"] = group


def _common(draws: Iterable[Iterable[int]]) -> frozenset[int]:
    """Return the set of draws that most rows have; of equally frequent ones the larger, then the first."""
    counts = Counter(frozenset(mine) for mine in draws)
    return max(counts, key=lambda s: (counts[s], len(s), tuple(-k for k in sorted(s))), default=frozenset())


def trouble(made: Sequence[Row]) -> list[str]:
    """Return a note on each row with runs that failed or ran out of time, and on each reason for skipping."""
    notes = []
    for status, verb in (("failed", "failed"), ("timeout", "ran out of time")):
        for row in made:
            if row[f"n_{status}"]:
                notes.append(
                    f"{row['method']} on {row['task']} / {row['representation']}: {row[f'n_{status}']} of "
                    f"{row['n_draws'] + row['n_failed'] + row['n_timeout'] + row['n_skipped']} draws {verb}: "
                    f"{row['reason']}"
                )
    skipped: Counter[str] = Counter()
    for row in made:
        if row["n_skipped"]:
            skipped[f"{row['method']} skipped: {row['reason']}"] += row["n_skipped"]
    return notes + [f"{text} ({number} runs)" for text, number in skipped.items()]


def by_task(values: Mapping[tuple[str, str], float]) -> float:
    """Return the mean over tasks of the mean over representations.

    Parameters
    ----------
    values : mapping of (task, representation) to float
    """
    tasks: dict[str, list[float]] = {}
    for (task, _), value in values.items():
        tasks.setdefault(task, []).append(value)
    means = [sum(mine) / len(mine) for mine in tasks.values()]
    return sum(means) / len(means)


def main_labels(made: Sequence[Row]) -> int | None:
    """Return the number of labels that a leaderboard is about: 100, or else what most of its rows have."""
    counts = Counter(row["n_labels"] for row in made)
    return 100 if 100 in counts else max(counts, key=lambda n: (counts[n], n), default=None)


def controls_absent(methods_with_results: Iterable[str], names: Sequence[str] = REQUIRED) -> list[str]:
    """Return those of some controls that have no result."""
    there = set(methods_with_results)
    return [control for control in names if control not in there]


def rounded(value: float) -> float | None:
    """Return a number with six digits, or None for NaN."""
    return None if math.isnan(value) else round(value, 6)


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < len(values):
        return None
    return rounded(sum(numbers) / len(numbers))


def _mean_curve(
    curves: Sequence[NDArray[np.float32] | None], names: tuple[str, ...]
) -> dict[str, list[float]] | None:
    there = [curve for curve in curves if curve is not None]
    if not there or len(there) < len(curves) or len({curve.shape for curve in there}) > 1:
        return None
    mean = np.stack(there).mean(axis=0, dtype=np.float64)
    return {name: [round(float(x), 4) for x in values] for name, values in zip(names, mean, strict=True)}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _or_low(value: float | None) -> float:
    return -1.0 if value is None else value
