"""What adapters of a foundation model share: unit embeddings, answers in blocks, tuning on the seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.folds import stratified_folds
from autows.types import Labels, Matrix, TaskView

N_FOLDS = 5
TEMPERATURES = tuple(2 ** (third / 3) for third in range(-9, 13))
"""Candidates from which logits get theirs; 1 is among them."""

Scores = Callable[[NDArray[np.float32]], NDArray[np.floating]]
"""Logits, shape (rows, K), of float32 embeddings of length 1, shape (rows, d)."""


@dataclass(frozen=True)
class SeedEmbeddings:
    """The seeds and the class texts on the unit sphere.

    Parameters
    ----------
    F : (n, d) float64
        Embeddings of the seeds, of length 1.
    T : (K, d) float64
        Embeddings of the classes, of length 1.
    y : (n,) int64
        Labels of the seeds.
    scale : float
        What the foundation model multiplies cosines with.
    """

    F: NDArray[np.float64]
    T: NDArray[np.float64]
    y: NDArray[np.int64]
    scale: float

    @classmethod
    def of(cls, view: TaskView) -> SeedEmbeddings:
        """Read them off a view that has class embeddings."""
        texts, scale = view.class_embeddings, view.logit_scale
        assert texts is not None
        assert scale is not None
        y = np.asarray(view.y_seed, dtype=np.int64)
        return cls(unit_rows(view.X_seed, np.float64), texts.astype(np.float64), y, float(scale))

    def only(self, rows: NDArray[Any]) -> SeedEmbeddings:
        """Return those of some seeds."""
        return replace(self, F=self.F[rows], y=self.y[rows])

    def calibrated(self) -> SeedEmbeddings:
        """Divide the scale by the temperature at which zero-shot answers have the lowest log-loss here."""
        _, temperature, _ = best_candidate(self.zero_shot[None], self.y)
        return replace(self, scale=self.scale / temperature)

    @property
    def zero_shot(self) -> NDArray[np.float64]:
        """Zero-shot logits of the seeds, shape (n, K)."""
        return self.scale * (self.F @ self.T.T)

    @property
    def onehot(self) -> NDArray[np.float64]:
        """Labels as an indicator matrix, shape (n, K)."""
        return np.eye(len(self.T))[self.y]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many seeds each class has, shape (K,)."""
        return np.bincount(self.y, minlength=len(self.T))


def unit_rows(X: Matrix, dtype: type[np.floating] = np.float32) -> NDArray[Any]:
    """Return rows scaled to length 1; a row of zeros stays one."""
    rows = np.asarray(X, dtype=dtype)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))[:, None]
    return rows / np.maximum(length, 1e-12).astype(dtype)


def answer(view: TaskView, scores: Scores, temperature: float, info: Mapping[str, Any]) -> Labels:
    """Answer with ``softmax(scores / temperature)``, reading pool and test rows in blocks.

    Parameters
    ----------
    view : TaskView
    scores : callable
        Logits of a block of unit embeddings.
    temperature : float
    info : mapping
        Kept with the run, beside the temperature.
    """
    from scipy.special import softmax

    def probabilities(X: Matrix) -> NDArray[np.float32]:
        P = np.empty((X.shape[0], view.n_classes), dtype=np.float32)
        for rows in blocks(X.shape[0]):
            logits = scores(unit_rows(X[rows])).astype(np.float64)
            P[rows] = softmax(logits / temperature, axis=1)
        return P

    return Labels(
        pool=probabilities(view.X_pool),
        test=probabilities(view.X_test),
        n_classes=view.n_classes,
        info={**info, "temperature": temperature},
    )


def seed_folds(view: TaskView, rng: np.random.Generator, n_folds: int = N_FOLDS) -> NDArray[np.int64] | None:
    """Return the fold of each seed, or None where there is a single seed.

    The folds of :func:`~autows.folds.stratified_folds` depend on the order of the classes; here classes are
    ordered by their first seed, so that renaming them changes nothing.
    """
    if len(view.y_seed) < 2:
        return None
    _, first, member = np.unique(view.y_seed, return_index=True, return_inverse=True)
    return stratified_folds(first.argsort().argsort()[member], n_folds, rng, view.groups_seed)


def out_of_fold(
    seeds: SeedEmbeddings,
    folds: NDArray[np.int64],
    scores: Callable[[SeedEmbeddings, NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return logits of each seed from the seeds of other folds, shape (candidates, n, K).

    Parameters
    ----------
    seeds : SeedEmbeddings
    folds : (n,) int array
    scores : callable
        Takes the seeds to learn from and the embeddings (r, d) to answer for; returns logits of
        shape (candidates, r, K).
    """
    held = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    parts = [scores(seeds.only(np.setdiff1d(np.arange(len(folds)), rows)), seeds.F[rows]) for rows in held]
    Z = np.empty((len(parts[0]), len(folds), len(seeds.T)))
    for rows, logits in zip(held, parts, strict=True):
        Z[:, rows] = logits
    return Z


def best_candidate(Z: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[int, float, float]:
    """Choose a candidate and its temperature by log-loss on labels that the logits have not seen.

    Parameters
    ----------
    Z : (candidates, n, K) float64
        Logits.
    y : (n,) int array
        Labels.

    Returns
    -------
    candidate : int
        The first of the best.
    temperature : float
        Out of :data:`TEMPERATURES`, by log-loss plus ``log(temperature)^2 / 2`` for all rows together:
        few labels are no evidence for an extreme one.
    loss : float
        Mean log-loss of the choice, without that term.

    Notes
    -----
    A temperature changes no decision. It keeps candidates comparable whose logits are sure of
    themselves to a different degree, and makes the answers probabilities that others can learn from.
    """
    from scipy.special import logsumexp

    true = np.take_along_axis(Z, y[None, :, None], axis=2)[:, :, 0]
    losses = np.empty((len(Z), len(TEMPERATURES)))
    for position, temperature in enumerate(TEMPERATURES):
        losses[:, position] = (logsumexp(Z / temperature, axis=2) - true / temperature).mean(axis=1)
    total = losses + 0.5 * np.log(TEMPERATURES) ** 2 / len(y)
    # Candidates that are equal but for rounding must not depend on the order of sums.
    lowest = int(np.flatnonzero(total.ravel() <= total.min() + 1e-12)[0])
    candidate, position = divmod(lowest, len(TEMPERATURES))
    return candidate, TEMPERATURES[position], float(losses[candidate, position])
