"""Rounds of class-balanced pseudo-labels for a linear head on a foundation model's embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._linear_head import Head
from baselines._seeded_pool import SeededPool, softmax

SCHEDULES = ("grip", "ifpl")


class PseudoLabelRounds(Method):
    """Teach a linear head its own most confident labels, so many of each class, in rounds (GRIP, IFPL).

    The head adds a linear function of the embedding to the zero-shot logits, which are scaled by a
    trust. It is fitted to the seeds; then in every round each class gets its quota of pool rows, those
    of highest probability, and the head is fitted anew to these and to the seeds. The number of
    rounds, none included, is the one of best held-out log-loss of the seeds.

    Parameters
    ----------
    rounds : int, default 10
        Most rounds.
    schedule : str, default "grip"
        ``grip``: quotas grow evenly until in the last round all rows have a label; ``ifpl``: they
        stay at ``per_class``, and only the rows change.
    per_class : int, default 16
        Mean quota of a class under ``ifpl``.
    pseudo_weight : float, default 1.0
        Weight of all pseudo-labels together, in units of that of all seeds.

    Notes
    -----
    Quotas are in proportion to the class shares, shrunken from the seeds, in place of equal ones. A row
    that a class has no room for may go to its next best class: of all pairs of row and class the likeliest
    is taken first, as long as the row is free and the class has room.

    The papers teach prompts of a text or image encoder by back-propagation and let the zero-shot
    answers give the first labels. Here the head is linear and nothing goes through an encoder.
    Unlabeled rows to learn from are at most 5,000. A round is O(N' r K) a step of L-BFGS.

    References
    ----------
    C. Menghini, A. Delworth and S. Bach (2023), Enhancing CLIP with CLIP: exploring
    pseudolabeling for limited-label prompt tuning, NeurIPS.
    """

    name = "pseudo_label_rounds"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(
        self, rounds: int = 10, schedule: str = "grip", per_class: int = 16, pseudo_weight: float = 1.0
    ) -> None:
        self.rounds = rounds
        self.schedule = schedule
        self.per_class = per_class
        self.pseudo_weight = pseudo_weight

    def validate(self) -> None:
        """Check that the schedule exists and that the numbers are positive."""
        self.require_positive("rounds", "per_class")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"{self.name}: schedule is {self.schedule!r}; expected {' or '.join(SCHEDULES)}")
        if self.pseudo_weight <= 0:
            raise ValueError(f"{self.name}: pseudo_weight is {self.pseudo_weight}; expected more than 0")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune the head on the seeds, run the rounds with and without each fold, answer."""
        self.validate()
        seeded = SeededPool.tuned(view, rng)

        def learn(seeds: NDArray[np.bool_]) -> list[Head]:
            return self._teach(seeded, seeds)

        return seeded.solve(view, learn, {"rows": len(seeded.rows)})

    def _teach(self, seeded: SeededPool, seeds: NDArray[np.bool_]) -> list[Head]:
        heads = [seeded.fit(seeds)]
        N, K = seeded.zero_pool.shape
        for number in range(1, self.rounds + 1 if N else 1):
            total = -(-number * N // self.rounds) if self.schedule == "grip" else min(self.per_class * K, N)
            labels = fill_quotas(softmax(seeded.pool_logits(heads[-1])), shares_of(total, seeded.prior))
            chosen = labels >= 0
            Q = np.zeros((N, K))
            Q[chosen, labels[chosen]] = 1.0
            weight = chosen * (self.pseudo_weight * np.count_nonzero(seeds) / total)
            heads.append(seeded.fit(seeds, Q, weight, start=heads[-1]))
        return heads


def shares_of(total: int, prior: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole quotas that sum to the total, in proportion to the prior by largest remainders.

    Examples
    --------
    >>> shares_of(10, np.array([0.5, 0.26, 0.24])).tolist()
    [5, 3, 2]
    """
    exact = total * prior / prior.sum()
    quotas = np.floor(exact + 1e-9).astype(np.int64)
    largest = np.argsort(quotas - exact, kind="stable")
    quotas[largest[: total - quotas.sum()]] += 1
    return quotas


def fill_quotas(P: NDArray[np.floating], quotas: NDArray[np.integer]) -> NDArray[np.int64]:
    """Give classes their quotas of rows, the likeliest pair of row and class first.

    Parameters
    ----------
    P : (N, K) float array
        Probabilities; at equal ones the row of smaller number goes first.
    quotas : (K,) int array

    Returns
    -------
    (N,) int64
        The class of each row, -1 where all classes that it could have were full.

    Notes
    -----
    Rows and classes rank each other by the same numbers, so the greedy choice is the only stable
    matching, and deferred acceptance finds it in bulk: free rows apply to the likeliest class that would
    have them, classes keep the best. O(N K) a pass; passes are few, because what a class asks only rises.
    """
    N, K = P.shape
    labels = np.full(N, -1, dtype=np.int64)
    room = np.asarray(quotas)
    least = np.where(room > 0, -np.inf, np.inf)
    free = np.arange(N)
    while len(free):
        wanted = np.where(P[free] > least, P[free], -np.inf)
        best = wanted.argmax(axis=1)
        open_to = wanted[np.arange(len(free)), best] > -np.inf
        labels[free[open_to]] = best[open_to]
        held = np.flatnonzero(labels >= 0)
        order = held[np.lexsort((held, -P[held, labels[held]], labels[held]))]
        start = np.searchsorted(labels[order], np.arange(K))
        rank = np.arange(len(order)) - start[labels[order]]
        full = np.flatnonzero((np.bincount(labels[order], minlength=K) >= room) & (room > 0))
        last = order[start[full] + room[full] - 1]
        least[full] = P[last, full]
        # Free are those turned away in this pass; who found no class open to him is out for good.
        free = order[rank >= room[labels[order]]]
        labels[free] = -1
    return labels
