"""Votes are synthesised once: runs that differ in their aggregation alone share them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import troublemakers as t

from autows.errors import UserError
from autows.methods.snuba import Snuba
from autows.representations.raw import Raw
from autows.runs.ablation import stages, variants
from autows.runs.cell import Cell, execute
from autows.runs.stages import synthesised
from autows.runs.store import RunStore


@pytest.fixture
def store(tmp_path):
    made = RunStore(tmp_path / "results")
    made.make()
    return made


@pytest.fixture
def synthesis(monkeypatch):
    """Return a list that grows by one whenever Snuba really synthesises."""
    calls, original = [], Snuba.synthesise

    def counted(self, view, rng):
        calls.append(self.spec)
        return original(self, view, rng)

    monkeypatch.setattr(Snuba, "synthesise", counted)
    return calls


def cell(draw=0, **params):
    return Cell(t.Tiny(), Raw(), Snuba(n_iterations=2, **params), draw, 20)


def test_another_label_model_finds_the_votes_made_and_answers_as_if_it_had_made_them(
    store, tmp_path, synthesis
):
    first = execute(cell(), store, {})
    second = execute(cell(label_model="majority_vote"), store, {})
    assert len(synthesis) == 1
    assert second.info["votes_of"] == first.key.id
    assert "votes_of" not in first.info
    alone_store = RunStore(tmp_path / "alone")
    alone_store.make()
    alone = execute(cell(label_model="majority_vote"), alone_store, {})
    assert len(synthesis) == 2
    assert second.scores == alone.scores
    mine, theirs = store.load_predictions(second), alone_store.load_predictions(alone)
    assert mine.keys() == theirs.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, theirs[name])
    own = {k: v for k, v in second.info.items() if k != "votes_of"}
    assert own == alone.info


def test_the_cost_of_votes_found_is_counted(store):
    first = execute(cell(), store, {})
    second = execute(cell(label_model="majority_vote"), store, {})
    assert second.seconds["synthesise"] == first.seconds["synthesise"]
    assert second.seconds["fit"] >= second.seconds["synthesise"] + second.seconds["aggregate"] - 1e-3
    assert second.seconds["overhead"] >= 0


@pytest.mark.parametrize("other", [{"keep": 2}, {"families": "stumps"}, {"draw": 1}])
def test_what_synthesis_depends_on_is_compared(store, synthesis, other):
    execute(cell(), store, {})
    record = execute(cell(label_model="majority_vote", **other), store, {})
    assert len(synthesis) == 2
    assert "votes_of" not in record.info


def test_a_damaged_file_is_passed_over(store, synthesis):
    first = execute(cell(), store, {})
    store.path(first.key).with_suffix(".npz").write_bytes(b"nothing")
    broken = store.path(first.key).with_name("draw0-n20-0000.json")
    broken.write_text("{")
    entrant = Snuba(n_iterations=2, label_model="majority_vote")
    assert synthesised(entrant, cell(label_model="majority_vote").key, store) is None
    assert execute(cell(label_model="majority_vote"), store, {}).status == "ok"
    assert len(synthesis) == 2


def test_descriptions_and_analysis_are_kept_with_the_run(store):
    record = execute(cell(), store, {})
    lfs, analysis = record.info["lfs"], record.info["lf_analysis"]
    assert len(lfs) == len(analysis) == record.info["n_lfs"] > 0
    arrays = store.load_predictions(record)
    assert arrays["seed_votes"].shape == (20, len(lfs))
    for row, lf in zip(analysis, lfs, strict=True):
        assert row["polarity"] in ([], [lf["label"]])
        assert 0 <= row["conflict"] <= row["overlap"] <= row["coverage"] <= 1
        assert row["seed_correct"] <= row["seed_votes"]


def test_variants_of_a_method_are_its_own_value_and_then_the_others():
    given = Snuba(keep=2)
    specs = [v.spec for v in variants(given, "label_model", ["metal", "dawid_skene", "metal[max_share=0.9]"])]
    assert specs == [
        "snuba[keep=2]",
        "snuba[keep=2,label_model=metal]",
        "snuba[keep=2,label_model=metal[max_share=0.9]]",
    ]
    assert [v.extend for v in variants(given, "extend")] == [False, True]
    assert [v.cardinality for v in variants(given, "cardinality")] == [1, 2]
    assert {v.label_model for v in variants(given, "label_model")} >= {"majority_vote", "metal", "triplets"}


@pytest.mark.parametrize(
    ("axis", "values", "message"),
    [
        ("label_modle", None, "Unknown snuba parameter 'label_modle'. Did you mean 'label_model'?"),
        ("n_iterations", None, "--values a,b,c"),
        ("n_iterations", ["0"], "expected at least 1"),
        ("label_model", ["dawid"], "Unknown label model 'dawid'"),
        ("keep", ["many"], "expected a value like the default"),
    ],
)
def test_an_axis_or_value_that_cannot_be_is_told(axis, values, message):
    with pytest.raises(UserError) as caught:
        variants(Snuba(), axis, values)
    assert message in str(caught.value)


def test_of_cells_with_the_same_votes_one_comes_first():
    cells = [
        replace(cell(draw=k), method=v)
        for k in range(2)
        for v in variants(Snuba(), "label_model", ["metal", "triplets"])
    ]
    first, later = stages(cells)
    assert [(c.method.label_model, c.draw) for c in first] == [("dawid_skene", 0), ("dawid_skene", 1)]
    assert [c.method.label_model for c in later] == ["metal", "triplets"] * 2
    different = [replace(cell(), method=v) for v in variants(Snuba(), "keep", ["2", "3"])]
    assert stages(different) == [different]
