"""Many texts as two arrays, so that they are cached and memory-mapped like everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


class Texts(Sequence[str]):
    """A read-only sequence of strings, stored as UTF-8 bytes and offsets.

    Parameters
    ----------
    content : (bytes,) uint8 array
        All texts, one after the other.
    offsets : (rows + 1,) int64 array
        Where each begins, and where the last one ends.

    Examples
    --------
    >>> texts = Texts.of(["one", "two", "drei"])
    >>> texts[2], list(texts[:2]), len(texts)
    ('drei', ['one', 'two'], 3)
    """

    dtype = np.dtype(object)

    def __init__(self, content: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.content = content
        self.offsets = offsets

    @classmethod
    def of(cls, strings: Iterable[str]) -> Texts:
        """Build from strings."""
        encoded = [text.encode("utf-8", errors="replace") for text in strings]
        offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype(np.int64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    @property
    def shape(self) -> tuple[int]:
        """The number of texts, as arrays have it."""
        return (len(self),)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, item: int) -> str: ...

    @overload
    def __getitem__(self, item: slice | NDArray[Any]) -> Texts: ...

    def __getitem__(self, item: int | slice | NDArray[Any]) -> str | Texts:
        if isinstance(item, (int, np.integer)):
            row = range(len(self))[int(item)]
            return bytes(self.content[self.offsets[row] : self.offsets[row + 1]]).decode("utf-8")
        return Texts.of(self[int(row)] for row in np.arange(len(self))[item])

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))
