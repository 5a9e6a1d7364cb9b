"""Mixtures over rows of numbers: diagonal Gaussians, independent Bernoullis, and the hard limit, k-means.

All have the same four steps, so that one EM loop serves them: ``maximise`` learns from rows and
responsibilities, ``expect`` returns responsibilities, ``calibrate`` learns how far they can be trusted, and
``predict_proba`` returns responsibilities tempered by that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Responsibilities = NDArray[np.float64]

VARIANCE_FLOOR = 1e-2


class Mixture(ABC):
    """Base class of mixtures.

    Parameters
    ----------
    shares : (C,) float array, optional
        Shares of the components, positive, summing to 1; kept as they are. By default they are learned.

    Attributes
    ----------
    shares_ : (C,) float64 array
    temperature_ : float
        What :meth:`predict_proba` divides log-likelihoods by; 1 until :meth:`calibrate` is called.
    """

    def __init__(self, shares: NDArray[np.floating] | None = None) -> None:
        self.shares = shares
        self.temperature_ = 1.0

    def maximise(self, X: Rows, R: Responsibilities) -> None:
        """M step: learn all parameters from rows (N, p) and weighted responsibilities (N, C)."""
        mass = R.sum(axis=0)
        self.shares_ = mass / mass.sum() if self.shares is None else np.asarray(self.shares, dtype=np.float64)
        self._learn(X, R, mass)

    def expect(self, X: Rows) -> Responsibilities:
        """E step: return responsibilities, (N, C), rows summing to 1."""
        return self._posterior(X, 1.0)

    def calibrate(self, X: Rows, R: Responsibilities) -> None:
        """Set the temperature from fitted rows and their responsibilities; 1 by default."""
        self.temperature_ = 1.0

    def predict_proba(self, X: Rows) -> Responsibilities:
        """Return responsibilities with log-likelihoods divided by the temperature, (N, C)."""
        return self._posterior(X, self.temperature_)

    @abstractmethod
    def log_likelihood(self, X: Rows) -> NDArray[np.float64]:
        """Return log p(row | component) up to a constant a row, (N, C)."""

    @abstractmethod
    def _learn(self, X: Rows, R: Responsibilities, mass: NDArray[np.float64]) -> None:
        """Learn the parameters of the components; mass is the column sums of R."""

    def _posterior(self, X: Rows, temperature: float) -> Responsibilities:
        from scipy.special import softmax

        with np.errstate(divide="ignore"):  # a component may have died
            log_shares = np.log(self.shares_)
        return softmax(self.log_likelihood(X) / temperature + log_shares, axis=1)


class DiagonalGaussians(Mixture):
    """Gaussians with diagonal covariances, shrunken, for columns of variance 1.

    Parameters
    ----------
    shares : (C,) float array, optional
        See :class:`Mixture`.
    shrinkage : float, default 5.0
        A component's variances are averaged with the pooled within-component variances of all, which
        count as so many rows; those in turn with 1, the variance of the columns. Not negative.
    floor : float, default 0.01
        No variance is less.

    Notes
    -----
    Each step is O(N p C): two matrix products. For many columns that are not independent given the
    component the likelihood counts the same evidence many times over. :meth:`calibrate` sets the
    temperature to p / p_eff, with ``p_eff = tr(S)^2 / |S|^2`` (Frobenius) the participation ratio of the
    within-component correlation matrix S: p if columns are uncorrelated, 1 if all are the same.
    """

    def __init__(
        self,
        shares: NDArray[np.floating] | None = None,
        shrinkage: float = 5.0,
        floor: float = VARIANCE_FLOOR,
    ) -> None:
        super().__init__(shares)
        self.shrinkage = shrinkage
        self.floor = floor

    def log_likelihood(self, X: Rows) -> NDArray[np.float64]:
        """Return log-densities without the constant ``-p/2 log(2 pi)``."""
        precision = 1 / self.variances_
        constant = (self.means_**2 * precision).sum(axis=1) + np.log(self.variances_).sum(axis=1)
        squares = (X * X) @ precision.T.astype(np.float32)
        products = X @ (self.means_ * precision).T.astype(np.float32)
        return -0.5 * (squares - 2.0 * products.astype(np.float64) + constant)

    def calibrate(self, X: Rows, R: Responsibilities) -> None:
        """Set the temperature to the number of columns for each effective one; O(N p^2)."""
        mass, means = _means(X, R)
        total = np.asarray(X.T @ X, dtype=np.float64)
        within = (total - (means * mass[:, None]).T @ means) / len(X)
        variance = np.diag(within)
        varies = variance > 1e-6
        if varies.any():
            deviation = np.sqrt(variance[varies])
            S = within[np.ix_(varies, varies)] / np.outer(deviation, deviation)
            self.temperature_ = max(float(np.square(S).sum() / len(S)), 1.0)

    def _learn(self, X: Rows, R: Responsibilities, mass: NDArray[np.float64]) -> None:
        _, self.means_ = _means(X, R)
        squares = np.asarray((X * X).T @ R.astype(np.float32), dtype=np.float64).T
        scatter = np.maximum(squares - mass[:, None] * self.means_**2, 0.0)
        s = self.shrinkage
        pooled = (scatter.sum(axis=0) + s) / (mass.sum() + s)
        weight = np.maximum(mass + s, 1e-12)[:, None]
        self.variances_ = np.maximum((scatter + s * pooled) / weight, self.floor)


class Bernoullis(Mixture):
    """Independent Bernoullis over columns in [0, 1], which may be probabilities instead of ones and zeros.

    Parameters
    ----------
    shares : (C,) float array, optional
        See :class:`Mixture`.
    smoothing : float, default 1.0
        The rate of a column overall counts as so many rows when its rate in a component is estimated;
        positive.
    temperature : float, default 1.0
        What :meth:`calibrate` sets the temperature to. With F labelings of the same rows by the
        same features, F makes all of them together one witness.
    """

    def __init__(
        self,
        shares: NDArray[np.floating] | None = None,
        smoothing: float = 1.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(shares)
        self.smoothing = smoothing
        self.temperature = temperature

    def log_likelihood(self, X: Rows) -> NDArray[np.float64]:
        """Return ``sum_j x_j log b_j + (1 - x_j) log(1 - b_j)``; two matrix products."""
        return X @ (np.log(self.rates_) - np.log1p(-self.rates_)).T + np.log1p(-self.rates_).sum(axis=1)

    def calibrate(self, X: Rows, R: Responsibilities) -> None:
        """Set the temperature that was asked for."""
        self.temperature_ = self.temperature

    def _learn(self, X: Rows, R: Responsibilities, mass: NDArray[np.float64]) -> None:
        # Half a row of either kind keeps a column that is always 0 or always 1 from certainty.
        overall = (X.sum(axis=0, dtype=np.float64) + 0.5) / (len(X) + 1)
        ones = R.T @ X
        self.rates_ = (ones + self.smoothing * overall) / (mass[:, None] + self.smoothing)


class HardClusters(Mixture):
    """k-means: every row belongs to the component with the nearest centre, entirely."""

    def log_likelihood(self, X: Rows) -> NDArray[np.float64]:
        """Return minus half the squared distances to the centres, up to a constant a row."""
        products = np.asarray(X @ self.means_.T.astype(np.float32), dtype=np.float64)
        return np.where(self._placed, products - 0.5 * np.square(self.means_).sum(axis=1), -np.inf)

    def inertia(self, X: Rows) -> float:
        """Return the sum of squared distances to the nearest centres."""
        nearest = self.log_likelihood(X).max(axis=1)
        return float(np.square(X, dtype=np.float64).sum() - 2 * nearest.sum())

    def _learn(self, X: Rows, R: Responsibilities, mass: NDArray[np.float64]) -> None:
        _, means = _means(X, R)
        # A centre that lost its rows stays where it was; one that never had any is nowhere.
        previous, placed = getattr(self, "means_", means), getattr(self, "_placed", mass > 0)
        self.means_ = np.where(mass[:, None] > 0, means, previous)
        self._placed = placed | (mass > 0)

    def _posterior(self, X: Rows, temperature: float) -> Responsibilities:
        return np.eye(len(self.means_))[self.log_likelihood(X).argmax(axis=1)]


def _means(X: Rows, R: Responsibilities) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mass (C,) and the mean (C, p) of each component; 0 where it has no mass."""
    mass = R.sum(axis=0)
    total = np.asarray(X.T @ R.astype(np.float32), dtype=np.float64).T
    return mass, total / np.where(mass > 0, mass, 1.0)[:, None]
