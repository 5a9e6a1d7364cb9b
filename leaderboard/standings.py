"""Standings: methods ranked over tasks, among those who compete with the same means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.comparison import LEAST_OTHERS
from leaderboard.field import Field, end_model_accuracy, make_field, mean_ranks
from leaderboard.long_table import CONTROLS, REQUIRED, Run
from leaderboard.pools import POOLS
from leaderboard.table import Row, RowName, rounded

if TYPE_CHECKING:
    from leaderboard.statistics import Differences

STRENGTH_RESAMPLES = 500
GAPS = tuple(round(0.01 * k, 2) for k in range(51))
"""Where performance profiles on the additive gap to the best are taken."""
RATIOS = tuple(round(1 + 0.1 * k, 1) for k in range(41))
"""Where classic performance profiles, on the ratio of error rates, are taken."""


def standings(rows: Sequence[Row], runs: Mapping[RowName, Mapping[int, Run]]) -> list[dict[str, Any]]:
    """Return a standing for each number of labels, pool of entrants and representation.

    Ranks are recomputed for who competes. In the pool with class names the cells are those in which a
    foundation model answers zero-shot, so that it is one of the entrants.

    Parameters
    ----------
    rows, runs
        As :func:`leaderboard.table.rows` and :func:`leaderboard.table.by_draw` make them.

    Returns
    -------
    list of dict
        As ``standings`` of ``leaderboard.json``; ``representation`` is ``all``, or where there are several
        one of them. None where the controls have no cell and draw in common. See :func:`standing`.
    """
    made = []
    for n_labels in sorted({row["n_labels"] for row in rows}):
        for position, pool in enumerate(POOLS):
            mine = [
                row for row in rows if row["n_labels"] == n_labels and POOLS.index(row["pool"]) <= position
            ]
            controls = CONTROLS if pool == "class_names" else REQUIRED
            representations = sorted({row["representation"] for row in mine})
            for representation in ["all", *(representations if len(representations) > 1 else [])]:
                chosen = [row for row in mine if representation in ("all", row["representation"])]
                found = make_field(chosen, runs, controls)
                if found is not None and len(found.methods) > 1:
                    head = {"pool": pool, "representation": representation, "n_labels": n_labels}
                    made.append({**head, **standing(found)})
    return made


def standing(found: Field) -> dict[str, Any]:
    """Return the statistics of one field as JSON values.

    All means are over the field's cells and draws, also those of seconds and end models.

    Parameters
    ----------
    found : Field

    Returns
    -------
    dict
        ``tasks``, ``cells``, ``n_draws`` (by task); ``left_out``, methods that lack some of them, and
        ``uncounted``, cells with results that do not count, each with its ``reason``; ``profile`` and
        ``friedman``; ``smallest_difference`` of a pair chosen beforehand and
        ``smallest_difference_of_pairs`` for all pairs at once, None where no accuracy can differ so much;

        ``entrants``
            Best mean rank first. ``accuracy_low`` and ``accuracy_high`` are over tasks as a sample of tasks,
            with one task over draws, None with two; ``accuracy_here_low`` and ``accuracy_here_high`` over
            draws, on these tasks. ``tie_group``, see :func:`leaderboard.statistics.tie_groups`;
            ``strength_note`` is ``all won`` or ``all lost`` where a strength has no interval for that.
        ``pairs``
            Each pair once, ``a`` being ranked higher: ``difference``, ``low``, ``high`` and ``p`` over tasks,
            or over draws with one task, None with two; ``p_holm`` is adjusted for all pairs.
    """
    from autows.draws import generator
    from leaderboard import statistics as st

    rng = generator(purpose="leaderboard", tasks=" ".join(found.tasks), methods=" ".join(found.methods))
    means = found.by_task
    few = 1 < len(found.tasks) < LEAST_OTHERS
    sure = None if few else st.differences(found.scores, found.errors)
    ranks = mean_ranks(found)
    order = sorted(range(len(found.methods)), key=lambda i: (ranks[i], -means[:, i].mean(), found.methods[i]))
    others = st.mean_win_shares(st.win_shares(means))
    strength, weak, strong = st.strength_intervals(found.scores, rng, STRENGTH_RESAMPLES)
    adjusted = None if sure is None else st.holm_pairs(sure.p)
    groups = dict.fromkeys(order, 1) if few else {}
    if sure is not None:
        groups = dict(zip(order, st.tie_groups(order, sure.p, means.mean(axis=0)), strict=True))
    low, high = (np.full(len(order), math.nan),) * 2 if sure is None else (sure.low, sure.high)
    first_cell, first_draw = found.cells[0], found.draws[found.tasks[0]][0]
    first = [runs[first_cell][first_draw] for runs in found.runs]
    entrants = [
        {
            "method": found.methods[i],
            "family": first[i].about["family"],
            "origin": first[i].origin,
            "mean_rank": rounded(float(ranks[i])),
            "mean_accuracy": rounded(float(means[:, i].mean())),
            **_ends("accuracy_", low[i], high[i], 0.0),
            **_ends("accuracy_here_", *_here(found, i), 0.0),
            "mean_end_model_accuracy": found.mean(i, end_model_accuracy),
            "win_share": rounded(float(others[i])),
            "strength": rounded(float(strength[i])),
            "strength_low": None if few else rounded(float(weak[i])),
            "strength_high": None if few else rounded(float(strong[i])),
            "strength_note": _one_sided(found, i),
            "tie_group": groups.get(i),
            "seconds": found.mean(i, lambda run: run.seconds),
        }
        for i in order
    ]
    pairs = _pairs(found, order, sure, adjusted)
    return {
        "tasks": list(found.tasks),
        "cells": [list(cell) for cell in found.cells],
        "n_draws": {task: len(draws) for task, draws in found.draws.items()},
        "entrants": entrants,
        "left_out": [
            {
                "method": method,
                "n_cells": len(found.cells) - len(lacks),
                "n_cells_expected": len(found.cells),
                "missing": [
                    {"task": task, "representation": representation, "draws": list(draws)}
                    for (task, representation), draws in lacks.items()
                ],
            }
            for method, lacks in found.left_out.items()
        ],
        "pairs": pairs,
        "profile": _profile(found, order, means),
        "friedman": _friedman(means),
        "uncounted": [
            {"task": task, "representation": representation, "reason": why}
            for (task, representation), why in found.uncounted.items()
        ],
        "smallest_difference": None if sure is None else _smallest_difference(sure, 1),
        "smallest_difference_of_pairs": None if sure is None else _smallest_difference(sure, len(pairs)),
    }


def _here(found: Field, i: int) -> tuple[float, float]:
    """Return the interval of an entrant's mean accuracy over draws, the tasks being these."""
    from leaderboard import statistics as st

    _, here = st.over_tasks([task[i] for task in found.scores])
    return here.low, here.high


