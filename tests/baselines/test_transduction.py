"""What the transductive methods have in common: the contract in hard cases, the graph, choosing settings."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from scipy.special import log_softmax

from autows.method import create
from baselines import _transduction, transclip
from baselines._embeddings import unit_rows
from baselines._transduction import (
    choose_setting,
    cosine_graph,
    first_of_the_best,
    rows_for_tuning,
    seed_log_loss,
    text_log_probabilities,
)

SEEDED = ("transclip", "transclip[anchors=false]", "zlap", "tfup", "transductive_clustering")
SPECS = (*SEEDED, "transclip[few_shot=false]", "loki")


@pytest.fixture(autouse=True)
def _few_settings(monkeypatch):
    """Let TransCLIP choose among four settings that differ in all weights."""
    monkeypatch.setattr(transclip, "GRID", transclip.GRID[::5])
    assert len({setting[1] for setting in transclip.GRID}) == 3


def solve(spec, view, seed=0):
    method = create(spec)
    view = view.restricted_to(method.requirements)
    labels = method.fit_predict(view, np.random.default_rng(seed))
    labels.check_against(view)
    json.dumps(dict(labels.info))
    return labels


def both(labels):
    P = np.concatenate([labels.pool, labels.test])
    assert np.all(np.isfinite(P))
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    return P


def accuracy(labels, y_test):
    return np.mean(labels.test.argmax(axis=1) == y_test)


@pytest.fixture
def evenly_dealt(monkeypatch):
    """Deal folds in the order of the seeds, whatever their labels."""
    monkeypatch.setattr(_transduction, "seed_folds", lambda view, rng: np.arange(len(view.y_seed)) % 5)


@pytest.mark.parametrize("spec", SPECS)
def test_a_class_may_be_missing_from_the_seeds(embedded, spec):
    view, _, y_test = embedded(noise=0.6, seed=1)
    kept = view.y_seed != 2
    fewer = replace(
        view, X_seed=view.X_seed[kept], y_seed=view.y_seed[kept], seed_index=view.seed_index[kept]
    )
    labels = solve(spec, fewer)
    both(labels)
    of_missing = labels.test[y_test == 2].argmax(axis=1)
    if spec == "transductive_clustering":
        assert not labels.test[:, 2].any()
    else:
        assert np.mean(of_missing == 2) > 0.9


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("inside", [True, False])
def test_two_classes_with_one_seed_each_inside_the_pool_or_not(embedded, spec, inside):
    view, _, y_test = embedded(n_classes=2, n=2, pool=60, test=40, noise=0.5)
    np.testing.assert_array_equal(np.sort(view.y_seed), [0, 1])
    if not inside:
        view = replace(view, seed_index=None, X_pool=view.X_pool[2:], zero_shot_pool=view.zero_shot_pool[2:])
    labels = solve(spec, view)
    both(labels)
    assert accuracy(labels, y_test) > 0.9


@pytest.mark.parametrize("spec", SPECS)
def test_a_single_seed(embedded, spec):
    view, _, _ = embedded(n=1, pool=60, test=20)
    P = both(solve(spec, view))
    if spec in SEEDED and spec != "tfup":
        assert P[0].argmax() == view.y_seed[0]


@pytest.mark.parametrize("spec", ["transclip", "transclip[anchors=false]", "zlap", "transductive_clustering"])
def test_seeds_outside_the_pool_give_the_same_answers_on_the_other_rows(embedded, evenly_dealt, spec):
    view, _, _ = embedded(noise=1.2)
    outside = replace(view, seed_index=None, X_pool=view.X_pool[40:], zero_shot_pool=view.zero_shot_pool[40:])
    np.testing.assert_allclose(both(solve(spec, outside)), both(solve(spec, view))[40:], atol=2e-4)


def alike(view, texts):
    """Return the view with other texts, the same under every template."""
    return replace(view, template_embeddings=texts[None].astype(np.float32))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", ["all the same", "opposite", "orthogonal"])
def test_texts_that_say_nothing(embedded, spec, kind):
    view, _, y_test = embedded(seed=2)
    texts = view.class_embeddings
    if kind == "all the same":
        texts = np.repeat(texts[:1], 4, axis=0)
    elif kind == "opposite":
        texts = -texts
    else:
        # A direction in which no row goes.
        flat = np.zeros_like(texts)
        flat[:, -1] = 1
        without = [X.copy() for X in (view.X_seed, view.X_pool, view.X_test)]
        for X in without:
            X[:, -1] = 0
        view = replace(view, **dict(zip(("X_seed", "X_pool", "X_test"), without, strict=True)))
        texts = flat
    labels = solve(spec, alike(view, texts))
    both(labels)
    if spec in SEEDED:
        assert accuracy(labels, y_test) > 0.9


@pytest.mark.parametrize("spec", SPECS)
def test_texts_so_sure_that_probabilities_are_one_hot(embedded, spec):
    view, _, y_test = embedded(noise=0.6)
    labels = solve(spec, replace(view, logit_scale=1e6))
    both(labels)
    assert accuracy(labels, y_test) > 0.95


@pytest.mark.parametrize("spec", SEEDED)
def test_permuted_seed_labels_do_not_help(embedded, spec):
    view, _, y_test = embedded(n_classes=6, pool=400, test=200, noise=1.3, text_noise=6.0)
    zero_shot = np.mean(view.zero_shot_test.argmax(axis=1) == y_test)
    wrong = np.random.default_rng(0).permutation(view.y_seed)
    assert accuracy(solve(spec, view), y_test) > zero_shot + 0.3
    assert accuracy(solve(spec, replace(view, y_seed=wrong)), y_test) < zero_shot + 0.15


@pytest.mark.parametrize("spec", SPECS)
def test_answers_are_the_same_every_time(embedded, spec):
    view, _, _ = embedded(noise=1.5)
    np.testing.assert_array_equal(both(solve(spec, view)), both(solve(spec, view)))


@pytest.mark.parametrize("spec", SPECS)
def test_the_order_of_rows_does_not_matter(embedded, spec):
    view, _, _ = embedded(noise=1.5, seed=3)
    rng = np.random.default_rng(0)
    pool, test = rng.permutation(240), rng.permutation(80)
    other = replace(
        view,
        X_pool=view.X_pool[pool],
        X_test=view.X_test[test],
        zero_shot_pool=view.zero_shot_pool[pool],
        zero_shot_test=view.zero_shot_test[test],
        seed_index=np.argsort(pool)[view.seed_index],
    )
    P, Q = solve(spec, view), solve(spec, other)
    np.testing.assert_allclose(Q.pool, P.pool[pool], atol=2e-4)
    np.testing.assert_allclose(Q.test, P.test[test], atol=2e-4)


@pytest.mark.parametrize("spec", SPECS)
def test_renaming_classes_renames_columns(embedded, spec):
    view, _, _ = embedded(noise=1.5, seed=4)
    new = np.array([2, 0, 3, 1])
    old = np.argsort(new)
    other = replace(
        view,
        y_seed=new[view.y_seed],
        template_embeddings=view.template_embeddings[:, old],
        zero_shot_pool=view.zero_shot_pool[:, old],
        zero_shot_test=view.zero_shot_test[:, old],
    )
    np.testing.assert_allclose(both(solve(spec, other))[:, new], both(solve(spec, view)), atol=2e-4)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "transductive_clustering"])
def test_lengths_of_rows_do_not_matter_where_directions_are_compared(embedded, spec):
    view, _, _ = embedded()
    longer = {name: 8 * getattr(view, name) for name in ("X_seed", "X_pool", "X_test")}
    np.testing.assert_allclose(both(solve(spec, replace(view, **longer))), both(solve(spec, view)), atol=2e-4)


@pytest.mark.parametrize("spec", SPECS)
def test_duplicates_and_rows_of_zeros(embedded, spec):
    view, _, _ = embedded(pool=60, test=20, n=20)
    X_pool, X_test = np.concatenate([view.X_pool] * 3), np.concatenate([view.X_test, 0 * view.X_test[:3]])
    more = replace(view, X_pool=X_pool, X_test=X_test, zero_shot_pool=None, zero_shot_test=None)
    P = both(solve(spec, more))
    np.testing.assert_array_equal(P[80:120].argmax(axis=1), P[140:180].argmax(axis=1))


@pytest.mark.parametrize("spec", SEEDED)
def test_what_is_chosen_does_not_look_across_groups(embedded, spec):
    view, _, _ = embedded(noise=1.5)
    both(solve(spec, replace(view, groups_seed=np.arange(40) // 4)))
    both(solve(spec, replace(view, groups_seed=np.zeros(40, dtype=np.int64))))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("transclip[anchor_strength=0.0]", "anchor_strength is 0.0"),
        ("transclip[n_neighbors=0]", "n_neighbors is 0"),
        ("zlap[alpha=1.0]", "alpha is 1.0"),
        ("zlap[gamma=-1.0]", "gamma is -1.0"),
        ("tfup[shots=0]", "shots is 0"),
        ("loki[metric=tree]", "metric is 'tree'; expected one of texts, ordinal"),
        ("transductive_clustering[n_iterations=0]", "n_iterations is 0"),
    ],
)
def test_parameters_out_of_range_are_told(spec, message):
    with pytest.raises(Exception, match=message.replace("[", r"\[")):
        create(spec)


@pytest.mark.parametrize("spec", SPECS)
def test_views_without_texts_are_skipped_where_texts_are_needed(blobs, spec):
    view, _, _ = blobs()
    reason = create(spec).skip_reason(view)
    assert (reason is None) == (spec == "transductive_clustering")
    if reason:
        assert "text embeddings" in reason


@pytest.mark.parametrize("n_neighbors", [1, 3, 12])
def test_the_graph_ties_rows_to_the_most_similar_ones(n_neighbors):
    X = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    X = unit_rows(X)
    cosines = X @ X.T
    np.fill_diagonal(cosines, -np.inf)
    expected = np.zeros((40, 40))
    for i in range(40):
        for j in np.argsort(-cosines[i])[:n_neighbors]:
            expected[i, j] = max(cosines[i, j], 0)
    for form in (X, scipy.sparse.csr_array(X)):
        np.testing.assert_allclose(cosine_graph(form, n_neighbors).toarray(), expected, atol=1e-6)


def test_log_probabilities_are_the_log_softmax_in_blocks(monkeypatch):
    from autows.end_models import linear

    monkeypatch.setattr(linear, "ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    X, T = (unit_rows(rng.standard_normal((rows, 5)).astype(np.float32)) for rows in (30, 3))
    np.testing.assert_allclose(
        text_log_probabilities(X, T, 20.0), log_softmax(20 * X @ T.T, axis=1), atol=1e-5
    )


def test_tuning_takes_all_rows_or_seeds_and_evenly_spaced_ones(monkeypatch):
    seeds = np.array([250, 7, 100])
    np.testing.assert_array_equal(rows_for_tuning(300, seeds), np.arange(300))
    monkeypatch.setattr(_transduction, "ROWS_FOR_TUNING", 50)
    rows = rows_for_tuning(300, seeds)
    assert 50 <= len(rows) <= 53
    assert set(seeds) <= set(rows.tolist())
    assert np.diff(rows).min() >= 1
    assert np.diff(rows).max() <= 7


def test_the_first_of_about_equally_good_settings_is_taken():
    assert first_of_the_best({"a": 0.5, "b": 0.301, "c": 0.3, "d": 0.4}) == ("b", 0.301)
    assert first_of_the_best({"a": 0.3, "b": 0.295}) == ("a", 0.3)


def test_settings_are_judged_on_seeds_that_were_held_out(blobs):
    view, _, _ = blobs(n=23)
    shown = []

    def answer(setting, kept):
        shown.append(kept)
        P = np.full((23, 3), (1 - setting) / 2)
        # Whose label was given is labelled right: that must not count.
        P[np.arange(23), view.y_seed] = np.where(kept, 1.0, setting)
        return P

    setting, loss = choose_setting((0.2, 0.9, 0.5), answer, view, np.random.default_rng(0))
    assert (setting, loss) == (0.9, pytest.approx(-np.log(0.9)))
    np.testing.assert_array_equal(np.sum([~kept for kept in shown], axis=0), np.full(23, 3))
    assert len(shown) == 15


@pytest.mark.parametrize("groups", [None, np.arange(23) // 2])
def test_the_seeds_that_are_held_out_do_not_depend_on_the_names_of_classes(blobs, groups):
    view, _, _ = blobs(n=23)
    view = replace(view, groups_seed=groups)

    def shown(view):
        masks = []

        def answer(setting, kept):
            masks.append(kept)
            return np.full((23, 3), 1 / 3)

        choose_setting((0.5,), answer, view, np.random.default_rng(0))
        return np.array(masks)

    expected = shown(view)
    assert expected.shape == (5, 23)
    for new in ([1, 2, 0], [2, 1, 0]):
        np.testing.assert_array_equal(shown(replace(view, y_seed=np.array(new)[view.y_seed])), expected)


def test_log_losses_are_floored():
    P = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert seed_log_loss(P, np.array([0, 1])) == pytest.approx((np.log(2) + np.log(1e4)) / 2)
