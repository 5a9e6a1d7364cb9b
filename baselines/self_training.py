"""Self-training of a linear head on a foundation model's embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.prior_matching import match_prior
from autows.types import Labels, TaskView
from baselines._linear_head import Head
from baselines._seeded_pool import SeededPool, softmax


class SelfTraining(Method):
    """Fit a linear head to the seeds and to its own sharpened answers on the pool, again and again.

    The head adds a linear function of the embedding to the zero-shot logits, which are scaled by a
    trust. In round t of T it learns from the share t / T of the pool rows of each predicted class
    that it is most confident of. The number of rounds, none included, is the one of best held-out
    log-loss of the seeds.

    Parameters
    ----------
    rounds : int, default 8
        Most rounds.
    sharpness : float, default 2.0
        Answers are raised to this power and normalised; 1 leaves them soft, from which a head of
        this kind learns next to nothing that it does not know.
    pseudo_weight : float, default 1.0
        Weight of all pool rows together, in units of that of all seeds.
    balance : bool, default True
        First move answers by one offset a class to the class shares that the seeds suggest.

    Notes
    -----
    In the paper a network is trained from scratch in every round on the confident rows with hard labels, and
    confidence is cut at a percentile of all rows; here at one of each class, which keeps rare classes.
    Unlabeled rows to learn from are at most 5,000. A round is O(N' r K) a step of L-BFGS.

    References
    ----------
    P. Cascante-Bonilla, F. Tan, Y. Qi and V. Ordonez (2021), Curriculum labeling: revisiting
    pseudo-labeling for semi-supervised learning, AAAI. H. Scudder (1965), Probability of error of
    some adaptive pattern-recognition machines, IEEE Transactions on Information Theory 11(3).
    """

    name = "self_training"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(
        self, rounds: int = 8, sharpness: float = 2.0, pseudo_weight: float = 1.0, balance: bool = True
    ) -> None:
        self.rounds = rounds
        self.sharpness = sharpness
        self.pseudo_weight = pseudo_weight
        self.balance = balance

    def validate(self) -> None:
        """Check that the numbers are positive and the sharpness at least 1."""
        self.require_positive("rounds")
        if self.sharpness < 1 or self.pseudo_weight <= 0:
            raise ValueError(f"{self.name}: expected sharpness of at least 1 and pseudo_weight above 0")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune the head on the seeds, run the rounds with and without each fold, answer."""
        self.validate()
        seeded = SeededPool.tuned(view, rng)

        def learn(seeds: NDArray[np.bool_]) -> list[Head]:
            return self._teach(seeded, seeds)

        return seeded.solve(view, learn, {"rows": len(seeded.rows)})

    def _teach(self, seeded: SeededPool, seeds: NDArray[np.bool_]) -> list[Head]:
        heads = [seeded.fit(seeds)]
        for number in range(1, self.rounds + 1 if len(seeded.rows) else 1):
            logits = seeded.pool_logits(heads[-1])
            if self.balance:
                logits += match_prior(logits, seeded.prior)
            P = softmax(logits)
            kept = most_confident(P, number / self.rounds)
            weight = kept * (self.pseudo_weight * np.count_nonzero(seeds) / np.count_nonzero(kept))
            heads.append(seeded.fit(seeds, softmax(self.sharpness * logits), weight, start=heads[-1]))
        return heads


def most_confident(P: NDArray[np.floating], share: float) -> NDArray[np.bool_]:
    """Mark the given share of the rows of each predicted class, rounded up, by their largest probability.

    Examples
    --------
    >>> P = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    >>> most_confident(P, 0.5)
    array([ True, False,  True,  True])
    """
    label, confidence = P.argmax(axis=1), P.max(axis=1)
    order = np.lexsort((-confidence, label))
    sizes = np.bincount(label, minlength=P.shape[1])
    rank = np.arange(len(P)) - (np.cumsum(sizes) - sizes)[label[order]]
    kept = np.zeros(len(P), dtype=bool)
    kept[order] = rank < np.ceil(share * sizes - 1e-9)[label[order]]
    return kept
