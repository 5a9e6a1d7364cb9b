"""The contract of a representation: raw data of a task in, one float32 matrix a side out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autows.cache import cached_arrays
from autows.errors import AutoWSError, NotApplicable
from autows.params import Configurable
from autows.source import source_hash
from autows.task import Task
from autows.types import Matrix


class Features(NamedTuple):
    """The two matrices of a task under a representation, memory-mapped and read-only."""

    X_pool: Matrix
    X_test: Matrix


class Representation(Configurable, ABC):
    """Base class of all representations.

    A subclass implements :meth:`transform`; users call :meth:`features`, which goes through the
    cache.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    """Raised whenever the numbers change; part of a run's identity."""
    modalities: ClassVar[tuple[str, ...]] = ()
    """Modalities it works on; empty means any."""

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Add version and modalities to what ``list`` shows."""
        return {**super().about(), "version": cls.version, "modalities": list(cls.modalities)}

    @abstractmethod
    def transform(
        self, X_pool: NDArray[Any], X_test: NDArray[Any], modality: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute both matrices, everything fitted on the pool alone and without labels.

        Parameters
        ----------
        X_pool, X_test : array of shape (rows, ...)
            Raw data as :class:`~autows.task.TaskData` describes them.
        modality : str
            What the raw data are.

        Returns
        -------
        X_pool, X_test : (rows, d) float32
        """

    def features(self, task: Task) -> Features:
        """Return the matrices of a task from the cache, computing them the first time.

        Raises
        ------
        NotApplicable
            If the representation does not work on the task's modality.
        AutoWSError
            If the outcome is not two finite float32 matrices of the right shape.
        """
        card = task.card
        if self.modalities and card.modality not in self.modalities:
            raise NotApplicable(
                f"representation {self.name} works on {', '.join(self.modalities)}; "
                f"task {card.id} is {card.modality}"
            )
        identity = {
            "task": card.id,
            "task_version": card.version,
            "data": task.fingerprint(),
            "representation": self.name,
            "representation_version": self.version,
            "parameters": self.get_params(),
            "source": source_hash(type(self).__module__),
        }

        def compute(folder: Path) -> dict[str, Any]:
            data = task.load()
            X_pool, X_test = self.transform(data.X_pool, data.X_test, card.modality)
            for name, X, rows in (("X_pool", X_pool, card.n_pool), ("X_test", X_test, card.n_test)):
                _check(X, f"{name} of {self.spec} on {card.id}", rows)
                np.save(folder / f"{name}.npy", X, allow_pickle=False)
            return {"task": card.id, "representation": self.spec}

        label = f"{card.id}-v{card.version}-{self.name}"
        arrays, _ = cached_arrays("representations", label, identity, compute)
        return Features(arrays["X_pool"], arrays["X_test"])


def _check(X: NDArray[Any], what: str, rows: int) -> None:
    if X.ndim != 2 or X.shape[0] != rows or X.dtype != np.float32:
        raise AutoWSError(f"{what} is {X.dtype} of shape {X.shape}; expected float32 of shape ({rows}, d)")
    for start in range(0, rows, 8192):
        if not np.all(np.isfinite(X[start : start + 8192])):
            raise AutoWSError(f"{what} has NaN or infinity near row {start}; is the raw data damaged?")
