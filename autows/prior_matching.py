"""Class offsets that make predicted class shares equal to given ones."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

SAFE_RANGE = 50.0
"""Offsets that have moved by less than this since the last rescaling neither overflow nor vanish."""
TOLERANCE = 1e-9


def match_prior(
    log_P: NDArray[np.floating], prior: NDArray[np.floating], n_iter: int = 30
) -> NDArray[np.float64]:
    """Find offsets b for which the mean over rows of ``softmax(log_P + b)`` is the prior.

    Parameters
    ----------
    log_P : (N, K) float array
        Log-probabilities, or scores of any other origin: a constant added to a row changes nothing.
        Finite; clip probabilities away from 0 before taking logarithms.
    prior : (K,) float array
        Class shares, summing to 1. A class of share 0 gets the offset minus infinity.
    n_iter : int, default 30
        Most fixed-point steps; fewer are taken once all shares are met to a relative 1e-9.

    Returns
    -------
    (K,) float64 array
        Offsets to add to each row of ``log_P``, in new rows too; those that are finite sum to 0.

    Raises
    ------
    ValueError
        If shapes do not fit, a score is not finite, or the prior is no distribution.

    Notes
    -----
    A step is ``b_k += log prior_k - log mean_i softmax(log_P_i + b)_k``. It is one sweep of Sinkhorn's
    algorithm for the transport plan of rows to classes with marginals 1/N and ``prior``, cost
    ``-log_P`` and an entropy term of weight 1; b are the dual variables of the classes, and dropping
    the entropy leads to the linear program of the paper. Scores of which the rows are almost
    certain take more steps than 30; what is then returned is on the way.

    With ``A = exp(log_P)`` and ``u = exp(b)`` the shares are ``u * A'(1 / (A u)) / N``: two products of
    a matrix and a vector a step, O(N K n_iter) with a single pass of exponentials, one more
    whenever b has moved far. Memory is one float64 copy of ``log_P``.

    References
    ----------
    C. Shin, J. Zhao, S. Cromp, H. Vishwakarma and F. Sala (2024), OTTER: effortless label
    distribution adaptation of zero-shot models, NeurIPS. M. Cuturi (2013), Sinkhorn distances:
    lightspeed computation of optimal transport, NeurIPS.

    Examples
    --------
    >>> P = np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3]])
    >>> b = match_prior(np.log(P), np.array([0.5, 0.5]))
    >>> Q = P * np.exp(b)
    >>> (Q / Q.sum(axis=1, keepdims=True)).mean(axis=0).round(6)
    array([0.5, 0.5])
    """
    log_P = np.asarray(log_P)
    shares: NDArray[np.float64] = np.asarray(prior, dtype=np.float64)
    _check(log_P, shares, n_iter)
    b = np.full(len(shares), -np.inf)
    present = np.flatnonzero(shares > 0)
    scores = log_P if len(present) == len(shares) else log_P[:, present]
    b[present] = _sinkhorn(scores, shares[present], n_iter)
    return b


def _sinkhorn(log_P: NDArray[np.floating], prior: NDArray[np.float64], n_iter: int) -> NDArray[np.float64]:
    rows = len(log_P)
    b, moved = np.zeros(len(prior)), np.zeros(len(prior))
    A = _rescaled(log_P, b)
    for _ in range(n_iter):
        if np.ptp(moved) > SAFE_RANGE:
            moved[:] = 0.0
            A = _rescaled(log_P, b)
        u = np.exp(moved)
        shares = u * ((1.0 / (A @ u)) @ A) / rows
        if np.all(np.abs(shares - prior) <= TOLERANCE * prior):
            break
        # A share that has underflowed is raised by what a float64 can tell, and again in the next step.
        step = np.log(prior) - np.log(np.maximum(shares, np.finfo(np.float64).tiny))
        step -= step.mean()
        b += step
        moved += step
    return b - b.mean()


def _rescaled(log_P: NDArray[np.floating], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``exp(log_P + b)``, each row divided by its largest entry."""
    A: NDArray[np.float64] = log_P + b
    # A maximum along short rows is several times slower than K maxima of columns.
    A -= reduce(np.maximum, A.T)[:, None]
    return np.exp(A, out=A)


def _check(log_P: NDArray[np.floating], prior: NDArray[np.float64], n_iter: int) -> None:
    if log_P.ndim != 2 or len(log_P) == 0 or prior.shape != log_P.shape[1:]:
        raise ValueError(
            f"log_P has shape {log_P.shape} and the prior {prior.shape}; expected (N, K), N > 0, and (K,)"
        )
    if not np.all(np.isfinite(log_P)):
        raise ValueError("log_P has NaN or infinity; clip probabilities away from 0 before the logarithm")
    if not np.all(prior >= 0) or abs(prior.sum() - 1) > 1e-6:
        raise ValueError(f"prior is {prior}; expected non-negative shares that sum to 1")
    if n_iter < 1:
        raise ValueError(f"n_iter is {n_iter}; expected at least 1")
