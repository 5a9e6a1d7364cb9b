"""Records of runs that never were, for tables small enough to do by hand."""

from __future__ import annotations

from autows.runs.record import Key, Record


def record(task, method, draw, accuracy=None, representation="raw", status="ok", **more):
    key = Key(
        task=task,
        task_version=more.pop("task_version", 1),
        task_variant="",
        representation=representation,
        representation_version=1,
        representation_parameters={},
        method=method,
        parameters=more.pop("parameters", {}),
        source_hash=more.pop("source_hash", "0" * 16),
        draw=draw,
        n_labels=more.pop("n_labels", 100),
        encoders=more.pop("encoders", {}),
    )
    return Record(
        key=key,
        status=status,
        labels={"task": task, "representation": representation, "method": more.pop("label", method)},
        task_info={
            "title": task.title(),
            "modality": "image",
            "n_classes": 2,
            "same_as": more.pop("same_as", {}),
        },
        method_info={"family": "other", "needs": more.pop("needs", []), "summary": "A method."},
        reason=more.pop("reason", "" if status == "ok" else "because"),
        seconds={"fit": 1.0 + draw},
        scores={}
        if status != "ok"
        else {
            "accuracy": accuracy,
            "accuracy_se": more.pop("accuracy_se", 0.01),
            "coverage": 0.5,
            "end_model_accuracy": accuracy / 2,
        },
        finished_at=more.pop("finished_at", "2026-01-01T00:00:00+00:00"),
        **more,
    )


def table(scores):
    """Records of {(task, method): [accuracy per draw]}."""
    return [record(t, m, k, a) for (t, m), values in scores.items() for k, a in enumerate(values)]


CONTROLS = ("label_spreading", "logistic_regression", "majority_class")
"""The controls, in order of their scores on the first task."""
A, B, C = CONTROLS
SCORES = {
    ("s", A): [0.7, 0.8, 0.9],
    ("s", B): [0.6, 0.6, 0.6],
    ("s", C): [0.1, 0.2, 0.3],
    ("t", A): [0.2, 0.2, 0.2],
    ("t", B): [0.4, 0.4, 0.4],
    ("t", C): [0.2, 0.2, 0.2],
}
# One entrant beside them, best on both tasks.
ENTRANT = {**SCORES, ("s", "d"): [0.9, 0.9, 0.9], ("t", "d"): [0.9, 0.9, 0.9]}
