"""Votes of templates, which of them are kept, and what a label model makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autows import label_models, method
from autows.priors import shrunken_prior
from baselines._template_votes import TemplateVotes
from baselines.weaver import least_dependent, lively, vote_correlations


def test_votes_are_favourites_of_single_templates(embedded):
    view, _, _ = embedded(noise=2.0, text_noise=2.0, templates=5)
    templates = TemplateVotes(view, False, np.random.default_rng(0))
    L = templates.votes(7 * view.X_test)
    expected = [
        [int(np.argmax([x @ text for text in texts])) for texts in view.template_embeddings]
        for x in view.X_test
    ]
    np.testing.assert_array_equal(L, expected)
    assert L.dtype == np.int8
    np.testing.assert_array_equal(templates.votes(view.X_test, np.array([1, 3])), L[:, [1, 3]])
    shares = [[np.mean(row == k) for k in range(4)] for row in L]
    np.testing.assert_allclose(templates.shares(view.X_test), shares)


def test_balanced_templates_have_the_class_shares_of_the_seeds(embedded):
    view, _, _ = embedded(noise=1.5, text_noise=0.5, pool=600, n=60, templates=3)
    # All images share a direction, and so do all wordings for one class.
    shared = np.ones(24, np.float32) / np.sqrt(24).astype(np.float32)
    E = view.template_embeddings.copy()
    E[:, 1] += shared
    E /= np.linalg.norm(E, axis=2, keepdims=True)
    moved = {part: getattr(view, part) + shared for part in ("X_seed", "X_pool", "X_test")}
    view = replace(view, template_embeddings=E, **moved)
    prior = shrunken_prior(view.seed_counts)
    off = []
    for balance in (False, True):
        L = TemplateVotes(view, balance, np.random.default_rng(0)).votes(view.X_pool)
        off.append(max(np.abs(np.bincount(votes, minlength=4) / 600 - prior).max() for votes in L.T))
    assert off[1] < 0.08 < off[0]


def test_nearly_constant_voters_are_dropped_as_long_as_three_are_left():
    rng = np.random.default_rng(0)
    L = rng.integers(3, size=(100, 5)).astype(np.int8)
    L[:95, 1], L[95:, 1] = 2, 0
    L[:, 3] = 0
    assert lively(L, 3, 0.9).tolist() == [0, 2, 4]
    assert lively(L, 3, 0.96).tolist() == [0, 1, 2, 4]
    L[:92, 4] = 1
    assert lively(L, 3, 0.9).tolist() == [0, 2, 4]


def test_correlations_are_those_of_centred_indicators():
    rng = np.random.default_rng(0)
    L = rng.integers(3, size=(80, 4)).astype(np.int8)
    L[:40, 2] = L[:40, 0]
    L[:, 3] = 1
    V = np.array([[votes == k for k in range(3)] for votes in L.T]).astype(float)
    V = (V - V.mean(axis=2, keepdims=True)).reshape(4, -1)
    expected = np.array([[a @ b / np.sqrt(max(a @ a, 1e-9) * max(b @ b, 1e-9)) for b in V] for a in V])
    np.testing.assert_allclose(vote_correlations(L, 3), expected, atol=1e-5)


def test_copies_of_a_voter_go_first():
    rng = np.random.default_rng(1)
    L = rng.integers(4, size=(400, 6)).astype(np.int8)
    L[:, 4], L[:, 5] = L[:, 1], L[:, 1]
    L[:8, 4] = L[8:16, 5] = 0
    kept = least_dependent(L, 4, 4)
    assert len(kept) == 4
    assert {0, 2, 3} <= set(kept.tolist())


def test_answers_are_the_label_model_s_of_the_kept_votes(embedded):
    view, _, _ = embedded(noise=1.5, text_noise=1.0, templates=6)
    E = view.template_embeddings.copy()
    E[2] = E[2, :1] + 1e-3 * E[2]  # a wording that can hardly tell classes apart
    E[2, 0] *= 1.01
    E /= np.linalg.norm(E, axis=2, keepdims=True)
    view = replace(view, template_embeddings=E)
    for spec in ("metal", "dawid_skene", "weighted_vote"):
        labels = method.create(f"weaver[balance=false,label_model={spec}]").fit_predict(
            view, np.random.default_rng(0)
        )
        votes = TemplateVotes(view, False, np.random.default_rng(0))
        kept = lively(votes.votes(view.X_pool), 4, 0.9)
        assert [lf["template"] for lf in labels.lfs] == kept.tolist()
        pool, test, seeds = (votes.votes(X, kept) for X in (view.X_pool, view.X_test, view.X_seed))
        model = label_models.create(spec, n_classes=4)
        model.fit(pool[view.unlabeled_index], view.y_seed, seeds)
        np.testing.assert_allclose(labels.test, model.predict_proba(test), atol=1e-5)
        assert labels.info["synthesis"]["constant"] == 6 - len(kept)


def test_lying_wordings_are_outweighed_by_what_the_seeds_know(embedded):
    view, _, y_test = embedded(n=60, noise=0.8, text_noise=0.3, templates=7, pool=400, test=400)
    E = view.template_embeddings.copy()
    E[3:] = E[3:][:, [1, 2, 3, 0]]  # four of seven take every class for another
    view = replace(view, template_embeddings=E)
    zero_shot = np.argmax(view.X_test @ view.class_embeddings.T, axis=1) == y_test
    found = {}
    for spec in ("metal", "weighted_vote", "majority_vote"):
        labels = method.create(f"weaver[label_model={spec}]").fit_predict(view, np.random.default_rng(0))
        found[spec] = np.mean(labels.test.argmax(axis=1) == y_test)
    assert min(found["metal"], found["weighted_vote"]) > 0.95
    assert max(found["majority_vote"], zero_shot.mean()) < 0.5


def test_too_few_templates_are_a_reason_to_skip(embedded):
    view, _, _ = embedded(templates=2)
    assert "3 prompt templates" in method.create("weaver").skip_reason(view)


@pytest.mark.parametrize("wrong", ["max_share=0.0", "max_share=1.5", "independent=2", "label_model=nobody"])
def test_parameters_out_of_range_are_told(wrong):
    with pytest.raises(Exception, match="|".join([wrong.split("=")[0], "nobody"])):
        method.create(f"weaver[{wrong}]").validate()
