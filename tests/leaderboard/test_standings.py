"""Standings: who competes on what, and that the numbers do not depend on what they must not depend on."""

from __future__ import annotations

import random

import pytest
from made_up import ENTRANT, SCORES, A, B, C, record, table

from leaderboard.board import build

ZERO_SHOT = {"needs": ["zero_shot"]}
PRETRAINED = {"encoders": {"representation": {"weights": "x"}}}


def standing(board, pool="labels", representation="all"):
    (found,) = [s for s in board.standings if (s["pool"], s["representation"]) == (pool, representation)]
    return found


def entrants(found):
    return {entrant["method"]: entrant for entrant in found["entrants"]}


def test_a_standing_by_hand():
    found = standing(build(table(ENTRANT)))
    assert found["tasks"] == ["s", "t"]
    assert found["cells"] == [["s", "raw"], ["t", "raw"]]
    assert found["n_draws"] == {"s": 3, "t": 3}
    assert [e["method"] for e in found["entrants"]] == ["d", B, A, C]
    assert [e["mean_rank"] for e in found["entrants"]] == [1.0, 2.5, 2.75, 3.75]
    assert [e["mean_accuracy"] for e in found["entrants"]] == pytest.approx([0.9, 0.5, 0.5, 0.2])
    # Of three opponents on two tasks: d beats all; B beats C, then A and C; and so on, a tie half.
    assert [e["win_share"] for e in found["entrants"]] == pytest.approx(
        [1, 3 / 6, 2.5 / 6, 0.5 / 6], abs=1e-6
    )
    pair = next(p for p in found["pairs"] if (p["a"], p["b"]) == ("d", C))
    assert pair["difference"] == pytest.approx(0.7)
    assert pair["low"] > 0
    profile = found["profile"]
    assert profile["gap"][0] == 0
    assert profile["shares"]["d"] == [1.0] * 51
    # B is 0.3 and 0.5 from the best.
    assert profile["shares"][B][29:31] == [0.0, 0.5]
    assert profile["shares"][B][49:] == [0.5, 1.0]
    # Errors of the best are 0.1 on both tasks, those of B 0.4 and 0.6.
    assert profile["ratio"][29:31] == [3.9, 4.0]
    assert profile["ratio_shares"][B][29:31] == [0.0, 0.5]
    assert found["friedman"]["n_tasks"] == 2


def test_ranks_are_recomputed_for_who_competes():
    records = table(ENTRANT)
    records += [
        record(t, m, k, 0.95, "clip", **PRETRAINED) for t in "st" for m in (A, B, C) for k in range(3)
    ]
    records += [record("s", "zero_shot_clip", k, 0.99, **ZERO_SHOT) for k in range(3)]
    board = build(records)
    assert "zero_shot_clip" not in entrants(standing(board))
    assert standing(board)["cells"] == [["s", "raw"], ["t", "raw"]]
    assert len(standing(board, "features")["cells"]) == 4
    # d has no run on the pretrained features.
    assert standing(board, "features")["left_out"] == [{"method": "d", "n_cells": 2, "n_cells_expected": 4}]
    assert entrants(standing(board, "features", "raw"))["d"]["mean_rank"] == 1.0
    # With class names, only where zero-shot has an answer.
    named = standing(board, "class_names")
    assert named["cells"] == [["s", "raw"]]
    assert [e["method"] for e in named["entrants"]] == ["zero_shot_clip", "d", A, B, C]


def test_no_pool_with_class_names_without_zero_shot():
    assert {s["pool"] for s in build(table(SCORES)).standings} == {"labels", "features"}


def test_order_of_records_and_names_of_methods_do_not_matter():
    records = table(ENTRANT)
    before = standing(build(records))
    random.Random(1).shuffle(records)
    assert standing(build(records)) == before
    renamed = {(t, {"d": "zz"}.get(m, m)): v for (t, m), v in ENTRANT.items()}
    after = entrants(standing(build(table(renamed))))["zz"]
    for name in ("mean_rank", "mean_accuracy", "win_share"):
        assert after[name] == entrants(before)["d"][name]


def test_a_method_identical_to_a_control_is_tied_with_it():
    twin = {(t, "z"): v for (t, m), v in ENTRANT.items() if m == B}
    found = standing(build(table({**ENTRANT, **twin})))
    pair = next(p for p in found["pairs"] if {p["a"], p["b"]} == {B, "z"})
    assert (pair["difference"], pair["low"], pair["high"], pair["p"]) == (0.0, 0.0, 0.0, 1.0)
    mine, theirs = entrants(found)["z"], entrants(found)[B]
    assert {name: mine[name] for name in mine if name != "method"} == {
        name: theirs[name] for name in theirs if name != "method"
    }


def test_a_monotone_map_of_accuracies_changes_no_rank():
    squashed = {name: [v**3 / 2 for v in values] for name, values in ENTRANT.items()}
    before, after = standing(build(table(ENTRANT))), standing(build(table(squashed)))
    assert [(e["method"], e["mean_rank"]) for e in before["entrants"]] == [
        (e["method"], e["mean_rank"]) for e in after["entrants"]
    ]


def test_a_single_draw_of_a_single_task_has_ranks_but_no_intervals():
    found = standing(build([record("s", m, 0, a) for m, a in ((A, 0.9), (B, 0.5), (C, 0.1))]))
    best = found["entrants"][0]
    assert (best["method"], best["mean_rank"]) == (A, 1.0)
    assert (best["accuracy_low"], best["tie_group"], found["smallest_difference"]) == (None, None, None)


def test_draws_that_only_some_features_have_do_not_count():
    records = table(SCORES) + [record("s", m, k, 0.5, "pca") for m in (A, B, C) for k in (1, 2, 3)]
    assert standing(build(records))["n_draws"] == {"s": 2, "t": 3}


def test_ties_of_a_row_by_hand():
    same = [0.50, 0.52, 0.54, 0.56]
    values = {
        ("s", "a"): [x + 0.4 + e for x, e in zip(same, (0, 0.001, 0, 0.001), strict=True)],
        ("s", "b"): same,
        ("s", "c"): [x + e for x, e in zip(same, (0.01, -0.01, 0.01, -0.01), strict=True)],
    }
    board = build(table(values))
    found = {row["method"]: (row["best"], row["tie_group"]) for row in board.rows}
    assert found == {"a": (True, 1), "b": (False, 2), "c": (False, 2)}


def test_one_draw_ties_nothing():
    assert [row["tie_group"] for row in build([record("s", m, 0, 0.5) for m in "ab"]).rows] == [None, None]
