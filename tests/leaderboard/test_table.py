from __future__ import annotations

import random

import pytest

from autows.errors import CorruptRecord
from autows.runs.record import Key, Record
from leaderboard import render
from leaderboard.table import build


def record(task, method, draw, accuracy=None, representation="raw", status="ok", **more):
    key = Key(
        task=task,
        task_version=more.pop("task_version", 1),
        task_variant="",
        representation=representation,
        representation_version=1,
        representation_parameters={},
        method=method,
        parameters=more.pop("parameters", {}),
        source_hash=more.pop("source_hash", "0" * 16),
        draw=draw,
        n_labels=more.pop("n_labels", 100),
    )
    return Record(
        key=key,
        status=status,
        labels={"task": task, "representation": representation, "method": more.pop("label", method)},
        task_info={
            "title": task.title(),
            "modality": "image",
            "n_classes": 2,
            "same_as": more.pop("same_as", {}),
        },
        method_info={"family": "other", "needs": []},
        reason=more.pop("reason", "" if status == "ok" else "because"),
        seconds={"fit": 1.0 + draw},
        scores={}
        if status != "ok"
        else {"accuracy": accuracy, "coverage": 0.5, "end_model_accuracy": accuracy / 2},
        finished_at=more.pop("finished_at", "2026-01-01T00:00:00+00:00"),
    )


def table(scores):
    """Records of {(task, method): [accuracy per draw]}."""
    return [record(t, m, k, a) for (t, m), values in scores.items() for k, a in enumerate(values)]


SCORES = {
    ("s", "a"): [0.7, 0.8, 0.9],
    ("s", "b"): [0.6, 0.6, 0.6],
    ("s", "c"): [0.1, 0.2, 0.3],
    ("t", "a"): [0.2, 0.2, 0.2],
    ("t", "b"): [0.4, 0.4, 0.4],
    ("t", "c"): [0.2, 0.2, 0.2],
}


def row(board, **where):
    (found,) = [r for r in board.rows if all(r[k] == v for k, v in where.items())]
    return found


def overall(board):
    return {r["method"]: r for r in board.overall}


def test_a_row_is_the_mean_over_draws_with_its_interval():
    found = row(build(table(SCORES)), task="s", method="a")
    assert found["accuracy"] == 0.8
    # Student's t with two degrees of freedom: 4.302653 * 0.1 / sqrt(3).
    assert found["accuracy_high"] - 0.8 == pytest.approx(0.248414, abs=1e-6)
    assert 0.8 - found["accuracy_low"] == pytest.approx(0.248414, abs=1e-6)
    assert found["n_draws"] == 3
    assert found["seconds"] == 2.0
    assert found["coverage"] == 0.5
    assert found["end_model_accuracy"] == 0.4
    assert found["macro_f1"] is None


def test_one_draw_has_no_interval():
    found = row(build([record("s", "a", 0, 0.7)]), task="s")
    assert (found["accuracy"], found["accuracy_low"], found["accuracy_high"]) == (0.7, None, None)


def test_mean_ranks_by_hand():
    board = build(table(SCORES))
    assert {m: r["mean_rank"] for m, r in overall(board).items()} == {
        "a": (1 + 2.5) / 2,
        "b": (2 + 1) / 2,
        "c": (3 + 2.5) / 2,
    }
    assert [r["method"] for r in board.overall] == ["b", "a", "c"]
    assert overall(board)["a"]["mean_accuracy"] == 0.5


def test_every_task_weighs_the_same_whatever_its_number_of_representations():
    records = table({("s", "a"): [0.9], ("s", "b"): [0.1], ("t", "a"): [0.1], ("t", "b"): [0.9]})
    records += [record("s", "a", 0, 0.9, "pca"), record("s", "b", 0, 0.1, "pca")]
    assert {r["mean_rank"] for r in build(records).overall} == {1.5}
    assert {r["mean_accuracy"] for r in build(records).overall} == {0.5}


