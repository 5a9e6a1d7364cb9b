"""Labeling functions: fitted models with a rule for when they vote, applied in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Models, Rows, Synthesiser
from autows.types import ABSTAIN

VALUES_AT_ONCE = 4_000_000
"""Probabilities held at once while voting: 32 MB as float64."""


def lift(P: NDArray[np.floating], prior: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how far probabilities are on the way from the prior to certainty, ``(p - prior) / (1 - prior)``.

    0 at the prior, 1 at certainty, the same for rare and frequent classes; the classes lie on the last axis.
    """
    return (P - prior) / np.maximum(1.0 - prior, 1e-12)


def favourites(
    P: NDArray[np.floating], prior: NDArray[np.floating]
) -> tuple[NDArray[np.int8], NDArray[np.floating]]:
    """Return the class whose probability exceeds its prior by the largest factor, and its :func:`lift`.

    Parameters
    ----------
    P : (..., K) float
        Class probabilities.
    prior : (K,) float
        Positive class shares.

    Returns
    -------
    label : (...) int8
        Ties go to the class of the smaller number.
    strength : (...) float
    """
    label = np.argmax(P / prior, axis=-1)
    chosen = np.take_along_axis(P, label[..., None], axis=-1)[..., 0]
    return label.astype(np.int8), (chosen - prior[label]) / np.maximum(1.0 - prior[label], 1e-12)


@dataclass(frozen=True)
class LFs:
    """Labeling functions made of one batch of models.

    A unipolar one votes for its class where the :func:`lift` of its model's probability is at least
    ``beta``; a multipolar one votes for its :func:`favourites` class on that condition.

    Parameters
    ----------
    synthesiser : Synthesiser
        Knows how rows look to the models.
    models : Models
    model : (m,) int
        Which model each labeling function uses.
    label : (m,) int, optional
        The class that each votes for; None makes them multipolar.
    beta : (m,) float
        Least lift, at most 1.
    prior : (K,) float
        Class shares, positive.
    """

    synthesiser: Synthesiser
    models: Models
    model: NDArray[np.intp]
    label: NDArray[np.intp] | None
    beta: NDArray[np.float64]
    prior: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.model)

    def take(self, index: NDArray[np.intp]) -> LFs:
        """Return some of the labeling functions."""
        label = None if self.label is None else self.label[index]
        return LFs(self.synthesiser, self.models, self.model[index], label, self.beta[index], self.prior)

    def votes(self, rows: Rows) -> NDArray[np.int8]:
        """Return votes, shape (rows, m), int8, -1 for abstain; rows are read in blocks."""
        L = np.full((len(rows), len(self)), ABSTAIN, dtype=np.int8)
        if len(self) == 0:
            return L
        answers = len(self) * (1 if self.label is not None else self.models.n_classes)
        width = max(answers, self.synthesiser.Z.shape[1])
        for where, block in rows.blocks(max(256, VALUES_AT_ONCE // width)):
            L[where] = self.vote(self.synthesiser.transform(block))
        return L

    def vote(self, Z: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return votes on rows as the models see them, shape (rows, m)."""
        if self.label is not None:
            P = self.models.scores(Z, self.model, self.label)
            return np.where(lift(P, self.prior[self.label]) >= self.beta, self.label, ABSTAIN).astype(np.int8)
        K = self.models.n_classes
        P = self.models.scores(Z, np.repeat(self.model, K), np.tile(np.arange(K), len(self)))
        label, strength = favourites(P.reshape(len(Z), len(self), K), self.prior)
        return np.where(strength >= self.beta, label, np.int8(ABSTAIN))

    def describe(self) -> Iterator[dict[str, Any]]:
        """Yield each labeling function as JSON values."""
        for position, model in enumerate(self.model):
            label = None if self.label is None else int(self.label[position])
            about = self.synthesiser.describe(self.models, int(model), label)
            if label is not None:
                share = self.prior[label] + self.beta[position] * (1.0 - self.prior[label])
                yield {**about, "label": label, "at_least": round(float(share), 6)}
            else:
                yield {**about, "beta": round(float(self.beta[position]), 6)}


@dataclass(frozen=True)
class LFSet:
    """Labeling functions of several batches, in order.

    Parameters
    ----------
    parts : tuple of LFs
    """

    parts: tuple[LFs, ...] = ()

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __add__(self, other: LFSet) -> LFSet:
        """Return both sets, these labeling functions first."""
        return LFSet(self.parts + other.parts)

    def take(self, index: NDArray[np.intp]) -> LFSet:
        """Return some of the labeling functions; ``index`` must be ascending."""
        if np.any(np.diff(index) <= 0):
            raise ValueError("labeling functions can be taken in ascending order only")
        parts, start = [], 0
        for part in self.parts:
            inside = index[(index >= start) & (index < start + len(part))] - start
            if len(inside):
                parts.append(part.take(inside))
            start += len(part)
        return LFSet(tuple(parts))

    def votes(self, rows: Rows) -> NDArray[np.int8]:
        """Return votes, shape (rows, m), int8, -1 for abstain."""
        L = np.empty((len(rows), len(self)), dtype=np.int8)
        start = 0
        for part in self.parts:
            L[:, start : start + len(part)] = part.votes(rows)
            start += len(part)
        return L

    def describe(self) -> tuple[dict[str, Any], ...]:
        """Return each labeling function as JSON values."""
        return tuple(about for part in self.parts for about in part.describe())
