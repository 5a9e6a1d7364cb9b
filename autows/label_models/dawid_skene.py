"""Dawid-Skene: labeling functions with unknown confusion matrices, learned by EM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import LinearLabelModel, Seeds
from autows.label_models._onehot import Block, VoteBlocks
from autows.label_models._tables import ASSUMED_ODDS, naive_bayes_weights, outcome_shares, smoothed_table

WARM_ROWS = 8_192
"""EM starts on samples of at least so many rows where there are many more."""
GROWTH = 8
"""Each sample is so many times the size of the one before."""


class DawidSkene(LinearLabelModel):
    """Votes are independent given the class; what each labeling function does in each class is learned.

    In the full form an abstention is one more thing that a labeling function can do, so one that
    only ever votes for one class still tells by when it votes. In the one-coin form each labeling
    function has a single accuracy, errors are spread evenly over the other classes, and
    abstentions say nothing.

    Where a labeling function votes too rarely to tell, its votes are taken to speak for their class.
    Seeds, where given, start the EM and stay clamped to their labels, which fixes which class is
    which. Without seeds the EM starts from majority vote.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    one_coin : bool, default False
        One accuracy a labeling function instead of a confusion matrix.
    smoothing : float, default 1.0
        Rows a class that join those counted when what a labeling function does in the class is
        estimated; positive. In them its votes are as frequent as overall but 8 times likelier in their
        own class, and there are ``0.3 / q`` times as many if its typical vote is cast on a share q of
        rows below 0.3. In the one-coin form so many votes that are right with those odds.
    unlabeled_weight : float, default 0.3
        Weight of all unlabeled rows together, relative to that of all seeds together, when
        parameters are estimated (EM-lambda). Labeling functions made from the same features are
        not independent, and at full weight the unlabeled rows carry the EM away from the seeds.
    max_iter : int, default 200
        Most EM steps over all rows, and over each sample before them.
    tol : float, default 1e-5
        Stop when no class share and no chance of an outcome in a class changes by this much in a step.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    A step is two sparse matrix products, O(votes K), made block by block, so posteriors of the
    pool are never held. From 65,536 rows on, EM first runs on an eighth of the rows, before that on
    a 64th if there are enough, and so on, and goes on from there with all of them. It ends at a
    fixed point of the same steps, after fewer of them; where there are several the sample decides.
    A given prior is kept; otherwise class shares are learned too.

    References
    ----------
    A. P. Dawid and A. M. Skene (1979), Maximum likelihood estimation of observer error-rates using
    the EM algorithm, Journal of the Royal Statistical Society C 28(1). K. Nigam, A. McCallum, S.
    Thrun and T. Mitchell (2000), Text classification from labeled and unlabeled documents using
    EM, Machine Learning 39, section 5.3 (EM-lambda).
    """

    name = "dawid_skene"
    _parameters: tuple[NDArray[np.float64], ...]

    def __init__(
        self,
        n_classes: int | None = None,
        one_coin: bool = False,
        smoothing: float = 1.0,
        unlabeled_weight: float = 0.3,
        max_iter: int = 200,
        tol: float = 1e-5,
        max_share: float = 1.0,
    ) -> None:
        self.n_classes = n_classes
        self.one_coin = one_coin
        self.smoothing = smoothing
        self.unlabeled_weight = unlabeled_weight
        self.max_iter = max_iter
        self.tol = tol
        self.max_share = max_share

    def validate(self) -> None:
        """Check that the parameters are in range."""
        super().validate()
        if self.smoothing <= 0 or self.unlabeled_weight < 0 or self.max_iter < 1:
            raise ValueError("dawid_skene needs smoothing > 0, unlabeled_weight >= 0 and max_iter >= 1")

    def _learn(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K, n = self.n_classes_, 0 if seeds is None else len(seeds.y)
        votes = votes.merged()
        self._learn_prior = prior is None
        self.prior_ = np.full(K, 1 / K) if prior is None else prior
        known = np.zeros((votes.n_lfs * K, K)), np.zeros(K)
        total = votes.totals
        if seeds is not None:
            known = seeds.vote_counts(), seeds.class_counts().astype(np.float64)
            total = total + seeds.votes.totals
        self.marginal_ = outcome_shares(total, votes.n_rows + n, K)
        weight = self.unlabeled_weight * n / votes.n_rows if n and votes.n_rows else 1.0
        self._start, self._parameters = seeds is None, ()
        if seeds is not None:
            self._maximise(*known)
        for level in (*_samples(votes), votes):
            # What a sample decides to less than its own error, all rows decide anyway.
            tol = self.tol if level is votes else max(self.tol, 0.02 / np.sqrt(len(level)))
            self._climb(level, known, weight, tol)

    def _climb(
        self,
        votes: VoteBlocks,
        known: tuple[NDArray[np.float64], NDArray[np.float64]],
        weight: float,
        tol: float,
    ) -> None:
        """Run EM steps until parameters change by less than ``tol``; set ``n_iter_``."""
        nothing_to_learn = not votes.totals.any()
        for step in range(1, self.max_iter + 1):
            self.n_iter_, before = step, self._parameters
            counts, mass = self._expect(votes)
            self._maximise(known[0] + weight * counts, known[1] + weight * mass)
            pairs = zip(self._parameters, before, strict=False)
            change = max((np.abs(new - old).max(initial=0) for new, old in pairs), default=np.inf)
            if change < tol or nothing_to_learn:
                break

    def _expect(self, votes: VoteBlocks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return expected counts of votes in each class, (m K, K), and of rows, (K,)."""
        K = self.n_classes_
        counts, mass = np.zeros((votes.n_lfs * K, K)), np.zeros(K)
        for block in votes:
            P = self._first_guess(block) if self._start else self._posterior(block)
            if block.weight is not None:
                P *= block.weight[:, None]
            counts += block.V.T @ P
            mass += np.ones(len(P)) @ P
        self._start = False
        return counts, mass

    def _first_guess(self, block: Block) -> NDArray[np.float64]:
        """Return vote shares, (n, K), the prior having a thousandth of a vote."""
        P = block.V @ np.tile(np.eye(self.n_classes_), (block.V.shape[1] // self.n_classes_, 1))
        P += 1e-3 * self.prior_
        P /= (P @ np.ones(self.n_classes_))[:, None]
        return np.asarray(P)

    def _maximise(self, counts: NDArray[np.float64], mass: NDArray[np.float64]) -> None:
        """Set the weights, and the class shares if they are to be learned, from expected counts."""
        K, s = self.n_classes_, self.smoothing
        counts = counts.reshape(-1, K, K)
        if self.one_coin:
            right, total = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
            usual = ASSUMED_ODDS / (ASSUMED_ODDS + K - 1)
            self.accuracy_ = (right + s * usual) / (total + s)
            ratio = np.log(self.accuracy_ * (K - 1) / (1 - self.accuracy_))
            self.weights_ = (ratio[:, None, None] * np.eye(K)).reshape(-1, K)
            self.base_ = np.zeros(K)
            self._parameters = (self.accuracy_,)
        else:
            share, silent = smoothed_table(counts, mass, self.marginal_, s)
            self.weights_, self.base_ = naive_bayes_weights(share, silent)
            self._parameters = (share, silent)
        if self._learn_prior:
            self.prior_ = (mass + 1) / (mass.sum() + K)
        self._parameters += (self.prior_,)


def _samples(votes: VoteBlocks) -> list[VoteBlocks]:
    """Return samples of growing size to start the EM on; none where there are few rows."""
    if votes.weight is not None:
        return []
    sizes, size = [], len(votes) // GROWTH
    while size >= WARM_ROWS:
        sizes.append(size)
        size //= GROWTH
    return [votes.sample(size) for size in reversed(sizes)]
