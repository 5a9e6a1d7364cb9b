"""Who is compared with whom: which draws count, who is left out and for want of what."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from made_up import CONTROLS, ENTRANT, SCORES, A, B, C, record, table

from leaderboard.board import build
from leaderboard.field import together
from leaderboard.standing import text

TEN = range(10)


def standing(board, pool="labels", representation="all"):
    (found,) = [s for s in board.standings if (s["pool"], s["representation"]) == (pool, representation)]
    return found


def ranked(found):
    return {entrant["method"] for entrant in found["entrants"]}


def runs(method, draws, tasks="st", accuracy=0.5, representation="raw", **more):
    return [record(t, method, k, accuracy, representation, **more) for t in tasks for k in draws]


def controls(draws, **more):
    return [one for method in CONTROLS for one in runs(method, draws, **more)]


def test_more_draws_of_the_controls_alone_take_nobody_out():
    more = [one for one in controls(TEN, accuracy=0.1) if one.key.draw > 2]
    before, after = standing(build(table(ENTRANT))), standing(board := build(table(ENTRANT) + more))
    assert after == before
    assert after["n_draws"] == {"s": 3, "t": 3}
    passed_over = [note for note in board.notes if note.startswith("Not counted overall")]
    assert [note.partition("draws of ")[2] for note in passed_over] == [
        f"{task} that most other methods or some of its features lack (3, 4, 5, 6, 7, 8, 9)" for task in "st"
    ]
    (overall,) = [row for row in board.overall if row["method"] == "d"]
    assert (overall["mean_rank"], overall["complete"]) == (1.0, True)


def test_a_straggler_is_left_out_and_what_it_lacks_is_named():
    records = controls(range(3)) + runs("d", range(3)) + runs("e", range(3))
    slow = [one for one in runs("f", range(3)) if (one.key.task, one.key.draw) != ("t", 2)]
    board = build(records + slow)
    found = standing(board)
    assert ranked(found) == {*CONTROLS, "d", "e"}
    assert found["n_draws"] == {"s": 3, "t": 3}
    assert found["left_out"] == [
        {
            "method": "f",
            "n_cells": 1,
            "n_cells_expected": 2,
            "missing": [{"task": "t", "representation": "raw", "draws": [2]}],
        }
    ]
    assert text(board, "f").splitlines()[-1] == (
        "Not ranked: of the 2 tasks and features that count (Labels only) it has no result in "
        "draw 2 of t / raw."
    )


def test_without_a_cell_the_sentence_names_the_cell():
    records = controls(range(3), tasks="abcdefgh") + runs("x", range(3), tasks="abcdefgh")
    board = build(records + runs("y", (0,), tasks="a"))
    assert text(board, "y").splitlines()[-1] == (
        "Not ranked: of the 8 tasks and features that count (Labels only) it has no result in draws 1, 2 of "
        "a / raw, b / raw, c / raw, d / raw, e / raw, f / raw and 2 more."
    )
    nobody = build(runs("x", range(3)) + runs(A, range(3)))
    assert text(nobody, "x").splitlines()[-1].startswith("Not ranked: ranks need results of all controls")


@pytest.mark.parametrize(("long", "n_draws", "out"), [("e", 3, set()), ("ef", 5, {"d"})])
def test_half_of_the_others_are_not_most_of_them(long, n_draws, out):
    records = controls(range(5)) + runs("d", range(3))
    found = standing(build(records + [one for method in long for one in runs(method, range(5))]))
    assert found["n_draws"] == {"s": n_draws, "t": n_draws}
    assert ranked(found) == {*CONTROLS, "d", *long} - out


def test_with_nobody_but_controls_their_draws_count():
    found = standing(build(controls(range(4)) + runs(A, [7])))
    assert found["n_draws"] == {"s": 4, "t": 4}


def test_of_draws_that_few_were_run_on_those_of_the_controls_count():
    found = standing(build(controls(range(4)) + runs("d", (0, 1)) + runs("e", (2, 3))))
    assert found["n_draws"] == {"s": 4, "t": 4}
    assert [(out["method"], out["missing"][0]["draws"]) for out in found["left_out"]] == [
        ("d", [2, 3]),
        ("e", [0, 1]),
    ]


def test_to_fail_on_a_draw_does_not_take_it_out_of_the_count():
    fails = [record(t, "d", 2, status="failed") for t in "st"]
    found = standing(build(controls(range(3)) + runs("d", (0, 1)) + fails))
    assert (ranked(found), found["n_draws"]) == (set(CONTROLS), {"s": 3, "t": 3})
    # Never run on it, it is all there is beside the controls.
    found = standing(build(controls(range(3)) + runs("d", (0, 1))))
    assert (ranked(found), found["n_draws"]) == ({*CONTROLS, "d"}, {"s": 2, "t": 2})


def test_draws_of_a_task_are_counted_over_all_its_cells():
    # In each cell two of three methods have draw 2, in both only one has.
    has = {
        ("d", "raw"): 3,
        ("e", "raw"): 3,
        ("f", "raw"): 2,
        ("d", "pca"): 2,
        ("e", "pca"): 3,
        ("f", "pca"): 3,
    }
    records = [
        one for features in ("raw", "pca") for one in controls(range(3), tasks="s", representation=features)
    ]
    for (method, features), n in has.items():
        records += runs(method, range(n), tasks="s", representation=features)
    board = build(records)
    assert standing(board)["n_draws"] == {"s": 2}
    assert ranked(standing(board)) == {*CONTROLS, "d", "e", "f"}
    assert standing(board, representation="raw")["n_draws"] == {"s": 3}
    assert ranked(standing(board, representation="raw")) == {*CONTROLS, "d", "e"}


def test_who_lacks_a_cell_has_no_say_in_the_draws():
    records = controls(range(5)) + runs("d", range(5))
    apart = [one for method in "efg" for one in runs(method, range(2), tasks="s")]
    found = standing(build(records + apart))
    assert (found["n_draws"], ranked(found)) == ({"s": 5, "t": 5}, {*CONTROLS, "d"})


def test_a_fourth_control_has_no_say_either():
    spoken = runs("zero_shot_clip", TEN, needs=["zero_shot"])
    board = build(controls(TEN) + spoken + runs("d", TEN) + runs("e", range(3)))
    for pool in ("labels", "class_names"):
        assert standing(board, pool)["n_draws"] == {"s": 3, "t": 3}
        assert {"d", "e"} <= ranked(standing(board, pool))


def test_order_of_records_does_not_matter_to_which_draws_count():
    records = controls(TEN) + runs("d", range(3)) + runs("e", range(4)) + runs("f", (0, 2, 3))
    expected = build(records).standings
    # Two of the three have draws 1 and 3, which d and f lack.
    assert standing(build(records))["n_draws"] == {"s": 4, "t": 4}
    for seed in range(3):
        random.Random(seed).shuffle(records)
        assert build(records).standings == expected


def test_seconds_and_end_models_are_over_what_counts_and_tasks_weigh_the_same():
    records = table(SCORES) + runs("d", range(5), accuracy=0.8) + [record("u", "d", 0, 0.1)]
    for method in (*CONTROLS, "d"):
        under_pca = runs(method, range(3), tasks="s", accuracy=0.6, representation="pca")
        records += [replace(one, seconds={"fit": 7.0}) for one in under_pca]
    # Draws 3 and 4, and the task u, are d's alone.
    board = build(records)
    found = {entrant["method"]: entrant for entrant in standing(board)["entrants"]}
    # Seconds are 1, 2, 3 under raw and 7 under pca: (2 + 7) / 2 on s, 2 on t.
    assert found["d"]["seconds"] == pytest.approx((4.5 + 2) / 2)
    # The end model has half the accuracy: (0.4 + 0.3) / 2 on s, 0.4 on t.
    assert found["d"]["mean_end_model_accuracy"] == pytest.approx((0.35 + 0.4) / 2)
    assert found[B]["mean_end_model_accuracy"] == pytest.approx((0.3 + 0.2) / 2)
    (row,) = [row for row in board.overall if row["method"] == "d"]
    assert row["mean_end_model_accuracy"] == found["d"]["mean_end_model_accuracy"]


def test_a_run_that_counts_without_an_end_model_leaves_no_mean():
    records = [
        replace(one, scores={**one.scores, "end_model_accuracy": None})
        if (one.key.method, one.key.draw) in ((A, 1), (C, 5))
        else one
        for one in controls(range(6)) + runs("d", range(3))
    ]
    found = {one["method"]: one["mean_end_model_accuracy"] for one in standing(build(records))["entrants"]}
    assert found == {A: None, B: 0.25, C: 0.25, "d": 0.25}


def test_features_join_while_half_of_the_draws_are_left():
    assert together({"raw": {0, 1, 2, 3}, "pca": {2, 3, 4}}) == (["pca", "raw"], [2, 3])
    assert together({"raw": {0, 1, 2, 3, 5}, "pca": {2, 3, 4}}) == (["raw"], [0, 1, 2, 3, 5])
    # Half of those that there were first, not of what the last ones left.
    three = {"a": range(4), "b": range(2), "c": [1]}
    assert together(three) == (["a", "b"], [0, 1])
    assert together({"b": [1, 2], "a": [0, 3]}) == (["a"], [0, 3])


def test_errors_of_the_test_set_are_means_over_draws_and_features():
    records = []
    for features, error in (("raw", 0.01), ("pca", 0.03)):
        for method in (*CONTROLS, "d"):
            accuracy = 0.9 if method == "d" else 0.5
            records += [
                record("s", method, k, accuracy, features, accuracy_se=error + k / 100) for k in range(2)
            ]
    pair = next(p for p in standing(build(records))["pairs"] if p["a"] == "d")
    # Means of 0.01, 0.02, 0.03 and 0.04 on both sides.
    assert pair["high"] - 0.4 == pytest.approx(1.959964 * 0.025 * 2**0.5, abs=1e-6)
