"""Embeddings of CLIP, a foundation model of images and texts, through open_clip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.device import pick
from autows.dual_encoder import DualEncoder
from autows.errors import NotApplicable
from autows.representations._clip_pixels import prepare
from autows.representations._clip_source import ClipSource, anything_at_hand, resolve
from autows.representations._clip_weights import build, fill, tokenizer
from autows.representations._pixels import Limits, field_limits, pixels
from autows.task import Raw
from autows.types import Matrix

# Enough for a processor; more only takes memory.
_ROWS_IN_A_BATCH = 64


class Clip(DualEncoder):
    """Embeddings of a CLIP, each of length 1: of images by its image tower, of texts by its text tower.

    Any architecture and any weights that open_clip knows, or a checkpoint of one's own. Images are
    prepared as the model was trained, which is bicubic resizing of the shorter side to the network's size, a
    cut from the middle, and normalisation; grey images are repeated into three channels, and images whose
    shorter side is below 64 pixels are squashed instead of cut. Values must be integers in 0 .. 255 or floats
    in [0, 1]. Fields are rendered as grey images between the 0.5 and 99.5 percentiles of the pool, one grey
    scale for all rows, and squashed, because a field has no margin that could be cut.
    Texts are cut at the context length (77 tokens for most); of an empty text the embedding is that of
    the start and end tokens alone.

    Parameters
    ----------
    model : str, default "ViT-B-32"
        One of ``open_clip.list_models()``; the paper used ``RN50``. Or the path of a ``.json`` file that
        describes a model as open_clip does, such as the ``open_clip_config.json`` of a hub model.
    pretrained : str, default "openai"
        A tag that open_clip knows for the model, or the path of a checkpoint: ``.safetensors``, a pickled
        state dictionary, or one of OpenAI's TorchScript archives, recognised by its SHA-256. A
        checkpoint that was trained with QuickGELU needs a model whose name says so, ``ViT-B-32-quickgelu``;
        tags and OpenAI's archives bring this along.

    Notes
    -----
    Weights of a tag are looked for in the mirror (``hub/<owner>/<name>/open_clip_model.safetensors``, then
    ``open_clip_pytorch_model.bin``), then in the hub's cache, then on the hub, in the repository that
    open_clip names. On CUDA in half precision where torch deems it safe.

    References
    ----------
    A. Radford et al. (2021), Learning Transferable Visual Models From Natural Language Supervision, ICML.
    G. Ilharco et al. (2021), OpenCLIP, doi:10.5281/zenodo.5143773.
    """

    name = "clip"
    modalities = ("image", "field", "text")
    rows_at_once = 256
    resumable = True

    def __init__(self, model: str = "ViT-B-32", pretrained: str = "openai") -> None:
        self.model = model
        self.pretrained = pretrained

    def validate(self) -> None:
        """Raise if open_clip knows no such model or weights.

        The default is not looked up: importing open_clip takes seconds.
        """
        if not self.model or not self.pretrained:
            raise ValueError("model and pretrained must not be empty")
        if self.get_params() != self.default_params():
            # What is missing here is no mistake; it is told where the model is used, and skipped.
            with suppress(NotApplicable):
                self._source()

    def at_hand(self) -> bool:
        """Say whether the weights are on this machine and open_clip can be imported."""
        if not Path(self.pretrained).expanduser().is_file() and not anything_at_hand():
            return False
        try:
            return self._source().weights_at_hand() is not None
        except NotApplicable:
            return False

    def identity(self) -> dict[str, Any]:
        """Return the hash of the weights, the architecture and the preprocessing."""
        return self._source().identity()

    def load(self) -> None:
        """Load both towers.

        Raises
        ------
        NotApplicable
            If the weights are missing, damaged or of another model, or torch does not match its
            torchvision.
        """
        if hasattr(self, "model_"):
            return
        import torch

        source = self._source()
        path = source.weights()
        network = build(source.architecture, source.title)
        fill(network, path, source.title)
        self.tokenizer_: Any = tokenizer(source.architecture, source.title)
        self.preprocessing_ = source.preprocessing
        self.device_ = pick()
        self.embed_dim_ = int(source.architecture["embed_dim"])
        self.logit_scale_ = float(network.logit_scale.detach().exp())
        self.model_ = network.eval().to(self.device_, memory_format=torch.channels_last)

    def fit(self, X_pool: Raw, modality: str) -> None:
        """Load the model; of fields, find the grey scale."""
        self.load()
        self.limits_: Limits | None = field_limits(np.asarray(X_pool)) if modality == "field" else None

    def encode(self, X: Raw, modality: str) -> Matrix:
        """Embed images, fields or texts."""
        if modality == "text":
            return self.encode_texts(list(X))
        images = pixels(np.asarray(X), self.limits_)
        # Metal lacks antialiased bicubic interpolation.
        place = "cpu" if self.device_.startswith("mps") else self.device_
        return self._stacked(
            self._unit("encode_image", prepare(batch, self.preprocessing_, place, modality == "field"))
            for batch in _batches(images)
        )

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return embeddings of texts, shape (n, d), each of length 1; call :meth:`load` first."""
        return self._stacked(self._unit("encode_text", self.tokenizer_(list(b))) for b in _batches(texts))

    def _stacked(self, parts: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Put the rows of batches together; of no batch there are no rows, shape (0, d)."""
        return np.concatenate([np.empty((0, self.embed_dim_), dtype=np.float32), *parts])

    def _unit(self, tower: str, batch: Any) -> NDArray[np.float32]:
        """Run a tower and bring its rows to length 1, in float32 whatever the tower computes in."""
        import torch

        kind = torch.device(self.device_).type
        with torch.inference_mode():
            with torch.autocast(kind, enabled=kind == "cuda"):
                Z = getattr(self.model_, tower)(batch.to(self.device_))
            unit: NDArray[np.float32] = torch.nn.functional.normalize(Z.float(), dim=-1).cpu().numpy()
        return unit

    def _source(self) -> ClipSource:
        return resolve(self.model, self.pretrained)


def _batches(rows: Any) -> list[Any]:
    return [rows[start : start + _ROWS_IN_A_BATCH] for start in range(0, len(rows), _ROWS_IN_A_BATCH)]
