"""Scores of a method's answer against the truth, as the protocol defines them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.types import Labels, TaskView

COVERAGES = (0.5, 0.8, 0.9)
N_BINS = 15
N_COVERAGES = 20
"""Points of a risk-coverage curve."""
FLOOR = 1e-7
"""Probabilities are raised to this before a logarithm is taken."""


def score(
    view: TaskView,
    labels: Labels,
    end_model_test: NDArray[np.floating],
    y_pool: NDArray[np.integer],
    y_test: NDArray[np.integer],
    groups_pool: NDArray[np.integer] | None = None,
    groups_test: NDArray[np.integer] | None = None,
) -> dict[str, float | None]:
    """Score one run.

    Parameters
    ----------
    view : TaskView
        What the method saw; gives the seed counts and which pool rows are seeds.
    labels : Labels
        Its answer.
    end_model_test : (M, K) float
        The end model's probabilities on the test rows.
    y_pool, y_test : (N,) and (M,) int
        The truth.
    groups_pool : (N,) int, optional
        Pool rows that belong together. Those of a seed's group are, like the seeds, not scored.
    groups_test : (M,) int, optional
        Test rows that belong together; the standard error takes the group as the unit.

    Returns
    -------
    dict of str to float or None
        ``accuracy`` (test, all rows, an abstention counts as the most frequent seed class),
        ``accuracy_se`` (its standard error from there being so many test rows, or groups, and no more),
        ``coverage``, ``accuracy_covered`` (None if nothing is covered), ``pool_accuracy`` and
        ``pool_coverage`` (rows that are not seeds; an abstention is an error), ``macro_f1`` (all
        rows, over the classes of the truth), ``end_model_accuracy``; and from probabilities, None
        for hard labels: ``log_loss``, ``brier`` (0 to 2), ``ece`` (15 equal-mass bins),
        ``accuracy_at_50``, ``_80``, ``_90`` per cent coverage by confidence. In these an
        abstaining row has the smoothed seed shares ``(count + 1) / (n + K)``.
    """
    from sklearn.metrics import f1_score

    counts = view.seed_counts
    covered, pool_covered = labels.test_covered, labels.pool_covered
    assert covered is not None
    assert pool_covered is not None
    answer = np.where(covered, hard(labels.test), counts.argmax())
    right = answer == y_test
    free = view.unlabeled_index
    if groups_pool is not None and view.seed_index is not None:
        free = free[~np.isin(groups_pool[free], groups_pool[view.seed_index])]
    pool_right = (hard(labels.pool) == y_pool) & pool_covered
    scores: dict[str, float | None] = {
        "accuracy": float(right.mean()),
        "accuracy_se": standard_error(right, groups_test),
        "coverage": float(covered.mean()),
        "accuracy_covered": float(right[covered].mean()) if covered.any() else None,
        "pool_accuracy": float(pool_right[free].mean()) if len(free) else None,
        "pool_coverage": float(pool_covered[free].mean()) if len(free) else None,
        "macro_f1": float(
            f1_score(y_test, answer, labels=np.unique(y_test), average="macro", zero_division=0.0)
        ),
        "end_model_accuracy": float((end_model_test.argmax(axis=1) == y_test).mean()),
    }
    names = ["log_loss", "brier", "ece", *(f"accuracy_at_{round(100 * c)}" for c in COVERAGES)]
    if labels.test.ndim == 1:
        return {**scores, **dict.fromkeys(names)}
    P, confidence = _probabilities(view, labels)
    probabilistic = [
        log_loss(P, y_test),
        brier(P, y_test),
        calibration_error(P.max(axis=1), right),
        *(accuracy_at_coverage(confidence, right, c) for c in COVERAGES),
    ]
    return {**scores, **dict(zip(names, probabilistic, strict=True))}


def curves(view: TaskView, labels: Labels, y_test: NDArray[np.integer]) -> dict[str, Any]:
    """Return how confidence and correctness go together on the test rows, as JSON values.

    Parameters
    ----------
    view, labels, y_test
        As for :func:`score`.

    Returns
    -------
    dict
        Empty for hard labels. ``reliability``: mean ``confidence``, ``accuracy`` and ``share`` of rows in
        each of at most 15 bins of equal mass. ``risk_coverage``: ``accuracy`` on the most confident rows
        at 20 values of ``coverage`` from 0.05 to 1. Ties and abstentions as in :func:`score`.
    """
    if labels.test.ndim == 1:
        return {}
    assert labels.test_covered is not None
    P, confidence = _probabilities(view, labels)
    right = np.where(labels.test_covered, hard(labels.test), view.seed_counts.argmax()) == y_test
    rows, mean_confidence, accuracy = _equal_mass_bins(P.max(axis=1), right)
    coverage = np.arange(1, N_COVERAGES + 1) / N_COVERAGES
    kept = np.maximum(1, np.ceil(coverage * len(right) - 1e-9).astype(int))
    ranked = _average_over_ties(confidence, right)[np.argsort(-confidence, kind="stable")]
    reached = np.cumsum(ranked)[kept - 1] / kept
    return {
        "reliability": {
            "confidence": _listed(mean_confidence),
            "accuracy": _listed(accuracy),
            "share": _listed(rows / len(right)),
        },
        "risk_coverage": {"coverage": _listed(coverage), "accuracy": _listed(reached)},
    }


def _listed(values: NDArray[np.floating]) -> list[float]:
    return [round(float(value), 5) for value in values]


def _probabilities(view: TaskView, labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return test probabilities (smoothed seed shares where it abstains) and confidences (0 there)."""
    counts, covered = view.seed_counts, labels.test_covered
    assert covered is not None
    shares = (counts + 1.0) / (counts.sum() + view.n_classes)
    P = np.where(covered[:, None], labels.test, shares).astype(np.float64)
    return P, np.where(covered, P.max(axis=1), 0.0)


