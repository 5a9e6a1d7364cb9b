"""Snuba: labeling functions synthesised from the seeds, pruned for accuracy and diversity, in rounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autows import label_models
from autows.folds import stratified_folds
from autows.lfs.stumps import StumpLFs, Stumps, fit_stumps
from autows.method import Method
from autows.params import parse_spec
from autows.types import ABSTAIN, Labels, TaskView

BETAS = np.linspace(0.25, 0.9, 10)
N_FOLDS = 5
POOL_SAMPLE = 5_000
F_WEIGHT = 0.5


class Snuba(Method):
    """Snuba, one class against the rest, with decision stumps on single features.

    Every round synthesises a stump for each feature and class on the seeds that are still vague,
    gives each the abstain threshold of best F-score, keeps for each class those of best F-score and
    least overlap with what is already kept, and lets a verifier say which seeds are vague. The
    votes of all that was kept go to a label model.

    This version synthesises stumps of cardinality 1; F-scores are those of the votes that survive
    (positive ones), on out-of-fold predictions of the seeds; coverage overlap is the Jaccard
    index of covered pool rows; the verifier is Dawid-Skene over all classes' labeling functions;
    vague seeds are the half with the smallest margins and those that are wrong.

    Parameters
    ----------
    n_iterations : int, default 23
        Most rounds.
    keep_first, keep : int, default 3 and 1
        Labeling functions kept for each class in the first and in every later round.
    label_model : str, default "dawid_skene"
        The label model that aggregates the votes, as its registry writes it.

    References
    ----------
    P. Varma and C. Ré (2018), Snuba: automating weak supervision to label training data, PVLDB
    12(3). N. Roberts et al. (2022), AutoWS-Bench-101, NeurIPS (unipolar multiclass form).
    """

    name = "snuba"
    family = "autows"

    def __init__(
        self,
        n_iterations: int = 23,
        keep_first: int = 3,
        keep: int = 1,
        label_model: str = "dawid_skene",
    ) -> None:
        self.n_iterations = n_iterations
        self.keep_first = keep_first
        self.keep = keep
        self.label_model = label_model

    def validate(self) -> None:
        """Check the numbers and that there is such a label model."""
        self.require_positive("n_iterations", "keep_first", "keep")
        label_models.create(self.label_model)

    def skip_reason(self, view: TaskView) -> str | None:
        """Sparse features and seeds of a single class are left to other methods."""
        if hasattr(view.X_pool, "indptr"):
            return "needs dense features; use a dense representation"
        if np.count_nonzero(view.seed_counts) < 2:
            return "needs seeds of at least two classes"
        return super().skip_reason(view)

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Synthesise, prune and verify in rounds, then aggregate.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self.validate()
        sample = _sample(view.unlabeled_index, rng)
        search = _Search(
            X=np.asarray(view.X_seed),
            y=np.asarray(view.y_seed),
            X_pool=np.asarray(view.X_pool[sample]),
            folds=stratified_folds(view.y_seed, N_FOLDS, rng, view.groups_seed),
            n_classes=view.n_classes,
        )
        found = self._rounds(search)
        pool_votes, test_votes = found.lfs.votes(view.X_pool), found.lfs.votes(view.X_test)
        name, params = parse_spec(self.label_model)
        model = label_models.create(name, **{**params, "n_classes": view.n_classes})
        model.fit(pool_votes[view.unlabeled_index], view.y_seed, found.seed_votes)
        return Labels(
            pool=model.predict_proba(pool_votes).astype(np.float32),
            test=model.predict_proba(test_votes).astype(np.float32),
            n_classes=view.n_classes,
            pool_covered=np.any(pool_votes != ABSTAIN, axis=1),
            test_covered=np.any(test_votes != ABSTAIN, axis=1),
            pool_votes=pool_votes,
            test_votes=test_votes,
            lfs=found.lfs.describe(),
            info={"n_lfs": len(found.lfs), "rounds": found.rounds},
        )

    def _rounds(self, search: _Search) -> _Found:
        vague = np.ones(len(search.y), dtype=bool)
        lfs, seed_votes, rounds = StumpLFs.none(), np.zeros((len(search.y), 0), dtype=np.int8), 0
        while rounds < self.n_iterations:
            new, new_votes = search.candidates(vague, lfs, self.keep if rounds else self.keep_first)
            if len(new) == 0:
                break
            rounds += 1
            lfs, seed_votes = lfs + new, np.hstack([seed_votes, new_votes])
            if rounds < self.n_iterations:
                vague = _vague(search.verify(lfs, seed_votes), search.y)
        return _Found(lfs, seed_votes, rounds)


@dataclass(frozen=True)
class _Found:
    """Labeling functions, their out-of-fold votes on the seeds (n, m), and the rounds it took."""

    lfs: StumpLFs
    seed_votes: NDArray[np.int8]
    rounds: int


class _Search:
    """The seeds and a pool sample, sorted once, and what a round asks of them."""

    def __init__(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        X_pool: NDArray[np.float32],
        folds: NDArray[np.int64],
        n_classes: int,
    ) -> None:
        self.X, self.y, self.X_pool, self.folds, self.n_classes = X, y, X_pool, folds, n_classes
        self.order = X.argsort(axis=0, kind="stable")
        self.targets = y[:, None] == np.arange(n_classes)
        self.prior = (self.targets.sum(axis=0) + 1.0) / (len(y) + n_classes)

    def candidates(
        self, vague: NDArray[np.bool_], kept: StumpLFs, keep: int
    ) -> tuple[StumpLFs, NDArray[np.int8]]:
        """Return up to ``keep`` new labeling functions a class and their out-of-fold seed votes."""
        stumps = fit_stumps(self.X, self.targets, vague, self.order)
        out_of_fold = self._out_of_fold(vague)
        score, beta, trusted = self._best_betas(out_of_fold)
        need = self.prior + beta * (1 - self.prior)
        above, below = stumps.right >= need, stumps.left >= need
        usable = (above ^ below) & np.isfinite(stumps.threshold) & trusted
        new, votes = StumpLFs.none(), [np.zeros((len(self.y), 0), dtype=np.int8)]
        for k in range(self.n_classes):
            j = self._choose(stumps, above, usable, score, kept, k, keep)
            new = new + StumpLFs(j, stumps.threshold[j, k], above[j, k], np.full(len(j), k))
            fires = out_of_fold[:, j, k] >= need[j, k]
            votes.append(np.where(fires, np.int8(k), np.int8(ABSTAIN)))
        return new, np.hstack(votes)

    def verify(self, lfs: StumpLFs, seed_votes: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return the verifier's posterior on each seed from its out-of-fold votes, shape (n, K)."""
        model = label_models.create("dawid_skene", n_classes=self.n_classes, max_iter=20, tol=1e-3)
        model.fit(lfs.votes(self.X_pool), self.y, seed_votes)
        return model.predict_proba(seed_votes)

    def _out_of_fold(self, vague: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return what stumps that did not see a seed predict for it, shape (n, d, K)."""
        P = np.broadcast_to(self.prior, (*self.X.shape, self.n_classes)).copy()
        for fold in np.unique(self.folds):
            train = vague & (self.folds != fold)
            if train.any():
                held = self.folds == fold
                P[held] = fit_stumps(self.X, self.targets, train, self.order).predict(self.X[held])
        return P

    def _best_betas(
        self, P: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return each stump's best F-score, the beta that gives it, and whether its votes beat the prior.

        F0.5 of the positive votes with precision smoothed as (tp + 1) / (tp + fp + 2); all (d, K).
        """
        best = np.full(P.shape[1:], -1.0)
        beta_of_best = np.zeros_like(best)
        trusted = np.zeros_like(best, dtype=bool)
        positives = np.maximum(self.targets.sum(axis=0), 1)
        for beta in BETAS:
            votes = self.prior + beta * (1 - self.prior) <= P
            cast = votes.sum(axis=0)
            right = (votes & self.targets[:, None, :]).sum(axis=0)
            precision, recall = (right + 1.0) / (cast + 2.0), right / positives
            weight = F_WEIGHT**2
            F = (1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-12)
            better = best < F
            best = np.where(better, F, best)
            beta_of_best = np.where(better, beta, beta_of_best)
            trusted = np.where(better, precision > self.prior, trusted)
        return best, beta_of_best, trusted

    def _choose(
        self,
        stumps: Stumps,
        above: NDArray[np.bool_],
        usable: NDArray[np.bool_],
        score: NDArray[np.float64],
        kept: StumpLFs,
        k: int,
        keep: int,
    ) -> NDArray[np.intp]:
        """Return the features of the best new labeling functions for class k, best first."""
        features = np.flatnonzero(usable[:, k])
        lfs = StumpLFs(features, stumps.threshold[features, k], above[features, k], np.full(len(features), k))
        mine = np.flatnonzero(kept.label == k)
        known = set(zip(kept.feature[mine], kept.threshold[mine], kept.above[mine], strict=True))
        fresh = [
            i
            for i, lf in enumerate(zip(lfs.feature, lfs.threshold, lfs.above, strict=True))
            if lf not in known
        ]
        covers = lfs.votes(self.X_pool) != ABSTAIN
        covered = np.any(kept.votes(self.X_pool)[:, mine] != ABSTAIN, axis=1)
        common = covers[covered].sum(axis=0)
        union = covers.sum(axis=0) + covered.sum() - common
        jaccard = common / np.maximum(union, 1)
        total = 0.5 * score[features, k] + 0.5 * (1 - jaccard)
        fresh = [i for i in fresh if covers[:, i].any()]
        ranked = sorted(fresh, key=lambda i: -total[i])
        return features[ranked[:keep]]


def _sample(rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return at most ``POOL_SAMPLE`` of the rows, ascending."""
    if len(rows) <= POOL_SAMPLE:
        return rows
    return np.sort(rng.choice(rows, POOL_SAMPLE, replace=False))


def _vague(P: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the half of the seeds with the smallest margins, and those that are wrong."""
    top = np.sort(P, axis=1)
    margin = top[:, -1] - top[:, -2]
    vague = P.argmax(axis=1) != y
    vague[np.argsort(margin, kind="stable")[: -(-len(y) // 2)]] = True
    return vague
