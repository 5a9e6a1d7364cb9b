from __future__ import annotations

import numpy as np
import pytest

from autows.method import NEEDS
from autows.types import ABSTAIN, WORDS_OF_THE_HARNESS, InvalidLabels, InvalidView, Labels, TaskView

X = np.zeros((6, 2), dtype=np.float32)
GOOD_VIEW = dict(X_seed=X[:3], y_seed=np.array([0, 1, 2]), X_pool=X, X_test=X[:4], n_classes=3)
P = np.full((6, 3), 1 / 3)
EMBEDDINGS = np.tile(np.array([0.6, 0.8], dtype=np.float32), (4, 3, 1))
GOOD_LABELS = dict(pool=P, test=P[:4], n_classes=3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(n_classes=1), "n_classes is 1; expected an integer of at least 2"),
        (dict(n_classes=True), "n_classes is True"),
        (dict(X_pool=X.astype(np.float64)), "X_pool is of type float64; expected float32"),
        (dict(X_pool=X[0]), "X_pool is not a matrix"),
        (dict(X_test=X[:4, :1]), "X_test has 1 features and X_pool has 2"),
        (dict(y_seed=np.array([0, 1])), r"y_seed has shape \(2,\) for 3 seed rows"),
        (dict(y_seed=np.array([0.0, 1.0, 2.0])), "y_seed is of type float64"),
        (dict(y_seed=np.array([0, 1, 3])), "y_seed goes from 0 to 3; expected labels from 0 to 2"),
        (dict(y_seed=np.array([0, 1, -1])), "y_seed goes from -1 to 1"),
        (dict(X_seed=X[:0], y_seed=np.zeros(0, dtype=int)), "y_seed has shape"),
        (dict(seed_index=np.array([0, 1, 6])), "seed_index must hold 3 different rows of the pool's 6"),
        (dict(seed_index=np.array([0, 1, 1])), "seed_index must hold 3 different rows"),
        (dict(seed_index=np.array([0, 1])), r"seed_index is int64 of shape \(2,\)"),
        (dict(groups_seed=np.array([0, 1])), r"groups_seed has shape \(2,\); expected \(3,\)"),
        (dict(class_names=("a", "b")), "2 class names for 3 classes"),
        (dict(zero_shot_pool=P), "come together"),
        (dict(zero_shot_pool=P, zero_shot_test=P), r"zero_shot_test has shape \(6, 3\); expected \(4, 3\)"),
        (dict(zero_shot_pool=P * 2, zero_shot_test=P[:4]), "sum to 1"),
        (dict(template_embeddings=EMBEDDINGS), "come together"),
        (
            dict(template_embeddings=EMBEDDINGS[0], logit_scale=9.0),
            r"expected float32 of shape \(templates, 3, 2\)",
        ),
        (
            dict(template_embeddings=EMBEDDINGS[:0], logit_scale=9.0),
            "template_embeddings is float32 of shape",
        ),
        (dict(template_embeddings=2 * EMBEDDINGS, logit_scale=9.0), "must have length 1 each"),
        (dict(template_embeddings=EMBEDDINGS, logit_scale=0.0), "logit_scale is 0.0; expected a positive"),
    ],
)
def test_a_view_that_does_not_fit_together_cannot_be_built(change, message):
    with pytest.raises(InvalidView, match=message):
        TaskView(**{**GOOD_VIEW, **change})


def test_a_view_is_frozen_and_counts_its_seeds():
    view = TaskView(**GOOD_VIEW, seed_index=np.array([5, 0, 2]))
    assert view.seed_counts.tolist() == [1, 1, 1]
    assert view.unlabeled_index.tolist() == [1, 3, 4]
    assert TaskView(**GOOD_VIEW).unlabeled_index.tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(AttributeError):
        view.n_classes = 4


