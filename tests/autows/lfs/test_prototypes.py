"""Class-mean models beside a loop that really leaves seeds out, and beside scikit-learn's centroids."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.neighbors import NearestCentroid

from autows import lfs
from autows.lf_family import Rows
from autows.lf_search import Search
from autows.lfs import neighbors as blocks
from autows.lfs.prototypes import LEAST_DIMENSIONS, N_DIMENSIONS, Prototypes


def begin(X, y, n_classes, n_subspaces=4, seed=0, multipolar=True):
    return Prototypes(n_subspaces).begin(Rows(X), y, n_classes, multipolar, np.random.default_rng(seed))


def classes(n, d, n_classes, gap, seed):
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(1000 + d).standard_normal((n_classes, d))
    y = rng.integers(n_classes, size=n)
    return (gap * means[y] + rng.standard_normal((n, d))).astype(np.float32), y


def log_probabilities(z, X, y, n_classes, S, dimensions):
    """The definition in the docstring, class by class."""
    logits = np.full(n_classes, -np.inf)
    for k in set(y.tolist()):
        own = X[y == k]
        distance = np.square(z - own.mean(axis=0)).sum()
        logits[k] = np.log(len(own)) - dimensions * (distance - S / len(own)) / (2 * S)
    return log_softmax(logits)


def spread(X, y):
    """S: variance within classes, shrunk with one degree of freedom to that about the overall mean."""
    within = sum(np.square(X[y == k] - X[y == k].mean(axis=0)).sum() for k in set(y.tolist()))
    total = np.square(X - X.mean(axis=0)).sum() / max(len(X) - 1, 1)
    S = (within + total) / (len(X) - len(set(y.tolist())) + 1)
    return S if S > 0 else 1.0


def likelihood(X, y, n_classes, S, dimensions):
    """Log-likelihood of seeds under means without them, and one seed's worth of class shares."""
    counts = np.bincount(y, minlength=n_classes)
    present = counts > 0
    out, shares, counted = 0.0, 0.0, 0
    for i in range(len(y)):
        if counts[y[i]] > 1:
            others = np.arange(len(y)) != i
            log_P = log_probabilities(X[i], X[others], y[others], n_classes, S, dimensions)
            out += log_P[y[i]]
            shares += np.sum((counts / len(y))[present] * log_P[present])
            counted += 1
    return (out + shares / counted) if counted else None


@st.composite
def problems(draw):
    n, d, K = draw(st.integers(1, 12)), draw(st.integers(1, 10)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    offset = draw(st.sampled_from([0.0, 100.0]))
    y = rng.integers(K, size=n)
    X = rng.standard_normal((n, d)) + y[:, None] * draw(st.sampled_from([0.0, 0.5, 2.0])) + offset
    used = rng.random(n) < 0.8
    used[rng.integers(n)] = True
    return X.astype(np.float32), y, K, used


@settings(max_examples=60, deadline=None)
@given(problems())
def test_models_are_the_definition_with_the_most_likely_temperature(problem):
    X, y, K, used = problem
    synthesiser = begin(X, y, K)
    models = synthesiser.fit(used)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "ROWS_AT_ONCE", 5)
        P = models.predict(X)
    np.testing.assert_allclose(P.sum(axis=2), 1)
    for i in range(models.n_models):
        columns = synthesiser.subspaces.columns(i)
        own, labels = X[used][:, columns].astype(np.float64), y[used]
        S = spread(own, labels)
        dimensions = models.dimensions[i]
        assert models.temperature[i] == pytest.approx(S / dimensions, rel=1e-6)
        for row in range(len(X)):
            z = X[row, columns].astype(np.float64)
            expected = np.exp(log_probabilities(z, own, labels, K, S, dimensions))
            np.testing.assert_allclose(P[row, i], expected, atol=1e-6)
        reached = likelihood(own, labels, K, S, dimensions)
        if reached is None:
            assert dimensions == 1
        else:
            grid = np.geomspace(LEAST_DIMENSIONS, len(columns), N_DIMENSIONS)
            assert np.isclose(grid, dimensions).any()
            best = max(likelihood(own, labels, K, S, value) for value in grid)
            assert reached == pytest.approx(best, rel=1e-6, abs=1e-6)


