"""Principal components of the raw representation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.representation import Representation
from autows.representations.raw import Raw


class PCA(Representation):
    """Leading principal components, fitted on the pool, on one common scale.

    The components keep their relative variances: dividing each by its own standard deviation
    (whitening) would give noise directions the weight of the signal. One global factor brings the
    mean square of the pool's entries to 1.

    Parameters
    ----------
    n_components : int, default 100
        How many components to keep; at most the number of features or of pool rows.

    References
    ----------
    I. T. Jolliffe (2002), Principal Component Analysis, 2nd ed., Springer.
    """

    name = "pca"
    modalities = Raw.modalities

    def __init__(self, n_components: int = 100) -> None:
        self.n_components = n_components

    def transform(
        self, X_pool: NDArray[Any], X_test: NDArray[Any], modality: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Fit on the pool and project both sides.

        Raises
        ------
        ValueError
            If ``n_components`` is not positive.
        """
        from sklearn.decomposition import PCA as ScikitPCA

        if self.n_components < 1:
            raise ValueError(f"pca: n_components is {self.n_components}; expected at least 1")
        pool, test = Raw().transform(X_pool, X_test, modality)
        kept = min(self.n_components, *pool.shape)
        solver = _solver(*pool.shape)
        model = ScikitPCA(n_components=kept, svd_solver=solver, random_state=0).fit(pool)
        Z_pool, Z_test = model.transform(pool), model.transform(test)
        scale = np.sqrt(np.mean(np.square(Z_pool, dtype=np.float64)))
        factor = np.float32(1.0 / scale if scale > 0 else 1.0)
        return Z_pool.astype(np.float32) * factor, Z_test.astype(np.float32) * factor


def _solver(rows: int, d: int) -> str:
    # Exact wherever that is affordable, so that permuting the features changes nothing.
    if d <= rows and d <= 5000:
        return "covariance_eigh"
    return "full" if rows <= 5000 else "randomized"
