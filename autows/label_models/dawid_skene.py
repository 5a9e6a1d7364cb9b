"""Dawid-Skene: labeling functions with unknown confusion matrices, learned by EM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from autows.label_model import LabelModel, check_votes
from autows.label_models._onehot import one_hot, vote_counts
from autows.types import ABSTAIN

if TYPE_CHECKING:
    import scipy.sparse


class DawidSkene(LabelModel):
    """Votes are independent given the class; what each labeling function does in each class is learned.

    In the full form an abstention is one more thing that a labeling function can do, so one that
    only ever votes for one class still tells by when it votes. In the one-coin form each labeling
    function has a single accuracy, errors are spread evenly over the other classes, and
    abstentions say nothing.

    Seeds, where given, start the EM and stay clamped to their labels, which fixes which class is
    which. Without seeds the EM starts from majority vote.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    one_coin : bool, default False
        One accuracy a labeling function instead of a confusion matrix.
    smoothing : float, default 1.0
        Weight, in rows a class, of what a labeling function does overall when what it does in one
        class is estimated (Dirichlet centred on its marginal); positive.
    unlabeled_weight : float, default 0.3
        Weight of all unlabeled rows together, relative to that of all seeds together, when
        parameters are estimated (EM-lambda). Labeling functions made from the same features are
        not independent, and at full weight the unlabeled rows carry the EM away from the seeds.
    max_iter : int, default 200
        Most EM steps.
    tol : float, default 1e-5
        Stop when the posteriors change by less than this on average.

    References
    ----------
    A. P. Dawid and A. M. Skene (1979), Maximum likelihood estimation of observer error-rates using
    the EM algorithm, Journal of the Royal Statistical Society C 28(1). K. Nigam, A. McCallum, S.
    Thrun and T. Mitchell (2000), Text classification from labeled and unlabeled documents using
    EM, Machine Learning 39, section 5.3 (EM-lambda).
    """

    name = "dawid_skene"

    def __init__(
        self,
        n_classes: int | None = None,
        one_coin: bool = False,
        smoothing: float = 1.0,
        unlabeled_weight: float = 0.3,
        max_iter: int = 200,
        tol: float = 1e-5,
    ) -> None:
        self.n_classes = n_classes
        self.one_coin = one_coin
        self.smoothing = smoothing
        self.unlabeled_weight = unlabeled_weight
        self.max_iter = max_iter
        self.tol = tol

    def validate(self) -> None:
        """Check that the parameters are in range."""
        if self.smoothing <= 0 or self.unlabeled_weight < 0 or self.max_iter < 1:
            raise ValueError("dawid_skene needs smoothing > 0, unlabeled_weight >= 0 and max_iter >= 1")

    def fit(
        self,
        L: NDArray[np.int8],
        y_seed: NDArray[Any] | None = None,
        L_seed: NDArray[np.int8] | None = None,
        prior: NDArray[np.floating] | None = None,
    ) -> Self:
        """Run EM; a given prior is kept, otherwise class shares are learned too.

        Raises
        ------
        ValueError
            If the votes, seeds or prior do not fit together, or a parameter is out of range.

        Notes
        -----
        O(votes K) a step.
        """
        K, start = check_votes(L, self.n_classes, y_seed, L_seed, prior)
        self.validate()
        self.n_classes_ = K
        learn_prior = prior is None
        seeds = np.eye(K)[np.asarray(y_seed, dtype=np.int64)] if y_seed is not None else np.zeros((0, K))
        all_votes = L if L_seed is None else np.concatenate([L, L_seed])
        V = one_hot(all_votes, K)
        # What a labeling function does overall, with half a pseudo-count an outcome.
        total = np.asarray(V.sum(axis=0)).reshape(-1, K)
        self.marginal_ = (total + 0.5) / (len(all_votes) + 0.5 * (K + 1))
        voted = np.flatnonzero(np.any(L != ABSTAIN, axis=1))
        weight = np.ones((len(all_votes), 1))
        if len(seeds) and len(L):
            weight[: len(L)] = self.unlabeled_weight * len(seeds) / len(L)
        self.prior_ = start
        if len(seeds):
            self._maximise(one_hot(L_seed, K), seeds, learn_prior)  # type: ignore[arg-type]
            P = self._expect(V)
        else:
            P = vote_counts(V, K) + 1e-3 * start
            P /= P.sum(axis=1, keepdims=True)
        self.n_iter_ = 0
        for step in range(1, self.max_iter + 1):
            self.n_iter_ = step
            if len(seeds):
                P[len(L) :] = seeds
            self._maximise(V, P * weight, learn_prior)
            before, P = P, self._expect(V)
            if len(voted) == 0 or np.abs(P[voted] - before[voted]).sum(axis=1).mean() < self.tol:
                break
        return self

    def predict_proba(self, L: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return posteriors, shape (N, K); a row without votes gets the class shares.

        Raises
        ------
        ValueError
            If there is not one column of votes for each labeling function of the fit.
        """
        check_votes(L, self.n_classes_)
        lfs = len(self.weights_) // self.n_classes_
        if L.shape[1] != lfs:
            raise ValueError(f"L has {L.shape[1]} labeling functions; the model was fitted on {lfs}")
        P = self._expect(one_hot(L, self.n_classes_))
        P[np.all(L == ABSTAIN, axis=1)] = self.prior_
        return P

    def _maximise(self, V: scipy.sparse.csr_array, P: NDArray[np.float64], learn_prior: bool) -> None:
        """Set the log-likelihood weights of votes, (m K, K), and of abstaining throughout, (K,)."""
        K, s = self.n_classes_, self.smoothing
        mass = P.sum(axis=0)
        counts = np.asarray(V.T @ P).reshape(-1, K, K)
        if self.one_coin:
            right, total = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
            self.accuracy_ = (right + s / K) / (total + s)
            wrong = (1 - self.accuracy_) / (K - 1)
            ratio = np.log(self.accuracy_ / wrong)
            self.weights_ = (ratio[:, None, None] * np.eye(K)).reshape(-1, K)
            self.base_ = np.zeros(K)
        else:
            share = (counts + s * self.marginal_[:, :, None]) / (mass + s)
            silence = 1 - self.marginal_.sum(axis=1, keepdims=True)
            # Where all rows vote the difference is rounding error of either sign.
            silent = (np.maximum(mass - counts.sum(axis=1), 0.0) + s * silence) / (mass + s)
            self.weights_ = (np.log(share) - np.log(silent)[:, None, :]).reshape(-1, K)
            self.base_ = np.log(silent).sum(axis=0)
        if learn_prior:
            self.prior_ = (mass + 1) / (mass.sum() + K)

    def _expect(self, V: scipy.sparse.csr_array) -> NDArray[np.float64]:
        from scipy.special import softmax

        with np.errstate(divide="ignore"):  # a prior may rule a class out
            log_prior = np.log(self.prior_)
        return softmax(V @ self.weights_ + self.base_ + log_prior, axis=1)
