"""A fixed bank of prompt templates, to see how much a zero-shot answer hangs on its wording."""

from __future__ import annotations

from autows.task import TaskCard

BANK = {
    "image": (
        "{}",
        "a photo of {}",
        "a photo of the {}",
        "a picture of {}",
        "an image of {}",
        "a drawing of {}",
        "a blurry photo of {}",
        "a black and white photo of {}",
        "a close-up photo of {}",
        "this is {}",
    ),
    "text": (
        "{}",
        "this text is {}",
        "this is about {}",
        "topic: {}",
        "a {} text",
        "an example of {}",
        "the author means {}",
        "this is {}",
    ),
}


def bank(card: TaskCard) -> tuple[str, ...]:
    """Return the templates for a task: those of its card, then those of its modality's bank.

    Empty where class names mean nothing to a foundation model.
    """
    if not card.prompts:
        return ()
    return tuple(dict.fromkeys([*card.prompts, *BANK.get(card.modality, ())]))