def test_order_of_records_does_not_matter():
    records = [*table(SCORES), record("s", "d", 0, status="failed")]
    expected = render.to_json(build(records))
    for seed in range(5):
        random.Random(seed).shuffle(records)
        assert render.to_json(build(records)) == expected


def test_a_duplicated_method_ties_with_its_twin():
    twin = {(t, "z"): v for (t, m), v in SCORES.items() if m == "b"}
    ranks = overall(build(table({**SCORES, **twin})))
    assert ranks["b"]["mean_rank"] == ranks["z"]["mean_rank"]


@pytest.mark.parametrize("status", ["failed", "timeout", "skipped"])
def test_a_ragged_table_is_flagged_and_who_is_ragged_is_not_ranked(status):
    records = [r for r in table(SCORES) if (r.key.task, r.key.method, r.key.draw) != ("t", "a", 2)]
    board = build([*records, record("t", "a", 2, status=status)])
    assert overall(board)["a"]["mean_rank"] is None
    assert overall(board)["a"]["mean_accuracy"] is None
    assert overall(board)["b"]["mean_rank"] == 1.0
    found = row(board, task="t", method="a")
    assert (found["n_draws"], found[f"n_{status}"], found["reason"]) == (2, 1, "because")
    assert found["accuracy"] == 0.2
    assert any("Not ranked: a has 1 of 2 cells" in note for note in board.notes)
    assert any("because" in note for note in board.notes)


def test_a_missing_cell_is_flagged_too():
    board = build([r for r in table(SCORES) if (r.key.task, r.key.method) != ("t", "a")])
    assert overall(board)["a"]["n_cells"] == 1
    assert overall(board)["a"]["mean_rank"] is None


def test_a_task_that_is_another_one_is_not_counted_twice():
    same = {"raw": "s"}
    extra = [
        record("p", m, k, a, same_as=same) for m, a in (("a", 0.1), ("b", 0.2), ("c", 0.9)) for k in range(3)
    ]
    board = build(table(SCORES) + extra)
    assert overall(board)["b"]["mean_rank"] == 1.5
    assert any("p under raw features, which is s again" in note for note in board.notes)
    assert row(board, task="p", method="c")["accuracy"] == 0.9
    # On its own it is a task like any other.
    assert overall(build(extra))["c"]["mean_rank"] == 1.0
    # And under features that see the difference it is one, too.
    other = [record("p", m, 0, 0.5, "clip", same_as=same) for m in "abc"]
    assert overall(build(other))["a"]["mean_rank"] == 2.0


def test_the_most_recent_code_counts():
    old = [record("s", "a", k, 0.1, source_hash="1" * 16, finished_at="2025-01-01") for k in range(3)]
    board = build(table(SCORES) + old)
    assert row(board, task="s", method="a")["accuracy"] == 0.8
    assert any("Left out: 3 records of earlier versions" in note for note in board.notes)
    newer = [record("s", "a", k, 0.1, task_version=2, finished_at="2027-01-01") for k in range(3)]
    assert row(build(table(SCORES) + newer), task="s", method="a")["accuracy"] == 0.1


def test_numbers_of_labels_and_parameters_are_rows_of_their_own():
    records = [record("s", "a", 0, 0.5, n_labels=n) for n in (10, 100)]
    records += [record("s", "a", 0, 0.6, parameters={"x": 1}, label="a[x=1]")]
    board = build(records)
    assert [(r["n_labels"], r["method"]) for r in board.rows] == [(10, "a"), (100, "a[x=1]"), (100, "a")]
    assert [(r["n_labels"], r["mean_rank"]) for r in board.overall] == [(10, 1.0), (100, 1.0), (100, 2.0)]


def test_corrupt_records_and_missing_controls_are_named():
    board = build([CorruptRecord("x.json is not a readable record"), *table(SCORES)])
    assert board.notes[0] == "Left out: x.json is not a readable record"
    assert any(
        n == "Controls without a result in this table: "
        "majority_class, logistic_regression, label_spreading, zero_shot_clip"
        for n in board.notes
    )


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
    assert "| a " in markdown
    assert "80.0 ± 24.8" in markdown
