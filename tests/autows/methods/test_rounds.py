"""Snuba's rounds beside plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autows.labeling_functions import LFSet
from autows.lf_search import Search, parse_families
from autows.methods import _rounds
from autows.methods._rounds import grow, held_out_loss, prune, vague_seeds, verify
from autows.types import ABSTAIN


@pytest.fixture
def make_search(blobs):
    def make(multipolar=False, families="stumps", seed=0, **more):
        view, *_ = blobs(**{"gap": 1.2, "d": 6, "seed": seed, **more})
        return Search(view, parse_families(families), multipolar, np.random.default_rng(seed))

    return make


def everyone(search):
    return np.ones(search.n, dtype=bool)


def plain_prune(search, found, kept, keep):
    """Return the candidates that are kept, each compared with everything, one at a time."""
    all_votes = found.lfs.votes(search.pool)
    chosen = []
    for k in sorted(set(found.label.tolist())):
        covered = {
            i for i, row in enumerate(kept) if (np.any(row != ABSTAIN) if k == ABSTAIN else np.any(row == k))
        }
        ranked = []
        for c in np.flatnonzero(found.label == k):
            votes = all_votes[:, c]
            mine = set(np.flatnonzero(votes != ABSTAIN).tolist())
            if not found.trusted[c] or not mine or (k != ABSTAIN and len(mine) == len(votes)):
                continue
            share, seen = len(mine) / len(votes), np.mean(found.seed_votes[:, c] != ABSTAIN)
            if abs(seen - share) > 4 * np.sqrt(share * (1 - share) / search.n) + 1 / search.n:
                continue
            if any(np.array_equal(votes, other) for other in kept.T):
                continue
            jaccard = len(mine & covered) / len(mine | covered)
            ranked.append((-0.5 * found.score[c] - 0.5 * (1 - jaccard), int(c)))
        mine_chosen = []
        for _, c in sorted(ranked):
            if not any(np.array_equal(all_votes[:, c], all_votes[:, other]) for other in mine_chosen):
                mine_chosen.append(c)
            if len(mine_chosen) == keep:
                break
        chosen += mine_chosen
    return sorted(chosen)


@pytest.mark.parametrize("multipolar", [False, True])
@pytest.mark.parametrize("block", [2, 32])
@pytest.mark.parametrize(("seed", "K"), [(0, 2), (1, 3), (2, 4)])
def test_pruning_in_blocks_keeps_what_a_plain_loop_keeps(
    make_search, monkeypatch, multipolar, block, seed, K
):
    monkeypatch.setattr(_rounds, "CANDIDATES_AT_ONCE", block)
    search = make_search(multipolar=multipolar, seed=seed, n_classes=K, d=9)
    kept, rng = np.zeros((len(search.pool), 0), dtype=np.int8), np.random.default_rng(seed)
    for used, keep in ((everyone(search), 3), (rng.random(search.n) < 0.6, 1), (everyone(search), 2)):
        found = search.candidates(used)
        chosen, votes = prune(search, found, kept, keep)
        assert chosen.tolist() == plain_prune(search, found, kept, keep)
        np.testing.assert_array_equal(votes, found.lfs.votes(search.pool)[:, chosen])
        kept = np.hstack([kept, votes])
    assert kept.shape[1] > 2


def test_no_two_kept_vote_alike(make_search):
    grown = grow(make_search(), 8, 3, 2, 0, False)
    columns = {votes.tobytes() for votes in np.ascontiguousarray(grown.pool_votes.T)}
    assert len(columns) == len(grown.lfs) > 10


def test_votes_kept_are_those_of_the_labeling_functions_kept(make_search):
    for multipolar in (False, True):
        search = make_search(multipolar=multipolar)
        grown = grow(search, 4, 3, 1, 0, False)
        np.testing.assert_array_equal(grown.pool_votes, grown.lfs.votes(search.pool))
        assert grown.seed_votes.shape == (search.n, len(grown.lfs))
        assert grown.round.tolist() == sorted(grown.round)
        assert grown.why == "the last round was reached"


def test_seeds_that_are_vague_alone_are_fitted(make_search, monkeypatch):
    search, asked = make_search(), []
    original = search.candidates
    monkeypatch.setattr(search, "candidates", lambda used: asked.append(used.copy()) or original(used))
    grown = grow(search, 3, 3, 1, 0, False)
    assert asked[0].all()
    first = grown.up_to(1)
    np.testing.assert_array_equal(asked[1], vague_seeds(verify(search, first)[0], search.y))
    assert not asked[1].all()


def test_vague_are_the_half_of_least_margin_and_those_that_are_wrong():
    P = np.array([[0.9, 0.1], [0.4, 0.6], [0.45, 0.55], [0.2, 0.8], [0.7, 0.3]])
    # Margins .8 .2 .1 .6 .4; half of five are three; row 3 is wrong.
    np.testing.assert_array_equal(vague_seeds(P, np.array([0, 1, 1, 0, 0])), [False, True, True, True, True])


def test_accuracies_and_their_bound_are_those_of_plain_loops(make_search):
    search = make_search(n_classes=3)
    grown = grow(search, 3, 2, 1, 0, False)
    posterior, measured, learned, bound = verify(search, grown)
    assert posterior.shape == (search.n, 3)
    m = len(grown.lfs)
    for j in range(m):
        cast = [i for i in range(search.n) if grown.seed_votes[i, j] != ABSTAIN]
        right = sum(grown.seed_votes[i, j] == search.y[i] for i in cast)
        assert measured[j] == pytest.approx(right / len(cast) if cast else 0.5)
        assert bound[j] == pytest.approx(
            np.sqrt(np.log(2 * m**2 / 0.1) / (2 * len(cast))) if cast else np.inf
        )
    assert np.all((learned > 0) & (learned <= 1))


@pytest.mark.parametrize(("bad", "last"), [(3, 2), (1, 1)])
def test_a_learned_accuracy_that_contradicts_the_seeds_ends_the_rounds(make_search, monkeypatch, bad, last):
    search, original = make_search(), _rounds.verify

    def contradict(search, grown):
        posterior, measured, learned, bound = original(search, grown)
        return posterior, measured, learned, np.full_like(bound, -1.0 if grown.round.max() == bad else np.inf)

    monkeypatch.setattr(_rounds, "verify", contradict)
    grown = grow(search, 10, 3, 1, 0, True)
    assert grown.why == "a learned accuracy contradicts the seeds"
    assert grown.round.max() == last
    assert grown.pool_votes.shape[1] == len(grown.lfs) == grown.seed_votes.shape[1]
    assert grow(make_search(), 4, 3, 1, 0, False).round.max() == 4


def test_without_improvement_it_goes_back_to_the_best_round(make_search, monkeypatch):
    losses = iter([0.9, 0.5, 0.6, 0.7, 0.4])
    monkeypatch.setattr(_rounds, "held_out_loss", lambda search, votes: next(losses))
    grown = grow(make_search(), 10, 3, 1, 2, False)
    assert (grown.round.max(), grown.why) == (2, "no improvement in 2 rounds")
    assert grown.losses == [0.9, 0.5, 0.6, 0.7]


def test_the_held_out_loss_does_not_look_at_the_held_out_labels(make_search):
    search = make_search(n_classes=3)
    votes = grow(search, 2, 3, 1, 0, False).seed_votes
    before = held_out_loss(search, votes)
    assert 0 < before < np.log(3)
    # Votes that say nothing are worth the class shares of the other folds.
    nothing = held_out_loss(search, np.full_like(votes, ABSTAIN))
    assert nothing == pytest.approx(np.log(3), abs=0.2)
    perfect = np.repeat(search.y[:, None], 5, axis=1).astype(np.int8)
    assert held_out_loss(search, perfect) < 0.1


def test_nothing_worth_keeping_ends_the_rounds(blobs):
    view, *_ = blobs(n_classes=2)
    same = replace(
        view,
        X_seed=np.ones_like(view.X_seed),
        X_pool=np.ones_like(view.X_pool),
        X_test=np.ones_like(view.X_test),
    )
    search = Search(same, parse_families("stumps+logistic"), False, np.random.default_rng(0))
    grown = grow(search, 5, 3, 1, 0, False)
    assert (len(grown.lfs), grown.why) == (0, "no new labeling function was worth keeping")
    assert isinstance(grown.lfs, LFSet)
