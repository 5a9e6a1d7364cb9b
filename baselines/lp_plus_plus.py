"""LP++: a linear probe whose class weights are blended with the text embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._embeddings import SeedEmbeddings, answer, best_candidate, out_of_fold, seed_folds

MOMENTUM = 0.9
BLEND_EVERY = 10
"""Steps of the weights to one step of the blending."""
START = 2.5
"""The starting blend in units of logit scale times mean cosine: 250 for a model of scale 100."""


class LpPlusPlus(Method):
    """A linear probe with logits ``x (w_k + alpha_k t_k)``, trained by block steps that need no tuning.

    Weights w start at the class means of the seeds, blends alpha at a common value that grows with
    the cosine of seeds and their texts. The mean cross-entropy then falls by gradient steps with
    momentum, alpha moving at every tenth, the step sizes following from bounds of the curvature. How many
    steps to take, in tens, is chosen by 5-fold cross-validation on the seeds.

    Parameters
    ----------
    n_steps : int, default 300
        Most steps.
    calibrated : bool, default True
        Start the blends at a scale that is first divided by the temperature at which the zero-shot answers
        have the lowest log-loss on the seeds; the paper keeps the scale. Too large ones are not unlearnt in
        these steps.

    Notes
    -----
    Step sizes are ``4 n / lambda_max(F' F)`` for w and ``n / (4 max_k sum_i (x_i t_k)^2)`` for alpha. The
    paper stops early by a labelled validation set; cross-validation takes its place. Seeds are not
    augmented. A class without seeds starts at the average of the class means. A temperature for all logits,
    chosen with the number of steps, changes no decision.

    Weights stay combinations of the seeds, ``W = A' F``, so a step is taken on A with the Gram matrix of the
    seeds: O(n^2 K) whatever d.

    References
    ----------
    Y. Huang, F. Shakeri, J. Dolz, M. Boudiaf, H. Bahig and I. Ben Ayed (2024), LP++: a
    surprisingly strong linear probe for few-shot CLIP, CVPR.
    """

    name = "lp_plus_plus"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, n_steps: int = 300, calibrated: bool = True) -> None:
        self.n_steps = n_steps
        self.calibrated = calibrated

    def validate(self) -> None:
        """Check that there is a step to take."""
        self.require_positive("n_steps")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Choose the number of steps by cross-validation, train on all seeds, answer.

        Raises
        ------
        ValueError
            If ``n_steps`` is not positive.
        """
        self.validate()
        seeds, folds = SeedEmbeddings.of(view), seed_folds(view, rng)
        path = self._descend(seeds)
        chosen, temperature, info = len(path) - 1, 1.0, {}
        if folds is not None:

            def candidates(train: SeedEmbeddings, F: NDArray[np.float64]) -> NDArray[np.float64]:
                cross, texts = F @ train.F.T, F @ train.T.T
                path = self._descend(train)
                return np.stack([cross @ probe.A + texts * probe.alpha for probe in path])

            chosen, temperature, loss = best_candidate(out_of_fold(seeds, folds, candidates), seeds.y)
            info = {"out_of_fold_log_loss": round(loss, 4)}
        weights = (seeds.F.T @ path[chosen].A + seeds.T.T * path[chosen].alpha).astype(np.float32)
        steps = min(chosen * BLEND_EVERY, self.n_steps)
        return answer(view, lambda X: X @ weights, temperature, {"steps": steps, **info})

    def _descend(self, seeds: SeedEmbeddings) -> list[Probe]:
        return descend(seeds.calibrated() if self.calibrated else seeds, self.n_steps)


@dataclass(frozen=True)
class Probe:
    """The trained part: weights are ``A' F + alpha_k t_k``.

    Parameters
    ----------
    A : (n, K) float64
        Coefficients of the seeds.
    alpha : (K,) float64
        How much of the text each class takes.
    """

    A: NDArray[np.float64]
    alpha: NDArray[np.float64]


def start(seeds: SeedEmbeddings) -> Probe:
    """Return the probe before the first step: class means, and one blend for all classes."""
    counts, onehot = seeds.counts, seeds.onehot
    seen = counts > 0
    A = onehot / np.maximum(counts, 1)
    A[:, ~seen] = A[:, seen].mean(axis=1, keepdims=True)
    cosine = float(np.einsum("nk,nd,kd->k", A, seeds.F, seeds.T, optimize=True)[seen].mean())
    return Probe(A, np.full(len(counts), START * seeds.scale * max(cosine, 0.0)))


def descend(seeds: SeedEmbeddings, n_steps: int) -> list[Probe]:
    """Return the probe at the start, after every tenth step, and after the last."""
    from scipy.special import softmax

    n, onehot = len(seeds.y), seeds.onehot
    gram, texts = seeds.F @ seeds.F.T, seeds.F @ seeds.T.T
    step = 4 * n / np.linalg.eigvalsh(gram)[-1]
    blend_step = n / (4 * max(float(np.square(texts).sum(axis=0).max()), 1e-12))
    probe = start(seeds)
    A, alpha, velocity = probe.A, probe.alpha, np.zeros_like(probe.A)
    path = [probe]
    for taken in range(1, n_steps + 1):
        residual = (softmax(gram @ A + texts * alpha, axis=1) - onehot) / n
        velocity = MOMENTUM * velocity + residual
        A = A - step * velocity
        if taken % BLEND_EVERY == 0:
            alpha = alpha - blend_step * (texts * residual).sum(axis=0)
        if taken % BLEND_EVERY == 0 or taken == n_steps:
            path.append(Probe(A, alpha))
    return path