def test_classes_of_equal_size_are_told_apart_as_by_scikit_learns_nearest_centroid():
    X, _ = classes(60, 20, 3, 0.0, seed=0)
    y = np.arange(60) % 3
    rows, _ = classes(50, 20, 3, 0.0, seed=1)
    synthesiser = begin(X, y, 3, n_subspaces=10)
    P = synthesiser.fit(np.ones(60, dtype=bool)).predict(rows)
    for i in range(10):
        columns = synthesiser.subspaces.columns(i)
        centroids = NearestCentroid().fit(X[:, columns], y)
        np.testing.assert_array_equal(P[:, i].argmax(axis=1), centroids.predict(rows[:, columns]))


def test_probabilities_in_many_dimensions_are_calibrated():
    X, y = classes(100, 2000, 10, 0.1, seed=0)
    rows, truth = classes(500, 2000, 10, 0.1, seed=1)
    models = begin(X, y, 10).fit(np.ones(100, dtype=bool))

    def log_loss(P):
        return -np.log(np.maximum(P[np.arange(500), truth], 1e-12)).mean()

    P = models.predict(rows)[:, 0]
    shares = np.bincount(y, minlength=10) / 100
    S = models.temperature[0] * models.dimensions[0]
    gaussian = np.exp([log_probabilities(z, X.astype(np.float64), y, 10, S, 2000) for z in rows])
    assert log_loss(P) < min(log_loss(gaussian), log_loss(np.tile(shares, (500, 1)))) - 0.2
    confidence, right = P.max(axis=1), P.argmax(axis=1) == truth
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.1)


def test_features_without_information_leave_the_class_shares():
    X, _ = classes(200, 300, 2, 0.0, seed=0)
    y = (np.arange(200) % 4 == 0).astype(np.int64)
    P = begin(X, y, 2).fit(np.ones(200, dtype=bool)).predict(classes(50, 300, 2, 0.0, seed=1)[0])
    assert np.all(np.sqrt(np.mean(np.square(P[:, :, 1] - 0.25), axis=0)) < 0.1)


def test_a_rare_class_is_not_far_because_its_mean_is_noisy():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((64, 1000)).astype(np.float32)
    y = np.repeat([0, 1], [60, 4])
    X[:, 0] += 20 * y
    rows = rng.standard_normal((200, 1000)).astype(np.float32)
    rows[:100, 0] += 20
    P = begin(X, y, 2).fit(np.ones(64, dtype=bool)).predict(rows)[:, 0, 1]
    # Without the correction the rare class's rows are 1000 / 4 too far away, against a gap of 400.
    assert np.mean(P[:100] > 0.5) > 0.95
    assert np.mean(P[100:] < 0.5) > 0.95


@pytest.mark.parametrize("multipolar", [False, True])
def test_classes_without_seeds_have_probability_zero(multipolar):
    X, y = classes(30, 5, 2, 2.0, seed=0)
    models = begin(X, y * 2, 4, multipolar=multipolar).fit(np.ones(30, dtype=bool))
    P = models.predict(X)
    assert not P[:, :, [1, 3]].any()
    np.testing.assert_allclose(P.sum(axis=2), 1)


def test_a_single_class_a_single_seed_and_equal_seeds_are_no_trouble():
    X, y = classes(10, 4, 2, 1.0, seed=0)
    one_class = begin(X, np.ones(10, dtype=np.int64), 3).fit(np.ones(10, dtype=bool))
    np.testing.assert_array_equal(one_class.predict(X)[:, :, 1], 1)
    one_seed = begin(X, y, 2).fit(np.arange(10) == 3)
    np.testing.assert_array_equal(one_seed.predict(X)[:, :, y[3]], 1)
    equal = begin(np.ones((4, 3), np.float32), np.array([0, 0, 0, 1]), 2).fit(np.ones(4, dtype=bool))
    P = equal.predict(np.ones((2, 3), np.float32))[:, :, 0]
    assert np.all((P > 0.5) & (P < 0.9))


