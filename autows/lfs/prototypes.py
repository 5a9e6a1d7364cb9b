"""Nearest-class-mean labeling functions on subspaces of the columns, with calibrated probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Family, Rows
from autows.lfs._columns import ColumnSynthesiser
from autows.lfs.neighbors import SubspaceModels, Subspaces

LEAST_DIMENSIONS = 1 / 16
N_DIMENSIONS = 24


class Prototypes(Family):
    """Classes as Gaussians of one width around the means of their seeds, on all columns and random halves.

    The probability of class k is its share of the seeds times ``exp(-e (|z - mean_k|^2 - S / n_k) / (2 S))``,
    normalised, where S is the within-class variance summed over the columns, ``n_k`` the seeds of the class
    and ``e`` says how many independent columns the features are worth. With e equal to the number of
    columns this is the Gaussian with a multiple of the identity as covariance, certain of everything
    in high dimension; towards 0 it is the class shares. ``e`` is chosen for each model by the likelihood
    of the seeds, each under means it was left out of. Classes without seeds have probability 0. A
    unipolar model's K answers are those of the multipolar one.

    Parameters
    ----------
    n_subspaces : int, default 10
        Models: one on all columns and the others on different random halves, of which there are at
        most 70 (see :class:`~autows.lfs.neighbors.Subspaces`).

    Notes
    -----
    One width for all columns, because features come with one scale (principal components,
    embeddings) or standardised. S is shrunk with the weight of one degree of freedom towards the
    variance about the overall mean, so that it exists where every class has one seed.

    ``S / n_k`` is what the error of a mean of ``n_k`` seeds adds to squared distances. Without taking it
    away rare classes would seem far from everything: in high dimension the difference between two of
    these terms exceeds the differences between distances to the true means.

    Leaving seed i out moves the mean of its class only, and its squared distance to that mean grows
    by the factor ``(n_k / (n_k - 1))^2``: no mean is computed twice. A seed alone in its class cannot be
    left out and is not counted; if all are, e is 1. The likelihood has one more seed with the class
    shares in place of a label, spread over all rows: classes that the seeds tell apart without error
    would otherwise be certain everywhere.

    References
    ----------
    R. Tibshirani, T. Hastie, B. Narasimhan and G. Chu (2002), Diagnosis of multiple cancer types by
    shrunken centroids of gene expression, PNAS 99(10) (classes as means with common variances).
    """

    name = "prototypes"

    def __init__(self, n_subspaces: int = 10) -> None:
        self.n_subspaces = n_subspaces

    def validate(self) -> None:
        """Check that the number is positive."""
        self.require_positive()

    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> _PrototypeSynthesiser:
        """Choose the subspaces."""
        self.validate()
        return _PrototypeSynthesiser(seeds, y, n_classes, self, rng)


class _PrototypeSynthesiser(ColumnSynthesiser):
    def __init__(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        family: Prototypes,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(seeds)
        self.y, self.n_classes = y, n_classes
        self.subspaces = Subspaces.draw(self.Z.shape[1], family.n_subspaces, rng)

    def fit(self, used: NDArray[np.bool_]) -> PrototypeModels:
        """Take class means, then choose each model's temperature; O(n K q) and O(n K) for each model."""
        counts = np.bincount(self.y[used], minlength=self.n_classes)
        present = np.flatnonzero(counts)
        Z, y = self.Z[used].astype(np.float64), np.searchsorted(present, self.y[used])
        n_k = counts[present].astype(np.float64)
        means = (y == np.arange(len(present))[:, None]) @ Z / n_k[:, None]
        D = self.subspaces.squared_distances(Z, np.vstack([means, Z.mean(axis=0)]))
        D, total = D[:, :, :-1], D[:, :, -1].sum(axis=1) / max(len(y) - 1, 1)
        own = D[:, np.arange(len(y)), y]
        S = (own.sum(axis=1) + total) / (len(y) - len(present) + 1)
        # No spread at all: any width gives the class shares, because all distances are 0.
        S = np.where(S > 0, S, 1.0)
        widths = self.subspaces.member @ [len(block) for block in self.subspaces.blocks]
        dimensions = _effective_dimensions(D / S[:, None, None], y, n_k, widths)
        return PrototypeModels(self.subspaces, means, counts, S / dimensions, dimensions)


@dataclass(frozen=True)
class PrototypeModels(SubspaceModels):
    """Nearest-class-mean models; the points are the means of the classes that have seeds.

    Parameters
    ----------
    temperature : (M,) float64
        Squared distances are divided by twice this.
    dimensions : (M,) float64
        How many independent columns that is worth.
    """

    temperature: NDArray[np.float64]
    dimensions: NDArray[np.float64]

    def probabilities(self, D: NDArray[np.float64], chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the class probabilities; 0 for classes without seeds."""
        present = np.flatnonzero(self.counts)
        P = np.zeros((*D.shape[:2], self.n_classes))
        n_k = self.counts[present]
        bonus = np.log(n_k) + self.dimensions[chosen, None] / (2 * n_k)
        P[:, :, present] = np.exp(
            _log_softmax(bonus[:, None, :] - D / (2 * self.temperature[chosen, None, None]))
        )
        return P

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return the temperature, the dimensions it is worth, the subspace and how many seeds there were."""
        return {
            "kind": "prototypes",
            "temperature": float(f"{self.temperature[model]:.6g}"),
            "dimensions": float(f"{self.dimensions[model]:.6g}"),
            **super().describe(model, label),
        }


def _effective_dimensions(
    D: NDArray[np.float64], y: NDArray[np.intp], n_k: NDArray[np.float64], widths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return for each model the number of dimensions under which left-out seeds are most likely.

    Parameters
    ----------
    D : (M, n, K) float64
        Squared distances of the seeds to the class means, in units of S; every class has a seed.
    y : (n,) int
    n_k : (K,) float64
        Seeds of each class.
    widths : (M,) float64
        Columns of each model: the largest number tried.
    """
    counted = np.flatnonzero(n_k[y] > 1)
    if len(counted) == 0:
        return np.ones(len(D))
    mine, rows = y[counted], np.arange(len(counted))
    D = D[:, counted].copy()
    D[:, rows, mine] *= (n_k[mine] / (n_k[mine] - 1)) ** 2
    left = np.tile(n_k, (len(counted), 1))
    left[rows, mine] -= 1
    D -= 1 / left
    target = np.tile(n_k / n_k.sum() / len(counted), (len(counted), 1))
    target[rows, mine] += 1.0
    best, chosen = np.full(len(D), -np.inf), np.ones(len(D))
    for dimensions in np.geomspace(LEAST_DIMENSIONS, widths, N_DIMENSIONS):
        log_P = _log_softmax(np.log(left) - dimensions[:, None, None] * D / 2)
        likelihood = np.einsum("mik,ik->m", log_P, target)
        better = likelihood > best
        best, chosen = np.where(better, likelihood, best), np.where(better, dimensions, chosen)
    return chosen


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
