"""How long adapters of a foundation model take on a pool of MNIST's size, and prior matching beside loops.

    python benchmarks/few_shot_adapters.py [--classes K] [SPEC ...]

A SPEC is a method with parameters in brackets. Run it with OMP_NUM_THREADS=1: times are then those of one
core; on a busy machine, read CPU seconds. Peak memory is the process's, so each spec runs in a process of
its own; embeddings and imports are in it. Embeddings are simulated: accuracies say only that a method
works.
"""

from __future__ import annotations

import importlib
import multiprocessing
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

POOL, TEST, FEATURES, SEEDS, SCALE = 57_000, 10_000, 512, 100, 100.0
SPECS = (
    "zero_shot_clip",
    "zero_shot_calibrated",
    "tip_adapter",
    "gda",
    "clap",
    "lp_plus_plus",
    "logistic_regression",
)


def make_rows(
    rng: np.random.Generator, rows: int, means: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return unit embeddings around class means, noise of falling variance, and labels."""
    y = rng.integers(len(means), size=rows)
    X = rng.standard_normal((rows, FEATURES), dtype=np.float32)
    # In place, so that the peak before the method runs is what the data take.
    X *= np.geomspace(6, 0.6, FEATURES, dtype=np.float32) / np.float32(np.sqrt(FEATURES))
    X += means[y]
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X, y


def measure(spec: str, n_classes: int) -> None:
    """Print seconds, memory and accuracy of one method."""
    from scipy.special import softmax

    from autows import method
    from autows.types import TaskView

    rng = np.random.default_rng(1)
    means = rng.standard_normal((n_classes, FEATURES), dtype=np.float32)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    texts = means + 3 * rng.standard_normal(means.shape, dtype=np.float32) / np.float32(np.sqrt(FEATURES))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    (X_pool, y_pool), (X_test, y_test) = make_rows(rng, POOL, means), make_rows(rng, TEST, means)
    view = TaskView(
        X_seed=X_pool[:SEEDS],
        y_seed=y_pool[:SEEDS],
        X_pool=X_pool,
        X_test=X_test,
        n_classes=n_classes,
        seed_index=np.arange(SEEDS),
        zero_shot_pool=softmax(SCALE * X_pool @ texts.T, axis=1),
        zero_shot_test=softmax(SCALE * X_test @ texts.T, axis=1),
        template_embeddings=texts[None],
        logit_scale=SCALE,
    )
    entrant = method.create(spec)
    # Scikit-learn wonders at a hundred classes of a hundred rows.
    warnings.filterwarnings("ignore", message="The number of unique classes")
    for module in ("sklearn.linear_model", "scipy.optimize"):
        importlib.import_module(module)
    before, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    labels = entrant.fit_predict(view, rng)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    accuracy = np.mean(labels.test.argmax(axis=1) == y_test)
    print(f"{spec:36} {seconds:8.2f} {cpu:8.2f} {before:10.0f} {peak_mb():8.0f} {accuracy:9.3f}", flush=True)


def peak_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def beside_the_definition(n_classes: int) -> None:
    """Print how long 30 steps of prior matching take by the definition and here."""
    from scipy.special import log_softmax, softmax

    from autows.prior_matching import match_prior

    rng = np.random.default_rng(2)
    log_P = log_softmax(3 * rng.standard_normal((POOL, n_classes)), axis=1)
    prior = rng.dirichlet(np.full(n_classes, 2.0))
    start = time.process_time()
    b = np.zeros(n_classes)
    for _ in range(30):
        b += np.log(prior) - np.log(softmax(log_P + b, axis=1).mean(axis=0))
    slow = time.process_time() - start
    start = time.process_time()
    found = match_prior(log_P, prior)
    fast = time.process_time() - start
    assert np.allclose(found, b - b.mean(), atol=1e-6)
    times = f"{slow:.2f} s by the definition, {fast:.3f} s here: {slow / fast:.0f} x"
    print(f"prior matching, {POOL:,} rows: {times}")


def main(arguments: list[str]) -> None:
    """Measure and print."""
    n_classes = 10
    if arguments[:1] == ["--classes"]:
        n_classes, arguments = int(arguments[1]), arguments[2:]
    print(f"pool {POOL:,} + test {TEST:,} rows, {FEATURES} features, {n_classes} classes, {SEEDS} seeds")
    print(
        f"{'method':36} {'seconds':>8} {'CPU s':>8} {'before MB':>10} {'peak MB':>8} {'accuracy':>9}",
        flush=True,
    )
    for spec in arguments or SPECS:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(spec, n_classes))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"{spec} failed")
    beside_the_definition(n_classes)


if __name__ == "__main__":
    main(sys.argv[1:])
