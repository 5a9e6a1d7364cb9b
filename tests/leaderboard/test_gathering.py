"""Nothing that a submission says of tasks changes the board."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_up import record

import tasks
from autows.errors import CorruptRecord
from leaderboard.gathering import brief
from leaderboard.own_cards import with_own_cards

DIGITS = tasks.create("digits").card


def of(task, **more):
    return record(task, "mine", 0, 0.5, **more)


def test_of_a_task_our_own_card_counts():
    lying = replace(
        of("digits"),
        task_info={
            "title": "My own",
            "modality": "text",
            "n_classes": 2,
            "same_as": {"raw": "breast_cancer"},
        },
    )
    (found,) = with_own_cards([lying])
    assert found.task_info == {
        "title": DIGITS.title,
        "modality": "image",
        "n_classes": 10,
        "class_names": list(DIGITS.class_names),
        "same_as": {},
    }
    assert replace(found, task_info=lying.task_info) == lying


@pytest.mark.parametrize("task", ["../../x", "![p](http://evil)", "digit"])
def test_a_submission_brings_no_tasks_of_its_own(task):
    (found,) = with_own_cards([of(task)])
    assert isinstance(found, CorruptRecord)
    assert str(found).endswith("is of a task that is unknown here")


def test_nor_versions_of_them():
    (found,) = with_own_cards([of("digits", task_version=99)])
    assert str(found).endswith("is of digits version 99, which is unknown here (known: 1)")
    broken = CorruptRecord("x")
    assert list(with_own_cards([broken])) == [broken]


def test_files_are_named_from_their_folder_on(tmp_path):
    assert (
        brief(f"{tmp_path}/r/records/x.json is no record", tmp_path / "r") == "r/records/x.json is no record"
    )
    assert brief("a/r/records/x.json", Path("a/r")) == "r/records/x.json"
    assert brief("r/records/x.json", Path("r")) == "r/records/x.json"
