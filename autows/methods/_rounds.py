"""Snuba's rounds: synthesise on the vague seeds, prune for accuracy and diversity, verify, repeat."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autows import label_models
from autows.labeling_functions import LFSet
from autows.lf_search import Candidates, Search, same_function
from autows.types import ABSTAIN

CANDIDATES_AT_ONCE = 32
DELTA = 0.1
"""Chance with which the check of learned against measured accuracies may stop Snuba wrongly."""


@dataclass
class Grown:
    """What is kept after some rounds.

    Parameters
    ----------
    lfs : LFSet
    seed_votes : (n, m) int8
        Out-of-fold votes on the seeds.
    pool_votes : (N', m) int8
        Votes on the pool sample of the search.
    round : (m,) int64
        The round in which each was kept, from 1.
    why : str
        Why there was no further round.
    losses : list of float
        Held-out log-loss of the seeds after each round.
    """

    lfs: LFSet
    seed_votes: NDArray[np.int8]
    pool_votes: NDArray[np.int8]
    round: NDArray[np.int64]
    why: str = "the last round was reached"
    losses: list[float] = field(default_factory=list)

    def up_to(self, last: int) -> Grown:
        """Return what was kept in the rounds up to this one."""
        index = np.flatnonzero(self.round <= last)
        return Grown(
            self.lfs.take(index),
            self.seed_votes[:, index],
            self.pool_votes[:, index],
            self.round[index],
            self.why,
            self.losses,
        )


def grow(
    search: Search, n_iterations: int, keep_first: int, keep: int, patience: int, accuracy_check: bool
) -> Grown:
    """Run Snuba's rounds.

    Parameters
    ----------
    search : Search
    n_iterations : int
        Most rounds.
    keep_first, keep : int
        Labeling functions kept in the first and in every later round; for each class if unipolar.
    patience : int
        Stop when the held-out loss has not improved for so many rounds, and go back to the best; 0
        never stops for it.
    accuracy_check : bool
        Stop when the verifier's accuracy of a labeling function is further from the one measured on
        the seeds than chance explains.

    Returns
    -------
    Grown

    Notes
    -----
    Rounds end at ``n_iterations``; when nothing new is worth keeping; by the check of accuracies, and
    then without the round that failed it, unless it is the first (Varma and Ré 2018, section 4.2); or
    for lack of improvement.
    """
    n = search.n
    grown = Grown(
        LFSet(), np.zeros((n, 0), np.int8), np.zeros((len(search.pool), 0), np.int8), np.zeros(0, np.int64)
    )
    vague = np.ones(n, dtype=bool)
    for number in range(1, n_iterations + 1):
        found = search.candidates(vague)
        chosen, votes = prune(search, found, grown.pool_votes, keep if number > 1 else keep_first)
        if len(chosen) == 0:
            grown.why = "no new labeling function was worth keeping"
            break
        before, grown = grown, _extended(grown, found, chosen, votes, number)
        posterior, measured, learned, bound = verify(search, grown)
        if accuracy_check and np.any(np.abs(measured - learned) > bound):
            # Those of the first round are all there is.
            grown = before if number > 1 else grown
            grown.why = "a learned accuracy contradicts the seeds"
            break
        grown.losses.append(held_out_loss(search, grown.seed_votes))
        best = int(np.argmin(grown.losses)) + 1
        if patience and number - best >= patience:
            grown.why = f"no improvement in {patience} rounds"
            return grown.up_to(best)
        vague = vague_seeds(posterior, search.y)
    return grown


def _extended(
    grown: Grown, found: Candidates, chosen: NDArray[np.intp], votes: NDArray[np.int8], number: int
) -> Grown:
    return Grown(
        grown.lfs + found.lfs.take(chosen),
        np.hstack([grown.seed_votes, found.seed_votes[:, chosen]]),
        np.hstack([grown.pool_votes, votes]),
        np.append(grown.round, np.full(len(chosen), number)),
        grown.why,
        grown.losses,
    )


def prune(
    search: Search, found: Candidates, kept_votes: NDArray[np.int8], keep: int
) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    """Choose candidates by half their F-score and half the Jaccard distance of their coverage.

    The distance is between the pool rows a candidate covers and those that what is kept covers
    already; for unipolar candidates, kept ones of the same class. Whoever never votes, votes on every
    row for one class, votes exactly as one already chosen, or is not the
    :func:`~autows.lf_search.same_function` on the pool as on the seeds, is passed over.

    Parameters
    ----------
    search : Search
    found : Candidates
    kept_votes : (N', m) int8
        Votes of what is kept on the pool sample.
    keep : int
        How many to choose; for each class if unipolar.

    Returns
    -------
    chosen : (k,) int
        Ascending.
    votes : (N', k) int8
        Their votes on the pool sample.

    Notes
    -----
    Candidates are looked at in order of F-score and in blocks. As the distance is at most 1, the rest of a
    class is done with when even that would not bring the next candidate among the best; so this is exact.
    """
    classes = np.unique(found.label[found.trusted])
    covered = {k: _covered(kept_votes, int(k)) for k in classes}
    seen = {votes.tobytes() for votes in np.ascontiguousarray(kept_votes.T)}
    waiting = {
        int(k): _best_first(np.flatnonzero(found.trusted & (found.label == k)), found.score) for k in classes
    }
    best: dict[int, list[tuple[float, int, NDArray[np.int8]]]] = {k: [] for k in waiting}
    while waiting:
        block = np.sort(np.concatenate([queue[:CANDIDATES_AT_ONCE] for queue in waiting.values()]))
        votes = search.pool_votes(found.lfs.take(block))
        covers = votes != ABSTAIN
        size = covers.sum(axis=0)
        usable = (size > 0) & same_function(found.seed_votes[:, block], votes)
        if not search.multipolar:
            usable &= size < len(votes)
        for k, queue in list(waiting.items()):
            inside = np.flatnonzero((found.label[block] == k) & usable)
            common = covers[covered[k]][:, inside].sum(axis=0)
            union = size[inside] + covered[k].sum() - common
            total = 0.5 * found.score[block[inside]] + 0.5 * (1 - common / np.maximum(union, 1))
            best[k] += [(float(t), int(block[i]), votes[:, i]) for t, i in zip(total, inside, strict=True)]
            best[k] = _different(best[k], seen, keep)
            waiting[k] = queue[CANDIDATES_AT_ONCE:]
            full = len(best[k]) == keep
            if len(waiting[k]) == 0 or (full and 0.5 * found.score[waiting[k][0]] + 0.5 < best[k][-1][0]):
                del waiting[k]
    chosen = sorted((index, column) for entries in best.values() for _, index, column in entries)
    index = np.array([i for i, _ in chosen], dtype=np.intp)
    columns = [column for _, column in chosen]
    return index, np.column_stack(columns) if columns else np.zeros((len(kept_votes), 0), dtype=np.int8)


def _covered(votes: NDArray[np.int8], k: int) -> NDArray[np.bool_]:
    mine = votes != ABSTAIN if k == ABSTAIN else votes == k
    return np.any(mine, axis=1)


def _best_first(index: NDArray[np.intp], score: NDArray[np.float64]) -> NDArray[np.intp]:
    return index[np.argsort(-score[index], kind="stable")]


def _different(
    entries: list[tuple[float, int, NDArray[np.int8]]], seen: set[bytes], keep: int
) -> list[tuple[float, int, NDArray[np.int8]]]:
    """Return the best entries whose votes are in nobody else's, best first; ties go to the smaller index."""
    own: set[bytes] = set()
    different = []
    for entry in sorted(entries, key=lambda e: (-e[0], e[1])):
        votes = np.ascontiguousarray(entry[2]).tobytes()
        if votes in seen or votes in own:
            continue
        own.add(votes)
        different.append(entry)
        if len(different) == keep:
            break
    return different


def verify(
    search: Search, grown: Grown
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Let Dawid-Skene say what the seeds are by their votes, and compare accuracies.

    Returns
    -------
    posterior : (n, K) float64
        Of each seed, from its out-of-fold votes.
    measured, learned : (m,) float64
        Accuracy of each labeling function's votes, on the seeds and by the posterior on the pool sample.
    bound : (m,) float64
        By how much the two may differ (Hoeffding, all labeling functions at once); infinite without votes.
    """
    model = label_models.create("dawid_skene", n_classes=search.n_classes, max_iter=20, tol=1e-3)
    model.fit(grown.pool_votes, search.y, grown.seed_votes)
    learned = _agreement(model.predict_proba(grown.pool_votes), grown.pool_votes)
    measured = _agreement(np.eye(search.n_classes)[search.y], grown.seed_votes)
    cast = (grown.seed_votes != ABSTAIN).sum(axis=0)
    m = grown.seed_votes.shape[1]
    with np.errstate(divide="ignore"):
        bound = np.sqrt(np.log(2 * m**2 / DELTA) / (2 * cast))
    return model.predict_proba(grown.seed_votes), measured, learned, bound


def _agreement(P: NDArray[np.float64], L: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the mean probability of what each labeling function votes for; 0.5 for one without votes."""
    right = np.zeros(L.shape[1])
    for k in range(P.shape[1]):
        right += P[:, k] @ (k == L)
    cast = (L != ABSTAIN).sum(axis=0)
    return np.divide(right, cast, out=np.full(L.shape[1], 0.5), where=cast > 0)


def held_out_loss(search: Search, seed_votes: NDArray[np.int8]) -> float:
    """Return the log-loss of each fold's seeds under vote tables learned from the other folds' seeds."""
    total = 0.0
    nobody = np.zeros((0, seed_votes.shape[1]), dtype=np.int8)
    for fold in np.unique(search.folds):
        held = search.folds == fold
        model = label_models.create("dawid_skene", n_classes=search.n_classes, max_iter=1)
        model.fit(nobody, search.y[~held], seed_votes[~held])
        P = model.predict_proba(seed_votes[held])
        total -= np.log(np.maximum(P[np.arange(len(P)), search.y[held]], 1e-6)).sum()
    return float(total / search.n)


def vague_seeds(P: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the half of the seeds with the smallest margins, and those that are wrong.

    Snuba's own rule, a margin below ``1/2 - (M + 1)^(-3/2)``, comes to mark nearly every seed as
    labeling functions grow in number.
    """
    top = np.sort(P, axis=1)
    margin = top[:, -1] - top[:, -2]
    vague = P.argmax(axis=1) != y
    vague[np.argsort(margin, kind="stable")[: -(-len(y) // 2)]] = True
    return vague
