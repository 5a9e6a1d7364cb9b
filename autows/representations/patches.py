"""Features of small image patches that are learned on the pool, by k-means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows import task
from autows.draws import generator
from autows.errors import NotApplicable
from autows.representation import Representation
from autows.representations._pixels import Limits, field_limits, pixels
from autows.types import Matrix

Floats = NDArray[np.float32]

MIN_SIDE = 4
# Coates, Lee and Ng add 10 to variances of pixels in 0 .. 255, and 0.1 to eigenvalues.
_CONTRAST_FLOOR = 10 / 255**2
_EIGENVALUE_FLOOR = 0.1
_ROWS_FOR_SCALE = 5000
_VALUES_AT_ONCE = 2**23
_PATCHES_AT_ONCE = 4096


class Patches(Representation):
    """How much each quarter of an image looks like each of some hundred patches learned by k-means.

    Random patches of pool images are brought to one brightness and contrast, whitened (ZCA) and
    clustered by k-means. Every patch of an image then answers to the centroids nearer than average,
    and the answers are added up over the four quarters: 4 ``n_centroids`` features that no outside data
    went into. Fields are rendered as grey images between the 0.5 and 99.5 percentiles of the pool.

    Parameters
    ----------
    n_centroids : int, default 200
        How many patches are learned; at most the number of patches drawn.
    patch_size : int, default 6
        Side of a patch in pixels; at most three eighths of the smaller side, 3 for 8 x 8 images.
    n_patches : int, default 100000
        How many patches are drawn to learn from.

    Notes
    -----
    With ``d_k`` the distance of a whitened patch to centroid ``k``, its activation is
    ``max(0, mean(d) - d_k)``. As in the paper the columns are standardised, by the mean and standard
    deviation of at most 5,000 evenly spaced pool rows: the sums of centroids near a blank patch mostly
    count background, and on one common scale they drown the rest (on MNIST the nearest of 100 labelled
    neighbours is then right for 56 % of the test rows, with standardised columns for 74 %).

    O(rows positions n_centroids d) multiplications, in blocks of at most 8 million activations.

    References
    ----------
    A. Coates, H. Lee and A. Y. Ng (2011), An Analysis of Single-Layer Networks in Unsupervised Feature
    Learning, AISTATS.
    """

    name = "patches"
    modalities = ("image", "field")
    rows_at_once = 1024

    def __init__(self, n_centroids: int = 200, patch_size: int = 6, n_patches: int = 100_000) -> None:
        self.n_centroids = n_centroids
        self.patch_size = patch_size
        self.n_patches = n_patches

    def validate(self) -> None:
        """Check that the parameters are positive."""
        self.require_positive()

    def fit(self, X_pool: task.Raw, modality: str) -> None:
        """Draw patches of the pool, find the whitening and the centroids.

        Raises
        ------
        ValueError
            If a parameter is not positive.
        NotApplicable
            If images are smaller than 4 x 4.
        """
        self.validate()
        images = np.asarray(X_pool)
        smaller = min(images.shape[1:3])
        if smaller < MIN_SIDE:
            raise NotApplicable(
                f"representation patches works on images of at least {MIN_SIDE} x {MIN_SIDE} pixels; "
                f"these are {' x '.join(str(side) for side in images.shape[1:3])}"
            )
        self.limits_: Limits | None = field_limits(images) if modality == "field" else None
        self.size_ = min(self.patch_size, smaller * 3 // 8)
        rng = generator(purpose="patches")
        drawn = normalised(self._draw(images, rng))
        self.mean_, self.whitening_ = whitening(drawn)
        self.centroids_ = _cluster(self._whitened(drawn), self.n_centroids, rng)
        sums = self._sums(images[:: -(-len(images) // _ROWS_FOR_SCALE)]).astype(np.float64)
        self.shift_, spread = sums.mean(axis=0), sums.std(axis=0)
        # What varies by rounding alone is constant.
        self.spread_ = np.where(spread > 1e-5 * np.abs(self.shift_), spread, np.inf)

    def encode(self, X: task.Raw, modality: str) -> Matrix:
        """Add up activations over the quarters of each image and standardise the sums."""
        return ((self._sums(np.asarray(X)) - self.shift_) / self.spread_).astype(np.float32)

    def _sums(self, images: NDArray[Any]) -> Floats:
        positions = (images.shape[1] - self.size_ + 1) * (images.shape[2] - self.size_ + 1)
        block = max(1, _VALUES_AT_ONCE // (positions * max(self.centroids_.shape)))
        out = np.empty((len(images), 4 * len(self.centroids_)), dtype=np.float32)
        for start in range(0, len(images), block):
            windows = _windows(pixels(images[start : start + block], self.limits_), self.size_)
            flat = normalised(windows.reshape(-1, self.centroids_.shape[1]))
            answers = activations(self._whitened(flat), self.centroids_)
            out[start : start + block] = _quarters(answers.reshape(*windows.shape[:3], -1))
        return out

    def _whitened(self, patches: Floats) -> Floats:
        return np.asarray((patches - self.mean_) @ self.whitening_, dtype=np.float32)

    def _draw(self, images: NDArray[Any], rng: np.random.Generator) -> Floats:
        """Draw patches at random places of random rows; O(n_patches) memory."""
        # In order of rows, for the sake of a pool on disk.
        rows = np.sort(rng.integers(len(images), size=self.n_patches))
        top, left = (rng.integers(side - self.size_ + 1, size=self.n_patches) for side in images.shape[1:3])
        blocks = []
        for start in range(0, self.n_patches, _PATCHES_AT_ONCE):
            part = slice(start, start + _PATCHES_AT_ONCE)
            windows = _windows(pixels(images[rows[part]], self.limits_), self.size_)
            chosen = windows[np.arange(len(windows)), top[part], left[part]]
            blocks.append(chosen.reshape(len(chosen), -1))
        return np.concatenate(blocks)


def normalised(patches: Floats) -> Floats:
    """Return patches, one a row, less their mean and over their standard deviation (plus a floor)."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", centred, centred)[:, None] / centred.shape[1]
    return (centred / np.sqrt(variance + np.float32(_CONTRAST_FLOOR))).astype(np.float32)


