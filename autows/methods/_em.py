"""EM for mixtures: from seeds that keep their classes, or from k-means with no label at all."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from autows.methods._mixtures import HardClusters, Mixture, Responsibilities, Rows

MAX_STEPS = 100
TOLERANCE = 1e-4
N_STARTS = 4


class Fitting(ABC):
    """How the components of a mixture are told from one another.

    Attributes
    ----------
    n_components : int
    shares : (C,) float64 array or None
        Shares that the mixtures keep; None if they learn them.
    """

    n_components: int
    shares: NDArray[np.float64] | None = None

    @abstractmethod
    def fit(self, mixture: Mixture, X: Rows) -> int:
        """Fit a mixture to rows (N, p), in place; return the number of EM steps."""


class Seeded(Fitting):
    """One component for each class that has a seed; seeds start it and never leave it.

    Parameters
    ----------
    y : (n,) int array
        Component of each of the first n rows, in ``0 .. C - 1``, each at least once.
    shares : (C,) float array
        Shares of the components.
    unlabeled_weight : float
        Weight of all other rows together, relative to that of all seeds together (EM-lambda); no
        row counts for more than a seed.

    References
    ----------
    K. Nigam, A. McCallum, S. Thrun and T. Mitchell (2000), Text classification from labeled and
    unlabeled documents using EM, Machine Learning 39, section 5.3. S. Basu, A. Banerjee and R. Mooney
    (2002), Semi-supervised clustering by seeding, ICML (for k-means).
    """

    def __init__(self, y: NDArray[np.integer], shares: NDArray[np.float64], unlabeled_weight: float) -> None:
        self.n_components = len(shares)
        self.shares = shares
        self.labels = np.eye(self.n_components)[y]
        self.unlabeled_weight = unlabeled_weight

    def fit(self, mixture: Mixture, X: Rows) -> int:
        """Start from the seeds alone, then EM over all rows."""
        n, N = len(self.labels), len(X)
        mixture.maximise(X[:n], self.labels)
        weight = np.ones((N, 1))
        if n < N:
            weight[n:] = min(self.unlabeled_weight * n / (N - n), 1.0)
        R = mixture.expect(X)
        R[:n] = self.labels
        return iterate(mixture, X, R, weight, clamped=n)


class Unseeded(Fitting):
    """Components without a meaning: the best of four k-means, then EM.

    Parameters
    ----------
    n_components : int
    rng : numpy.random.Generator
        Draws the starting centres by k-means++.
    """

    def __init__(self, n_components: int, rng: np.random.Generator) -> None:
        self.n_components = n_components
        self.rng = rng

    def fit(self, mixture: Mixture, X: Rows) -> int:
        """Take responsibilities from k-means, then EM; components beyond the number of rows stay empty."""
        R = self._clusters(X).expect(X)
        return iterate(mixture, X, R, np.ones((len(X), 1)))

    def _clusters(self, X: Rows) -> HardClusters:
        from sklearn.cluster import kmeans_plusplus

        C = min(self.n_components, len(X))
        found = []
        for _ in range(N_STARTS):
            _, rows = kmeans_plusplus(X, C, random_state=int(self.rng.integers(2**31)))
            start = np.zeros((C, self.n_components))
            start[np.arange(C), np.arange(C)] = 1.0
            clusters = HardClusters()
            clusters.maximise(X[rows], start)
            iterate(clusters, X, clusters.expect(X), np.ones((len(X), 1)))
            found.append(clusters)
        return min(found, key=lambda clusters: clusters.inertia(X))


def iterate(
    mixture: Mixture, X: Rows, R: Responsibilities, weight: NDArray[np.float64], clamped: int = 0
) -> int:
    """Run EM from given responsibilities until they change by less than 1e-4 on average, then calibrate.

    Parameters
    ----------
    mixture : Mixture
        Fitted in place.
    X : (N, p) float32 array
    R : (N, C) float64 array
        Responsibilities to start from; those of the first ``clamped`` rows are kept.
    weight : (N, 1) float64 array
        What a row counts for in the M step.
    clamped : int, default 0

    Returns
    -------
    int
        Steps taken, at most 100.

    Notes
    -----
    O(N p C) a step. The temperature plays no part in the steps: they are those of ordinary EM.
    """
    steps, change = 0, np.inf
    while steps < MAX_STEPS and change >= TOLERANCE:
        steps += 1
        mixture.maximise(X, R * weight)
        new = mixture.expect(X)
        new[:clamped] = R[:clamped]
        change = float(np.abs(new - R).sum(axis=1).mean())
        R = new
    mixture.calibrate(X, R)
    return steps
