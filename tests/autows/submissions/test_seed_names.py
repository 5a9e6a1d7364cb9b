"""Whatever a submission is called, its runs draw the same numbers; a method of the project has its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from handed_in import SOURCE, SUBMISSION, Handed, K, Mine

from autows import representations
from autows.draws import generator
from autows.isolation.method import IsolatedMethod
from autows.runs.cell import Cell, execute
from autows.runs.store import RunStore
from autows.submissions import isolated
from autows.types import Labels


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Return a function that runs a method in a cell and returns the first number that it is handed."""
    numbers = []

    def answer(self, view, rng):
        numbers.append(float(rng.random()))
        return Labels(*(np.zeros(len(X), dtype=np.int64) for X in (view.X_pool, view.X_test)), K)

    monkeypatch.setattr(IsolatedMethod, "fit_predict", answer)
    monkeypatch.setattr(Mine, "fit_predict", answer)

    def run(method):
        one = Cell(Handed(), representations.create("raw"), method, 0, 20)
        assert execute(one, RunStore(tmp_path / str(len(numbers))), {}).status == "ok"
        return numbers[-1]

    return run


def named(home, name):
    home.mkdir()
    (home / "method.py").write_bytes(SOURCE)
    return isolated.as_stated(home, replace(SUBMISSION, name=name), isolated.limits(1.0, 64), False)


def test_a_name_cannot_be_chosen_for_its_luck(drawn, tmp_path):
    first, second = (named(tmp_path / name, name) for name in ("mine-2", "mine-3"))
    assert first.name != second.name
    assert drawn(first) == drawn(second)
    again = first.reseeded("verify 1")
    assert (again.name, again.code_hash()) == (first.name, first.code_hash()), "it is the same run"
    assert len({drawn(first), drawn(again), drawn(first.reseeded("verify 2"))}) == 3


def test_a_method_of_the_project_draws_what_it_always_drew(drawn):
    axes = {"task": Handed().card.id, "draw": 0}
    assert drawn(Mine()) == generator(purpose="method", method="mine-2", **axes).random()
