"""The base of text tasks from WRENCH: texts with labels and the votes of labeling functions people wrote."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from autows.errors import AutoWSError
from autows.sources import hub_file
from autows.task import Task, TaskData
from autows.texts import Texts

REPO = "jieyuz2/WRENCH"
CITATION = (
    "J. Zhang, Y. Yu, Y. Li, Y. Wang, Y. Yang, M. Yang and A. Ratner (2021), WRENCH: a comprehensive "
    "benchmark for weak supervision, NeurIPS Datasets and Benchmarks"
)


class WrenchTexts(Task):
    """A text task of WRENCH: train is the pool, test is the test set; the validation split is not used.

    A subclass sets the card and these attributes.
    """

    archive: ClassVar[str]
    """The zip below ``classification/``, without its ending."""
    digest: ClassVar[str | None] = None
    """SHA-256 of the zip."""

    def read(self) -> TaskData:
        """Read texts, labels and votes from the zip.

        Raises
        ------
        DataMissing
            If the zip is neither in the mirror nor to be had from the hub.
        AutoWSError
            If it is damaged or not laid out as WRENCH's are.
        """
        path = hub_file(REPO, f"classification/{self.archive}.zip", digest=self.digest)
        pool, y_pool, votes_pool = self._split(path, "train")
        test, y_test, votes_test = self._split(path, "test")
        return TaskData(
            X_pool=pool,
            y_pool=y_pool,
            X_test=test,
            y_test=y_test,
            votes_pool=votes_pool,
            votes_test=votes_test,
        )

    def _split(self, path: Path, split: str) -> tuple[Texts, NDArray[np.int64], NDArray[np.int8]]:
        member = f"{self.archive}/{split}.json"
        try:
            with zipfile.ZipFile(path) as archive:
                rows = json.loads(archive.read(member))
            items = [rows[key] for key in sorted(rows, key=int)]
            texts = Texts.of(item["data"]["text"] for item in items)
            labels = np.array([item["label"] for item in items], dtype=np.int64)
            votes = np.array([item["weak_labels"] for item in items])
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise AutoWSError(
                f"{path} is not a readable zip ({error}). Delete it and fetch it again"
            ) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AutoWSError(
                f"{member} in {path} is not laid out as WRENCH's files are ({type(error).__name__}: {error})"
            ) from error
        K = self.card.n_classes
        if votes.ndim != 2 or votes.min() < -1 or votes.max() >= K:
            raise AutoWSError(f"{member} in {path}: weak_labels must be rows of votes from -1 to {K - 1}")
        return texts, labels, votes.astype(np.int8)

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Add the archive to the card."""
        return {**super().about(), "archive": f"{REPO}/classification/{cls.archive}.zip"}
