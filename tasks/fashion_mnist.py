"""Fashion-MNIST: articles of clothing, 28 x 28 pixels."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._hub_images import HubImages


class FashionMnist(HubImages):
    """70,000 pictures of clothes, shoes and bags."""

    repo = "zalando-datasets/fashion_mnist"
    revision = "531be5e2ccc9dba0c201ad3ae567a4f3d16ecdd2"
    card = TaskCard(
        id="fashion_mnist",
        version=1,
        title="Clothes, shoes and bags, 28 x 28 grey pixels",
        modality="image",
        class_names=(
            "t-shirt",
            "trousers",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        prompts=("a photo of a {}", "a black and white photo of a {}", "a product photo of a {}"),
        n_pool=60_000,
        n_test=10_000,
        source="hub dataset zalando-datasets/fashion_mnist",
        licence="MIT",
        citation="H. Xiao, K. Rasul and R. Vollgraf (2017), Fashion-MNIST: a novel image dataset for "
        "benchmarking machine learning algorithms, arXiv:1708.07747",
        suites=("extended",),
    )
