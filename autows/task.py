"""The contract of a task: a card that says what it is, and data with a fixed split."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from autows.cache import cached_arrays
from autows.errors import AutoWSError
from autows.params import Configurable
from autows.source import source_hash

MODALITIES = ("image", "tabular", "field", "signal", "text")
"""What raw data can be. A field is a real function on a grid; a signal is a series in time."""


@dataclass(frozen=True)
class TaskCard:
    """What a task is, without its data.

    Parameters
    ----------
    id : str
        Its name, equal to the name of its module.
    version : int
        Raised whenever the data or the split change; records of different versions are never mixed.
    title : str
        One line for a person.
    modality : str
        One of :data:`MODALITIES`.
    class_names : tuple of str
        One name a class, in label order.
    n_pool, n_test : int
        Rows of the pool (seeds included) and of the test set.
    source, licence, citation : str
        Where the data come from, under which terms, and whom to cite.
    prompts : tuple of str
        Zero-shot templates with one ``{}``; empty where class names mean nothing to a foundation model.
    suites : tuple of str
        Suites that the task belongs to.
    fingerprint : str, optional
        Expected SHA-256 of the data (see :func:`fingerprint`), where the source is fixed to the bit.
    same_as : mapping of str to str
        Representation name to task id: under that representation this is the same learning problem
        as that other task, and overall statements do not count it twice.

    Raises
    ------
    ValueError
        If a field does not make sense.
    """

    id: str
    version: int
    title: str
    modality: str
    class_names: tuple[str, ...]
    n_pool: int
    n_test: int
    source: str
    licence: str
    citation: str
    prompts: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    fingerprint: str | None = None
    same_as: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES:
            raise ValueError(
                f"card of '{self.id}': modality is {self.modality!r}; expected one of {MODALITIES}"
            )
        if len(self.class_names) < 2 or len(set(self.class_names)) != len(self.class_names):
            raise ValueError(f"card of '{self.id}': class_names must be at least two different names")
        if self.version < 1 or self.n_pool < 2 or self.n_test < 1:
            raise ValueError(f"card of '{self.id}': version, n_pool and n_test must be positive")
        for prompt in self.prompts:
            if prompt.count("{}") != 1:
                raise ValueError(f"card of '{self.id}': prompt {prompt!r} must hold exactly one {{}}")

    @property
    def n_classes(self) -> int:
        """The number of classes K."""
        return len(self.class_names)

    def to_json(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values.update({name: list(value) for name, value in values.items() if isinstance(value, tuple)})
        return {**values, "same_as": dict(self.same_as), "n_classes": self.n_classes}


@dataclass(frozen=True)
class TaskData:
    """Raw data and truth of a task. Only the harness and the scorer hold one.

    Parameters
    ----------
    X_pool, X_test : array of shape (rows, ...)
        Raw data: images (rows, height, width[, channels]), fields (rows, height, width), tabular
        (rows, features).
    y_pool, y_test : (rows,) int array
        True labels.
    """

    X_pool: NDArray[Any]
    y_pool: NDArray[np.integer]
    X_test: NDArray[Any]
    y_test: NDArray[np.integer]

    def __post_init__(self) -> None:
        for side in ("pool", "test"):
            X, y = getattr(self, f"X_{side}"), getattr(self, f"y_{side}")
            if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
                raise ValueError(
                    f"y_{side} is {y.dtype} of shape {y.shape}; expected integers of shape (rows,)"
                )
            if X.shape[0] != y.shape[0]:
                raise ValueError(f"X_{side} has {X.shape[0]} rows and y_{side} has {y.shape[0]}")
        if self.X_pool.shape[1:] != self.X_test.shape[1:] or self.X_pool.dtype != self.X_test.dtype:
            raise ValueError(
                f"pool rows are {self.X_pool.dtype} {self.X_pool.shape[1:]}, "
                f"test rows {self.X_test.dtype} {self.X_test.shape[1:]}; they must be alike"
            )


class Task(Configurable, ABC):
    """Base class of all tasks: a card, and how to read the data.

    A subclass sets :attr:`card` and implements :meth:`read`; users call :meth:`load`.
    """

    name: ClassVar[str] = ""
    card: ClassVar[TaskCard]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "card" in cls.__dict__:
            cls.name = cls.card.id

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Return the card for ``list``."""
        return {**super().about(), **cls.card.to_json()}

    @abstractmethod
    def read(self) -> TaskData:
        """Read or simulate the data, from the source and without the cache.

        Raises
        ------
        DataMissing
            If the source is not to be had, saying from where and how to provide it offline.
        """

    def load(self) -> TaskData:
        """Return the data, memory-mapped from the cache; the first call reads the source.

        Raises
        ------
        DataMissing
            If the source is not to be had.
        AutoWSError
            If the data are not what the card says.
        """
        return self._cached()[0]

    def fingerprint(self) -> str:
        """Return the SHA-256 of the data, see :func:`fingerprint`."""
        return self._cached()[1]

    def _cached(self) -> tuple[TaskData, str]:
        identity = {
            "task": self.card.id,
            "version": self.card.version,
            "source": source_hash(type(self).__module__),
        }
        label = f"{self.card.id}-v{self.card.version}"
        arrays, notes = cached_arrays("tasks", label, identity, self._write)
        return TaskData(**arrays), notes["fingerprint"]

    def _write(self, folder: Path) -> dict[str, Any]:
        data = self.read()
        _check_against_card(data, self.card)
        found = fingerprint(data)
        if self.card.fingerprint is not None and found != self.card.fingerprint:
            raise AutoWSError(
                f"The data of task '{self.card.id}' are not those of version {self.card.version}: "
                f"fingerprint {found[:12]}, expected {self.card.fingerprint[:12]}. "
                f"Was the source changed? It is {self.card.source}"
            )
        for key in ("X_pool", "y_pool", "X_test", "y_test"):
            np.save(folder / f"{key}.npy", getattr(data, key), allow_pickle=False)
        return {"fingerprint": found}


def fingerprint(data: TaskData) -> str:
    """Return the SHA-256 over types, shapes and bytes of the four arrays, in hexadecimal."""
    digest = hashlib.sha256()
    for array in (data.X_pool, data.y_pool, data.X_test, data.y_test):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _check_against_card(data: TaskData, card: TaskCard) -> None:
    for side, rows in (("pool", card.n_pool), ("test", card.n_test)):
        y = getattr(data, f"y_{side}")
        if len(y) != rows:
            raise AutoWSError(f"Task '{card.id}' has {len(y)} {side} rows; its card says {rows}")
        if y.min() < 0 or y.max() >= card.n_classes:
            raise AutoWSError(
                f"Task '{card.id}' has {side} labels from {y.min()} to {y.max()}; "
                f"its card names {card.n_classes} classes"
            )
