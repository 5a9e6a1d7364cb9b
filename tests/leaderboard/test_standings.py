"""Standings: who competes on what, and that the numbers do not depend on what they must not depend on."""

from __future__ import annotations

import random

import numpy as np
import pytest
from made_up import ENTRANT, SCORES, A, B, C, record, table
from scipy import stats

from leaderboard import render
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
    # Two tasks tell nothing of others.
    pair = next(p for p in found["pairs"] if (p["a"], p["b"]) == ("d", C))
    assert pair["difference"] == pytest.approx(0.7)
    assert {pair[name] for name in ("low", "high", "p", "p_holm")} == {None}
    assert {
        e[f"{name}_{end}"]
        for e in found["entrants"]
        for name in ("accuracy", "strength")
        for end in ("low", "high")
    } == {None}
    # On these, C is 0.1, 0.2, 0.3 in the draws of s, and always 0.2 on t: two degrees of freedom.
    c, half = entrants(found)[C], 4.302653 * (0.1**2 / 3) ** 0.5 / 2
    assert (c["accuracy_here_low"], c["accuracy_here_high"]) == pytest.approx(
        (0.2 - half, 0.2 + half), abs=1e-6
    )
    assert {e["tie_group"] for e in found["entrants"]} == {1}
    assert (found["smallest_difference"], found["smallest_difference_of_pairs"]) == (None, None)
    # Once d only ties.
    assert {e["strength_note"] for e in found["entrants"]} == {None}
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


SEVERAL = {
    (task, method): [mean - 0.01, mean + 0.01]
    for method, means in {
        "d": (0.80, 0.80, 0.80, 0.80),
        A: (0.77, 0.74, 0.72, 0.76),
        B: (0.72, 0.73, 0.71, 0.73),
        C: (0.20, 0.30, 0.25, 0.22),
    }.items()
    for task, mean in zip("stuv", means, strict=True)
}


def test_groups_go_by_p_values_that_are_corrected_once():
    found = standing(build(table(SEVERAL)))
    pair = next(p for p in found["pairs"] if (p["a"], p["b"]) == ("d", A))
    # Corrected once more, for the six pairs, it were none.
    assert 0.05 / 6 < pair["p_holm"] < 0.05
    assert [(e["method"], e["tie_group"]) for e in found["entrants"]] == [("d", 1), (A, 2), (B, 2), (C, 3)]
    notes = [(e["strength_note"], e["strength_low"] is None) for e in found["entrants"]]
    assert notes == [("all won", True), (None, False), (None, False), ("all lost", True)]


def test_what_is_detected_goes_by_the_median_pair_once_for_one_and_once_for_all():
    found = standing(build(table({name: v for name, v in SEVERAL.items() if name[1] != "d"})))
    means = {m: np.array([np.mean(SEVERAL[t, m]) for t in "stuv"]) for m in (A, B, C)}
    errors = sorted((means[a] - means[b]).std(ddof=1) / 2 for a, b in ((A, B), (A, C), (B, C)))
    for name, tests in (("smallest_difference", 1), ("smallest_difference_of_pairs", 3)):
        times = stats.t.ppf(1 - 0.025 / tests, 3) + stats.t.ppf(0.8, 3)
        assert found[name] == pytest.approx(times * errors[1], abs=1e-5)


def test_ranks_and_shares_of_wins_are_of_the_same_numbers():
    # Under raw A wins by a little, under pca B by much: on the task B does.
    values = [
        ("raw", A, 0.6),
        ("raw", B, 0.5),
        ("raw", C, 0.1),
        ("pca", A, 0.5),
        ("pca", B, 0.9),
        ("pca", C, 0.2),
    ]
    records = table(SEVERAL)
    records += [record("w", m, k, a, r) for r, m, a in values for k in range(2)]
    records += [record("w", "d", k, 0.55, r) for r in ("raw", "pca") for k in range(2)]
    found = standing(build(records))
    M = len(found["entrants"])
    for entrant in found["entrants"]:
        assert entrant["mean_rank"] == pytest.approx(M - (M - 1) * entrant["win_share"], abs=1e-5)
    within = standing(build([r for r in records if r.key.task == "w"]))
    # Means over features are 0.55, 0.7, 0.15 and 0.55.
    assert {e["method"]: e["mean_rank"] for e in within["entrants"]} == {B: 1, A: 2.5, "d": 2.5, C: 4}


