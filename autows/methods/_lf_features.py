"""What labeling functions look like to a model of their usefulness: by the rows that they vote on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def vote_features(
    covers: NDArray[np.bool_], label: NDArray[np.integer], n_classes: int, n_components: int
) -> NDArray[np.float64]:
    """Return one unit row for each labeling function, near to those that vote alike.

    Parameters
    ----------
    covers : (rows, C) bool
        Which unlabeled rows each labeling function votes on; none of them all or no rows.
    label : (C,) int
        The class that each votes for.
    n_classes : int
    n_components : int
        Most columns of the result.

    Returns
    -------
    (C, min(n_components, C)) float64
        Inner products approximate the similarities of :func:`vote_similarity`.

    Notes
    -----
    A truncated singular value decomposition of the votes, by way of the C x C matrix of
    similarities: O(C^2 rows) in one matrix product and O(C^2 components) for the eigenvectors.
    """
    from scipy.sparse.linalg import eigsh

    similarity = vote_similarity(covers, label, n_classes)
    C = len(similarity)
    if n_components > C // 2:
        values, vectors = np.linalg.eigh(similarity)
        values, vectors = values[-n_components:], vectors[:, -n_components:]
    else:
        values, vectors = eigsh(similarity, k=n_components, v0=np.cos(np.arange(C)))
    tau = vectors * np.sqrt(np.maximum(values, 0.0))
    length = np.linalg.norm(tau, axis=1, keepdims=True)
    return np.asarray(tau / np.maximum(length, 1e-12))


def vote_similarity(
    covers: NDArray[np.bool_], label: NDArray[np.integer], n_classes: int
) -> NDArray[np.float64]:
    """Return the correlation of votes of every two labeling functions, shape (C, C).

    A vote for class k is the vector ``e_k - 1 / K``, an abstention is 0, and what a labeling function
    votes on average is taken out. Then chance overlap of two that both cover much counts for
    nothing, the same votes give 1, the same rows with another class give ``-1 / (K - 1)``, and with
    two classes a rule and its reverse for the other class give 1.
    """
    V = covers.T.astype(np.float32)
    # Counts of common rows are exact in float32 up to 2^24 rows.
    common = (V @ V.T).astype(np.float64)
    size = common.diagonal().copy()
    common -= np.outer(size, size) / len(covers)
    common *= (label[:, None] == label) - 1.0 / n_classes
    scale = np.sqrt(common.diagonal())
    return np.asarray(common / scale / scale[:, None])
