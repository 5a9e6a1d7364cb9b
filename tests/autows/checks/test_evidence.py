from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from autows.checks.cases import World
from autows.checks.evidence import chance_of_sum, right_by_naming, unknowable
from autows.types import ABSTAIN, Labels


def answered(task, by_group):
    """Return the answer of whoever gives every group of rows one class."""
    decided = np.asarray(by_group)[task.groups]
    n_pool = len(task.case.y_pool)
    return Labels(decided[:n_pool], decided[n_pool:], task.case.view.n_classes)


@pytest.mark.parametrize("embedded", [False, True])
def test_the_truth_is_independent_of_the_view(embedded):
    task = unknowable(World(embedded), 4, 0)
    view = task.case.view
    assert sorted(np.unique(task.case.y).tolist()) == [0, 1, 2, 3]
    assert view.seed_counts.tolist() == [3, 3, 3, 3]
    # Each group has one name, and seeds of all classes or at least of several.
    for group in range(4):
        assert len(np.unique(task.case.y[task.groups == group])) == 1
        assert len(np.unique(view.y_seed[task.groups[view.seed_index] == group])) > 1
    assert (view.template_embeddings is not None) == embedded


def test_right_rows_are_counted_under_every_naming():
    task = unknowable(World(), 4, 1)
    names = task.case.y[[int(np.flatnonzero(task.groups == g)[0]) for g in range(4)]]
    rows = len(task.groups) - 12
    found, counts = right_by_naming(answered(task, names), task)
    assert found == rows == counts.max()
    assert len(counts) == 24
    # Two groups exchanged: right under their naming, and half of the rows under the true one.
    found, counts = right_by_naming(answered(task, names[[1, 0, 2, 3]]), task)
    assert counts.max() == rows
    assert 0.4 * rows < found < 0.6 * rows
    # Each naming is right about each group in a quarter of all namings.
    assert counts.mean() == rows / 4


def test_abstentions_fall_to_one_class():
    task = unknowable(World(), 4, 2)
    _, counts = right_by_naming(answered(task, [ABSTAIN] * 4), task)
    _, zeros = right_by_naming(answered(task, [0] * 4), task)
    assert counts.tolist() == zeros.tolist()


def test_the_chance_of_a_sum_is_that_of_all_combinations():
    rng = np.random.default_rng(0)
    counts = [rng.integers(7, size=6) for _ in range(3)]
    sums = np.array([a + b + c for a in counts[0] for b in counts[1] for c in counts[2]])
    for found in range(20):
        assert chance_of_sum(found, counts) == pytest.approx((sums >= found).mean(), abs=1e-12)


def test_an_honest_method_fails_no_more_often_than_said():
    rng = np.random.default_rng(0)
    for _ in range(5):
        table = rng.integers(9, size=(4, 4))
        counts = np.array([table[np.arange(4), naming].sum() for naming in permutations(range(4))])
        # Every naming is as likely to be the true one.
        p = np.array([chance_of_sum(found, [counts]) for found in counts])
        for level in (0.05, 0.1, 0.25, 0.5):
            assert (p <= level + 1e-12).mean() <= level + 1e-12
