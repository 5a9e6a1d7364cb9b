"""Label spreading over a locally scaled nearest-neighbour graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.neighbors import local_affinity, nearest_neighbors, stack_nodes
from autows.priors import shrunken_prior
from autows.types import Labels, TaskView

if TYPE_CHECKING:
    import scipy.sparse


class LabelSpreading(Method):
    """Spread the seed labels along a nearest-neighbour graph over seeds, pool and test rows.

    Solves ``F = (1 - a) (I - a S)^-1 Y`` with ``S = D^-1/2 W D^-1/2``, the columns of Y divided by
    their seed counts and the columns of F rescaled so that the predicted class mass is the
    empirical-Bayes prior of the seeds (class-mass normalisation). Rows that no seed reaches abstain.

    Parameters
    ----------
    n_neighbors : int, default 10
        Neighbours a row.
    alpha : float, default 0.99
        How far labels spread, in (0, 1).
    max_dims : int, default 100
        Neighbours are sought in this many principal components where there are more features.

    References
    ----------
    D. Zhou, O. Bousquet, T. Lal, J. Weston and B. Schölkopf (2004), Learning with local and global
    consistency, NeurIPS. X. Zhu, Z. Ghahramani and J. Lafferty (2003), Semi-supervised learning
    using Gaussian fields and harmonic functions, ICML, section 4 (class-mass normalisation).
    """

    name = "label_spreading"
    family = "baseline"

    def __init__(self, n_neighbors: int = 10, alpha: float = 0.99, max_dims: int = 100) -> None:
        self.n_neighbors = n_neighbors
        self.alpha = alpha
        self.max_dims = max_dims

    def validate(self) -> None:
        """Check that alpha is in (0, 1) and that the whole numbers are positive."""
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha is {self.alpha}; expected a number in (0, 1)")
        self.require_positive("n_neighbors", "max_dims")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Build the graph, solve one sparse linear system a class, normalise.

        Raises
        ------
        ValueError
            If ``alpha`` is not in (0, 1), or ``n_neighbors`` or ``max_dims`` is not positive.
        """
        self.validate()
        nodes, seeds = stack_nodes(view)
        k = min(self.n_neighbors, nodes.shape[0] - 1)
        W = local_affinity(*nearest_neighbors(nodes, k, self.max_dims))
        Y = np.zeros((nodes.shape[0], view.n_classes))
        Y[seeds, view.y_seed] = 1.0 / view.seed_counts[view.y_seed]
        F = spread(W, Y, self.alpha)
        P, covered = normalise_mass(F, shrunken_prior(view.seed_counts))
        n_pool, n_test = view.X_pool.shape[0], view.X_test.shape[0]
        test = slice(n_pool, n_pool + n_test)
        return Labels(
            pool=P[:n_pool],
            test=P[test],
            n_classes=view.n_classes,
            pool_covered=covered[:n_pool],
            test_covered=covered[test],
            info={"edges": int(W.nnz // 2)},
        )


def spread(W: scipy.sparse.csr_array, Y: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Solve ``(I - alpha S) F = (1 - alpha) Y`` by conjugate gradients.

    Parameters
    ----------
    W : (N, N) sparse, symmetric, non-negative
        Affinities; rows without an edge keep their own column of Y.
    Y : (N, K) float64
        Seed labels, one column a class.
    alpha : float
        In (0, 1).

    Returns
    -------
    (N, K) float64
        Non-negative; a row is zero where no seed is in its component, or none so near that its share
        is above the solver's tolerance of 1e-8.

    Raises
    ------
    RuntimeError
        If conjugate gradients do not converge, which a symmetric W does not let happen.

    Notes
    -----
    The matrix is symmetric with eigenvalues in [1 - alpha, 1 + alpha], so the number of steps is
    O(sqrt(1 / (1 - alpha))) whatever N; each costs O(edges).
    """
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import cg

    degree = np.asarray(W.sum(axis=1)).ravel()
    inverse = np.zeros_like(degree)
    np.divide(1.0, np.sqrt(degree), out=inverse, where=degree > 0)
    half = scipy.sparse.diags_array(inverse)
    S = (half @ W @ half).tocsr()
    A = (scipy.sparse.eye_array(W.shape[0], format="csr") - alpha * S).tocsr()
    F = np.zeros_like(Y)
    for k in np.flatnonzero(Y.any(axis=0)):
        F[:, k], failed = cg(A, (1 - alpha) * Y[:, k], rtol=1e-8, maxiter=2000)
        if failed:
            raise RuntimeError(f"conjugate gradients did not converge for class {k}")
    # The solver's tolerance is relative to the largest entries. One step of the fixed-point iteration
    # gives what its neighbours have to a row that hangs by thin edges and is below the tolerance.
    F = (1 - alpha) * Y + alpha * (S @ np.maximum(F, 0.0))
    _, component = connected_components(W, directed=False)
    reached = np.isin(component, component[Y.any(axis=1)])
    F[~reached] = 0.0
    return F


def normalise_mass(
    F: NDArray[np.float64], prior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Rescale columns to given class shares, then rows to sum to 1 (class-mass normalisation).

    Parameters
    ----------
    F : (N, K) float64
        Non-negative.
    prior : (K,) float64
        The shares that the columns of F are to have.

    Returns
    -------
    P : (N, K) float64
        The prior for a row of zeros.
    covered : (N,) bool
        False for a row of zeros.
    """
    mass = F.sum(axis=0)
    present = mass > 0
    scaled = F * np.divide(prior, mass, out=np.zeros_like(mass), where=present)
    total = scaled.sum(axis=1, keepdims=True)
    covered = total[:, 0] > 0
    fallback = np.broadcast_to(prior, F.shape)
    return np.divide(scaled, total, out=fallback.copy(), where=total > 0), covered
