"""Triplets: tables of labeling functions in closed form, from covariances of three votes at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import Seeds, class_balance
from autows.label_models._moments import PairLabelModel, pair_shares
from autows.label_models._onehot import VoteBlocks
from autows.label_models._tables import naive_bayes_weights, starting_table

MOST_PARTNERS = 100
"""A labeling function's triplets are taken among so many others, those it covaries with most."""
CLEAR = 3.0
"""A correlation counts as different from zero from so many standard errors on."""
FLOOR = 0.01
"""No outcome is taken to be rarer in a class than this share of what it is overall."""
_ELEMENTS = 1 << 22


class Triplets(PairLabelModel):
    """The method of moments of FlyingSquid, for several classes and with abstentions.

    One class against the rest, a labeling function's *strength* is how much more often it votes for
    the class inside than outside. The covariance of two labeling functions is the product of their
    strengths, so three of them give the strength of each: no EM, no descent, one answer.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    abstentions : bool, default True
        Whether abstaining is one more outcome that tells classes apart; otherwise it says nothing.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    For class k let ``f_i = 1[L_i = k]``; for K = 2, where one class against the rest is the same
    problem twice, ``f_i`` is 1 for a vote of class 1, -1 for one of class 0, and 0. With p the
    share of the class,

    1. ``cov(f_i, f_j) = p (1 - p) d_i d_j``, so ``|d_i|`` is the median over j < k of
       ``sqrt(|c_ij c_ik / c_jk| / (p (1 - p)))``, where ``c_jk`` is at least three standard errors from 0.
    2. Signs are those of the leading eigenvector of the correlations, turned so that it agrees with
       the seeds, or without seeds so that labeling functions together are better than guessing.
    3. ``cov(1[L_j = l], f_i) = p (1 - p) d_jl d_i`` for any vote l, solved for ``d_jl`` by least
       squares over i; then ``P(L_j = l | Y = k) = P(L_j = l) + (1 - p) d_jl``, clipped.

    For K = 2 this is exact as N grows. For K > 2 it is exact if the chance of voting k is the same in
    all classes other than k (symmetric errors, or labeling functions for a single class that err evenly);
    otherwise step 1 is biased.
    A labeling function without such a triplet is given the strength that its seeds suggest, or that of
    votes 8 times likelier in their own class than in another. Class shares are the prior if given, else
    shrunken from the seeds, else equal.

    Where fewer than three labeling functions vote there are no triplets: ``seed_naive_bayes`` with the same
    ``abstentions`` answers, or without seeds ``majority_vote``, and the run's ``info`` says so.

    O(K m^3) for up to 101 labeling functions, O(K m) of that size beyond, in chunks; the overlaps cost
    O(sum over rows of the squared number of votes). At most 5,000 different votes.

    References
    ----------
    D. Fu, M. Chen, F. Sala, S. Hooper, K. Fatahalian and C. Ré (2020), Fast and three-rious: speeding
    up weak supervision with triplet methods, ICML.
    """

    name = "triplets"

    def __init__(
        self, n_classes: int | None = None, abstentions: bool = True, max_share: float = 1.0
    ) -> None:
        self.n_classes = n_classes
        self.abstentions = abstentions
        self.max_share = max_share

    def _from_pairs(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K, columns = self.n_classes_, np.flatnonzero(votes.totals)
        self.prior_ = class_balance(K, seeds, prior)
        start = starting_table(votes, seeds, self.prior_)
        single = votes.totals / votes.n_rows
        overlap = pair_shares(votes.merged(), columns)
        covariance = overlap - np.outer(single[columns], single[columns])
        guess = start.reshape(-1, K)[columns]
        others = (single[columns, None] - guess * self.prior_) / np.maximum(1 - self.prior_, 1e-12)
        lift = lifts(covariance, columns, K, self.prior_, votes.n_rows, guess - others, seeds is not None)
        D = np.zeros((votes.n_lfs * K, K))
        D[columns] = lift
        marginal = single.reshape(-1, K)
        share = marginal[:, :, None] + (1 - self.prior_) * D.reshape(-1, K, K)
        silence = 1 - marginal.sum(axis=1, keepdims=True)
        silent = silence - (1 - self.prior_) * D.reshape(-1, K, K).sum(axis=1)
        self.share_, self.silent_ = _bounded(share, marginal), _bounded(silent, silence[:, 0])
        whole = self.share_.sum(axis=1) + self.silent_
        self.share_, self.silent_ = self.share_ / whole[:, None, :], self.silent_ / whole
        self.weights_, self.base_ = naive_bayes_weights(
            self.share_, self.silent_ if self.abstentions else None
        )


def _bounded(share: NDArray[np.float64], overall: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return chances of shape (..., K) no smaller than a hundredth of the overall ones, and positive."""
    return np.clip(share, np.maximum(FLOOR * overall, 1e-12)[..., None], 1.0)


def lifts(
    covariance: NDArray[np.float64],
    columns: NDArray[np.intp],
    n_classes: int,
    prior: NDArray[np.float64],
    n_rows: float,
    guess: NDArray[np.float64],
    trusted: bool,
) -> NDArray[np.float64]:
    """Return how much more often each vote is cast inside a class than outside it, shape (d, K).

    Parameters
    ----------
    covariance : (d, d) float64
        Covariances of one-hot votes.
    columns : (d,) int
        The column ``j K + l`` of each of the votes.
    prior : (K,) float64
        Class shares.
    n_rows : float
        How many rows the covariances are from.
    guess : (d, K) float64
        What is taken where there is no triplet.
    trusted : bool
        Whether the guess, being from seeds, also says the sign.
    """
    owner, label = columns // n_classes, columns % n_classes
    found = np.zeros((len(columns), n_classes))
    for k in (1,) if n_classes == 2 else range(n_classes):
        spread = prior[k] * (1 - prior[k])
        # Row i of F makes f_i out of the one-hot votes.
        mine = label == k
        if n_classes == 2:
            lfs, row = np.unique(owner, return_inverse=True)
            F = np.zeros((len(lfs), len(columns)))
            F[row, np.arange(len(columns))] = np.where(mine, 1.0, -1.0)
        else:
            lfs = owner[mine]
            F = np.eye(len(columns))[mine]
        if spread == 0 or not len(lfs):
            continue
        with_votes = covariance @ F.T
        among = F @ with_votes
        variance = np.maximum(among.diagonal(), 1e-300)
        d = strengths(among, spread, n_rows, F @ guess[:, k], trusted)
        # Least squares over the labeling functions i other than the vote's own.
        other = owner[:, None] != lfs
        above = (np.where(other, with_votes, 0.0) * (d / variance)).sum(axis=1)
        below = spread * (other * (d**2 / variance)).sum(axis=1)
        found[:, k] = np.divide(above, below, out=np.zeros(len(columns)), where=below > 0)
        if n_classes == 2:
            found[:, 0] = -found[:, 1]
    return found


def strengths(
    among: NDArray[np.float64], spread: float, n_rows: float, guess: NDArray[np.float64], trusted: bool
) -> NDArray[np.float64]:
    """Return the strengths d that explain ``among[i, j] = spread d_i d_j`` off the diagonal, shape (q,).

    Parameters
    ----------
    among : (q, q) float64
        Covariances of the functions f.
    spread : float
        Variance of being in the class.
    n_rows : float
        How many rows the covariances are from.
    guess : (q,) float64
        Strengths taken where there is no triplet.
    trusted : bool
        Whether the guess also says the sign.
    """
    q = len(among)
    deviation = np.sqrt(np.maximum(among.diagonal(), 0.0))
    scale = np.outer(deviation, deviation)
    correlation = np.divide(among, scale, out=np.zeros_like(among), where=scale > 0)
    np.fill_diagonal(correlation, 0.0)
    clear = np.abs(correlation) > CLEAR / np.sqrt(n_rows)
    vector = np.linalg.eigh(correlation)[1][:, -1]
    toward = vector @ np.where(deviation > 0, guess / np.maximum(deviation, 1e-300), 0.0) if trusted else 0.0
    if (toward or vector.sum()) < 0:
        vector = -vector
    size = np.full(q, np.nan)
    T = min(q - 1, MOST_PARTNERS)
    first, second = np.triu_indices(T, 1)
    chunk = max(1, _ELEMENTS // max(len(first), 1))
    for start in range(0, q if len(first) else 0, chunk):
        rows = np.arange(start, min(start + chunk, q))
        strongest = np.abs(correlation[rows])
        strongest[np.arange(len(rows)), rows] = -1.0
        partners = np.argsort(-strongest, axis=1, kind="stable")[:, :T]
        size[rows] = _median_of_triplets(among, clear, rows, partners[:, first], partners[:, second])
    return np.where(np.isnan(size), guess, np.sign(vector) * size / np.sqrt(spread))


def _median_of_triplets(
    among: NDArray[np.float64],
    clear: NDArray[np.bool_],
    rows: NDArray[np.intp],
    j: NDArray[np.intp],
    k: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the median of ``sqrt(|c_ij c_ik / c_jk|)`` over clear ``c_jk`` for each row i, or NaN."""
    i = rows[:, None]
    good = clear[j, k]
    below = np.where(good, among[j, k], 1.0)
    ratio = np.where(good, np.sqrt(np.abs(among[i, j] * among[i, k] / below)), np.inf)
    ratio.sort(axis=1)
    n = good.sum(axis=1)
    at = np.arange(len(rows))
    middle = (ratio[at, np.maximum(n - 1, 0) // 2] + ratio[at, np.minimum(n // 2, ratio.shape[1] - 1)]) / 2
    return np.where(n > 0, middle, np.nan)
