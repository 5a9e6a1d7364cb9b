"""Zero-shot answers as models: as they are, and stumps beside scikit-learn's."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from autows import lfs
from autows.lf_family import Rows
from autows.lf_search import Search, needs_of
from autows.lfs.zero_shot import ZeroShot
from autows.types import TaskView


def answers(y, n_classes, seed=0, confused=None):
    """Return zero-shot probabilities that favour the truth, or a class always taken for it."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(n_classes, 0.3), size=len(y)).astype(np.float32)
    said = y if confused is None else np.array(confused)[y]
    P[np.arange(len(y)), said] += 1.5
    return P / P.sum(axis=1, keepdims=True)


def begin(P, y, n_classes, multipolar=False):
    rows = Rows(np.zeros((len(y), 1), np.float32), P)
    return ZeroShot().begin(rows, y, n_classes, multipolar, np.random.default_rng(0))


@pytest.fixture
def view():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=300)
    P = answers(y, 3, confused=[1, 0, 2])
    X = rng.standard_normal((300, 2)).astype(np.float32)
    index = np.arange(40)
    view = TaskView(
        X[index], y[index], X[:200], X[200:], 3, index, zero_shot_pool=P[:200], zero_shot_test=P[200:]
    )
    return view, y[:200]


@pytest.mark.parametrize("multipolar", [False, True])
def test_the_first_model_is_the_answers_and_the_others_are_scikit_learns_stumps(multipolar):
    y = np.random.default_rng(1).integers(4, size=60)
    P, rows = answers(y, 4), answers(y, 4, seed=1)
    used = np.arange(60) % 3 > 0
    models = begin(P, y, 4, multipolar).fit(used)
    found = models.predict(rows)
    assert found.shape == (60, models.n_models, 4) == (60, 5, 4)
    np.testing.assert_array_equal(found[:, 0], rows)
    for j in range(4):
        if multipolar:
            tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(P[used][:, [j]], y[used])
            np.testing.assert_allclose(found[:, 1 + j], tree.predict_proba(rows[:, [j]]), atol=1e-12)
            continue
        for k in range(4):
            tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(P[used][:, [j]], y[used] == k)
            np.testing.assert_allclose(found[:, 1 + j, k], tree.predict_proba(rows[:, [j]])[:, 1], atol=1e-12)


@pytest.mark.parametrize("multipolar", [False, True])
def test_scores_are_what_is_asked_for_of_predict(multipolar):
    y = np.random.default_rng(1).integers(3, size=30)
    P = answers(y, 3)
    models = begin(P, y, 3, multipolar).fit(np.ones(30, dtype=bool))
    model, label = np.array([0, 3, 1, 0, 2]), np.array([2, 1, 0, 0, 2])
    # Together answers in single precision.
    np.testing.assert_allclose(models.scores(P, model, label), models.predict(P)[:, model, label], rtol=1e-6)


def test_a_class_always_taken_for_another_is_put_right_by_a_stump(view):
    view, y_pool = view
    search = Search(view, [ZeroShot()], False, np.random.default_rng(0))
    found = search.candidates(np.ones(40, dtype=bool))
    L = found.lfs.votes(Rows.pool(view))[view.unlabeled_index]
    truth = y_pool[view.unlabeled_index]
    about = found.lfs.describe()
    swapped = next(
        i for i, lf in enumerate(about) if (lf["kind"], lf["features"], lf["label"]) == ("stump", [1], 0)
    )
    plain = next(i for i, lf in enumerate(about) if (lf["kind"], lf["label"]) == ("zero_shot", 0))
    right = [np.mean(truth[L[:, i] == 0] == 0) for i in (swapped, plain)]
    assert right[0] > 0.85
    assert right[1] < 0.2
    assert found.trusted[swapped]
    assert not found.trusted[plain]


@pytest.mark.parametrize("multipolar", [False, True])
def test_descriptions_name_classes_as_features(view, multipolar):
    view, _ = view
    search = Search(view, [ZeroShot()], multipolar, np.random.default_rng(0))
    about = search.candidates(np.ones(40, dtype=bool)).lfs.describe()
    assert {lf["features_of"] for lf in about} == {"zero_shot"}
    assert [lf["kind"] for lf in about] == sorted([lf["kind"] for lf in about], key="zero_shot".__ne__)
    if multipolar:
        assert [lf["features"] for lf in about] == [[0, 1, 2], [0], [1], [2]]
    else:
        assert [lf["features"] for lf in about[:3]] == [[0], [1], [2]]
    json.dumps(about)


def test_seeds_without_answers_are_an_error_that_says_so(view):
    view, _ = view
    y = np.array([0, 1])
    with pytest.raises(ValueError, match="no zero-shot answers"):
        begin(None, y, 2)
    loose = TaskView(
        view.X_seed,
        view.y_seed,
        view.X_pool,
        view.X_test,
        3,
        zero_shot_pool=view.zero_shot_pool,
        zero_shot_test=view.zero_shot_test,
    )
    with pytest.raises(ValueError, match="seed_index"):
        Search(loose, [ZeroShot()], False, np.random.default_rng(0))


def test_the_family_says_what_it_needs():
    assert needs_of([lfs.create("zero_shot"), lfs.create("stumps")]) == {"zero_shot"}
