"""Pixels as encoders of images want them: float32 in [0, 1] with a channel axis."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autows.errors import AutoWSError

PERCENTILES = (0.5, 99.5)
_VALUES_FOR_LIMITS = 2_000_000


class Limits(NamedTuple):
    """The values of a field that are rendered black and white."""

    low: float
    high: float


def field_limits(X_pool: NDArray[Any]) -> Limits:
    """Return the 0.5 and 99.5 percentiles of a pool of fields, over evenly spaced rows of at most 2e6 values.

    Percentiles, because one extreme value would else turn everything beside it grey. Of a constant
    pool the limits are one apart.
    """
    values_a_row = max(1, int(np.prod(X_pool.shape[1:])))
    step = -(-X_pool.shape[0] * values_a_row // _VALUES_FOR_LIMITS)
    low, high = np.percentile(np.asarray(X_pool[:: max(step, 1)], dtype=np.float64), PERCENTILES)
    return Limits(float(low), float(high if high > low else low + 1))


def pixels(X: NDArray[Any], limits: Limits | None = None) -> NDArray[np.float32]:
    """Return images, or fields rendered as grey images, as float32 in [0, 1].

    Parameters
    ----------
    X : (rows, height, width) or (rows, height, width, channels) array
        Images: integers in 0 .. 255, floats in [0, 1], or booleans, with 1 or 3 channels. Fields: any
        real numbers, one channel.
    limits : Limits, optional
        For fields: what becomes 0 and 1; values beyond are clipped.

    Returns
    -------
    (rows, height, width, channels) float32

    Raises
    ------
    AutoWSError
        If shape or values are not those of images.

    Examples
    --------
    >>> pixels(np.array([[[0, 51]]], dtype=np.uint8)).tolist()
    [[[[0.0], [0.20000000298023224]]]]
    """
    channels = X.shape[3] if X.ndim == 4 else 1
    if X.ndim not in (3, 4) or channels not in (1, 3):
        raise AutoWSError(
            f"images are of shape {X.shape}; expected (rows, height, width) or (rows, height, width, 3)"
        )
    if limits is not None:
        unit = ((np.asarray(X, dtype=np.float64) - limits.low) / (limits.high - limits.low)).clip(0, 1)
        return unit.astype(np.float32).reshape(*X.shape[:3], channels)
    whole = np.issubdtype(X.dtype, np.integer)
    top = 255 if whole else 1
    # Written so that NaN fails too.
    if X.size and X.dtype != np.uint8 and not (X.min() >= 0 and X.max() <= top):
        raise AutoWSError(
            f"images hold {X.dtype} values from {X.min():.4g} to {X.max():.4g}; "
            "expected integers in 0 .. 255 or floats in [0, 1]"
        )
    return (X.astype(np.float32) / np.float32(top)).reshape(*X.shape[:3], channels)
