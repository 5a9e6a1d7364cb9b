"""A small CLIP with random weights, and what open_clip itself makes of images and texts."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from PIL import Image

from autows.errors import NotApplicable
from autows.representations.clip import Clip

RNG = np.random.default_rng(0)
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
VIT = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8}
TINY = {"embed_dim": 16, "vision_cfg": VIT, "text_cfg": TEXT}
TEXTS = ["a photo of a cat", "", "a drawing of the number 7.", "naïve café ☕", "word " * 50]
WEIGHTS = "weights_sha256"


def network(config=TINY, seed=0, **more):
    """Return open_clip's network with random weights, none of them trivial."""
    import torch
    from open_clip import CLIP, CustomTextCLIP

    torch.manual_seed(seed)
    config = {**copy.deepcopy(config), **more}
    model = (CustomTextCLIP if config.pop("custom_text", False) else CLIP)(**config).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name == "logit_scale":
                weights.fill_(np.log(30.0))
            else:
                weights.add_(torch.randn_like(weights) / np.sqrt(max(weights.shape[-1:] or [1])))
    return model


def configured(folder, config=TINY, name="tiny.json", **more):
    path = folder / name
    path.write_text(json.dumps({"model_cfg": config, **more} if more else config))
    return str(path)


def saved(state, path):
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in state.items()}, path)
    return path


def fitted(configuration, checkpoint, X=None, modality="image"):
    representation = Clip(configuration, str(checkpoint))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOWS_DEVICE", "cpu")
        representation.fit(np.zeros((1, 8, 8)) if X is None else X, modality)
    return representation


def plain_images(model, X, **settings):
    """Return embeddings of uint8 images, one after the other, through Pillow and open_clip's transform."""
    import torch
    from open_clip import image_transform

    transform = image_transform(model.visual.image_size, is_train=False, **settings)
    with torch.no_grad():
        rows = [model.encode_image(transform(Image.fromarray(x))[None], normalize=True)[0] for x in X]
    return torch.stack(rows).numpy()


def plain_texts(model, texts):
    import open_clip
    import torch

    with torch.no_grad():
        tokens = open_clip.SimpleTokenizer(context_length=12)(list(texts))
        return model.encode_text(tokens, normalize=True).numpy()


def check_same(Z, expected):
    """Check that directions agree: pixels differ by a level, and these random towers amplify that."""
    squares = ((Z[:, None] - expected) ** 2).sum(axis=2)
    same, other = np.diag(squares), squares[~np.eye(len(Z), dtype=bool)]
    assert same.max() < 1e-3
    assert same.max() < other.min() / 20


def noisy(rows, *shape):
    """Return uint8 images with structure at every scale, whose interpolation overshoots no limit."""
    noise = RNG.integers(64, 192, (rows, *shape))
    noise[:, : shape[0] // 2, : shape[1] // 2] -= 32
    return noise.astype(np.uint8)


def refusal(model, path):
    """Return the message with which a checkpoint is refused, which must be one line."""
    with pytest.raises(NotApplicable) as caught:
        fitted(model, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)
