"""What a record of a submission has to be, looked at as somebody else's: its form and its ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autows.lf_words import in_words
from autows.runs.record import Record
from autows.submissions import schema
from autows.submissions.submission import NEEDS, Submission

MAX_REASON = 500

SHARES = (
    "accuracy",
    "accuracy_se",
    "coverage",
    "accuracy_covered",
    "pool_accuracy",
    "pool_coverage",
    "macro_f1",
    "end_model_accuracy",
    "ece",
    "accuracy_at_50",
    "accuracy_at_80",
    "accuracy_at_90",
)
"""Scores that lie in [0, 1]."""

_MOST = {**dict.fromkeys(SHARES, 1.0), "brier": 2.0, "log_loss": 17.0}
"""The largest value of each score; a logarithm is not taken of less than 1e-7."""

_ANALYSIS = (
    "polarity",
    "coverage",
    "overlap",
    "conflict",
    "seed_votes",
    "seed_correct",
    "seed_accuracy",
)
"""What :func:`autows.lf_analysis.analyse` says of a labeling function."""

_CURVES = {"reliability": ("confidence", "accuracy", "share"), "risk_coverage": ("coverage", "accuracy")}


def mistake(record: Record, submission: Submission) -> str | None:
    """Say what keeps a record from being one of a submission's, or return None if nothing does.

    Looks at its form and its ranges alone; whether the numbers are right only another run can say.
    """
    key, labels = record.key, record.labels
    for called in (key.method, labels.get("method")):
        if called != submission.name:
            return f"is of method {schema.shown(called)}; expected {submission.name!r}"
    if labels.get("task") != key.task:
        return f"calls its task {schema.shown(labels.get('task'))}; its key says {schema.shown(key.task)}"
    if str(labels.get("representation")).partition("[")[0] != key.representation:
        return f"calls its features {schema.shown(labels.get('representation'))}; its key says otherwise"
    if key.n_labels != submission.n_labels:
        return f"is of {schema.shown(key.n_labels)} labels; the submission is of {submission.n_labels}"
    if dict(key.parameters) != dict(submission.parameters):
        return "has other parameters than the submission"
    if record.method_info.get("family") != submission.family:
        return f"has family {schema.shown(record.method_info.get('family'))}, not {submission.family!r}"
    if record.method_info.get("summary") != submission.summary:
        return "has another summary than the submission"
    if record.method_info.get("needs") != sorted(submission.needs):
        return f"has needs {schema.shown(record.method_info.get('needs'))}, not the submission's"
    for name, check in _CHECKS.items():
        found = check(getattr(record, name))
        if found is not None:
            return f"{name} {found}"
    found = info_mistake(record.info, record.task_info)
    return None if found is None else f"info {found}"


def _scores(values: Mapping[str, Any]) -> str | None:
    for name, value in values.items():
        if name not in _MOST:
            return f"has {schema.shown(name)}, which is no score"
        if value is not None and not 0 <= value <= _MOST[name]:
            return f"has {name} = {value}; expected 0 to {_MOST[name]:g}"
    return None


def _seconds(values: Mapping[str, Any]) -> str | None:
    for name, value in values.items():
        if not _is_name(name) or (value is not None and not -1 <= value <= 1e8):
            return f"has {schema.shown(name)} = {value}; expected seconds by phase"
    return None


def _is_name(name: object) -> bool:
    return schema.text(40, 1)(name) is None


def _curves(values: Mapping[str, Any]) -> str | None:
    for name, curve in values.items():
        if name not in _CURVES or not isinstance(curve, dict) or set(curve) != set(_CURVES[name]):
            return f"has {schema.shown(name)}, which is no curve"
        lengths = set()
        for part, points in curve.items():
            right = isinstance(points, list) and 0 < len(points) <= 100
            if not right or not all(_is_share(value) for value in points):
                return f"has {name}.{part}, which is no list of numbers from 0 to 1"
            lengths.add(len(points))
        if len(lengths) > 1:
            return f"has {name} with lists of different lengths"
    return None


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and abs(value) < 1e12)


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1.001


def _parts(checks: Mapping[str, schema.Check], optional: tuple[str, ...] = ()) -> schema.Check:
    def check(values: Any) -> str | None:
        for name, each in checks.items():
            if name not in values and name in optional:
                continue
            found = each(values.get(name))
            if found is not None:
                return f"has {name} that {found}"
        return plain(values)

    return check


def plain(value: Any, depth: int = 5) -> str | None:
    """Check JSON values: not nested deeper than ``depth``, texts of at most 1000 characters on one line."""
    if isinstance(value, (dict, list, tuple, Mapping)):
        if depth == 0:
            return "is nested too deeply"
        items = [*value.keys(), *value.values()] if isinstance(value, Mapping) else list(value)
        return next((found for item in items if (found := plain(item, depth - 1)) is not None), None)
    if isinstance(value, str):
        return schema.text(1000)(value)
    return None


def _optional_object(value: Any) -> str | None:
    right = value is None or isinstance(value, dict)
    return None if right else f"is {schema.shown(value)}; expected an object"


def _amount(value: Any) -> str | None:
    return None if value is None or 0 <= value < 1e12 else f"is {value}; expected a number from 0"


_name = schema.text(300, 1)

_CHECKS: dict[str, schema.Check] = {
    "labels": lambda labels: schema.mapping(_name)(dict(labels)),
    "task_info": _parts(
        {
            "title": _name,
            "modality": schema.text(20, 1),
            "n_classes": schema.whole(2, 100_000),
            "class_names": schema.many(_name, 2, 100_000),
            "same_as": schema.mapping(_name),
        },
        optional=("class_names",),
    ),
    "method_info": _parts(
        {"family": _name, "needs": schema.many(schema.one_of(*NEEDS)), "summary": schema.text(1000)}
    ),
    "reason": schema.text(MAX_REASON),
    "traceback": schema.one_of(""),
    "predictions": schema.one_of(None),
    "seconds": _seconds,
    "scores": _scores,
    "curves": _curves,
    "ledger": plain,
    "provenance": _parts({"packages": schema.mapping(schema.text(80)), "git": _optional_object}),
    "peak_memory_mb": _amount,
    "timeout_seconds": _amount,
    "finished_at": schema.moment,
}


def info_mistake(info: Mapping[str, Any], task_info: Mapping[str, Any]) -> str | None:
    """Look at what a method told of itself; the leaderboard says labeling functions in words."""
    found = plain(info, depth=7)
    if found is not None:
        return found
    lfs, analysis = info.get("lfs", []), info.get("lf_analysis", [])
    for name, value in (("lfs", lfs), ("lf_analysis", analysis)):
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            return f"has {name} that is no list of objects"
    if lfs and analysis and len(lfs) != len(analysis):
        return f"has {len(lfs)} labeling functions and the analysis of {len(analysis)}"
    try:
        for lf in lfs:
            if "kind" in lf:
                in_words(lf, task_info.get("class_names"))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        return f"has a labeling function that cannot be said in words: {type(error).__name__}"
    for row in analysis:
        voted = row.get("polarity", [])
        if not isinstance(voted, list) or any(schema.whole(0)(label) for label in voted):
            return "has lf_analysis with a polarity that is no list of classes"
        if not set(row) <= set(_ANALYSIS):
            return f"has lf_analysis with {schema.shown(min(set(row) - set(_ANALYSIS)))}, which is unknown"
        if not all(_is_number(row[name]) for name in set(row) - {"polarity"}):
            return "has lf_analysis with something that is no number"
    return None
