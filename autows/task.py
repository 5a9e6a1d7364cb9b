"""The contract of a task: a card that says what it is, and data with a fixed split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autows.cache import cached_arrays
from autows.errors import AutoWSError
from autows.params import Configurable
from autows.source import source_hash
from autows.texts import Texts

Raw: TypeAlias = NDArray[Any] | Texts
"""Raw data of one side: an array whose first axis is rows, or texts."""

_ROWS_AT_ONCE = 4096

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
    n_pool, n_test : int or None
        Rows of the pool (seeds included) and of the test set; None where only the data can tell.
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
    n_pool: int | None
    n_test: int | None
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
        for name, value, least in (
            ("version", self.version, 1),
            ("n_pool", self.n_pool, 2),
            ("n_test", self.n_test, 1),
        ):
            if value is not None and value < least:
                raise ValueError(f"card of '{self.id}': {name} is {value}; expected at least {least}")
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
    X_pool, X_test : array of shape (rows, ...), or Texts
        Raw data: images (rows, height, width[, channels]), fields (rows, height, width), signals
        (rows, samples), tabular (rows, features), :class:`~autows.texts.Texts`.
    y_pool, y_test : (rows,) int array
        True labels.
    groups_pool, groups_test : (rows,) int array, optional
        Rows with the same number belong together (windows of one recording); no group is on both sides.
    votes_pool, votes_test : (rows, m) int8 array, optional
        Votes of labeling functions that people wrote for the task, -1 for abstain.

    Raises
    ------
    ValueError
        If the arrays do not fit together.
    """

    X_pool: Raw
    y_pool: NDArray[np.integer]
    X_test: Raw
    y_test: NDArray[np.integer]
    groups_pool: NDArray[np.integer] | None = None
    groups_test: NDArray[np.integer] | None = None
    votes_pool: NDArray[np.int8] | None = None
    votes_test: NDArray[np.int8] | None = None

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
        for name in ("groups_pool", "groups_test", "votes_pool", "votes_test"):
            extra, y = getattr(self, name), getattr(self, f"y_{name.rpartition('_')[2]}")
            if extra is not None and len(extra) != len(y):
                raise ValueError(f"{name} has {len(extra)} rows for {len(y)} labels")
        if self.groups_pool is not None and self.groups_test is not None:
            both = np.intersect1d(self.groups_pool, self.groups_test)
            if len(both):
                raise ValueError(f"{len(both)} groups are on both sides, {both[0]} for one")


class Task(Configurable):
    """Base class of all tasks: a card, and how to read the data.

    A subclass sets :attr:`card` and implements :meth:`read`; users call :meth:`load`. Data that do
    not fit in memory are written by overriding :meth:`write` instead.
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

    def variant(self) -> str:
        """Name what is different about the source that is at hand, or return "" for the one on the card.

        A part of an archive, as in a mirror for trying things out, has other rows than the whole:
        its runs carry this name in their identity and are never mixed with others. Answers quickly
        and without a network.
        """
        return ""

    @property
    def n_pool(self) -> int:
        """Rows of the pool: the card's, or where it does not say or for a variant, those that are there."""
        known = self.card.n_pool
        return len(self.load().y_pool) if known is None or self.variant() else known

    def truth_paths(self) -> tuple[Path, ...]:
        """Return places on this machine, beside cache and mirror, from which the truth could be read.

        A method that nobody has read is run where it does not see them. Answers quickly and imports nothing.
        """
        return ()

    def read(self) -> TaskData:
        """Read or simulate the data, from the source and without the cache.

        Raises
        ------
        DataMissing
            If the source is not to be had, saying from where and how to provide it offline.
        """
        raise TypeError(f"{type(self).__name__} implements neither read nor write; a task needs one of them")

    def write(self, folder: Path) -> None:
        """Write the arrays of :class:`TaskData` to ``<field>.npy`` files in a folder.

        The default reads everything into memory. Texts are two files, ``<field>.content.npy`` and
        ``<field>.offsets.npy``.
        """
        data = self.read()
        for f in fields(data):
            value = getattr(data, f.name)
            if isinstance(value, Texts):
                np.save(folder / f"{f.name}.content.npy", value.content, allow_pickle=False)
                np.save(folder / f"{f.name}.offsets.npy", value.offsets, allow_pickle=False)
            elif value is not None:
                np.save(folder / f"{f.name}.npy", value, allow_pickle=False)

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
            "variant": self.variant(),
            "source": source_hash(type(self).__module__),
        }
        label = f"{self.card.id}-v{self.card.version}"
        arrays, notes = cached_arrays("tasks", label, identity, self._fill)
        return _data(arrays), notes["fingerprint"]

    def _fill(self, folder: Path) -> dict[str, Any]:
        self.write(folder)
        data = _data({p.stem: np.load(p, mmap_mode="r") for p in folder.glob("*.npy")})
        whole = not self.variant()
        _check_against_card(data, self.card, whole)
        found = fingerprint(data)
        if whole and self.card.fingerprint is not None and found != self.card.fingerprint:
            raise AutoWSError(
                f"The data of task '{self.card.id}' are not those of version {self.card.version}: "
                f"fingerprint {found[:12]}, expected {self.card.fingerprint[:12]}. "
                f"Was the source changed? It is {self.card.source}"
            )
        return {"fingerprint": found}


def fingerprint(data: TaskData) -> str:
    """Return the SHA-256 over types, shapes and bytes of data and labels of both sides, in hexadecimal."""
    digest = hashlib.sha256()
    for whole in (data.X_pool, data.y_pool, data.X_test, data.y_test):
        for array in (whole.content, whole.offsets) if isinstance(whole, Texts) else (whole,):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for block in _bytes(array):
                digest.update(block)
    return digest.hexdigest()


def _bytes(array: NDArray[Any]) -> Iterator[Any]:
    """Yield the bytes of an array in blocks; those of a whole file without mapping it into memory."""
    if isinstance(array, np.memmap) and array.filename is not None:
        path = Path(array.filename)
        if array.offset + array.nbytes == path.stat().st_size and array.flags.c_contiguous:
            with path.open("rb") as stream:
                stream.seek(array.offset)
                while block := stream.read(1 << 24):
                    yield block
            return
    for start in range(0, len(array), _ROWS_AT_ONCE):
        yield np.ascontiguousarray(array[start : start + _ROWS_AT_ONCE]).data


def _data(arrays: Mapping[str, NDArray[Any]]) -> TaskData:
    """Build the data from arrays by file name, texts from their two."""
    values: dict[str, Any] = {name: array for name, array in arrays.items() if "." not in name}
    for name in arrays:
        field_name, dot, part = name.partition(".")
        if dot and part == "content":
            values[field_name] = Texts(arrays[name], arrays[f"{field_name}.offsets"])
    return TaskData(**values)


def _check_against_card(data: TaskData, card: TaskCard, whole: bool) -> None:
    for side, rows in (("pool", card.n_pool), ("test", card.n_test)):
        y = getattr(data, f"y_{side}")
        if whole and rows is not None and len(y) != rows:
            raise AutoWSError(f"Task '{card.id}' has {len(y)} {side} rows; its card says {rows}")
        if y.min() < 0 or y.max() >= card.n_classes:
            raise AutoWSError(
                f"Task '{card.id}' has {side} labels from {y.min()} to {y.max()}; "
                f"its card names {card.n_classes} classes"
            )
