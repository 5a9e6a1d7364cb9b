"""Breast tumours, malignant or benign, from measurements of cell nuclei; as scikit-learn ships them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autows.draws import generator
from autows.task import Task, TaskCard, TaskData
from tasks._sklearn_data import sklearn_data

N_POOL, N_TEST = 369, 200


class BreastCancer(Task):
    """569 tumours described by 30 numbers each; needs no network."""

    card = TaskCard(
        id="breast_cancer",
        version=1,
        title="Breast tumours, 30 measurements of cell nuclei",
        modality="tabular",
        class_names=("malignant", "benign"),
        n_pool=N_POOL,
        n_test=N_TEST,
        source="sklearn.datasets.load_breast_cancer (UCI's 'Breast Cancer Wisconsin (Diagnostic)')",
        licence="CC BY 4.0",
        citation="W. Wolberg, O. Mangasarian, N. Street and W. Street (1993), Breast Cancer Wisconsin "
        "(Diagnostic), UCI Machine Learning Repository, doi:10.24432/C5DW2B",
        suites=("quick",),
        fingerprint="aefa5f6328da39e4b9a01719a0ab277a06efa14873d5799498547cd10a168a29",
    )

    def truth_paths(self) -> tuple[Path, ...]:
        """Return scikit-learn's folder of data sets."""
        return sklearn_data()

    def read(self) -> TaskData:
        """Read scikit-learn's copy and split it by one fixed permutation; float64, shape (rows, 30)."""
        from sklearn.datasets import load_breast_cancer

        X, y = load_breast_cancer(return_X_y=True)
        order = generator(purpose="split", task=self.card.id, version=self.card.version).permutation(len(y))
        pool, test = order[:N_POOL], order[N_POOL:]
        y = y.astype(np.int64)
        return TaskData(X[pool], y[pool], X[test], y[test])
