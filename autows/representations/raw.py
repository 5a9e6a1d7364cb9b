"""The raw data, flattened and brought to a sensible scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.representation import Representation

ROWS_AT_ONCE = 4096


class Raw(Representation):
    """Raw data as they are: pixels in [0, 1], fields and signals on one scale, columns standardised.

    Images are flattened and divided by 255 if they are integers. Fields and signals are flattened,
    and the pool's overall mean and standard deviation are taken out. Of tabular data each column is
    standardised by the pool's mean and standard deviation (a constant column becomes zero), because
    its columns have units of their own.
    """

    name = "raw"
    modalities = ("image", "tabular", "field", "signal")

    def transform(
        self, X_pool: NDArray[Any], X_test: NDArray[Any], modality: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Flatten and scale both sides; O(rows d) time, one float32 copy."""
        pool, test = (X.reshape(len(X), -1) for X in (X_pool, X_test))
        if modality == "image":
            scale = 255.0 if np.issubdtype(X_pool.dtype, np.integer) else 1.0
            shift = np.zeros(1)
            spread = np.full(1, scale)
        else:
            shift, spread = _moments(pool, by_column=modality == "tabular")
        return _scaled(pool, shift, spread), _scaled(test, shift, spread)


def _moments(X: NDArray[Any], by_column: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axis = 0 if by_column else None
    count = len(X) if by_column else X.size
    shift = sum(chunk.sum(axis=axis) for chunk in _chunks(X)) / count
    square = sum(((chunk - shift) ** 2).sum(axis=axis) for chunk in _chunks(X)) / count
    shift, spread = np.atleast_1d(shift), np.sqrt(np.atleast_1d(square))
    # A column whose spread is rounding error is constant; dividing by it would invent a feature.
    constant = spread <= 1e-12 * np.maximum(np.abs(shift), 1e-300)
    return shift, np.where(constant, np.inf, spread)


def _chunks(X: NDArray[Any]):  # type: ignore[no-untyped-def]
    for start in range(0, len(X), ROWS_AT_ONCE):
        yield np.asarray(X[start : start + ROWS_AT_ONCE], dtype=np.float64)


def _scaled(X: NDArray[Any], shift: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float32]:
    out = np.empty(X.shape, dtype=np.float32)
    start = 0
    for chunk in _chunks(X):
        out[start : start + len(chunk)] = (chunk - shift) / spread
        start += len(chunk)
    return out
