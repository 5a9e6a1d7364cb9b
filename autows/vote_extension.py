"""Votes carried over to similar rows: labeling functions that abstain ask the nearest row they vote on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autows.lf_search import choose_betas
from autows.neighbors import nearest_neighbors, stack_nodes
from autows.types import ABSTAIN, Matrix, TaskView
from autows.voting import Votes

N_NEIGHBORS = 10
MAX_DIMS = 100
"""Both as label spreading has them by default, whose graph this is."""
QUANTILES = np.linspace(0.0, 0.9, 10)
ROWS_AT_ONCE = 512
"""So few that a block of votes stays in the processor's cache: three times quicker than 8,192."""


def extend_votes(view: TaskView, votes: Votes) -> Votes:
    """Let labeling functions vote on rows that resemble rows they vote on.

    One that abstains on a row takes its vote on the most similar (by cosine) of the row's nearest
    neighbours on which it votes, if that cosine is at least the labeling function's threshold. Only
    votes on pool rows are passed on, and none is passed on twice.

    Parameters
    ----------
    view : TaskView
        Features, seeds and where these lie.
    votes : Votes
        Of m labeling functions.

    Returns
    -------
    Votes
        Votes that were there stay. Each description gains ``extended_above``, the threshold or None;
        ``info`` gains ``extended_lfs``, how many have one.

    Notes
    -----
    Neighbours are the 10 nearest by Euclidean distance among pool and test rows (and seeds that are
    not pool rows). A threshold is one of ten quantiles of the cosines between neighbours, or none. It is
    the one that gives the seeds' votes the best F-score (see :func:`autows.lf_search.choose_betas`)
    after extension, the smallest if several do, and none unless that score is better than without.

    The seeds' out-of-fold votes are extended likewise, but from pool rows that are no seeds. Those
    votes are of models that saw every seed, so the score is slightly too kind to extension.

    Beyond the graph O(N k (d + m)) time for N rows and k neighbours, O(N m) memory.

    Of the method in the reference this is the extension of votes, for any number of classes and with
    thresholds that are learned. Left out are the parameters of the label model for each cluster of
    rows, and rows beyond the nearest neighbours as sources of votes.

    References
    ----------
    M. Chen, D. Fu, D. Adila, M. Zhang, F. Sala, K. Fatahalian and C. Ré (2022), Shoring up the
    foundations: fusing model embeddings and weak supervision, UAI.
    """
    if votes.pool.shape[1] == 0:
        return replace(votes, info={**votes.info, "extended_lfs": 0})
    n_pool, n_test = view.X_pool.shape[0], view.X_test.shape[0]
    nodes, seeds = stack_nodes(view)
    neighbors: NDArray[np.signedinteger]
    _, neighbors = nearest_neighbors(nodes, min(N_NEIGHBORS, nodes.shape[0] - 1), MAX_DIMS)
    cosines = edge_cosines(nodes, neighbors)
    grid = np.unique(np.quantile(cosines, QUANTILES).astype(np.float32))
    source = np.arange(nodes.shape[0]) < n_pool
    cosines, neighbors = sources_first(cosines, neighbors, source)
    source[seeds] = False
    seed_edges = sources_first(cosines[seeds], neighbors[seeds], source)
    thresholds = choose_thresholds(view, votes, *seed_edges, grid)

    test = slice(n_pool, n_pool + n_test)
    # Methods need not describe their labeling functions.
    lfs = tuple(
        {**lf, "extended_above": round(float(t), 6) if np.isfinite(t) else None}
        for lf, t in zip(votes.lfs, thresholds, strict=bool(votes.lfs))
    )
    return replace(
        votes,
        pool=extended(votes.pool, votes.pool, cosines[:n_pool], neighbors[:n_pool], thresholds),
        test=extended(votes.test, votes.pool, cosines[test], neighbors[test], thresholds),
        seeds=extended(votes.seeds, votes.pool, *seed_edges, thresholds),
        lfs=lfs,
        info={**votes.info, "extended_lfs": int(np.isfinite(thresholds).sum())},
    )