def standard_error(right: NDArray[np.bool_], groups: NDArray[np.integer] | None = None) -> float | None:
    """Return the standard error of the share of right rows, rows or groups being a sample.

    Parameters
    ----------
    right : (M,) bool
    groups : (M,) int, optional
        Rows with the same number belong together, such as windows of one recording.

    Returns
    -------
    float or None
        None for a single row or group.

    Notes
    -----
    With G groups of sizes m_g and r_g right rows in them, the linearised variance of the ratio
    ``sum r_g / sum m_g`` is ``G / (G - 1) * sum (r_g - p m_g)^2 / M^2``; single rows are groups of size 1.

    References
    ----------
    W. Cochran (1977), Sampling Techniques, 3rd edition, section 9A (ratio estimates of cluster samples).
    """
    labels = np.arange(len(right)) if groups is None else np.unique(groups, return_inverse=True)[1]
    size = np.bincount(labels)
    if len(size) < 2:
        return None
    rest = np.bincount(labels, weights=right) - right.mean() * size
    return float(np.sqrt(len(size) / (len(size) - 1) * np.square(rest).sum()) / len(right))


def hard(answers: NDArray[Any]) -> NDArray[np.int64]:
    """Return hard labels of either form of answer; the first of equally probable classes."""
    return answers.argmax(axis=1) if answers.ndim == 2 else answers.astype(np.int64)


def log_loss(P: NDArray[np.float64], y: NDArray[np.integer]) -> float:
    """Return the mean negative log-probability of the truth, in nats.

    Probabilities are raised to :data:`FLOOR` and rows renormalised.
    """
    clipped = np.maximum(P, FLOOR)
    clipped /= clipped.sum(axis=1, keepdims=True)
    return float(-np.log(clipped[np.arange(len(y)), y]).mean())


def brier(P: NDArray[np.float64], y: NDArray[np.integer]) -> float:
    """Return the mean squared distance to the one-hot truth, summed over classes: 0 to 2."""
    truth = np.eye(P.shape[1])[y]
    return float(np.square(P - truth).sum(axis=1).mean())


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over 15 bins of equal mass.

    Rows of equal confidence are never told apart: within a group of ties every row counts with the
    group's mean correctness, so the value does not depend on the order of rows.

    References
    ----------
    K. Nguyen and B. O'Connor (2015), Posterior calibration and exploratory analysis for natural
    language processing models, EMNLP (equal-mass bins).
    """
    rows, mean_confidence, accuracy = _equal_mass_bins(confidence, right)
    return float(np.sum(rows * np.abs(mean_confidence - accuracy)) / len(right))


def _equal_mass_bins(
    confidence: NDArray[np.floating], right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return rows, mean confidence and accuracy of each bin, ties averaged; low confidence first."""
    order = np.argsort(confidence, kind="stable")
    ranked, correct = confidence[order].astype(np.float64), _average_over_ties(confidence, right)[order]
    bins = np.array_split(np.arange(len(ranked)), min(N_BINS, len(ranked)))
    rows = np.array([len(b) for b in bins])
    return rows, np.array([ranked[b].mean() for b in bins]), np.array([correct[b].mean() for b in bins])


def accuracy_at_coverage(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], coverage: float
) -> float:
    """Return the accuracy on the given share of rows with the highest confidence, ties averaged.

    At least one row is kept; the number is rounded up.
    """
    kept = max(1, int(np.ceil(coverage * len(right) - 1e-9)))
    order = np.argsort(-confidence, kind="stable")[:kept]
    return float(_average_over_ties(confidence, right)[order].mean())


def _average_over_ties(value: NDArray[np.floating], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    _, group = np.unique(value, return_inverse=True)
    share = np.bincount(group, weights=right) / np.bincount(group)
    return share[group]
