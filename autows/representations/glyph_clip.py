"""Embeddings of the small CLIP that ships with the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.dual_encoder import DualEncoder
from autows.task import Raw
from autows.types import Matrix


class GlyphClip(DualEncoder):
    """Embeddings of glyph-clip, a small CLIP trained on rendered glyphs that ships with the project.

    It knows digits, letters and simple shapes, and nothing else; see the model card beside its weights.
    """

    name = "glyph_clip"
    modalities = ("image",)
    rows_at_once = 1024
    resumable = True

    def at_hand(self) -> bool:
        """Say whether the package has its weights."""
        from autows.zero_shot._glyph_clip import missing

        return not missing()

    def load(self) -> None:
        """Load both towers from the package.

        Raises
        ------
        NotApplicable
            If its files are missing or damaged, or torch does not match its torchvision.
        """
        if hasattr(self, "clip_"):
            return
        from autows.zero_shot._glyph_clip import load

        self.clip_ = load()
        self.logit_scale_ = float(self.clip_.model.logit_scale.exp())

    def identity(self) -> dict[str, Any]:
        """Return the model's name and the hash of its weights.

        Raises
        ------
        NotApplicable
            If they are missing.
        """
        from autows.zero_shot._glyph_clip import identity

        return dict(identity())

    def encode(self, X: Raw, modality: str) -> Matrix:
        """Embed images."""
        import torch

        with torch.inference_mode():
            Z = self.clip_.model.encode_image(self.clip_.preprocess(np.asarray(X)), normalize=True)
        return Z.numpy().astype(np.float32)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts."""
        import torch

        with torch.inference_mode():
            Z = self.clip_.model.encode_text(self.clip_.tokenizer(texts), normalize=True)
        return Z.numpy().astype(np.float32)
