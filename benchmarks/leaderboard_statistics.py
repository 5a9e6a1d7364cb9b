"""Seconds of every statistic of a leaderboard, on one core.

    python benchmarks/leaderboard_statistics.py [n_resamples]

Made-up scores of 40 methods on 12 tasks of 10 draws: methods, tasks and draws differ as they do in real
tables, and accuracies are of 1,000 test rows, so that some tie. All comparisons are made: each method
with every other one on each task and overall, and each with the first one. The aim is 1.5 seconds for all
of it with 2,000 resamples. Packages are loaded before the clock starts; what that takes is on the first line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

METHODS, TASKS, DRAWS = 40, 12, 10
AIM_SECONDS = 1.5
CURVE = [10, 25, 50, 100, 200, 400, 1000]


def made_up_scores(rng: np.random.Generator) -> list[np.ndarray]:
    """Return accuracies by task, each (methods, draws)."""
    method, task = rng.normal(0, 0.04, METHODS), rng.uniform(0.5, 0.85, TASKS)
    cell, draw = rng.normal(0, 0.03, (TASKS, METHODS)), rng.normal(0, 0.02, (TASKS, DRAWS))
    noise = rng.normal(0, 0.015, (TASKS, METHODS, DRAWS))
    scores = task[:, None, None] + method[:, None] + cell[:, :, None] + draw[:, None] + noise
    return list(np.round(np.clip(scores, 0, 1), 3))


def measurements(scores: list[np.ndarray], n_resamples: int) -> dict[str, Callable[[], Any]]:
    """Return what is measured, by what it is called."""
    from leaderboard import statistics as st

    table, rng = st.task_means(scores), np.random.default_rng
    p = st.holm_pairs(st.pairwise_p(scores[0]))
    order = np.argsort(-table.mean(axis=0)).tolist()
    accuracies = np.linspace(0.4, 0.8, len(CURVE))
    found = [st.paired_difference(task[0], task[1]) for task in scores]
    return {
        "intervals of every cell": lambda: [st.mean_interval(row) for task in scores for row in task],
        "paired t, all with the first, every task": lambda: [
            st.paired_difference(row, task[0]) for task in scores for row in task
        ],
        "paired p, all pairs, every task, Holm": lambda: [st.holm_pairs(st.pairwise_p(x)) for x in scores],
        "two-level bootstrap, all with the first": lambda: [
            st.two_level_bootstrap([task[m] - task[0] for task in scores], rng(0), n_resamples)
            for m in range(1, METHODS)
        ],
        "over tasks, all pairs, Holm": lambda: st.holm_pairs(st.differences(scores).p),
        "over tasks and on these, all with the first": lambda: [
            st.over_tasks([task[m] - task[0] for task in scores]) for m in range(1, METHODS)
        ],
        "smallest detectable difference, every task": lambda: [
            st.smallest_detectable(0.01, d.n - 1) for d in found
        ],
        "draws to separate, all with the first, every task": lambda: [
            st.draws_to_separate(*spread)
            for task in scores
            for spread in zip(
                (task - task[0]).mean(axis=1), (task - task[0]).std(axis=1, ddof=1), strict=True
            )
        ],
        "ranks, Friedman, Nemenyi": lambda: (st.mean_ranks(table), st.friedman(table)),
        "profiles, 200 points each": lambda: (
            st.additive_profile(table, np.linspace(0, 0.5, 200)),
            st.ratio_profile(table, np.linspace(1, 10, 200)),
        ),
        "shares of wins": lambda: st.mean_win_shares(st.win_shares(table)),
        "Bradley-Terry with intervals": lambda: st.strength_intervals(scores, rng(0), n_resamples),
        "tie groups, every task": lambda: [st.tie_groups(order, p, table[0]) for _ in scores],
        "label equivalents of every cell": lambda: [
            st.label_equivalent(CURVE, accuracies, x) for x in table.ravel()
        ],
    }


def main() -> None:
    """Measure and print."""
    n_resamples = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    start = time.perf_counter()
    import scipy.optimize
    import scipy.special
    import scipy.stats  # noqa: F401
    from threadpoolctl import threadpool_limits

    print(f"{'loading scipy':50} {time.perf_counter() - start:7.3f} s")
    scores, total = made_up_scores(np.random.default_rng(0)), 0.0
    for name, measure in measurements(scores, n_resamples).items():
        start = time.perf_counter()
        with threadpool_limits(1):
            measure()
        seconds = time.perf_counter() - start
        total += seconds
        print(f"{name:50} {seconds:7.3f} s", flush=True)
    print(f"{f'all, {n_resamples:,} resamples':50} {total:7.3f} s  aim {AIM_SECONDS} s")


if __name__ == "__main__":
    main()
