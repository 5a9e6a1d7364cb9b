"""Records of a submission are read as somebody else's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from handed_in import SUBMISSION, hand_in, record_paths

from autows import submissions
from autows.errors import CorruptRecord


@pytest.fixture
def home(tmp_path):
    """Return a folder with one submission of two records."""
    return hand_in(tmp_path)


def changed_record(**parts):
    """Return what replaces parts of a record, nested ones by their names joined with two underscores."""

    def change(values):
        for name, value in parts.items():
            *way, last = name.split("__")
            inner = values
            for step in way:
                inner = inner[step]
            if value is KeyError:
                del inner[last]
            else:
                inner[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed_record(scores__accuracy=1.2), "scores has accuracy = 1.2; expected 0 to 1"),
        (changed_record(scores__accuracy=-0.1), "scores has accuracy = -0.1"),
        (changed_record(scores__accuracy="0.9"), "scores.accuracy is '0.9'; expected a finite number"),
        (changed_record(scores__accuracy=10**400), "scores.accuracy is 1000"),
        (changed_record(seconds__fit=10**400), "seconds.fit is 1000"),
        (changed_record(scores__elo=1200), "scores has 'elo', which is no score"),
        (changed_record(scores__brier=2.5), "scores has brier = 2.5; expected 0 to 2"),
        (changed_record(scores__log_loss=99.0), "scores has log_loss = 99.0"),
        (changed_record(scores__accuracy=None), "must have an accuracy"),
        (changed_record(key__source_hash="f" * 16), "holds the record of another run"),
        (changed_record(key__draw=7), "holds the record of another run"),
        (changed_record(key__method="snuba"), "holds the record of another run"),
        (changed_record(key__task="../../digits"), "holds the record of another run"),
        (changed_record(key=[]), "key is not an object"),
        (changed_record(labels__method="snuba"), "is of method 'snuba'; expected 'mine-2'"),
        (changed_record(labels__task="mnist"), "calls its task 'mnist'; its key says 'digits'"),
        (changed_record(labels__representation="clip"), "calls its features 'clip'"),
        (changed_record(labels__zero_shot="x\ny"), "labels has 'zero_shot', which holds a control character"),
        (changed_record(labels__representation=KeyError), "labels has no representation"),
        (changed_record(method_info__family="control"), "has family 'control', not 'other'"),
        (changed_record(method_info__needs=["zero_shot"]), "has needs .*, not the submission's"),
        (changed_record(method_info__summary="Another."), "has another summary"),
        (changed_record(task_info__title="x" * 301), "task_info has title that has 301 characters"),
        (changed_record(task_info__n_classes=1), "task_info has n_classes that is 1"),
        (changed_record(task_info__class_names=[1, 2]), "task_info has class_names that has an item"),
        (changed_record(predictions={"file": "../../x.npz"}), "predictions is"),
        (changed_record(traceback="x"), "traceback is 'x'"),
        (changed_record(reason="a\x00b"), r"reason holds a control character, U\+0000"),
        (changed_record(seconds__fit=-5), "seconds has 'fit' = -5"),
        (changed_record(curves={"roc": {}}), "curves has 'roc', which is no curve"),
        (
            changed_record(curves={"risk_coverage": {"coverage": [0.5], "accuracy": [0.5, 1]}}),
            "risk_coverage with lists of different lengths",
        ),
        (
            changed_record(curves={"risk_coverage": {"coverage": [0.5], "accuracy": ["1"]}}),
            "curves has risk_coverage.accuracy",
        ),
        (changed_record(info__deep=[[[[[[[[1]]]]]]]]), "info is nested too deeply"),
        (changed_record(info__lfs={}), "info has lfs that is no list"),
        (
            changed_record(info__lfs=[{}], info__lf_analysis=[{}, {}]),
            "info has 1 labeling functions and the analysis of 2",
        ),
        (
            changed_record(info__lfs=[{"kind": "stump"}], info__lf_analysis=[{}]),
            "cannot be said in words",
        ),
        (changed_record(info__lf_analysis=[{"words": "<b>"}]), "lf_analysis with 'words', which is unknown"),
        (changed_record(info__lf_analysis=[{"polarity": {"a": 1}}]), "polarity that is no list of classes"),
        (changed_record(info__lf_analysis=[{"coverage": 10**400}]), "lf_analysis with something that is no"),
        (
            changed_record(info__lfs=[{"kind": "tree", "beta": 10**400, "features": []}]),
            "cannot be said in words: OverflowError",
        ),
        (changed_record(info__lf_analysis=[{"coverage": "all"}]), "lf_analysis with something that is no"),
        (changed_record(provenance__packages={"numpy": 2}), "provenance has packages that has 'numpy'"),
        (changed_record(provenance__git="main"), "provenance has git that is 'main'"),
        (changed_record(finished_at="now"), "finished_at is 'now'"),
        (changed_record(finished_at="9999-12-31T00:00:00+00:00"), "finished_at is .* still to come"),
        (changed_record(finished_at="9999-12-31T23:59:59-23:59"), "finished_at is .* still to come"),
        (changed_record(finished_at="2999-01-01"), "finished_at is '2999-01-01', which is still to come"),
        (changed_record(peak_memory_mb=-1.0), "peak_memory_mb is -1.0"),
        (changed_record(schema_version=99), "schema_version is 99"),
        (changed_record(key__parameters={"least": 0.9}), "another run"),
        (changed_record(extra=1), "has unknown"),
    ],
)
def test_records_are_read_as_somebody_elses(home, change, message):
    path = record_paths(home)[0]
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    found = [r for r in submissions.read_records(home, SUBMISSION) if isinstance(r, CorruptRecord)]
    assert len(found) == 1
    assert str(path) in str(found[0])
    assert len(str(found[0]).splitlines()) == 1
    with pytest.raises(CorruptRecord, match=message):
        raise found[0]


def test_broken_and_linked_records_are_told(home, tmp_path):
    first, second = record_paths(home)
    first.write_text("{")
    second.rename(tmp_path / "away.json")
    second.symlink_to(tmp_path / "away.json")
    found = [str(one) for one in submissions.read_records(home, SUBMISSION)]
    assert any("is not JSON" in text for text in found)
    assert any("is a link" in text for text in found)
    # A folder that is a link is not entered.
    (home / "records").rename(tmp_path / "gone")
    (home / "records").symlink_to(tmp_path / "gone")
    assert list(submissions.read_records(home, SUBMISSION)) == []


def test_a_record_of_other_parameters_is_not_one_of_it(home):
    other = replace(SUBMISSION, parameters={"least": 0.7})
    found = list(submissions.read_records(home, other))
    assert all("has other parameters than the submission" in str(one) for one in found)
