"""Models of which labeling functions are useful, learned from answers about some of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autows.methods._bagged_mlps import train
from autows.methods._oracles import Answer

LENGTH_SCALE = 1.0
"""Of the kernel, in the distance of unit rows: 0 for the same votes, 2 for opposite ones."""
ANSWER_MEAN, ANSWER_SPREAD = 0.5, 0.5
"""Before any answer a labeling function is as likely useful as not, with the spread of a fair coin."""
ANSWER_NOISE = 0.05
"""Variance of a certain answer about what its votes tell; labeling functions that vote alike differ too."""
GROWTH = 0.1
"""The networks are trained anew when the answers have grown by more than this share."""


def rbf_kernel(A: NDArray[np.floating], B: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``exp(-|a - b|^2 / 2 l^2)`` of all pairs of rows, shape (len(A), len(B)).

    Notes
    -----
    The baseline that unrelated labeling functions share (exp(-1) at right angles) lets the general
    share of useful ones be learned too.
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    square = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2.0 * (A @ B.T)
    return np.exp(np.maximum(square, 0.0) / (-2.0 * LENGTH_SCALE**2))


class Usefulness(ABC):
    """What is believed of C labeling functions: a mean and a spread of their usefulness in [0, 1].

    Attributes
    ----------
    mean, std : (C,) float64
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @abstractmethod
    def add(self, j: int, answer: Answer) -> None:
        """Take in an answer about labeling function ``j``; one of no weight changes nothing."""

    @abstractmethod
    def settle(self) -> None:
        """Bring mean and spread up to date, where ``add`` does not always."""


class GaussianProcess(Usefulness):
    """Regression of answers (0 or 1) on vote features, updated answer by answer.

    Parameters
    ----------
    features : (C, D) float
        Rows of unit length.
    mean, spread : float
        Of the prior.

    Notes
    -----
    An answer adds a row to ``W = L^-1 K_S``, L the Cholesky factor of the kernel of all answers with
    their noise; the mean moves along that row and the variance falls by its square. O(C (D + S)) an
    answer after S of them, where solving anew costs O(S^3 + C (D S + S^2)).

    References
    ----------
    C. E. Rasmussen and C. K. I. Williams (2006), Gaussian Processes for Machine Learning, MIT
    Press, algorithm 2.1.
    """

    def __init__(
        self, features: NDArray[np.floating], mean: float = ANSWER_MEAN, spread: float = ANSWER_SPREAD
    ) -> None:
        C = len(features)
        self.features = np.asarray(features, dtype=np.float64)
        self.mean = np.full(C, mean)
        self._amplitude = spread**2
        self._variance = np.full(C, self._amplitude)
        self._rows: NDArray[np.float64] = np.empty((16, C))
        self._n = 0

    @property
    def std(self) -> NDArray[np.float64]:  # type: ignore[override]
        """Posterior standard deviation, without noise; shape (C,)."""
        return np.sqrt(np.maximum(self._variance, 0.0))

    def add(self, j: int, answer: Answer) -> None:
        """Take in an answer; what the answerer may err by adds to its noise."""
        if answer.useful is not None:
            error = answer.certainty * (1.0 - answer.certainty)
            self.observe(j, float(answer.useful), ANSWER_NOISE + error)

    def settle(self) -> None:
        """Do nothing: every answer is taken in at once."""

    def observe(self, j: int, value: float, noise: float) -> None:
        """Take in a value of labeling function ``j`` with the variance of its noise."""
        if self._n == len(self._rows):
            self._rows = np.vstack([self._rows, np.empty_like(self._rows)])
        known = self._rows[: self._n]
        shared = self._amplitude * rbf_kernel(self.features, self.features[[j]])[:, 0]
        shared -= known[:, j] @ known
        scale = np.sqrt(max(self._variance[j], 0.0) + noise)
        row = shared / scale
        self._rows[self._n] = row
        self._n += 1
        self.mean = self.mean + row * ((value - self.mean[j]) / scale)
        self._variance = self._variance - row**2


def posterior(
    features: NDArray[np.floating],
    index: NDArray[np.intp] | Sequence[int],
    values: NDArray[np.floating],
    noise: NDArray[np.floating],
    mean: float = ANSWER_MEAN,
    spread: float = ANSWER_SPREAD,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of all labeling functions given values of some, solved at once.

    Parameters
    ----------
    features : (C, D) float
    index : (S,) int
        Which have values.
    values, noise : (S,) float
        The values, and the variances of their noise.
    mean, spread : float
        Of the prior.

    Returns
    -------
    mean, std : (C,) float64
        As :class:`GaussianProcess` has them after the same observations; O(S^3 + C S (D + S)).
    """
    from scipy.linalg import cho_factor, cho_solve

    C = len(features)
    if len(index) == 0:
        return np.full(C, mean), np.full(C, spread)
    shared = spread**2 * rbf_kernel(features[index], features)
    factor = cho_factor(shared[:, index] + np.diag(noise), lower=True)
    found = mean + shared.T @ cho_solve(factor, values - mean)
    variance = spread**2 - np.einsum("sc,sc->c", shared, cho_solve(factor, shared))
    return found, np.sqrt(np.maximum(variance, 0.0))


class NetworkBag(Usefulness):
    """A bag of small networks on bootstrap samples of the answers; their spread is the uncertainty.

    The networks are trained from scratch, from the same start for the same number of answers, when they
    are asked and the answers have grown by more than a tenth; :meth:`settle` trains them on all.

    Parameters
    ----------
    features : (C, D) float
        Rows of unit length.
    seed : int
        Of starts and bootstrap samples.

    Notes
    -----
    As in the paper, but for training at every answer, which would cost four times as much.

    References
    ----------
    B. Boecking, W. Neiswanger, E. Xing and A. Dubrawski (2021), Interactive weak supervision:
    learning useful heuristics for data labeling, ICLR, appendix.
    """

    def __init__(self, features: NDArray[np.floating], seed: int) -> None:
        self.features = np.asarray(features, dtype=np.float32)
        self.seed = seed
        self._mean = np.full(len(features), ANSWER_MEAN)
        self._std = np.full(len(features), ANSWER_SPREAD)
        self._index: list[int] = []
        self._values: list[float] = []
        self._weights: list[float] = []
        self._trained = 0

    def add(self, j: int, answer: Answer) -> None:
        """Take in an answer, weighted by what its certainty exceeds a guess by."""
        if answer.useful is None:
            return
        self._index.append(j)
        self._values.append(float(answer.useful))
        self._weights.append(2.0 * answer.certainty - 1.0)

    @property
    def mean(self) -> NDArray[np.float64]:  # type: ignore[override]
        """Mean of the members' probabilities, shape (C,)."""
        self._refresh()
        return self._mean

    @property
    def std(self) -> NDArray[np.float64]:  # type: ignore[override]
        """Their standard deviation, shape (C,)."""
        self._refresh()
        return self._std

    def _refresh(self) -> None:
        if len(self._index) - self._trained > GROWTH * self._trained:
            self._train()

    def settle(self) -> None:
        """Train on all answers."""
        if self._trained < len(self._index):
            self._train()

    def _train(self) -> None:
        bag = train(
            self.features[self._index],
            np.array(self._values, dtype=np.float32),
            np.array(self._weights, dtype=np.float32),
            np.random.default_rng([self.seed, len(self._index)]),
        )
        self._trained = len(self._index)
        P = bag.predict(self.features).astype(np.float64)
        self._mean, self._std = P.mean(axis=0), P.std(axis=0)
