"""Checkpoints of every kind that fill a small CLIP, and those that are refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from plain_clip import (
    TEXTS,
    TINY,
    VIT,
    check_same,
    configured,
    fitted,
    network,
    noisy,
    plain_images,
    refusal,
    saved,
)

from autows.errors import NotApplicable
from autows.representations import _clip_source
from autows.representations._torch import digest
from autows.representations.clip import Clip

pytestmark = pytest.mark.usefixtures("alone")


def test_pickles_and_training_checkpoints_are_read_too(tiny_configuration, tiny_model, tiny_clip, tmp_path):
    import torch

    state = tiny_model.state_dict()
    trained = {f"module.{key}": value for key, value in state.items()}
    trained["module.logit_scale"] = trained["module.logit_scale"].reshape(1)
    X = noisy(2, 8, 8)
    for name, content in (
        ("w.pt", state),
        ("epoch_3.pt", {"epoch": 3, "name": "run", "state_dict": trained}),
    ):
        torch.save(content, tmp_path / name)
        found = fitted(tiny_configuration, tmp_path / name)
        np.testing.assert_array_equal(found.encode(X, "image"), tiny_clip.encode(X, "image"))
        np.testing.assert_array_equal(found.encode_texts(TEXTS), tiny_clip.encode_texts(TEXTS))


def test_old_weights_fit_a_model_whose_texts_have_a_tower_of_their_own(tiny_checkpoint, tiny_clip, tmp_path):
    custom = fitted(configured(tmp_path, {**TINY, "custom_text": True}), tiny_checkpoint)
    assert type(custom.model_).__name__ == "CustomTextCLIP"
    np.testing.assert_allclose(custom.encode_texts(TEXTS), tiny_clip.encode_texts(TEXTS), atol=1e-6)


def test_residual_towers_of_images(tmp_path):
    vision = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None}
    config = {**TINY, "vision_cfg": vision}
    plain = network(config)
    path = saved(plain.state_dict(), tmp_path / "w.safetensors")
    X = noisy(2, 70, 70, 3)
    Z = fitted(configured(tmp_path, config), path).encode(X, "image")
    check_same(Z, plain_images(plain, X))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return a TorchScript archive as OpenAI's are: half precision, QuickGELU, sizes among the weights."""
    import torch

    class Archived(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            for name, part in model.named_children():
                setattr(self, name, part)
            for name, weights in model.named_parameters(recurse=False):
                setattr(self, name, weights)
            self.register_buffer("input_resolution", torch.tensor(32))

        def forward(self, tokens):
            return self.token_embedding(tokens)

    path = tmp_path_factory.mktemp("archive") / "ViT-tiny.pt"
    module = Archived(network(quick_gelu=True)).half()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(module, torch.zeros((1, 12), dtype=torch.long)), path)
    return path


def test_openais_archives_are_known_by_their_hash_and_others_are_refused(
    archive, tiny_configuration, tiny_checkpoint, monkeypatch
):
    import open_clip

    assert not _clip_source.is_archive(tiny_checkpoint)
    with pytest.raises(NotApplicable, match=r"is a TorchScript archive and none of OpenAI's.*safetensors$"):
        Clip(tiny_configuration, str(archive)).identity()
    url = open_clip.get_pretrained_url("ViT-B-32", "openai")
    assert url.split("/")[-2] in set(_clip_source._openai_digests())
    monkeypatch.setattr(
        open_clip, "get_pretrained_url", lambda model, tag: f"https://x/{digest([archive])}/ViT-tiny.pt"
    )
    X = noisy(2, 70, 70, 3)
    found = fitted(tiny_configuration, archive)
    assert next(found.model_.parameters()).dtype.is_floating_point
    assert {str(weights.dtype) for weights in found.model_.parameters()} == {"torch.float32"}
    check_same(found.encode(X, "image"), plain_images(network(quick_gelu=True), X))


def test_weights_of_another_model_are_refused(tiny_configuration, tiny_model, tmp_path):
    state = tiny_model.state_dict()
    deeper = network({**TINY, "vision_cfg": {**VIT, "layers": 2}})
    path = saved(deeper.state_dict(), tmp_path / "w.safetensors")
    assert "w.safetensors does not hold the weights of" in refusal(tiny_configuration, path)
    assert "12 unknown, visual.transformer.resblocks.1.attn.in_proj_bias" in refusal(tiny_configuration, path)
    saved({key: value for key, value in state.items() if key != "visual.proj"}, path)
    assert "1 missing, visual.proj for one" in refusal(tiny_configuration, path)
    larger = network({**TINY, "vision_cfg": {**VIT, "image_size": 64}})
    saved(larger.state_dict(), path)
    assert "visual.positional_embedding is (65, 32) instead of (17, 32)" in refusal(tiny_configuration, path)
    saved({"fc.weight": state["visual.proj"]}, path)
    assert "missing" in refusal(tiny_configuration, path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_truncated_checkpoints_are_refused(
    tiny_configuration, tiny_checkpoint, tiny_model, tmp_path, suffix, size
):
    import torch

    path = tmp_path / f"cut{suffix}"
    if suffix == ".pt":
        torch.save(tiny_model.state_dict(), path)
        whole = path.read_bytes()
    else:
        whole = tiny_checkpoint.read_bytes()
    path.write_bytes(whole[:size])
    assert f"cut{suffix} cannot be read as weights of" in refusal(tiny_configuration, path)


def test_a_truncated_archive_and_a_pickle_of_anything_else_are_refused(tiny_configuration, archive, tmp_path):
    import torch

    path = tmp_path / "w.pt"
    path.write_bytes(archive.read_bytes()[:50_000])
    assert "cannot be read as weights" in refusal(tiny_configuration, path)
    torch.save({"epoch": 3, "model": {}}, path)
    assert "it is not a state dictionary" in refusal(tiny_configuration, path)
    torch.save(torch.nn.Linear(2, 2), path)
    assert "cannot be read as weights" in refusal(tiny_configuration, path)


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e300])
def test_weights_that_are_not_finite_are_refused(tiny_configuration, tiny_model, tmp_path, value):
    state = {key: weights.clone() for key, weights in tiny_model.state_dict().items()}
    state["visual.proj"] = state["visual.proj"].double()
    state["visual.proj"][3, 5] = value
    path = saved(state, tmp_path / "w.safetensors")
    message = refusal(tiny_configuration, path)
    assert message.startswith(f"{path} holds NaN or infinity among the weights of")
    assert "in 1 of them, visual.proj for one" in message
