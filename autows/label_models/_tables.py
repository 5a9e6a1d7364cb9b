"""Tables of what labeling functions do in each class: where they come from, what weights they make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import Seeds
from autows.label_models._onehot import VoteBlocks

ASSUMED_ODDS = 8.0
"""Where nothing is known, a vote is so many times likelier in its own class than in another."""
USUAL_SHARE = 0.3
"""A labeling function whose votes are each cast more rarely is smoothed by more rows."""


def outcome_shares(total: NDArray[np.float64], n_rows: float, n_classes: int) -> NDArray[np.float64]:
    """Return what each labeling function does overall, with half a pseudo-count an outcome.

    Abstaining is one of the K + 1 outcomes, so the K shares of votes, (m, K), sum to less than 1.
    """
    return (total.reshape(-1, n_classes) + 0.5) / (n_rows + 0.5 * (n_classes + 1))


def assumed_table(marginal: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the table of labeling functions of which nothing but shares of outcomes, (m, K), is known.

    Shapes are those of :func:`smoothed_table`. In class k the outcome k is 8 times as frequent,
    relative to the others, as it is overall: with q its share, vote l has chance
    ``q_l 8^[l = k] / (1 + 7 q_k)`` and abstaining ``q_abstain / (1 + 7 q_k)``. So a vote speaks for its
    class, and where there is one vote only, abstaining speaks against it.
    """
    own = np.eye(marginal.shape[1], dtype=bool)
    whole = 1 + (ASSUMED_ODDS - 1) * marginal
    share = np.where(own, ASSUMED_ODDS, 1.0) * marginal[:, :, None] / whole[:, None, :]
    return share, (1 - marginal.sum(axis=1, keepdims=True)) / whole


def smoothed_table(
    counts: NDArray[np.float64], mass: NDArray[np.float64], marginal: NDArray[np.float64], smoothing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the chances of each vote, (m, K votes, K classes), and of abstaining, (m, K classes).

    Counts of shape (m, K votes, K classes) among ``mass`` rows of each class are joined by
    ``smoothing`` rows a class that follow :func:`assumed_table` of ``marginal`` (m, K), and by
    ``0.3 / q`` times as many where the labeling function's typical vote is cast on a share q of all
    rows below 0.3, ``q = sum_l q_l^2 / sum_l q_l``. Otherwise chance would decide: of a vote cast on
    few seeds, one on a seed of another class would outweigh what is assumed.
    """
    share, silent = assumed_table(marginal)
    typical = (marginal**2).sum(axis=1, keepdims=True) / marginal.sum(axis=1, keepdims=True)
    rows = smoothing * np.maximum(1.0, USUAL_SHARE / typical)
    share = (counts + rows[:, :, None] * share) / (mass + rows)[:, None, :]
    # Where all rows vote the difference is rounding error of either sign.
    silent = (np.maximum(mass - counts.sum(axis=1), 0.0) + rows * silent) / (mass + rows)
    return share, silent


def starting_table(votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chances of votes that the seeds suggest, or without them what is assumed; (m, K, K).

    Without seeds a vote l of overall share q has chance ``8 q / (1 + 7 prior_l)`` in class l and
    ``q / (1 + 7 prior_l)`` in every other, at most 1. That is q overall, and it makes all votes
    weigh the same whatever the class shares.
    """
    K = votes.n_classes
    marginal = outcome_shares(votes.totals, votes.n_rows, K)
    if seeds is not None:
        counts = seeds.vote_counts().reshape(-1, K, K)
        return smoothed_table(counts, seeds.class_counts().astype(np.float64), marginal, float(K))[0]
    factor = np.where(np.eye(K, dtype=bool), ASSUMED_ODDS, 1.0)
    each = marginal / (1 + (ASSUMED_ODDS - 1) * prior)
    return np.minimum(factor * each[:, :, None], 1.0)


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
