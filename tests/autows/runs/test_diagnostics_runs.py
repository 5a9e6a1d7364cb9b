"""Diagnoses as files: computed once, in workers, and computed again when they cannot be trusted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import troublemakers as t
from threadpoolctl import threadpool_limits

from autows.errors import CorruptRecord
from autows.label_models.majority_vote import MajorityVote
from autows.methods.snuba import Snuba
from autows.representations.raw import Raw
from autows.runs.cell import Cell, execute
from autows.runs.diagnostics.diagnose import compute, diagnose
from autows.runs.diagnostics.diagnosis import (
    END_MODEL,
    STAGE_NAMES,
    STAGES,
    TRUE_LABELS,
    Diagnosis,
    path_of,
    predictions_of,
    read,
    write,
)
from autows.runs.plan import Progress
from autows.runs.store import RunStore

VALUES = tuple({"name": name, "accuracy": 0.5} for name in STAGE_NAMES)


@pytest.fixture(autouse=True)
def _one_thread():
    """As in a worker: on so few rows threads would mostly wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def store(tmp_path):
    made = RunStore(tmp_path / "results")
    made.make()
    return made


def run(store, draw=0, method=None):
    cell = Cell(t.Tiny(), Raw(), method or Snuba(n_iterations=2), draw, 20)
    return cell, execute(cell, store, {})


class Here:
    """A worker that is this process."""

    def call(self, function, *arguments):
        return function(*arguments)

    def close(self, at_once):
        pass


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr("autows.runs.diagnostics.diagnose.Worker", Here)


class Told(Progress):
    def __init__(self):
        self.heard = []

    def begin(self, total, unit):
        self.heard.append((total, unit))

    def step(self):
        self.heard.append("step")


def test_what_is_computed_is_kept_and_not_computed_again(store):
    done, told = [run(store, draw) for draw in range(2)], Told()
    first = diagnose(done, store, STAGES, jobs=1, progress=told)
    assert (first.computed, first.corrupt, first.failed) == (2, [], [])
    assert told.heard == [(2, "diagnoses"), "step", "step"]
    paths = sorted((store.root / "diagnostics").rglob("*.json"))
    assert [path.name.split(".")[-2] for path in paths] == ["stages"] * 2 + ["true_labels"] * 2
    record_path = store.path(done[0][1].key).relative_to(store.records)
    assert path_of(store.root, done[0][1].key, STAGES) == (
        store.root / "diagnostics" / record_path.with_suffix(".stages.json")
    )
    before = {path: path.stat().st_mtime_ns for path in paths}
    silent = Told()
    again = diagnose(done, store, STAGES, jobs=1, progress=silent)
    assert (again.computed, again.found, silent.heard) == (0, first.found, [])
    assert {path: path.stat().st_mtime_ns for path in paths} == before
    for path in paths:
        text = path.read_text()
        assert text == json.dumps(json.loads(text), sort_keys=True, indent=1) + "\n"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda values: "{", "is not a readable diagnosis"),
        (lambda values: json.dumps({**values, "schema_version": 0}), "schema_version is 0"),
        (lambda values: json.dumps({**values, "more": 1}), "not an object with"),
        (lambda values: json.dumps({**values, "run": "f" * 16}), "holds another diagnosis"),
        (lambda values: json.dumps({**values, "values": values["values"][1:]}), "does not have the values"),
        (lambda values: json.dumps({**values, "values": []}), "does not have the values"),
        (lambda values: json.dumps({**values, "values": [{"name": "a"}]}), "lack a name or an accuracy"),
        (lambda values: json.dumps({**values, "kind": "other"}), "does not have the values"),
        (lambda values: json.dumps({**values, "predictions_sha256": "0"}), "of other predictions"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_named(store, damage, message):
    key = Cell(t.Tiny(), Raw(), Snuba(), 0, 20).key
    write(store.root, key, Diagnosis(key.id, STAGES, "1", VALUES))
    path = path_of(store.root, key, STAGES)
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(CorruptRecord, match=message) as caught:
        read(store.root, key, STAGES, "1")
    assert str(path) in str(caught.value)


def test_a_file_that_was_broken_is_whole_afterwards(store, here):
    cell, record = run(store)
    good, _ = compute(cell, record, store, STAGES)
    path = path_of(store.root, record.key, STAGES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    outcome = diagnose([(cell, record)], store, STAGES)
    assert (outcome.computed, len(outcome.corrupt), outcome.failed) == (1, 1, [])
    assert str(path) in outcome.corrupt[0]
    assert read(store.root, record.key, STAGES, predictions_of(record)) == good


def test_a_run_whose_predictions_are_damaged_has_no_diagnosis_and_says_why(store, here):
    cell, record = run(store)
    store.path(record.key).with_suffix(".npz").write_bytes(b"nothing")
    outcome = diagnose([(cell, record)], store, END_MODEL)
    assert (outcome.computed, outcome.found) == (0, {})
    assert "is missing or is not what its record was written with" in outcome.failed[0]
    assert outcome.failed[0].startswith("tiny / raw / snuba[n_iterations=2] / draw 0: no diagnosis: ")


def test_what_breaks_in_a_diagnosis_is_told_with_its_place(store, monkeypatch):
    cell, record = run(store, method=Snuba(n_iterations=2, label_model="majority_vote"))

    def broken(self, L):
        raise ZeroDivisionError("of course")

    monkeypatch.setattr(MajorityVote, "predict_proba", broken)
    nothing, reason = compute(cell, record, store, STAGES)
    assert nothing is None
    assert reason.startswith("ZeroDivisionError: of course; File ")


def test_a_diagnosis_is_found_by_name():
    made = Diagnosis("0", STAGES, "", VALUES)
    assert made.of("label model") is VALUES[3]
    with pytest.raises(KeyError):
        made.of("label")
    assert Diagnosis.from_text(made.to_text()) == made


def test_the_ceiling_belongs_to_task_features_and_draw(store):
    cell, record = run(store)
    other, other_record = run(store, method=Snuba(n_iterations=2, keep=2))
    for one, its in ((cell, record), (other, other_record)):
        assert compute(one, its, store, STAGES)[0] is not None
    (path,) = (store.root / "diagnostics").rglob(f"*.{TRUE_LABELS}.json")
    assert path.parent.name == TRUE_LABELS
    more = Cell(t.Tiny(), Raw(), Snuba(n_iterations=2), 0, 10)
    assert compute(more, execute(more, store, {}), store, STAGES)[0] is not None
    assert len(list((store.root / "diagnostics").rglob(f"*.{TRUE_LABELS}.json"))) == 2


def test_the_hash_of_predictions_is_that_of_the_record(store):
    _, record = run(store)
    assert predictions_of(record) == record.predictions["sha256"]
    assert predictions_of(replace(record, predictions=None)) == ""
    assert read(store.root, record.key, STAGES, predictions_of(record)) is None
