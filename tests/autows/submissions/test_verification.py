from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from handed_in import SOURCE, SUBMISSION, Telling, cell, made_record

from autows.draws import draw
from autows.submissions import folder as folders
from autows.submissions import verification
from autows.submissions.verification import Check, compare

SCORES = {"accuracy": 0.75, "coverage": 1.0, "accuracy_covered": 0.75, "log_loss": 0.5, "macro_f1": None}


def complete(one, **more):
    """Return a record of a cell with everything that is compared with the project."""
    rows = np.ascontiguousarray(draw(one.task, one.draw, one.n_labels), dtype="<i8").tobytes()
    ledger = {"n": one.n_labels, "draw": hashlib.sha256(rows).hexdigest()[:16], "per_class": []}
    made = {"packages": {}, "git": None, "data_fingerprint": one.task.card.fingerprint}
    return made_record(one, **{"ledger": ledger, "provenance": made, "scores": SCORES, **more})


CELLS = [cell(0), cell(1), cell(0, "breast_cancer")]


def test_all_is_in_order(tmp_path):
    home = tmp_path / "mine-2"
    made = [complete(one) for one in CELLS]
    folders.write(home, SUBMISSION, SOURCE, made)
    records, check = verification.check_records(home, SUBMISSION)
    assert check.lines == ("3 (3 ok)",)
    checks = [
        check,
        verification.check_statement(home, SUBMISSION),
        verification.check_files(home, SUBMISSION),
        verification.check_source(home, SUBMISSION),
        verification.check_completeness(records, CELLS),
        verification.check_currency(records, CELLS),
        compare(records[0], records[0]),
    ]
    assert all(check.ok for check in checks), checks
    assert verification.to_text(checks, 3).endswith("\nIn order. To run the same cells again: --seed 3")
    assert verification.to_text(checks[:-1], 3).endswith("\nIn order")


def test_the_name_must_be_the_folders_and_no_methods_of_the_project(tmp_path):
    check = verification.check_statement(tmp_path / "other", SUBMISSION)
    assert check.lines == ("the folder is called 'other'; name it 'mine-2'",)
    taken = replace(SUBMISSION, name="snuba")
    check = verification.check_statement(tmp_path / "snuba", taken)
    assert not check.ok
    assert "is that of a method of this project" in check.lines[0]


def test_what_is_missing_twice_or_beside_is_told():
    records = [complete(one) for one in CELLS[:2]]
    check = verification.check_completeness(records, CELLS)
    assert check == Check("completeness", False, ("breast_cancer / raw / draw 0 is missing",))
    assert verification.check_completeness(records, CELLS, partly=True).lines == (
        "there are records of 2 of 3 cells",
    )
    check = verification.check_completeness([*records, complete(CELLS[2]), records[0]], CELLS)
    assert check.lines == ("digits / raw / draw 0 is there 2 times",)
    check = verification.check_completeness([*records, complete(CELLS[2])], CELLS[:2])
    assert check.lines == ("breast_cancer / raw / draw 0 is none of the cells to be run",)
    check = verification.check_completeness([], [cell(k) for k in range(9)])
    assert len(check.lines) == 6
    assert check.lines[-1] == "4 more of the kind"


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        ("key", {"task_version": 9}, "task_version is 9; here it is 1"),
        ("key", {"protocol_version": 1}, "protocol_version is 1"),
        ("key", {"source_hash": "0" * 16}, "source_hash is '0000000000000000'"),
        ("key", {"n_labels": 50}, "n_labels is 50; here it is 100"),
        ("key", {"representation_version": 9}, "representation_version is 9"),
    ],
)
def test_records_of_other_versions_are_told(part, values, message):
    record = complete(cell())
    other = replace(record, key=replace(record.key, **values))
    check = verification.check_currency([other], CELLS)
    assert not check.ok
    assert any(f"digits / raw / draw 0: {message}" in line for line in check.lines)


