"""How long families of labeling functions take to fit, beside scikit-learn's models one by one.

    python benchmarks/lf_families.py [REPEATS]

Both fit the same problems in one process, in turns; the best of the repeats counts. Scikit-learn fits a
few of them, drawn at random, and is scaled up; both use one thread. Unipolar: one model for each class
against the rest; multipolar: all classes.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

N_SEEDS, N_FEATURES, N_CLASSES, POOL_ROWS = 100, 100, 10, 5_000
ONE_BY_ONE = 60
"""Models of scikit-learn fitted in one repeat."""


def seeds(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
    """Return features of Gaussian classes, (rows, d) float32, and labels."""
    means = np.random.default_rng(1).standard_normal((N_CLASSES, N_FEATURES))
    y = rng.integers(N_CLASSES, size=rows)
    return (means[y] + rng.standard_normal((rows, N_FEATURES))).astype(np.float32), y


def of_scikit_learn(family: str, cardinality: int) -> Any:
    """Return the estimator that one model of a family corresponds to."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    if family == "logistic":
        return LogisticRegression()
    return DecisionTreeClassifier(max_depth=cardinality, random_state=0)


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(family: str, cardinality: int, multipolar: bool, repeats: int) -> tuple[int, float, float, float]:
    """Return the number of models, and seconds to fit all here, there, and to answer for the pool."""
    from autows import lfs
    from autows.lf_family import Rows

    rng = np.random.default_rng(0)
    X, y = seeds(rng, N_SEEDS)
    pool = Rows(seeds(rng, POOL_ROWS)[0])
    spec = f"{family}[cardinality={cardinality}]"
    synthesiser = lfs.create(spec).begin(Rows(X), y, N_CLASSES, multipolar, rng)
    used = np.ones(N_SEEDS, dtype=bool)
    models = synthesiser.fit(used)
    problems = [
        (models.describe(model)["features"], y if multipolar else y == k)
        for model in range(models.n_models)
        for k in range(1 if multipolar else N_CLASSES)
    ]
    sample = [problems[i] for i in rng.choice(len(problems), ONE_BY_ONE, replace=False)]

    def one_by_one() -> None:
        for features, labels in sample:
            of_scikit_learn(family, len(features)).fit(X[:, features], labels)

    def answer() -> None:
        for _, block in pool.blocks(256):
            models.predict(synthesiser.transform(block))

    here = there = pool_seconds = np.inf
    for _ in range(repeats):
        here = min(here, seconds(lambda: synthesiser.fit(used)))
        there = min(there, seconds(one_by_one) / ONE_BY_ONE * len(problems))
        pool_seconds = min(pool_seconds, seconds(answer))
    return len(problems), here, there, pool_seconds


def main() -> None:
    """Measure and print."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    # Scikit-learn's solver may stop early, to its advantage.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    print(f"{N_SEEDS} seeds, {N_FEATURES} features, {N_CLASSES} classes; answers for {POOL_ROWS:,} rows")
    columns = ("models", "ms", "one by one", "ratio", "answer ms")
    print(f"{'family':18} {'polarity':10}", *(f"{column:>10}" for column in columns))
    for family in ("stumps", "logistic"):
        for cardinality in (1, 2, 3):
            for multipolar in (False, True):
                # Threads only get in the way of problems this small.
                with threadpool_limits(1):
                    count, here, there, pool = measure(family, cardinality, multipolar, repeats)
                polarity = "multipolar" if multipolar else "unipolar"
                print(
                    f"{f'{family} up to {cardinality}':18} {polarity:10} {count:10,} {1e3 * here:10.1f} "
                    f"{1e3 * there:10.0f} {there / here:10.0f} {1e3 * pool:10.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
