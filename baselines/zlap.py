"""ZLaP: labels of class texts and of seeds propagated over one graph of texts and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.method import Method
from autows.neighbors import stack_nodes
from autows.priors import shrunken_prior
from autows.types import Labels, TaskView
from baselines._embeddings import unit_rows
from baselines._transduction import cosine_graph, first_of_the_best, seed_log_loss
from baselines.label_spreading import normalise_mass, spread

if TYPE_CHECKING:
    import scipy.sparse

SEED_SHARES = (0.5, 0.0, 0.1, 0.25, 0.75, 0.9, 1.0)
POWERS = (1.0, 0.5, 2.0, 3.0, 5.0, 8.0)
ALPHAS = (0.9, 0.3)
"""The second is the paper's, where labels are at texts only, to which every row is tied."""
COLUMNS_AT_ONCE = 64


class ZLaP(Method):
    """Propagate labels from class texts and seeds over a graph of texts, pool and test rows.

    Each row is tied to its most similar rows, with the cosine as weight, and to its most similar
    texts, with the cosine to the power gamma. ``(I - alpha S) F = (1 - alpha) Y`` with
    ``S = D^-1/2 W D^-1/2`` is solved twice: for labels at the text nodes, and for labels at the seeds.
    Columns of either are given the seeds' empirical-Bayes shares as mass, the two are mixed, and rows of
    the mixture raised to a power. A class without a seed has its text alone. Rows that nothing reaches
    abstain.

    Parameters
    ----------
    n_neighbors : int, default 5
        Rows, and texts, that a row is tied to.
    gamma : float, default 5.0
        Power of the cosines of rows and texts; they are smaller than those of rows, and closer together.
    alpha : float, optional
        How far labels spread, in (0, 1). By default 0.9 or, as in the paper, 0.3.

    Notes
    -----
    Alpha, the share of the seeds in the mixture and the power have the least log-loss of the seeds,
    each without its own label and its group's. This needs what every seed sends to every other, one linear
    system a seed, and no further fit: F is linear in the labels.

    Of the paper this is the transductive form; seeds, mass and power are additions. Left out are the
    inductive forms and learned proxies of the texts. O((n + K) edges sqrt(1 / (1 - alpha))).

    References
    ----------
    V. Stojnić, Y. Kalantidis and G. Tolias (2024), Label propagation for zero-shot classification with
    vision-language models, CVPR.
    """

    name = "zlap"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, n_neighbors: int = 5, gamma: float = 5.0, alpha: float | None = None) -> None:
        self.n_neighbors = n_neighbors
        self.gamma = gamma
        self.alpha = alpha

    def validate(self) -> None:
        """Check that alpha is in (0, 1), and that gamma and the number of neighbours are positive."""
        if self.alpha is not None and not 0 < self.alpha < 1:
            raise ValueError(f"alpha is {self.alpha}; expected a number in (0, 1)")
        if self.gamma <= 0:
            raise ValueError(f"gamma is {self.gamma}; expected a positive number")
        self.require_positive("n_neighbors")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Build the graph, choose share and power on the seeds, propagate.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self.validate()
        texts, K = view.class_embeddings, view.n_classes
        assert texts is not None
        nodes, seeds = stack_nodes(view)
        N = nodes.shape[0]
        W = text_image_graph(
            cosine_graph(nodes, min(self.n_neighbors, N - 1)),
            unit_rows(nodes),
            texts,
            self.n_neighbors,
            self.gamma,
        )
        y, prior = np.asarray(view.y_seed), shrunken_prior(view.seed_counts)
        sources = np.concatenate([seeds, N + np.arange(K)])
        groups = np.arange(len(y)) if view.groups_seed is None else np.asarray(view.groups_seed)
        losses, masses = {}, {}
        for alpha in ALPHAS if self.alpha is None else (self.alpha,):
            sent, masses[alpha] = what_sources_send(W, sources, seeds, N, alpha)
            for setting, loss in mixture_losses(sent, masses[alpha], y, groups, prior).items():
                losses[alpha, *setting] = loss
        (alpha, share, power), loss = first_of_the_best(losses)

        # The same mixture as that of the seeds, for all rows at once.
        mass = masses[alpha]
        Y = np.zeros((N + K, K))
        seed_mass = np.bincount(y, weights=mass[: len(y)], minlength=K)
        text_share = np.where(seed_mass > 0, 1 - share, 1.0)
        Y[N + np.arange(K), np.arange(K)] = text_share * _inverse(mass[len(y) :])
        Y[seeds, y] = share * _inverse(seed_mass)[y]
        F, covered = normalise_mass(spread(W, Y, alpha)[:N], prior)
        P = sharpened(F, power)
        n_pool, n_test = view.X_pool.shape[0], view.X_test.shape[0]
        test = slice(n_pool, n_pool + n_test)
        return Labels(
            pool=P[:n_pool],
            test=P[test],
            n_classes=K,
            pool_covered=covered[:n_pool],
            test_covered=covered[test],
            info={"alpha": alpha, "seed_share": share, "power": power, "log_loss": round(loss, 6)},
        )


