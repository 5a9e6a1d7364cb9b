"""KMNIST: cursive Japanese characters, 28 x 28 pixels."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._hub_images import HubImages


class Kmnist(HubImages):
    """70,000 cursive hiragana, one for each row of the syllabary."""

    repo = "tanganke/kmnist"
    revision = "53810959241e8f35890445245170c8cec0672f81"
    card = TaskCard(
        id="kmnist",
        version=1,
        title="Cursive Japanese characters, 28 x 28 grey pixels",
        modality="image",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        prompts=("a photo of the hiragana character {}", "a handwritten Japanese character {}"),
        n_pool=60_000,
        n_test=10_000,
        source="hub dataset tanganke/kmnist, a copy of the Center for Open Data in the Humanities' KMNIST",
        licence="CC BY-SA 4.0",
        citation="T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto and D. Ha (2018), Deep "
        "learning for classical Japanese literature, arXiv:1812.01718",
        suites=("extended",),
    )
