"""Base models on one affinity: how its rows are written as numbers, and which mixture explains them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from autows.methods._em import Fitting
from autows.methods._mixtures import DiagonalGaussians, HardClusters, Mixture, Responsibilities

Array = NDArray[np.float32]


class Writer(Protocol):
    """Something fitted to affinities that then writes any rows of affinities as numbers for a mixture."""

    def fit(self, A: Array) -> Self:
        """Learn from the affinities of the fitted rows, (N, m)."""

    def transform(self, A: Array) -> Array:
        """Write rows of affinities; each by itself."""


class Standardised:
    """Columns brought to mean 0 and variance 1; a constant column to 0, here and in new rows."""

    def __init__(self, n_components: int) -> None:
        self.n_components = n_components

    def fit(self, A: Array) -> Self:
        """Learn means and standard deviations of the columns."""
        self.mean_ = A.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = np.std(A, axis=0, dtype=np.float64)
        # What rounding leaves of a constant column would else become a feature.
        constant = deviation <= 1e-6 * np.maximum(np.abs(self.mean_), 1e-6)
        self.scale_ = np.where(constant, 0.0, 1 / np.where(constant, 1.0, deviation)).astype(np.float32)
        return self

    def transform(self, A: Array) -> Array:
        """Subtract and divide."""
        return (A - self.mean_) * self.scale_


class SpectralEmbedding:
    """Leading singular vectors of the bipartite graph between rows and anchors, rows of unit length.

    With A the affinities (negative ones count as none), D1 and D2 its row and column sums and V the C
    leading right singular vectors of ``D1^-1/2 A D2^-1/2``, a row a is written as ``a D2^-1/2 V``
    brought to unit length: for fitted rows the left singular vectors times singular values, for new
    rows their continuation. A row without affinities becomes 0.

    Parameters
    ----------
    n_components : int
        C, the number of clusters sought.

    Notes
    -----
    O(N m^2 + m^3) to fit, O(m C) a row afterwards; nothing of size N x N.

    References
    ----------
    I. Dhillon (2001), Co-clustering documents and words using bipartite spectral graph partitioning,
    KDD. A. Ng, M. Jordan and Y. Weiss (2001), On spectral clustering, NeurIPS (unit length).
    """

    def __init__(self, n_components: int) -> None:
        self.n_components = n_components

    def fit(self, A: Array) -> Self:
        """Learn anchor degrees and singular vectors."""
        import scipy.linalg

        B = np.maximum(A, 0)
        degree = B.sum(axis=0, dtype=np.float64)
        self.weight_ = np.where(degree > 0, 1 / np.sqrt(np.where(degree > 0, degree, 1.0)), 0.0)
        row_degree = B.sum(axis=1, keepdims=True)
        B /= np.sqrt(np.where(row_degree > 0, row_degree, 1))
        B *= self.weight_.astype(np.float32)
        m = B.shape[1]
        last = [max(m - self.n_components, 0), m - 1]
        _, vectors = scipy.linalg.eigh(np.asarray(B.T @ B, dtype=np.float64), subset_by_index=last)
        self.basis_ = (self.weight_[:, None] * vectors).astype(np.float32)
        return self

    def transform(self, A: Array) -> Array:
        """Project and bring to unit length."""
        Z = np.maximum(A, 0) @ self.basis_
        length = np.linalg.norm(Z, axis=1, keepdims=True)
        return np.divide(Z, length, out=np.zeros_like(Z), where=length > 0)


@dataclass(frozen=True)
class Base:
    """A writer, made for a number of components, and a mixture, made for shares (or None) and a shrinkage."""

    writer: Callable[[int], Writer]
    mixture: Callable[[NDArray[np.float64] | None, float], Mixture]


BASES: dict[str, Base] = {
    "semi_gmm": Base(Standardised, lambda shares, shrinkage: DiagonalGaussians(shares, shrinkage)),
    "kmeans": Base(Standardised, lambda shares, shrinkage: HardClusters(shares)),
    "spectral": Base(SpectralEmbedding, lambda shares, shrinkage: HardClusters(shares)),
}


class BaseModel:
    """A base fitted to one affinity.

    Parameters
    ----------
    base : Base
    fitting : Fitting
        How components are found.
    A : (N, m) float32 array
        Affinities of the rows to fit, those that ``fitting`` takes for seeds first.
    shrinkage : float
        Of variances, for mixtures that have them.
    """

    def __init__(self, base: Base, fitting: Fitting, A: Array, shrinkage: float) -> None:
        self.writer = base.writer(fitting.n_components).fit(A)
        self.mixture = base.mixture(fitting.shares, shrinkage)
        self.steps = fitting.fit(self.mixture, self.writer.transform(A))

    def predict(self, A: Array, temper: bool) -> Responsibilities:
        """Return the components' probabilities for rows of affinities, tempered or not, (rows, C)."""
        Z = self.writer.transform(A)
        return self.mixture.predict_proba(Z) if temper else self.mixture.expect(Z)
