"""CSV: nothing that came from a record is a formula, and no number is touched."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from made_up import SCORES, record, table

from leaderboard import ablation, render
from leaderboard.board import build
from leaderboard.csv_text import to_csv


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://x","y")', "\n=1"]
)
def test_a_text_that_a_spreadsheet_would_run_has_an_apostrophe_before_it(text):
    written = io.StringIO(to_csv([{"a": text, "b": 1}], ["a", "b"]), newline="")
    assert list(csv.reader(written))[1:] == [["'" + text.replace("\r", "\n"), "1"]]


def test_a_text_does_not_begin_a_line_of_its_own():
    written = io.StringIO(to_csv([{"a": "x\r=1+1\r\n=2,\n=3", "b": 1}], ["a", "b"]), newline="")
    assert list(csv.reader(written))[1:] == [["x\n=1+1\n=2,\n=3", "1"]]


@pytest.mark.parametrize("value", [-0.5, -1, 1e-05, 0, True, None, "a-b", "<10", ">1000", "snuba[x=-1]", ""])
def test_numbers_and_other_texts_stay_as_they_are(value):
    assert to_csv([{"a": value, "b": -1}], ["a", "b"]) == f"a,b\n{'' if value is None else value},-1\n"


def test_reasons_and_names_of_records_are_no_formulas_in_a_leaderboard():
    failed = record("s", "a", 0, status="failed", reason="=cmd|' /C calc'!A0", label="@a")
    titled = replace(failed, task_info={**failed.task_info, "title": "+s"})
    written = lines(render.to_csv(build([*table(SCORES), titled])))
    (row,) = [line for line in written if line["method"] == "'@a"]
    assert (row["reason"], row["title"], row["task"]) == ("'=cmd|' /C calc'!A0", "'+s", "s")
    for line in written:
        for cell in line.values():
            assert not cell.startswith(("=", "+", "@", "-"))


def test_no_text_field_of_a_record_is_a_formula():
    key = {"representation": "@raw", "label": "=m", "needs": ["+zero_shot"], "n_labels": 100}
    made = record("-s", "d", 0, 0.5, **key)
    made = replace(
        made, task_info={**made.task_info, "title": "=t", "modality": "=i", "same_as": {"@raw": "=x"}}
    )
    made = replace(made, method_info={**made.method_info, "family": "=f"})
    made = replace(made, labels={**made.labels, "zero_shot": "=z"})
    (line,) = lines(render.to_csv(build([made])))
    for name in (
        "task",
        "method",
        "representation",
        "title",
        "modality",
        "family",
        "needs",
        "zero_shot",
        "same_as",
    ):
        assert line[name].startswith("'"), name


def test_values_and_names_are_no_formulas_in_an_ablation_and_differences_are_numbers():
    rows = [{"method": "=x", "value": "-y", "difference": -0.25}]
    (line,) = lines(ablation.files.to_csv(ablation.Ablation("label_model", rows)))
    assert line == {"method": "'=x", "value": "'-y", "difference": "-0.25"}
