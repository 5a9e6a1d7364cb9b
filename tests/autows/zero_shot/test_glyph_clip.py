"""The model that ships with the project: its files, what stands before it, and what it knows."""

from __future__ import annotations

import hashlib
import json
import os
import sys

import numpy as np
import pytest
import torch

from autows.errors import AutoWSError, NotApplicable
from autows.representations import create
from autows.zero_shot import _glyph_clip
from autows.zero_shot._glyph_clip import CONFIG, FOLDER, WEIGHTS, as_input, config, identity, load, prepare
from tasks.digits import Digits
from tasks.mnist import Mnist
from tasks.permuted_digits import PermutedDigits

RNG = np.random.default_rng(0)
SIDE = config()["vision_cfg"]["image_size"]


@pytest.fixture(scope="module")
def glyph_clip():
    return load()


def class_embeddings(glyph_clip, names, prompts):
    """Return the mean of normalised caption embeddings, normalised, shape (names, d)."""
    with torch.inference_mode():
        each = [
            glyph_clip.model.encode_text(glyph_clip.tokenizer([p.format(n) for n in names]), normalize=True)
            for p in prompts
        ]
        return torch.nn.functional.normalize(torch.stack(each).mean(dim=0), dim=1)


def answers(glyph_clip, images, names, prompts):
    """Return zero-shot probabilities, shape (rows, names)."""
    with torch.inference_mode():
        image = glyph_clip.model.encode_image(glyph_clip.preprocess(images), normalize=True)
        scale = glyph_clip.model.logit_scale.exp()
        return (scale * image @ class_embeddings(glyph_clip, names, prompts).T).softmax(dim=1).numpy()


def accuracy(glyph_clip, images, y, card, prompts=None):
    P = answers(glyph_clip, images, card.class_names, prompts or card.prompts)
    return float((P.argmax(axis=1) == y).mean())


def test_the_files_are_small_and_in_half_precision():
    from safetensors.torch import load_file

    assert WEIGHTS.stat().st_size <= 12_000_000
    kinds = {value.dtype for key, value in load_file(WEIGHTS).items() if "num_batches_tracked" not in key}
    assert kinds == {torch.float16}
    assert (FOLDER / "MODEL_CARD.md").is_file()


def test_open_clip_builds_and_loads_it_strictly(glyph_clip):
    import open_clip
    from safetensors.torch import load_file

    plain = open_clip.CLIP(**json.loads(CONFIG.read_text()))
    plain.load_state_dict(load_file(WEIGHTS), strict=True)
    plain.eval()
    mine = glyph_clip.model.state_dict()
    assert all(torch.equal(value, mine[key]) for key, value in plain.state_dict().items())
    images = torch.from_numpy(RNG.standard_normal((3, 3, SIDE, SIDE)).astype(np.float32))
    texts = open_clip.tokenizer.SimpleTokenizer(context_length=plain.context_length)(["the digit 4", "five"])
    assert torch.equal(texts, glyph_clip.tokenizer(("the digit 4", "five")))
    with torch.inference_mode():
        torch.testing.assert_close(plain.encode_image(images), glyph_clip.model.encode_image(images))
        torch.testing.assert_close(plain.encode_text(texts), glyph_clip.model.encode_text(texts))


def test_what_is_loaded(glyph_clip):
    model = glyph_clip.model
    assert not any(module.training for module in model.modules())
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    assert not any(p.requires_grad for p in model.parameters())
    assert identity() == {
        "name": "glyph-clip",
        "weights_sha256": hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(),
    }


def test_input_does_not_depend_on_type_channels_polarity_or_contrast():
    grey = RNG.integers(0, 256, (4, 28, 28), dtype=np.uint8)
    grey[:, [0, -1]] = grey[:, :, [0, -1]] = 0
    grey[:, 5, 5] = 255
    expected = prepare(grey, SIDE)
    assert expected.shape == (4, 3, SIDE, SIDE)
    assert expected.dtype == torch.float32
    for same in (
        grey.astype(np.float64) / 255,
        grey[..., None],
        np.repeat(grey[..., None], 3, axis=3),
        255 - grey,
        0.5 + 0.3 * (grey / 255),
    ):
        torch.testing.assert_close(prepare(same, SIDE), expected, atol=2e-5, rtol=0)


def test_input_is_a_resized_picture():
    from PIL import Image

    picture = RNG.random((40, 50)).astype(np.float32)
    picture[[0, -1]] = picture[:, [0, -1]] = 0
    resized = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    unit = (resized - resized.min()) / (resized.max() - resized.min())
    found = prepare(picture[None], SIDE)[0, 0].numpy()
    np.testing.assert_allclose(found, (unit - _glyph_clip.MEAN) / _glyph_clip.STD, atol=1e-5)


def test_input_of_flat_pictures_no_pictures_and_wrong_ones():
    ground = (0 - _glyph_clip.MEAN) / _glyph_clip.STD
    for value in (0, 7, 255):
        flat = prepare(np.full((1, 8, 8), value, dtype=np.uint8), SIDE)
        np.testing.assert_allclose(flat.numpy(), ground, atol=1e-6)
    assert prepare(np.empty((0, 8, 8), dtype=np.uint8), SIDE).shape == (0, 3, SIDE, SIDE)
    with pytest.raises(AutoWSError, match=r"expected integers in 0 \.\. 255"):
        prepare(np.full((1, 8, 8), 300, dtype=np.int32), SIDE)
    with pytest.raises(AutoWSError, match="expected"):
        prepare(np.zeros((1, 8, 8, 2), dtype=np.uint8), SIDE)


