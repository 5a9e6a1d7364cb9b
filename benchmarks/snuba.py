"""How long Snuba takes at the size of MNIST under PCA, and how long one round takes with one model at a time.

    python benchmarks/snuba.py

Generated data: 10 classes, 100 features, 100 seeds, 23 rounds; the pool has 5,000 and then 57,000 rows.
The plain round fits scikit-learn's tree and logistic regression to every feature and class, and asks
scikit-learn for the F-score of each of ten thresholds, as the code of 2022 did; its first part is timed and
scaled to all models.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

CLASSES, FEATURES, SEEDS, TEST = 10, 100, 100, 10_000
FEATURES_TIMED = 5


def make_view(pool: int) -> Any:
    """Return a view of Gaussian classes on correlated features of falling variance, as components are."""
    from autows.types import TaskView

    rng = np.random.default_rng(0)
    scale = 1 / np.sqrt(1 + np.arange(FEATURES))
    means = 1.2 * scale * rng.standard_normal((CLASSES, FEATURES))
    y = rng.integers(CLASSES, size=pool + TEST)
    X = (means[y] + scale * rng.standard_normal((pool + TEST, FEATURES))).astype(np.float32)
    index = rng.choice(pool, SEEDS, replace=False)
    view = TaskView(
        X_seed=X[index],
        y_seed=y[index],
        X_pool=X[:pool],
        X_test=X[pool:],
        n_classes=CLASSES,
        seed_index=index,
    )
    return view, y[pool:]


def measure(name: str, view: Any, y_test: Any) -> float:
    """Print the seconds and accuracy of one method; return the seconds."""
    from autows import method

    entrant = method.create(name)
    start = time.perf_counter()
    labels = entrant.fit_predict(view, np.random.default_rng(0))
    seconds = time.perf_counter() - start
    accuracy = np.mean(labels.test.argmax(axis=1) == y_test)
    pool = view.X_pool.shape[0]
    print(
        f"{name:18} pool {pool:6,}: {seconds:5.1f} s, {labels.info['synthesis']['rounds']} rounds, "
        f"{labels.info['n_lfs']} labeling functions, accuracy {accuracy:.3f}"
    )
    return seconds


def plain_round_seconds(view: Any) -> float:
    """Return the seconds of synthesising one round with one model at a time, scaled from a few features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.tree import DecisionTreeClassifier

    betas = np.linspace(0.25, 0.45, 10)
    start = time.perf_counter()
    for j in range(FEATURES_TIMED):
        x = view.X_seed[:, [j]]
        for k in range(CLASSES):
            y = np.where(view.y_seed == k, 1, -1)
            for model in (DecisionTreeClassifier(max_depth=1), LogisticRegression()):
                margin = model.fit(x, y).predict_proba(x)[:, 1] - 0.5
                for beta in betas:
                    votes = np.sign(margin) * (np.abs(margin) >= beta)
                    f1_score(y, votes, average="weighted", zero_division=0)
    return (time.perf_counter() - start) * FEATURES / FEATURES_TIMED


def main() -> None:
    """Measure and print."""
    view, y_test = make_view(5_000)
    measure("snuba[n_iterations=1]", view, y_test)  # Imports are not what is measured.
    ours = measure("snuba", view, y_test)
    measure("snuba_multipolar", view, y_test)
    plain = 23 * plain_round_seconds(view)
    print(f"One model at a time, synthesis alone, 23 rounds: {plain:.0f} s; ratio {plain / ours:.0f}")
    view, y_test = make_view(57_000)
    measure("snuba", view, y_test)
    measure("snuba_multipolar", view, y_test)


if __name__ == "__main__":
    main()
