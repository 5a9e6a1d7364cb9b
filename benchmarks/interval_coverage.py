"""How often the leaderboard's intervals miss the truth, and how often it separates methods that are equal.

    python benchmarks/interval_coverage.py [repetitions]

The first table is of differences between two equal methods over T tasks of n draws, normal or, for the
effect of a task, exponential: how often in 100 an interval of 95 % leaves out the truth. ``t`` is Student's t
over tasks, ``here`` the interval on these tasks over draws, ``bootstrap`` the two-level bootstrap with
expanded percentiles. It is followed by how often tie groups separate anyone among equal methods, and by
how often intervals of Bradley-Terry strengths miss. ``docs/statistics.md`` cites the numbers.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Draw = Callable[..., np.ndarray]

DESIGNS = [(2, 3), (3, 3), (4, 3), (5, 5), (12, 5), (30, 5)]
WITHIN = (0.2, 1.0, 5.0)
"""Deviations of draws within a task, that of tasks being 1."""


def exponential(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return skewed effects of mean 0 and deviation 1."""
    return rng.exponential(size=size) - 1


def misses(rng: np.random.Generator, T: int, n: int, within: float, effect: Draw, times: int) -> list[float]:
    """Return how often in 100 the three intervals leave out the truth."""
    from leaderboard import statistics as st

    missed = np.zeros(3)
    # The bootstrap takes longest, and a third of the repetitions.
    for repetition in range(times):
        effects = effect(rng, (T, 1))
        values = list(effects + within * rng.standard_normal((T, n)))
        others, here = st.over_tasks(values)
        missed[0] += not others.low <= 0 <= others.high
        missed[1] += not here.low <= effects.mean() <= here.high
        if repetition % 3 == 0:
            found = st.two_level_bootstrap(values, rng, 1000)
            missed[2] += not found.low <= 0 <= found.high
    return [100 * count / total for count, total in zip(missed, (times, times, -(-times // 3)), strict=True)]


def separated(rng: np.random.Generator, M: int, n: int, times: int) -> float:
    """Return how often in 100 anyone among M equal methods is separated from the best, in one cell."""
    from leaderboard import statistics as st

    split = 0
    for _ in range(times):
        scores = rng.standard_normal((M, n)) + rng.standard_normal((1, n))
        means = scores.mean(axis=1)
        split += max(st.tie_groups(np.argsort(-means).tolist(), st.pairwise_p(scores), means)) > 1
    return 100 * split / times


def strengths_missed(rng: np.random.Generator, T: int, n: int, times: int) -> float:
    """Return how often in 100 an interval of a strength leaves out what many tasks would give."""
    from scipy.special import ndtr

    from leaderboard import statistics as st

    mu = np.array([0.0, 0.3, 0.6, 0.9, 1.2])
    beats = ndtr((mu[:, None] - mu) / math.sqrt(2))
    np.fill_diagonal(beats, 0)
    truth, missed, total = st.strengths(T * beats), 0, 0
    for _ in range(times):
        effects = mu[:, None] + rng.standard_normal((T, 5, 1)) * math.sqrt(0.5)
        scores = effects + rng.standard_normal((T, 5, n)) * math.sqrt(0.5)
        _, low, high = st.strength_intervals(list(scores), rng, 200)
        known = ~np.isnan(low)
        missed += int(np.sum(~((low <= truth) & (truth <= high))[known]))
        total += int(known.sum())
    return 100 * missed / total


def lines(times: int) -> Iterator[str]:
    """Yield the lines of the output."""
    rng = np.random.default_rng(1)
    yield f"{'tasks':>5} {'draws':>5} {'within':>6}  {'effects':11} {'t':>5} {'here':>5} {'bootstrap':>9}"
    normal: Draw = np.random.Generator.standard_normal
    for T, n in DESIGNS:
        for name, effect, spreads in (("normal", normal, WITHIN), ("exponential", exponential, WITHIN[:2])):
            for within in spreads:
                t, here, bootstrap = misses(rng, T, n, within, effect, times)
                yield f"{T:5} {n:5} {within:6.1f}  {name:11} {t:5.1f} {here:5.1f} {bootstrap:9.1f}"
    yield f"\n{'methods':>7} {'draws':>5}  equal methods separated"
    for M, n in ((3, 3), (10, 5), (20, 5)):
        yield f"{M:7} {n:5}  {separated(rng, M, n, times):5.1f}"
    yield f"\n{'tasks':>5} {'draws':>5}  strengths missed"
    for T, n in ((3, 3), (5, 3), (12, 5)):
        yield f"{T:5} {n:5}  {strengths_missed(rng, T, n, max(2, times // 10)):5.1f}"


def main() -> None:
    """Simulate and print."""
    from threadpoolctl import threadpool_limits

    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with threadpool_limits(1):
        for line in lines(times):
            print(line, flush=True)


if __name__ == "__main__":
    main()
