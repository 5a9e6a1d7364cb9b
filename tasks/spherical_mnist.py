"""MNIST on the sphere: each digit projected stereographically after a random rotation."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from autows.draws import generator
from autows.task import Task, TaskData
from tasks.mnist import Mnist

BANDWIDTH = 30
HALF_WIDTH = 1.5
ROWS_AT_ONCE = 500


class SphericalMnist(Task):
    """Digits painted on a sphere that was turned at random, sampled on a 60 x 60 grid.

    The picture lies in the plane that touches the sphere at its south pole, centred there, with a
    half-width of 1.5 sphere radii; a point of the sphere has the grey value that the ray from the
    north pole through it meets in the picture, and 0 beside the picture. Every digit, of pool and
    test alike, has a rotation of its own.

    References
    ----------
    T. Cohen, M. Geiger, J. Köhler and M. Welling (2018), Spherical CNNs, ICLR, section 5.2. J.
    Driscoll and D. Healy (1994), Computing Fourier transforms and convolutions on the 2-sphere,
    Advances in Applied Mathematics 15 (the grid).
    """

    card = replace(
        Mnist.card,
        id="spherical_mnist",
        version=1,
        title="Handwritten digits on a randomly turned sphere, 60 x 60 grid",
        source=f"{Mnist.card.source}, projected by this project",
        citation=f"{Mnist.card.citation}; projection of T. Cohen et al. (2018), Spherical CNNs, ICLR",
        same_as=MappingProxyType({}),
        fingerprint=None,
    )

    def read(self) -> TaskData:
        """Project all digits; uint8, shape (rows, 60, 60): colatitude by longitude."""
        data = Mnist().load()
        sides = []
        for side, X in (("pool", data.X_pool), ("test", data.X_test)):
            rng = generator(purpose="rotations", task=self.card.id, version=self.card.version, side=side)
            sides.append(project(X, random_rotations(len(X), rng), BANDWIDTH))
        return TaskData(sides[0], np.asarray(data.y_pool), sides[1], np.asarray(data.y_test))


def sphere_grid(bandwidth: int) -> NDArray[np.float64]:
    """Return the Driscoll-Healy grid as unit vectors, shape (2 b, 2 b, 3).

    Colatitudes ``pi (2 j + 1) / (4 b)`` by longitudes ``pi i / b``.
    """
    colatitude = np.pi * (2 * np.arange(2 * bandwidth) + 1) / (4 * bandwidth)
    longitude = np.pi * np.arange(2 * bandwidth) / bandwidth
    ring, height = np.sin(colatitude)[:, None], np.cos(colatitude)[:, None]
    parts = np.broadcast_arrays(ring * np.cos(longitude), ring * np.sin(longitude), height)
    return np.stack(parts, axis=-1)


def random_rotations(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return rotation matrices uniform over all rotations, shape (n, 3, 3)."""
    from scipy.spatial.transform import Rotation

    # A normalised Gaussian quaternion is a uniform rotation.
    return Rotation.from_quat(rng.standard_normal((n, 4))).as_matrix()


def project(X: NDArray[np.uint8], rotations: NDArray[np.float64], bandwidth: int) -> NDArray[np.uint8]:
    """Project pictures onto the turned sphere.

    Parameters
    ----------
    X : (rows, height, width) uint8
        Pictures.
    rotations : (rows, 3, 3) float64
        The rotation of each picture's sphere.
    bandwidth : int
        Bandwidth b of the grid.

    Returns
    -------
    (rows, 2 b, 2 b) uint8
        Grey values by bilinear interpolation, rounded.
    """
    from tqdm import tqdm

    points = sphere_grid(bandwidth).reshape(-1, 3)
    out = np.empty((len(X), 2 * bandwidth, 2 * bandwidth), dtype=np.uint8)
    for start in tqdm(range(0, len(X), ROWS_AT_ONCE), "projecting", leave=False, disable=None):
        rows = slice(start, start + ROWS_AT_ONCE)
        turned = points @ rotations[rows].transpose(0, 2, 1)
        values = _look_up(np.asarray(X[rows], dtype=np.float32), *_to_plane(turned))
        out[rows] = np.rint(values).reshape(-1, 2 * bandwidth, 2 * bandwidth)
    return out


def _to_plane(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project stereographically from the north pole; 0 and 1 are the picture's borders."""
    # The pole itself goes to infinity, which is beside the picture.
    scale = 2 / np.maximum(1 - points[..., 2], 1e-9)
    across, down = ((points[..., axis] * scale + HALF_WIDTH) / (2 * HALF_WIDTH) for axis in (0, 1))
    return across, down


def _look_up(
    X: NDArray[np.float32], across: NDArray[np.float64], down: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Interpolate pictures (rows, height, width) bilinearly at relative positions (rows, points)."""
    _, height, width = X.shape
    inside = (across >= 0) & (across <= 1) & (down >= 0) & (down <= 1)
    x, y = np.where(inside, across, 0) * (width - 1), np.where(inside, down, 0) * (height - 1)
    left, top = np.minimum(x.astype(np.int64), width - 2), np.minimum(y.astype(np.int64), height - 2)
    dx, dy = (x - left).astype(np.float32), (y - top).astype(np.float32)
    flat = X.reshape(len(X), -1)
    corner = top * width + left
    upper, lower = (
        np.take_along_axis(flat, corner + shift, 1) * (1 - dx)
        + np.take_along_axis(flat, corner + shift + 1, 1) * dx
        for shift in (0, width)
    )
    return np.where(inside, upper * (1 - dy) + lower * dy, 0)
