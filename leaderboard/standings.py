"""Standings: methods ranked over tasks, among those who compete with the same means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.field import Field, make_field, mean_ranks
from leaderboard.long_table import CONTROLS, POOLS, REQUIRED
from leaderboard.table import Row, RowName, mean_of, rounded

N_RESAMPLES = 4000
MOST_RESAMPLES = 20_000
STRENGTH_RESAMPLES = 500
GAPS = tuple(round(0.01 * k, 2) for k in range(51))
"""Where performance profiles on the additive gap to the best are taken."""
RATIOS = tuple(round(1 + 0.1 * k, 1) for k in range(41))
"""Where classic performance profiles, on the ratio of error rates, are taken."""


def standings(rows: Sequence[Row], accuracies: Mapping[RowName, Mapping[int, float]]) -> list[dict[str, Any]]:
    """Return a standing for each number of labels, pool of entrants and representation.

    Ranks are recomputed for who competes. In the pool with class names the cells are those in which a
    foundation model answers zero-shot, so that it is one of the entrants.

    Returns
    -------
    list of dict
        As ``standings`` of ``leaderboard.json``; ``representation`` is ``all``, or one that there are
        several of. Standings of nobody but the controls are left out unless nothing else is there.
    """
    tasks = {row["task"] for row in rows}
    counted = [row for row in rows if row["same_as"] not in tasks]
    made = []
    for n_labels in sorted({row["n_labels"] for row in counted}):
        for position, pool in enumerate(POOLS):
            mine = [
                row for row in counted if row["n_labels"] == n_labels and POOLS.index(row["pool"]) <= position
            ]
            controls = CONTROLS if pool == "class_names" else REQUIRED
            representations = sorted({row["representation"] for row in mine})
            for representation in ["all", *(representations if len(representations) > 1 else [])]:
                chosen = [row for row in mine if representation in ("all", row["representation"])]
                found = make_field(chosen, accuracies, controls)
                if found is not None and len(found.methods) > 1:
                    head = {"pool": pool, "representation": representation, "n_labels": n_labels}
                    made.append({**head, **standing(found, chosen)})
    return made


def standing(found: Field, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the statistics of one field as JSON values."""
    from autows.draws import generator
    from leaderboard import statistics as st

    rng = generator(purpose="leaderboard", tasks=" ".join(found.tasks), methods=" ".join(found.methods))
    means = found.by_task
    n_pairs = len(found.methods) * (len(found.methods) - 1) // 2
    # Fewer, and no p-value could survive the correction for so many pairs.
    n_resamples = min(max(N_RESAMPLES, 45 * n_pairs), MOST_RESAMPLES)
    resampled = st.resampled_means(found.scores, rng, n_resamples)
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    ranks = mean_ranks(found)
    order = sorted(range(len(found.methods)), key=lambda i: (ranks[i], -means[:, i].mean(), found.methods[i]))
    others = st.mean_win_shares(st.win_shares(means))
    strength, weak, strong = st.strength_intervals(found.scores, rng, STRENGTH_RESAMPLES)
    p = st.pairwise_bootstrap_p(resampled)
    adjusted = st.holm_pairs(p)
    groups = dict(zip(order, st.tie_groups(order, adjusted), strict=True))
    by_method: dict[str, list[Row]] = {}
    for row in rows:
        if (row["task"], row["representation"]) in set(found.cells):
            by_method.setdefault(row["method"], []).append(row)
    entrants = [
        {
            "method": found.methods[i],
            "family": by_method[found.methods[i]][0]["family"],
            "origin": by_method[found.methods[i]][0]["origin"],
            "mean_rank": rounded(float(ranks[i])),
            "mean_accuracy": rounded(float(means[:, i].mean())),
            # Resampling a single draw of a single task says nothing about spread.
            "accuracy_low": rounded(float(low[i])) if _spreads(found) else None,
            "accuracy_high": rounded(float(high[i])) if _spreads(found) else None,
            "mean_end_model_accuracy": mean_of(by_method[found.methods[i]], "end_model_accuracy"),
            "win_share": rounded(float(others[i])),
            "strength": rounded(float(strength[i])),
            "strength_low": rounded(float(weak[i])),
            "strength_high": rounded(float(strong[i])),
            "tie_group": groups[i] if _spreads(found) else None,
            "seconds": mean_of(by_method[found.methods[i]], "seconds"),
        }
        for i in order
    ]
    return {
        "tasks": list(found.tasks),
        "cells": [list(cell) for cell in found.cells],
        "n_draws": {task: part.shape[1] for task, part in zip(found.tasks, found.scores, strict=True)},
        "entrants": entrants,
        "left_out": [
            {"method": method, "n_cells": number, "n_cells_expected": len(found.cells)}
            for method, number in found.left_out.items()
        ],
        "pairs": _pairs(found, order, resampled, p, adjusted),
        "profile": _profile(found, order, means),
        "friedman": _friedman(means),
        "smallest_difference": _smallest_difference(found, resampled),
    }


