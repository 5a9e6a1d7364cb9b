"""MNIST: handwritten digits of 28 x 28 pixels."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._digit_names import CLASS_NAMES, PROMPTS
from tasks._hub_images import HubImages


class Mnist(HubImages):
    """70,000 handwritten digits."""

    repo = "ylecun/mnist"
    revision = "77f3279092a1c1579b2250db8eafed0ad422088c"
    card = TaskCard(
        id="mnist",
        version=1,
        title="Handwritten digits, 28 x 28 grey pixels",
        modality="image",
        class_names=CLASS_NAMES,
        prompts=PROMPTS,
        n_pool=60_000,
        n_test=10_000,
        source="hub dataset ylecun/mnist",
        licence="MIT (as the hub states); the data derive from NIST Special Database 19",
        citation="Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based learning applied to "
        "document recognition, Proceedings of the IEEE 86(11)",
        suites=("autows-bench-101", "extended"),
        fingerprint="c9c899568825c0192b158204e056115690ebe9e01a8a467321a8e34a416b7a26",
    )
