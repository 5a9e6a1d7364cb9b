"""Handwritten digits of 8 x 8 pixels, as scikit-learn ships them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autows.draws import generator
from autows.task import Task, TaskCard, TaskData
from tasks._digit_names import CLASS_NAMES, PROMPTS
from tasks._sklearn_data import sklearn_data

N_POOL, N_TEST = 1297, 500


class Digits(Task):
    """1,797 handwritten digits; needs no network."""

    card = TaskCard(
        id="digits",
        version=1,
        title="Handwritten digits, 8 x 8 grey pixels",
        modality="image",
        class_names=CLASS_NAMES,
        prompts=PROMPTS,
        n_pool=N_POOL,
        n_test=N_TEST,
        source="sklearn.datasets.load_digits (the test part of UCI's 'Optical Recognition of Handwritten "
        "Digits')",
        licence="CC BY 4.0",
        citation="E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine "
        "Learning Repository, doi:10.24432/C50P49",
        suites=("quick",),
        fingerprint="c51b20f2d359d845f44d621da7d71e5294a6c465bae577750b93cef85aac7cd2",
    )

    def truth_paths(self) -> tuple[Path, ...]:
        """Return scikit-learn's folder of data sets."""
        return sklearn_data()

    def read(self) -> TaskData:
        """Read scikit-learn's copy and split it by one fixed permutation.

        Returns
        -------
        TaskData
            Pixels as uint8 in 0 .. 255, shape (rows, 8, 8).
        """
        from sklearn.datasets import load_digits

        images, y = load_digits(return_X_y=True)
        # The source counts ink in 0 .. 16.
        pixels = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
        return split(pixels, y.astype(np.int64))


def split(pixels: np.ndarray, y: np.ndarray) -> TaskData:
    """Split by the permutation that digits and permuted_digits share, so that their rows correspond."""
    order = generator(purpose="split", task="digits", version=1).permutation(len(y))
    pool, test = order[:N_POOL], order[N_POOL:]
    return TaskData(pixels[pool], y[pool], pixels[test], y[test])
