"""Images as CLIP wants them, a whole chunk at a time: what open_clip does with Pillow to one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TINY = 64
"""Images with a shorter side below this are squashed to the network's size; nothing is cut from them."""


@dataclass(frozen=True)
class Preprocessing:
    """How images are prepared for a CLIP.

    Parameters
    ----------
    height, width : int
        Size of the network's input, in pixels.
    mean, std : tuple of three floats
        By which channels in [0, 1] are normalised.
    interpolation : str
        ``bicubic`` or ``bilinear``.
    resize_mode : str
        ``shortest``: the shorter side fills the input and the middle is cut out; ``longest``: the longer side
        fits and the rest is filled; ``squash``: proportions are given up.
    fill : float
        Brightness of what is filled, in [0, 1].
    """

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    fill: float = 0.0

    def __post_init__(self) -> None:
        if self.interpolation not in ("bicubic", "bilinear"):
            raise ValueError(f"interpolation is {self.interpolation!r}; expected bicubic or bilinear")
        if self.resize_mode not in ("shortest", "longest", "squash"):
            raise ValueError(f"resize_mode is {self.resize_mode!r}; expected shortest, longest or squash")

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """Return the size that an image is resized to before it is cut or filled.

        Sides are rounded as open_clip rounds them: down for a square input, else to the nearest.

        Examples
        --------
        >>> Preprocessing(224, 224, (0, 0, 0), (1, 1, 1)).resized(100, 151)
        (224, 338)
        """
        if self.resize_mode == "squash":
            return self.height, self.width
        if self.resize_mode == "shortest" and self.height == self.width:
            short = min(height, width)
            # In this order, as torchvision does: integers, so that there is no rounding error.
            return self.height * height // short, self.width * width // short
        ratios = height / self.height, width / self.width
        ratio = max(ratios) if self.resize_mode == "longest" else min(ratios)
        return round(height / ratio), round(width / ratio)


def prepare(images: NDArray[np.float32], how: Preprocessing, device: str, whole: bool) -> Any:
    """Return pixels in [0, 1] as the network's input, a tensor of shape (rows, 3, height, width).

    Parameters
    ----------
    images : (rows, h, w, 1 or 3) float32
        Grey is repeated into three channels.
    how : Preprocessing
    device : str
        Where to compute.
    whole : bool
        Squash, whatever the mode, so that nothing is cut; done to images smaller than :data:`TINY` anyway.

    Notes
    -----
    Interpolation is antialiased, with Pillow's kernels. Pillow rounds to 256 levels after each of its two
    passes and this does not, so that pixels differ by about one level at most. Both clip what overshoots,
    Pillow after each pass, which is more than a level only beside edges from black to white.
    """
    import torch

    height, width = images.shape[1:3]
    size = (how.height, how.width) if whole or min(height, width) < TINY else how.resized(height, width)
    batch = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
    if size != (height, width):
        batch = torch.nn.functional.interpolate(
            batch, size=size, mode=how.interpolation, antialias=True, align_corners=False
        ).clamp_(0, 1)
    batch = _central(batch, how)
    mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (how.mean, how.std))
    batch = (batch.expand(-1, 3, -1, -1) - mean) / std
    return batch.contiguous(memory_format=torch.channels_last)


def _central(batch: Any, how: Preprocessing) -> Any:
    """Cut the middle out of what is too large, and fill around what is too small."""
    import torch

    extra_height, extra_width = how.height - batch.shape[2], how.width - batch.shape[3]
    if extra_height > 0 or extra_width > 0:
        above, left = max(extra_height, 0) // 2, max(extra_width, 0) // 2
        margins = (left, max(extra_width, 0) - left, above, max(extra_height, 0) - above)
        batch = torch.nn.functional.pad(batch, margins, value=how.fill)
    # Python's rounding of halves to even, which is torchvision's.
    top, left = (round((batch.shape[axis] - side) / 2) for axis, side in ((2, how.height), (3, how.width)))
    return batch[:, :, top : top + how.height, left : left + how.width]
