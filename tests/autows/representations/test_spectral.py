"""Spectral features beside a plain definition of each, one row at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from autows.errors import NotApplicable
from autows.representations import create, spectral
from autows.representations.spectral import Spectral

RNG = np.random.default_rng(0)


def heartbeats(rows, T=400, seed=0):
    """Return noisy signals of sharp beats at irregular intervals, each row of its own amplitude."""
    rng = np.random.default_rng(seed)
    X = 0.05 * rng.standard_normal((rows, T))
    for row in X:
        at = np.cumsum(rng.integers(50, 110, size=T // 50))
        row[at[at < T]] += 2
    X = np.apply_along_axis(np.convolve, 1, X, [0.3, 1, 0.3], mode="same")
    return (X * rng.uniform(0.5, 2, (rows, 1)) + rng.standard_normal((rows, 1))).astype(np.float32)


def plain_features(x, scale, n_bands, n_lags, beat_samples):
    """Return the features of one row by the formulas of the docstring, in plain loops."""
    x = x.astype(float)
    T, mean, deviation = len(x), x.mean(), x.std()
    z = (x - mean) / deviation if deviation > 0 else np.zeros(T)

    def numbers(first, last, n):
        return sorted({round(float(v)) for v in np.geomspace(first, last, n)})

    window = [0.5 - 0.5 * np.cos(2 * np.pi * t / T) for t in range(T)]
    power = []
    for k in range(1, T // 2 + 1):
        wave = np.exp(-2j * np.pi * k * np.arange(T) / T)
        power.append(abs(np.sum(window * z * wave)) ** 2 / np.sum(np.square(window)))
    edges = numbers(1, len(power) + 1, n_bands + 1)
    bands = [np.log(np.mean(power[a - 1 : b - 1]) + 1e-6) for a, b in pairwise(edges)]

    distance = min(beat_samples, T // 4)
    width = max(1, distance // 4)
    d = np.array([0.0] + [z[t] - z[t - 1] for t in range(1, T)])
    e = np.zeros(T)
    for t in range(T):
        around = [min(max(t + j - width // 2, 0), T - 1) for j in range(width)]
        e[t] = np.sqrt(np.mean(d[around] ** 2))

    def correlations(s):
        total = np.sum(s * s)
        lags = numbers(1, T // 2, n_lags)
        return [np.sum(s[:-lag] * s[lag:]) / total if total > 1e-12 else 0.0 for lag in lags]

    def tails(s):
        if s.std() < 1e-9:
            return [0.0, 0.0]
        return [np.arcsinh(scipy.stats.skew(s)), np.log(scipy.stats.kurtosis(s, fisher=False) + 1)]

    def turns(s):
        return np.mean([(s[t] < 0) != (s[t - 1] < 0) for t in range(1, T)])

    outline = [
        *np.quantile(z, [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]),
        *tails(z),
        *tails(d),
        np.log(np.std(np.diff(z)) + 1e-6),
        np.log(np.std(np.diff(z, 2)) + 1e-6),
        *np.quantile(np.abs(d), [0.5, 0.9, 0.99]),
        turns(z),
        turns(d),
    ]
    level = [mean / scale, np.log(deviation / scale + 1e-6)]
    return np.array(
        [*bands, *correlations(z), *correlations(e - e.mean()), *level, *outline, *plain_beats(e, distance)]
    )


def plain_beats(e, distance):
    T, least = len(e), max(0.4 * np.quantile(e, 0.98), 1e-3)
    at = []
    for t in range(T):
        largest = e[t] == max(e[max(t - distance, 0) : t + distance + 1])
        goes_on = t > 0 and e[t] == e[t - 1] and e[t - 1] == max(e[max(t - 1 - distance, 0) : t + distance])
        if largest and e[t] > least and not goes_on:
            at.append(t)
    heights = e[at] if at else np.zeros(1)
    relative = heights.std() / max(heights.mean(), 1e-12)
    intervals = np.diff(at)
    if not len(intervals):
        return [len(at), heights.mean(), relative, T, 0, 1, 1, 0]
    mean = intervals.mean()
    changes = np.abs(np.diff(intervals))
    change = changes.mean() if len(changes) else 0.0
    rest = [intervals.std(), intervals.min(), intervals.max(), change]
    return [len(at), heights.mean(), relative, mean, *(value / mean for value in rest)]


@pytest.mark.parametrize("beat_samples", [60, 1])
@pytest.mark.parametrize("T", [400, 101, 32])
def test_each_row_has_the_features_of_the_plain_definition(T, beat_samples):
    X = heartbeats(8, T)
    X[3] = 1.5
    settings = {"n_bands": 20, "n_lags": 15, "beat_samples": beat_samples}
    representation = Spectral(**settings)
    representation.fit(X, "signal")
    wide = X.astype(float)
    scale = np.sqrt(np.mean(wide.std(axis=1) ** 2))
    plain = np.array([plain_features(x, scale, **settings) for x in X])
    np.testing.assert_allclose(representation._describe(wide), plain, atol=2e-6, rtol=1e-6)
    spread = plain.std(axis=0)
    expected = (plain - plain.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf)
    Z = representation.encode(X, "signal")
    assert (Z.dtype, Z.shape) == (np.float32, plain.shape)
    np.testing.assert_allclose(Z, expected, atol=2e-4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=12, max_size=12), min_size=1, max_size=5))
def test_beats_with_ties_and_plateaus_are_those_of_the_plain_definition(rows):
    steep = np.array(rows, dtype=float)
    expected = [plain_beats(row, 2) for row in steep]
    np.testing.assert_allclose(spectral.beats(steep, 2), expected, atol=1e-12)


def test_beats_by_hand():
    steep = np.zeros((3, 100))
    steep[0, [10, 30, 60]] = 1, 2, 1.5
    steep[1, 50] = 3
    count, height, height_spread, mean, spread, shortest, longest, change = spectral.beats(steep, 5).T
    assert count.tolist() == [3, 1, 0]
    np.testing.assert_allclose(height, [1.5, 3, 0])
    np.testing.assert_allclose(height_spread, [np.std([1, 2, 1.5]) / 1.5, 0, 0])
    np.testing.assert_allclose(mean, [25, 100, 100])
    np.testing.assert_allclose(spread, [5 / 25, 0, 0])
    np.testing.assert_allclose(shortest, [20 / 25, 1, 1])
    np.testing.assert_allclose(longest, [30 / 25, 1, 1])
    np.testing.assert_allclose(change, [10 / 25, 0, 0])


def test_a_sine_peaks_in_its_band_and_returns_after_its_period():
    t = np.arange(1000)
    Z = np.sqrt(2) * np.sin(2 * np.pi * t / 20 + np.array([[0.0], [1.0]]))
    power = spectral.spectrum(Z, 48)
    edges = np.unique(np.rint(np.geomspace(1, 501, 49)))
    np.testing.assert_array_equal(power.argmax(axis=1), np.searchsorted(edges, 50, side="right") - 1)
    returned, opposite = spectral.autocorrelation(Z, np.array([20, 10])).T
    np.testing.assert_allclose(returned, 0.98, atol=1e-3)
    np.testing.assert_allclose(opposite, -0.99, atol=1e-3)


def test_white_noise_has_log_power_about_zero():
    power = spectral.spectrum(RNG.standard_normal((200, 512)), 6)
    np.testing.assert_allclose(np.log(np.exp(power).mean(axis=0)), 0, atol=0.15)


def test_pool_columns_have_mean_zero_and_deviation_one():
    representation = Spectral()
    pool = heartbeats(300)
    representation.fit(pool, "signal")
    Z = representation.encode(pool, "signal").astype(float)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-5)
    spread = Z.std(axis=0)
    assert np.all((np.abs(spread - 1) < 1e-4) | (spread == 0))


def test_the_unit_of_the_signal_does_not_matter():
    pool, test = heartbeats(30).astype(float), heartbeats(10, seed=1).astype(float)
    one, other = Spectral(), Spectral()
    one.fit(pool, "signal")
    other.fit(250 * pool, "signal")
    np.testing.assert_allclose(one.encode(test, "signal"), other.encode(250 * test, "signal"), atol=1e-4)


def test_chunks_and_the_whole_give_the_same(staged, monkeypatch):
    monkeypatch.setattr(Spectral, "rows_at_once", 7)
    pool, test = heartbeats(23), heartbeats(9, seed=1)
    features = Spectral().features(staged(pool, test, "signal"))
    whole = Spectral()
    whole.fit(pool, "signal")
    np.testing.assert_allclose(features.X_pool, whole.encode(pool, "signal"), atol=1e-5)
    np.testing.assert_allclose(features.X_test, whole.encode(test, "signal"), atol=1e-5)


def test_the_same_twice_and_integers_like_floats():
    X = RNG.integers(-2000, 2000, (12, 64)).astype(np.int16)
    Z = []
    for raw in (X, X, X.astype(np.float64)):
        representation = create("spectral")
        representation.fit(raw, "signal")
        Z.append(representation.encode(raw, "signal"))
    np.testing.assert_array_equal(Z[0], Z[1])
    np.testing.assert_array_equal(Z[0], Z[2])


def test_large_pools_are_described_by_evenly_spaced_rows(monkeypatch):
    monkeypatch.setattr(spectral, "ROWS_FOR_FIT", 10)
    pool = heartbeats(31)
    some, few = Spectral(), Spectral()
    some.fit(pool, "signal")
    few.fit(pool[::4], "signal")
    np.testing.assert_array_equal(some.mean_, few.mean_)


@pytest.mark.parametrize("value", [0.0, -7.25, 1e8])
def test_constant_rows_are_finite_and_a_constant_pool_is_zero(value):
    flat = np.full((5, 50), value)
    representation = Spectral()
    representation.fit(flat, "signal")
    assert not representation.encode(flat, "signal").any()
    assert np.all(np.isfinite(representation.encode(heartbeats(4, 50), "signal")))


def test_signals_too_short_or_of_several_channels_are_not_applicable():
    with pytest.raises(NotApplicable, match=r"at least 32 samples; these are \(5, 31\)"):
        Spectral().fit(np.zeros((5, 31)), "signal")
    with pytest.raises(NotApplicable, match=r"shape \(rows, samples\).*these are \(5, 40, 2\)"):
        Spectral().fit(np.zeros((5, 40, 2)), "signal")


def test_other_modalities_are_not_applicable(staged):
    task = staged(np.zeros((4, 40)), np.zeros((2, 40)), "tabular")
    with pytest.raises(NotApplicable, match="spectral works on signal"):
        Spectral().features(task)


@pytest.mark.parametrize("name", ["n_bands", "n_lags", "beat_samples"])
def test_parameters_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} is 0; expected at least 1"):
        Spectral(**{name: 0}).fit(heartbeats(3), "signal")


def test_one_of_each_is_enough():
    representation = Spectral(n_bands=1, n_lags=1, beat_samples=1)
    representation.fit(heartbeats(5), "signal")
    assert np.all(np.isfinite(representation.encode(heartbeats(5), "signal")))
