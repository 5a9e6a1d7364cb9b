"""Waterfalls from files alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autows.errors import CorruptRecord
from autows.runs.diagnostics.diagnosis import (
    END_MODEL,
    END_MODELS,
    STAGE_NAMES,
    STAGES,
    TRUE_LABELS,
    Diagnosis,
    path_of,
    write,
)
from autows.runs.record import Key, Record
from autows.runs.store import RunStore
from leaderboard.stages import read


def record(draw=0, source="0", finished="2026-01-01", n_labels=100, **more):
    key = Key("a", 1, "", "raw", 1, {}, "snuba", {"keep": 1}, source, draw, n_labels)
    return Record(
        key,
        "ok",
        {"task": "a", "representation": "raw", "method": "snuba"},
        scores={"accuracy": 0.5},
        predictions={"file": "x.npz", "bytes": 1, "sha256": "1"},
        finished_at=finished,
        **more,
    )


@pytest.fixture
def keep(tmp_path):
    """Return a function that writes a record and its waterfall."""
    store = RunStore(tmp_path)
    store.make()

    def write_both(made, accuracies=(0.9, 0.8, 0.7, 0.5, 0.6), sha="1"):
        path = store.path(made.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.to_text())
        values = tuple({"name": n, "accuracy": a} for n, a in zip(STAGE_NAMES, accuracies, strict=True))
        write(tmp_path, made.key, Diagnosis(made.key.id, STAGES, sha, values))
        return path_of(tmp_path, made.key, STAGES)

    return write_both


def test_an_empty_folder_has_no_waterfalls(tmp_path):
    assert read(tmp_path) == ([], [])
    assert read(tmp_path / "nowhere", []) == ([], [])


def test_stages_are_means_over_draws_in_their_order(tmp_path, keep):
    keep(record(0))
    keep(record(1), (0.9, 0.6, 0.7, 0.3, 0.6))
    keep(record(0, n_labels=10), (0.4,) * 5)
    (few, many), notes = read(tmp_path)
    assert notes == []
    assert (few["n_labels"], few["n_draws"], few["stages"][0]["accuracy_low"]) == (10, 1, None)
    assert {k: v for k, v in many.items() if k != "stages"} == {
        "task": "a",
        "representation": "raw",
        "method": "snuba",
        "n_labels": 100,
        "n_draws": 2,
    }
    assert [stage["name"] for stage in many["stages"]] == list(STAGE_NAMES)
    assert [stage["accuracy"] for stage in many["stages"]] == [0.9, 0.7, 0.7, 0.4, 0.6]
    ceiling, votes = many["stages"][:2]
    assert (ceiling["accuracy_low"], ceiling["accuracy_high"]) == (0.9, 0.9)
    # .8 and .6: standard error .1, t(1) = 12.706, and an accuracy is at most 1.
    assert (votes["accuracy_low"], votes["accuracy_high"]) == (0.0, 1.0)
    given, _ = read(tmp_path, [record(0), CorruptRecord("broken"), record(5)])
    assert [one["n_draws"] for one in given] == [1]


def test_of_several_versions_the_most_recent_counts(tmp_path, keep):
    for draw in range(3):
        keep(record(draw, "old", "2026-01-01"), (0.1,) * 5)
    keep(record(0, "new", "2026-02-01"), (0.2,) * 5)
    ((one,), notes) = read(tmp_path)
    assert (one["n_draws"], one["stages"][0]["accuracy"], notes) == (1, 0.2, [])


def test_what_cannot_be_read_is_a_note_and_the_rest_is_shown(tmp_path, keep):
    keep(record(0))
    broken, stale, orphan, lost = (keep(record(k), sha="2" if k == 2 else "1") for k in (1, 2, 3, 4))
    broken.write_text("{")
    orphaned = RunStore(tmp_path).path(record(3).key)
    orphaned.unlink()
    RunStore(tmp_path).path(record(4).key).write_text("{")
    strange = tmp_path / "diagnostics" / "a" / "notes.json"
    strange.write_text("{}")
    (waterfalls, notes) = read(tmp_path)
    assert [one["n_draws"] for one in waterfalls] == [1]
    assert len(notes) == 5
    for path, why in (
        (broken, "is not a readable diagnosis"),
        (stale, "is of other predictions than its run has now"),
        (orphan, "is of a run that is not there"),
        (lost, "is of a run that is not there"),
        (strange, "is no diagnosis that this program knows"),
    ):
        name = f"{tmp_path.name}/{path.relative_to(tmp_path)}"
        assert any(note.startswith(f"Left out: {name} {why}") for note in notes), (path, notes)


def test_other_kinds_are_nothing_to_remark_on(tmp_path, keep):
    path = keep(record(0))
    key = record(0).key
    write(
        tmp_path,
        key,
        Diagnosis(key.id, END_MODEL, "1", tuple({"name": n, "accuracy": 1} for n in END_MODELS)),
    )
    truth = replace(key, method=TRUE_LABELS)
    ceiling = ({"name": STAGE_NAMES[0], "accuracy": 0.9},)
    write(tmp_path, truth, Diagnosis(truth.id, TRUE_LABELS, "", ceiling))
    waterfalls, notes = read(tmp_path)
    assert (len(waterfalls), notes) == (1, [])
    assert json.loads(path.read_text())["kind"] == STAGES


def test_runs_of_an_ablation_of_prompts_are_left_to_it(tmp_path, keep):
    keep(record(0, info={"prompts": ["a {}"]}))
    assert read(tmp_path) == ([], [])
