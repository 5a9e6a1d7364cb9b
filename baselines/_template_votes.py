"""Every prompt template as a labeling function that votes for its favourite class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.lf_search import sample_rows
from autows.prior_matching import match_prior
from autows.priors import shrunken_prior
from autows.types import Matrix, TaskView
from baselines._embeddings import unit_rows

ROWS_FOR_OFFSETS = 5_000


class TemplateVotes:
    """The templates of a view as voters.

    Parameters
    ----------
    view : TaskView
        With text embeddings.
    balance : bool
        Give every template class offsets under which its mean probabilities on the pool are the class
        shares that the seeds suggest. A wording that is near all images would otherwise always vote for one
        class, and the same class for most wordings.
    rng : numpy.random.Generator
        Draws the rows for the offsets from pools of more than 5,000.
    """

    def __init__(self, view: TaskView, balance: bool, rng: np.random.Generator) -> None:
        E, scale = view.template_embeddings, view.logit_scale
        assert E is not None
        assert scale is not None
        self.n_templates, self.n_classes, d = E.shape
        self._texts = np.ascontiguousarray(np.float32(scale) * E.reshape(-1, d).T)
        self.offsets = np.zeros((self.n_templates, self.n_classes))
        if balance:
            prior = shrunken_prior(view.seed_counts)
            sample = sample_rows(np.arange(view.X_pool.shape[0]), ROWS_FOR_OFFSETS, rng)
            logits = self._logits(view.X_pool[sample])
            self.offsets = np.array([match_prior(logits[:, t], prior) for t in range(self.n_templates)])

    def votes(self, X: Matrix, templates: NDArray[np.intp] | None = None) -> NDArray[np.int8]:
        """Return what the templates, or some of them, vote for, shape (rows, T), int8."""
        chosen = np.arange(self.n_templates) if templates is None else templates
        L = np.empty((X.shape[0], len(chosen)), dtype=np.int8)
        for rows, logits in self._blocks(X):
            L[rows] = (logits + self.offsets).argmax(axis=2)[:, chosen]
        return L

    def shares(self, X: Matrix) -> NDArray[np.float64]:
        """Return the share of templates that vote for each class, shape (rows, K)."""
        counts = np.zeros((X.shape[0], self.n_classes))
        for rows, logits in self._blocks(X):
            favourite = (logits + self.offsets).argmax(axis=2)
            for k in range(self.n_classes):
                counts[rows, k] = (favourite == k).sum(axis=1)
        return counts / self.n_templates

    def _blocks(self, X: Matrix) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        for rows in blocks(X.shape[0]):
            # Blocks of eight thousand rows, times all texts, are too much where there are many texts.
            step = max(256, 8_000_000 // self._texts.shape[1])
            for start in range(rows.start, rows.stop, step):
                part = slice(start, min(start + step, rows.stop))
                yield part, self._logits(X[part])

    def _logits(self, X: Matrix) -> NDArray[np.float32]:
        return (unit_rows(X) @ self._texts).reshape(-1, self.n_templates, self.n_classes)