def test_of_equal_ranks_the_more_accurate_is_first():
    values = {("s", A): 0.5, ("s", B): 0.6, ("s", C): 0.1, ("t", A): 0.9, ("t", B): 0.5, ("t", C): 0.1}
    found = standing(build(table({name: [v] * 2 for name, v in values.items()})))
    assert [(e["method"], e["mean_rank"]) for e in found["entrants"]] == [(A, 1.5), (B, 1.5), (C, 3)]
    turned = {(t, {A: B, B: A, C: C}[m]): v for (t, m), v in values.items()}
    found = standing(build(table({name: [v] * 2 for name, v in turned.items()})))
    assert [e["method"] for e in found["entrants"]] == [B, A, C]


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
    (out,) = standing(board, "features")["left_out"]
    assert (out["method"], out["n_cells"], out["n_cells_expected"]) == ("d", 2, 4)
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
    assert (pair["difference"], pair["p"]) == (0.0, None)  # of two tasks
    assert entrants(found)["z"]["tie_group"] == entrants(found)[B]["tie_group"]
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
    board = build(records)
    assert standing(board)["n_draws"] == {"s": 2, "t": 3}
    assert any(note.endswith("or some of its features lack (0, 3)") for note in board.notes)


@pytest.mark.parametrize(
    ("draws", "cells"), [((2,), ["raw"]), ((7, 8, 9), ["pca"]), ((1, 2), ["pca", "raw"])]
)
def test_features_that_have_hardly_a_draw_with_the_others_do_not_count_and_that_is_said(draws, cells):
    records = table(SCORES) + [record("s", m, k, 0.5, "pca") for m in (A, B, C) for k in draws]
    board = build(records)
    found = standing(board)
    assert [cell for cell in found["cells"] if cell[0] == "s"] == [["s", name] for name in cells]
    aside = [one["representation"] for one in found["uncounted"]]
    assert aside == [name for name in ("pca", "raw") if name not in cells]
    said = (
        f"Not counted overall with 100 labels: s / {aside[0] if aside else ''}, too few draws in common with"
    )
    assert sum(note.startswith(said) for note in board.notes) == len(aside)


def test_a_cell_that_a_control_failed_on_is_named():
    records = table(ENTRANT) + [record("u", m, k, 0.5) for m in (B, C, "d") for k in range(3)]
    records += [record("u", A, k, status="failed") for k in range(3)]
    # Zero-shot has nothing to say of t, which is no fault, and failed on u.
    records += [record("s", "zero_shot_clip", k, 0.99, **ZERO_SHOT) for k in range(3)]
    records += [record("t", "zero_shot_clip", k, status="skipped", **ZERO_SHOT) for k in range(3)]
    records += [record("u", "zero_shot_clip", k, status="failed", **ZERO_SHOT) for k in range(3)]
    board = build(records)
    assert f"Not counted overall with 100 labels: u / raw, no result of {A}" in board.notes
    assert standing(board)["uncounted"] == [
        {"task": "u", "representation": "raw", "reason": f"no result of {A}"}
    ]
    (named,) = standing(board, "class_names")["uncounted"]
    assert named["reason"] == f"no result of {A}, zero_shot_clip"


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


def test_one_task_is_judged_by_student_t_over_its_draws():
    values = {("s", "a"): [0.60, 0.65, 0.52], ("s", "b"): [0.59, 0.58, 0.51], **SCORES}
    found = standing(build(table({name: v for name, v in values.items() if name[0] == "s"})))
    pair = next(p for p in found["pairs"] if (p["a"], p["b"]) == ("a", "b"))
    # a is ahead in every draw; three draws are too few to be sure.
    assert pair["low"] < 0 < pair["difference"] < pair["high"]
    assert pair["p"] > 0.1
    assert entrants(found)["a"]["tie_group"] == entrants(found)["b"]["tie_group"]
    mine = next(row for row in build(table(values)).rows if (row["task"], row["method"]) == ("s", "a"))
    ends = entrants(found)["a"]["accuracy_low"], entrants(found)["a"]["accuracy_high"]
    assert ends == (mine["accuracy_low"], mine["accuracy_high"])


