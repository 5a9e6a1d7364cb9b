"""How long pseudo-labels, prompt search and combiners of templates take on embeddings of MNIST's size.

    python benchmarks/pseudo_labels.py [SPEC ...]

A SPEC is a method with parameters in brackets. Run it with OMP_NUM_THREADS=1: times are then those of one
core; on a busy machine, read CPU seconds. Memory is how much the peak of the process grows, in a process
for each method. Embeddings are simulated: Gaussian clouds on the sphere, texts beside their means.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

POOL, TEST, DIMENSIONS, CLASSES, SEEDS, TEMPLATES, SCALE = 57_000, 10_000, 512, 10, 100, 18, 20.0
IMAGE_NOISE, TEXT_NOISE = 6.0, 3.0
SPECS = (
    "zero_shot_clip",
    "logistic_regression",
    "pseudo_label_rounds",
    "pseudo_label_rounds[schedule=ifpl]",
    "self_training",
    "weak_to_strong",
    "polar",
    "prompt_search",
    "weaver",
    "weaver[label_model=metal]",
    "snuba[families=templates]",
)


def unit(A: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return vectors of length 1."""
    return (A / np.linalg.norm(A, axis=-1, keepdims=True)).astype(np.float32)


def make_view() -> tuple[Any, NDArray[np.int64]]:
    """Return a simulated view and the labels of its test rows."""
    from autows.types import TaskView

    rng = np.random.default_rng(0)
    means = unit(rng.standard_normal((CLASSES, DIMENSIONS)))
    y = rng.integers(CLASSES, size=POOL + TEST)
    X = rng.standard_normal((POOL + TEST, DIMENSIONS), dtype=np.float32)
    X *= IMAGE_NOISE / np.sqrt(DIMENSIONS)
    X += means[y]
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    noise = rng.standard_normal((CLASSES, DIMENSIONS)) * TEXT_NOISE
    noise = noise + 0.5 * rng.standard_normal((TEMPLATES, CLASSES, DIMENSIONS)) * TEXT_NOISE
    E = unit(means + noise / np.sqrt(DIMENSIONS))
    P = np.exp(SCALE * X @ unit(E.mean(axis=0)).T)
    P /= P.sum(axis=1, keepdims=True)
    view = TaskView(
        X_seed=X[:SEEDS],
        y_seed=y[:SEEDS],
        X_pool=X[:POOL],
        X_test=X[POOL:],
        n_classes=CLASSES,
        seed_index=np.arange(SEEDS),
        modality="image",
        zero_shot_pool=P[:POOL],
        zero_shot_test=P[POOL:],
        template_embeddings=E,
        logit_scale=SCALE,
    )
    return view, y[POOL:]


def measure(spec: str) -> None:
    """Print seconds, memory and accuracy of one method."""
    import scipy.optimize
    import scipy.special  # noqa: F401

    from autows import method

    view, y_test = make_view()
    entrant = method.create(spec)
    view = view.restricted_to(entrant.requirements)
    before, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    labels = entrant.fit_predict(view, np.random.default_rng(0))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    right = np.mean(labels.test.argmax(axis=1) == y_test)
    print(f"{spec:38} {seconds:9.1f} {cpu:9.1f} {peak_mb() - before:9.0f} {right:9.3f}", flush=True)


def peak_mb() -> float:
    """Return the largest memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    print(
        f"{POOL:,} pool rows, {TEST:,} test rows, {DIMENSIONS} dimensions, {CLASSES} classes, {SEEDS} seeds"
    )
    print(f"{'method':38} {'seconds':>9} {'CPU':>9} {'MB':>9} {'accuracy':>9}", flush=True)
    context = multiprocessing.get_context("spawn")
    for spec in sys.argv[1:] or SPECS:
        process = context.Process(target=measure, args=(spec,))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"{spec} failed")


if __name__ == "__main__":
    main()
