"""The solver beside an exact solution and direct sums over modes; the random fields beside their spectrum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.fft

from tasks._vorticity import Grid, _Advection, random_fields, solve


def exact_from_rest(grid, viscosity, t):
    """Return the vorticity at time t from zero: fields of x + y alone are not advected."""
    rate = viscosity * 8 * np.pi**2
    return grid.forcing() * (1 - np.exp(-rate * t)) / rate


def test_operators_of_the_grid_by_hand():
    grid = Grid(6)
    kx, ky = grid.wavenumbers
    np.testing.assert_array_equal(kx[:, 0], [0, 1, 2, -3, -2, -1])
    np.testing.assert_array_equal(ky[0], [0, 1, 2, 3])
    np.testing.assert_allclose(grid.laplacian[1, 2], -4 * np.pi**2 * 5)
    np.testing.assert_array_equal(grid.kept.sum(axis=1), [2, 2, 0, 0, 0, 2])
    x, y = grid.points()
    np.testing.assert_allclose((x + y)[1, 2], 0.5)
    assert grid.forcing()[1, 2] == pytest.approx(0.1 * (np.sin(np.pi) + np.cos(np.pi)))


@pytest.mark.parametrize("size", [8, 9, 16])
def test_the_solution_from_rest_is_exact_in_space_for_every_viscosity(size):
    viscosity = np.array([1e-2, 1e-3, 1e-5])
    fields = solve(np.zeros((3, size, size)), viscosity, 1.5, 2000)
    assert fields.dtype == np.float64
    for field, nu in zip(fields, viscosity, strict=True):
        np.testing.assert_allclose(field, exact_from_rest(Grid(size), nu, 1.5), atol=1e-6)


def test_halving_the_step_divides_the_error_from_rest_by_four():
    grid, nu = Grid(8), 5e-2
    errors = [
        np.abs(
            solve(np.zeros((1, 8, 8)), np.array([nu]), 0.5, steps)[0] - exact_from_rest(grid, nu, 0.5)
        ).max()
        for steps in (40, 80, 160)
    ]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.1)


def test_halving_the_step_divides_the_error_with_advection_by_four():
    initial = 3 * random_fields(Grid(16), 2, np.random.default_rng(0))
    nu = np.array([1e-3, 1e-2])
    finest = solve(initial, nu, 0.5, 3200)
    errors = [np.abs(solve(initial, nu, 0.5, steps) - finest).max() for steps in (100, 200, 400)]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.15)


def test_fields_of_a_batch_do_not_influence_one_another():
    initial = random_fields(Grid(8), 3, np.random.default_rng(1))
    nu = np.array([1e-3, 1e-2, 1e-5])
    together = solve(initial, nu, 0.3, 30)
    alone = np.concatenate([solve(initial[[i]], nu[[i]], 0.3, 30) for i in range(3)])
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_every_step_is_told():
    steps = []
    solve(np.zeros((1, 8, 8)), np.array([1e-3]), 1.0, 7, on_step=lambda: steps.append(1))
    assert len(steps) == 7


def modes(spectrum, size):
    """Return complex amplitudes of a real field by integer wavenumber, from its half spectrum."""
    full = scipy.fft.fft2(scipy.fft.irfft2(spectrum, s=(size, size))) / size**2
    numbers = np.rint(scipy.fft.fftfreq(size, 1 / size)).astype(int)
    return {(p, q): full[i, j] for i, p in enumerate(numbers) for j, q in enumerate(numbers)}


@pytest.mark.parametrize("size", [6, 8, 9])
def test_advection_equals_the_direct_convolution_of_modes(size):
    grid = Grid(size)
    noise = np.random.default_rng(size).standard_normal((size, size))
    w = scipy.fft.rfft2(noise) * grid.kept
    amplitude = {k: a for k, a in modes(w, size).items() if max(map(abs, k)) < size / 3}
    expected = dict.fromkeys(amplitude, 0.0)
    for (p, a), (q, b) in itertools.product(amplitude.items(), repeat=2):
        total = (p[0] + q[0], p[1] + q[1])
        if p == (0, 0) or total not in expected:
            continue
        # Minus the Laplacian of psi is w, and u = (psi_y, -psi_x).
        psi = a / (4 * np.pi**2 * (p[0] ** 2 + p[1] ** 2))
        u = (2j * np.pi * p[1] * psi, -2j * np.pi * p[0] * psi)
        expected[total] += (u[0] * 2j * np.pi * q[0] + u[1] * 2j * np.pi * q[1]) * b
    found = modes(_Advection(grid)(w[None])[0], size)
    for k, value in found.items():
        assert value == pytest.approx(expected.get(k, 0.0), abs=1e-12)


def test_advection_by_hand():
    # w = cos 2 pi x + cos 4 pi y, so psi = cos 2 pi x / 4 pi^2 + cos 4 pi y / 16 pi^2; u = (psi_y, -psi_x).
    grid = Grid(12)
    x, y = grid.points()
    w = np.cos(2 * np.pi * x) + np.cos(4 * np.pi * y)
    by_hand = (-np.sin(4 * np.pi * y) / (4 * np.pi)) * (-2 * np.pi * np.sin(2 * np.pi * x)) + (
        np.sin(2 * np.pi * x) / (2 * np.pi)
    ) * (-4 * np.pi * np.sin(4 * np.pi * y))
    found = scipy.fft.irfft2(_Advection(grid)(scipy.fft.rfft2(w)), s=(12, 12))
    np.testing.assert_allclose(found, by_hand, atol=1e-12)


def test_advection_moves_vorticity_about_and_makes_none():
    grid = Grid(16)
    w = scipy.fft.rfft2(random_fields(grid, 3, np.random.default_rng(2))) * grid.kept
    change = scipy.fft.irfft2(_Advection(grid)(w), s=(16, 16))
    field = scipy.fft.irfft2(w, s=(16, 16))
    np.testing.assert_allclose(change.mean(axis=(1, 2)), 0, atol=1e-14)
    np.testing.assert_allclose((change * field).mean(axis=(1, 2)), 0, atol=1e-12)


def test_without_viscosity_to_speak_of_and_without_forcing_enstrophy_is_kept(monkeypatch):
    monkeypatch.setattr(Grid, "forcing", lambda self: np.zeros((self.size, self.size)))
    initial = random_fields(Grid(16), 2, np.random.default_rng(3))
    initial = scipy.fft.irfft2(scipy.fft.rfft2(initial) * Grid(16).kept, s=(16, 16))
    after = solve(initial, np.full(2, 1e-12), 0.5, 1000)
    assert not np.allclose(after, initial, atol=1e-3)
    np.testing.assert_allclose(
        np.square(after).mean(axis=(1, 2)), np.square(initial).mean(axis=(1, 2)), rtol=1e-4
    )


def test_random_fields_have_mean_zero_and_the_variance_of_every_mode():
    size, n = 8, 6000
    fields = random_fields(Grid(size), n, np.random.default_rng(4))
    assert fields.shape == (n, size, size)
    assert np.isrealobj(fields)
    np.testing.assert_allclose(fields.mean(axis=(1, 2)), 0, atol=1e-14)
    power = np.mean(np.abs(scipy.fft.fft2(fields) / size**2) ** 2, axis=0)
    k = scipy.fft.fftfreq(size, 1 / size)
    expected = 7**1.5 * (4 * np.pi**2 * (k[:, None] ** 2 + k[None] ** 2) + 49) ** -2.5
    expected[0, 0] = 0
    # Self-conjugate modes are chi-square with one degree of freedom: relative error sqrt(2 / 6000).
    np.testing.assert_allclose(power, expected, rtol=0.1, atol=1e-15)
    np.testing.assert_allclose(fields.var(axis=0), expected.sum(), rtol=0.1)


def test_random_fields_depend_on_the_generator_alone():
    one, same = (random_fields(Grid(8), 2, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, same)


def test_a_solution_that_blows_up_is_an_error_that_says_what_to_do():
    initial = 1e6 * random_fields(Grid(8), 1, np.random.default_rng(0))
    with pytest.raises(FloatingPointError, match=r"blew up with 40 steps of 0\.25; take more steps"):
        solve(initial, np.array([1e-5]), 10.0, 40)
