"""MNIST with rows and columns in bit-reversed order: the same numbers, no longer an image of anything."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from autows.task import Task, TaskData
from tasks.mnist import Mnist


class PermutedMnist(Task):
    """MNIST with the rows and the columns of every picture permuted by bit reversal.

    Nothing changes for a method that does not know where a pixel lies, so under ``raw`` and
    ``pca`` this is MNIST again, with draws of its own.
    """

    card = replace(
        Mnist.card,
        id="permuted_mnist",
        version=1,
        title="Handwritten digits, rows and columns permuted",
        source=f"{Mnist.card.source}, rows and columns in bit-reversed order",
        same_as=MappingProxyType({"raw": "mnist", "pca": "mnist"}),
        fingerprint=None,
    )

    def read(self) -> TaskData:
        """Permute every picture alike; shapes and types stay."""
        data = Mnist().load()
        order = bit_reversal(28)
        X_pool, X_test = (np.asarray(X)[:, order][:, :, order] for X in (data.X_pool, data.X_test))
        return TaskData(X_pool, np.asarray(data.y_pool), X_test, np.asarray(data.y_test))


def bit_reversal(size: int) -> NDArray[np.int64]:
    """Return 0 .. size - 1 ordered by their bits read backwards, over the next power of two.

    Examples
    --------
    >>> bit_reversal(6).tolist()
    [0, 4, 2, 1, 5, 3]
    """
    bits = max(1, (size - 1).bit_length())
    reversed_ = [int(f"{number:0{bits}b}"[::-1], 2) for number in range(2**bits)]
    return np.array([number for number in reversed_ if number < size])
