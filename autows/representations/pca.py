"""Principal components of the raw representation."""

from __future__ import annotations

import numpy as np

from autows import task
from autows.representation import Representation
from autows.representations.raw import Raw
from autows.types import Matrix

ROWS_FOR_FIT = 50_000


class PCA(Representation):
    """Leading principal components, fitted on the pool, on one common scale.

    The components keep their relative variances: dividing each by its own standard deviation
    (whitening) would give noise directions the weight of the signal. One global factor brings the
    mean square of the pool's entries to 1. Sparse rows (texts) are not centred: truncated singular
    value decomposition, as in latent semantic analysis.

    Parameters
    ----------
    n_components : int, default 100
        How many components to keep; at most the number of features or of pool rows.

    Notes
    -----
    Fitted on at most 50,000 evenly spaced pool rows.

    References
    ----------
    I. T. Jolliffe (2002), Principal Component Analysis, 2nd ed., Springer.
    """

    name = "pca"
    modalities = Raw.modalities

    def __init__(self, n_components: int = 100) -> None:
        self.n_components = n_components

    def validate(self) -> None:
        """Check that the parameters are positive."""
        self.require_positive()

    def fit(self, X_pool: task.Raw, modality: str) -> None:
        """Find the components and the common scale.

        Raises
        ------
        ValueError
            If ``n_components`` is not positive.
        """
        self.validate()
        self.raw_ = Raw()
        self.raw_.fit(X_pool, modality)
        step = -(-X_pool.shape[0] // ROWS_FOR_FIT)
        sample = self.raw_.encode(X_pool[::step], modality)
        kept = min(self.n_components, *sample.shape)
        if hasattr(sample, "indptr"):
            from sklearn.decomposition import TruncatedSVD

            # Its solver wants fewer components than columns.
            kept = min(kept, sample.shape[1] - 1)
            self.model_ = TruncatedSVD(kept, n_iter=10, random_state=0)
        else:
            from sklearn.decomposition import PCA as ScikitPCA

            self.model_ = ScikitPCA(kept, svd_solver=_solver(*sample.shape), random_state=0)
        Z = self.model_.fit_transform(sample)
        scale = np.sqrt(np.mean(np.square(Z, dtype=np.float64)))
        self.factor_ = np.float32(1.0 / scale if scale > 0 else 1.0)

    def encode(self, X: task.Raw, modality: str) -> Matrix:
        """Project onto the components and bring to the common scale."""
        Z = self.model_.transform(self.raw_.encode(X, modality))
        return Z.astype(np.float32) * self.factor_


def _solver(rows: int, d: int) -> str:
    # Exact wherever that is affordable, so that permuting the features changes nothing.
    if d <= rows and d <= 5000:
        return "covariance_eigh"
    return "full" if rows <= 5000 else "randomized"