def _ends(name: str, low: float, high: float, least: float) -> dict[str, float | None]:
    """Return an interval's ends, none beyond ``least`` and 1: Student's t does not know where they end."""
    return {
        f"{name}low": rounded(max(float(low), least)),
        f"{name}high": rounded(min(float(high), 1.0)),
    }


def _pairs(
    found: Field, order: Sequence[int], sure: Differences | None, adjusted: NDArray[np.float64] | None
) -> list[dict[str, Any]]:
    """Return each pair of entrants once, the higher ranked first."""
    means = found.by_task.mean(axis=0)
    nothing = dict.fromkeys(("low", "high", "p", "p_holm"))
    return [
        {
            "a": found.methods[i],
            "b": found.methods[j],
            "difference": rounded(float(means[i] - means[j])),
            **(nothing if sure is None or adjusted is None else _told(sure, adjusted, i, j)),
        }
        for place, i in enumerate(order)
        for j in order[place + 1 :]
    ]


def _told(sure: Differences, adjusted: NDArray[np.float64], i: int, j: int) -> dict[str, float | None]:
    return {
        **_ends("", sure.difference_low[i, j], sure.difference_high[i, j], -1.0),
        "p": rounded(float(sure.p[i, j])),
        "p_holm": rounded(float(adjusted[i, j])),
    }


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


def _one_sided(found: Field, i: int) -> str | None:
    """Return whether a method won all its meetings, or lost all: then its strength has no interval."""
    ahead = [np.sign(np.delete(task[i] - task, i, axis=0)) for task in found.scores]
    for sign, words in ((1, "all won"), (-1, "all lost")):
        if all((mine == sign).all() for mine in ahead):
            return words
    return None


def _smallest_difference(sure: Differences, n_tests: int) -> float | None:
    """Return what difference between two methods the design detects in four of five cases.

    From the median over pairs of the standard error of a paired difference, at the level 0.05 / ``n_tests``:
    with one for a pair that was chosen beforehand, with the number of pairs for all of them, as groups are
    separated.
    """
    from leaderboard import statistics as st

    errors = sure.se[np.triu_indices(len(sure.se), 1)]
    known = errors[~np.isnan(errors)]
    if not known.size:
        return None
    found = float(st.smallest_detectable(float(np.median(known)), sure.df, level=1 - 0.05 / n_tests))
    # Two tasks cannot tell any difference that an accuracy can have.
    return rounded(found) if found < 1 else None
