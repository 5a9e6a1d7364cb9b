"""Candidates for labeling functions: every family fitted to the seeds, with thresholds judged out of fold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows import lfs as families
from autows.folds import stratified_folds
from autows.labeling_functions import LFs, LFSet, favourites, lift
from autows.lf_family import Family, Models, Rows, Synthesiser
from autows.params import parse_spec
from autows.types import ABSTAIN, TaskView

UNIPOLAR_BETAS = np.linspace(0.25, 0.9, 10)
MULTIPOLAR_BETAS = np.linspace(0.1, 0.9, 9)
N_FOLDS = 5
POOL_SAMPLE = 5_000
STANDARD_ERRORS = 4.0
F_WEIGHT = 0.5
"""F-scores weigh precision twice as much as recall: a labeling function may abstain, it may not be wrong."""
ROUNDING = 1e-12
"""Scores that differ by less are equal: they are quotients of counts, computed in another order."""


def parse_families(text: str, **params: int) -> list[Family]:
    """Create the families of a list such as ``stumps+logistic[cardinality=2]``.

    Parameters
    ----------
    text : str
        Names, with parameters in brackets, joined by ``+``.
    **params : int
        Set on every family that has such a parameter and was not given it in brackets.

    Raises
    ------
    UserError
        If a name or a parameter is unknown.
    """
    made = []
    # A plus sign within brackets belongs to a number, as in C=1e+3.
    for spec in (part for part in re.split(r"\+(?![^\[]*\])", text) if part.strip()):
        name, written = parse_spec(spec)
        own = families.create(spec).get_params()
        made.append(families.create(name, **{**{k: v for k, v in params.items() if k in own}, **written}))
    if not made:
        raise ValueError("families names nothing; expected names joined by +, such as stumps+logistic")
    return made


def needs_of(made: Sequence[Family]) -> frozenset[str]:
    """Return what the families together must have beside features."""
    return frozenset().union(*(family.needs for family in made))


@dataclass(frozen=True)
class Candidates:
    """Labeling functions with their out-of-fold votes on the seeds and how good these are.

    Parameters
    ----------
    lfs : LFSet
        One part a family.
    seed_votes : (n, C) int8
        Votes of models that did not see the seed.
    score : (C,) float64
        F-score of the votes, see :func:`choose_betas`.
    trusted : (C,) bool
        Whether precision exceeds what the class shares give by themselves.
    label : (C,) int64
        The class each votes for; -1 for multipolar ones.
    """

    lfs: LFSet
    seed_votes: NDArray[np.int8]
    score: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    label: NDArray[np.int64]


class Search:
    """The seeds of a task and a sample of its pool, prepared once for many rounds of fitting.

    Parameters
    ----------
    view : TaskView
        With seeds of at least two classes.
    made : sequence of Family
    multipolar : bool
    rng : numpy.random.Generator
        Decides folds, the pool sample and feature subsets.
    """

    def __init__(
        self, view: TaskView, made: Sequence[Family], multipolar: bool, rng: np.random.Generator
    ) -> None:
        self.y = np.asarray(view.y_seed, dtype=np.int64)
        self.n_classes = view.n_classes
        self.multipolar = multipolar
        self.prior = (view.seed_counts + 1.0) / (len(self.y) + view.n_classes)
        self.folds = stratified_folds(self.y, N_FOLDS, rng, view.groups_seed)
        sample = sample_rows(view.unlabeled_index, POOL_SAMPLE, rng)
        self.pool = Rows.pool(view)[sample]
        self.n = len(self.y)
        seeds = Rows.seeds(view)
        self.synthesisers: list[Synthesiser] = [
            family.begin(seeds, self.y, view.n_classes, multipolar, rng) for family in made
        ]
        self._Z_pool = [synthesiser.transform(self.pool) for synthesiser in self.synthesisers]

    def candidates(self, used: NDArray[np.bool_]) -> Candidates:
        """Fit every family to some of the seeds and give each model its best threshold."""
        parts, votes, scores, trusted, labels = [], [], [], [], []
        for synthesiser in self.synthesisers:
            models = synthesiser.fit(used)
            P = self.out_of_fold(synthesiser, models, used)
            label, strength = self.answers(P)
            score, beta, good = choose_betas(
                label,
                strength,
                self.y,
                self.n_classes,
                MULTIPOLAR_BETAS if self.multipolar else UNIPOLAR_BETAS,
            )
            C, K = strength.shape[1], self.n_classes
            model = np.arange(C) if self.multipolar else np.repeat(np.arange(models.n_models), K)
            emitted = None if self.multipolar else np.tile(np.arange(K), models.n_models)
            parts.append(LFs(synthesiser, models, model, emitted, beta, self.prior))
            votes.append(np.where(strength >= beta, label, np.int8(ABSTAIN)))
            scores.append(score)
            trusted.append(good)
            labels.append(np.full(C, ABSTAIN) if emitted is None else emitted)
        return Candidates(
            LFSet(tuple(parts)),
            np.hstack(votes).astype(np.int8),
            np.concatenate(scores),
            np.concatenate(trusted),
            np.concatenate(labels).astype(np.int64),
        )

    def pool_votes(self, lfs: LFSet) -> NDArray[np.int8]:
        """Return the votes of candidates of this search on its pool sample, shape (N', m)."""
        of_pool = {id(s): Z for s, Z in zip(self.synthesisers, self._Z_pool, strict=True)}
        votes = [part.vote(of_pool[id(part.synthesiser)]) for part in lfs.parts]
        return np.hstack([np.zeros((len(self.pool), 0), dtype=np.int8), *votes])

    def out_of_fold(
        self, synthesiser: Synthesiser, models: Models, used: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return what models fitted without a seed's fold predict for it, shape (n, M, K).

        Where no marked seed is left to fit, class shares are predicted: every labeling function abstains.
        """
        P = np.empty((self.n, models.n_models, self.n_classes))
        for fold in np.unique(self.folds):
            held, train = self.folds == fold, used & (self.folds != fold)
            P[held] = synthesiser.fit(train).predict(synthesiser.Z[held]) if train.any() else self.prior
        return P

    def answers(self, P: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.floating]]:
        """Return the class each candidate would vote for and its lift, both (rows, C)."""
        if self.multipolar:
            return favourites(P, self.prior)
        strength = lift(P, self.prior).reshape(len(P), -1)
        label = np.tile(np.arange(self.n_classes, dtype=np.int8), P.shape[1])
        return np.broadcast_to(label, strength.shape), strength


def same_function(seed_votes: NDArray[np.int8], pool_votes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say which candidates vote about as often on the pool as their out-of-fold votes do on the seeds.

    Models of the folds may fire elsewhere than the model fitted to all seeds. Where the shares differ by
    more than four standard errors, what the seeds say of one is no evidence about the other.

    Parameters
    ----------
    seed_votes : (n, C) int8
        Out-of-fold votes.
    pool_votes : (N', C) int8
        Votes of the final models on a pool sample.

    Returns
    -------
    (C,) bool
    """
    n = max(len(seed_votes), 1)
    on_seeds = (seed_votes != ABSTAIN).sum(axis=0) / n
    on_pool = (pool_votes != ABSTAIN).sum(axis=0) / max(len(pool_votes), 1)
    # One seed either way is never telling.
    error = np.sqrt(on_pool * (1 - on_pool) / n)
    return np.abs(on_seeds - on_pool) <= STANDARD_ERRORS * error + 1 / n


def choose_betas(
    label: NDArray[np.int8],
    strength: NDArray[np.floating],
    y: NDArray[np.int64],
    n_classes: int,
    betas: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Choose for every candidate the threshold that gives its votes the best F-score.

    Parameters
    ----------
    label : (n, C) int8
        What a candidate votes for if it votes.
    strength : (n, C) float
        It votes where this is at least beta.
    y : (n,) int64
        The truth.
    n_classes : int
    betas : (B,) float
        Ascending.

    Returns
    -------
    score : (C,) float64
        F0.5 of the class that is voted for, averaged over the classes a candidate votes for among the
        seeds; precision is smoothed as (right + 1) / (cast + 2). 0 for one that never votes.
    beta : (C,) float64
        The smallest of the best.
    trusted : (C,) bool
        Whether some vote is right and the precision of all votes, smoothed in that manner, exceeds the
        share of seeds that guessing the same votes at random would get right.

    Notes
    -----
    O(n C B) for unipolar candidates, O(n C B K) for others.
    """
    n, C = strength.shape
    best, beta_of_best, trusted = np.full(C, -1.0), np.full(C, betas[0]), np.zeros(C, dtype=bool)
    positives = np.bincount(y, minlength=n_classes).astype(np.float64)
    share = positives / n
    right = label == y[:, None]
    unipolar = bool(np.all(label == label[:1]))
    for beta in betas:
        votes = strength >= beta
        if unipolar:
            k = label[0]
            cast, hit = votes.sum(axis=0), (votes & right).sum(axis=0)
            F = _f_score(cast, hit, positives[k])
            by_chance = share[k]
        else:
            total, emitted, expected = np.zeros(C), np.zeros(C), np.zeros(C)
            cast, hit = np.zeros(C), np.zeros(C)
            for k in range(n_classes):
                mine = votes & (label == k)
                cast_k, hit_k = mine.sum(axis=0), (mine & right).sum(axis=0)
                total += _f_score(cast_k, hit_k, positives[k]) * (cast_k > 0)
                emitted += cast_k > 0
                cast, hit, expected = cast + cast_k, hit + hit_k, expected + share[k] * cast_k
            F = total / np.maximum(emitted, 1)
            by_chance = expected / np.maximum(cast, 1)
        better = best + ROUNDING < F
        best = np.where(better, F, best)
        beta_of_best = np.where(better, beta, beta_of_best)
        trusted = np.where(better, (hit > 0) & ((hit + 1.0) / (cast + 2.0) > by_chance + ROUNDING), trusted)
    return best, beta_of_best, trusted


def _f_score(
    cast: NDArray[np.integer | np.floating],
    hit: NDArray[np.integer | np.floating],
    positives: NDArray[np.float64],
) -> NDArray[np.float64]:
    precision, recall = (hit + 1.0) / (cast + 2.0), hit / np.maximum(positives, 1)
    weight = F_WEIGHT**2
    return (1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-12)


def sample_rows(rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return at most so many of the rows, ascending."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
