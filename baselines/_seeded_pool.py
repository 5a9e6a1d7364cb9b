"""The seeds and a sample of the pool under one linear head: tuning it, teaching it in rounds, answering."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.lf_search import sample_rows
from autows.priors import shrunken_prior
from autows.types import Labels, Matrix, TaskView
from baselines._embeddings import best_candidate, seed_folds, unit_rows
from baselines._linear_head import Axes, Head, fit_head

POOL_ROWS = 5_000
"""Unlabeled rows that a head learns from."""
STRENGTHS = tuple(float(C) for C in 10.0 ** np.arange(-1, 5))
"""Candidates for C; rows have mean squared length 1."""
TRUSTS = (1.0, 0.3, 0.1, 0.0)
"""Candidates for the factor of the zero-shot logits."""

Learn = Callable[[NDArray[np.bool_]], Sequence[Head]]
"""Heads after no, one, two, ... rounds from the marked seeds; always as many."""


@dataclass(frozen=True)
class SeededPool:
    """What the methods of pseudo-labels learn from.

    Parameters
    ----------
    axes : Axes
    texts : (d, K) float64
        Class embeddings times the model's logit scale; zeros where there are none.
    unit : bool
        Whether rows are brought to length 1 first.
    y : (n,) int64
    folds : (n,) int64, optional
        None where there is a single seed.
    prior : (K,) float64
        Shrunken from the seeds.
    rows : (N',) int64
        Which pool rows, none of them a seed.
    Z_seed, Z_pool : (n, r) and (N', r) float32
        Coordinates.
    zero_seed, zero_pool : (n, K) and (N', K) float64
        Zero-shot logits.
    C, trust : float
        Chosen by :meth:`tuned`.
    """

    axes: Axes
    texts: NDArray[np.float64]
    unit: bool
    y: NDArray[np.int64]
    folds: NDArray[np.int64] | None
    prior: NDArray[np.float64]
    rows: NDArray[np.int64]
    Z_seed: NDArray[np.float32]
    Z_pool: NDArray[np.float32]
    zero_seed: NDArray[np.float64]
    zero_pool: NDArray[np.float64]
    C: float
    trust: float

    @classmethod
    def tuned(
        cls,
        view: TaskView,
        rng: np.random.Generator,
        trusts: Sequence[float] = TRUSTS,
        most_rows: int = POOL_ROWS,
    ) -> SeededPool:
        """Prepare a view, and choose C and the trust by cross-validated log-loss of the seeds.

        Features are a foundation model's embeddings if the view has those of the classes, and
        are then brought to length 1; other features are taken as they are. Without at least two
        seeds C is 1 and the trust the first.
        """
        unit, K, d = view.class_embeddings is not None, view.n_classes, view.X_pool.shape[1]
        texts = np.zeros((d, K))
        if view.class_embeddings is not None and view.logit_scale is not None:
            texts = view.logit_scale * view.class_embeddings.T.astype(np.float64)
        rows = sample_rows(view.unlabeled_index, most_rows, rng)
        X_seed = unit_rows(view.X_seed) if unit else view.X_seed
        # A pool of nothing but seeds: there is nobody to label, and the axes are those of the seeds.
        X_pool = unit_rows(view.X_pool[rows]) if unit else view.X_pool[rows]
        axes = Axes.of(X_pool if len(rows) else X_seed)
        zero_seed, zero_pool = (
            np.asarray(X @ texts) if unit else np.zeros((X.shape[0], K)) for X in (X_seed, X_pool)
        )
        Z_seed, Z_pool = axes.coordinates(X_seed), axes.coordinates(X_pool)
        y, folds = np.asarray(view.y_seed, dtype=np.int64), seed_folds(view, rng)
        C, trust = 1.0, trusts[0]
        if folds is not None:
            C, trust = _choose(Z_seed, zero_seed, y, folds, axes.variances, trusts)
        prior = shrunken_prior(view.seed_counts)
        return cls(axes, texts, unit, y, folds, prior, rows, Z_seed, Z_pool, zero_seed, zero_pool, C, trust)

    def fit(
        self,
        seeds: NDArray[np.bool_],
        Q: NDArray[np.floating] | None = None,
        weight: NDArray[np.floating] | None = None,
        start: Head | None = None,
        power: int = 1,
    ) -> Head:
        """Fit the head to the marked seeds, weight 1 each, and to labels Q of the pool sample.

        Parameters
        ----------
        seeds : (n,) bool
        Q : (N', K) float, optional
        weight : (N',) float, optional
            Rows of weight 0 are not looked at.
        start : Head, optional
        power : int, default 1
        """
        K = len(self.prior)
        Z, labels, w = self.Z_seed[seeds], np.eye(K)[self.y[seeds]], np.ones(np.count_nonzero(seeds))
        base = self.zero_seed[seeds]
        if Q is not None and weight is not None:
            used = np.flatnonzero(weight > 0)
            Z, base = np.vstack([Z, self.Z_pool[used]]), np.vstack([base, self.zero_pool[used]])
            labels, w = np.vstack([labels, Q[used]]), np.append(w, weight[used])
        return fit_head(Z, labels, w, self.C, self.axes.variances, self.trust * base, start, power)

    def pool_logits(self, head: Head) -> NDArray[np.float64]:
        """Return the head's logits on the pool sample, shape (N', K)."""
        return head.logits(self.Z_pool, self.trust * self.zero_pool)

    def seed_logits(self, head: Head) -> NDArray[np.float64]:
        """Return the head's logits on the seeds, shape (n, K)."""
        return head.logits(self.Z_seed, self.trust * self.zero_seed)

    def solve(self, view: TaskView, learn: Learn, info: Mapping[str, Any]) -> Labels:
        """Teach, choose the number of rounds and a temperature by held-out seeds, and answer.

        The whole of ``learn`` is run without each fold's seeds. Without folds the last round counts.
        """
        every = np.ones(len(self.y), dtype=bool)
        chosen, temperature, loss = -1, 1.0, None
        if self.folds is not None:
            held_out = None
            for fold in np.unique(self.folds):
                heads = learn(self.folds != fold)
                if held_out is None:
                    held_out = np.empty((len(heads), *self.zero_seed.shape))
                held = self.folds == fold
                for number, head in enumerate(heads):
                    held_out[number, held] = self.seed_logits(head)[held]
            assert held_out is not None
            chosen, temperature, loss = best_candidate(held_out, self.y)
        heads = learn(every)
        number = chosen % len(heads)
        about = {"C": self.C, "trust": self.trust, "temperature": temperature, "chosen": number}
        if loss is not None:
            about["held_out_log_loss"] = round(loss, 4)
        head = heads[number]
        return Labels(
            pool=self.answer(view.X_pool, head, temperature),
            test=self.answer(view.X_test, head, temperature),
            n_classes=view.n_classes,
            info={**about, **info},
        )

    def answer(self, X: Matrix, head: Head, temperature: float) -> NDArray[np.float32]:
        """Return class probabilities of rows as a view has them, in blocks."""
        P = np.empty((X.shape[0], len(self.prior)), dtype=np.float32)
        for rows in blocks(X.shape[0]):
            part = unit_rows(X[rows]) if self.unit else X[rows]
            base = part @ self.texts.astype(np.float32) if self.unit else 0.0
            P[rows] = softmax(head.logits(self.axes.coordinates(part), self.trust * base) / temperature)
        return P


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities, row by row."""
    P = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(P / P.sum(axis=1, keepdims=True))


def _choose(
    Z: NDArray[np.float32],
    zero: NDArray[np.float64],
    y: NDArray[np.int64],
    folds: NDArray[np.int64],
    variances: NDArray[np.float64],
    trusts: Sequence[float],
) -> tuple[float, float]:
    """Return the C and the trust of least held-out log-loss; ties go to more trust, then to less C."""
    K = zero.shape[1]
    candidates = [(C, trust) for trust in trusts for C in STRENGTHS]
    losses = np.zeros(len(candidates))
    for fold in np.unique(folds):
        train, held = folds != fold, folds == fold
        head: Head | None = None
        for number, (C, trust) in enumerate(candidates):
            start = head if STRENGTHS[0] != C else None
            Q, w = np.eye(K)[y[train]], np.ones(np.count_nonzero(train))
            head = fit_head(Z[train], Q, w, C, variances, trust * zero[train], start, tol=1e-3)
            P = softmax(head.logits(Z[held], trust * zero[held]))
            losses[number] -= np.log(np.maximum(P[np.arange(len(P)), y[held]], 1e-12)).sum()
    return candidates[int(np.flatnonzero(losses <= losses.min() + 1e-9)[0])]
