"""The floor: always the most frequent class among the seeds."""

from __future__ import annotations

import numpy as np

from autows.method import Method
from autows.types import Labels, TaskView


class MajorityClass(Method):
    """Answer every row with the class shares of the seeds, so with their most frequent class."""

    name = "majority_class"
    family = "control"

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Return the smoothed seed shares ``(counts + 1) / (n + K)`` for every row."""
        shares = (view.seed_counts + 1.0) / (len(view.y_seed) + view.n_classes)

        def rows(X: object) -> np.ndarray:
            return np.broadcast_to(shares.astype(np.float32), (X.shape[0], view.n_classes))  # type: ignore[attr-defined]

        return Labels(pool=rows(view.X_pool), test=rows(view.X_test), n_classes=view.n_classes)
