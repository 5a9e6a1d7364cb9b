"""Baselines on the digits: logistic regression beside scikit-learn by hand, and all above the floor."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import tasks
from autows import method, representations
from autows.draws import generator
from autows.end_models.linear import scalings
from autows.runs.views import make_view


@pytest.fixture(scope="module")
def digits():
    """Return a function from draw to view, and the truth of the test rows."""
    task = tasks.create("digits")
    data, features = task.load(), representations.create("raw").features(task)
    return lambda k: make_view(task, data, features.X_pool, features.X_test, k, 100), np.asarray(data.y_test)


def answer(name, view, k=0):
    return method.create(name).fit_predict(view, generator(purpose="test", draw=k))


@pytest.mark.parametrize("k", [0, 1, 2])
def test_accuracy_on_the_digits_is_scikit_learns_with_the_same_c_and_scaling(digits, k):
    make, y_test = digits
    view = make(k)
    labels = answer("logistic_regression", view, k)
    scaling = {s.name: s for s in scalings(view.X_pool)}[labels.info["scaling"]]
    model = LogisticRegression(C=labels.info["C"], tol=1e-8, max_iter=5000)
    model.fit(scaling.apply(view.X_seed), view.y_seed)
    theirs = model.predict_proba(scaling.apply(view.X_test))
    np.testing.assert_allclose(labels.test[:, model.classes_], theirs, atol=1e-4)
    accuracy = np.mean(labels.test.argmax(axis=1) == y_test)
    assert accuracy == np.mean(model.predict(scaling.apply(view.X_test)) == y_test)
    assert labels.pool.shape == (1297, 10)


@pytest.mark.parametrize(("name", "at_least"), [("logistic_regression", 0.8), ("label_spreading", 0.9)])
def test_baselines_are_far_above_the_majority_class_on_the_digits(digits, name, at_least):
    make, y_test = digits
    accuracy = {
        entrant: np.mean([answer(entrant, make(k), k).test.argmax(axis=1) == y_test for k in range(3)])
        for entrant in (name, "majority_class")
    }
    assert accuracy["majority_class"] < 0.15
    assert accuracy[name] > at_least


def test_the_majority_class_answers_every_row_with_the_smoothed_seed_shares(digits):
    view = digits[0](0)
    labels = answer("majority_class", view)
    shares = (np.bincount(view.y_seed, minlength=10) + 1) / 110
    for P, rows in ((labels.pool, 1297), (labels.test, 500)):
        np.testing.assert_allclose(P, np.tile(shares, (rows, 1)), rtol=1e-6)


def test_one_class_among_the_seeds_is_answered_everywhere(blobs):
    view, *_ = blobs(n_classes=2, n=1)
    labels = answer("logistic_regression", view)
    assert np.all(labels.test[:, view.y_seed[0]] == 1)
    assert labels.info == {"C": 1.0, "scaling": "global"}
