"""TFUP: texts, and a cache of central confident pool rows and seeds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from autows.end_models.linear import blocks
from autows.method import Method
from autows.types import Labels, TaskView
from baselines._embeddings import unit_rows
from baselines._transduction import first_of_the_best, seed_log_loss, text_log_probabilities

CONFIDENCE_SCALE = 10.0
"""What cosines are multiplied with where confidence and distances between predictions are measured."""
MAX_PSEUDO_KEYS = 2000
SHARPNESS = (1.0, 3.0, 5.5)
TEXT_WEIGHTS = (1.0, 0.3, 0.1, 0.0)
CACHE_WEIGHTS = (0.3, 0.0, 0.03, 0.1, 1.0, 3.0)
"""The paper has sharpness 1, text weight 1 and cache weight 0.3."""


class TFUP(Method):
    """Add to the texts' logits the similarity to cached rows: confident central pool rows, and seeds.

    For each class take the ``2 s`` unlabelled pool rows that the texts give the largest probability and
    keep the s whose predictions are nearest the others' (least sum of Kullback-Leibler divergences).
    These and the seeds are the cache. The logits of a row are

    ``t scale x.T_k + sum_j w_j exp(-b (1 - x.f_j g_j(x)))`` over the cached rows ``f_j`` of class k,

    where ``g_j`` falls from 2 to 0 as the divergence of the row's prediction from the cached row's goes
    from the least to the largest of the pool.

    Parameters
    ----------
    shots : int, default 16
        s; fewer where a class could not have so many, or all classes would have more than 2,000.

    Notes
    -----
    Text weight t, sharpness b and the weights w of pool rows and of seeds are chosen by the log-loss of
    the seeds, each without itself and its group in the cache. Rows are in the cache whatever the labels
    of the seeds, so nothing else must be left out.

    Of the paper this is the part without training. Its cache has no seeds and fixed weights, and as many
    pool rows as make a share of 0.3. Left out is TFUP-T, which trains adapters. Standardising
    divergences before they are scaled to their range, as the paper does, changes nothing.

    O(N (d + K) (K s + n)).

    References
    ----------
    S. Long, L. Wang, Z. Zhao, Z. Tan, Y. Wu, S. Wang and J. Wang (2024), Training-free unsupervised prompt
    for vision-language models, arXiv:2404.16339.
    """

    name = "tfup"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, shots: int = 16) -> None:
        self.shots = shots

    def validate(self) -> None:
        """Check that the number of shots is positive."""
        self.require_positive("shots")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Fill the cache, choose weights on the seeds, compare all rows with the cache.

        Raises
        ------
        ValueError
            If ``shots`` is not positive.
        """
        self.validate()
        texts, K = view.class_embeddings, view.n_classes
        assert texts is not None
        seeds, pool, test = (Rows.of(np.asarray(X), texts) for X in (view.X_seed, view.X_pool, view.X_test))
        free = view.unlabeled_index
        shots = max(1, min(self.shots, len(free) // 2, MAX_PSEUDO_KEYS // K)) if len(free) else 0
        chosen, of_class = central_rows(pool.log_P[free], shots)
        keys = Rows.joined(pool.take(free[chosen]), seeds)
        y = np.asarray(view.y_seed)
        key_class = np.concatenate([of_class, y])
        is_seed = np.arange(len(key_class)) >= len(of_class)
        low, high = divergence_range(pool, keys)

        # A seed is not compared with itself, nor with rows that come with it.
        allowed = np.ones((len(y), len(key_class)), dtype=bool)
        groups = np.arange(len(y)) if view.groups_seed is None else np.asarray(view.groups_seed)
        allowed[:, is_seed] = groups[:, None] != groups[None]
        near = scaled_affinities(seeds, keys, low, high)
        text = text_logits(seeds, texts, view.logit_scale)
        best = choose_weights(near, text, allowed, key_class, is_seed, y)

        def answer(rows: Rows) -> NDArray[np.float32]:
            P = np.empty((len(rows.X), K), dtype=np.float32)
            for part in blocks(len(P)):
                block = rows.take(part)
                near = scaled_affinities(block, keys, low, high)
                text = text_logits(block, texts, view.logit_scale)
                P[part] = combined(
                    best, text, *class_similarities(near, best.sharpness, key_class, is_seed, K)
                )
            return P

        info = {
            "shots": shots,
            "sharpness": best.sharpness,
            "text_weight": best.text,
            "pool_weight": best.pool,
            "seed_weight": best.seeds,
        }
        return Labels(answer(pool), answer(test), K, info=info)


@dataclass(frozen=True)
class Rows:
    """Rows of length 1, and the log-probabilities that texts give them at the scale of confidence."""

    X: NDArray[np.float32]
    log_P: NDArray[np.float32]

    @classmethod
    def of(cls, X: NDArray[np.float32], texts: NDArray[np.float32]) -> Rows:
        """Make them of features, shape (N, d)."""
        X = unit_rows(X)
        return cls(X, text_log_probabilities(X, texts, CONFIDENCE_SCALE))

    @classmethod
    def joined(cls, first: Rows, second: Rows) -> Rows:
        """Stack two."""
        return cls(np.concatenate([first.X, second.X]), np.concatenate([first.log_P, second.log_P]))

    def take(self, rows: slice | NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        return Rows(self.X[rows], self.log_P[rows])


@dataclass(frozen=True)
class Weights:
    """Of what a row's logits are made."""

    sharpness: float
    text: float
    pool: float
    seeds: float


def central_rows(log_P: NDArray[np.float32], shots: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the rows of the cache by the texts' log-probabilities.

    Parameters
    ----------
    log_P : (N, K) float32
    shots : int
        Rows a class; at most N.

    Returns
    -------
    rows, classes : (K shots,) int64
        Class after class. A row may stand for several classes.
    """
    K = log_P.shape[1]
    candidates = min(2 * shots, len(log_P))
    chosen = np.empty((K, shots), dtype=np.int64)
    for k in range(K):
        top = np.argsort(-log_P[:, k], kind="stable")[:candidates]
        far = divergences(log_P[top], log_P[top]).sum(axis=1)
        chosen[k] = top[np.argsort(far, kind="stable")[:shots]]
    return chosen.ravel(), np.repeat(np.arange(K), shots)


def divergences(log_P: NDArray[np.float32], log_Q: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the Kullback-Leibler divergences KL(P_i || Q_j), shape (rows of P, rows of Q)."""
    P = np.exp(log_P)
    entropy = np.einsum("ik,ik->i", P, log_P)
    return np.maximum(entropy[:, None] - P @ log_Q.T, 0)


def divergence_range(rows: Rows, keys: Rows) -> tuple[float, float]:
    """Return the least and the largest divergence of rows from keys."""
    ends = [
        (float(D.min()), float(D.max()))
        for part in blocks(len(rows.X))
        for D in [divergences(rows.log_P[part], keys.log_P)]
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def text_logits(rows: Rows, texts: NDArray[np.float32], scale: float | None) -> NDArray[np.float32]:
    """Return scaled cosines of rows and texts, shape (N, K)."""
    assert scale is not None
    return (scale * (rows.X @ texts.T)).astype(np.float32, copy=False)


def scaled_affinities(rows: Rows, keys: Rows, low: float, high: float) -> NDArray[np.float32]:
    """Return cosines of rows and keys times 2 to 0 by the divergence; shape (rows, keys)."""
    D = divergences(rows.log_P, keys.log_P)
    # Where no predictions differ, as with texts that are all the same, nothing is far.
    share = np.clip((D - low) / (high - low), 0, 1) if high - low > 1e-6 else np.zeros_like(D)
    return (rows.X @ keys.X.T) * (2 - 2 * share.astype(np.float32))


def class_similarities(
    near: NDArray[np.float32],
    sharpness: float,
    key_class: NDArray[np.int64],
    is_seed: NDArray[np.bool_],
    n_classes: int,
    allowed: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return sums of ``exp(-b (1 - affinity))`` a class, over pool rows and over seeds of the cache."""
    similar = np.exp(np.float32(sharpness) * (near - 1))
    if allowed is not None:
        similar = np.where(allowed, similar, np.float32(0))
    onehot = np.eye(n_classes, dtype=np.float32)[key_class]
    return similar[:, ~is_seed] @ onehot[~is_seed], similar[:, is_seed] @ onehot[is_seed]


def combined(
    weights: Weights,
    text: NDArray[np.float32],
    of_pool: NDArray[np.float32],
    of_seeds: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return probabilities, shape (N, K), of the weighted sum of logits."""
    from scipy.special import softmax

    logits = weights.text * text + weights.pool * of_pool + weights.seeds * of_seeds
    P: NDArray[np.float32] = softmax(logits, axis=1)
    return P


def choose_weights(
    near: NDArray[np.float32],
    text: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    key_class: NDArray[np.int64],
    is_seed: NDArray[np.bool_],
    y: NDArray[np.integer],
) -> Weights:
    """Return the weights of the least log-loss of the seeds; the paper's if those are about as good."""
    losses = {}
    for sharpness in SHARPNESS:
        sums = class_similarities(near, sharpness, key_class, is_seed, text.shape[1], allowed)
        for weights in product(TEXT_WEIGHTS, CACHE_WEIGHTS, CACHE_WEIGHTS):
            candidate = Weights(sharpness, *weights)
            losses[candidate] = seed_log_loss(combined(candidate, text, *sums), y)
    return first_of_the_best(losses)[0]
