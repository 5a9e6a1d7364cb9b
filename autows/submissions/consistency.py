"""Whether the numbers of one record can be true together: what arithmetic says without another run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from autows.runs.record import Record
from autows.runs.scores import COVERAGES, N_BINS, N_COVERAGES

PROBABILISTIC = ("log_loss", "brier", "ece", *(f"accuracy_at_{round(100 * c)}" for c in COVERAGES))
"""Scores that answers without probabilities do not have, together with the curves."""

_KEPT = 1e-6
"""Scores are rounded to six digits."""
_DRAWN = 3e-5
"""Points of curves are rounded to five digits; sums of products of them are this exact."""


def faults(
    record: Record, n_test: int | None = None, n_pool: int | None = None, grouped: bool = False
) -> list[str]:
    """Say what in a record of a run that went well cannot be.

    Parameters
    ----------
    record : Record
        Of the form that :func:`autows.submissions.record_checks.mistake` asks for.
    n_test, n_pool : int, optional
        Rows of the task, where its card says.
    grouped : bool, default False
        Rows belong together; the standard error and the pool rows that are scored depend on how.

    Returns
    -------
    list of str
        Empty for a run that did not go well: it has no scores to be looked at.
    """
    if record.status != "ok":
        extra = "scores" if record.scores else "curves"
        return [f"it is {record.status} and has {extra}"] if record.scores or record.curves else []
    found = list(_test_rows(record.scores, n_test, grouped))
    if n_pool is not None and not grouped:
        found += _pool_rows(record.scores, n_pool - record.key.n_labels)
    found += _probabilities(record.scores, record.curves, n_test)
    found += _labeling_functions(record.info.get("lf_analysis", []), record)
    return found


def _whole(share: float, rows: int) -> int | None:
    """Return which whole number of rows a share is, or None if it is none."""
    number = round(share * rows)
    return number if abs(share * rows - number) <= rows * _KEPT else None


def _test_rows(scores: Mapping[str, Any], n_test: int | None, grouped: bool) -> Iterator[str]:
    stated: list[Any] = [scores.get(name) for name in ("accuracy", "coverage", "accuracy_covered")]
    right, covered, right_covered = stated
    for name in ("coverage", "macro_f1", "end_model_accuracy"):
        if scores.get(name) is None:
            yield f"it has no {name}"
    if covered is not None and (right_covered is None) != (covered == 0):
        yield f"coverage is {covered} and accuracy_covered {right_covered}"
    elif covered == 1 and abs(right_covered - right) > 2 * _KEPT:
        yield f"all rows are covered, accuracy is {right} and accuracy_covered {right_covered}"
    elif covered and not -2 * _KEPT <= right - covered * right_covered <= 1 - covered + 2 * _KEPT:
        yield f"accuracy is {right}, coverage {covered} and accuracy_covered {right_covered}"
    if scores.get("macro_f1") is not None and (scores["macro_f1"] == 1) != (right == 1):
        yield f"accuracy is {right} and macro_f1 {scores['macro_f1']}"
    if n_test is None:
        return
    for name in ("accuracy", "coverage", "end_model_accuracy"):
        if scores.get(name) is not None and _whole(scores[name], n_test) is None:
            yield f"{name} is {scores[name]}, no whole number of {n_test} test rows"
    rows = None if covered is None else _whole(covered, n_test)
    if rows and right_covered is not None and _whole(right_covered, rows) is None:
        yield f"accuracy_covered is {right_covered}, no whole number of {rows} covered test rows"
    if not grouped:
        error = math.sqrt(right * (1 - right) / (n_test - 1)) if n_test > 1 else None
        said = scores.get("accuracy_se")
        if said is None or error is None:
            if said is not error:
                yield f"accuracy_se is {said}, of {n_test} rows"
        elif abs(said - error) > 2 * _KEPT:
            yield f"accuracy_se is {said}; of an accuracy of {right} on {n_test} rows it is {error:.6f}"


def _pool_rows(scores: Mapping[str, Any], rows: int) -> Iterator[str]:
    right, covered = scores.get("pool_accuracy"), scores.get("pool_coverage")
    if right is None or covered is None:
        yield f"pool_accuracy is {right} and pool_coverage {covered}; {rows} rows of the pool are scored"
        return
    for name, share in (("pool_accuracy", right), ("pool_coverage", covered)):
        if _whole(share, rows) is None:
            yield f"{name} is {share}, no whole number of the {rows} pool rows without a label"
    if right > covered + 2 * _KEPT:
        yield f"pool_accuracy is {right} where pool_coverage is {covered}"


def _probabilities(scores: Mapping[str, Any], curves: Mapping[str, Any], n_test: int | None) -> Iterator[str]:
    there = [name for name in PROBABILISTIC if scores.get(name) is not None]
    if not there and not curves:
        return
    lacking = sorted({*PROBABILISTIC} - {*there}) + sorted({"reliability", "risk_coverage"} - {*curves})
    if lacking:
        yield f"it has scores or curves of probabilities, and no {lacking[0]}"
        return
    wrong = 1 - scores["accuracy"]
    # A row is wrong only if the truth has at most half of the probability.
    for name, least in (("brier", wrong / 2), ("log_loss", wrong * math.log(2))):
        # Rows of probabilities sum to 1 in float32, and in what authors hand in no better than to 1e-3.
        if scores[name] < least * 0.997 - _DRAWN:
            yield f"{name} is {scores[name]}; with accuracy {scores['accuracy']} it is at least {least:.6f}"
    yield from _reliability(scores, curves["reliability"], n_test)
    yield from _risk_coverage(scores, curves["risk_coverage"])


def _reliability(scores: Mapping[str, Any], curve: Mapping[str, Any], n_test: int | None) -> Iterator[str]:
    confidence, accuracy, share = (curve[name] for name in ("confidence", "accuracy", "share"))
    if n_test is not None:
        bins = min(N_BINS, n_test)
        sizes = [n_test // bins + (i < n_test % bins) for i in range(bins)]
        if len(share) != bins or any(
            abs(s - size / n_test) > _KEPT * 10 for s, size in zip(share, sizes, strict=True)
        ):
            yield f"reliability.share is not that of {bins} bins of {n_test} rows"
            return
    if any(a > b + _KEPT * 20 for a, b in pairwise(confidence)):
        yield "reliability.confidence does not ascend"
    for name, stated, said in (
        ("shares that sum to", 1.0, sum(share)),
        ("an accuracy of", scores["accuracy"], _sum_of(share, accuracy)),
        (
            "an ece of",
            scores["ece"],
            _sum_of(share, [abs(c - a) for c, a in zip(confidence, accuracy, strict=True)]),
        ),
    ):
        if abs(stated - said) > _DRAWN + len(share) * _KEPT * 10:
            yield f"reliability has {name} {said:.6f}; expected {stated}"


def _risk_coverage(scores: Mapping[str, Any], curve: Mapping[str, Any]) -> Iterator[str]:
    points = [i / N_COVERAGES for i in range(1, N_COVERAGES + 1)]
    if len(curve["coverage"]) != N_COVERAGES or any(
        abs(a - b) > _KEPT for a, b in zip(curve["coverage"], points, strict=True)
    ):
        yield f"risk_coverage.coverage is not 0.05 to 1 in {N_COVERAGES} points"
        return
    at = [("accuracy", 1.0), *((f"accuracy_at_{round(100 * c)}", c) for c in COVERAGES)]
    for name, coverage in at:
        said = curve["accuracy"][round(coverage * N_COVERAGES) - 1]
        if abs(said - scores[name]) > _KEPT * 10:
            yield f"risk_coverage has {said} at coverage {coverage:g}; {name} is {scores[name]}"


def _sum_of(weights: list[float], values: list[float]) -> float:
    return sum(w * v for w, v in zip(weights, values, strict=True))


def _labeling_functions(analysis: list[Mapping[str, Any]], record: Record) -> Iterator[str]:
    n_classes = record.task_info["n_classes"]
    for number, row in enumerate(analysis):
        shares: list[Any] = [row.get(name) for name in ("conflict", "overlap", "coverage")]
        seeds: list[Any] = [row.get(name) for name in ("seed_correct", "seed_votes")]
        if None in shares or not 0 <= shares[0] <= shares[1] <= shares[2] <= 1:
            yield "labeling function {} has conflict {}, overlap {}, coverage {}".format(number, *shares)
        elif any(label >= n_classes for label in row.get("polarity", [])):
            yield f"labeling function {number} votes for a class that there is not"
        elif seeds != [None, None] and (
            None in seeds or not 0 <= seeds[0] <= seeds[1] <= record.key.n_labels
        ):
            yield "labeling function {} is right on {} of {} seeds".format(number, *seeds)