def test_other_labels_data_and_titles_are_told():
    record = complete(cell())
    check = verification.check_currency([replace(record, ledger={"n": 100, "draw": "0" * 16})], CELLS)
    assert "its ledger is not that of the labels" in check.lines[0]
    other = {**record.provenance, "data_fingerprint": "0" * 64}
    check = verification.check_currency([replace(record, provenance=other)], CELLS)
    assert "the data's fingerprint is" in check.lines[0]
    other = {**record.task_info, "same_as": {"raw": "mnist"}}
    check = verification.check_currency([replace(record, task_info=other)], CELLS)
    assert "task_info.same_as is {'raw': 'mnist'}; here it is {}" in check.lines[0]


def test_cells_are_drawn_by_the_seed_among_those_that_can_be_run():
    cells = [cell(k) for k in range(8)]
    records = [complete(one) for one in cells]
    picked = [verification.choose(records, cells, 2, seed) for seed in range(20)]
    assert all(len(one) == 2 for one in picked)
    assert picked[3] == verification.choose(list(reversed(records)), cells, 2, 3)
    assert len({record.key.draw for one in picked for record, _ in one}) == 8
    failed = complete(cells[0], status="failed", reason="it broke", scores={})
    other = replace(records[1], key=replace(records[1].key, encoders={"zero_shot": {"model": "clip"}}))
    assert verification.choose([failed, other], cells, 5, 0) == []
    assert len(verification.choose(records, cells, 99, 0)) == 8


def again(**scores):
    record = complete(cell())
    return record, replace(record, scores={**record.scores, **scores})


def test_the_same_scores_are_said_to_be_the_same():
    check = compare(*again())
    assert check.ok
    assert check.lines == ("the same to the last digit, accuracy 0.7500 included",)


@pytest.mark.parametrize(
    ("scores", "ok"),
    [
        ({"accuracy": 0.76}, True),
        ({"accuracy": 0.74}, True),
        ({"accuracy": 0.760001}, False),
        ({"coverage": 0.9}, False),
        ({"macro_f1": 0.1}, False),  # there was none
        ({"accuracy_covered": None}, False),
        ({"log_loss": 0.9}, True),  # told, not judged
    ],
)
def test_scores_may_differ_by_the_tolerance(scores, ok):
    check = compare(*again(**scores))
    assert check.ok is ok
    ((name, _),) = scores.items()
    assert any(line.startswith(f"{name} is ") for line in check.lines)


def test_a_tolerance_of_zero_asks_for_equality():
    assert not compare(*again(accuracy=0.750001), tolerance=0).ok
    assert compare(*again(), tolerance=0).ok


def test_another_end_or_other_data_are_not_the_same():
    record = complete(cell())
    check = compare(record, replace(record, status="failed", reason="ended", scores={}))
    assert check.lines == ("it is failed here: 'ended'",)
    assert not check.ok
    other = replace(record, provenance={**record.provenance, "data_fingerprint": "0" * 64})
    assert not compare(record, other).ok


def test_a_submission_without_a_good_run_is_not_in_order(tmp_path):
    home = tmp_path / "mine-2"
    failed = complete(cell(), status="failed", reason="it broke", scores={})
    folders.write(home, SUBMISSION, SOURCE, [failed])
    records, check = verification.check_records(home, SUBMISSION)
    assert len(records) == 1
    assert not check.ok
    folders.write(home, SUBMISSION, SOURCE, [])
    _, check = verification.check_records(home, SUBMISSION)
    assert check.lines == ("there are none",)
    assert verification.check_files(home, SUBMISSION).lines == ("there is no folder records",)
    (home / "method.py").write_bytes(b"x = 3\n")
    assert not verification.check_source(home, SUBMISSION).ok


class Weighted(Telling):
    """Features of a network that was trained before."""

    def identity(self):
        return {"weights": "w"}


def test_what_features_rest_on_cannot_be_left_out_or_made_up():
    made_up = complete(cell())
    made_up = replace(made_up, key=replace(made_up.key, encoders={"representation": {"weights": "x"}}))
    one = replace(cell(), representation=Weighted())
    record = complete(one)
    assert verification.check_currency([record], [one]).ok
    left_out = replace(record, key=replace(record.key, encoders={}))
    for record, cells in ((made_up, CELLS), (left_out, [one])):
        check = verification.check_currency([record], cells)
        assert any(
            "encoders do not say what features and zero-shot answers rest on" in x for x in check.lines
        )
