"""Every score on tables small enough to do by hand, and beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, f1_score
from sklearn.metrics import log_loss as sklearn_log_loss

from autows.runs.scores import accuracy_at_coverage, brier, calibration_error, log_loss, score
from autows.types import ABSTAIN, Labels, TaskView

Y_POOL = np.array([2, 2, 1, 0, 1, 2])
Y_TEST = np.array([0, 1, 2, 2, 1])
SEEDS = np.array([0, 1, 2])  # labels 2, 2, 1: class 2 is the most frequent seed class
TEST = np.array([0, 1, 0, ABSTAIN, ABSTAIN])
POOL = np.array([0, 0, 0, 0, 2, ABSTAIN])
END_MODEL = np.eye(3)[[0, 1, 1, 2, 0]]


def make_view(n_classes=3, y_pool=Y_POOL, seeds=SEEDS, n_test=5):
    X = np.arange(len(y_pool), dtype=np.float32)[:, None]
    return TaskView(
        X_seed=X[seeds],
        y_seed=y_pool[seeds],
        X_pool=X,
        X_test=np.zeros((n_test, 1), dtype=np.float32),
        n_classes=n_classes,
        seed_index=seeds,
    )


def test_scores_of_hard_labels_by_hand():
    labels = Labels(pool=POOL, test=TEST, n_classes=3)
    scores = score(make_view(), labels, END_MODEL, Y_POOL, Y_TEST)
    # Answers with abstentions filled: 0 1 0 2 2 against 0 1 2 2 1.
    assert scores.pop("accuracy") == pytest.approx(3 / 5)
    assert scores.pop("accuracy_se") == pytest.approx((0.6 * 0.4 / 4) ** 0.5)
    assert scores.pop("coverage") == pytest.approx(3 / 5)
    assert scores.pop("accuracy_covered") == pytest.approx(2 / 3)
    # Rows 3, 4, 5 are not seeds: right, wrong, abstaining.
    assert scores.pop("pool_accuracy") == pytest.approx(1 / 3)
    assert scores.pop("pool_coverage") == pytest.approx(2 / 3)
    # F1 of class 0: 1 of 2 said and 1 of 1 there; class 1: 1 of 1 and 1 of 2; class 2: 1 of 2 and 1 of 2.
    assert scores.pop("macro_f1") == pytest.approx((2 / 3 + 2 / 3 + 1 / 2) / 3)
    assert scores.pop("end_model_accuracy") == pytest.approx(3 / 5)
    names = {"log_loss", "brier", "ece", "accuracy_at_50", "accuracy_at_80", "accuracy_at_90"}
    assert scores == dict.fromkeys(names)


def test_scores_of_probabilities_by_hand():
    test = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.1, 0.4], [0.1, 0.1, 0.8], [0.9, 0.1, 0.0]])
    covered = np.array([True, True, True, True, False])
    labels = Labels(pool=np.eye(3)[np.abs(POOL)], test=test, n_classes=3, test_covered=covered)
    scores = score(make_view(), labels, END_MODEL, Y_POOL, Y_TEST)
    # The abstaining row has the smoothed seed shares (0 + 1, 1 + 1, 2 + 1) / 6, and class 2 as its answer.
    assert scores["accuracy"] == pytest.approx(3 / 5)
    assert scores["accuracy_covered"] == pytest.approx(3 / 4)
    truth = [0.7, 0.6, 0.4, 0.8, 2 / 6]
    assert scores["log_loss"] == pytest.approx(-np.log(truth).mean())
    squares = [
        0.3**2 + 0.2**2 + 0.1**2,
        0.3**2 + 0.4**2 + 0.1**2,
        0.5**2 + 0.1**2 + 0.6**2,
        0.1**2 + 0.1**2 + 0.2**2,
        (1 / 6) ** 2 + (4 / 6) ** 2 + (3 / 6) ** 2,
    ]
    assert scores["brier"] == pytest.approx(np.mean(squares))
    # Five rows are five bins. Confidences are .7 .6 .5 .8 .5; the two at .5 are wrong, the others right.
    assert scores["ece"] == pytest.approx((0.3 + 0.4 + 0.5 + 0.2 + 0.5) / 5)
    # The abstaining row comes last: 3 of 5, 4 of 5 and 5 of 5 rows.
    assert scores["accuracy_at_50"] == pytest.approx(3 / 3)
    assert scores["accuracy_at_80"] == pytest.approx(3 / 4)
    assert scores["accuracy_at_90"] == pytest.approx(3 / 5)


def test_an_abstaining_row_is_least_confident_however_certain_the_seed_shares_are():
    view = make_view(n_classes=2, y_pool=np.ones(40, dtype=int), seeds=np.arange(30), n_test=2)
    labels = Labels(
        pool=np.ones(40, dtype=int),
        test=np.array([[0.4, 0.6], [0.0, 1.0]]),
        n_classes=2,
        test_covered=np.array([True, False]),
    )
    scores = score(view, labels, np.eye(2)[[1, 1]], np.ones(40, dtype=int), np.array([1, 0]))
    assert scores["accuracy_at_50"] == 1
    assert scores["accuracy"] == 0.5


def test_where_nothing_is_covered():
    labels = Labels(pool=np.full(6, ABSTAIN), test=np.full(5, ABSTAIN), n_classes=3)
    scores = score(make_view(), labels, END_MODEL, Y_POOL, Y_TEST)
    assert scores["accuracy_covered"] is None
    assert scores["coverage"] == scores["pool_coverage"] == scores["pool_accuracy"] == 0
    assert scores["accuracy"] == pytest.approx(2 / 5)
    uniform = np.full((5, 3), 1 / 3)
    labels = Labels(pool=POOL, test=uniform, n_classes=3, test_covered=np.zeros(5, dtype=bool))
    scores = score(make_view(), labels, END_MODEL, Y_POOL, Y_TEST)
    assert scores["accuracy_at_50"] == pytest.approx(2 / 5)
    assert scores["log_loss"] == pytest.approx(-np.log([1 / 6, 2 / 6, 3 / 6, 3 / 6, 2 / 6]).mean())


def test_where_every_pool_row_is_a_seed_there_is_no_pool_accuracy():
    labels = Labels(pool=POOL, test=TEST, n_classes=3)
    scores = score(make_view(seeds=np.arange(6)), labels, END_MODEL, Y_POOL, Y_TEST)
    assert scores["pool_accuracy"] is None
    assert scores["pool_coverage"] is None


def test_classes_that_the_truth_does_not_hold_do_not_count_in_macro_f1():
    labels = Labels(pool=POOL, test=np.array([0, 0, 2]), n_classes=3)
    truth = np.array([0, 1, 0])
    scores = score(make_view(n_test=3), labels, END_MODEL[:3], Y_POOL, truth)
    # Class 0: 1 of 2 said, 1 of 2 there; class 1: never said. Class 2 is said, but not there.
    assert scores["macro_f1"] == pytest.approx((1 / 2 + 0) / 2)


@st.composite
def tables(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    N, K = draw(st.integers(4, 60)), draw(st.integers(2, 5))
    P = rng.dirichlet(np.ones(K), N)
    if draw(st.booleans()):  # many equal confidences
        P = np.round(P * 4 + 0.05, 0) + 0.5
        P /= P.sum(axis=1, keepdims=True)
    y = rng.integers(K, size=N)
    y[:K] = np.arange(K)[:N]
    return P, y, rng


@settings(max_examples=50, deadline=None)
@given(tables())
def test_log_loss_and_brier_are_scikit_learns(table):
    P, y, _ = table
    classes = np.arange(P.shape[1])
    assert log_loss(P, y) == pytest.approx(sklearn_log_loss(y, P, labels=classes), rel=1e-9)
    theirs = brier_score_loss(y, P, labels=classes, scale_by_half=False)
    assert brier(P, y) == pytest.approx(theirs, rel=1e-9)


def test_a_probability_of_zero_costs_a_finite_amount():
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-7 / (1 + 1e-7)))
    assert brier(np.array([[1.0, 0.0]]), np.array([1])) == 2


def test_calibration_error_by_hand_with_more_rows_than_bins():
    # 30 rows make 15 bins of two: confidences .50 .51, .52 .53, ...; only the odd rows are right.
    confidence = 0.5 + np.arange(30) / 100
    right = np.arange(30) % 2 == 1
    by_hand = np.mean([abs(0.505 + 0.02 * b - 0.5) for b in range(15)])
    assert calibration_error(confidence, right) == pytest.approx(by_hand)


def test_calibration_error_of_ties_counts_each_row_with_the_share_of_its_group():
    # Four rows are four bins. At .8 one of two is right, so both count a half; at .6 both are.
    confidence, right = np.array([0.8, 0.6, 0.8, 0.6]), np.array([True, True, False, True])
    assert calibration_error(confidence, right) == pytest.approx((0.3 + 0.3 + 0.4 + 0.4) / 4)


def test_accuracy_at_coverage_by_hand_with_ties_at_the_border():
    confidence, right = np.array([0.9, 0.7, 0.7, 0.7, 0.2]), np.array([True, True, False, False, True])
    # Half of five rows are three: the first, and two of the three at .7, of which a third is right.
    assert accuracy_at_coverage(confidence, right, 0.5) == pytest.approx((1 + 2 / 3) / 3)
    assert accuracy_at_coverage(confidence, right, 0.2) == 1
    assert accuracy_at_coverage(confidence, right, 1.0) == pytest.approx(3 / 5)
    assert accuracy_at_coverage(confidence, right, 1e-6) == 1


def everything(P, y, view, end_model):
    pool = np.zeros(view.X_pool.shape[0], dtype=np.int64)
    covered = P.max(axis=1) > np.quantile(P.max(axis=1), 0.2)
    labels = Labels(pool=pool, test=P, n_classes=P.shape[1], test_covered=covered)
    return score(view, labels, end_model, pool, y)


@settings(max_examples=50, deadline=None)
@given(tables())
def test_the_order_of_rows_does_not_change_a_score(table):
    P, y, rng = table
    K = P.shape[1]
    view = make_view(K, np.arange(K).repeat(np.arange(1, K + 1)), np.arange(K * (K + 1) // 2), len(y))
    order = rng.permutation(len(y))
    before, after = everything(P, y, view, P), everything(P[order], y[order], view, P[order])
    assert before == pytest.approx(after, nan_ok=False)


@settings(max_examples=50, deadline=None)
@given(tables())
def test_renaming_classes_does_not_change_a_score(table):
    P, y, rng = table
    # Equally probable classes are told apart by their number, so there must not be any.
    P = P + rng.random(P.shape) * 1e-3
    P /= P.sum(axis=1, keepdims=True)
    K = P.shape[1]
    y_pool = np.arange(K).repeat(np.arange(1, K + 1))
    old = rng.permutation(K)  # new class c is what was class old[c]
    new = np.argsort(old)
    seeds = np.arange(len(y_pool))
    before = everything(P, y, make_view(K, y_pool, seeds, len(y)), P)
    after = everything(P[:, old], new[y], make_view(K, new[y_pool], seeds, len(y)), P[:, old])
    assert before == pytest.approx(after)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_accuracy_and_f1_are_those_of_the_answers(table):
    P, y, _ = table
    K = P.shape[1]
    view = make_view(K, np.arange(K).repeat(2), np.arange(K), len(y))
    answers = P.argmax(axis=1)
    labels = Labels(pool=np.zeros(2 * K, dtype=int), test=answers, n_classes=K)
    scores = score(view, labels, P, np.zeros(2 * K, dtype=int), y)
    assert scores["accuracy"] == scores["accuracy_covered"] == scores["end_model_accuracy"]
    assert scores["accuracy"] == pytest.approx(np.mean(answers == y))
    expected = f1_score(y, answers, average="macro", labels=np.unique(y), zero_division=0.0)
    assert scores["macro_f1"] == pytest.approx(expected)


def test_pool_rows_of_a_seeds_group_are_not_scored():
    labels = Labels(pool=np.zeros(6, dtype=int), test=np.zeros(5, dtype=int), n_classes=3)
    view = make_view(seeds=np.array([0, 1]))
    # Row 2 belongs with seed 0; rows 3, 4 and 5 with nobody.
    groups = np.array([7, 8, 7, 9, 10, 11])
    scores = score(view, labels, END_MODEL, Y_POOL, Y_TEST, groups)
    assert scores["pool_accuracy"] == pytest.approx((Y_POOL[3:] == 0).mean())
    alone = score(view, labels, END_MODEL, Y_POOL, Y_TEST, np.arange(6))
    assert alone == score(view, labels, END_MODEL, Y_POOL, Y_TEST)
