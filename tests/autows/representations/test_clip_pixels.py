"""Images prepared a chunk at a time beside open_clip's transform of one image with Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from plain_clip import MEAN, STD, noisy

from autows.representations._clip_pixels import Preprocessing, prepare
from autows.representations._pixels import pixels


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("size", [(32, 32), (48, 32), (224, 224)])
@pytest.mark.parametrize("shape", [(64, 64), (65, 101), (128, 70), (300, 224)])
def test_preparation_is_open_clips_to_a_grey_level(mode, size, shape):
    from open_clip import image_transform

    X = noisy(2, *shape, 3)
    # open_clip's transform forgets the interpolation of non-square inputs, so that it is bicubic everywhere.
    transform = image_transform(size, is_train=False, resize_mode=mode, fill_color=51)
    expected = np.stack([transform(Image.fromarray(x)).numpy() for x in X])
    how = Preprocessing(*size, MEAN, STD, resize_mode=mode, fill=0.2)
    found = prepare(pixels(X), how, "cpu", whole=False).numpy()
    assert found.shape == expected.shape == (2, 3, *size)
    levels = np.abs(found - expected) * np.array(STD)[:, None, None] * 255
    assert levels.max() < 1.5
    assert levels.mean() < 0.4


def test_bilinear_models_get_bilinear_images():
    from open_clip import image_transform

    X = noisy(1, 70, 70, 3)
    expected = image_transform(32, is_train=False, interpolation="bilinear")(Image.fromarray(X[0])).numpy()
    found = [
        prepare(pixels(X), Preprocessing(32, 32, MEAN, STD, kind), "cpu", whole=False).numpy()[0]
        for kind in ("bilinear", "bicubic")
    ]
    assert np.abs(found[0] - expected).max() < 0.03 < np.abs(found[1] - expected).max()


def test_input_is_three_normalised_channels():
    how = Preprocessing(32, 32, MEAN, STD)
    white = prepare(np.ones((2, 5, 7, 1), dtype=np.float32), how, "cpu", whole=False).numpy()
    assert white.shape == (2, 3, 32, 32)
    np.testing.assert_allclose(white[1, :, 3, 8], (1 - np.array(MEAN)) / STD, rtol=1e-5)
    blue = np.zeros((1, 4, 4, 3), dtype=np.float32)
    blue[..., 2] = 1
    found = prepare(blue, how, "cpu", whole=False).numpy()[0, :, 9, 9]
    np.testing.assert_allclose(found, ([0, 0, 1] - np.array(MEAN)) / STD, rtol=1e-5)


@pytest.mark.parametrize(("shape", "whole"), [((8, 24), False), ((80, 160), True)])
def test_of_small_images_and_fields_nothing_is_cut(shape, whole):
    how = Preprocessing(32, 32, MEAN, STD)
    image = np.zeros((1, *shape, 1), dtype=np.float32)
    image[:, :, : shape[1] // 4] = 1
    left = prepare(image, how, "cpu", whole).numpy()[0, 0, :, :6]
    np.testing.assert_allclose(left, (1 - MEAN[0]) / STD[0], rtol=1e-4)
    large = np.repeat(np.repeat(image, 10, axis=1), 10, axis=2)
    assert prepare(large, how, "cpu", whole=False).numpy()[0, 0, :, :6].max() < 0


def test_what_overshoots_is_clipped():
    checks = np.zeros((1, 16, 16, 1), dtype=np.float32)
    checks[:, ::2, ::2] = checks[:, 1::2, 1::2] = 1
    found = prepare(checks, Preprocessing(32, 32, (0, 0, 0), (1, 1, 1)), "cpu", whole=False)
    assert (float(found.min()), float(found.max())) == (0, 1)


def test_a_preparation_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="'nearest'; expected bicubic or bilinear"):
        Preprocessing(32, 32, MEAN, STD, "nearest")
    with pytest.raises(ValueError, match="'crop'; expected shortest, longest or squash"):
        Preprocessing(32, 32, MEAN, STD, resize_mode="crop")
