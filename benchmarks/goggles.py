"""How long GOGGLES takes on a pool of MNIST's size, and its steps beside plain loops and scikit-learn.

    python benchmarks/goggles.py [SPEC ...]

A SPEC is ``goggles`` with parameters in brackets. Run it with OMP_NUM_THREADS=1: times are then those of one
core; on a busy machine, read CPU seconds. Peak memory is the process's, so each spec runs in a process of
its own; features and imports are in it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

POOL, TEST, FEATURES, CLASSES, SEEDS = 57_000, 10_000, 100, 10, 100
SPECS = ("goggles", "goggles[base=kmeans]", "goggles[base=spectral]", "goggles[seeded=false]")


def make_rows(rng: np.random.Generator, rows: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return overlapping Gaussian classes; columns have falling variances, as principal components do."""
    means = np.random.default_rng(0).standard_normal((CLASSES, FEATURES), dtype=np.float32)
    y = rng.integers(CLASSES, size=rows)
    X = rng.standard_normal((rows, FEATURES), dtype=np.float32)
    # In place, so that the peak before the method runs is what the data take.
    X *= 1.5
    X += means[y]
    X *= np.geomspace(6, 0.6, FEATURES, dtype=np.float32)
    return X, y


def measure(spec: str) -> None:
    """Print seconds, memory and accuracy of one method."""
    from autows import method
    from autows.types import TaskView

    rng = np.random.default_rng(1)
    (X_pool, y_pool), (X_test, y_test) = make_rows(rng, POOL), make_rows(rng, TEST)
    view = TaskView(
        X_seed=X_pool[:SEEDS],
        y_seed=y_pool[:SEEDS],
        X_pool=X_pool,
        X_test=X_test,
        n_classes=CLASSES,
        seed_index=np.arange(SEEDS),
    )
    entrant = method.create(spec)
    importlib.import_module("sklearn.cluster")
    before, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    labels = entrant.fit_predict(view, rng)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    accuracy = np.mean(labels.test.argmax(axis=1) == y_test)
    print(f"{spec:42} {seconds:8.1f} {cpu:8.1f} {before:10.0f} {peak_mb():8.0f} {accuracy:9.3f}", flush=True)


def peak_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def loop_affinities(X: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return cosines, one pair of rows at a time."""
    A = np.zeros((len(X), len(points)))
    for i, x in enumerate(X):
        for j, a in enumerate(points):
            A[i, j] = x @ a / (np.linalg.norm(x) * np.linalg.norm(a))
    return A


def loop_em_step(A: NDArray[np.float64], R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return responsibilities after one M and one E step of diagonal Gaussians, one row at a time."""
    N, C = R.shape
    mass = R.sum(axis=0)
    means, variances = np.zeros((C, A.shape[1])), np.zeros((C, A.shape[1]))
    for c in range(C):
        for i in range(N):
            means[c] += R[i, c] * A[i] / mass[c]
        for i in range(N):
            variances[c] += R[i, c] * (A[i] - means[c]) ** 2 / mass[c]
    log = np.zeros((N, C))
    for i in range(N):
        for c in range(C):
            log[i, c] = np.log(mass[c] / N)
            log[i, c] -= 0.5 * np.sum((A[i] - means[c]) ** 2 / variances[c] + np.log(variances[c]))
    P = np.exp(log - log.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def seconds_of(call: Callable[[], object], repeats: int = 3) -> float:
    """Return the least processor time of some calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def beside_loops(rows: int = 500, anchors: int = 200) -> None:
    """Print how long affinities and one EM step take in loops and here."""
    from autows.methods._affinities import Anchors
    from autows.methods._mixtures import DiagonalGaussians

    X, y = make_rows(np.random.default_rng(2), rows)
    R = 0.9 * np.eye(CLASSES)[y] + 0.1 / CLASSES
    A = loop_affinities(X, X[:anchors])
    found = Anchors(X[:anchors]).compare(X).cosine
    assert np.allclose(found, A, atol=1e-5)
    Z = ((A - A.mean(axis=0)) / A.std(axis=0)).astype(np.float32)

    def step() -> NDArray[np.float64]:
        model = DiagonalGaussians(shrinkage=0.0, floor=0.0)
        model.maximise(Z, R)
        return model.expect(Z)

    assert np.allclose(step(), loop_em_step(Z.astype(np.float64), R), atol=1e-3)
    cases = {
        f"affinities, {rows} rows x {anchors} anchors": (
            lambda: loop_affinities(X, X[:anchors]),
            lambda: Anchors(X[:anchors]).compare(X),
        ),
        f"EM step, {rows} rows x {anchors} columns": (
            lambda: loop_em_step(Z.astype(np.float64), R),
            step,
        ),
    }
    for what, (loop, ours) in cases.items():
        slow, fast = seconds_of(loop, 1), seconds_of(ours, 20)
        print(f"{what:42} {slow:10.3f} {fast:10.5f} {slow / fast:8.0f}")


def beside_scikit_learn(rows: int = 10_000, columns: int = 500, steps: int = 10) -> None:
    """Print how long EM steps take in scikit-learn's mixture and here, from the same parameters."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    from autows.methods._mixtures import DiagonalGaussians

    rng = np.random.default_rng(3)
    X, y = make_rows(rng, rows)
    A = X @ rng.standard_normal((FEATURES, columns)).astype(np.float32)
    Z = ((A - A.mean(axis=0)) / A.std(axis=0)).astype(np.float32)
    start = DiagonalGaussians(shrinkage=0.0, floor=1e-6)
    start.maximise(Z, np.eye(CLASSES)[y])

    def ours() -> NDArray[np.float64]:
        model = DiagonalGaussians(shrinkage=0.0, floor=1e-6)
        R = start.expect(Z)
        for _ in range(steps):
            model.maximise(Z, R)
            R = model.expect(Z)
        return model.means_

    def theirs() -> NDArray[np.float64]:
        mixture = GaussianMixture(
            CLASSES,
            covariance_type="diag",
            tol=0.0,
            max_iter=steps,
            weights_init=start.shares_,
            means_init=start.means_,
            precisions_init=1 / start.variances_,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return mixture.fit(Z).means_

    assert np.allclose(ours(), theirs(), atol=1e-2)
    slow, fast = seconds_of(theirs), seconds_of(ours)
    what = f"{steps} EM steps, {rows:,} rows x {columns} columns"
    print(f"{what:42} {slow:10.3f} {fast:10.5f} {slow / fast:8.1f}")


def main() -> None:
    """Measure and print."""
    print(f"{'one core':42} {'loops s':>10} {'ours s':>10} {'ratio':>8}")
    beside_loops()
    print(f"\n{'one core':42} {'sklearn s':>10} {'ours s':>10} {'ratio':>8}")
    beside_scikit_learn()
    print(f"\n{POOL:,} pool and {TEST:,} test rows x {FEATURES}, K = {CLASSES}, {SEEDS} seeds")
    print(f"{'method':42} {'s':>8} {'CPU s':>8} {'MB before':>10} {'MB peak':>8} {'accuracy':>9}", flush=True)
    context = multiprocessing.get_context("spawn")
    for spec in sys.argv[1:] or SPECS:
        process = context.Process(target=measure, args=(spec,))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"{spec} ended with status {process.exitcode}")


if __name__ == "__main__":
    main()
