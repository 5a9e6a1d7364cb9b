"""Where a CLIP's architecture, preprocessing and weights are found, and what is said if they are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from plain_clip import (
    MEAN,
    STD,
    TEXTS,
    TINY,
    VIT,
    WEIGHTS,
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

from autows.errors import NotApplicable, UserError
from autows.representations import _clip_source, create
from autows.representations._clip_pixels import Preprocessing
from autows.representations._clip_source import resolve
from autows.representations._torch import digest
from autows.representations.clip import Clip

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def registered(monkeypatch):
    """Let open_clip know a tiny model with one tag, as it knows its own."""
    import open_clip.factory
    import open_clip.pretrained

    tag = {**open_clip.get_pretrained_cfg("ViT-B-32", "openai"), "url": "", "hf_hub": "someone/tiny/"}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "ViT-tiny", TINY)
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "ViT-tiny", {"given": tag})
    return tag


def test_what_open_clip_knows_of_openais_models_is_used():
    for name, repo, side in (
        ("ViT-B-32", "timm/vit_base_patch32_clip_224.openai", 224),
        ("RN50", "timm/resnet50_clip.openai", 224),
        ("ViT-L/14-336", "timm/vit_large_patch14_clip_336.openai", 336),
    ):
        source = resolve(name, "openai")
        assert (source.repo, source.files) == (
            repo,
            ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"),
        )
        assert source.architecture["quick_gelu"] is True
        assert source.preprocessing == Preprocessing(side, side, MEAN, STD)
    assert "quick_gelu" not in resolve("ViT-B-32", "laion2b_s34b_b79k").architecture
    assert Clip().get_params() == {"model": "ViT-B-32", "pretrained": "openai"}


def test_every_pair_that_open_clip_knows_has_a_place_on_the_hub():
    import open_clip

    for model, tag in open_clip.list_pretrained():
        source = resolve(model, tag)
        owner, _, name = source.repo.partition("/")
        assert owner
        assert name
        assert "/" not in name
        assert source.files[0].endswith(".safetensors")
        assert len(source.files) == 2
        assert len(source.preprocessing.mean) == 3
    siglip = resolve("ViT-B-16-SigLIP", "webli").preprocessing
    assert (siglip.resize_mode, siglip.mean) == ("squash", (0.5, 0.5, 0.5))


@pytest.mark.usefixtures("registered")
def test_weights_come_from_a_mirror_laid_out_as_the_hub_with_the_tags_activation(
    tmp_path, monkeypatch, staged
):
    import torch

    quick = network(quick_gelu=True)
    place = tmp_path / "mirror" / "hub" / "someone" / "tiny"
    place.mkdir(parents=True)
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path / "mirror"))
    mirrored = create("clip[model=ViT-tiny,pretrained=given]")
    assert not mirrored.at_hand()
    torch.save(network(seed=1).state_dict(), place / "open_clip_pytorch_model.bin")
    assert mirrored.at_hand()
    pickled = mirrored.identity()
    path = saved(quick.state_dict(), place / "open_clip_model.safetensors")
    assert mirrored.identity()[WEIGHTS] == digest([path]) != pickled[WEIGHTS]
    X = noisy(3, 90, 70, 3)
    found = mirrored.features(staged(X, X[:1], "image")).X_pool
    check_same(found, plain_images(quick, X))
    mirrored.load()
    Z = mirrored.encode_texts(TEXTS)
    np.testing.assert_allclose(Z, plain_texts(quick, TEXTS), atol=1e-6)
    assert np.abs(Z - plain_texts(network(), TEXTS)).max() > 3e-3


@pytest.mark.usefixtures("registered")
def test_then_from_the_hubs_cache(tmp_path, tiny_checkpoint):
    store = tmp_path / "hub cache" / "models--someone--tiny"
    snapshot = store / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (store / "refs").mkdir()
    (store / "refs" / "main").write_text("a" * 40)
    cached = Clip("ViT-tiny", "given")
    assert not cached.at_hand()
    (snapshot / "open_clip_model.safetensors").symlink_to(tiny_checkpoint)
    assert cached.at_hand()
    assert cached.identity()[WEIGHTS] == digest([tiny_checkpoint])


def test_then_from_the_hub_where_only_a_pickle_may_be(monkeypatch, registered):
    import huggingface_hub
    from huggingface_hub.errors import EntryNotFoundError

    asked = []

    def download(repo, file, **options):
        asked.append((repo, file, options["repo_type"]))
        if file.endswith(".safetensors"):
            raise EntryNotFoundError("404")
        return "/somewhere/w.bin"

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert resolve("ViT-tiny", "given").weights() == Path("/somewhere/w.bin")
    files = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
    assert asked == [("someone/tiny", file, "model") for file in files]
    registered["hf_hub"] = "someone/tiny/pytorch_model.bin"
    assert resolve("ViT-tiny", "given").files == ("pytorch_model.safetensors", "pytorch_model.bin")


def test_without_network_the_message_says_how_to_fetch(staged, monkeypatch):
    X = np.zeros((2, 8, 8), dtype=np.uint8)
    monkeypatch.setattr(_clip_source, "mirror", lambda: None)
    assert not create("clip").at_hand()
    with pytest.raises(NotApplicable) as caught:
        create("clip").features(staged(X, X, "image"))
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "open_clip_model.safetensors of the hub model timm/vit_base_patch32_clip_224.openai",
        "put it at hub/timm/vit_base_patch32_clip_224.openai/open_clip_model.safetensors",
        "AUTOWS_MIRROR",
        "the path of a checkpoint as pretrained",
        "hf download timm/vit_base_patch32_clip_224.openai open_clip_model.safetensors",
    ):
        assert part in message


def test_without_any_weights_open_clip_is_not_even_asked(monkeypatch, tiny_configuration, tiny_checkpoint):
    assert Clip(tiny_configuration, str(tiny_checkpoint)).at_hand()

    def asked(*arguments):
        raise AssertionError("open_clip was asked")

    monkeypatch.setattr("autows.representations.clip.resolve", asked)
    assert not Clip().at_hand()


@pytest.mark.usefixtures("registered")
def test_a_checkpoint_may_be_given_with_a_name_that_open_clip_knows(tiny_checkpoint, tiny_clip):
    X = noisy(2, 8, 8)
    named = fitted("ViT-tiny", tiny_checkpoint)
    np.testing.assert_array_equal(named.encode(X, "image"), tiny_clip.encode(X, "image"))


def test_other_weights_are_another_entry_of_the_cache(tiny_configuration, tiny_checkpoint, staged, tmp_path):
    path = saved(network(seed=1).state_dict(), tmp_path / "w.safetensors")
    before = Clip(tiny_configuration, str(path)).identity()
    X = noisy(2, 8, 8)
    task = staged(X, X, "image")
    first = np.array(Clip(tiny_configuration, str(path)).features(task).X_pool)
    path.unlink()
    path.symlink_to(tiny_checkpoint)
    assert Clip(tiny_configuration, str(path)).identity() != before
    assert np.abs(Clip(tiny_configuration, str(path)).features(task).X_pool - first).max() > 0.01


def test_a_configuration_of_the_hub_brings_its_preprocessing(
    tmp_path, tiny_checkpoint, tiny_model, tiny_clip
):
    how = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bilinear",
        "resize_mode": "squash",
    }
    spec = configured(tmp_path, name="open_clip_config.json", preprocess_cfg={**how, "size": [999, 999]})
    source = resolve(spec, str(tiny_checkpoint))
    assert source.preprocessing == Preprocessing(32, 32, (0.5,) * 3, (0.5,) * 3, "bilinear", "squash")
    X = noisy(2, 70, 90, 3)
    own = fitted(spec, tiny_checkpoint)
    check_same(own.encode(X, "image"), plain_images(tiny_model, X, **how))
    assert own.identity() != tiny_clip.identity()
    assert own.identity()[WEIGHTS] == tiny_clip.identity()[WEIGHTS]
    assert json.loads(json.dumps(own.identity())) == own.identity()


def test_names_that_open_clip_does_not_know_are_told_with_the_nearest(staged):
    with pytest.raises(
        UserError, match=r"Unknown CLIP model 'VIT-B-33'\. Did you mean 'ViT-B-32.*See: open_clip"
    ):
        create("clip[model=VIT-B-33]")
    with pytest.raises(
        UserError, match=r"Unknown weights of CLIP model RN50 'openia'\. Did you mean 'openai'"
    ):
        create("clip[model=RN50,pretrained=openia]")
    with pytest.raises(UserError, match="must not be empty"):
        create("clip", model="")
    X = np.zeros((2, 8))
    with pytest.raises(NotApplicable, match="clip works on image, field, text; task"):
        Clip().features(staged(X, X, "tabular"))


def test_missing_files_and_faulty_configurations_are_not_applicable(
    tmp_path, tiny_checkpoint, tiny_configuration
):
    with pytest.raises(NotApplicable, match=r"there is no file of weights at 'weights/none\.pt'"):
        create("clip[pretrained=weights/none.pt]").identity()
    with pytest.raises(NotApplicable, match="no checkpoint at 'openai'; with a configuration as model"):
        Clip(tiny_configuration).identity()
    assert "none.json cannot be read" in refusal(str(tmp_path / "none.json"), tiny_checkpoint)
    (tmp_path / "cut.json").write_text('{"embed_dim": ')
    assert "cut.json cannot be read" in refusal(str(tmp_path / "cut.json"), tiny_checkpoint)
    half = configured(tmp_path, {"embed_dim": 16, "vision_cfg": VIT})
    assert "no configuration of open_clip: it has no text_cfg" in refusal(half, tiny_checkpoint)
    odd = configured(tmp_path, {**TINY, "vision_cfg": {**VIT, "wdith": 3}})
    assert "cannot be built (TypeError" in refusal(odd, tiny_checkpoint)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([TINY], "no configuration of open_clip: it holds [{'embed_dim'"),
        ({"model_cfg": 3}, "no configuration of open_clip: its model_cfg is 3 instead of an object"),
        ({**TINY, "vision_cfg": 3}, "its vision_cfg is 3 instead of an object"),
        ({**TINY, "text_cfg": ["a"]}, "its text_cfg is ['a'] instead of an object"),
        ({"model_cfg": TINY, "preprocess_cfg": "x"}, "its preprocess_cfg is 'x' instead of an object"),
        ({**TINY, "vision_cfg": {**VIT, "image_size": None}}, "describes no preprocessing of images"),
        ({"model_cfg": TINY, "preprocess_cfg": {"mean": 0.5}}, "describes no preprocessing of images"),
        ({"model_cfg": TINY, "preprocess_cfg": {"interpolation": "nearest"}}, "expected bicubic or bilinear"),
    ],
)
def test_parts_of_a_configuration_that_are_something_else_are_told_in_one_line(
    tmp_path, tiny_checkpoint, content, told
):
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(content))
    message = refusal(str(path), tiny_checkpoint)
    assert message.startswith("clip: ")
    assert "odd.json" in message
    assert told in message
