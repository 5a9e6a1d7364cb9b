"""The raw data, flattened and brought to a sensible scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows import task
from autows.representation import Representation
from autows.types import Matrix

ROWS_AT_ONCE = 4096


class Raw(Representation):
    """Raw data as they are: pixels in [0, 1], signals on one scale, columns standardised, TF-IDF.

    Images are flattened and divided by 255 if they are integers. Fields and signals are flattened,
    and the pool's overall mean and standard deviation are taken out. Of tabular data each column is
    standardised by the pool's mean and standard deviation (a constant column becomes zero), because
    its columns have units of their own. Texts become sparse TF-IDF rows of unit length over the words
    that at least two pool texts have, with sublinear term frequency.
    """

    name = "raw"
    modalities = task.MODALITIES

    def fit(self, X_pool: task.Raw, modality: str) -> None:
        """Learn scale or vocabulary from the pool; O(rows d), one pass of blocks a moment."""
        if modality == "text":
            from sklearn.feature_extraction.text import TfidfVectorizer

            self.vectorizer_ = TfidfVectorizer(
                sublinear_tf=True, min_df=2, strip_accents="unicode", dtype=np.float32
            ).fit(X_pool)
        elif modality == "image":
            scale = 255.0 if np.issubdtype(X_pool.dtype, np.integer) else 1.0
            self.shift_, self.spread_ = np.zeros(1), np.full(1, scale)
        else:
            self.shift_, self.spread_ = _moments(_flat(X_pool), by_column=modality == "tabular")

    def encode(self, X: task.Raw, modality: str) -> Matrix:
        """Flatten and scale, or vectorise."""
        if modality == "text":
            import scipy.sparse

            return scipy.sparse.csr_array(self.vectorizer_.transform(X), dtype=np.float32)
        return ((_flat(X).astype(np.float64) - self.shift_) / self.spread_).astype(np.float32)


def _flat(X: Any) -> NDArray[Any]:
    return X.reshape(len(X), -1)


def _moments(X: NDArray[Any], by_column: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axis = 0 if by_column else None
    count = len(X) if by_column else X.size
    shift = sum(chunk.sum(axis=axis) for chunk in _chunks(X)) / count
    square = sum(((chunk - shift) ** 2).sum(axis=axis) for chunk in _chunks(X)) / count
    shift, spread = np.atleast_1d(shift), np.sqrt(np.atleast_1d(square))
    # A column whose spread is rounding error is constant; dividing by it would invent a feature.
    constant = spread <= 1e-12 * np.maximum(np.abs(shift), 1e-300)
    return shift, np.where(constant, np.inf, spread)


def _chunks(X: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(X), ROWS_AT_ONCE):
        yield np.asarray(X[start : start + ROWS_AT_ONCE], dtype=np.float64)