def test_the_border_decides_about_polarity():
    picture = torch.zeros(1, 1, 4, 4)
    picture[0, 0, 1, 1] = 1
    light = as_input(picture)
    assert torch.equal(as_input(1 - picture), light)
    # Five of twelve pixels of the border are light: still a dark ground.
    picture[0, 0, 0, :4] = 1
    picture[0, 0, 1, 0] = 1
    assert as_input(picture)[0, 0, 1, 1] > 0
    # And with seven of twelve it is light.
    picture[0, 0, 2:4, 0] = 1
    assert as_input(picture)[0, 0, 1, 1] < 0


def test_it_reads_scikit_learns_digits(glyph_clip):
    data = Digits().load()
    assert accuracy(glyph_clip, data.X_test, data.y_test, Digits.card) >= 0.76


@pytest.mark.skipif("AUTOWS_MIRROR" not in os.environ, reason="AUTOWS_MIRROR is not set: no real data here")
def test_it_reads_mnist(glyph_clip):
    X, y = (side[::5] for side in Mnist()._split("test", Mnist.card.n_test))
    assert len(y) == 2000
    assert accuracy(glyph_clip, X, y, Mnist.card) >= 0.86


def test_it_reads_nothing_into_permuted_digits(glyph_clip):
    data = PermutedDigits().load()
    assert accuracy(glyph_clip, data.X_test, data.y_test, PermutedDigits.card) < 0.2


@pytest.mark.parametrize(
    "prompt", ["a handwritten digit {}", "a black and white {}", "{}", "what a fine specimen of a {} this is"]
)
def test_prompts_that_were_not_trained_on(glyph_clip, prompt):
    data = Digits().load()
    assert accuracy(glyph_clip, data.X_test, data.y_test, Digits.card, (prompt,)) >= 0.76


def test_answers_follow_the_class_names(glyph_clip):
    data, card = Digits().load(), Digits.card
    order = RNG.permutation(10)
    images = data.X_test[:200]
    P = answers(glyph_clip, images, card.class_names, card.prompts)
    shuffled = answers(glyph_clip, images, [card.class_names[k] for k in order], card.prompts)
    np.testing.assert_allclose(shuffled, P[:, order], atol=1e-5)
    # Numerals are other tokens, and mean the same.
    numerals = answers(glyph_clip, images, "0123456789", card.prompts)
    assert (numerals.argmax(axis=1) == P.argmax(axis=1)).mean() > 0.9
    assert np.abs(numerals - P).max() > 1e-4


def test_words_it_never_saw_are_all_alike(glyph_clip):
    # Both are one token, and neither is in a caption.
    one, other = glyph_clip.tokenizer(["the cat", "the dog"])
    assert (one != other).sum() == 1
    with torch.inference_mode():
        assert torch.equal(*glyph_clip.model.encode_text(torch.stack([one, other])))


def test_a_torchvision_of_another_torch_is_told(monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "open_clip":
                raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.delitem(sys.modules, "open_clip")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(NotApplicable, match=r"glyph-clip: torch .* do not match .*reinstall both together"):
        load()


@pytest.mark.parametrize("name", ["WEIGHTS", "CONFIG"])
def test_files_that_are_missing_are_told(monkeypatch, tmp_path, name):
    made = create("glyph_clip")
    assert made.at_hand()
    monkeypatch.setattr(_glyph_clip, name, tmp_path / "none")
    assert not made.at_hand()
    for ask in (made.identity, made.load, identity, load):
        with pytest.raises(
            NotApplicable, match=r"^glyph-clip's weights are missing \(.*: reinstall autows-bench$"
        ):
            ask()


@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_damaged_weights_are_reinstalled_and_not_fetched(monkeypatch, tmp_path, size):
    path = tmp_path / "model.safetensors"
    path.write_bytes(WEIGHTS.read_bytes()[:size])
    monkeypatch.setattr(_glyph_clip, "WEIGHTS", path)
    with pytest.raises(NotApplicable) as caught:
        create("glyph_clip").load()
    message = str(caught.value)
    assert message.startswith(f"glyph-clip's weights, {path}, are damaged (")
    assert message.endswith("): reinstall autows-bench")
    assert "\n" not in message
    assert "Fetch" not in message


def test_weights_of_another_model_are_damage_too(monkeypatch, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save_file({"fc.weight": torch.zeros(2, 2)}, path)
    monkeypatch.setattr(_glyph_clip, "WEIGHTS", path)
    with pytest.raises(NotApplicable, match=r"are damaged \(.* missing, .*\): reinstall autows-bench$"):
        load()


def test_nothing_heavy_is_imported_before_it_is_needed():
    import subprocess

    loaded = "import sys, autows.zero_shot._glyph_clip; print({'torch', 'open_clip'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
