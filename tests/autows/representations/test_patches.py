"""Patch features beside the definition in loops, and what is learned beside scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from autows.errors import AutoWSError, NotApplicable
from autows.representations import create, patches
from autows.representations._pixels import field_limits, pixels
from autows.representations.patches import Patches

RNG = np.random.default_rng(0)
FEW = {"n_centroids": 7, "n_patches": 400}


def bars(rows, *shape, seed=0):
    """Return images of one bright bar each, upright or lying, with noise; uint8."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 40, (rows, *shape))
    for i, image in enumerate(X):
        at = rng.integers(min(shape[:2]))
        image[at if i % 2 else slice(None), slice(None) if i % 2 else at] += 200
    return X.astype(np.uint8)


def fitted(pool, modality="image", **params):
    representation = Patches(**{**FEW, **params})
    representation.fit(pool, modality)
    return representation


def plain_features(image, model):
    """Return the features of one image, (height, width, channels) in [0, 1], patch by patch."""
    size, k = model.size_, len(model.centroids_)
    down, across = image.shape[0] - size + 1, image.shape[1] - size + 1
    sums = np.zeros((2, 2, k))
    for top in range(down):
        for left in range(across):
            patch = image[top : top + size, left : left + size].transpose(2, 0, 1).ravel().astype(float)
            patch = (patch - patch.mean()) / np.sqrt(patch.var() + 10 / 255**2)
            white = model.whitening_.astype(float).T @ (patch - model.mean_)
            distances = [np.linalg.norm(white - centroid) for centroid in model.centroids_]
            for j, distance in enumerate(distances):
                answer = max(0.0, np.mean(distances) - distance)
                sums[int(top >= down // 2), int(left >= across // 2), j] += answer
    return (sums.ravel() - model.shift_) / model.spread_


@pytest.mark.parametrize(
    ("shape", "size"),
    [((8, 8), 3), ((28, 28), 6), ((16, 16, 3), 6), ((16, 16, 1), 6), ((9, 14), 3), ((4, 4), 1), ((5, 5), 1)],
)
def test_each_image_has_the_features_of_the_plain_definition(shape, size):
    pool = bars(30, *shape)
    model = fitted(pool)
    assert model.size_ == size
    Z = model.encode(pool[:4], "image")
    assert (Z.dtype, Z.shape) == (np.float32, (4, 4 * len(model.centroids_)))
    unit = pool[:4].reshape(4, *shape[:2], -1) / 255
    np.testing.assert_allclose(Z, [plain_features(image, model) for image in unit], atol=5e-3)


def test_pool_columns_have_mean_zero_and_deviation_one():
    pool = bars(80, 12, 12)
    Z = fitted(pool).encode(pool, "image").astype(float)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(Z.std(axis=0), 1, atol=1e-4)


def test_the_same_twice_and_floats_like_integers():
    pool = bars(40, 10, 10)
    Z = [fitted(X).encode(X, "image") for X in (pool, pool, pool.astype(np.float32) / np.float32(255))]
    np.testing.assert_array_equal(Z[0], Z[1])
    np.testing.assert_allclose(Z[0], Z[2], atol=1e-4)


def test_small_blocks_and_small_chunks_change_nothing(staged, monkeypatch):
    pool, test = bars(23, 12, 12), bars(9, 12, 12, seed=1)
    model = fitted(pool)
    whole = model.encode(test, "image")
    monkeypatch.setattr(patches, "_VALUES_AT_ONCE", 1000)
    np.testing.assert_allclose(model.encode(test, "image"), whole, atol=1e-4)
    monkeypatch.setattr(Patches, "rows_at_once", 5)
    features = create("patches", **FEW).features(staged(pool, test, "image"))
    np.testing.assert_allclose(features.X_test, whole, atol=1e-3)
    assert features.X_pool.shape == (23, 28)


def test_test_rows_do_not_influence_the_fit(staged):
    pool, test = bars(20, 8, 8), bars(6, 8, 8, seed=1)
    one = Patches(**FEW).features(staged(pool, test, "image"))
    two = Patches(**FEW).features(staged(pool, 255 - test, "image"))
    np.testing.assert_array_equal(one.X_pool, two.X_pool)


def test_brightness_and_contrast_hardly_matter():
    pool = bars(40, 10, 10)
    model = fitted(pool)
    plain = model.encode(pool, "image")
    changed = model.encode(0.2 + 0.7 * (pool / 255).astype(np.float32), "image")
    assert np.abs(plain - changed).mean() < 0.1


def test_patches_are_brought_to_mean_zero_and_deviation_one():
    P = RNG.uniform(0, 1, (50, 27)).astype(np.float32)
    P[0] = 0.3
    N = patches.normalised(P)
    assert np.abs(N[0]).max() < 1e-5
    np.testing.assert_allclose(N.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(N[1:].std(axis=1), 1, atol=2e-3)


def test_whitening_is_symmetric_and_turns_each_variance_v_into_v_over_v_plus_a_tenth():
    P = (RNG.standard_normal((2000, 5)) * [1, 2, 3, 0.5, 0]).astype(np.float32)
    mean, W = patches.whitening(P)
    np.testing.assert_allclose(mean, P.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(W, W.T, atol=1e-6)
    values, vectors = np.linalg.eigh(np.cov(P.T.astype(float), bias=True))
    expected = vectors @ np.diag(values / (values + 0.1)) @ vectors.T
    np.testing.assert_allclose(np.cov(((P - mean) @ W).T, bias=True), expected, atol=1e-4)


def test_activations_by_hand():
    centroids = np.array([[0, 0], [3, 4], [0, 8]], dtype=np.float32)
    Z = np.array([[0, 0], [3, 4]], dtype=np.float32)
    # Distances 0, 5, 8 with mean 13 / 3, and 5, 0, 5 with mean 10 / 3.
    expected = [[13 / 3, 0, 0], [0, 10 / 3, 0]]
    np.testing.assert_allclose(patches.activations(Z, centroids), expected, atol=1e-5)


def test_quarters_by_hand():
    answers = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    # The middle row and column go to the lower and the right half.
    assert patches._quarters(answers).tolist() == [[0, 1 + 2, 3 + 6, 4 + 5 + 7 + 8]]


def test_patches_are_drawn_from_everywhere():
    images = np.arange(5 * 6 * 4, dtype=np.uint8).reshape(5, 6, 4)
    model = Patches(n_patches=3000)
    model.size_, model.limits_ = 1, None
    drawn = np.rint(255 * model._draw(images, np.random.default_rng(0))).astype(int)
    assert drawn.shape == (3000, 1)
    np.testing.assert_array_equal(np.unique(drawn), np.arange(120))
    model.size_ = 4
    drawn = model._draw(images, np.random.default_rng(0))
    assert len(np.unique(drawn, axis=0)) == 5 * 3


def test_fields_are_grey_images_between_percentiles_of_the_pool():
    pool = RNG.standard_normal((60, 12, 12)).astype(np.float32) * 7 - 30
    limits = field_limits(pool)
    np.testing.assert_allclose(limits, np.percentile(pool, [0.5, 99.5]), rtol=1e-6)
    rendered = pixels(pool, limits)
    expected = np.clip((pool - limits.low) / (limits.high - limits.low), 0, 1)
    np.testing.assert_allclose(rendered[..., 0], expected, atol=1e-5)
    one, other = fitted(pool, "field"), fitted(rendered[..., 0])
    np.testing.assert_array_equal(one.encode(pool, "field"), other.encode(rendered[..., 0], "image"))


@pytest.mark.parametrize("modality", ["image", "field"])
def test_a_blank_pool_is_zero(modality):
    pool = np.full((6, 8, 8), 0.25, dtype=np.float32)
    model = fitted(pool, modality)
    assert not model.encode(pool, modality).any()
    assert np.all(np.isfinite(model.encode(bars(3, 8, 8) / 255, modality)))


def test_few_patches_make_few_centroids():
    assert fitted(bars(3, 8, 8), n_patches=4).encode(bars(3, 8, 8), "image").shape[1] <= 16


def test_images_that_are_too_small_are_not_applicable():
    with pytest.raises(NotApplicable, match="at least 4 x 4 pixels; these are 3 x 9"):
        fitted(np.zeros((5, 3, 9), dtype=np.uint8))


@pytest.mark.parametrize("name", ["n_centroids", "patch_size", "n_patches"])
def test_parameters_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} is 0; expected at least 1"):
        fitted(bars(3, 8, 8), **{name: 0})


@pytest.mark.parametrize(
    ("X", "complaint"),
    [
        (np.full((2, 8, 8), 1.5), r"float64 values from 1.5 to 1.5; expected integers in 0 .. 255 or floats"),
        (np.full((2, 8, 8), -3, dtype=np.int16), "int16 values from -3 to -3"),
        (np.full((2, 8, 8), 256), "int64 values from 256 to 256"),
        (np.full((2, 8, 8), np.nan), "float64 values from nan to nan"),
        (np.zeros((2, 8, 8, 4)), r"of shape \(2, 8, 8, 4\); expected \(rows, height, width\)"),
        (np.zeros((2, 64)), r"of shape \(2, 64\)"),
    ],
)
def test_what_is_not_an_image_is_an_error_that_says_so(X, complaint):
    with pytest.raises(AutoWSError, match=complaint):
        pixels(X)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, bool])
def test_pixels_are_float32_in_the_unit_interval(dtype):
    X = RNG.integers(0, 2, (3, 4, 5)).astype(dtype)
    top = 255 if np.issubdtype(dtype, np.integer) else 1
    unit = pixels(X)
    assert (unit.dtype, unit.shape) == (np.float32, (3, 4, 5, 1))
    np.testing.assert_allclose(unit[..., 0], X.astype(float) / top, rtol=1e-6)