def test_a_method_is_shown_only_what_it_declares_to_need():
    view = TaskView(
        **GOOD_VIEW,
        class_names=("a", "b", "c"),
        prompts=("a {}",),
        zero_shot_pool=P,
        zero_shot_test=P[:4],
        template_embeddings=EMBEDDINGS,
        logit_scale=100.0,
    )
    bare = view.restricted_to(frozenset())
    assert (bare.class_names, bare.prompts, bare.zero_shot_pool, bare.zero_shot_test) == (None,) * 4
    named = view.restricted_to(frozenset({"class_names"}))
    assert named.class_names == ("a", "b", "c")
    assert named.zero_shot_pool is None
    asked = view.restricted_to(frozenset({"class_names", "zero_shot"}))
    assert (asked.prompts, asked.zero_shot_pool) == (view.prompts, view.zero_shot_pool)
    assert asked.template_embeddings is None
    assert view.restricted_to(NEEDS) is view


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(pool=P[:, :2]), r"pool has shape \(6, 2\); expected \(6, 3\)"),
        (dict(pool=np.where(np.eye(6, 3) == 1, np.nan, P)), "pool has NaN or infinity, first in row 0"),
        (dict(test=P[:4] * 0.5), "test has rows that do not sum to 1, first row 0"),
        (dict(test=P[:4] * [3.3, -0.3, 0]), "probabilities lie in"),
        (dict(test=np.ones((4, 3), dtype=int)), "probabilities of type int64"),
        (dict(test=np.array([0, 1, 2, 3])), "labels from 0 to 3; expected -1"),
        (dict(test=np.array([0, 1, 2, -2])), "labels from -2 to 2"),
        (dict(test=np.array([0.0, 1, 2, 1])), "hard labels of type float64"),
        (dict(test=np.zeros((4, 3, 1))), "test has shape"),
        (dict(pool_covered=np.ones(5, dtype=bool)), r"pool_covered is bool of shape \(5,\)"),
        (dict(pool_covered=np.ones(6)), "pool_covered is float64"),
        (
            dict(test=np.array([0, 1, -1, 2]), test_covered=np.ones(4, dtype=bool)),
            "True on rows whose label is ABSTAIN",
        ),
        (dict(pool_votes=np.zeros((6, 2))), "pool_votes is float64"),
        (dict(pool_votes=np.full((6, 2), 3, dtype=np.int8)), "pool_votes goes from 3 to 3"),
        (
            dict(pool_votes=np.zeros((6, 2), dtype=np.int8), test_votes=np.zeros((4, 1), dtype=np.int8)),
            r"of \[1, 2\] labeling functions",
        ),
        (
            dict(pool_votes=np.zeros((6, 2), dtype=np.int8), seed_votes=np.zeros((3, 4), dtype=np.int8)),
            r"of \[2, 4\] labeling functions",
        ),
        (dict(pool_votes=np.zeros((6, 2), dtype=np.int8), lfs=({"kind": "a"},)), r"of \[1, 2\] labeling"),
        (dict(seed_votes=np.zeros(3, dtype=np.int8)), r"seed_votes is int8 of shape \(3,\); expected"),
        (dict(seed_votes=np.full((3, 1), 3, dtype=np.int8)), "seed_votes goes from 3 to 3"),
        (dict(info={"x": np.nan}), "info must hold JSON values"),
        (dict(info={"x": {1}}), "info must hold JSON values"),
        (dict(info={0: 1.0, "rest": 2.0}), "info must hold JSON values"),
        (dict(lfs=({"x": np.ones(2)},)), "lfs must hold JSON values"),
        (dict(n_classes=0), "n_classes is 0"),
    ],
)
def test_labels_that_are_not_labels_cannot_be_built(change, message):
    with pytest.raises(InvalidLabels, match=message):
        Labels(**{**GOOD_LABELS, **change})


def test_coverage_defaults_to_everything_that_is_not_an_abstention():
    labels = Labels(pool=np.array([0, ABSTAIN, 2]), test=P[:2], n_classes=3)
    assert labels.pool_covered.tolist() == [True, False, True]
    assert labels.test_covered.tolist() == [True, True]


def test_labels_must_have_one_answer_a_row():
    view = TaskView(**GOOD_VIEW)
    Labels(**GOOD_LABELS).check_against(view)
    with pytest.raises(InvalidLabels, match="test has 6 rows; the task's test has 4"):
        Labels(pool=P, test=P, n_classes=3).check_against(view)
    with pytest.raises(InvalidLabels, match="over 2 classes; the task has 3"):
        Labels(pool=np.zeros(6, dtype=int), test=np.zeros(4, dtype=int), n_classes=2).check_against(view)


def test_sparse_matrices_are_features_too():
    import scipy.sparse

    S = scipy.sparse.csr_array(X)
    view = TaskView(**{**GOOD_VIEW, "X_seed": S[:3], "X_pool": S, "X_test": S[:4]})
    assert view.X_pool.shape == (6, 2)


def test_class_embeddings_are_the_normalised_mean_over_templates():
    view = TaskView(**GOOD_VIEW)
    assert view.class_embeddings is None
    E = np.zeros((2, 3, 2), dtype=np.float32)
    E[0, :, 0] = E[1, :, 1] = 1
    E[1, 2] = [1, 0]
    found = TaskView(**GOOD_VIEW, template_embeddings=E, logit_scale=10.0).class_embeddings
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5], [0.5**0.5, 0.5**0.5], [1, 0]], rtol=1e-6)


@pytest.mark.parametrize("word", WORDS_OF_THE_HARNESS)
def test_what_the_harness_writes_is_not_for_methods(word):
    with pytest.raises(InvalidLabels, match=f"info has '{word}', which the harness itself writes"):
        Labels(pool=np.zeros(3, int), test=np.zeros(2, int), n_classes=2, info={word: 5})
