"""Rows and the overall table, by hand."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from made_up import ENTRANT, SCORES, A, B, C, record, table

from autows.errors import CorruptRecord
from leaderboard import render
from leaderboard.board import build


def row(board, **where):
    (found,) = [r for r in board.rows if all(r[k] == v for k, v in where.items())]
    return found


def overall(board):
    return {r["method"]: r for r in board.overall}


def test_a_row_is_the_mean_over_draws_with_its_interval():
    found = row(build(table({("s", "a"): [0.5, 0.6, 0.7]})), task="s", method="a")
    assert found["accuracy"] == 0.6
    # Student's t with two degrees of freedom: 4.302653 * 0.1 / sqrt(3).
    assert found["accuracy_high"] - 0.6 == pytest.approx(0.248414, abs=1e-6)
    assert 0.6 - found["accuracy_low"] == pytest.approx(0.248414, abs=1e-6)
    assert found["n_draws"] == 3
    assert found["seconds"] == 2.0
    assert found["coverage"] == 0.5
    assert found["end_model_accuracy"] == 0.3
    assert found["macro_f1"] is None


def test_an_interval_stays_within_what_an_accuracy_can_be():
    found = row(build(table({("s", "a"): [0.7, 1.0]})), task="s")
    assert (found["accuracy_low"], found["accuracy_high"]) == (0.0, 1.0)


def test_a_mean_of_scores_needs_one_of_every_draw():
    records = table({("s", "a"): [0.5, 0.6], ("s", "b"): [0.5, 0.6]})
    for one, ece in zip(records, (0.1, 0.3, 0.1, None), strict=True):
        one.scores["ece"] = ece
    board = build(records)
    assert row(board, task="s", method="a")["ece"] == pytest.approx(0.2)
    assert row(board, task="s", method="b")["ece"] is None


def test_ties_are_over_the_draws_that_most_rows_have_not_over_the_most_draws():
    values = {("s", "a"): [0.5, 0.6], ("s", "b"): [0.6, 0.5], ("s", "c"): [0.9, 0.7, 0.1]}
    board = build(table(values))
    assert [row(board, method=m)["tie_group"] for m in "abc"] == [1, 1, 1]
    assert [row(board, method=m)["best"] for m in "abc"] == [False, False, True]


def test_one_draw_has_no_interval():
    found = row(build([record("s", "a", 0, 0.7)]), task="s")
    assert (found["accuracy"], found["accuracy_low"], found["accuracy_high"]) == (0.7, None, None)


def test_a_mean_over_draws_needs_the_score_in_each_of_them():
    records = table({("s", "a"): [0.5, 0.6, 0.7]})
    records[1] = replace(records[1], scores={"accuracy": 0.6, "coverage": 0.5})
    found = row(build(records), task="s", method="a")
    assert (found["coverage"], found["end_model_accuracy"]) == (0.5, None)


def test_mean_ranks_by_hand():
    board = build(table(SCORES))
    assert {m: r["mean_rank"] for m, r in overall(board).items()} == {
        A: (1 + 2.5) / 2,
        B: (2 + 1) / 2,
        C: (3 + 2.5) / 2,
    }
    assert [r["method"] for r in board.overall] == [B, A, C]
    assert overall(board)[A]["mean_accuracy"] == 0.5


def test_every_task_weighs_the_same_whatever_its_number_of_representations():
    values = {
        ("s", A): [0.9],
        ("s", B): [0.1],
        ("s", C): [0.0],
        ("t", A): [0.1],
        ("t", B): [0.9],
        ("t", C): [0.0],
    }
    records = table(values)
    records += [record("s", m, 0, a, "pca") for m, a in ((A, 0.9), (B, 0.1), (C, 0.0))]
    ranks = overall(build(records))
    assert [ranks[m]["mean_rank"] for m in (A, B, C)] == [1.5, 1.5, 3.0]
    assert [ranks[m]["mean_accuracy"] for m in (A, B, C)] == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("missing", [A, B, C])
def test_a_table_without_a_control_has_no_ranks_and_says_what_to_run(missing):
    board = build([r for r in table(ENTRANT) if r.key.method != missing])
    assert {r["mean_rank"] for r in board.overall} == {None}
    assert f"No overall ranks without controls: run_bench.py run --methods {missing} ..." in board.notes


def test_a_run_more_of_some_methods_takes_no_other_out():
    records = table(ENTRANT)
    before = {m: r["mean_rank"] for m, r in overall(build(records)).items()}
    more = [record("s", "d", k, 0.0) for k in (3, 4)] + [record("s", A, 3, 0.0)]
    more += [record("u", m, 0, 0.5) for m in ("d", A)]
    more += [record("s", "d", 0, 0.0, "patches")]
    after = overall(build(records + more))
    assert {m: r["mean_rank"] for m, r in after.items()} == before
    assert after["d"]["mean_accuracy"] == 0.9


def test_order_of_records_does_not_matter():
    records = [*table(SCORES), record("s", "d", 0, status="failed")]
    expected = render.to_json(build(records))
    for seed in range(5):
        random.Random(seed).shuffle(records)
        assert render.to_json(build(records)) == expected


def test_a_duplicated_method_ties_with_its_twin():
    twin = {(t, "z"): v for (t, m), v in SCORES.items() if m == B}
    ranks = overall(build(table({**SCORES, **twin})))
    assert ranks[B]["mean_rank"] == ranks["z"]["mean_rank"]


@pytest.mark.parametrize("status", ["failed", "timeout", "skipped"])
def test_a_ragged_table_is_flagged_and_who_is_ragged_is_not_ranked(status):
    records = [r for r in table(ENTRANT) if (r.key.task, r.key.method, r.key.draw) != ("t", "d", 2)]
    board = build([*records, record("t", "d", 2, status=status)])
    assert overall(board)["d"]["mean_rank"] is None
    assert overall(board)["d"]["mean_accuracy"] is None
    assert overall(board)[B]["mean_rank"] == 1.5
    found = row(board, task="t", method="d")
    assert (found["n_draws"], found[f"n_{status}"], found["reason"]) == (2, 1, "because")
    assert found["accuracy"] == 0.9
    assert any(note.startswith("Not ranked over all 2 cells") and "d (1)" in note for note in board.notes)
    assert any("because" in note for note in board.notes)


def test_a_missing_cell_is_flagged_too():
    board = build([r for r in table(ENTRANT) if (r.key.task, r.key.method) != ("t", "d")])
    assert overall(board)["d"]["n_cells"] == 1
    assert overall(board)["d"]["mean_rank"] is None


def test_a_task_that_is_another_one_is_not_counted_twice():
    same = {"raw": "s"}
    extra = [record("p", m, k, a, same_as=same) for m, a in ((A, 0.1), (B, 0.2), (C, 0.9)) for k in range(3)]
    board = build(table(SCORES) + extra)
    assert overall(board)[B]["mean_rank"] == 1.5
    assert any("p under raw features, which is s again" in note for note in board.notes)
    assert row(board, task="p", method=C)["accuracy"] == 0.9
    # On its own it is a task like any other.
    assert overall(build(extra))[C]["mean_rank"] == 1.0
    # And under features that see the difference it is one, too.
    other = [record("p", m, 0, 0.5, "clip", same_as=same) for m in (A, B, C)]
    assert overall(build(table(SCORES) + other))[A]["n_cells_expected"] == 3


def test_the_most_recent_code_counts():
    old = [record("s", A, k, 0.1, source_hash="1" * 16, finished_at="2025-01-01") for k in range(3)]
    board = build(table(SCORES) + old)
    assert row(board, task="s", method=A)["accuracy"] == 0.8
    left_out = "Left out: 3 records of another version of a method's code, parameters or weights"
    assert any(note.startswith(f"{left_out} ({A} on s / raw)") for note in board.notes)
    # A parameter that the method has gained since does not make another row of the same name.
    older = [record("s", A, k, 0.1, parameters={"old": 1}, finished_at="2025-01-01") for k in range(3)]
    assert row(build(table(SCORES) + older), task="s", method=A)["accuracy"] == 0.8


def test_versions_of_a_task_are_never_compared():
    newer = [
        record("s", m, k, 0.1, task_version=2, finished_at="2027-01-01") for m in (A, B) for k in range(3)
    ]
    board = build(table(SCORES) + newer)
    assert {r["method"] for r in board.rows if r["task"] == "s"} == {A, B}
    assert row(board, task="s", method=A)["accuracy"] == 0.1
    assert any("Left out: 9 records of another version of a task (s version 1)" in x for x in board.notes)


def test_numbers_of_labels_and_parameters_are_rows_of_their_own():
    records = [record("s", m, 0, 0.5, n_labels=n) for n in (10, 100) for m in (A, B, C)]
    records += [record("s", A, 0, 0.6, parameters={"x": 1}, label=f"{A}[x=1]")]
    board = build(records)
    assert [r["method"] for r in board.rows if r["n_labels"] == 100] == [f"{A}[x=1]", A, B, C]
    assert {(r["n_labels"], r["mean_rank"]) for r in board.overall} == {(10, 2.0), (100, 1.0), (100, 3.0)}


def test_corrupt_records_and_missing_controls_are_named():
    board = build([CorruptRecord("x.json is not a readable record"), *table(SCORES)])
    assert board.notes[0] == "Left out: x.json is not a readable record"
    assert "Controls without a result in this table: zero_shot_clip" in board.notes


def test_no_records_is_an_empty_leaderboard_that_says_what_to_do():
    board = build([])
    assert render.to_text(board) == "No runs yet. Start with: run_bench.py run --suite quick\n"
    assert render.to_csv(board) == "\n"


def test_who_never_ran_is_shown_with_the_reason():
    board = build([*table(SCORES), record("s", "d", 0, status="skipped", reason="no weights")])
    text = render.to_text(board)
    assert "skipped" in text
    assert "d skipped: no weights (1 runs)" in text


def test_files(tmp_path):
    import csv
    import json

    board = build(table(SCORES))
    render.write(board, tmp_path / "out")
    values = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
    assert values["rows"] == board.rows
    assert values["overall"] == board.overall
    promised = {
        *("task", "method", "representation", "n_draws", "n_labels", "accuracy", "accuracy_low"),
        *("accuracy_high", "coverage", "accuracy_covered", "macro_f1", "pool_accuracy"),
        *("end_model_accuracy", "seconds"),
    }
    assert promised <= set(values["rows"][0])
    with (tmp_path / "out" / "leaderboard.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert [float(line["accuracy"]) for line in lines] == [r["accuracy"] for r in board.rows]
    markdown = (tmp_path / "out" / "leaderboard.md").read_text()
    assert f"| {A} " in markdown
    assert "60.0 ± 0.0" in markdown


def test_records_of_an_ablation_of_prompts_are_no_entrants():
    prompted = replace(record("a", "zero_shot_clip", 0, 0.9), info={"prompts": ["a {}"]})
    board = build([record("a", "zero_shot_clip", 0, 0.5), prompted])
    assert [row["accuracy"] for row in board.rows] == [0.5]
    assert "Left out: 1 records of an ablation of prompts" in board.notes
