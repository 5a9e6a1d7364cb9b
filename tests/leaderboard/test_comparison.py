"""Comparisons of two methods, by hand."""

from __future__ import annotations

import json

import pytest
from made_up import ENTRANT, SCORES, A, B, record, table

from autows.errors import UserError
from leaderboard import comparison
from leaderboard.board import build
from leaderboard.comparison import compare, to_text


def compared(records, *arguments, **more):
    board = build(records)
    return compare(board.rows, board.accuracies, *arguments, **more)


def test_a_comparison_by_hand():
    found = compared(table(SCORES), A, B)
    assert [(t["task"], t["difference"], t["wins"], t["losses"]) for t in found["tasks"]] == [
        ("s", 0.2, 3, 0),
        ("t", -0.2, 0, 3),
    ]
    # Differences 0.1, 0.2 and 0.3: Student's t with two degrees of freedom.
    assert found["tasks"][0]["high"] - 0.2 == pytest.approx(4.302653 * 0.1 / 3**0.5, abs=1e-5)
    assert (found["difference"], found["wins"], found["losses"], found["n_tasks"]) == (0.0, 1, 1, 2)
    assert found["low"] < 0 < found["high"]
    assert found["sentence"].startswith(
        f"No difference between {A} and {B} can be told over 2 tasks: +0.0 points"
    )


def test_turning_it_round_turns_the_sign():
    one, other = compared(table(ENTRANT), "d", B), compared(table(ENTRANT), B, "d")
    assert one["difference"] == -other["difference"]
    assert [t["low"] for t in one["tasks"]] == [-t["high"] for t in other["tasks"]]


def test_a_sure_difference_is_said():
    found = compared(table(ENTRANT), "d", B)
    assert found["low"] > 0
    assert found["sentence"].startswith(f"d is 40.0 points above {B} over 2 tasks (95 % interval ")
    assert "Few tasks" in found["sentence"]


def test_a_twin_of_the_control():
    twin = {(t, "z"): v for (t, m), v in SCORES.items() if m == B}
    found = compared(table({**SCORES, **twin}), "z", B)
    assert (found["difference"], found["low"], found["high"], found["p"]) == (0.0, 0.0, 0.0, 1.0)
    assert found["sentence"] == f"z and {B} give the same accuracy in every draw over 2 tasks."
    assert [(t["wins"], t["ties"], t["losses"]) for t in found["tasks"]] == [(0, 3, 0)] * 2


def test_features_of_a_task_are_averaged_by_draw_and_tasks_weigh_the_same():
    values = [("raw", A, 0.6), ("raw", B, 0.5), ("pca", A, 0.9), ("pca", B, 0.6)]
    records = [record("s", m, k, a, r) for r, m, a in values for k in range(2)]
    records += [record("t", m, k, a) for m, a in ((A, 0.1), (B, 0.2)) for k in range(2)]
    found = compared(records, A, B)
    assert [t["difference"] for t in found["tasks"]] == [0.2, -0.1]
    assert found["difference"] == 0.05
    only = compared(records, A, B, representations=["raw"])
    assert [t["difference"] for t in only["tasks"]] == [0.1, -0.1]
    assert only["representation"] == "raw"


def test_only_draws_that_both_have_count():
    records = [record("s", A, k, a) for k, a in enumerate((0.5, 0.6, 0.9))]
    records += [record("s", B, k, 0.5) for k in (0, 1)]
    (line,) = compared(records, A, B)["tasks"]
    assert (line["n_draws"], line["difference"]) == (2, 0.05)


def test_a_single_draw_says_so():
    found = compared([record("s", A, 0, 0.6), record("s", B, 0, 0.5)], A, B)
    assert (found["low"], found["p"]) == (None, None)
    assert "10.0 points above" in found["sentence"]
    assert "single draw" in found["sentence"]
    assert "overall" in to_text(found)


def test_how_many_draws_would_tell():
    close = {("s", A): [0.50, 0.53, 0.51, 0.54], ("s", B): [0.50, 0.51, 0.52, 0.52]}
    found = compared(table(close), A, B)
    (line,) = found["tasks"]
    assert line["low"] < 0 < line["high"]
    assert line["draws_to_separate"] > 4
    assert str(line["draws_to_separate"]) in to_text(found)


def test_text_has_the_sentence_a_line_a_task_and_the_drawing():
    found = compared(table(ENTRANT), "d", B)
    text = to_text(found)
    assert text.startswith(found["sentence"])
    assert "●" in text
    assert "told" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("label_spredding", B), "Did you mean 'label_spreading'"),
        ((A, "nobody at all"), "Unknown method in these results 'nobody at all'"),
        ((A, A), "cannot be compared with itself"),
        (("lonely", B), "have no task, features and draws in common with 100 labels"),
    ],
)
def test_mistakes_are_told(arguments, message):
    with pytest.raises(UserError, match=message):
        compared([*table(SCORES), record("u", "lonely", 0, 0.5)], *arguments)


def test_every_method_is_compared_with_the_controls():
    records = table(ENTRANT) + [record("s", "zero_shot_clip", k, 0.7, needs=["zero_shot"]) for k in range(3)]
    made = build(records).comparisons
    assert {(c["method"], c["against"]) for c in made} >= {
        ("d", "zero_shot_clip"),
        ("d", B),
        (B, "zero_shot_clip"),
    }
    mine = next(c for c in made if (c["method"], c["against"]) == ("d", B))
    assert {**compared(records, "d", B)} == mine


def test_a_task_that_is_another_one_is_not_compared_twice():
    records = table(SCORES) + [record("p", m, 0, 0.5, same_as={"raw": "s"}) for m in (A, B)]
    assert [t["task"] for t in compared(records, A, B)["tasks"]] == ["s", "t"]


def test_a_task_that_is_another_one_counts_for_who_did_not_run_the_other_one():
    again = {"same_as": {"raw": "s"}}
    records = table(SCORES) + [record("p", m, k, 0.5, **again) for m in (A, B, "d") for k in range(3)]
    found = compared(records, "d", B)
    assert [t["task"] for t in found["tasks"]] == ["p"]
    assert [t["task"] for t in compared(records, A, B)["tasks"]] == ["s", "t"]


def test_over_a_single_task_is_what_is_said_of_the_task():
    # The first is ahead in all of three draws: by resampling certain, by luck one time in four.
    close = {("s", A): [0.60, 0.65, 0.52], ("s", B): [0.59, 0.58, 0.51]}
    found = compared(table(close), A, B)
    (line,) = found["tasks"]
    assert {name: found[name] for name in ("difference", "low", "high", "p")} == {
        name: line[name] for name in ("difference", "low", "high", "p")
    }
    assert found["low"] < 0 < found["high"]
    # Student's t, two degrees of freedom: t(0.975) + t(0.8), times the standard error of 0.01, 0.07, 0.01.
    assert found["smallest_difference"] == pytest.approx((4.302653 + 1.060660) * 0.02, abs=1e-5)
    assert found["sentence"].startswith(f"No difference between {A} and {B} can be told on s")


def test_what_cancels_over_features_is_a_tie():
    values = [("raw", A, 0.8), ("raw", B, 0.7), ("pca", A, 0.5), ("pca", B, 0.6)]
    found = compared([record("s", m, k, a, r) for r, m, a in values for k in range(3)], A, B)
    assert (found["tasks"][0]["ties"], found["ties"]) == (3, 1)


def test_files(tmp_path):
    found = compared(table(ENTRANT), "d", B)
    files = comparison.write(found, tmp_path)
    assert {path.suffix for path in files} == {".json", ".svg", ".pdf"}
    assert json.loads(files[0].read_text()) == found
