"""Spectrum, autocorrelation, shape and beats of signals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows import task
from autows.errors import NotApplicable
from autows.representation import Representation
from autows.types import Matrix

Rows = NDArray[np.float64]

ROWS_FOR_FIT = 20_000
MIN_SAMPLES = 32
# Relative to white noise of the signal's power: below it, quantisation and rounding speak.
_FLOOR = 1e-6
_TINY = 1e-12
_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_STEEP = (0.5, 0.9, 0.99)
# A beat is steeper than 0.4 times nearly the steepest moment of its row.
_BEAT_SHARE, _BEAT_QUANTILE = 0.4, 0.98
# Running sums leave rounding errors behind a step, which would else be the beats of a flat row.
_LEAST_STEEPNESS = 1e-3


class Spectral(Representation):
    """Log power spectrum, autocorrelations, and statistics of shape and beats, standardised by column.

    Where a pattern begins in a window is chance, and linear models of raw samples depend on it; none
    of these features does. Each row is brought to mean 0 and standard deviation 1 first; both
    numbers are features of their own.

    Parameters
    ----------
    n_bands : int, default 48
        Frequency bands, equally wide on a logarithmic scale where the resolution allows.
    n_lags : int, default 48
        Lags from 1 to half the signal, on a logarithmic scale, for each of two autocorrelations.
    beat_samples : int, default 60
        The least distance of two beats in samples: 0.2 s at 300 Hz, the refractory time of a heart.

    Notes
    -----
    With ``z`` a standardised row of ``T`` samples, ``d`` its first difference (with 0 before it) and
    ``e`` its steepness, the root of the moving average of ``d^2`` over a quarter of ``beat_samples``:

    - spectrum: ``log(mean of |rfft(w z)|^2 / sum(w^2) over a band + 1e-6)``, ``w`` a Hann window;
    - autocorrelations of ``z`` and of ``e`` less its mean: ``sum_t z[t] z[t + lag] / sum_t z[t]^2``;
    - shape: mean and log standard deviation of the row; 9 quantiles of ``z``; inverse hyperbolic sine
      of skewness and log of one plus kurtosis of ``z`` and of ``d``; log standard deviations of first and
      second differences; 3 quantiles of ``|d|``; rates of sign changes of ``z`` and of ``d``;
    - beats: moments where ``e`` is the largest within ``beat_samples`` and exceeds 0.4 times its 98 %
      quantile (and 0.001). Their number and the mean and relative standard deviation of their heights; of the
      intervals between them the mean, and in units of it the standard deviation, the least, the greatest
      and the mean absolute change.

    O(rows T log T), vectorised over rows. Column means and deviations are of at most 20,000 evenly
    spaced pool rows.

    References
    ----------
    F. J. Harris (1978), On the use of windows for harmonic analysis with the discrete Fourier
    transform, Proc. IEEE 66. J. Pan and W. J. Tompkins (1985), A real-time QRS detection algorithm,
    IEEE Trans. Biomed. Eng. 32.
    """

    name = "spectral"
    modalities = ("signal",)
    rows_at_once = 1024

    def __init__(self, n_bands: int = 48, n_lags: int = 48, beat_samples: int = 60) -> None:
        self.n_bands = n_bands
        self.n_lags = n_lags
        self.beat_samples = beat_samples

    def validate(self) -> None:
        """Check that the parameters are positive."""
        self.require_positive()

    def fit(self, X_pool: task.Raw, modality: str) -> None:
        """Learn the pool's scale and the mean and standard deviation of each feature.

        Raises
        ------
        ValueError
            If a parameter is not positive.
        NotApplicable
            If signals are of several channels or of fewer than 32 samples.
        """
        self.validate()
        if len(X_pool.shape) != 2 or X_pool.shape[1] < MIN_SAMPLES:
            raise NotApplicable(
                f"representation spectral works on signals of shape (rows, samples) with at least "
                f"{MIN_SAMPLES} samples; these are {X_pool.shape}"
            )
        sample = X_pool[:: -(-X_pool.shape[0] // ROWS_FOR_FIT)]
        starts = range(0, sample.shape[0], self.rows_at_once)
        blocks = [np.asarray(sample[s : s + self.rows_at_once], dtype=np.float64) for s in starts]
        deviation = np.concatenate([block.std(axis=1) for block in blocks])
        self.scale_ = float(np.sqrt(np.mean(np.square(deviation)))) or 1.0
        F = np.concatenate([self._describe(block) for block in blocks])
        self.mean_, spread = F.mean(axis=0), F.std(axis=0)
        # A column whose spread is rounding error is constant; dividing by it would invent a feature.
        constant = spread <= 1e-9 * np.maximum(1.0, np.abs(self.mean_))
        self.spread_ = np.where(constant, np.inf, spread)

    def encode(self, X: task.Raw, modality: str) -> Matrix:
        """Compute the features and standardise them."""
        F = self._describe(np.asarray(X, dtype=np.float64))
        return ((F - self.mean_) / self.spread_).astype(np.float32)

    def _describe(self, X: Rows) -> Rows:
        mean, deviation = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
        Z = (X - mean) / np.where(deviation > _TINY * (np.abs(mean) + self.scale_), deviation, np.inf)
        distance = min(self.beat_samples, X.shape[1] // 4)
        steep = steepness(Z, max(1, distance // 4))
        lags = _geometric(1, X.shape[1] // 2, self.n_lags)
        level = np.hstack([mean / self.scale_, np.log(deviation / self.scale_ + _FLOOR)])
        parts = (
            spectrum(Z, self.n_bands),
            autocorrelation(Z, lags),
            autocorrelation(steep - steep.mean(axis=1, keepdims=True), lags),
            level,
            shape(Z),
            beats(steep, distance),
        )
        return np.hstack(parts)


def spectrum(Z: Rows, n_bands: int) -> Rows:
    """Return the log power in bands of frequency, where white noise of variance 1 has about 0."""
    import scipy.fft
    import scipy.signal

    T = Z.shape[1]
    window = scipy.signal.get_window("hann", T)
    power = np.square(np.abs(scipy.fft.rfft(Z * window, axis=1)[:, 1:])) / np.square(window).sum()
    edges = _geometric(1, power.shape[1] + 1, n_bands + 1) - 1
    mean = np.add.reduceat(power, edges[:-1], axis=1) / np.diff(edges)
    return np.log(mean + _FLOOR)


def autocorrelation(Z: Rows, lags: NDArray[np.int64]) -> Rows:
    """Return autocorrelations of centred rows at lags; 0 for a constant row."""
    import scipy.fft

    T = Z.shape[1]
    # Padded by the largest lag, so that the end does not meet the beginning.
    size = scipy.fft.next_fast_len(T + int(lags.max()), real=True)
    power = np.square(np.abs(scipy.fft.rfft(Z, size, axis=1)))
    products = scipy.fft.irfft(power, size, axis=1)
    return products[:, lags] / np.maximum(products[:, :1], _TINY)


def steepness(Z: Rows, width: int) -> Rows:
    """Return the root of the moving average of squared first differences, edges repeated."""
    from scipy.ndimage import uniform_filter1d

    squared = np.square(np.diff(Z, axis=1, prepend=Z[:, :1]))
    # A running sum may end a little below zero.
    return np.sqrt(np.maximum(uniform_filter1d(squared, width, axis=1, mode="nearest"), 0.0))


def shape(Z: Rows) -> Rows:
    """Return quantiles, moments, roughness and rates of sign changes of standardised rows."""
    D = np.diff(Z, axis=1, prepend=Z[:, :1])
    rough = [np.log(np.diff(Z, order, axis=1).std(axis=1) + _FLOOR) for order in (1, 2)]
    turns = [np.mean(np.diff(np.signbit(S), axis=1), axis=1) for S in (Z, D)]
    parts = (
        np.quantile(Z, _LEVELS, axis=1),
        _moments(Z),
        _moments(D),
        rough,
        np.quantile(np.abs(D), _STEEP, axis=1),
        turns,
    )
    return np.concatenate([np.asarray(part) for part in parts]).T


def _moments(S: Rows) -> Rows:
    centred = S - S.mean(axis=1, keepdims=True)
    # Products, because numpy's powers of arrays are fifty times slower.
    square = centred * centred
    variance = np.maximum(square.mean(axis=1), _TINY)
    skewness = (square * centred).mean(axis=1) / variance**1.5
    kurtosis = (square * square).mean(axis=1) / variance**2
    # Both have heavy tails, and a constant row has kurtosis 0 here.
    return np.stack([np.arcsinh(skewness), np.log(kurtosis + 1)])


def beats(steep: Rows, distance: int) -> Rows:
    """Return number, heights and intervals of the beats of each row, shape (rows, 8).

    Parameters
    ----------
    steep : (rows, T) float64
        Steepness, not negative.
    distance : int
        A beat is the greatest value among so many samples before and after it.

    Returns
    -------
    (rows, 8) float64
        Number; mean and relative standard deviation of the heights; of the intervals the mean, and in
        units of it the standard deviation, the least, the greatest and the mean absolute change. Of a
        row with fewer than two beats the mean interval is T, and the four that follow are 0, 1, 1, 0.
    """
    from scipy.ndimage import maximum_filter1d

    n, T = steep.shape
    top = maximum_filter1d(steep, 2 * distance + 1, axis=1, mode="nearest")
    high = np.quantile(steep, _BEAT_QUANTILE, axis=1, keepdims=True)
    least = np.maximum(_BEAT_SHARE * high, _LEAST_STEEPNESS)
    # None is above its neighbourhood's maximum.
    peak = (steep == top) & (steep > least)
    # Of a plateau the first sample.
    peak[:, 1:] &= ~(peak[:, :-1] & (steep[:, 1:] == steep[:, :-1]))
    row, at = np.nonzero(peak)
    height, height_spread = _mean_and_spread(steep[row, at], row, n)
    interval, same = np.diff(at).astype(np.float64), row[1:] == row[:-1]
    interval, row = interval[same], row[1:][same]
    mean, spread = _mean_and_spread(interval, row, n)
    same = row[1:] == row[:-1]
    change, _ = _mean_and_spread(np.abs(np.diff(interval))[same], row[1:][same], n)
    some = mean > 0
    unit = np.where(some, mean, T)
    shortest, longest = unit.copy(), unit.copy()
    first = np.flatnonzero(np.diff(row, prepend=-1))
    if len(first):
        shortest[some] = np.minimum.reduceat(interval, first)
        longest[some] = np.maximum.reduceat(interval, first)
    relative = np.stack([spread, shortest, longest, change]) / unit
    heights = [height, height_spread / np.maximum(height, _TINY)]
    return np.stack([peak.sum(axis=1), *heights, unit, *relative], axis=1)


def _mean_and_spread(values: Rows, row: NDArray[np.int64], n: int) -> tuple[Rows, Rows]:
    """Mean and standard deviation of the values of each row; 0 where there is none."""
    count = np.maximum(np.bincount(row, minlength=n), 1)
    mean = np.bincount(row, values, n) / count
    return mean, np.sqrt(np.bincount(row, np.square(values - mean[row]), n) / count)


def _geometric(first: int, last: int, n: int) -> NDArray[np.int64]:
    """At most ``n`` different whole numbers from first to last, both included, on a logarithmic scale."""
    return np.unique(np.rint(np.geomspace(first, last, n)).astype(np.int64))
