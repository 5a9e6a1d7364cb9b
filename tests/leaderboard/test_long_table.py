"""The long table: which runs count, of which origin, and what is said about the others."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from made_up import SCORES, A, B, C, record, table

from autows.errors import CorruptRecord
from autows.runs.store import RunStore
from leaderboard import board as boards
from leaderboard import page
from leaderboard.board import build
from leaderboard.long_table import LongTable
from leaderboard.sources import strangers


def finished(*origins):
    made = LongTable()
    for origin, records in origins:
        made.add(records, origin)
    made.finish()
    return made


def test_of_a_run_in_two_places_the_first_counts_and_different_scores_are_named():
    mine, theirs = record("s", "a", 0, 0.5), record("s", "a", 0, 0.6)
    made = finished(("results", [mine]), ("reference", [theirs]))
    assert [(run.origin, run.scores["accuracy"]) for run in made.runs] == [("results", 0.5)]
    assert made.notes == [
        "In two places with different scores, the first counts: s / raw / a, draw 0 (results: accuracy 0.5; "
        "reference: accuracy 0.6)"
    ]
    assert finished(("results", [mine]), ("reference", [mine])).notes == []


def test_a_score_that_older_records_lack_is_no_difference():
    older = record("s", "a", 0, 0.5)
    newer = replace(older, scores={**older.scores, "accuracy_se": 0.01})
    assert finished(("results", [older]), ("reference", [newer])).notes == []


def test_many_broken_files_are_counted_and_the_rest_still_works():
    broken = [CorruptRecord(f"{k}.json is not a readable record") for k in range(10_000)]
    board = build([*broken, *table(SCORES)])
    left_out = [note for note in board.notes if note.startswith("Left out")]
    assert left_out[:5] == [f"Left out: {k}.json is not a readable record" for k in range(5)]
    assert left_out[5:] == ["Left out: 9995 more of the kind"]
    assert len(board.rows) == 6


def test_a_folder_with_all_kinds_of_strangers(tmp_path):
    store = RunStore(tmp_path)
    for one in table(SCORES):
        store.write(one)
    records = store.records
    for k in range(300):
        (records / f"notes{k}.txt").write_text("hello")
    (records / "s" / "half.json").write_text('{"key": ')
    (records / "nan.json").write_text(
        record("s", "d", 0, 0.5).to_text().replace('"accuracy": 0.5', '"accuracy": NaN')
    )
    old = json.loads(record("s", "d", 1, 0.5).to_text())
    (records / "old.json").write_text(json.dumps({**old, "schema_version": 1}))
    (records / "copy.json").write_text(record("s", A, 0, 0.99).to_text())
    store.write(record("s", "f", 0, 0.5, info={"lf_analysis": 5}))
    board = boards.read([tmp_path], submissions=None)
    assert len(board.rows) == 6
    notes = "\n".join(board.notes)
    home = f"{tmp_path.name}/records"
    assert f"300 files that are no records: {home}/notes0.txt, {home}/notes1.txt" in notes
    assert "half.json is not a readable record: not JSON" in notes
    assert "nan.json is not a readable record: scores.accuracy is nan; expected a finite number" in notes
    assert "old.json is not a readable record: schema_version is 1; this program reads 2 to 3" in notes
    first = f"{home}/{record('s', A, 0, 0.5).key.path}"
    assert f"{home}/copy.json has the key of {first} but other scores (accuracy 0.99, there 0.7)" in notes
    assert f"{home}/{record('s', 'f', 0, 0.5).key.path}: not what a run writes" in notes
    assert str(tmp_path.parent) not in notes
    assert f"{home}/old.json" in notes


def test_strangers_of_a_folder_that_is_not_there(tmp_path):
    assert strangers(tmp_path / "nothing") == []


def test_a_stray_record_of_an_unknown_version_does_not_push_out_those_with_controls():
    stray = record("s", "d", 0, 0.9, task_version=99, finished_at="2099-01-01")
    board = build([*table(SCORES), stray])
    assert {row["method"] for row in board.rows if row["task"] == "s"} == {A, B, C}
    said = "Left out: 1 record of another version of a task (s version 99); the most recent one with controls"
    assert f"{said} counts" in board.notes


def test_a_version_of_a_task_that_this_program_does_not_have_does_not_count():
    known = [
        replace(one, key=replace(one.key, task="digits")) for one in table(SCORES) if one.key.task == "s"
    ]
    later = [replace(one, key=replace(one.key, task_version=99), finished_at="2099-01-01") for one in known]
    said = "Left out: 9 records of digits version 99, which is unknown here (known: 1)"
    for records, n_rows in ((later, 0), ([*known, *later], 3)):
        board = build(records)
        assert (len(board.rows), said in board.notes) == (n_rows, True)
    assert not any("Left out" in note for note in build(known).notes)


@pytest.mark.parametrize(
    ("more", "pool"),
    [
        ({}, "labels"),
        ({"encoders": {"representation": {"weights": "x"}}}, "features"),
        ({"needs": ["zero_shot"]}, "class_names"),
        ({"needs": ["class_names"], "encoders": {"representation": {"weights": "x"}}}, "class_names"),
    ],
)
def test_pools_of_entrants(more, pool):
    assert build([record("s", "a", 0, 0.5, **more)]).rows[0]["pool"] == pool


def test_a_submission_that_declares_pretrained_data_does_not_compete_with_labels_only():
    made = LongTable()
    said = {"a": {"name": "a", "pretrained_data": "ImageNet"}, "b": {"name": "b", "pretrained_data": ""}}
    made.add([record("s", m, 0, 0.5) for m in "abc"], "submission", said)
    assert [run.about["pool"] for run in made.runs] == ["features", "labels", "labels"]
    assert [run.about["submission"] for run in made.runs] == [said["a"], said["b"], None]


def test_of_a_run_that_is_there_already_it_is_kept_who_submitted_it():
    made = LongTable()
    made.add([record("s", "a", 0, 0.5), record("s", "b", 0, 0.5)])
    said = {m: {"name": m, "pretrained_data": "ImageNet"} for m in "ab"}
    made.add([record("s", "a", 0, 0.5), record("s", "b", 0, 0.6)], "submission", said)
    made.finish()
    found = {run.method: (run.origin, run.about["submission"], run.about["pool"]) for run in made.runs}
    assert found["a"] == ("results", said["a"], "features")
    # Other scores are of another run that calls itself the same.
    assert found["b"] == ("results", None, "labels")


def test_curves_and_labeling_functions_are_kept():
    curves = {
        "reliability": {"confidence": [0.5, 0.9], "accuracy": [0.4, 1.0], "share": [0.5, 0.5]},
        "risk_coverage": {"coverage": [0.5, 1.0], "accuracy": [1.0, 0.7]},
    }
    stump = {"kind": "stump", "features": [43], "threshold": 5.5, "below": 0.05, "above": 0.8}
    lfs = {
        "lfs": [{**stump, "label": 1, "at_least": 0.5}, {"kind": "of my own", "about": "x" * 300}],
        "lf_analysis": [{"coverage": 0.3}, {"coverage": 0.1}],
    }
    first = replace(record("s", "a", 0, 0.5), curves=curves, info=lfs)
    second = replace(record("s", "a", 1, 0.7), curves=curves)
    board = build([first, second])
    (found,) = board.rows
    assert found["reliability"] == curves["reliability"]
    assert found["risk_coverage"] == curves["risk_coverage"]
    (card,) = board.methods
    (shown,) = card["lfs"]
    assert [lf["coverage"] for lf in shown["shown"]] == [0.3, 0.1]
    assert shown["shown"][0]["words"] == "1 where feature 43 > 5.5"
    assert len(shown["shown"][1]["words"]) == 120


def test_a_row_has_no_curve_where_a_draw_has_none():
    curves = {"risk_coverage": {"coverage": [1.0], "accuracy": [0.7]}}
    board = build([replace(record("s", "a", 0, 0.5), curves=curves), record("s", "a", 1, 0.5)])
    assert board.rows[0]["risk_coverage"] is None


def test_provenance_says_what_there_is():
    made = {
        "project_version": "0.1.0",
        "git": {"commit": "ab" * 20, "dirty": True},
        "packages": {"numpy": "2"},
    }
    board = build([replace(record("s", "a", 0, 0.5), provenance=made), record("s", "b", 0, status="failed")])
    assert board.provenance["n_records"] == 2
    assert board.provenance["statuses"] == {"failed": 1, "ok": 1}
    assert board.provenance["commits"] == ["abababababab"]
    assert board.provenance["dirty"] is True
    assert board.provenance["packages"] == {"numpy": ["2"]}


@pytest.mark.parametrize(
    "info",
    [
        {"lf_analysis": 5},
        {"lf_analysis": "everything"},
        {"lf_analysis": [{"coverage": 0.1}] * 2, "lfs": [{}]},
        {"lf_analysis": [5], "lfs": [5]},
    ],
)
def test_a_record_whose_values_no_run_writes_is_left_out(info):
    board = build([record("s", "d", 0, 0.9, info=info), *table(SCORES)])
    assert len(board.rows) == 6
    assert any(
        note.startswith("Left out: s/raw/d/") and "not what a run writes" in note for note in board.notes
    )


CURVE = {"confidence": [0.5, 0.9], "accuracy": [0.5, 0.8], "share": [0.5, 0.5]}
LF = {"coverage": 0.1, "overlap": 0.0, "conflict": 0.0, "polarity": [1]}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"accuracy": 1.5}, "accuracy is 1.5; expected 0 to 1"),
        ({"accuracy": -0.1}, "accuracy is -0.1; expected 0 to 1"),
        ({"peak_memory_mb": math.inf}, "peak_memory_mb is inf"),
        ({"parameters": {"x": math.nan}}, "not JSON compliant"),
        ({"curves": {"reliability": {**CURVE, "share": [0.5, math.nan]}}}, "as many finite numbers"),
        ({"curves": {"reliability": {**CURVE, "share": [0.5]}}}, "inhomogeneous"),
        ({"info": {"lf_analysis": [{**LF, "coverage": math.nan}]}}, "not JSON compliant"),
        ({"info": {"lf_analysis": [{**LF, "coverage": "a"}]}}, "could not convert"),
        ({"info": {"lf_analysis": [{}]}}, "coverage"),
        ({"provenance": {"git": "abc"}}, "'str' object"),
    ],
)
def test_a_record_with_a_value_that_no_statistic_can_use_is_left_out(more, said, tmp_path):
    board = build([record("s", "d", 0, more.pop("accuracy", 0.9), **more), *table(SCORES)])
    assert len(board.rows) == 6
    (note,) = [note for note in board.notes if note.startswith("Left out: s/raw/d/")]
    assert said in note
    assert board.provenance["n_records"] == len(table(SCORES))


def test_labeling_functions_without_votes_on_the_seeds_are_shown():
    board = build([record("s", "d", 0, 0.9, info={"lf_analysis": [LF]}), *table(SCORES)])
    (card,) = [card for card in board.methods if card["method"] == "d"]
    assert card["lfs"][0]["shown"][0]["seed_votes"] is None
    assert "Labeling functions of d" in page.render(board.to_json(), [])


def test_draws_of_other_seed_labels_under_the_same_number_are_named():
    records = [record("s", m, 0, 0.5, ledger={"draw": "a"}) for m in "de"]
    records += [
        record("s", "f", 0, 0.5, ledger={"draw": "b"}),
        record("s", "f", 1, 0.5, ledger={"draw": "c"}),
    ]
    notes = [note for note in build(records).notes if note.startswith("Other seed labels")]
    assert len(notes) == 1
    assert notes[0].endswith("not paired: s / raw / f, draw 0, 100 labels")


def test_which_seed_labels_a_draw_has_our_own_records_say():
    mine = [record("s", m, 0, 0.5, ledger={"draw": "a"}) for m in "de"]
    theirs = [record("s", "g", 0, 0.5, ledger={"draw": "b"})]
    for ours in ([record("s", "f", 0, 0.5, ledger={"draw": "b"})], [replace(mine[0], ledger={"draw": "b"})]):
        made = finished(("results", mine), ("submission", theirs), ("reference", ours))
        assert {note.split("not paired: ")[1] for note in made.notes} >= {
            f"s / raw / {m}, draw 0, 100 labels" for m in "de"
        }
        assert not any("raw / g" in note for note in made.notes)
