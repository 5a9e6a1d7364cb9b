"""The tasks of the quick suite: what their cards say of their data, and that the data stay the same."""

from __future__ import annotations

import numpy as np
import pytest

import tasks
from autows.task import fingerprint
from tasks import _navier_stokes, suites

QUICK = suites.get("quick").tasks
FIXED = ("breast_cancer", "digits", "permuted_digits")
# Test rows that are also in the pool. A number may only shrink; a task that is not here has none.
SHARED_ROWS: dict[str, int] = {}


@pytest.fixture(scope="module", params=QUICK)
def loaded(request):
    task = tasks.create(request.param)
    return task, task.load()


def rows_of(X):
    return [row.tobytes() for row in np.ascontiguousarray(X)]


def test_the_quick_suite_holds_what_needs_no_network():
    assert set(QUICK) >= {*FIXED, "navier_stokes_small"}


def test_the_card_agrees_with_the_data(loaded):
    task, data = loaded
    card = task.card
    assert (len(data.X_pool), len(data.y_pool)) == (card.n_pool, card.n_pool)
    assert (len(data.X_test), len(data.y_test)) == (card.n_test, card.n_test)
    assert data.X_pool.ndim == {"image": 3, "field": 3, "tabular": 2}[card.modality]
    for X in (data.X_pool, data.X_test):
        assert np.all(np.isfinite(X))
    if card.modality == "image":
        assert data.X_pool.dtype == np.uint8
        assert (data.X_pool.min(), data.X_pool.max()) == (0, 255)


def test_every_class_is_on_both_sides_in_sane_shares(loaded):
    task, data = loaded
    K = task.card.n_classes
    for y in (data.y_pool, data.y_test):
        assert np.issubdtype(y.dtype, np.integer)
        assert set(np.unique(y)) == set(range(K))
        share = np.bincount(y) / len(y)
        assert share.min() > 0.5 / K
        assert share.max() < 1.5 / K


def test_no_test_row_is_in_the_pool(loaded):
    task, data = loaded
    pool = set(rows_of(data.X_pool))
    shared = sum(row in pool for row in rows_of(data.X_test))
    assert shared <= SHARED_ROWS.get(task.card.id, 0)


def test_the_fingerprint_is_that_of_the_data_and_stays(loaded):
    task, data = loaded
    again = tasks.create(task.card.id)
    assert task.fingerprint() == again.fingerprint() == fingerprint(data) == fingerprint(again.load())
    if task.card.fingerprint is not None:
        assert task.card.fingerprint == task.fingerprint()


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("X_pool", "y_pool", "X_test", "y_test")
    )


@pytest.mark.parametrize("name", FIXED)
def test_reading_twice_gives_the_same_and_what_the_card_pins(name):
    task = tasks.create(name)
    one = task.read()
    assert same(one, task.read())
    assert fingerprint(one) == task.card.fingerprint


def test_simulating_twice_gives_the_same(monkeypatch):
    monkeypatch.setattr(_navier_stokes, "STEPS", 4)
    task = tasks.create("navier_stokes_small")
    one = task.read()
    assert same(one, task.read())
    assert one.X_pool.shape == (500, 32, 32)
    assert one.X_pool.dtype == np.float32


def test_the_two_viscosities_are_told_apart_by_their_small_scales():
    data = tasks.create("navier_stokes_small").load()
    power = np.abs(np.fft.rfft2(data.X_pool)) ** 2
    small_scales = power[:, 6:11, 6:11].mean(axis=(1, 2))
    # Class 0 is the viscous one.
    assert np.median(small_scales[data.y_pool == 0]) < np.median(small_scales[data.y_pool == 1])


def test_permuted_digits_are_the_digits_under_one_permutation_of_pixels():
    plain, permuted = (tasks.create(name).read() for name in ("digits", "permuted_digits"))
    np.testing.assert_array_equal(plain.y_pool, permuted.y_pool)
    np.testing.assert_array_equal(plain.y_test, permuted.y_test)

    def columns(data):
        return np.concatenate([data.X_pool, data.X_test]).reshape(-1, 64).T

    assert sorted(map(bytes, columns(plain))) == sorted(map(bytes, columns(permuted)))
    moved = np.any(columns(plain) != columns(permuted), axis=1)
    assert moved.sum() > 50


def test_digits_are_scikit_learns_split_without_loss():
    from sklearn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    data = tasks.create("digits").read()
    ink = np.rint(np.concatenate([data.X_pool, data.X_test]).reshape(-1, 64) * (16 / 255))
    got = sorted(zip(map(bytes, ink.astype(np.uint8)), [*data.y_pool, *data.y_test], strict=True))
    assert got == sorted(zip(map(bytes, images.astype(np.uint8)), y, strict=True))


def test_breast_cancer_is_scikit_learns_split():
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    data = tasks.create("breast_cancer").read()
    got = np.column_stack([np.concatenate([data.X_pool, data.X_test]), [*data.y_pool, *data.y_test]])
    expected = np.column_stack([X, y])
    np.testing.assert_array_equal(got[np.lexsort(got.T)], expected[np.lexsort(expected.T)])
    # Benign is 1, and more frequent.
    assert tasks.create("breast_cancer").card.class_names[1] == "benign"
    assert y.mean() > 0.6
