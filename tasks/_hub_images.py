"""The base of image tasks that live on the hub as encoded images with labels."""

from __future__ import annotations

import io
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from autows.errors import AutoWSError
from autows.sources import hub_rows
from autows.task import Task, TaskData


class HubImages(Task):
    """A hub dataset of images: train is the pool, test is the test set.

    A subclass sets the card and these attributes.
    """

    repo: ClassVar[str]
    """``owner/name`` on the hub."""
    revision: ClassVar[str]
    """Commit of the hub repository."""
    columns: ClassVar[tuple[str, str]] = ("image", "label")
    """Names of the image and of the label column."""
    shape: ClassVar[tuple[int, ...]] = (28, 28)
    """Height and width, and 3 for colour."""

    def read(self) -> TaskData:
        """Decode all images; uint8 of shape (rows, height, width[, 3]).

        Raises
        ------
        DataMissing
            If the hub repository is neither in the mirror nor to be had.
        AutoWSError
            If a file is damaged, a column is missing, or an image or label is not what it should be.
        """
        X_pool, y_pool = self._split("train", self.card.n_pool)
        X_test, y_test = self._split("test", self.card.n_test)
        return TaskData(X_pool, y_pool, X_test, y_test)

    def _split(self, split: str, rows: int | None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        from tqdm import tqdm

        image, label = self.columns
        pixels, labels = [], []
        what = f"{self.repo} ({split})"
        bar = tqdm(hub_rows(self.repo, split, self.revision), what, rows, False, unit="row", disable=None)
        for position, row in enumerate(bar):
            if image not in row or label not in row:
                raise AutoWSError(
                    f"{what} has columns {', '.join(row)}; expected '{image}' and '{label}'. "
                    f"Is it the repository at revision {self.revision}?"
                )
            pixels.append(self._decode(row[image], f"row {position} of {what}"))
            labels.append(self._label(row[label], f"row {position} of {what}"))
        if not labels:
            raise AutoWSError(f"{what} has no rows")
        return np.stack(pixels), np.array(labels, dtype=np.int64)

    def _decode(self, encoded: object, where: str) -> NDArray[np.uint8]:
        from PIL import Image, UnidentifiedImageError

        content = encoded.get("bytes") if isinstance(encoded, dict) else None
        if not isinstance(content, bytes):
            raise AutoWSError(f"{where} holds no encoded image")
        try:
            with Image.open(io.BytesIO(content)) as picture:
                array = np.asarray(picture.convert("RGB" if len(self.shape) == 3 else "L"))
        except (OSError, UnidentifiedImageError) as error:
            raise AutoWSError(f"{where} is not a readable image: {error}. Fetch it again") from error
        if array.shape != self.shape:
            raise AutoWSError(f"{where} is an image of shape {array.shape}; expected {self.shape}")
        return array

    def _label(self, label: object, where: str) -> int:
        if not isinstance(label, int) or not 0 <= label < self.card.n_classes:
            raise AutoWSError(f"{where} has label {label!r}; expected 0 to {self.card.n_classes - 1}")
        return label
