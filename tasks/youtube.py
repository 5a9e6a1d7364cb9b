"""YouTube comments: spam or not, with labeling functions that people wrote."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._wrench import CITATION, WrenchTexts


class Youtube(WrenchTexts):
    """1,956 comments on five YouTube videos."""

    archive = "youtube"
    digest = "2184a653673af55a1627461bb06781bd2d7a2d96e0320b1c8bf12ecaddf8c8a9"
    card = TaskCard(
        id="youtube",
        version=1,
        title="YouTube comments, spam or not",
        modality="text",
        class_names=("ham", "spam"),
        prompts=(
            "a {} comment on a video",
            "a comment that is {}",
            "this comment is {}",
            "{}",
        ),
        n_pool=1_586,
        n_test=250,
        source="hub dataset jieyuz2/WRENCH, classification/youtube.zip",
        licence="CC BY 4.0 (UCI)",
        citation="T. Alberto, J. Lochter and T. Almeida (2015), TubeSpam: comment spam filtering "
        f"on YouTube, ICMLA; {CITATION}",
        suites=("autows-bench-101", "extended"),
        fingerprint="0932b517e56a585936a265d6e009553cace6a18ae4cee9616d72256c4ddbe448",
    )