def whitening(patches: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the ZCA matrix ``V (D + 0.1)^(-1/2) V'`` of the covariance ``V D V'``."""
    mean = patches.mean(axis=0, dtype=np.float64)
    centred = patches - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(patches))
    matrix = (vectors / np.sqrt(np.maximum(values, 0) + _EIGENVALUE_FLOOR)) @ vectors.T
    return mean.astype(np.float32), matrix.astype(np.float32)


def activations(Z: Floats, centroids: Floats) -> Floats:
    """Return by how much each centroid is nearer than the average one, 0 if it is not; (rows, k)."""
    squares = np.einsum("ij,ij->i", Z, Z)[:, None] + np.einsum("ij,ij->i", centroids, centroids)
    distances = Z @ centroids.T
    distances *= -2
    distances += squares
    # Rounding takes the square of a very small distance below zero.
    np.maximum(distances, 0, out=distances)
    np.sqrt(distances, out=distances)
    nearer = np.subtract(distances.mean(axis=1, keepdims=True), distances, out=distances)
    return np.maximum(nearer, 0, out=nearer)


def _cluster(Z: Floats, n_centroids: int, rng: np.random.Generator) -> Floats:
    from sklearn.cluster import MiniBatchKMeans

    # One centroid twice tells nothing, and blank pools have few different patches.
    distinct = len(np.unique(Z, axis=0))
    seed = int(rng.integers(2**31))
    model = MiniBatchKMeans(min(n_centroids, distinct), batch_size=4096, n_init=3, random_state=seed)
    return model.fit(Z).cluster_centers_.astype(np.float32)


def _windows(images: Floats, size: int) -> Floats:
    """Return all patches of images, shape (rows, down, across, channels, size, size); a view."""
    return np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))


def _quarters(answers: Floats) -> Floats:
    """Add up (rows, down, across, k) over upper left, upper right, lower left, lower right; (rows, 4 k)."""
    down, across = (side // 2 for side in answers.shape[1:3])
    summed = np.add.reduceat(np.add.reduceat(answers, (0, down), axis=1), (0, across), axis=2)
    return summed.reshape(len(answers), -1)