def test_a_task_that_is_another_one_counts_where_the_other_one_does_not():
    def again(n_labels=100, methods=(A, B, C), representation="raw"):
        more = {"same_as": {"raw": "s", "pca": "s"}, "n_labels": n_labels}
        return [record("p", m, k, 0.5 + k / 10, representation, **more) for m in methods for k in range(3)]

    # With 50 labels s was not run, and under pca not by the controls.
    records = table(SCORES) + again() + again(50) + again(100, representation="pca")
    records += [record("s", "d", k, 0.9, "pca") for k in range(3)]
    board = build(records)
    found = {
        s["n_labels"]: s["cells"]
        for s in board.standings
        if (s["pool"], s["representation"]) == ("labels", "all")
    }
    assert found == {50: [["p", "raw"]], 100: [["p", "pca"], ["s", "raw"], ["t", "raw"]]}
    notes = [note for note in board.notes if note.startswith("Not counted overall")]
    assert notes == [
        "Not counted overall: p under raw features, which is s again",
        "Not counted overall with 100 labels: s / pca, no result of majority_class, logistic_regression, "
        "label_spreading",
    ]


def test_of_two_tasks_that_are_one_that_is_not_there_the_first_counts():
    records = [record(t, m, k, 0.5, same_as={"raw": "s"}) for t in "qp" for m in (A, B, C) for k in range(2)]
    records += [record("r", m, k, 0.5, same_as={"raw": "q"}) for m in (A, B, C) for k in range(2)]
    board = build(records)
    assert standing(board)["cells"] == [["p", "raw"]]
    assert "Not counted overall: r under raw features, which is p again" in board.notes


def test_controls_that_have_nothing_in_common_give_no_ranks_and_that_is_said():
    board = build([record("s", A, 0, 0.5), record("s", B, 1, 0.5), record("s", C, 2, 0.5)])
    assert board.standings == []
    assert any(
        note.startswith("No overall ranks with 100 labels: the controls have no") for note in board.notes
    )


def test_one_lucky_draw_of_a_method_that_failed_on_the_others_is_no_best():
    lucky = [record("s", "d", 0, 0.99)]
    lucky += [record("s", "d", k, status="failed", reason="memory") for k in (1, 2)]
    rows = {row["method"]: row["best"] for row in build(table(SCORES) + lucky).rows if row["task"] == "s"}
    assert rows == {A: True, B: False, C: False, "d": False}


def test_the_best_is_the_best_of_the_draws_that_count():
    # Over its five draws A has 0.62, over the three that all have 0.5: less than B.
    values = {("s", A): [0.5, 0.5, 0.5, 0.8, 0.8], ("s", B): [0.55, 0.6, 0.65], ("s", C): [0.1, 0.2, 0.3]}
    rows = {row["method"]: row for row in build(table(values)).rows}
    assert {m: (row["best"], row["tie_group"]) for m, row in rows.items()} == {
        B: (True, 1),
        A: (False, 1),
        C: (False, 2),
    }


def test_draws_that_most_rows_have_count_before_draws_that_are_more():
    values = {
        ("s", m): [0.5 + k / 10] * n for k, (m, n) in enumerate(((A, 2), (B, 2), (C, 2), ("d", 4), ("e", 4)))
    }
    rows = {row["method"]: row for row in build(table(values)).rows}
    assert {m for m, row in rows.items() if row["best"]} == {"e"}
    assert None not in {row["tie_group"] for row in rows.values()}


@pytest.mark.parametrize(("error", "groups"), [(0.01, [1, 2]), (0.05, [1, 1]), (None, [1, 1])])
def test_methods_that_draws_do_not_move_are_told_apart_by_as_many_rows_as_it_takes(error, groups):
    records = [record("s", m, k, a, accuracy_se=error) for m, a in (("a", 0.9), ("b", 0.8)) for k in range(3)]
    assert [row["tie_group"] for row in build(records).rows] == groups


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_a_task_on_which_everybody_is_always_right_or_wrong_is_shown(accuracy, tmp_path):
    board = build([record("s", m, k, accuracy) for m in (A, B, C) for k in range(2)])
    assert {entrant["mean_rank"] for entrant in standing(board)["entrants"]} == {2.0}
    render.write(board, tmp_path, formats=("svg",))
    assert (tmp_path / render.PAGE).exists()
