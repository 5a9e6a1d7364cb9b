"""Tables of what labeling functions do in each class: where they come from, what weights they make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import Seeds
from autows.label_models._onehot import VoteBlocks

ASSUMED_PRECISION = 0.7
"""How often a vote is taken to be right where nothing is known, as in MeTaL."""


def outcome_shares(total: NDArray[np.float64], n_rows: float, n_classes: int) -> NDArray[np.float64]:
    """Return what each labeling function does overall, with half a pseudo-count an outcome.

    Abstaining is one of the K + 1 outcomes, so the K shares of votes, (m, K), sum to less than 1.
    """
    return (total.reshape(-1, n_classes) + 0.5) / (n_rows + 0.5 * (n_classes + 1))


def smoothed_table(
    counts: NDArray[np.float64], mass: NDArray[np.float64], marginal: NDArray[np.float64], smoothing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the chances of each vote, (m, K votes, K classes), and of abstaining, (m, K classes).

    Counts of shape (m, K votes, K classes) among ``mass`` rows of each class are joined by
    ``smoothing`` rows a class that do what the labeling function does overall, ``marginal`` (m, K).
    """
    share = (counts + smoothing * marginal[:, :, None]) / (mass + smoothing)
    silence = 1 - marginal.sum(axis=1, keepdims=True)
    # Where all rows vote the difference is rounding error of either sign.
    silent = (np.maximum(mass - counts.sum(axis=1), 0.0) + smoothing * silence) / (mass + smoothing)
    return share, silent


def starting_table(
    votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the table that the seeds suggest, or votes of precision 0.7 without them.

    Shapes are those of :func:`smoothed_table`. A vote l of overall share p then has chance
    ``0.7 p / prior_l`` in class l and ``0.3 p / (1 - prior_l)`` in every other.
    """
    K = votes.n_classes
    marginal = outcome_shares(votes.totals, votes.n_rows, K)
    if seeds is not None:
        counts = seeds.vote_counts().reshape(-1, K, K)
        return smoothed_table(counts, seeds.class_counts().astype(np.float64), marginal, float(K))
    tiny = np.finfo(np.float64).tiny
    right = ASSUMED_PRECISION / np.maximum(prior, tiny)
    wrong = (1 - ASSUMED_PRECISION) / np.maximum(1 - prior, tiny)
    factor = np.where(np.eye(K, dtype=bool), right[:, None], wrong[:, None])
    share = np.minimum(marginal[:, :, None] * factor, 1.0)
    return share, np.maximum(1 - share.sum(axis=1), 0.0)


def naive_bayes_weights(
    share: NDArray[np.float64], silent: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log-likelihood weights of votes, (m K, K), and of abstaining throughout, (K,).

    Without ``silent`` an abstention says nothing.
    """
    K = share.shape[-1]
    if silent is None:
        return np.log(share).reshape(-1, K), np.zeros(K)
    quiet = np.log(silent)
    return (np.log(share) - quiet[:, None, :]).reshape(-1, K), quiet.sum(axis=0)
