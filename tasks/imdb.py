"""Film reviews: negative or positive, with labeling functions that people wrote."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._wrench import CITATION, WrenchTexts


class Imdb(WrenchTexts):
    """25,000 film reviews."""

    archive = "imdb"
    card = TaskCard(
        id="imdb",
        version=1,
        title="Film reviews, negative or positive",
        modality="text",
        class_names=("negative", "positive"),
        prompts=(
            "a {} review of a film",
            "a review by a viewer whose opinion is {}",
            "this review of a film is {}",
            "the opinion is {}",
        ),
        n_pool=20_000,
        n_test=2_500,
        source="hub dataset jieyuz2/WRENCH, classification/imdb.zip",
        licence="not stated by its authors",
        citation="A. Maas, R. Daly, P. Pham, D. Huang, A. Ng and C. Potts (2011), Learning word "
        f"vectors for sentiment analysis, ACL; {CITATION}",
        suites=("autows-bench-101", "extended"),
    )
