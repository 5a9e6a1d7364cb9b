"""The foundation model's own answer, with the confidence and the class shares that the seeds speak for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.prior_matching import match_prior
from autows.priors import shrunken_prior
from autows.types import Labels, TaskView
from baselines._embeddings import TEMPERATURES

FLOOR = 1e-12
"""Probabilities below are taken for this, so that an answer that rules classes out has logarithms."""


class ZeroShotCalibrated(Method):
    """Zero-shot answers at a temperature and with class offsets that match the seeds' class shares.

    The answer is ``softmax(log P / temperature + b)``. For each temperature b makes the mean answer on the
    pool the empirical-Bayes prior of the seeds; the temperature is that of lowest log-loss on the
    seeds, with a log-normal prior around 1. Seeds that are not pool rows have no zero-shot answers:
    their class shares are used and the temperature stays 1.

    Parameters
    ----------
    match : bool, default True
        Whether to match class shares; otherwise only the temperature is fitted, which changes no decision.

    Notes
    -----
    Of OTTER this is the dual of the entropic problem (see :func:`autows.prior_matching.match_prior`) with
    class shares from seeds; left out are the linear program over the test rows, which labels them only
    all together, and its shares from a second classifier. Test rows get the offsets of the pool.
    O(N K) a step; at most 30 steps for each of 22 temperatures.

    References
    ----------
    C. Shin, J. Zhao, S. Cromp, H. Vishwakarma and F. Sala (2024), OTTER: effortless label
    distribution adaptation of zero-shot models, NeurIPS. C. Guo, G. Pleiss, Y. Sun and K.
    Weinberger (2017), On calibration of modern neural networks, ICML (temperature scaling).
    """

    name = "zero_shot_calibrated"
    family = "zero-shot"
    needs = frozenset({"zero_shot"})

    def __init__(self, match: bool = True) -> None:
        self.match = match

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Choose temperature and offsets, then answer."""
        assert view.zero_shot_pool is not None
        assert view.zero_shot_test is not None
        log_P = _log(view.zero_shot_pool)
        prior = shrunken_prior(view.seed_counts)
        candidates = TEMPERATURES if view.seed_index is not None else (1.0,)
        offsets = np.zeros((len(candidates), view.n_classes))
        if self.match:
            for position, temperature in enumerate(candidates):
                offsets[position] = match_prior(log_P / temperature, prior)
        chosen = 0
        if view.seed_index is not None:
            chosen = _lowest_loss(log_P[view.seed_index], offsets, view.y_seed)
        temperature, b = candidates[chosen], offsets[chosen]
        return Labels(
            pool=_softmax(log_P / temperature + b),
            test=_softmax(_log(view.zero_shot_test) / temperature + b),
            n_classes=view.n_classes,
            info={"temperature": temperature, "offsets": [round(float(offset), 4) for offset in b]},
        )


def _lowest_loss(log_P: NDArray[np.float64], offsets: NDArray[np.float64], y: NDArray[np.integer]) -> int:
    """Return the candidate temperature of lowest log-loss on seeds, ``log(temperature)^2 / 2`` added."""
    from scipy.special import log_softmax

    temperatures = np.array(TEMPERATURES)
    Z = log_P / temperatures[:, None, None] + offsets[:, None, :]
    losses = -log_softmax(Z, axis=2)[:, np.arange(len(y)), y].sum(axis=1)
    return int(np.argmin(losses + 0.5 * np.log(temperatures) ** 2))


def _log(P: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.log(np.maximum(P, FLOOR, dtype=np.float64))


def _softmax(Z: NDArray[np.float64]) -> NDArray[np.float32]:
    from scipy.special import softmax

    P: NDArray[np.float32] = softmax(Z, axis=1).astype(np.float32)
    return P
