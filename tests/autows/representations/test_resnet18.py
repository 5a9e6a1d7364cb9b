"""ResNet-18 with random weights beside torchvision's network on images that Pillow resized."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from autows.errors import AutoWSError, NotApplicable
from autows.representations import create
from autows.representations._pixels import field_limits, pixels
from autows.representations._torch import digest, matching_torchvision
from autows.representations.resnet18 import ResNet18, prepare

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _plain_device(monkeypatch):
    monkeypatch.setenv("AUTOWS_DEVICE", "cpu")
    monkeypatch.delenv("AUTOWS_MIRROR", raising=False)


def random_state(architecture="resnet18", seed=0):
    """Return weights with classifier, none of them trivial, as a trained network has them."""
    import timm
    import torch

    torch.manual_seed(seed)
    state = timm.create_model(architecture, num_classes=10).state_dict()
    for key, value in state.items():
        if key.endswith(("bn1.weight", "bn2.weight", "downsample.1.weight", "running_var")):
            value.uniform_(0.5, 1.5)
        elif key.endswith(("bn1.bias", "bn2.bias", "running_mean")):
            value.normal_(0, 0.1)
    return state


@pytest.fixture(scope="module")
def state():
    return random_state()


@pytest.fixture(scope="module")
def checkpoint(state, tmp_path_factory):
    """Return the path of a local checkpoint in safetensors."""
    from safetensors.torch import save_file

    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_file(state, path)
    return path


def fitted(checkpoint, X, modality="image"):
    representation = ResNet18(weights=str(checkpoint))
    representation.fit(X, modality)
    return representation


def plain_features(state, unit):
    """Return features by torchvision's network, of pixels in [0, 1], (rows, height, width, channels)."""
    import torch
    import torchvision

    model = torchvision.models.resnet18(num_classes=10)
    model.load_state_dict(state)
    model.fc = torch.nn.Identity()
    resized = [
        [
            np.asarray(Image.fromarray(channel).resize((224, 224), Image.Resampling.BILINEAR))
            for channel in image
        ]
        for image in unit.astype(np.float32).transpose(0, 3, 1, 2)
    ]
    X = np.broadcast_to(np.array(resized), (len(unit), 3, 224, 224))
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    with torch.no_grad():
        return model.eval()(torch.tensor((X - mean) / deviation, dtype=torch.float32)).numpy()


@pytest.mark.parametrize("shape", [(8, 8), (32, 32, 3), (30, 20), (300, 240, 3)])
def test_features_are_those_of_torchvisions_network(checkpoint, state, shape):
    X = RNG.integers(0, 256, (3, *shape), dtype=np.uint8)
    Z = fitted(checkpoint, X).encode(X, "image")
    assert (Z.dtype, Z.shape) == (np.float32, (3, 512))
    expected = plain_features(state, X.reshape(3, *shape[:2], -1) / 255)
    assert expected.std() > 0.1
    np.testing.assert_allclose(Z, expected, atol=1e-3 * expected.std())


def test_input_is_three_normalised_channels():
    white = prepare(np.ones((2, 5, 7, 1), dtype=np.float32), "cpu").numpy()
    assert white.shape == (2, 3, 224, 224)
    np.testing.assert_allclose(white[0, :, 0, 0], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225], rtol=1e-5)
    colour = np.zeros((1, 4, 4, 3), dtype=np.float32)
    colour[..., 2] = 1
    np.testing.assert_allclose(
        prepare(colour, "cpu").numpy()[0, :, 9, 9], [-0.485 / 0.229, -0.456 / 0.224, 0.594 / 0.225], rtol=1e-5
    )


def test_integers_floats_and_repeated_channels_are_the_same_image(checkpoint):
    grey = RNG.integers(0, 256, (2, 12, 12), dtype=np.uint8)
    floats, colour = (grey / 255).astype(np.float32), np.repeat(grey[..., None], 3, axis=3)
    model = fitted(checkpoint, grey)
    Z = model.encode(grey, "image")
    for same in (floats, colour, grey[..., None]):
        np.testing.assert_allclose(model.encode(same, "image"), Z, atol=1e-4)


def test_pixels_outside_the_range_are_an_error_that_says_so(checkpoint):
    model = fitted(checkpoint, np.zeros((1, 8, 8)))
    with pytest.raises(AutoWSError, match=r"values from 0 to 16; expected integers in 0 .. 255 or floats in"):
        model.encode(np.linspace(0, 16, 64).reshape(1, 8, 8), "image")
    with pytest.raises(AutoWSError, match=r"of shape \(3, 64\); expected \(rows, height, width\)"):
        model.encode(np.zeros((3, 64)), "image")


def test_fields_are_grey_images_between_percentiles_of_the_pool(checkpoint):
    pool = RNG.standard_normal((3, 16, 16)).astype(np.float32) * 5 + 2
    model = fitted(checkpoint, pool, "field")
    grey = pixels(pool, field_limits(pool))
    np.testing.assert_allclose(
        model.encode(pool, "field"), fitted(checkpoint, grey).encode(grey, "image"), atol=1e-5
    )


def test_two_chunks_are_one_and_twice_is_the_same(checkpoint, monkeypatch):
    X = RNG.integers(0, 256, (5, 8, 8), dtype=np.uint8)
    model = fitted(checkpoint, X)
    whole = model.encode(X, "image")
    np.testing.assert_array_equal(fitted(checkpoint, X).encode(X, "image"), whole)
    parts = np.concatenate([model.encode(X[:2], "image"), model.encode(X[2:], "image")])
    np.testing.assert_allclose(parts, whole, atol=1e-4)
    monkeypatch.setattr("autows.representations.resnet18._IMAGES_AT_ONCE", 2)
    np.testing.assert_allclose(model.encode(X, "image"), whole, atol=1e-4)


