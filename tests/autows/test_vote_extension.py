"""Extended votes beside a plain loop over rows, labeling functions and neighbours."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import baselines.label_spreading
from autows import vote_extension
from autows.neighbors import nearest_neighbors, stack_nodes
from autows.types import ABSTAIN, TaskView
from autows.vote_extension import choose_thresholds, edge_cosines, extend_votes, sources_first
from autows.voting import Votes

K = 3


@st.composite
def problems(draw):
    """A view on a small lattice, where duplicates, parallel rows and rows of zeros are common, and votes."""
    n_pool, n_test, m = draw(st.integers(4, 9)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    inside, n = draw(st.booleans()), draw(st.integers(2, 4))
    values = st.integers(-1, 2).map(float)
    X = draw(arrays(np.float32, (n_pool + n_test + n, 2), elements=values))
    y = draw(arrays(np.int64, n, elements=st.integers(0, K - 1)))
    index = np.array(draw(st.permutations(range(n_pool))))[:n] if inside else None
    X_seed = X[index] if inside else X[n_pool + n_test :]
    form = scipy.sparse.csr_array if draw(st.booleans()) else np.asarray
    view = TaskView(form(X_seed), y, form(X[:n_pool]), form(X[n_pool : n_pool + n_test]), K, index)
    cast = st.sampled_from([-1, -1, 0, 1, 2])
    pool, test, seeds = (draw(arrays(np.int8, (rows, m), elements=cast)) for rows in (n_pool, n_test, n))
    about = tuple({"kind": "drawn", "number": j} for j in range(m)) if draw(st.booleans()) else ()
    return view, Votes(pool, test, seeds, about, {"kept": 1})


def graph(view):
    """Return all rows, dense, the seeds' places among them, and each row's neighbours."""
    parts = [view.X_pool, view.X_test] + ([] if view.seed_index is not None else [view.X_seed])
    sparse = hasattr(view.X_pool, "indptr")
    X = scipy.sparse.vstack(parts, format="csr") if sparse else np.concatenate(parts)
    k = min(vote_extension.N_NEIGHBORS, X.shape[0] - 1)
    _, neighbors = nearest_neighbors(X, k, vote_extension.MAX_DIMS)
    seeds = view.seed_index
    if seeds is None:
        seeds = range(view.X_pool.shape[0] + view.X_test.shape[0], X.shape[0])
    return (X.toarray() if sparse else X), list(seeds), neighbors


def cosine(a, b):
    length = np.sqrt(np.float64(a @ a)) * np.sqrt(np.float64(b @ b))
    return np.float32(a @ b / length) if length else np.float32(0)


def nearest_vote(X, pool_votes, others, row, j, left_out=()):
    """Return the largest cosine of a row with a neighbour on which j votes, and that vote."""
    best, vote = -np.inf, ABSTAIN
    for other in others:
        if other < len(pool_votes) and other not in left_out and pool_votes[other, j] != ABSTAIN:
            similar = cosine(X[row], X[other])
            if similar > best:
                best, vote = similar, pool_votes[other, j]
    return best, vote


def plain(view, votes, thresholds):
    X, seeds, neighbors = graph(view)
    n_pool = len(votes.pool)
    places = {"pool": range(n_pool), "test": range(n_pool, n_pool + len(votes.test)), "seeds": seeds}
    out = {}
    for what, nodes in places.items():
        out[what] = getattr(votes, what).copy()
        for row, node in enumerate(nodes):
            for j, threshold in enumerate(thresholds):
                if out[what][row, j] == ABSTAIN:
                    left_out = seeds if what == "seeds" else ()
                    best, vote = nearest_vote(X, votes.pool, neighbors[node], node, j, left_out)
                    if best >= threshold:
                        out[what][row, j] = vote
    return out


@settings(max_examples=100, deadline=None)
@given(
    problems(),
    st.integers(2, 10),
    st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, np.inf]), min_size=3, max_size=3),
)
def test_votes_are_those_of_a_plain_loop(problem, k, thresholds):
    view, votes = problem
    thresholds = np.array(thresholds[: votes.pool.shape[1]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vote_extension, "N_NEIGHBORS", k)
        patch.setattr(vote_extension, "ROWS_AT_ONCE", 3)
        patch.setattr(vote_extension, "choose_thresholds", lambda *_: thresholds)
        longer = extend_votes(view, votes)
        expected = plain(view, votes, thresholds)
    for what, L in expected.items():
        found = getattr(longer, what)
        assert found.dtype == np.int8
        np.testing.assert_array_equal(found, L)
    assert longer.info == {"kept": 1, "extended_lfs": np.isfinite(thresholds).sum()}
    if votes.lfs:
        above = [None if threshold == np.inf else threshold for threshold in thresholds]
        assert [lf["extended_above"] for lf in longer.lfs] == above
        assert [lf["number"] for lf in longer.lfs] == list(range(len(thresholds)))
        json.dumps(longer.lfs)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_votes_that_were_there_stay_and_others_are_some_pool_rows(problem):
    view, votes = problem
    before = {what: getattr(votes, what).copy() for what in ("pool", "test", "seeds")}
    longer = extend_votes(view, votes)
    for what, old in before.items():
        np.testing.assert_array_equal(getattr(votes, what), old)
        new = getattr(longer, what)
        np.testing.assert_array_equal(new[old != ABSTAIN], old[old != ABSTAIN])
        for j in range(new.shape[1]):
            added = set(new[old[:, j] == ABSTAIN, j].tolist())
            assert added <= {ABSTAIN} | set(votes.pool[:, j].tolist())


def f_score(votes, y):
    """Smoothed F0.5, averaged over the classes voted for."""
    scores = []
    for k in set(votes[votes != ABSTAIN].tolist()):
        cast, hit, positives = np.sum(votes == k), np.sum((votes == k) & (y == k)), np.sum(y == k)
        precision, recall = (hit + 1) / (cast + 2), hit / max(positives, 1)
        scores.append(1.25 * precision * recall / max(0.25 * precision + recall, 1e-12))
    return np.mean(scores) if scores else 0.0


@settings(max_examples=40, deadline=None)
@given(problems())
def test_thresholds_give_the_seed_votes_their_best_score(problem):
    view, votes = problem
    X, seeds, neighbors = graph(view)
    nodes, places = stack_nodes(view)
    np.testing.assert_array_equal(places, seeds)
    source = np.arange(len(X)) < len(votes.pool)
    source[seeds] = False
    edges = sources_first(edge_cosines(nodes, neighbors)[seeds], neighbors[seeds], source)
    grid = np.array([-1.0, 0.0, 0.7, 0.9, 1.0], dtype=np.float32)
    chosen = choose_thresholds(view, votes, *edges, grid)
    for j in range(votes.pool.shape[1]):

        def score(threshold, j=j):
            thresholds = np.full(votes.pool.shape[1], np.inf)
            thresholds[j] = threshold
            return f_score(plain(view, votes, thresholds)["seeds"][:, j], view.y_seed)

        assert chosen[j] in {*grid.tolist(), np.inf}
        best = max(score(threshold) for threshold in [*grid, np.inf])
        assert score(chosen[j]) == pytest.approx(best, abs=1e-9)


@pytest.fixture
def two_groups():
    """Return a function that makes 40 rows around each of two directions, every tenth a seed, and votes."""

    def make(votes_on, seed_index=True, labels=(0, 1)):
        rng = np.random.default_rng(0)
        group = np.repeat([0, 1], 40)
        X = (10 * np.eye(2)[group] + rng.standard_normal((80, 2))).astype(np.float32)
        index = np.arange(0, 80, 10)
        view = TaskView(
            X[index], np.array(labels)[group[index]], X, X[1::4] + 0.01, 2, index if seed_index else None
        )
        pool = np.full((80, 1), ABSTAIN, dtype=np.int8)
        pool[votes_on] = group[votes_on][:, None]
        pool[index] = ABSTAIN
        empty = np.full((20, 1), ABSTAIN, dtype=np.int8), np.full((8, 1), ABSTAIN, dtype=np.int8)
        return view, Votes(pool, *empty, ({"kind": "drawn"},)), group

    return make


@pytest.mark.parametrize("seed_index", [True, False])
def test_a_good_labeling_function_that_votes_on_some_is_extended_to_its_like(two_groups, seed_index):
    view, votes, group = two_groups(np.arange(80) % 2 == 1, seed_index)
    longer = extend_votes(view, votes)
    assert np.isfinite(longer.lfs[0]["extended_above"])
    assert longer.info["extended_lfs"] == 1
    for L, truth in (
        (longer.pool[:, 0], group),
        (longer.test[:, 0], group[1::4]),
        (longer.seeds[:, 0], view.y_seed),
    ):
        assert np.mean(L != ABSTAIN) > 0.9
        np.testing.assert_array_equal(L[L != ABSTAIN], truth[L != ABSTAIN])


@pytest.mark.parametrize(
    ("votes_on", "labels"),
    [
        (np.arange(80) % 3 == 0, (1, 0)),  # every extension is wrong
        (np.zeros(80, dtype=bool), (0, 1)),  # it never votes
        (np.arange(80) % 10 == 0, (0, 1)),  # it votes on seeds alone, and not out of fold
    ],
)
def test_what_the_seeds_do_not_speak_for_is_not_extended(two_groups, votes_on, labels):
    view, votes, _ = two_groups(votes_on, labels=labels)
    if votes_on[0] and not votes_on[3]:
        votes.pool[view.seed_index] = 0
    longer = extend_votes(view, votes)
    for what in ("pool", "test", "seeds"):
        np.testing.assert_array_equal(getattr(longer, what), getattr(votes, what))
    assert longer.lfs[0]["extended_above"] is None


def test_of_equally_good_thresholds_the_smallest_is_taken():
    X = np.array([[1, 0], [1, 0.1], [1, 1], [1, 0.9]], dtype=np.float32)
    view = TaskView(X[:1], np.array([1]), X, X[3:], 2, np.array([0]))
    votes = Votes(
        np.array([[-1], [1], [-1], [-1]], np.int8), np.array([[-1]], np.int8), np.array([[-1]], np.int8)
    )
    cosines, neighbors = np.array([[0.99]], np.float32), np.array([[1]])
    grid = np.array([0.2, 0.5, 0.98, 0.995], dtype=np.float32)
    assert choose_thresholds(view, votes, cosines, neighbors, grid) == pytest.approx([0.2])
    assert choose_thresholds(view, votes, cosines, neighbors, grid[3:]) == [np.inf]


def test_sparse_features_give_the_votes_of_dense_ones(blobs):
    view, _, _ = blobs(n_classes=3, n=20, pool=150, test=30, d=5)
    rng = np.random.default_rng(0)
    pool, test, seeds = (rng.integers(-1, 3, size=(rows, 20)).astype(np.int8) for rows in (150, 30, 20))
    pool[rng.random(pool.shape) < 0.5] = seeds[rng.random(seeds.shape) < 0.5] = ABSTAIN
    votes = Votes(pool, test, seeds)
    parts = [scipy.sparse.csr_array(X) for X in (view.X_seed, view.X_pool, view.X_test)]
    sparse = TaskView(parts[0], view.y_seed, parts[1], parts[2], 3, view.seed_index)
    found, expected = extend_votes(sparse, votes), extend_votes(view, votes)
    assert 0 < expected.info["extended_lfs"] < 20
    for what in ("pool", "test", "seeds"):
        np.testing.assert_array_equal(getattr(found, what), getattr(expected, what))


def test_cosines_are_those_of_scikit_learn():
    from sklearn.metrics.pairwise import cosine_similarity

    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 6)).astype(np.float32) * 100
    X[4] = 0
    neighbors = rng.integers(30, size=(30, 5))
    expected = np.take_along_axis(cosine_similarity(X), neighbors, axis=1)
    for form in (X, scipy.sparse.csr_array(X)):
        np.testing.assert_allclose(edge_cosines(form, neighbors), expected, atol=1e-6)


def test_the_graph_is_the_one_of_label_spreading(blobs, monkeypatch):
    asked = []

    def record(*arguments):
        asked.append(arguments)
        return nearest_neighbors(*arguments)

    for module in (vote_extension, baselines.label_spreading):
        monkeypatch.setattr(module, "nearest_neighbors", record)
    for seeds in ({}, {"seed_index": None}):
        view, _, _ = blobs(**seeds)
        extend_votes(view, Votes(*(np.zeros((rows, 1), np.int8) for rows in (120, 50, 40))))
        baselines.label_spreading.LabelSpreading().fit_predict(view, np.random.default_rng(0))
        mine, its = asked[-2:]
        np.testing.assert_array_equal(mine[0], its[0])
        assert mine[1:] == its[1:]


def test_without_labeling_functions_nothing_happens(blobs):
    view, _, _ = blobs()
    votes = Votes(*(np.zeros((rows, 0), np.int8) for rows in (120, 50, 40)))
    longer = extend_votes(view, votes)
    assert longer.info == {"extended_lfs": 0}
    for what in ("pool", "test", "seeds"):
        assert getattr(longer, what) is getattr(votes, what)
