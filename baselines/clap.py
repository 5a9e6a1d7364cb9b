"""CLAP: logistic regression on the seeds whose weights are drawn to the text embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._embeddings import SeedEmbeddings, answer, best_candidate, out_of_fold, seed_folds

STRENGTHS = tuple(10.0**exponent for exponent in range(4, -5, -1))
ROUGH = 1e-5
"""Tolerance of the fits between which cross-validation chooses."""
LEAST_CONFIDENCE = 0.01
"""No class is left without penalty, however wrong the foundation model is on its seeds."""


class Clap(Method):
    """Multinomial logistic regression with the class texts as prior mean of its weights.

    Minimises ``mean_i CE(y_i, softmax(scale x_i W')) + strength sum_k lambda_k |w_k - t_k|^2`` over W, for
    unit embeddings x and class texts t; lambda_k is the mean zero-shot probability of class k on its own
    seeds, so that a class which the foundation model does not know may move away from its text.

    Parameters
    ----------
    strength : float, optional
        The common factor of the penalties; 1 is the paper's. By default, out of 9 powers of ten from 10,000
        to 0.0001, the one of lowest 5-fold cross-validated log-loss on the seeds.
    calibrated : bool, default True
        First divide the scale by the temperature at which the zero-shot answers have the lowest log-loss
        on the seeds; the paper keeps the scale. Otherwise what the foundation model is wrongly sure of has
        to be unlearnt by weights as large.

    Notes
    -----
    The paper minimises with 300 epochs of stochastic gradient descent on normalised weights, may update the
    multipliers once by an augmented Lagrangian, and augments the images. Here the multipliers stay, weights
    are not normalised, and the problem is therefore convex and solved to its minimum. A class without seeds
    gets the mean of the other lambda. A temperature for all logits, chosen with the strength, changes no
    decision.

    The solution differs from the texts by combinations of the seeds, so the search takes place in at
    most n dimensions a class after one singular value decomposition, exactly. With 5 folds and 9 strengths,
    each started from the one before, O(n^2 K) an iteration and some tens of iterations each.

    References
    ----------
    J. Silva-Rodríguez, S. Hajimiri, I. Ben Ayed and J. Dolz (2024), A closer look at the few-shot
    adaptation of large vision-language models, CVPR.
    """

    name = "clap"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, strength: float | None = None, calibrated: bool = True) -> None:
        self.strength = strength
        self.calibrated = calibrated

    def validate(self) -> None:
        """Check that the strength is positive."""
        if self.strength is not None and not self.strength > 0:
            raise ValueError(f"strength is {self.strength}; expected a positive number, or none to choose it")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Choose the strength by cross-validation, fit to all seeds, answer.

        Raises
        ------
        ValueError
            If ``strength`` is not positive.
        """
        self.validate()
        seeds, folds = SeedEmbeddings.of(view), seed_folds(view, rng)
        strengths = STRENGTHS if self.strength is None else (float(self.strength),)
        strength, temperature, info = strengths[0], 1.0, {}
        if folds is not None:

            def candidates(train: SeedEmbeddings, F: NDArray[np.float64]) -> NDArray[np.float64]:
                train = train.calibrated() if self.calibrated else train
                return np.stack([train.scale * (F @ W.T) for W in fit_path(train, strengths, ROUGH)])

            chosen, temperature, loss = best_candidate(out_of_fold(seeds, folds, candidates), seeds.y)
            strength, info = strengths[chosen], {"out_of_fold_log_loss": round(loss, 4)}
        seeds = seeds.calibrated() if self.calibrated else seeds
        weights = (seeds.scale * fit_path(seeds, (strength,))[0]).T.astype(np.float32)
        return answer(view, lambda X: X @ weights, temperature, {"strength": strength, **info})


def confidences(seeds: SeedEmbeddings) -> NDArray[np.float64]:
    """Return lambda, shape (K,): the mean zero-shot probability of a class on its own seeds.

    At least 0.01; classes without seeds get the mean of the others.
    """
    from scipy.special import softmax

    P = softmax(seeds.zero_shot, axis=1)
    seen = seeds.counts > 0
    confidence = (P * seeds.onehot).sum(axis=0) / np.maximum(seeds.counts, 1)
    confidence[~seen] = confidence[seen].mean()
    clipped: NDArray[np.float64] = np.maximum(confidence, LEAST_CONFIDENCE)
    return clipped


def fit_path(
    seeds: SeedEmbeddings, strengths: tuple[float, ...], tol: float = 1e-9
) -> list[NDArray[np.float64]]:
    """Return the weights for each strength; quickest if strengths fall.

    Parameters
    ----------
    seeds : SeedEmbeddings
    strengths : tuple of float
    tol : float, default 1e-9
        No entry of the gradient is larger, in coordinates in which the Hessian at equal
        probabilities has ones on its diagonal.

    Returns
    -------
    list of (K, d) float64
    """
    from scipy.optimize import minimize

    problem = _Problem.of(seeds)
    path, V = [], np.zeros((problem.Z.shape[1], len(seeds.T)))
    for strength in strengths:
        penalty = strength * problem.confidence
        unit = problem.unit(penalty)
        found: Any = minimize(
            problem.objective,
            (V / unit).ravel(),
            args=(penalty, unit),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000, "maxfun": 10_000, "maxcor": 20, "gtol": tol, "ftol": 0.0},
        )
        V = found.x.reshape(V.shape) * unit
        path.append(seeds.T + (problem.basis @ V).T)
    return path


@dataclass(frozen=True)
class _Problem:
    """The seeds in coordinates of their own span: ``scale F = Z basis'``, the columns of Z orthogonal."""

    Z: NDArray[np.float64]
    basis: NDArray[np.float64]
    offset: NDArray[np.float64]
    onehot: NDArray[np.float64]
    confidence: NDArray[np.float64]

    @classmethod
    def of(cls, seeds: SeedEmbeddings) -> _Problem:
        U, s, Vt = np.linalg.svd(seeds.F, full_matrices=False)
        return cls(seeds.scale * U * s, Vt.T, seeds.zero_shot, seeds.onehot, confidences(seeds))

    def unit(self, penalty: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return steps (r, K) in which the Hessian at equal probabilities has ones on its diagonal."""
        n, K = self.onehot.shape
        curvature = np.square(self.Z).sum(axis=0)[:, None] / n * (1 - 1 / K) / K
        return 1 / np.sqrt(curvature + 2 * penalty)

    def objective(
        self, flat: NDArray[np.float64], penalty: NDArray[np.float64], unit: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Return the loss and its gradient at ``V = unit * flat``, V being ``basis' (w_k - t_k)``."""
        from scipy.special import log_softmax

        n = len(self.Z)
        V = flat.reshape(unit.shape) * unit
        log_p = log_softmax(self.offset + self.Z @ V, axis=1)
        loss = -float(np.sum(self.onehot * log_p)) / n + float(np.sum(penalty * V * V))
        gradient = self.Z.T @ (np.exp(log_p) - self.onehot) / n + 2 * penalty * V
        return loss, (gradient * unit).ravel()
