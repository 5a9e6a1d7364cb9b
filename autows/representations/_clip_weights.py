"""A CLIP from its architecture and a file of weights, and the tokenizer of its texts."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autows.errors import NotApplicable
from autows.representations._clip_source import is_archive
from autows.sources import mirrored

# Sizes that OpenAI's archives carry among their weights.
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size")


def build(architecture: Mapping[str, Any], title: str) -> Any:
    """Return a network with random weights, in float32.

    Parameters
    ----------
    architecture : mapping
        open_clip's model configuration.
    title : str
        What it is, for messages.

    Raises
    ------
    NotApplicable
        If open_clip cannot build it: a faulty configuration, or a text tower of transformers whose
        own configuration is not to be had.
    """
    from open_clip.coca_model import CoCa
    from open_clip.model import CLIP, CustomTextCLIP

    config = copy.deepcopy(dict(architecture))
    vision, text = config["vision_cfg"], config["text_cfg"]
    vision["timm_model_pretrained"] = text["hf_model_pretrained"] = False
    custom = config.pop("custom_text", False)
    if "hf_model_name" in text:
        custom = True
        text["hf_model_name"] = _mirrored_model(text["hf_model_name"])
    kind = (CoCa if "multimodal_cfg" in config else CustomTextCLIP) if custom else CLIP
    with _told(f"clip: {title} cannot be built"):
        return kind(**config)


def fill(model: Any, path: Path, title: str) -> None:
    """Fill a network from a checkpoint.

    Reads ``.safetensors``, pickled state dictionaries (without code) and open_clip's training checkpoints;
    TorchScript archives are opened too, so let :func:`~autows.representations._clip_source.resolve` judge
    them first. Positional embeddings are not interpolated: those of another image size are another model's.

    Raises
    ------
    NotApplicable
        If the file is damaged, holds weights of something else, or holds NaN or infinity.
    """
    import torch
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    with _told(f"{path} cannot be read as weights of {title}", "Fetch it again"):
        state = _read(path)
        state = convert_state_dict(model, state)
        if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
            state = convert_to_custom_text_state_dict(state)
    expected = model.state_dict()
    # Saved by old versions of transformers, which computed nothing with them.
    ids = "text.transformer.embeddings.position_ids"
    if ids not in expected:
        state.pop(ids, None)
    for key in ("logit_scale", "logit_bias"):
        if key in state and key in expected and state[key].numel() == 1:
            state[key] = state[key].reshape(expected[key].shape)
    missing = sorted(expected.keys() - state.keys())
    unknown = sorted(state.keys() - expected.keys())
    faults = [f"{len(missing)} missing, {missing[0]} for one"] if missing else []
    faults += [f"{len(unknown)} unknown, {unknown[0]} for one"] if unknown else []
    faults += [
        f"{key} is {tuple(state[key].shape)} instead of {tuple(expected[key].shape)}"
        for key in sorted(expected.keys() & state.keys())
        if state[key].shape != expected[key].shape
    ][:1]
    if faults:
        raise NotApplicable(f"{path} does not hold the weights of {title}: {'; '.join(faults)}")
    model.load_state_dict(state)
    # Of the filled network, because a number may be finite in the file and not in float32.
    broken = sorted(key for key, weights in model.state_dict().items() if not torch.isfinite(weights).all())
    if broken:
        raise NotApplicable(
            f"{path} holds NaN or infinity among the weights of {title}: in {len(broken)} of them, "
            f"{broken[0]} for one. Give another checkpoint"
        )


def tokenizer(architecture: Mapping[str, Any], title: str) -> Any:
    """Return what turns texts into token ids, cut at the context length: open_clip's own, or the hub's.

    Raises
    ------
    NotApplicable
        If the tokenizer is on the hub and not to be had, or needs the package transformers.
    """
    from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer, SimpleTokenizer

    text = architecture["text_cfg"]
    length = text.get("context_length", DEFAULT_CONTEXT_LENGTH)
    options = text.get("tokenizer_kwargs") or {}
    named = text.get("hf_tokenizer_name")
    if not named:
        return SimpleTokenizer(context_length=length, **options)
    with _told(
        f"clip: the tokenizer of {title}, hub model {named}, is not to be had",
        f"Put it at hub/{named}/ below a folder and name that folder in AUTOWS_MIRROR "
        "(needs the package transformers: pip install 'autows-bench[text]')",
    ):
        return HFTokenizer(
            _mirrored_model(named),
            context_length=length,
            tokenizer_mode=text.get("tokenizer_mode"),
            **options,
        )


def _read(path: Path) -> dict[str, Any]:
    import torch

    if is_archive(path):
        with warnings.catch_warnings():
            # TorchScript is on its way out; OpenAI's files stay what they are.
            for category in (DeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            state = torch.jit.load(str(path), map_location="cpu").state_dict()
        return {key: value for key, value in state.items() if key not in _NOT_WEIGHTS}
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise TypeError("it is not a state dictionary")
    return {key.removeprefix("module."): value for key, value in state.items()}


def _mirrored_model(named: str) -> str:
    found = mirrored(f"hub/{named}")
    return named if found is None else str(found)


@contextmanager
def _told(what: str, advice: str = "") -> Iterator[None]:
    """Say in one line what could not be done and why."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        after = f". {advice}" if advice else ""
        raise NotApplicable(f"{what} ({type(error).__name__}: {reason}){after}") from error
