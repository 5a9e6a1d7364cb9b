"""What all tests share: a cache of their own, no network, and small tasks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
# Before any test imports the project: worker processes inherit it.
os.environ["AUTOWS_CACHE"] = tempfile.mkdtemp(prefix="autows-test-cache-")

from autows.types import TaskView

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _remove_cache():
    yield
    import shutil

    shutil.rmtree(os.environ["AUTOWS_CACHE"], ignore_errors=True)


@pytest.fixture
def blobs():
    """Return a function that makes a view of Gaussian classes, with its truth."""

    def make(n_classes=3, n=40, pool=120, test=50, d=4, gap=3.0, seed=0, **more):
        rng = np.random.default_rng(seed)
        means = gap * rng.standard_normal((n_classes, d))
        y = rng.integers(n_classes, size=pool + test)
        y[:n_classes] = np.arange(n_classes)
        X = (means[y] + rng.standard_normal((pool + test, d))).astype(np.float32)
        index = np.arange(n)
        view = TaskView(
            X_seed=X[index],
            y_seed=y[index],
            X_pool=X[:pool],
            X_test=X[pool:],
            n_classes=n_classes,
            **{"seed_index": index, **more},
        )
        return view, y[:pool], y[pool:]

    return make
