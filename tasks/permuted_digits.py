"""The digits with their pixels permuted: the same numbers, no longer an image of anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from autows.draws import generator
from autows.task import Task, TaskData
from tasks._sklearn_data import sklearn_data
from tasks.digits import Digits


class PermutedDigits(Task):
    """The digits task under one fixed permutation of its 64 pixels.

    Nothing changes for a method that does not know where a pixel lies, so under ``raw`` and
    ``pca`` this is the digits task again, with draws of its own; a foundation model's answer should collapse.
    """

    card = replace(
        Digits.card,
        id="permuted_digits",
        version=1,
        title="Handwritten digits, pixels permuted",
        source=f"{Digits.card.source}, pixels permuted by one fixed permutation",
        same_as=MappingProxyType({"raw": "digits", "pca": "digits"}),
        fingerprint="216d2853a58e41dcecd61d40aa0754115c7058e8fc3e6144731ed6b106163365",
    )

    def truth_paths(self) -> tuple[Path, ...]:
        """Return scikit-learn's folder of data sets."""
        return sklearn_data()

    def read(self) -> TaskData:
        """Permute the pixels of every row of the digits alike; shapes and types stay."""
        data = Digits().read()
        order = generator(purpose="pixels", task="permuted_digits", version=1).permutation(64)

        def permute(pixels):  # type: ignore[no-untyped-def]
            return pixels.reshape(-1, 64)[:, order].reshape(-1, 8, 8)

        return replace(data, X_pool=permute(data.X_pool), X_test=permute(data.X_test))
