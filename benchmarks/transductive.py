"""How fast and how large transductive methods on embeddings are, beside label spreading.

    python benchmarks/transductive.py [method ...]

Simulated embeddings of 512 features: 57,000 pool and 10,000 test rows, 100 seeds, ten classes. The
nearest-neighbour graph, which all share, is computed first into a cache of its own; that takes a minute or
more. Each method runs in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

N_POOL, N_TEST, N_SEEDS, N_CLASSES, DIMS = 57_000, 10_000, 100, 10, 512
NOISE, TEXT_NOISE, GAP, SCALE, TEMPLATES = 1.2, 1.5, 1.0, 100.0, 4
SPECS = (
    "label_spreading",
    "zero_shot_clip",
    "logistic_regression",
    "transclip",
    "transclip[anchors=false]",
    "transclip[few_shot=false]",
    "zlap",
    "zlap[alpha=0.3]",
    "tfup",
    "loki",
    "transductive_clustering",
)


def unit(rows):
    """Return rows of length 1 in single precision."""
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def made_up_view():
    """Return a view of classes in a cone, texts in another cone, and the test labels."""
    from scipy.special import softmax

    from autows.types import TaskView

    rng = np.random.default_rng(0)
    y = rng.integers(N_CLASSES, size=N_POOL + N_TEST)
    means, cones = rng.standard_normal((N_CLASSES, DIMS)), GAP * rng.standard_normal((2, DIMS))
    # Noise in 60 directions, so that neighbours mean something in 512 dimensions.
    directions = rng.standard_normal((60, DIMS)) / np.sqrt(60)
    X = np.empty((len(y), DIMS), dtype=np.float32)
    for rows in np.array_split(np.arange(len(y)), 20):
        noise = NOISE * np.sqrt(2) * rng.standard_normal((len(rows), 60)) @ directions
        X[rows] = unit(means[y[rows]] + cones[0] + noise)
    texts = means + cones[1] + TEXT_NOISE * rng.standard_normal((N_CLASSES, DIMS))
    E = unit(texts + 0.3 * rng.standard_normal((TEMPLATES, N_CLASSES, DIMS)))
    P = softmax(SCALE * X @ unit(E.mean(axis=0)).T, axis=1)
    index = rng.choice(N_POOL, N_SEEDS, replace=False)
    view = TaskView(
        X_seed=X[index],
        y_seed=y[index],
        X_pool=X[:N_POOL],
        X_test=X[N_POOL:],
        n_classes=N_CLASSES,
        seed_index=index,
        modality="image",
        zero_shot_pool=P[:N_POOL],
        zero_shot_test=P[N_POOL:],
        template_embeddings=E,
        logit_scale=SCALE,
    )
    return view, y[N_POOL:]


def measure(spec):
    """Run one method and print its line."""
    from autows.method import create

    view, y_test = made_up_view()
    method = create(spec)
    view = view.restricted_to(method.requirements)
    before, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    labels = method.fit_predict(view, np.random.default_rng(0))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    P = labels.test[np.arange(len(y_test)), y_test]
    loss = -np.log(np.maximum(P.astype(np.float64), 1e-4)).mean()
    accuracy = np.mean(labels.test.argmax(axis=1) == y_test)
    print(
        f"{spec:28} {seconds:7.1f} {cpu:7.1f} {before:10.0f} {peak_mb():8.0f} {accuracy:9.3f} {loss:9.3f}",
        flush=True,
    )


def peak_mb():
    """Return the most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Measure and print."""
    from autows.neighbors import nearest_neighbors, stack_nodes
    from baselines._transduction import MAX_DIMS, N_NEIGHBORS

    with tempfile.TemporaryDirectory() as place:
        os.environ["AUTOWS_CACHE"] = os.environ.get("AUTOWS_CACHE", place)
        start = time.perf_counter()
        nearest_neighbors(stack_nodes(made_up_view()[0])[0], N_NEIGHBORS, MAX_DIMS)
        print(f"graph of {N_POOL + N_TEST:,} rows: {time.perf_counter() - start:.1f} s")
        header = f"{'method':28} {'s':>7} {'CPU s':>7} {'MB before':>10} {'MB peak':>8}"
        print(f"{header} {'accuracy':>9} {'log-loss':>9}", flush=True)
        context = multiprocessing.get_context("spawn")
        for spec in sys.argv[1:] or SPECS:
            process = context.Process(target=measure, args=(spec,))
            process.start()
            process.join()
            if process.exitcode:
                sys.exit(f"{spec} ended with status {process.exitcode}")


if __name__ == "__main__":
    main()
