"""Features of a residual network that was trained on ImageNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows import task
from autows.device import pick
from autows.representation import Representation
from autows.representations._pixels import Limits, field_limits, pixels
from autows.representations._torch import digest, find_weights, load_weights, matching_torchvision
from autows.types import Matrix

SIDE = 224
N_FEATURES = 512
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Half a gigabyte of activations, and no faster with more.
_IMAGES_AT_ONCE = 64


class ResNet18(Representation):
    """Activations before the classifier of an ImageNet ResNet-18, 512 of them.

    Images are brought to three channels (grey is repeated), resized to 224 x 224 by antialiased
    bilinear interpolation without regard to their proportions, and normalised by ImageNet's channel
    means and standard deviations. Fields are rendered as grey images first, between the 0.5 and 99.5
    percentiles of the pool: what the network sees is what a person would plot, with one grey scale for
    all rows, so that amplitudes stay comparable. Signals are not images and are left out.

    Parameters
    ----------
    weights : str, default "timm/resnet18.tv_in1k"
        A hub model whose ``model.safetensors`` holds a ResNet-18, or a path to a ``.safetensors`` or
        ``.pth`` file of one, with or without classifier. The default is torchvision's
        ``IMAGENET1K_V1``.

    Notes
    -----
    On CUDA in half precision where torch deems it safe; the features differ in the third digit.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun (2016), Deep Residual Learning for Image Recognition, CVPR.
    """

    name = "resnet18"
    modalities = ("image", "field")
    rows_at_once = 256
    resumable = True

    def __init__(self, weights: str = "timm/resnet18.tv_in1k") -> None:
        self.weights = weights

    def identity(self) -> dict[str, Any]:
        """Return the hash of the weights."""
        return {"weights_sha256": digest([self._file()])}

    def fit(self, X_pool: task.Raw, modality: str) -> None:
        """Load the network; of fields, find the grey scale.

        Raises
        ------
        NotApplicable
            If the weights are missing, damaged or of another network, or torch does not match its
            torchvision.
        """
        path = self._file()
        with matching_torchvision(self.name):
            import timm
        import torch

        model: Any = timm.create_model("resnet18", pretrained=False, num_classes=0)
        load_weights(model, path, without=("fc.",), who="timm's resnet18")
        self.device_ = pick()
        self.model_ = model.eval().to(self.device_, memory_format=torch.channels_last)
        self.limits_: Limits | None = field_limits(np.asarray(X_pool)) if modality == "field" else None

    def encode(self, X: task.Raw, modality: str) -> Matrix:
        """Resize, normalise and run the network."""
        import torch

        images = pixels(np.asarray(X), self.limits_)
        kind = torch.device(self.device_).type
        out = np.empty((len(images), N_FEATURES), dtype=np.float32)
        with torch.inference_mode(), torch.autocast(kind, enabled=kind == "cuda"):
            for start in range(0, len(images), _IMAGES_AT_ONCE):
                batch = prepare(images[start : start + _IMAGES_AT_ONCE], self.device_)
                out[start : start + len(batch)] = self.model_(batch).float().cpu().numpy()
        return out

    def _file(self) -> Path:
        return find_weights(self.weights, "model.safetensors", self.name)


def prepare(images: NDArray[np.float32], device: str) -> Any:
    """Return pixels in [0, 1] as the network's input, a tensor of shape (rows, 3, 224, 224).

    Parameters
    ----------
    images : (rows, height, width, 1 or 3) float32
    device : str
        Where to compute.
    """
    import torch

    batch = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
    batch = torch.nn.functional.interpolate(
        batch, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
    )
    mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN, STD))
    # Half as fast again on processors, and what tensor cores want.
    batch = (batch.expand(-1, 3, -1, -1) - mean) / std
    return batch.contiguous(memory_format=torch.channels_last)
