from __future__ import annotations

from dataclasses import replace

import pytest
from handed_in import SOURCE, SUBMISSION, cell, complete

from autows.submissions import folder as folders
from autows.submissions import verification
from autows.submissions.verification import Check

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
    ]
    assert all(check.ok for check in checks), checks
    assert verification.to_text(checks, 3).endswith("\nIn order")
    again = Check(f"{verification.RUN_AGAIN}: digits", True, ("the same",))
    assert verification.to_text([*checks, again], 3).endswith(
        "\nIn order. To run the same cells again: --seed 3"
    )


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
