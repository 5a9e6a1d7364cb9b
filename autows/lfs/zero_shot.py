"""Labeling functions on a foundation model's answers: as they are, and cut where the seeds say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Family, Models, Rows, Synthesiser, Together
from autows.lfs.stumps import fit_stumps


class ZeroShot(Family):
    """The zero-shot probabilities themselves, and a decision stump on the probability of each class.

    The stumps are fitted to the seeds: where a foundation model systematically takes one class
    for another, its answer for the one becomes a vote for the other. There are K + 1 models, and
    their features are columns of the zero-shot answers, that is, classes.
    """

    name = "zero_shot"
    needs = frozenset({"zero_shot"})

    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> _ZeroShotSynthesiser:
        """Sort the seeds once for all fits.

        Raises
        ------
        ValueError
            If the seeds have no zero-shot answers.
        """
        return _ZeroShotSynthesiser(seeds, y, n_classes, multipolar)


class _ZeroShotSynthesiser(Synthesiser):
    def __init__(self, seeds: Rows, y: NDArray[np.int64], n_classes: int, multipolar: bool) -> None:
        self.Z = self.transform(seeds)
        self.order = self.Z.argsort(axis=0, kind="stable")
        self.targets = y[:, None] == np.arange(n_classes)
        self.multipolar = multipolar

    def transform(self, rows: Rows) -> NDArray[np.float32]:
        """Return the zero-shot answers, shape (rows, K)."""
        if rows.zero_shot is None:
            raise ValueError(
                "zero_shot: rows have no zero-shot answers; seeds have them if a zero-shot model speaks for "
                "the task and the seeds are pool rows (seed_index)"
            )
        return np.asarray(rows.zero_shot, dtype=np.float32)

    def fit(self, used: NDArray[np.bool_]) -> Together:
        """Fit a stump to each class's probability; the answers themselves have nothing to fit."""
        stumps = fit_stumps(self.Z, self.targets, used, self.order, self.multipolar)
        return Together([_AsTheyAre(self.Z.shape[1]), stumps])

    def describe(self, models: Models, model: int, label: int | None = None) -> dict[str, Any]:
        """Return one model as JSON values; its features are classes of the zero-shot model."""
        return {**models.describe(model, label), "features_of": "zero_shot"}


@dataclass(frozen=True)
class _AsTheyAre(Models):
    """One model that gives the zero-shot probabilities."""

    n_classes: int
    n_models: int = 1

    def predict(self, Z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return them, shape (rows, 1, K)."""
        return Z[:, None, :]

    def scores(
        self, Z: NDArray[np.float32], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Return those of the labels, shape (rows, len(label))."""
        return Z[:, label]

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return the class, or all of them."""
        return {"kind": "zero_shot", "features": list(range(self.n_classes)) if label is None else [label]}
