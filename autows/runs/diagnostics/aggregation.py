"""The best that a linear label model could make of given votes: one trained with the truth of the pool."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import scalings
from autows.end_models.weak import fit_soft
from autows.label_models._onehot import VoteBlocks

C_GRID = (0.001, 0.01, 0.1, 1.0)
ROWS_TO_TUNE_ON = 10_000
HELD_OUT = 0.2


def best_aggregation(
    L: NDArray[np.int8],
    y: NDArray[np.integer],
    L_test: NDArray[np.int8],
    n_classes: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], float | None]:
    """Answer for test rows by logistic regression on the one-hot votes, trained on true labels.

    Every label model of this project is a softmax of scores that are linear in the one-hot votes, so this
    is, up to the regularisation and the finite pool, what the best of that form makes of these votes. A row
    without votes gets the class likeliest without votes.

    Parameters
    ----------
    L : (N, m) int8
        Votes on rows whose truth is known.
    y : (N,) int
        The truth.
    L_test : (M, m) int8
        Votes on test rows.
    n_classes : int
        The number of classes K.
    rng : numpy.random.Generator
        Chooses the rows for tuning.

    Returns
    -------
    answer : (M,) int64
    C : float or None
        The regularisation with the least log-loss on a fifth of at most 10,000 rows; ties go to the smaller.
        None where nobody ever votes.

    Notes
    -----
    O(votes K) for an iteration of L-BFGS on a sparse matrix; some hundreds of iterations.
    """
    X, X_test = _one_hot(L, n_classes), _one_hot(L_test, n_classes)
    used = np.flatnonzero(np.bincount(X.indices, minlength=X.shape[1]))
    if not len(used):
        return np.full(len(L_test), np.bincount(y, minlength=n_classes).argmax()), None
    X, X_test = X[:, used], X_test[:, used]
    Q = np.eye(n_classes, dtype=np.float32)[y]
    scaling = scalings(X)[0]
    sample = rng.permutation(len(y))[:ROWS_TO_TUNE_ON]
    held, rest = np.split(sample, [round(HELD_OUT * len(sample))])

    def fit(rows: Any, C: float) -> Any:
        return fit_soft(X[rows], Q[rows], np.ones(len(rows), dtype=np.float32), scaling, C)

    def held_out_loss(C: float) -> float:
        P = fit(rest, C).predict_proba(X[held])[np.arange(len(held)), y[held]]
        return float(-np.log(np.maximum(P, 1e-7)).mean())

    # With a handful of rows there is nothing to tune on.
    losses = [held_out_loss(C) for C in C_GRID] if len(held) else [0.0]
    C = C_GRID[int(np.argmin(losses))]
    return fit(np.arange(len(y)), C).predict_proba(X_test).argmax(axis=1), C


def _one_hot(L: NDArray[np.int8], n_classes: int) -> Any:
    """Return votes as a float32 CSR matrix with a column for each labeling function and class."""
    import scipy.sparse

    blocks = [block.V.astype(np.float32) for block in VoteBlocks(L, n_classes, kept_bytes=0)]
    if not blocks:
        return scipy.sparse.csr_array((0, L.shape[1] * n_classes), dtype=np.float32)
    return scipy.sparse.vstack(blocks, format="csr")
