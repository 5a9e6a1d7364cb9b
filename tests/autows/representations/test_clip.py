"""Embeddings of a small random CLIP beside open_clip's own forward pass, transform and tokenizer."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from plain_clip import (
    MEAN,
    RNG,
    STD,
    TEXT,
    TEXTS,
    TINY,
    check_same,
    configured,
    fitted,
    network,
    noisy,
    plain_images,
    plain_texts,
    refusal,
    saved,
)

from autows.errors import AutoWSError, NotApplicable
from autows.representations._clip_pixels import Preprocessing, prepare
from autows.representations._pixels import field_limits, pixels
from autows.representations.clip import Clip
from autows.texts import Texts

pytestmark = pytest.mark.usefixtures("alone")


@pytest.mark.parametrize("shape", [(32, 32, 3), (96, 70, 3), (64, 151, 3), (90, 90)])
def test_embeddings_of_images_are_those_of_open_clip(tiny_clip, tiny_model, shape):
    X = noisy(3, *shape)
    Z = tiny_clip.encode(X, "image")
    assert (Z.dtype, Z.shape) == (np.float32, (3, 16))
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-6)
    check_same(Z, plain_images(tiny_model, X))
    if shape[:2] == (32, 32):
        np.testing.assert_allclose(Z, plain_images(tiny_model, X), atol=1e-5)


def test_integers_floats_and_repeated_channels_are_the_same_image(tiny_clip):
    grey = RNG.integers(0, 256, (2, 8, 8), dtype=np.uint8)
    Z = tiny_clip.encode(grey, "image")
    for same in ((grey / 255).astype(np.float32), np.repeat(grey[..., None], 3, axis=3), grey[..., None]):
        np.testing.assert_allclose(tiny_clip.encode(same, "image"), Z, atol=1e-5)


def test_pixels_outside_the_range_are_an_error_that_says_so(tiny_clip):
    with pytest.raises(AutoWSError, match=r"values from 0 to 16; expected integers in 0 .. 255 or floats in"):
        tiny_clip.encode(np.linspace(0, 16, 64).reshape(1, 8, 8), "image")
    with pytest.raises(AutoWSError, match=r"values from -1 to 1; expected"):
        tiny_clip.encode(np.linspace(-1, 1, 64).reshape(1, 8, 8), "image")
    with pytest.raises(AutoWSError, match=r"of shape \(3, 64\); expected \(rows, height, width\)"):
        tiny_clip.encode(np.zeros((3, 64)), "image")


@pytest.mark.parametrize("shape", [(16, 16), (12, 20), (70, 100)])
def test_fields_are_squashed_grey_images_between_percentiles_of_the_pool(
    tiny_configuration, tiny_checkpoint, tiny_model, shape
):
    import torch

    pool = RNG.standard_normal((3, *shape)).astype(np.float32) * 50 + 2
    Z = fitted(tiny_configuration, tiny_checkpoint, pool, "field").encode(pool[:2], "field")
    grey = pixels(pool[:2], field_limits(pool))
    assert (grey.min(), grey.max()) == (0, 1)
    ready = prepare(grey, Preprocessing(32, 32, MEAN, STD, resize_mode="squash"), "cpu", whole=False)
    with torch.no_grad():
        np.testing.assert_allclose(Z, tiny_model.encode_image(ready, normalize=True).numpy(), atol=1e-5)


def test_batches_and_chunks_do_not_matter(tiny_clip, monkeypatch):
    X = noisy(5, 8, 8)
    whole = tiny_clip.encode(X, "image")
    np.testing.assert_array_equal(tiny_clip.encode(X, "image"), whole)
    parts = np.concatenate([tiny_clip.encode(X[:2], "image"), tiny_clip.encode(X[2:], "image")])
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    texts = tiny_clip.encode_texts(TEXTS)
    monkeypatch.setattr("autows.representations.clip._ROWS_IN_A_BATCH", 2)
    np.testing.assert_allclose(tiny_clip.encode(X, "image"), whole, atol=1e-5)
    np.testing.assert_allclose(tiny_clip.encode_texts(TEXTS), texts, atol=1e-5)


def test_no_rows_have_no_embeddings(tiny_configuration, tiny_checkpoint, tiny_clip):
    fields = fitted(tiny_configuration, tiny_checkpoint, np.arange(64.0).reshape(1, 8, 8), "field")
    for Z in (
        tiny_clip.encode(np.empty((0, 8, 8, 3), dtype=np.uint8), "image"),
        fields.encode(np.empty((0, 8, 8)), "field"),
        tiny_clip.encode(Texts.of([]), "text"),
        tiny_clip.encode_texts([]),
    ):
        assert (Z.shape, Z.dtype) == ((0, 16), np.float32)


def test_an_interrupted_run_goes_on_where_it_was(tiny_configuration, tiny_checkpoint, staged, check_resumes):
    task = staged(noisy(7, 8, 8), noisy(2, 8, 8), "image")
    check_resumes(lambda: Clip(tiny_configuration, str(tiny_checkpoint)), task, rows_at_once=3, atol=1e-5)


def test_embeddings_of_texts_are_those_of_open_clip(tiny_clip, tiny_model, staged):
    expected = plain_texts(tiny_model, TEXTS)
    Z = tiny_clip.encode_texts(TEXTS)
    assert (Z.dtype, Z.shape) == (np.float32, (5, 16))
    np.testing.assert_allclose(Z, expected, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-6)
    texts = Texts.of(TEXTS)
    features = Clip(tiny_clip.model, tiny_clip.pretrained).features(staged(texts, texts[1:3], "text"))
    np.testing.assert_allclose(features.X_pool, expected, atol=1e-5)
    np.testing.assert_allclose(features.X_test, expected[1:3], atol=1e-5)


def test_an_empty_text_is_start_and_end_and_a_long_one_is_cut(tiny_clip, tiny_model):
    import torch

    start, end = 49406, 49407
    with torch.no_grad():
        tokens = torch.tensor([[start, end] + 10 * [0]])
        bare = tiny_model.encode_text(tokens, normalize=True).numpy()
    np.testing.assert_allclose(tiny_clip.encode_texts(["", "  \n"]), np.repeat(bare, 2, axis=0), atol=1e-6)
    # Twelve tokens hold start, ten words and end.
    cut = tiny_clip.encode_texts(["word " * 10, "word " * 11, "word " * 9])
    np.testing.assert_allclose(cut[0], cut[1], atol=1e-6)
    assert np.abs(cut[0] - cut[2]).max() > 1e-3


def test_logit_scale_is_the_models_and_loading_twice_is_loading_once(tiny_clip):
    assert tiny_clip.logit_scale_ == pytest.approx(30.0, rel=1e-5)
    before = tiny_clip.model_
    tiny_clip.load()
    assert tiny_clip.model_ is before


def test_a_tokenizer_of_the_hub_comes_from_the_mirror(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "cat": 2, "dog": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        tmp_path / "hub" / "someone" / "words"
    )
    text = {**TEXT, "vocab_size": 4, "context_length": 5, "pool_type": "last", "no_causal_mask": True}
    config = {**TINY, "text_cfg": text}
    plain = network(config)
    path = saved(plain.state_dict(), tmp_path / "w.safetensors")
    named = {**config, "text_cfg": {**text, "hf_tokenizer_name": "someone/words"}}
    spec = configured(tmp_path, named)
    with pytest.raises(
        NotApplicable, match=r"tokenizer of .* hub model someone/words, is not to be had"
    ) as e:
        Clip(spec, str(path)).load()
    assert "hub/someone/words/" in str(e.value)
    assert "\n" not in str(e.value)
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path))
    import torch

    with torch.no_grad():
        expected = plain.encode_text(torch.tensor([[3, 2, 1, 0, 0]]), normalize=True).numpy()
    np.testing.assert_allclose(fitted(spec, path).encode_texts(["dog cat bird"]), expected, atol=1e-6)


def test_torch_beside_another_torchs_torchvision_is_explained_in_one_line(
    tiny_configuration, tiny_checkpoint, tmp_path, monkeypatch
):
    (tmp_path / "open_clip.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    monkeypatch.delitem(sys.modules, "open_clip", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    message = refusal(tiny_configuration, tiny_checkpoint)
    assert message.startswith("clip: torch ")
    assert "torchvision do not match (operator torchvision::nms does not exist); reinstall both" in message
    assert not Clip(tiny_configuration, str(tiny_checkpoint)).at_hand()
