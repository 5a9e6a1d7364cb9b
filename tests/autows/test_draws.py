"""Draws: pure, nested, without replacement, uniform; generators: by named axes alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasks
from autows.draws import draw, generator
from autows.errors import UserError
from autows.task import Task, TaskCard

DIGITS = tasks.create("digits")


def task(id="demo", version=1, n_pool=40):
    class Demo(Task):
        card = TaskCard(
            id=id,
            version=version,
            title="",
            modality="tabular",
            class_names=("a", "b"),
            n_pool=n_pool,
            n_test=1,
            source="",
            licence="",
            citation="",
        )

        def read(self):
            raise AssertionError("a draw needs the card alone")

    return Demo()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10), st.integers(1, 39), st.integers(2, 60))
def test_rows_are_different_rows_of_the_pool_and_smaller_draws_begin_larger_ones(k, n, n_pool):
    n = min(n, n_pool - 1)
    rows = draw(task(n_pool=n_pool), k, n)
    assert rows.dtype == np.int64
    assert len(set(rows)) == n
    assert rows.min() >= 0
    assert rows.max() < n_pool
    np.testing.assert_array_equal(rows, draw(task(n_pool=n_pool), k, n_pool - 1)[:n])


def test_draws_depend_on_id_version_and_number_alone():
    np.random.default_rng(0).random(5)
    base = draw(task(), 3, 20)
    np.testing.assert_array_equal(draw(task(), 3, 20), base)
    for other in (draw(task(id="other"), 3, 20), draw(task(version=2), 3, 20), draw(task(), 4, 20)):
        assert not np.array_equal(other, base)


def test_every_row_is_drawn_about_equally_often():
    drawn = np.concatenate([draw(task(), k, 10) for k in range(1000)])
    # 250 expected of each; the standard deviation is below 14.
    assert np.abs(np.bincount(drawn, minlength=40) - 250).max() < 70


def test_draw_zero_of_digits_never_changes():
    assert draw(DIGITS, 0, 5).tolist() == [1135, 1079, 9, 698, 1219]
    assert len(draw(DIGITS, 0)) == 100


@pytest.mark.parametrize("n", [0, -1, 1297, 5000])
def test_more_labels_than_rows_or_none_is_the_users_mistake(n):
    with pytest.raises(UserError, match=f"{n} labels were asked of task 'digits'; .* ask for 1 to 1296"):
        draw(DIGITS, 0, n)


def test_a_negative_draw_is_the_users_mistake():
    with pytest.raises(UserError, match="draw is -1; draws are numbered from 0"):
        draw(DIGITS, -1)


def test_generators_do_not_depend_on_the_order_of_axes_or_on_global_state():
    forward = generator(purpose="demo", task="digits", draw=0).random(4)
    backward = generator(draw=0, task="digits", purpose="demo").random(4)
    np.testing.assert_array_equal(forward, backward)


def test_generators_of_other_axes_are_other_generators():
    axes = [{"draw": 0}, {"draw": 1}, {"draw": "0"}, {"task": 0}, {"draw": 0, "task": 0}, {}]
    numbers = {generator(**a).integers(2**62) for a in axes}
    assert len(numbers) == len(axes)
