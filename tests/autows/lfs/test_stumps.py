"""Decision stumps beside scikit-learn's trees, and the family made of them."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.tree import DecisionTreeClassifier

from autows import lfs
from autows.errors import UserError
from autows.lf_family import Rows, Together
from autows.lfs._trees import TreeModels
from autows.lfs.stumps import StumpModels, fit_stumps

# Few values, so that ties and constant features are common; some lie within 1e-7 of another.
NEAR_ONE = float(np.nextafter(np.float32(1), np.float32(2)))
VALUES = st.one_of(
    st.sampled_from([-1.0, 0.0, 0.0, 5e-8, 1e-7, 3e-7, 0.25, 0.5, 1.0, NEAR_ONE, 100.0]),
    st.floats(-4, 4, width=32),
)


@st.composite
def problems(draw):
    n, d, K = draw(st.integers(1, 10)), draw(st.integers(1, 3)), draw(st.integers(2, 3))
    X = draw(arrays(np.float32, (n, d), elements=VALUES))
    y = draw(arrays(np.int64, n, elements=st.integers(0, K - 1)))
    rows = draw(st.none() | arrays(np.bool_, n).filter(np.any))
    return X, y, K, rows


def impurity(targets):
    """Return rows times Gini impurity as a fraction, targets (rows, classes)."""
    n = len(targets)
    return n - sum((Fraction(int(count) ** 2, n) for count in targets.sum(axis=0)), Fraction(0)) if n else 0


def best_splits(x, targets):
    """Return all thresholds of least impurity, ascending; none where rows are alike."""
    if not np.any(np.ptp(targets.astype(int), axis=0)):
        return []
    reached = {}
    for low, high in pairwise(np.unique(x)):
        if high > low + np.float32(1e-7):
            threshold = float(low) / 2 + float(high) / 2
            reached[threshold] = impurity(targets[x <= low]) + impurity(targets[x > low])
    return sorted(t for t in reached if reached[t] == min(reached.values()))


def shares(labels, X, x, K):
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x[:, None], labels)
    P = np.zeros((len(X), K))
    P[:, tree.classes_.astype(int)] = tree.predict_proba(X)
    return P


@settings(max_examples=150, deadline=None)
@given(problems(), st.booleans())
def test_stumps_are_scikit_learns_trees_of_depth_one(problem, multipolar):
    X, y, K, rows = problem
    targets = y[:, None] == np.arange(K)
    stumps = fit_stumps(X, targets, rows, multipolar=multipolar)
    used = slice(None) if rows is None else rows
    predicted = stumps.predict(X)
    for j in range(X.shape[1]):
        for k in range(K):
            x, own = X[used, j], targets[used] if multipolar else targets[used][:, [k]]
            best = best_splits(x, own if multipolar else np.hstack([own, ~own]))
            threshold = best[0] if best else np.inf
            below = x <= threshold
            assert stumps.threshold[j, k] == threshold
            assert stumps.left[j, k] == targets[used][below, k].mean()
            assert stumps.right[j, k] == targets[used][~below if best else below, k].mean()
            if len(best) <= 1:
                labels = y[used] if multipolar else own[:, 0]
                expected = shares(labels, X[:, [j]], x, K)[:, k if multipolar else 1]
                np.testing.assert_allclose(predicted[:, j, k], expected, atol=1e-12)


def test_values_one_float_apart_are_one_value_as_in_scikit_learn():
    X = np.array([[1], [1], [NEAR_ONE], [NEAR_ONE]], dtype=np.float32)
    stumps = fit_stumps(X, np.array([[True], [True], [False], [False]]))
    assert stumps.threshold[0, 0] == np.inf
    assert DecisionTreeClassifier(max_depth=1).fit(X, [1, 1, 0, 0]).get_n_leaves() == 1


@pytest.mark.parametrize("multipolar", [False, True])
def test_stumps_on_random_features_have_scikit_learns_thresholds(multipolar):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 7)).astype(np.float32), rng.integers(3, size=60)
    stumps = fit_stumps(X, y[:, None] == np.arange(3), multipolar=multipolar)
    for j in range(7):
        for k in range(3):
            labels, column = (y, k) if multipolar else (y == k, 1)
            tree = DecisionTreeClassifier(max_depth=1).fit(X[:, [j]], labels).tree_
            assert stumps.threshold[j, k] == tree.threshold[0]
            np.testing.assert_allclose([stumps.left[j, k], stumps.right[j, k]], tree.value[1:, 0, column])


@settings(max_examples=40, deadline=None)
@given(problems(), st.booleans())
def test_sorting_ahead_and_masking_rows_equal_fitting_the_rows_alone(problem, multipolar):
    X, y, K, rows = problem
    targets = y[:, None] == np.arange(K)
    rows = np.ones(len(y), dtype=bool) if rows is None else rows
    alone = fit_stumps(X[rows], targets[rows], multipolar=multipolar)
    masked = fit_stumps(X, targets, rows, X.argsort(axis=0, kind="stable"), multipolar)
    for field in ("threshold", "left", "right"):
        np.testing.assert_array_equal(getattr(masked, field), getattr(alone, field))


@settings(max_examples=40, deadline=None)
@given(problems(), st.booleans(), st.randoms(use_true_random=False))
def test_renaming_the_classes_renames_the_answers(problem, multipolar, random):
    X, y, K, rows = problem
    names = random.sample(range(K), K)
    targets = y[:, None] == np.arange(K)
    P = fit_stumps(X, targets, rows, multipolar=multipolar).predict(X)
    renamed = fit_stumps(X, targets[:, names], rows, multipolar=multipolar).predict(X)
    np.testing.assert_array_equal(renamed, P[:, :, names])


@settings(max_examples=40, deadline=None)
@given(problems(), st.booleans(), st.data())
def test_scores_and_descriptions_say_what_is_predicted(problem, multipolar, data):
    X, y, K, rows = problem
    stumps = fit_stumps(X, y[:, None] == np.arange(K), rows, multipolar=multipolar)
    m = data.draw(st.integers(0, 5))
    model = data.draw(arrays(np.intp, m, elements=st.integers(0, X.shape[1] - 1)))
    label = data.draw(arrays(np.intp, m, elements=st.integers(0, K - 1)))
    P = stumps.predict(X)
    assert (stumps.n_models, stumps.n_classes) == (X.shape[1], K)
    np.testing.assert_array_equal(stumps.scores(X, model, label), P[:, model, label])
    for i, k in zip(model.tolist(), label.tolist(), strict=True):
        one, every = (json.loads(json.dumps(stumps.describe(i, of))) for of in (k, None))
        assert (one["kind"], one["features"], every["features"]) == ("stump", [i], [i])
        for row, share in zip(X, P[:, i], strict=True):
            threshold = np.inf if one["threshold"] is None else one["threshold"]
            below = float(row[i]) <= threshold
            assert one["below" if below else "above"] == pytest.approx(share[k], abs=1e-6)
            if multipolar:
                assert every["threshold"] == one["threshold"]
                np.testing.assert_allclose(every["below" if below else "above"], share, atol=1e-6)


def test_a_class_without_rows_is_predicted_nowhere():
    X = np.arange(6, dtype=np.float32)[:, None]
    targets = np.array([0, 0, 0, 2, 2, 2])[:, None] == np.arange(3)
    for multipolar in (False, True):
        stumps = fit_stumps(X, targets, multipolar=multipolar)
        assert not stumps.predict(X)[:, :, 1].any()
        np.testing.assert_array_equal(stumps.predict(X)[:, 0, 2], [0, 0, 0, 1, 1, 1])
        assert stumps.threshold[0, 0] == 2.5
        assert stumps.threshold[0, 1] == (2.5 if multipolar else np.inf)


def test_a_value_at_the_threshold_goes_left():
    X = np.array([[0], [2], [1]], dtype=np.float32)
    stumps = fit_stumps(X[:2], np.array([[True], [False]]))
    assert stumps.threshold[0, 0] == 1
    np.testing.assert_array_equal(stumps.predict(X)[:, 0, 0], [1, 0, 1])


def test_no_row_to_use_is_an_error():
    with pytest.raises(ValueError, match="at least one row"):
        fit_stumps(np.zeros((2, 1), np.float32), np.ones((2, 2), bool), np.zeros(2, bool))


@pytest.mark.parametrize("multipolar", [False, True])
def test_the_family_fits_stumps_and_above_cardinality_one_trees(multipolar):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 4)).astype(np.float32), rng.integers(3, size=30)
    used = rng.random(30) < 0.7
    targets = y[:, None] == np.arange(3)
    single = lfs.create("stumps").begin(Rows(X), y, 3, multipolar, rng)
    assert isinstance(single.fit(used), StumpModels)
    np.testing.assert_array_equal(
        single.fit(used).predict(X), fit_stumps(X[used], targets[used], multipolar=multipolar).predict(X)
    )
    models = lfs.create("stumps[cardinality=3,max_subsets=5]").begin(Rows(X), y, 3, multipolar, rng).fit(used)
    assert isinstance(models, Together)
    assert [type(part) for part in models.parts] == [StumpModels, TreeModels, TreeModels]
    assert [part.n_models for part in models.parts] == [4, 5, 4]
    assert [len(models.describe(i)["features"]) for i in range(13)] == [1] * 4 + [2] * 5 + [3] * 4


def test_numbers_out_of_range_are_told():
    with pytest.raises(UserError, match="cardinality is 0"):
        lfs.create("stumps[cardinality=0]")