def text_image_graph(
    images: scipy.sparse.csr_array,
    X: NDArray[np.float32],
    texts: NDArray[np.float32],
    n_neighbors: int,
    gamma: float,
) -> scipy.sparse.csr_array:
    """Return the graph of N rows and, after them, K texts.

    Parameters
    ----------
    images : (N, N) CSR array
        Directed edges among rows.
    X : (N, d) float32
        Rows of length 1.
    texts : (K, d) float32
        Of length 1.
    n_neighbors : int
        Texts that a row is tied to; all if there are fewer.
    gamma : float

    Returns
    -------
    (N + K, N + K) CSR array of float64
        Symmetric: an edge found from both ends has the sum of both weights. No edges among texts.
    """
    import scipy.sparse

    N, K = len(X), len(texts)
    k = min(n_neighbors, K)
    nearest, weight = np.empty((N, k), dtype=np.int64), np.empty((N, k))
    for rows in blocks(N):
        cosines = X[rows] @ texts.T
        nearest[rows] = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        weight[rows] = np.maximum(np.take_along_axis(cosines, nearest[rows], axis=1), 0.0)
    to_texts = scipy.sparse.csr_array(
        ((weight**gamma).ravel(), nearest.ravel(), np.arange(N + 1) * k), shape=(N, K)
    )
    # Texts are sorted within a row by cosine, and sums want them by number.
    to_texts.sort_indices()
    within = (images + images.T).astype(np.float64)
    W = scipy.sparse.block_array([[within, to_texts], [to_texts.T, None]], format="csr")
    W.eliminate_zeros()
    return W


def what_sources_send(
    W: scipy.sparse.csr_array,
    sources: NDArray[np.int64],
    seeds: NDArray[np.int64],
    n_rows: int,
    alpha: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a unit label at each source gives each seed, and all rows together.

    Parameters
    ----------
    W : (nodes, nodes) CSR array
    sources : (S,) int
        Nodes.
    seeds : (n,) int
        Nodes.
    n_rows : int
        How many of the nodes, from the first, are rows.
    alpha : float

    Returns
    -------
    sent : (n, S) float64
    mass : (S,) float64
    """
    sent, mass = np.empty((len(seeds), len(sources))), np.empty(len(sources))
    for start in range(0, len(sources), COLUMNS_AT_ONCE):
        part = sources[start : start + COLUMNS_AT_ONCE]
        Y = np.zeros((W.shape[0], len(part)))
        Y[part, np.arange(len(part))] = 1.0
        F = spread(W, Y, alpha)
        columns = slice(start, start + len(part))
        sent[:, columns], mass[columns] = F[seeds], F[:n_rows].sum(axis=0)
    return sent, mass


def mixture_losses(
    sent: NDArray[np.float64],
    mass: NDArray[np.float64],
    y: NDArray[np.integer],
    groups: NDArray[np.integer],
    prior: NDArray[np.float64],
) -> dict[tuple[float, float], float]:
    """Return, for each share of the seeds and power, the log-loss of seeds left out one group at a time.

    Parameters
    ----------
    sent, mass : (n, n + K) and (n + K,) float64
        As :func:`what_sources_send` returns them, of the seeds, then of the texts.
    y, groups : (n,) int
    prior : (K,) float64
    """
    n, K = len(y), len(prior)
    onehot = np.eye(K)[y]
    apart = (groups[:, None] != groups[None]).astype(np.float64)
    from_texts = sent[:, n:] * _inverse(mass[n:])
    # What is left of each class's mass when a seed's own group is taken out.
    left = apart @ (mass[:n, None] * onehot)
    from_seeds = (sent[:, :n] * apart) @ onehot * _inverse(left)
    losses = {}
    for share in SEED_SHARES:
        text_share = np.where(left > 0, 1 - share, 1.0)
        there = text_share * (mass[n:] > 0) + share * (left > 0)
        F = (text_share * from_texts + share * from_seeds) * _inverse(there) * prior
        total = F.sum(axis=1, keepdims=True)
        P = np.where(total > 0, F * _inverse(total), prior)
        for power in POWERS:
            losses[share, power] = seed_log_loss(sharpened(P, power), y)
    return losses


def sharpened(P: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return rows raised to a power, summing to 1."""
    Q = (P / P.max(axis=1, keepdims=True)) ** power
    return Q / Q.sum(axis=1, keepdims=True)


def _inverse(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(1.0, values, out=np.zeros_like(values, dtype=np.float64), where=values > 0)