def _spreads(found: Field) -> bool:
    return len(found.tasks) > 1 or found.scores[0].shape[1] > 1


def _pairs(
    found: Field,
    order: Sequence[int],
    resampled: NDArray[np.float64],
    p: NDArray[np.float64],
    adjusted: NDArray[np.float64],
) -> list[dict[str, Any]]:
    """Return each pair of entrants once, the higher ranked first."""
    means = found.by_task.mean(axis=0)
    pairs = []
    for place, i in enumerate(order):
        rest = list(order[place + 1 :])
        if not rest:
            break
        low, high = np.quantile(resampled[:, [i]] - resampled[:, rest], [0.025, 0.975], axis=0)
        for j, lower, upper in zip(rest, low, high, strict=True):
            pairs.append(
                {
                    "a": found.methods[i],
                    "b": found.methods[j],
                    "difference": rounded(float(means[i] - means[j])),
                    "low": rounded(float(lower)) if _spreads(found) else None,
                    "high": rounded(float(upper)) if _spreads(found) else None,
                    "p": rounded(float(p[i, j])) if _spreads(found) else None,
                    "p_holm": rounded(float(adjusted[i, j])) if _spreads(found) else None,
                }
            )
    return pairs


def _profile(found: Field, order: Sequence[int], means: NDArray[np.float64]) -> dict[str, Any]:
    from leaderboard import statistics as st

    gap, ratio = st.additive_profile(means, GAPS), st.ratio_profile(means, RATIOS)
    return {
        "gap": list(GAPS),
        "shares": {found.methods[i]: [rounded(float(x)) for x in gap[i]] for i in order},
        "ratio": list(RATIOS),
        "ratio_shares": {found.methods[i]: [rounded(float(x)) for x in ratio[i]] for i in order},
    }


def _friedman(means: NDArray[np.float64]) -> dict[str, Any] | None:
    from leaderboard import statistics as st

    if means.shape[0] < 2 or means.shape[1] < 3:
        return None
    found = st.friedman(means)
    return {
        "statistic": rounded(float(found.statistic)),
        "p": rounded(float(found.p)),
        "n_tasks": found.n_tasks,
        "critical_difference": rounded(float(found.critical_difference)),
    }


def _smallest_difference(found: Field, resampled: NDArray[np.float64]) -> float | None:
    """Return what difference between two methods the design detects in four of five cases.

    From the median over pairs of the standard error of a paired difference; degrees of freedom are those of
    tasks, or of draws with a single task.
    """
    from leaderboard import statistics as st

    covariance = np.cov(resampled, rowvar=False)
    variance = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    errors = np.sqrt(np.maximum(variance[np.triu_indices(len(variance), 1)], 0.0))
    units = len(found.tasks) if len(found.tasks) > 1 else found.scores[0].shape[1]
    if units < 2:
        return None
    found_difference = float(st.smallest_detectable(float(np.median(errors)), units - 1))
    # Two tasks cannot tell any difference that an accuracy can have.
    return rounded(found_difference) if found_difference < 1 else None
