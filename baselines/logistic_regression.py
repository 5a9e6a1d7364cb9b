"""Train on the hundred labels and nothing else."""

from __future__ import annotations

import numpy as np

from autows.end_models.seeds import fit_seeds, tune
from autows.method import Method
from autows.types import Labels, TaskView


class LogisticRegression(Method):
    """Multinomial logistic regression on the seeds, C and scaling by 5-fold cross-validation on them.

    Features are scaled by one global factor or each by its own, whichever has the lower
    out-of-fold log-loss; the unlabeled pool only provides means and variances.
    """

    name = "logistic_regression"
    family = "control"

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune, fit, and return class probabilities."""
        tuned = tune(view.X_seed, view.y_seed, view.X_pool, view.n_classes, rng, view.groups_seed)
        model = fit_seeds(view.X_seed, view.y_seed, tuned, view.n_classes)
        return Labels(
            pool=model.predict_proba(view.X_pool),
            test=model.predict_proba(view.X_test),
            n_classes=view.n_classes,
            info={"C": tuned.C, "scaling": tuned.scaling.name},
        )
