"""glyph-clip: the small CLIP that ships with the project, trained on rendered glyphs.

Its weights, its architecture and its model card lie in the folder ``glyph_clip``;
``scripts/train_glyph_clip.py`` makes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autows.errors import NotApplicable
from autows.representations._pixels import pixels
from autows.representations._torch import digest, load_weights, matching_torchvision

if TYPE_CHECKING:
    from torch import Tensor

NAME = "glyph-clip"
FOLDER = Path(__file__).parent / "glyph_clip"
CONFIG, WEIGHTS = FOLDER / "model_config.json", FOLDER / "model.safetensors"
# Of rendered glyphs after `standardised`.
MEAN, STD = 0.2, 0.35
LUMINANCE = (0.299, 0.587, 0.114)
_REINSTALL = "reinstall autows-bench"


class GlyphClip(NamedTuple):
    """A loaded model with what belongs in front of it.

    Parameters
    ----------
    model : open_clip.CLIP
        On the CPU, in float32 and evaluation mode.
    preprocess : callable
        Images as an array to a tensor of shape (rows, 3, side, side); see :func:`prepare`.
    tokenizer : callable
        Strings to a tensor of shape (texts, context length), int64.
    """

    model: Any
    preprocess: Callable[[NDArray[Any]], Tensor]
    tokenizer: Callable[[Sequence[str]], Tensor]


def config() -> dict[str, Any]:
    """Return the architecture: the arguments of ``open_clip.CLIP``."""
    found: dict[str, Any] = json.loads(CONFIG.read_text(encoding="utf-8"))
    return found


def missing() -> list[Path]:
    """Return which of the model's files are not there."""
    return [path for path in (CONFIG, WEIGHTS) if not path.is_file()]


def _check_there() -> None:
    absent = missing()
    if absent:
        raise NotApplicable(f"{NAME}'s weights are missing (no file {absent[0]}): {_REINSTALL}")


def identity() -> dict[str, str]:
    """Return the model's name and the SHA-256 of its weights.

    Raises
    ------
    NotApplicable
        If they are missing.
    """
    _check_there()
    return {"name": NAME, "weights_sha256": digest([WEIGHTS])}


def load() -> GlyphClip:
    """Return the model, read anew, so that the caller may move it to a device.

    Raises
    ------
    NotApplicable
        If torch does not match its torchvision, or the weights are missing or damaged.

    Notes
    -----
    The weights are stored in float16 and computed with in float32.
    """
    _check_there()
    with matching_torchvision(NAME):
        import open_clip
    architecture = config()
    model: Any = open_clip.CLIP(**architecture)
    try:
        load_weights(model, WEIGHTS, without=(), who=NAME)
    except NotApplicable as error:
        # Whose advice is for weights that were fetched, and these came with the package.
        reason = " ".join(str(error.__cause__ or error).split())[:240]
        raise NotApplicable(f"{NAME}'s weights, {WEIGHTS}, are damaged ({reason}): {_REINSTALL}") from error
    model.eval().requires_grad_(False)
    side = architecture["vision_cfg"]["image_size"]
    return GlyphClip(
        model,
        lambda images: prepare(images, side),
        _tokenizer(architecture["text_cfg"]["context_length"]),
    )


@cache
def _tokenizer(context_length: int) -> Callable[[Sequence[str]], Tensor]:
    # CLIP's own byte pair encoding; reading it takes longer than the model.
    from open_clip.tokenizer import SimpleTokenizer

    tokenizer = SimpleTokenizer(context_length=context_length)
    return lambda texts: tokenizer(list(texts))


def prepare(images: NDArray[Any], side: int) -> Tensor:
    """Return images as the model's input.

    They are made grey, resized by antialiased bilinear interpolation without regard to their
    proportions, standardised and repeated over three channels.

    Parameters
    ----------
    images : (rows, height, width) or (rows, height, width, 1 or 3) array
        Integers in 0 .. 255, floats in [0, 1], or booleans.
    side : int
        The model's image size.

    Returns
    -------
    (rows, 3, side, side) float32 tensor
        A view in which the channels share memory.

    Raises
    ------
    AutoWSError
        If shape or values are not those of images.
    """
    import torch

    unit = pixels(images)
    grey = unit @ np.array(LUMINANCE, dtype=np.float32) if unit.shape[3] == 3 else unit[..., 0]
    batch = torch.from_numpy(np.ascontiguousarray(grey))[:, None]
    if not len(batch):  # which interpolation refuses
        return batch.new_empty((0, 3, side, side))
    return as_input(
        torch.nn.functional.interpolate(
            batch, size=(side, side), mode="bilinear", antialias=True, align_corners=False
        )
    )


def as_input(grey: Tensor) -> Tensor:
    """Return grey pictures as the model sees them, in training too.

    Each is stretched to [0, 1] and turned to light ink on a dark ground: it is inverted if the
    median of its border is beyond the middle. A picture of one value is all ground.

    Parameters
    ----------
    grey : (rows, 1, side, side) float tensor

    Returns
    -------
    (rows, 3, side, side) float tensor
        Standardised by one mean and standard deviation; the channels share memory.
    """
    import torch

    low, high = grey.amin(dim=(2, 3), keepdim=True), grey.amax(dim=(2, 3), keepdim=True)
    unit = (grey - low) / (high - low).clamp(min=1e-6)
    border = torch.cat([unit[..., 0, :], unit[..., -1, :], unit[..., 1:-1, 0], unit[..., 1:-1, -1]], dim=2)
    inverted = border.median(dim=2).values > 0.5
    unit = torch.where(inverted[..., None, None], 1 - unit, unit)
    return ((unit - MEAN) / STD).expand(-1, 3, -1, -1)
