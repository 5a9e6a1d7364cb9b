"""Prompt search beside all sets of templates, and what it does where there is nothing to find."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.special import log_softmax

from autows import method
from baselines._embeddings import SeedEmbeddings, seed_folds
from baselines.prompt_search import (
    PromptSearch,
    TemplateBank,
    beam_search,
    choose_size,
    class_texts,
    held_out_losses,
    row_losses,
)


def bank_of(view):
    seeds = SeedEmbeddings.of(view)
    return TemplateBank.of(view.template_embeddings.astype(np.float64), seeds.F, seeds.scale), seeds


def set_loss(view, members, *temperatures):
    """Return the least mean log-loss of the seeds under the mean texts of a set of templates."""
    texts = view.template_embeddings[list(members)].mean(axis=0, dtype=np.float64)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    F = view.X_seed.astype(np.float64)
    F /= np.linalg.norm(F, axis=1, keepdims=True)
    logits = view.logit_scale * F @ texts.T
    found = [log_softmax(logits / t, axis=1)[np.arange(len(F)), view.y_seed] for t in temperatures]
    return min(-np.mean(log_p) for log_p in found)


def mask(members, T):
    chosen = np.zeros(T, dtype=bool)
    chosen[list(members)] = True
    return chosen


def test_scores_of_sets_are_those_of_their_mean_texts(embedded):
    view, _, _ = embedded(noise=2.0, text_noise=2.0, templates=6)
    bank, seeds = bank_of(view)
    for members in [(0,), (1, 4), (0, 2, 3, 5)]:
        chosen = mask(members, 6)
        logits = seeds.scale * seeds.F @ class_texts(view.template_embeddings, chosen).T
        np.testing.assert_allclose(bank.logits(chosen), logits, atol=1e-6)
        loss = row_losses(bank.logits(chosen), seeds.y).mean()
        assert loss == pytest.approx(set_loss(view, members, 1.0), abs=1e-6)
        more, Z = bank.grown(chosen)
        assert more.tolist() == [t for t in range(6) if t not in members]
        for t, logits in zip(more, Z, strict=True):
            np.testing.assert_allclose(logits, bank.logits(mask((*members, t), 6)), atol=1e-8)


def test_a_wide_beam_finds_the_best_set_of_every_size(embedded):
    view, _, _ = embedded(noise=2.0, text_noise=2.0, templates=6)
    bank, seeds = bank_of(view)
    path = beam_search(bank, seeds.y, np.array([1.0, 3.0]), 6, beam=1000)
    for size, chosen in enumerate(path, start=1):
        best = min(combinations(range(6), size), key=lambda members: set_loss(view, members, 1.0, 3.0))
        assert tuple(np.flatnonzero(chosen)) == best


def test_a_beam_of_one_is_greedy(embedded):
    view, _, _ = embedded(noise=2.0, text_noise=2.0, templates=6)
    bank, seeds = bank_of(view)
    members = []
    for chosen in beam_search(bank, seeds.y, np.array([1.0]), 4, beam=1):
        rest = [t for t in range(6) if t not in members]
        members.append(min(rest, key=lambda t: set_loss(view, [*members, t], 1.0)))
        assert sorted(members) == np.flatnonzero(chosen).tolist()


def test_held_out_losses_are_of_sets_that_were_found_without_the_fold(embedded):
    view, _, _ = embedded(noise=2.0, text_noise=2.0, templates=5)
    bank, seeds = bank_of(view)
    folds = seed_folds(view, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    paths = {
        int(f): [(mask(rng.choice(5, size, replace=False), 5), 1.0 + f + size) for size in (5, 1, 2)]
        for f in np.unique(folds)
    }
    losses = held_out_losses(bank, seeds.y, folds, paths)
    for i, fold in enumerate(folds):
        for row, (chosen, temperature) in enumerate(paths[int(fold)]):
            own = log_softmax(bank.logits(chosen)[i] / temperature)[seeds.y[i]]
            assert losses[row, i] == pytest.approx(-own)


def test_a_size_must_beat_all_templates_by_a_standard_error():
    every = np.array([1.0, 1.0, 1.0, 1.0])
    # Gains of 0.5 +- 0 and of 0.6 on average, with a standard error of 0.63.
    assert choose_size(np.array([every, every - 0.5])) == 1
    assert choose_size(np.array([every, every - [2.4, 0.0, 0.4, -0.4]])) == 0
    assert choose_size(np.array([every, every - 0.1, every - 0.3, every - 0.2])) == 2
    assert choose_size(np.array([every, every])) == 0


def test_true_wordings_are_found_among_lying_ones(embedded):
    view, _, y_test = embedded(n=60, noise=1.5, text_noise=0.3, templates=10, pool=400, test=400)
    E = view.template_embeddings.copy()
    E[3:] = E[3:][:, [1, 2, 3, 0]]
    view = replace(view, template_embeddings=E)
    labels = PromptSearch().fit_predict(view, np.random.default_rng(0))
    assert set(labels.info["templates"]) <= {0, 1, 2}
    right = np.mean(labels.test.argmax(axis=1) == y_test)
    zero_shot = np.mean(np.argmax(view.X_test @ view.class_embeddings.T, axis=1) == y_test)
    assert right > 0.85 > 0.5 > zero_shot


def test_a_choice_among_wordings_alike_does_no_harm(embedded):
    change = []
    for seed in range(5):
        view, _, y_test = embedded(n=60, noise=2.0, text_noise=1.0, templates=8, test=400, seed=seed)
        labels = PromptSearch().fit_predict(view, np.random.default_rng(0))
        assert len(labels.info["held_out_gains"]) == 8
        zero_shot = np.argmax(view.X_test @ view.class_embeddings.T, axis=1) == y_test
        change.append(np.mean(labels.test.argmax(axis=1) == y_test) - zero_shot.mean())
    assert -0.015 < np.mean(change) < 0.03


def test_all_templates_are_kept_where_none_is_better(embedded):
    view, _, _ = embedded(n=60, noise=1.5, templates=8)
    same = np.repeat(view.template_embeddings[:1], 8, axis=0)
    labels = PromptSearch().fit_predict(replace(view, template_embeddings=same), np.random.default_rng(0))
    assert labels.info["templates"] == list(range(8))
    assert labels.info["held_out_gains"] == [0.0] * 8


@pytest.mark.parametrize("templates", [1, 2])
def test_one_or_two_templates_are_enough(embedded, templates):
    view, _, y_test = embedded(templates=templates)
    labels = method.create("prompt_search").fit_predict(view, np.random.default_rng(0))
    assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.9


@pytest.mark.parametrize("wrong", ["max_templates=0", "beam=0"])
def test_parameters_out_of_range_are_told(wrong):
    with pytest.raises(Exception, match=wrong.split("=")[0]):
        method.create(f"prompt_search[{wrong}]").validate()
