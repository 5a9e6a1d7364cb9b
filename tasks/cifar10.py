"""CIFAR-10: small colour photographs of animals and vehicles."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._hub_images import HubImages


class Cifar10(HubImages):
    """60,000 colour photographs of ten kinds of things."""

    repo = "uoft-cs/cifar10"
    revision = "0b2714987fa478483af9968de7c934580d0bb9a2"
    columns = ("img", "label")
    shape = (32, 32, 3)
    card = TaskCard(
        id="cifar10",
        version=1,
        title="Animals and vehicles, 32 x 32 colour pixels",
        modality="image",
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        prompts=("a photo of a {}", "a blurry photo of a {}", "a low resolution photo of a {}"),
        n_pool=50_000,
        n_test=10_000,
        source="hub dataset uoft-cs/cifar10",
        licence="not stated by its authors",
        citation="A. Krizhevsky (2009), Learning multiple layers of features from tiny images, technical "
        "report, University of Toronto",
        suites=("autows-bench-101", "extended"),
    )
