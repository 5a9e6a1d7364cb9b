r"""The two-dimensional Navier-Stokes equation for the vorticity on the unit torus, solved in batches.

.. math:: w_t + u \cdot \nabla w = \nu \Delta w + f, \quad \nabla \cdot u = 0, \quad w = \nabla \times u,

with the fixed forcing ``f = 0.1 (sin 2 pi (x + y) + cos 2 pi (x + y))`` and Gaussian random initial
fields of covariance ``7^(3/2) (-Laplace + 49 I)^(-5/2)``: the setting of Li et al. (2021), Fourier
Neural Operator for Parametric Partial Differential Equations, section 5.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Field = NDArray[np.float64]
Spectrum = NDArray[np.complex128]


@dataclass(frozen=True)
class Grid:
    """A periodic grid of ``size`` x ``size`` points on the unit square and its Fourier operators.

    Spectra are those of :func:`scipy.fft.rfft2`, shape (size, size // 2 + 1); axis 0 is x.
    """

    size: int

    @property
    def wavenumbers(self) -> tuple[Field, Field]:
        """Integer wavenumbers along x, shape (size, 1), and along y, shape (1, size // 2 + 1)."""
        kx = scipy.fft.fftfreq(self.size, 1 / self.size)[:, None]
        ky = scipy.fft.rfftfreq(self.size, 1 / self.size)[None, :]
        return kx, ky

    @property
    def laplacian(self) -> Field:
        """Eigenvalues of the Laplacian: minus 4 pi^2 |k|^2."""
        kx, ky = self.wavenumbers
        return -4 * np.pi**2 * (kx**2 + ky**2)

    @property
    def kept(self) -> Field:
        """One below two thirds of the highest wavenumber in each direction, zero above (dealiasing)."""
        kx, ky = self.wavenumbers
        limit = self.size / 3
        return ((np.abs(kx) < limit) & (ky < limit)).astype(np.float64)

    def points(self) -> tuple[Field, Field]:
        """Return coordinates x, shape (size, 1), and y, shape (1, size)."""
        x = np.arange(self.size) / self.size
        return x[:, None], x[None, :]

    def forcing(self) -> Field:
        """Return the fixed forcing, shape (size, size)."""
        x, y = self.points()
        phase = 2 * np.pi * (x + y)
        return 0.1 * (np.sin(phase) + np.cos(phase))


def random_fields(grid: Grid, n: int, rng: np.random.Generator) -> Field:
    """Draw ``n`` initial vorticity fields of mean zero, shape (n, size, size).

    The field is ``sum_k a_k exp(2 pi i k x)`` with independent ``a_k`` of variance
    ``7^(3/2) (4 pi^2 |k|^2 + 49)^(-5/2)``, made by filtering white noise on the grid.
    """
    noise = rng.standard_normal((n, grid.size, grid.size))
    deviation = 7**0.75 * (49 - grid.laplacian) ** -1.25
    deviation[0, 0] = 0.0
    # White noise of unit variance on size^2 points has Fourier coefficients of variance 1 / size^2.
    return scipy.fft.irfft2(scipy.fft.rfft2(noise) * deviation * grid.size, s=(grid.size, grid.size))


def solve(
    initial: Field, viscosity: Field, duration: float, steps: int, on_step: Callable[[], object] | None = None
) -> Field:
    """Advance vorticity fields in time.

    Pseudo-spectral in space with the 2/3 rule; in time, Crank-Nicolson for viscosity and
    second-order Adams-Bashforth for advection and forcing, the first step being Euler's.

    Parameters
    ----------
    initial : (n, size, size) float64
        Vorticity at time 0; axis 1 is x, axis 2 is y.
    viscosity : (n,) float64
        Kinematic viscosity of each field, positive.
    duration : float
        The time to reach.
    steps : int
        Number of equal time steps.
    on_step : callable, optional
        Called after every step.

    Returns
    -------
    (n, size, size) float64
        Vorticity at time ``duration``.

    Raises
    ------
    FloatingPointError
        If the solution is no longer finite: more steps are needed.

    Notes
    -----
    O(n size^2 log size) a step, five Fourier transforms.
    """
    size = initial.shape[-1]
    grid = Grid(size)
    dt = duration / steps
    decay = 0.5 * dt * viscosity[:, None, None] * grid.laplacian
    forcing = scipy.fft.rfft2(grid.forcing())
    rate = _Advection(grid)
    w = scipy.fft.rfft2(initial) * grid.kept
    before = None
    # What overflows is told once, below.
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            now = forcing - rate(w)
            step = now if before is None else 1.5 * now - 0.5 * before
            w = ((1 + decay) * w + dt * step) / (1 - decay)
            before = now
            if on_step is not None:
                on_step()
        field = scipy.fft.irfft2(w, s=(size, size))
    if not np.all(np.isfinite(field)):
        raise FloatingPointError(f"the solution blew up with {steps} steps of {dt:.3g}; take more steps")
    return field


class _Advection:
    """The spectrum of ``u . grad w``, with the operators computed once."""

    def __init__(self, grid: Grid) -> None:
        kx, ky = grid.wavenumbers
        inverse = np.zeros_like(grid.laplacian)
        np.divide(-1.0, grid.laplacian, out=inverse, where=grid.laplacian != 0)
        # The stream function psi solves -Laplace psi = w; u = (psi_y, -psi_x).
        self._dx, self._dy = 2j * np.pi * kx, 2j * np.pi * ky
        self._u, self._v = self._dy * inverse, -self._dx * inverse
        self._kept = grid.kept
        self._shape = (grid.size, grid.size)

    def __call__(self, w: Spectrum) -> Spectrum:
        product = self._physical(self._u * w) * self._physical(self._dx * w)
        product += self._physical(self._v * w) * self._physical(self._dy * w)
        return scipy.fft.rfft2(product) * self._kept

    def _physical(self, spectrum: Spectrum) -> Field:
        return scipy.fft.irfft2(spectrum, s=self._shape)
