"""Which foundation model speaks for a task."""

from __future__ import annotations

from autows import representations
from autows.dual_encoder import DualEncoder
from autows.errors import UserError
from autows.task import TaskCard

BY_MODALITY = {"image": ("clip", "glyph_clip"), "text": ("sentence",)}
"""Models in order of preference; the first that is at hand speaks."""


def choose(card: TaskCard, wanted: str = "auto") -> DualEncoder | None:
    """Return the model whose zero-shot answers the methods of a run see, or None.

    Parameters
    ----------
    card : TaskCard
    wanted : str, default "auto"
        A representation that embeds texts too, such as ``clip[model=RN50]``; ``auto`` takes the first model
        for the task's modality that can be loaded without the network; ``none`` lets nobody speak.

    Raises
    ------
    UserError
        If there is no such representation, or it does not embed texts.
    """
    if wanted == "none" or not card.prompts:
        return None
    if wanted == "auto":
        for name in BY_MODALITY.get(card.modality, ()):
            made = representations.create(name)
            if isinstance(made, DualEncoder) and made.at_hand():
                return made
        return None
    made = encoder(wanted)
    if made.modalities and card.modality not in made.modalities:
        return None
    return made


def encoder(spec: str) -> DualEncoder:
    """Create a representation that embeds texts too.

    Raises
    ------
    UserError
        If there is no such representation, or it does not embed texts.
    """
    made = representations.create(spec)
    if not isinstance(made, DualEncoder):
        raise UserError(
            f"Representation '{made.name}' embeds no texts, so it cannot answer zero-shot; "
            "try clip, glyph_clip or sentence"
        )
    return made