def test_an_interrupted_run_goes_on_where_it_was(checkpoint, staged, check_resumes):
    pool, test = (RNG.integers(0, 256, (rows, 8, 8), dtype=np.uint8) for rows in (7, 2))
    check_resumes(lambda: ResNet18(str(checkpoint)), staged(pool, test, "image"), rows_at_once=3, atol=1e-4)


def test_weights_come_from_a_mirror_laid_out_as_the_hub(checkpoint, staged, tmp_path, monkeypatch):
    place = tmp_path / "hub" / "timm" / "resnet18.tv_in1k"
    place.mkdir(parents=True)
    (place / "model.safetensors").symlink_to(checkpoint)
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path))
    X = RNG.integers(0, 256, (3, 8, 8), dtype=np.uint8)
    mirrored = create("resnet18")
    assert (
        mirrored.identity()
        == ResNet18(str(checkpoint)).identity()
        == {"weights_sha256": digest([checkpoint])}
    )
    task = staged(X, X[:1], "image")
    expected = fitted(checkpoint, X).encode(X, "image")
    np.testing.assert_allclose(mirrored.features(task).X_pool, expected, atol=1e-5)


def test_a_pickled_state_without_classifier_is_read_too(checkpoint, state, tmp_path):
    import torch

    path = tmp_path / "mine.pth"
    torch.save({key: value for key, value in state.items() if not key.startswith("fc.")}, path)
    X = RNG.integers(0, 256, (1, 8, 8), dtype=np.uint8)
    np.testing.assert_array_equal(
        fitted(path, X).encode(X, "image"), fitted(checkpoint, X).encode(X, "image")
    )


def test_other_weights_are_another_entry_of_the_cache(checkpoint, staged, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "mine.safetensors"
    save_file(random_state(seed=1), path)
    before = ResNet18(str(path)).identity()
    X = RNG.integers(0, 256, (2, 8, 8), dtype=np.uint8)
    task = staged(X, X, "image")
    first = np.array(ResNet18(str(path)).features(task).X_pool)
    path.unlink()
    path.symlink_to(checkpoint)
    assert ResNet18(str(path)).identity() != before
    assert np.abs(ResNet18(str(path)).features(task).X_pool - first).max() > 0.01


def test_missing_weights_are_not_applicable_and_say_where_to_put_them(staged):
    X = np.zeros((2, 8, 8), dtype=np.uint8)
    with pytest.raises(NotApplicable) as caught:
        ResNet18().features(staged(X, X, "image"))
    message = str(caught.value)
    assert "\n" not in message
    for part in ("timm/resnet18.tv_in1k", "hub/timm/resnet18.tv_in1k/model.safetensors", "AUTOWS_MIRROR"):
        assert part in message


@pytest.mark.parametrize("named", ["/nowhere/model.safetensors", "weights/none.pth", "resnet18"])
def test_a_path_without_file_is_not_applicable(named):
    with pytest.raises(
        NotApplicable, match=f"there is no file of weights at '{named}'; give a path, or a hub"
    ):
        ResNet18(named).identity()


def test_other_modalities_are_not_applicable(checkpoint, staged):
    X = np.zeros((2, 8))
    with pytest.raises(NotApplicable, match="resnet18 works on image, field"):
        ResNet18(str(checkpoint)).features(staged(X, X, "signal"))


def refusal(path):
    """Return the message with which a checkpoint is refused, which must be one line."""
    with pytest.raises(NotApplicable) as caught:
        fitted(path, np.zeros((1, 8, 8)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_weights_of_another_network_are_refused(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "other.safetensors"
    state = random_state("resnet34")
    save_file(state, path)
    assert "other.safetensors does not hold the weights of timm's resnet18: 96 unknown" in refusal(path)
    state = random_state()
    del state["bn1.bias"], state["conv1.weight"]
    save_file(state, path)
    assert "resnet18: 2 missing, bn1.bias for one" in refusal(path)


def test_weights_of_other_shapes_are_refused(state, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "wide.safetensors"
    save_file({**state, "conv1.weight": state["conv1.weight"][:, :1].contiguous()}, path)
    assert "conv1.weight is (64, 1, 7, 7) instead of (64, 3, 7, 7)" in refusal(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_truncated_checkpoints_are_refused(checkpoint, state, tmp_path, suffix, size):
    import torch

    path = tmp_path / f"cut{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
        whole = path.read_bytes()
    else:
        whole = checkpoint.read_bytes()
    path.write_bytes(whole[:size])
    assert f"cut{suffix} cannot be read as weights of timm's resnet18" in refusal(path)


def test_a_pickle_of_anything_else_is_refused(tmp_path):
    import torch

    path = tmp_path / "whole.pth"
    torch.save({"epoch": 3, "model": {}}, path)
    assert "it is not a state dictionary" in refusal(path)
    torch.save(torch.nn.Linear(2, 2), path)
    assert "cannot be read as weights of timm's resnet18" in refusal(path)


def test_torch_beside_another_torchs_torchvision_is_explained_in_one_line(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "timm.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    message = refusal(checkpoint)
    assert "torchvision do not match (operator torchvision::nms does not exist); reinstall both" in message


def _fail_behind_another_error():
    try:
        raise RuntimeError("operator torchvision::nms does not exist")
    except RuntimeError as error:
        raise ImportError("cannot import open_clip") from error


def test_the_reason_is_found_behind_another_error_and_other_errors_pass():
    with pytest.raises(NotApplicable, match=r"clip: torch .* do not match"), matching_torchvision("clip"):
        _fail_behind_another_error()
    with pytest.raises(RuntimeError, match="out of memory"), matching_torchvision("clip"):
        raise RuntimeError("out of memory")
