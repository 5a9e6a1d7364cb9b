"""What every adapter of a foundation model must get right, whatever its formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autows import method

TEXT = ("tip_adapter", "gda", "clap", "lp_plus_plus")
ALL = ("zero_shot_calibrated", *TEXT)
HARD = dict(n_classes=5, n=40, pool=300, test=150, d=64, noise=2.5, text_noise=2.5, scale=50.0)


def answer(name, view, seed=0):
    entrant = method.create(name)
    assert entrant.skip_reason(view) is None
    return entrant.fit_predict(view.restricted_to(entrant.requirements), np.random.default_rng(seed))


def accuracy(labels, view, y_pool, y_test):
    rows = view.unlabeled_index
    right = np.r_[labels.pool[rows].argmax(axis=1) == y_pool[rows], labels.test.argmax(axis=1) == y_test]
    return right.mean()


def mean_accuracy(name, embedded, change=lambda view: view, draws=5, **fields):
    found = []
    for draw in range(draws):
        view, *truth = embedded(seed=draw, **{**HARD, **fields})
        view = change(view)
        found.append(accuracy(answer(name, view), view, *truth))
    return np.mean(found)


def check(labels, view):
    labels.check_against(view)
    for P in (labels.pool, labels.test):
        assert np.all(np.isfinite(P))
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)


@pytest.fixture(scope="module")
def plain():
    """Return mean accuracies by name; each is computed once."""
    return {}


@pytest.mark.parametrize("name", TEXT)
def test_better_than_zero_shot_and_than_logistic_regression(name, embedded, plain):
    for other in ("zero_shot_clip", "logistic_regression"):
        if other not in plain:
            plain[other] = mean_accuracy(other, embedded)
    assert plain["zero_shot_clip"] < 0.75
    assert plain["logistic_regression"] < 0.83
    found = mean_accuracy(name, embedded)
    assert found > plain["zero_shot_clip"] + 0.1
    assert found > plain["logistic_regression"] + 0.01


@pytest.mark.parametrize("name", ALL)
def test_permuted_seed_labels_do_not_help(name, embedded):
    def permute(view):
        return replace(view, y_seed=np.random.default_rng(1).permutation(view.y_seed))

    assert mean_accuracy(name, embedded, permute) < mean_accuracy("zero_shot_clip", embedded) + 0.01


@pytest.mark.parametrize("name", TEXT)
def test_texts_of_other_classes_are_overruled_by_the_seeds(name, embedded):
    def confuse(view):
        return replace(view, template_embeddings=np.roll(view.template_embeddings, 1, axis=1))

    assert mean_accuracy(name, embedded, confuse) > 0.6


@pytest.mark.parametrize("name", TEXT)
def test_equal_texts_leave_what_the_seeds_say(name, embedded):
    def flatten(view):
        E = view.template_embeddings
        return replace(view, template_embeddings=np.repeat(E[:, :1], E.shape[1], axis=1))

    assert mean_accuracy(name, embedded, flatten) > 0.65


def keep(view, rows):
    return replace(view, X_seed=view.X_seed[rows], y_seed=view.y_seed[rows], seed_index=view.seed_index[rows])


def one_each(view):
    return keep(view, np.unique(view.y_seed, return_index=True)[1])


CASES = {
    "a class missing": lambda view: keep(view, np.flatnonzero(view.y_seed != 1)),
    "one seed a class": one_each,
    "one class": lambda view: keep(view, np.flatnonzero(view.y_seed == 0)),
    "one seed": lambda view: keep(view, np.array([3])),
    "two seeds of two classes": lambda view: keep(one_each(view), np.array([0, 1])),
    "one group": lambda view: replace(view, groups_seed=np.zeros(len(view.y_seed), dtype=int)),
    "equal seeds": lambda view: replace(view, X_seed=np.tile(view.X_seed[:1], (len(view.y_seed), 1))),
    "a row of zeros": lambda view: replace(view, X_test=np.zeros_like(view.X_test)),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("case", CASES)
def test_little_to_learn_from(name, case, embedded):
    view, *_ = embedded(**HARD)
    view = CASES[case](view)
    check(answer(name, view), view)


@pytest.mark.parametrize("name", TEXT)
def test_a_class_without_seeds_is_still_answered(name, embedded):
    view, y_pool, _ = embedded(**{**HARD, "noise": 1.0, "text_noise": 1.0, "n": 60})
    rows = np.flatnonzero(view.y_seed != 1)
    view = keep(view, rows)
    hits = answer(name, view).pool.argmax(axis=1)[y_pool == 1] == 1
    assert hits.mean() > 0.5


@pytest.mark.parametrize("name", ALL)
def test_one_seed_a_class_does_not_spoil_zero_shot_answers(name, embedded):
    easy = dict(noise=1.0, text_noise=1.0)
    before = mean_accuracy("zero_shot_clip", embedded, **easy)
    assert mean_accuracy(name, embedded, one_each, **easy) > before - 0.02


@pytest.mark.parametrize("name", ALL)
def test_two_classes(name, embedded):
    view, *truth = embedded(**{**HARD, "n_classes": 2})
    labels = answer(name, view)
    check(labels, view)
    assert accuracy(labels, view, *truth) > accuracy(answer("zero_shot_clip", view), view, *truth) - 0.01


@pytest.mark.parametrize("name", ALL)
def test_the_same_again_from_read_only_arrays(name, embedded):
    view, *_ = embedded(**HARD)
    first = answer(name, view)
    for array in (view.X_seed, view.X_pool, view.X_test, view.zero_shot_pool, view.template_embeddings):
        array.flags.writeable = False
    again = answer(name, view)
    np.testing.assert_array_equal(again.pool, first.pool)
    np.testing.assert_array_equal(again.test, first.test)
    assert again.info == first.info


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_rows_does_not_matter(name, embedded):
    view, *_ = embedded(**HARD)
    rng = np.random.default_rng(2)
    pool, test = rng.permutation(len(view.X_pool)), rng.permutation(len(view.X_test))
    moved = replace(
        view,
        X_pool=view.X_pool[pool],
        X_test=view.X_test[test],
        zero_shot_pool=view.zero_shot_pool[pool],
        zero_shot_test=view.zero_shot_test[test],
        seed_index=np.argsort(pool)[view.seed_index],
    )
    first, second = answer(name, view), answer(name, moved)
    np.testing.assert_allclose(second.pool, first.pool[pool], atol=1e-5)
    np.testing.assert_allclose(second.test, first.test[test], atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_renaming_classes_renames_columns(name, embedded):
    view, *_ = embedded(**HARD)
    new = np.array([2, 0, 4, 1, 3])
    old = np.argsort(new)
    renamed = replace(
        view,
        y_seed=new[view.y_seed],
        zero_shot_pool=view.zero_shot_pool[:, old],
        zero_shot_test=view.zero_shot_test[:, old],
        template_embeddings=view.template_embeddings[:, old],
    )
    first, second = answer(name, view), answer(name, renamed)
    np.testing.assert_allclose(second.pool[:, new], first.pool, atol=1e-4)
    np.testing.assert_allclose(second.test[:, new], first.test, atol=1e-4)


@pytest.mark.parametrize("name", TEXT)
def test_lengths_of_images_do_not_matter_and_seeds_may_lie_outside_the_pool(name, embedded):
    view, *_ = embedded(**HARD)
    rest = view.unlabeled_index
    length = np.random.default_rng(3).uniform(0.5, 3, (len(rest), 1)).astype(np.float32)
    outside = replace(
        view, X_pool=length * view.X_pool[rest], zero_shot_pool=view.zero_shot_pool[rest], seed_index=None
    )
    np.testing.assert_allclose(answer(name, outside).pool, answer(name, view).pool[rest], atol=1e-5)


@pytest.mark.parametrize("name", TEXT)
def test_views_without_text_embeddings_are_skipped(name, blobs):
    assert "text embeddings" in method.create(name).skip_reason(blobs()[0])


@pytest.mark.parametrize("name", TEXT)
def test_temperatures_make_answers_as_sure_as_they_are_right(name, embedded):
    sure, right = [], []
    for draw in range(4):
        view, y_pool, y_test = embedded(seed=draw, **HARD)
        labels = answer(name, view)
        sure.append(labels.test.max(axis=1).mean())
        right.append(accuracy(labels, view, y_pool, y_test))
    assert np.mean(sure) == pytest.approx(np.mean(right), abs=0.1)