def edge_cosines(X: Matrix, neighbors: NDArray[np.signedinteger]) -> NDArray[np.float32]:
    """Return the cosine of each row and each of its neighbours, shape (N, k); 0 for rows of zeros."""
    dense = not hasattr(X, "indptr")
    squares = np.einsum("ij,ij->i", X, X) if dense else np.asarray(X.power(2).sum(axis=1)).ravel()
    length = np.sqrt(squares, dtype=np.float64)
    length[length == 0] = np.inf
    cosines = np.empty(neighbors.shape, dtype=np.float32)
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        for rank, others in enumerate(neighbors[rows].T):
            if dense:
                products = np.einsum("ij,ij->i", X[rows], X[others])
            else:
                products = np.asarray(X[rows].multiply(X[others]).sum(axis=1)).ravel()
            cosines[rows, rank] = products / (length[rows] * length[others])
    return np.clip(cosines, -1.0, 1.0)


def sources_first(
    cosines: NDArray[np.float32], neighbors: NDArray[np.signedinteger], source: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.signedinteger]]:
    """Sort each row's neighbours by falling cosine; those that are no source come last.

    Parameters
    ----------
    cosines, neighbors : (rows, k) arrays
    source : (N,) bool
        The rows whose votes may be passed on.

    Returns
    -------
    cosines : (rows, k) float32
        Minus infinity for what is no source. Of equal ones the nearer neighbour comes first.
    neighbors : (rows, k) int
        0 for what is no source.
    """
    good = source[neighbors]
    cosines = np.where(good, cosines, np.float32(-np.inf))
    order = np.argsort(-cosines, axis=1, kind="stable")
    neighbors = np.where(good, neighbors, 0)
    return np.take_along_axis(cosines, order, axis=1), np.take_along_axis(neighbors, order, axis=1)


def choose_thresholds(
    view: TaskView,
    votes: Votes,
    cosines: NDArray[np.float32],
    neighbors: NDArray[np.signedinteger],
    grid: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the least cosine at which each labeling function is extended; infinite for never.

    Parameters
    ----------
    view : TaskView
    votes : Votes
    cosines, neighbors : (n, k) arrays
        Of the seeds, as :func:`sources_first` returns them.
    grid : (B,) float32
        Ascending thresholds to choose from.

    Returns
    -------
    (m,) float64
    """
    label = votes.seeds.copy()
    strength = np.where(label != ABSTAIN, np.float32(np.inf), np.float32(-np.inf))
    for cosine, others in zip(cosines.T, neighbors.T, strict=True):
        theirs = votes.pool[others]
        fill = (label == ABSTAIN) & (theirs != ABSTAIN) & np.isfinite(cosine)[:, None]
        strength = np.where(fill, cosine[:, None], strength)
        label = np.where(fill, theirs, label)
    judged = label, strength, np.asarray(view.y_seed, dtype=np.int64), view.n_classes
    alone, _, _ = choose_betas(*judged, np.array([np.inf]))
    score, threshold, _ = choose_betas(*judged, grid.astype(np.float64))
    return np.where(score > alone, threshold, np.inf)


def extended(
    own: NDArray[np.int8],
    pool: NDArray[np.int8],
    cosines: NDArray[np.float32],
    neighbors: NDArray[np.signedinteger],
    thresholds: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Return votes with abstentions filled from the most similar pool row that has a vote.

    Parameters
    ----------
    own : (rows, m) int8
        Votes to extend.
    pool : (N, m) int8
        Votes to take from.
    cosines, neighbors : (rows, k) arrays
        As :func:`sources_first` returns them.
    thresholds : (m,) float64
        Least cosine; infinite for never.
    """
    out = own.copy()
    columns = np.flatnonzero(np.isfinite(thresholds))
    source, least = np.ascontiguousarray(pool[:, columns]), thresholds[columns].astype(np.float32)
    for start in range(0, len(own), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        mine = out[rows][:, columns]
        # Cosines fall: the first neighbour with a vote is the most similar, and if it is below the
        # threshold so are all that follow.
        for cosine, others in zip(cosines[rows].T, neighbors[rows].T, strict=True):
            open_to = (mine == ABSTAIN) & (cosine[:, None] >= least)
            mine = np.where(open_to, source.take(others, axis=0), mine)
        out[rows, columns] = mine
    return out