def test_seeds_that_are_not_marked_change_nothing():
    X, y = classes(40, 6, 3, 1.0, seed=0)
    used = np.arange(40) % 5 != 0
    other = X.copy()
    other[~used] = 1e3
    first, second = begin(X, y, 3).fit(used), begin(other, y, 3).fit(used)
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    np.testing.assert_array_equal(first.predict(X), begin(X, np.where(used, y, 0), 3).fit(used).predict(X))


def test_scale_and_offset_of_all_features_change_nothing():
    X, y = classes(40, 6, 3, 1.0, seed=0)
    used = np.ones(40, dtype=bool)
    np.testing.assert_allclose(
        begin(X * 8 + 64, y, 3).fit(used).predict(X * 8 + 64), begin(X, y, 3).fit(used).predict(X), atol=1e-4
    )


def test_scores_are_what_is_asked_for_of_predict():
    X, y = classes(30, 9, 3, 0.5, seed=0)
    models = begin(X, y, 3, n_subspaces=6).fit(np.ones(30, dtype=bool))
    model, label = np.array([5, 0, 2, 2, 5]), np.array([1, 2, 0, 0, 0])
    np.testing.assert_allclose(models.scores(X, model, label), models.predict(X)[:, model, label], rtol=1e-12)


def test_sparse_features_give_what_their_filled_columns_give():
    X, y = classes(20, 12, 3, 1.0, seed=0)
    X *= np.random.default_rng(0).random(X.shape) < 0.4
    X[:, [3, 7]] = 0
    used, kept = np.ones(20, dtype=bool), np.delete(np.arange(12), [3, 7])
    rows = scipy.sparse.csr_array(X)
    sparse, dense = begin(rows, y, 3), begin(X[:, kept], y, 3)
    found = sparse.fit(used).predict(sparse.transform(Rows(rows)))
    np.testing.assert_array_equal(found, dense.fit(used).predict(X[:, kept]))


def test_descriptions_are_short_json():
    X, y = classes(30, 50, 3, 1.0, seed=0)
    synthesiser = begin(X, y, 3)
    models = synthesiser.fit(np.ones(30, dtype=bool))
    about = synthesiser.describe(models, 0)
    assert (about["kind"], about["features"], about["n_features"]) == ("prototypes", [], 50)
    assert about["class_counts"] == np.bincount(y, minlength=3).tolist()
    assert about["temperature"] == pytest.approx(models.temperature[0], rel=1e-5)
    mine = synthesiser.describe(models, 1, label=2)
    assert (mine["n_of_class"], mine["n_of_others"]) == (np.sum(y == 2), np.sum(y != 2))
    assert len(json.dumps(mine)) < 300


@pytest.mark.parametrize("multipolar", [False, True])
def test_candidates_of_the_search_are_better_than_chance_on_the_pool(blobs, multipolar):
    view, y_pool, _ = blobs(n_classes=3, n=40, pool=200, d=6)
    search = Search(view, [lfs.create("prototypes")], multipolar, np.random.default_rng(0))
    found = search.candidates(np.ones(40, dtype=bool))
    assert len(found.lfs) == 10 * (1 if multipolar else 3)
    rows = view.unlabeled_index
    L = found.lfs.votes(Rows.pool(view)[rows])
    right = np.equal(L, y_pool[rows, None])[L != -1]
    assert right.mean() > 0.9
    json.dumps(found.lfs.describe())


def test_the_number_of_models_must_be_positive():
    with pytest.raises(ValueError, match="n_subspaces is 0"):
        Prototypes(n_subspaces=0).validate()
