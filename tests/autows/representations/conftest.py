"""What tests of CLIP share: a small one, its checkpoint and its configuration."""

from __future__ import annotations

import pytest
from plain_clip import configured, fitted, network, saved


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """Compute on the processor, with neither mirror nor hub cache."""
    monkeypatch.setenv("AUTOWS_DEVICE", "cpu")
    monkeypatch.delenv("AUTOWS_MIRROR", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub cache"))


@pytest.fixture(scope="session")
def tiny_model():
    return network()


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_model, tmp_path_factory):
    return saved(tiny_model.state_dict(), tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture(scope="session")
def tiny_configuration(tmp_path_factory):
    return configured(tmp_path_factory.mktemp("configuration"))


@pytest.fixture(scope="session")
def tiny_clip(tiny_configuration, tiny_checkpoint):
    """Return a loaded encoder of images and texts."""
    return fitted(tiny_configuration, tiny_checkpoint)
