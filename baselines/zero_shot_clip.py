"""The foundation model's own answer, without a label."""

from __future__ import annotations

import numpy as np

from autows.method import Method
from autows.types import Labels, TaskView


class ZeroShotClip(Method):
    """Answer with the zero-shot class probabilities of the task's foundation model, as they are.

    References
    ----------
    A. Radford et al. (2021), Learning Transferable Visual Models From Natural Language
    Supervision, ICML, section 3.1.
    """

    name = "zero_shot_clip"
    family = "zero-shot"
    needs = frozenset({"zero_shot"})

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Return the zero-shot matrices of the view; the seeds are not looked at."""
        assert view.zero_shot_pool is not None
        assert view.zero_shot_test is not None
        return Labels(
            pool=view.zero_shot_pool,
            test=view.zero_shot_test,
            n_classes=view.n_classes,
        )
