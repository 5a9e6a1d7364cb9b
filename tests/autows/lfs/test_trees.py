"""Trees on feature subsets beside a plain recursion in exact fractions, and beside scikit-learn."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.tree import DecisionTreeClassifier

from autows.lfs import _trees
from autows.lfs._trees import fit_trees
from autows.lfs.stumps import fit_stumps

# Few values, so that ties and constant features are common; some lie within 1e-7 of another.
VALUES = st.one_of(
    st.sampled_from([-1.0, 0.0, 0.0, 5e-8, 1e-7, 1.5e-7, 3e-7, 0.25, 1.0, 1.0000001, 100.0]),
    st.floats(-4, 4, width=32),
)


@st.composite
def problems(draw):
    n, K, c = draw(st.integers(1, 12)), draw(st.integers(2, 4)), draw(st.integers(1, 3))
    q = draw(st.integers(c, 4))
    Z = draw(arrays(np.float32, (n, q), elements=VALUES))
    y = draw(arrays(np.int64, n, elements=st.integers(0, K - 1)))
    return Z, y[:, None] == np.arange(K), np.array(list(combinations(range(q), c)))


class Plain:
    """A tree by recursion; ``tie`` says whether equally good splits by different rules were met."""

    def __init__(self, X, targets, depth):
        self.tie = False
        self.root = self.grow(X, targets, depth)

    def grow(self, X, targets, depth):
        leaf = targets.mean(axis=0)
        if depth == 0 or not np.any((leaf > 0) & (leaf < 1)):
            return leaf
        best, split, equal = Fraction(-1), None, 0
        for j in range(X.shape[1]):
            for low, high in pairwise(np.unique(X[:, j])):
                if high <= low + np.float32(1e-7):
                    continue
                sides = X[:, j] <= low, X[:, j] > low
                gain = sum(Fraction(int(v) ** 2, int(s.sum())) for s in sides for v in targets[s].sum(axis=0))
                equal = 1 if gain > best else equal + (gain == best)
                if gain > best:
                    best, split = gain, (j, float(low) / 2 + float(high) / 2)
        if split is None:
            return leaf
        self.tie |= equal > 1
        left = X[:, split[0]] <= split[1]
        below = self.grow(X[left], targets[left], depth - 1)
        return (*split, below, self.grow(X[~left], targets[~left], depth - 1))

    def predict(self, X):
        return np.array([self.answer(row, self.root) for row in X])

    def answer(self, row, node):
        while isinstance(node, tuple):
            j, threshold, below, above = node
            node = below if float(row[j]) <= threshold else above
        return node


@settings(max_examples=60, deadline=None)
@given(problems(), st.booleans(), st.integers(1, 40))
def test_trees_equal_a_plain_recursion_in_fractions(problem, multipolar, at_once):
    Z, targets, subsets = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_trees, "VALUES_AT_ONCE", at_once)
        P = fit_trees(Z, targets, subsets, multipolar).predict(Z)
    for s, subset in enumerate(subsets):
        X = Z[:, subset]
        if multipolar:
            np.testing.assert_array_equal(P[:, s], Plain(X, targets, len(subset)).predict(X))
            continue
        for k in range(targets.shape[1]):
            plain = Plain(X, targets[:, [k]], len(subset))
            np.testing.assert_array_equal(P[:, s, k], plain.predict(X)[:, 0])


@pytest.mark.parametrize("multipolar", [False, True])
@pytest.mark.parametrize("c", [1, 2, 3])
def test_trees_without_ties_are_scikit_learns(c, multipolar):
    rng = np.random.default_rng(c)
    Z, new = (rng.standard_normal((rows, 5)).astype(np.float32) for rows in (97, 300))
    y = np.where(Z[:, 3] > 0.5, 2, Z[:, 0] + Z[:, 1] * Z[:, 2] + 0.5 * rng.standard_normal(97) > 0)
    targets, subsets = y[:, None] == np.arange(3), np.array(list(combinations(range(5), c)))
    P, compared, skipped = fit_trees(Z, targets, subsets, multipolar).predict(new), 0, 0
    for s, subset in enumerate(subsets):
        for k in [slice(None)] if multipolar else [slice(k, k + 1) for k in range(3)]:
            if Plain(Z[:, subset], targets[:, k], c).tie:
                skipped += 1
                continue
            labels = y if multipolar else targets[:, k][:, 0]
            tree = DecisionTreeClassifier(max_depth=c, random_state=0).fit(Z[:, subset], labels)
            expected = tree.predict_proba(new[:, subset])[:, slice(None) if multipolar else slice(1, 2)]
            np.testing.assert_allclose(P[:, s, k], expected, atol=1e-12)
            compared += 1
    assert compared > skipped


@settings(max_examples=40, deadline=None)
@given(problems(), st.booleans())
def test_trees_of_depth_one_are_stumps(problem, multipolar):
    Z, targets, _ = problem
    trees = fit_trees(Z, targets, np.arange(Z.shape[1])[:, None], multipolar)
    stumps = fit_stumps(Z, targets, multipolar=multipolar)
    np.testing.assert_array_equal(
        np.broadcast_to(trees.threshold[:, :, 0], stumps.threshold.shape), stumps.threshold
    )
    np.testing.assert_array_equal(trees.predict(Z), stumps.predict(Z))


def read(node, values):
    while isinstance(node, dict):
        node = node["below"] if values[node["position"]] <= node["threshold"] else node["above"]
    return node


@settings(max_examples=40, deadline=None)
@given(problems(), st.booleans(), st.data())
def test_scores_and_descriptions_say_what_is_predicted(problem, multipolar, data):
    Z, targets, subsets = problem
    trees, K = fit_trees(Z, targets, subsets, multipolar), targets.shape[1]
    m = data.draw(st.integers(0, 5))
    model = data.draw(arrays(np.intp, m, elements=st.integers(0, len(subsets) - 1)))
    label = data.draw(arrays(np.intp, m, elements=st.integers(0, K - 1)))
    P = trees.predict(Z)
    assert (trees.n_models, trees.n_classes) == (len(subsets), K)
    np.testing.assert_array_equal(trees.scores(Z, model, label), P[:, model, label])
    for i, k in zip(model.tolist(), label.tolist(), strict=True):
        one, every = (json.loads(json.dumps(trees.describe(i, of))) for of in (k, None))
        assert one["kind"] == every["kind"] == "tree"
        assert one["features"] == every["features"] == subsets[i].tolist()
        for row, share in zip(Z, P[:, i], strict=True):
            values = row[subsets[i]].astype(float)
            assert read(one["tree"], values) == pytest.approx(share[k], abs=1e-6)
            shares = read(every["tree"], values) if multipolar else [read(t, values) for t in every["tree"]]
            np.testing.assert_allclose(shares, share, atol=1e-6)


def test_a_tree_finds_what_no_single_feature_shows():
    Z = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array([0, 1, 1, 0])
    trees = fit_trees(Z, y[:, None] == np.arange(2), np.array([[0, 1]]))
    np.testing.assert_array_equal(trees.predict(Z)[:, 0], y[:, None] == np.arange(2))
    assert trees.describe(0, 1)["tree"] == {
        "position": 0,
        "threshold": 0.5,
        "below": {"position": 1, "threshold": 0.5, "below": 0.0, "above": 1.0},
        "above": {"position": 1, "threshold": 0.5, "below": 1.0, "above": 0.0},
    }


def test_no_row_is_an_error():
    with pytest.raises(ValueError, match="at least one row"):
        fit_trees(np.zeros((0, 2), np.float32), np.zeros((0, 2), bool), np.array([[0, 1]]))
