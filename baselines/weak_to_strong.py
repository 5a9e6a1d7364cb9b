"""Weak-to-strong training: a student on any features learns from zero-shot answers, and doubts them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.prior_matching import match_prior
from autows.types import Labels, TaskView
from baselines._linear_head import Head
from baselines._seeded_pool import SeededPool, softmax

WEIGHTS = (0.3, 2.0, 16.0)
"""Weights of all weak labels together, in units of that of all seeds."""
FLOOR = 1e-4
POOL_ROWS = 4_000


class WeakToStrong(Method):
    """A linear student on the features learns from zero-shot answers mixed with its own hardened ones.

    In the first round the student learns from seeds and the weak labels Q alone. In later ones it
    learns from ``(1 - c) Q + c onehot(own answer)``, where c grows evenly to ``confidence`` in the first
    half of the rounds: it may disagree with its supervisor where it is sure (auxiliary confidence).
    Own answers are hardened at class thresholds under which their shares are those of Q. The weight of the
    weak labels, which may be nothing, and the number of rounds have the best held-out log-loss of the seeds.

    Parameters
    ----------
    rounds : int, default 4
        Most rounds after the first.
    confidence : float, default 0.5
        In [0, 1]; 0 is plain imitation.
    balance : bool, default True
        Move weak labels by one offset a class to the class shares that the seeds suggest.

    Notes
    -----
    The features need not be those of the foundation model: the method is for features that are richer
    than what the supervisor knows. In the paper labels are binary, a network is trained by gradient
    steps in which its own answers change all the time, and there are no seeds. Here the thresholds of the
    binary form are offsets of log-probabilities, and own answers change between fits of a
    convex problem. Unlabeled rows to learn from are at most 4,000. O(N' r K) a step of L-BFGS.

    References
    ----------
    C. Burns et al. (2024), Weak-to-strong generalization: eliciting strong capabilities with weak
    supervision, ICML, section 4.3 and appendix A.4.
    """

    name = "weak_to_strong"
    family = "zero-shot"
    needs = frozenset({"zero_shot"})

    def __init__(self, rounds: int = 4, confidence: float = 0.5, balance: bool = True) -> None:
        self.rounds = rounds
        self.confidence = confidence
        self.balance = balance

    def validate(self) -> None:
        """Check the number of rounds and that the confidence is in [0, 1]."""
        self.require_positive("rounds")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.name}: confidence is {self.confidence}; expected a number in [0, 1]")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune the student on the seeds, train it with every weight, answer."""
        self.validate()
        assert view.zero_shot_pool is not None
        seeded = SeededPool.tuned(view, rng, trusts=(0.0,), most_rows=POOL_ROWS)
        log_Q = np.log(np.clip(np.asarray(view.zero_shot_pool)[seeded.rows], FLOOR, None).astype(np.float64))
        if self.balance and len(log_Q):
            log_Q += match_prior(log_Q, seeded.prior)
        Q = softmax(log_Q)

        def learn(seeds: NDArray[np.bool_]) -> list[Head]:
            heads = [seeded.fit(seeds)]
            for weight in WEIGHTS if len(Q) else ():
                heads += self._train(seeded, seeds, Q, weight, heads[-1])
            return heads

        return seeded.solve(view, learn, {"rows": len(Q), "per_weight": self.rounds + 1})

    def _train(
        self, seeded: SeededPool, seeds: NDArray[np.bool_], Q: NDArray[np.float64], weight: float, start: Head
    ) -> list[Head]:
        w = np.full(len(Q), weight * np.count_nonzero(seeds) / len(Q))
        heads = [seeded.fit(seeds, Q, w, start)]
        for number in range(1, self.rounds + 1):
            c = self.confidence * min(1.0, 2 * number / self.rounds)
            own = hardened(seeded.pool_logits(heads[-1]), Q.mean(axis=0))
            heads.append(seeded.fit(seeds, (1 - c) * Q + c * own, w, heads[-1]))
        return heads


def hardened(logits: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one-hot answers under class offsets that give the mean probabilities these shares; (N, K)."""
    return np.eye(len(shares))[(logits + match_prior(logits, shares)).argmax(axis=1)]
