"""MeTaL: tables of labeling functions from how often pairs of votes are cast together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from autows.label_models._linear import Seeds, class_balance
from autows.label_models._moments import PairLabelModel, pair_shares
from autows.label_models._onehot import VoteBlocks
from autows.label_models._tables import naive_bayes_weights, starting_table


class Metal(PairLabelModel):
    """Matrix completion of vote overlaps, the label model of Snorkel.

    Votes of two labeling functions are independent given the class, so how often they are cast
    together, off the blocks of single labeling functions, is a matrix of rank K made of the tables
    ``P(vote | class)`` and the class shares. The tables are fitted to it by least squares.

    Parameters
    ----------
    n_classes : int
        The number of classes K.
    pull : float, default 60.0
        How strongly tables are held to where they start, in units of the sampling error of the
        overlaps, so that it fades as rows grow in number. 0 is the plain loss.
    max_iter : int, default 500
        Most steps of L-BFGS-B.
    tol : float, default 1e-10
        Stop when the squared error, relative to that of tables of zeros, falls by less than this
        in a step.
    max_share : float, default 1.0
        Labeling functions that cast one and the same vote on more than this share of rows are left out.

    Notes
    -----
    With O the (m K, m K) shares of rows on which two votes are both cast, mu the tables, p the class
    shares and M zero on the blocks of single labeling functions, the loss is
    ``||M o (O - mu diag(p) mu')||^2 + ||mu p - diag(O)||^2 + c ||mu - start||^2 / ||start||^2`` over
    tables in [0, 1], where ``c`` is ``pull`` times the expected sampling error ``||M o (O - E O)||^2``,
    for independent rows ``sum O (1 - O) / N`` off the blocks. Abstentions say nothing in the posterior.
    A step costs O(d^2 K) for d different votes, the overlaps once O(sum over rows of the squared
    number of votes); d is at most 5,000.

    The class shares are the prior if given, else shrunken from the seeds, else equal. The tables
    start where the seeds put them, which says which class is which, or where every vote is 8 times
    likelier in its own class than in another, which is majority vote with class shares. For K = 2 that
    start chooses between two solutions. For K > 2 pairs of votes do not determine the tables: any
    rotation of ``mu diag(p)^(1/2)`` that keeps ``p^(1/2)`` fits as well, and the pull chooses the
    solution near the start.

    Where fewer than three labeling functions vote their overlaps say nothing of who errs:
    ``seed_naive_bayes[abstentions=false]`` answers, or without seeds ``majority_vote``, and the run's
    ``info`` says so.

    Snorkel's start has a random scale, and it stops after 100 steps of gradient descent. Here
    the minimum is reached, and the pull does what stopping early does there.

    References
    ----------
    A. Ratner, B. Hancock, J. Dunnmon, F. Sala, S. Pandey and C. Ré (2019), Training complex models
    with multi-task weak supervision, AAAI 33.
    """

    name = "metal"

    def __init__(
        self,
        n_classes: int | None = None,
        pull: float = 60.0,
        max_iter: int = 500,
        tol: float = 1e-10,
        max_share: float = 1.0,
    ) -> None:
        self.n_classes = n_classes
        self.pull = pull
        self.max_iter = max_iter
        self.tol = tol
        self.max_share = max_share

    def validate(self) -> None:
        """Check that the parameters are in range."""
        super().validate()
        if self.pull < 0 or self.max_iter < 1 or self.tol < 0:
            raise ValueError("metal needs pull >= 0, max_iter >= 1 and tol >= 0")

    def _from_pairs(self, votes: VoteBlocks, seeds: Seeds | None, prior: NDArray[np.float64] | None) -> None:
        K, columns = self.n_classes_, np.flatnonzero(votes.totals)
        self.prior_ = class_balance(K, seeds, prior)
        start = starting_table(votes, seeds, self.prior_).reshape(-1, K)[columns]
        loss = MaskedLoss(
            pair_shares(votes.merged(), columns), columns // K, self.prior_, start, self.pull / votes.n_rows
        )
        mu, self.n_iter_ = loss.minimise(self.max_iter, self.tol)
        # Snorkel's floor: a power of ten near one row.
        floor = min(0.01, 10.0 ** -math.ceil(math.log10(votes.n_rows)))
        self.table_ = np.full((votes.n_lfs * K, K), floor)
        self.table_[columns] = np.clip(mu, floor, 1 - floor)
        self.weights_, self.base_ = naive_bayes_weights(self.table_.reshape(-1, K, K), None)


class MaskedLoss:
    """The loss that :class:`Metal` documents, as a function of the tables.

    The squared error is expanded, so that the product of rank K is never formed; the loss and its
    gradient are divided by the squared norm of what is to be fitted.

    Parameters
    ----------
    overlap : (d, d) float64
        Shares of rows on which two votes are both cast; its blocks of single labeling functions
        are set to zero in place.
    owner : (d,) int
        The labeling function of each vote, ascending.
    prior : (K,) float64
        Class shares.
    start : (d, K) float64
        Where to start.
    pull : float
        What multiplies ``sum O (1 - O)`` to give c.
    """

    def __init__(
        self,
        overlap: NDArray[np.float64],
        owner: NDArray[np.intp],
        prior: NDArray[np.float64],
        start: NDArray[np.float64],
        pull: float,
    ) -> None:
        self.prior = prior
        self.start = np.clip(start, 0, 1)
        self.single = overlap.diagonal().copy()
        self.first = np.flatnonzero(np.diff(owner, prepend=-1))
        self.size = np.diff(self.first, append=len(owner))
        for a, n in zip(self.first, self.size, strict=True):
            overlap[a : a + n, a : a + n] = 0
        self.overlap = overlap
        self.fitted = float(np.vdot(overlap, overlap))
        self.scale = 1 / (self.fitted + float(self.single @ self.single))
        self.hold = pull * (float(overlap.sum()) - self.fitted) / float(np.vdot(self.start, self.start))

    def __call__(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the loss and its gradient, (d K,), at flattened tables; O(d^2 K)."""
        mu = x.reshape(-1, len(self.prior))
        half = mu * self.prior
        # Gram matrices (K, K) of each labeling function's part, and of all.
        parts = np.add.reduceat(mu[:, :, None] * half[:, None, :], self.first)
        gram = parts.sum(axis=0)
        toward = self.overlap @ half
        back = half @ gram - np.einsum("dk,dkl->dl", half, np.repeat(parts, self.size, axis=0))
        margin = half.sum(axis=1) - self.single
        away = mu - self.start
        squares = np.vdot(gram.T, gram) - np.einsum("jkl,jlk->", parts, parts)
        value = self.fitted - 2 * np.vdot(toward, mu) + squares + margin @ margin
        value += self.hold * np.vdot(away, away)
        slope = 4 * (back - toward) + 2 * np.outer(margin, self.prior) + 2 * self.hold * away
        return float(value * self.scale), (slope * self.scale).ravel()

    def minimise(self, max_iter: int, tol: float) -> tuple[NDArray[np.float64], int]:
        """Return the tables in [0, 1], (d, K), and the steps it took."""
        from scipy.optimize import Bounds, minimize

        found = minimize(
            self,
            self.start.ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(0, 1),
            options={"maxiter": max_iter, "maxfun": 2 * max_iter, "ftol": tol, "gtol": 1e-9, "maxcor": 20},
        )
        return found.x.reshape(self.start.shape), int(found.nit)
