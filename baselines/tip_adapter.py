"""Tip-Adapter: zero-shot logits plus a cache of the seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._embeddings import SeedEmbeddings, answer, best_candidate

ALPHAS = (0.0, *(float(a) for a in np.geomspace(0.1, 1e4, 21)))
BETAS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
ALONE = (1.0, 1.0)
"""Alpha and beta where there is nothing to choose them by: those of the official configuration, about."""


class TipAdapter(Method):
    """Training-free Tip-Adapter: seeds vote for their class with a weight that falls with distance.

    Logits are ``scale x T' + alpha exp(-beta (1 - x F')) Y`` for unit embeddings x, class texts T, seeds F
    and their one-hot labels Y. Alpha, beta and a temperature for all of it are those of lowest log-loss
    when each seed in turn (with its group) is left out of the cache, which takes no refitting.

    Parameters
    ----------
    balanced : bool, default True
        Divide each class's votes by its number of seeds and multiply them by the mean number. With equal
        numbers, as in the paper, this changes nothing; otherwise a frequent class would win wherever beta is
        small, and leaving a seed out would handicap its own class. A class without seeds gets the average of
        the others' votes, so that its text decides.

    Notes
    -----
    This is the paper's training-free model. Left out are the fine-tuned keys (Tip-Adapter-F)
    and the search for alpha and beta on a labelled validation set. O(n^2 K) for each of 22 x 7 candidates;
    answers cost O(N n d).

    References
    ----------
    R. Zhang, W. Zhang, R. Fang, P. Gao, K. Li, J. Dai, Y. Qiao and H. Li (2022), Tip-Adapter:
    training-free adaption of CLIP for few-shot classification, ECCV.
    """

    name = "tip_adapter"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, balanced: bool = True) -> None:
        self.balanced = balanced

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Choose alpha and beta by leaving one out, then answer."""
        seeds = SeedEmbeddings.of(view)
        groups = np.arange(len(seeds.y)) if view.groups_seed is None else np.asarray(view.groups_seed)
        (alpha, beta), temperature, info = ALONE, 1.0, {}
        if len(np.unique(groups)) > 1:
            alpha, beta, temperature, loss = _tune(seeds, groups, self.balanced)
            info["left_out_log_loss"] = round(loss, 4)
        values = alpha * weighed(seeds.onehot, seeds.counts[None], self.balanced)
        keys, values = seeds.F.T.astype(np.float32), values.astype(np.float32)
        texts = (seeds.scale * seeds.T.T).astype(np.float32)

        def scores(X: NDArray[np.float32]) -> NDArray[np.floating]:
            affinity = X @ keys
            affinity -= 1
            affinity *= np.float32(beta)
            np.exp(affinity, out=affinity)
            logits: NDArray[np.floating] = X @ texts + affinity @ values
            return logits

        return answer(view, scores, temperature, {"alpha": alpha, "beta": beta, **info})


def left_out_votes(
    seeds: SeedEmbeddings, groups: NDArray[np.integer], beta: float, balanced: bool
) -> NDArray[np.float64]:
    """Return what the cache says of each seed without the seeds of its group, alpha being 1; (n, K).

    Parameters
    ----------
    seeds : SeedEmbeddings
    groups : (n,) int array
        Seeds with the same number are left out together.
    beta : float
    balanced : bool
        Whether votes are divided by the number of seeds that are left in the class.

    Notes
    -----
    The affinities of a group to itself are put to zero.
    """
    others = groups[:, None] != groups
    affinity = np.exp(beta * (seeds.F @ seeds.F.T - 1)) * others
    return weighed(affinity @ seeds.onehot, others @ seeds.onehot, balanced)


def weighed(votes: NDArray[np.float64], counts: NDArray[np.number], balanced: bool) -> NDArray[np.float64]:
    """Multiply summed votes by the mean number of seeds a class over that of each class.

    Parameters
    ----------
    votes : (r, K) float64
    counts : (r, K) or (1, K) array
        How many seeds have voted for each class.
    balanced : bool
        Otherwise votes are returned as they are.

    Returns
    -------
    (r, K) float64
        A class without seeds has the average of the classes that have some.
    """
    if not balanced:
        return votes
    seen = counts > 0
    found = np.where(seen, votes * (counts.mean(axis=1, keepdims=True) / np.maximum(counts, 1)), 0.0)
    average = found.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    result: NDArray[np.float64] = np.where(seen, found, average)
    return result


def _tune(
    seeds: SeedEmbeddings, groups: NDArray[np.integer], balanced: bool
) -> tuple[float, float, float, float]:
    """Return alpha, beta, temperature and the log-loss of left-out seeds."""
    zero_shot, alphas = seeds.zero_shot, np.array(ALPHAS)[:, None, None]
    best: tuple[float, float, float, float] | None = None
    for beta in BETAS:
        votes = left_out_votes(seeds, groups, beta, balanced)
        chosen, temperature, loss = best_candidate(zero_shot + alphas * votes, seeds.y)
        if best is None or loss < best[3] - 1e-12:
            best = (ALPHAS[chosen], beta, temperature, loss)
    assert best is not None
    return best
