"""How fast votes are extended, beside the graph they are extended along.

    python benchmarks/vote_extension.py [n_lfs ...]

Random features of 100 columns, 57,000 pool and 10,000 test rows, 100 seeds, ten classes. Each labeling
function votes for one class on the twentieth of the rows that lie farthest in a direction between the
class's mean and a random one. The graph is computed once into a cache of its own, which takes half a
minute or more; label spreading uses the same one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

N_POOL, N_TEST, N_SEEDS, N_CLASSES, DIMS = 57_000, 10_000, 100, 10, 100
COVERAGE = 0.05


def made_up_view(rng):
    """Return a view of Gaussian classes and their means."""
    from autows.types import TaskView

    y, means = rng.integers(N_CLASSES, size=N_POOL + N_TEST), rng.standard_normal((N_CLASSES, DIMS))
    X = (means[y] + 2 * rng.standard_normal((len(y), DIMS))).astype(np.float32)
    index = rng.choice(N_POOL, N_SEEDS, replace=False)
    return TaskView(X[index], y[index], X[:N_POOL], X[N_POOL:], N_CLASSES, seed_index=index), means


def made_up_votes(view, means, n_lfs, rng):
    """Return votes of unipolar labeling functions."""
    from autows.types import ABSTAIN
    from autows.voting import Votes

    label = rng.integers(N_CLASSES, size=n_lfs, dtype=np.int8)
    direction = means[label] + rng.standard_normal((n_lfs, DIMS))
    far = np.quantile(view.X_pool[:5000] @ direction.T, 1 - COVERAGE, axis=0)
    pool, test, seeds = (
        np.where(far <= X @ direction.T, label, np.int8(ABSTAIN))
        for X in (view.X_pool, view.X_test, view.X_seed)
    )
    return Votes(pool, test, seeds)


def main() -> None:
    """Measure and print."""
    from autows.neighbors import nearest_neighbors, stack_nodes
    from autows.types import ABSTAIN
    from autows.vote_extension import MAX_DIMS, N_NEIGHBORS, extend_votes

    rng = np.random.default_rng(0)
    view, means = made_up_view(rng)
    with tempfile.TemporaryDirectory() as place:
        os.environ["AUTOWS_CACHE"] = place
        nodes, _ = stack_nodes(view)
        for what in ("computed", "read from the cache"):
            start = time.perf_counter()
            nearest_neighbors(nodes, N_NEIGHBORS, MAX_DIMS)
            print(f"graph of {len(nodes):,} rows {what}: {time.perf_counter() - start:.2f} s")
        for n_lfs in [int(argument) for argument in sys.argv[1:]] or [250, 25]:
            votes = made_up_votes(view, means, n_lfs, rng)
            start = time.perf_counter()
            longer = extend_votes(view, votes)
            seconds = time.perf_counter() - start
            before, after = (np.mean(L.pool != ABSTAIN) for L in (votes, longer))
            print(
                f"{n_lfs} LFs: {seconds:.2f} s with the graph from the cache; "
                f"{longer.info['extended_lfs']} extended, coverage {before:.3f} -> {after:.3f}"
            )


if __name__ == "__main__":
    main()
