"""Decision stumps beside scikit-learn's trees, and labeling functions made of them beside a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.tree import DecisionTreeClassifier

from autows.lfs import stumps as stumps_module
from autows.lfs.stumps import StumpLFs, fit_stumps

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


def gini(targets):
    share = targets.mean() if len(targets) else 0.0
    return len(targets) * 2 * share * (1 - share)


def splits(x, targets):
    """Return the impurity of every split between two values that scikit-learn tells apart."""
    ranked = np.unique(x)
    tells_apart = ranked[1:] > ranked[:-1] + np.float32(1e-7)
    return [gini(targets[x <= low]) + gini(targets[x > low]) for low in ranked[:-1][tells_apart]]


def share_of(tree, X):
    return tree.predict_proba(X) @ tree.classes_.astype(float)  # its classes are False, True or both


@settings(max_examples=150, deadline=None)
@given(problems())
def test_stumps_are_scikit_learns_trees_of_depth_one(problem):
    X, y, K, rows = problem
    stumps = fit_stumps(X, y[:, None] == np.arange(K), rows)
    used = slice(None) if rows is None else rows
    predicted = stumps.predict(X)
    for j in range(X.shape[1]):
        for k in range(K):
            x, targets = X[used, j], y[used] == k
            tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x[:, None], targets)
            possible = splits(x, targets)
            if not possible:
                assert stumps.threshold[j, k] == np.inf
            else:
                below = x <= stumps.threshold[j, k]
                reached = gini(targets[below]) + gini(targets[~below])
                assert reached == pytest.approx(min(possible), abs=1e-9)
                assert stumps.left[j, k] == pytest.approx(targets[below].mean(), abs=1e-12)
                assert stumps.right[j, k] == pytest.approx(targets[~below].mean(), abs=1e-12)
            if np.sum(np.array(possible) < min(possible, default=0) + 1e-9) <= 1:
                np.testing.assert_allclose(predicted[:, j, k], share_of(tree, X[:, [j]]), atol=1e-12)


def test_values_one_float_apart_are_one_value_as_in_scikit_learn():
    X = np.array([[1], [1], [NEAR_ONE], [NEAR_ONE]], dtype=np.float32)
    stumps = fit_stumps(X, np.array([[True], [True], [False], [False]]))
    assert stumps.threshold[0, 0] == np.inf
    assert DecisionTreeClassifier(max_depth=1).fit(X, [1, 1, 0, 0]).get_n_leaves() == 1


def test_stumps_on_random_features_have_scikit_learns_thresholds():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 7)).astype(np.float32), rng.integers(3, size=60)
    stumps = fit_stumps(X, y[:, None] == np.arange(3))
    for j in range(7):
        for k in range(3):
            tree = DecisionTreeClassifier(max_depth=1).fit(X[:, [j]], y == k).tree_
            assert stumps.threshold[j, k] == tree.threshold[0]
            np.testing.assert_allclose([stumps.left[j, k], stumps.right[j, k]], tree.value[1:, 0, 1])


@settings(max_examples=40, deadline=None)
@given(problems())
def test_sorting_ahead_and_masking_rows_equal_fitting_the_rows_alone(problem):
    X, y, K, rows = problem
    targets = y[:, None] == np.arange(K)
    rows = np.ones(len(y), dtype=bool) if rows is None else rows
    alone = fit_stumps(X[rows], targets[rows])
    masked = fit_stumps(X, targets, rows, X.argsort(axis=0, kind="stable"))
    for field in ("threshold", "left", "right"):
        np.testing.assert_array_equal(getattr(masked, field), getattr(alone, field))


def test_a_class_without_rows_is_predicted_nowhere():
    X = np.arange(6, dtype=np.float32)[:, None]
    stumps = fit_stumps(X, np.array([0, 0, 0, 2, 2, 2])[:, None] == np.arange(3))
    assert not stumps.predict(X)[:, :, 1].any()
    np.testing.assert_array_equal(stumps.predict(X)[:, 0, 2], [0, 0, 0, 1, 1, 1])
    assert stumps.threshold[0, 0] == 2.5


def test_a_value_at_the_threshold_goes_left():
    X = np.array([[0], [2], [1]], dtype=np.float32)
    stumps = fit_stumps(X[:2], np.array([[True], [False]]))
    assert stumps.threshold[0, 0] == 1
    np.testing.assert_array_equal(stumps.predict(X)[:, 0, 0], [1, 0, 1])


def test_no_row_to_use_is_an_error():
    with pytest.raises(ValueError, match="at least one row"):
        fit_stumps(np.zeros((2, 1), np.float32), np.ones((2, 2), bool), np.zeros(2, bool))


@st.composite
def lf_sets(draw):
    m, d = draw(st.integers(0, 5)), draw(st.integers(1, 3))
    return StumpLFs(
        feature=draw(arrays(np.intp, m, elements=st.integers(0, d - 1))),
        threshold=draw(arrays(np.float64, m, elements=VALUES)),
        above=draw(arrays(np.bool_, m)),
        label=draw(arrays(np.intp, m, elements=st.integers(0, 3))),
    ), draw(arrays(np.float32, (draw(st.integers(0, 7)), d), elements=VALUES))


def plain_votes(lfs, X):
    L = np.full((len(X), len(lfs)), -1)
    for i in range(len(X)):
        for j in range(len(lfs)):
            value, threshold = float(X[i, lfs.feature[j]]), lfs.threshold[j]
            if (value > threshold) if lfs.above[j] else (value <= threshold):
                L[i, j] = lfs.label[j]
    return L


@settings(max_examples=60, deadline=None)
@given(lf_sets())
def test_votes_equal_a_plain_loop_dense_and_sparse_in_blocks_and_as_described(drawn):
    lfs, X = drawn
    expected = plain_votes(lfs, X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stumps_module, "ROWS_AT_ONCE", 3)
        for form in (X, scipy.sparse.csr_array(X)):
            L = lfs.votes(form)
            assert L.dtype == np.int8
            np.testing.assert_array_equal(L, expected)
    for lf, votes in zip(lfs.describe(), expected.T, strict=True):
        x = X[:, lf["features"][0]].astype(np.float64)
        fires = {"above": x > lf["threshold"], "at most": x <= lf["threshold"]}[lf["votes_where"]]
        np.testing.assert_array_equal(np.where(fires, lf["label"], -1), votes)


def test_sets_of_labeling_functions_add_up_and_the_empty_one_is_neutral():
    X = np.array([[0.0], [1.0]], dtype=np.float32)
    one = StumpLFs(np.array([0]), np.array([0.5]), np.array([True]), np.array([2]))
    two = StumpLFs(np.array([0]), np.array([0.5]), np.array([False]), np.array([1]))
    both = StumpLFs.none() + one + two + StumpLFs.none()
    assert (len(StumpLFs.none()), len(both)) == (0, 2)
    np.testing.assert_array_equal(both.votes(X), [[-1, 1], [2, -1]])
    assert StumpLFs.none().votes(X).shape == (2, 0)
    assert both.describe() == one.describe() + two.describe()
