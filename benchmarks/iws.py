"""How long IWS takes: features of 2,000 labeling functions, 150 questions, and the votes of what is kept.

    OMP_NUM_THREADS=1 python benchmarks/iws.py [pool rows]

The Gaussian process that takes in one answer at a time is compared with one fitted anew for every
question; both must believe the same.
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

N_LFS, N_SAMPLE, N_QUERIES, K = 2_000, 5_000, 150, 10


def timed(what: str, work: Callable[[], Any]) -> tuple[Any, float]:
    """Do something, print how long it took, and return what came of it and the seconds."""
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    print(f"{what:58} {seconds:8.3f} s")
    return result, seconds


def ask(make: Callable[[], Any], useful: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Ask by the straddle rule; return what is believed in the end and what was asked."""
    from autows.methods._interview import straddle
    from autows.methods._oracles import Answer

    model = make()
    fresh = np.ones(len(useful), dtype=bool)
    asked = []
    for _ in range(N_QUERIES):
        score = straddle(model.mean, model.std, 0.6)
        j = int(np.argmax(np.where(fresh, score, -np.inf)))
        fresh[j] = False
        asked.append(j)
        model.add(j, Answer(bool(useful[j]), 0.9))
    model.settle()
    return model.mean, asked


class Anew:
    """The same Gaussian process, fitted to all answers whenever there is one more."""

    def __init__(self, features: np.ndarray) -> None:
        self.features = features
        self.index: list[int] = []
        self.values: list[float] = []
        self.noise: list[float] = []
        self._fit()

    def add(self, j: int, answer: Any) -> None:
        """Take in an answer and fit."""
        from autows.methods._usefulness import ANSWER_NOISE

        self.index.append(j)
        self.values.append(float(answer.useful))
        self.noise.append(ANSWER_NOISE + answer.certainty * (1 - answer.certainty))
        self._fit()

    def settle(self) -> None:
        """Do nothing."""

    def _fit(self) -> None:
        from autows.methods._usefulness import posterior

        self.mean, self.std = posterior(
            self.features, self.index, np.array(self.values), np.array(self.noise)
        )


def made_up_votes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which rows are voted on, for which class, and which labeling functions are useful."""
    from scipy.stats import norm

    hidden = rng.standard_normal((N_SAMPLE, 100))
    feature, label = rng.integers(100, size=N_LFS), rng.integers(K, size=N_LFS)
    sign, share = rng.choice([-1.0, 1.0], N_LFS), rng.uniform(0.6, 0.98, N_LFS)
    x = hidden[:, feature] * sign
    covers = x > norm.ppf(share)
    useful = sign * np.sin(feature * K + label) > 0.3
    return covers, label, useful


def whole_method(spec: str, rows: int) -> None:
    """Time everything but the label model on a pool of some size."""
    from autows import method
    from autows.types import TaskView

    rng = np.random.default_rng(0)
    means = 0.7 * rng.standard_normal((K, 100)).astype(np.float32)
    y = rng.integers(K, size=rows + 10_000)
    X = rng.standard_normal((len(y), 100), dtype=np.float32) + means[y]
    seeds = np.sort(rng.choice(rows, 100, replace=False))
    view = TaskView(X[seeds], y[seeds], X[:rows], X[rows:], K, seed_index=seeds)
    votes, _ = timed(
        f"{spec}, pool of {rows:,}", lambda: method.create(spec).synthesise(view, np.random.default_rng(1))
    )
    info = votes.info
    print(f"    {info['candidates']} candidates, {info['queries']} questions, {info['kept']} kept")


def main() -> None:
    """Measure and print."""
    from autows.methods._lf_features import vote_features
    from autows.methods._usefulness import GaussianProcess, NetworkBag

    covers, label, useful = made_up_votes(np.random.default_rng(0))
    features, _ = timed(
        f"features of {N_LFS:,} labeling functions on {N_SAMPLE:,} rows",
        lambda: vote_features(covers, label, K, 150),
    )
    one, quick = timed(
        f"{N_QUERIES} questions, gp, answer by answer",
        lambda: ask(lambda: GaussianProcess(features), useful),
    )
    anew, slow = timed(f"{N_QUERIES} questions, gp, fitted anew", lambda: ask(lambda: Anew(features), useful))
    assert one[1] == anew[1]
    np.testing.assert_allclose(one[0], anew[0], atol=1e-8)
    print(f"    the same questions and beliefs, {slow / quick:.0f} times faster")
    timed(f"{N_QUERIES} questions, mlp", lambda: ask(lambda: NetworkBag(features, 0), useful))
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 57_000
    for spec in ("iws", "iws[cardinality=2]", "iws[acquisition=all,cardinality=2]", "iws[usefulness=mlp]"):
        whole_method(spec, rows)


if __name__ == "__main__":
    main()
