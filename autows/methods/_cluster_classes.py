"""Which class a cluster is, told by a few seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def classes_of_clusters(
    R_seed: NDArray[np.float64],
    y_seed: NDArray[np.integer],
    prior: NDArray[np.float64],
    cluster_shares: NDArray[np.float64],
    smoothing: float = 1.0,
) -> NDArray[np.float64]:
    """Return P(class | cluster), one-hot where each class can have a cluster of its own.

    The seeds are counted by cluster and class, in parts where responsibilities are soft, and smoothed as
    if ``smoothing`` more seeds had been seen with cluster and class independent of each other. Each class
    with seeds is given one cluster so that the sum of the counts is the largest possible. With more
    clusters than classes, a cluster that is left over keeps its smoothed shares of classes; with more
    than one cluster a class on purpose (``len(cluster_shares) > len(prior)``) all do.

    Parameters
    ----------
    R_seed : (n, C) float64 array
        Responsibilities of the clusters for the seeds.
    y_seed : (n,) int array
        Classes of the seeds, in ``0 .. K - 1``.
    prior : (K,) float64 array
        Shares of the classes; 0 for a class without seeds, which is then given no cluster.
    cluster_shares : (C,) float64 array
        Shares of the clusters among all rows. They decide between clusters with the same seeds, or none.
    smoothing : float, default 1.0
        Positive.

    Returns
    -------
    (C, K) float64 array
        Rows sum to 1.

    Notes
    -----
    O(n C K + C^2 K). The assignment is the linear sum assignment problem.

    Examples
    --------
    >>> R_seed, shares = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), np.array([0.5, 0.5])
    >>> classes_of_clusters(R_seed, np.array([0, 0, 1]), np.array([0.6, 0.4]), shares)
    array([[0., 1.],
           [1., 0.]])
    """
    from scipy.optimize import linear_sum_assignment

    C, K = len(cluster_shares), len(prior)
    counts = R_seed.T @ np.eye(K)[y_seed] + smoothing * np.outer(cluster_shares, prior)
    mass = counts.sum(axis=1, keepdims=True)
    table = np.where(mass > 0, counts / np.where(mass > 0, mass, 1.0), prior)
    if C > K:
        return table
    seen = np.flatnonzero(prior)
    clusters, position = linear_sum_assignment(counts[:, seen], maximize=True)
    table[clusters] = np.eye(K)[seen[position]]
    return table
