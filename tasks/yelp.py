"""Restaurant reviews: negative or positive, with labeling functions that people wrote."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._wrench import CITATION, WrenchTexts


class Yelp(WrenchTexts):
    """38,000 reviews of businesses."""

    archive = "yelp"
    card = TaskCard(
        id="yelp",
        version=1,
        title="Restaurant reviews, negative or positive",
        modality="text",
        class_names=("negative", "positive"),
        prompts=(
            "a {} review of a restaurant",
            "a review by a guest whose opinion is {}",
            "this review of a restaurant is {}",
            "the opinion is {}",
        ),
        n_pool=30_400,
        n_test=3_800,
        source="hub dataset jieyuz2/WRENCH, classification/yelp.zip",
        licence="Yelp Dataset Terms of Use",
        citation="X. Zhang, J. Zhao and Y. LeCun (2015), Character-level convolutional networks "
        f"for text classification, NeurIPS; {CITATION}",
        suites=("autows-bench-101", "extended"),
    )
