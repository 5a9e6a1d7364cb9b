"""Comparisons of two methods, by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from made_up import CONTROLS, ENTRANT, SCORES, A, B, record, table
from scipy import stats

from autows.errors import UserError
from leaderboard import comparison
from leaderboard.board import build
from leaderboard.comparison import compare
from leaderboard.comparison_text import to_text
from leaderboard.statistics import holm, two_level_bootstrap


def compared(records, *arguments, **more):
    board = build(records)
    return compare(board.rows, board.accuracies, *arguments, **more)


def of_gains(gains, n_draws=3, jitter=False):
    """Records of controls with 0.5, and of methods that gain so much by task; with jitter more by draw."""
    tasks = sorted({task for mine in gains.values() for task in mine})
    made = [record(t, m, k, 0.5) for t in tasks for m in CONTROLS for k in range(n_draws)]
    return made + [
        record(t, m, k, 0.5 + gain + (0.01 * k if jitter else 0.0))
        for m, mine in gains.items()
        for t, gain in mine.items()
        for k in range(n_draws)
    ]


def test_a_comparison_by_hand():
    found = compared(table(SCORES), A, B)
    assert [(t["task"], t["difference"], t["wins"], t["losses"]) for t in found["tasks"]] == [
        ("s", 0.2, 3, 0),
        ("t", -0.2, 0, 3),
    ]
    # Differences 0.1, 0.2 and 0.3: Student's t with two degrees of freedom.
    assert found["tasks"][0]["high"] - 0.2 == pytest.approx(4.302653 * 0.1 / 3**0.5, abs=1e-5)
    assert (found["difference"], found["wins"], found["losses"], found["n_tasks"]) == (0.0, 1, 1, 2)
    # Two tasks tell nothing of others.
    assert (found["low"], found["high"], found["p"]) == (None, None, None)
    # On these, errors of a task's mean are 0.1 / sqrt 3, and of the test set where draws say nothing.
    v = [0.1**2 / 3, 2 * 0.01**2]
    df = sum(v) ** 2 / (v[0] ** 2 / 2)
    assert found["here_high"] == pytest.approx(stats.t.ppf(0.975, df) * sum(v) ** 0.5 / 2, abs=1e-6)
    assert (found["here_low"], found["here_p"]) == (-found["here_high"], 1.0)
    assert found["sentence"] == (
        f"No difference between {A} and {B} can be told over 2 tasks: 0.0 points (95 % interval over draws "
        "-11.5 to +11.5)."
    )


def test_turning_it_round_turns_the_sign():
    one, other = compared(table(ENTRANT), "d", B), compared(table(ENTRANT), B, "d")
    assert one["difference"] == -other["difference"]
    assert [t["low"] for t in one["tasks"]] == [-t["high"] for t in other["tasks"]]


def test_two_tasks_tell_of_themselves_and_not_of_others():
    found = compared(table(ENTRANT), "d", B)
    # Differences 0.3 and 0.5, the same in every draw: the test set has an error of 0.01 on either side.
    assert (found["low"], found["high"], found["p_holm"]) == (None, None, None)
    half = 1.959964 * (2 * 2 * 0.01**2) ** 0.5 / 2
    assert (found["here_low"], found["here_high"]) == pytest.approx((0.4 - half, 0.4 + half), abs=1e-6)
    assert (found["verdict"], found["here_verdict"], found["verdict_single"]) == ("open", "better", "open")
    assert found["sentence"] == (
        f"d is 40.0 points above {B} on these 2 tasks (95 % interval over draws +38.0 to +42.0); two tasks "
        "do not tell what holds on others."
    )


def test_a_sure_difference_is_said():
    gains = {f"t{i}": 0.1 + 0.01 * i for i in range(4)}
    found = compared(of_gains({"d": gains}), "d", B)
    # Task means 0.1, 0.11, 0.12, 0.13: error 0.0129 / 2 on three degrees of freedom.
    half = 3.182446 * (0.0005 / 3) ** 0.5 / 2
    assert (found["low"], found["high"]) == pytest.approx((0.115 - half, 0.115 + half), abs=1e-6)
    assert (found["verdict"], found["complete"], found["missing"]) == ("better", True, [])
    assert found["sentence"] == (f"d is 11.5 points above {B} over 4 tasks (95 % interval +9.4 to +13.6).")


def test_what_is_detected_over_tasks_goes_by_the_number_of_tasks():
    # Three tasks of two draws each: two degrees of freedom, not five.
    found = compared(of_gains({"d": {"s": 0.1, "t": 0.2, "u": 0.3}}, n_draws=2), "d", B)
    assert found["smallest_difference"] == pytest.approx((4.302653 + 1.060660) * 0.1 / 3**0.5, abs=1e-5)


def test_verdicts_of_a_table_are_corrected_for_its_family_and_that_of_one_question_is_not():
    # p of d is 0.04, of the others more; logistic regression is compared with d, e, f, A and C.
    gains = {m: {"s": 0.1, "t": 0.15, "u": 0.05 - k / 20} for k, m in enumerate("def")}
    records = of_gains(gains)
    board = build(records)
    mine = {c["method"]: c for c in board.comparisons if c["against"] == B}
    expected = holm([one["p"] for one in mine.values()])
    assert [one["p_holm"] for one in mine.values()] == pytest.approx(expected.tolist(), abs=1e-5)
    assert {one["n_family"] for one in mine.values()} == {5}
    d = mine["d"]
    assert d["p"] == pytest.approx(stats.ttest_1samp([0.1, 0.15, 0.05], 0).pvalue, abs=1e-6)
    assert d["verdict"] == "open"
    one = compare(board.rows, board.accuracies, "e", B)
    assert one["verdict_single"] == "open"


def test_who_failed_is_told_and_is_not_complete():
    gains = {"d": {"s": 0.1, "t": 0.1, "u": 0.1}, "e": {"s": 0.2}, "f": {"s": 0.1, "t": 0.1, "u": 0.1}}
    records = of_gains(gains)
    records += [record("t", "e", k, status="failed", reason="out of memory") for k in range(3)]
    records += [record("u", "f", 3, status="timeout", reason="60 s")]
    mine = {c["method"]: c for c in build(records).comparisons if c["against"] == B}
    e, f = mine["e"], mine["f"]
    assert e["missing"] == [
        {"task": "t", "representation": "raw", "status": "failed", "reason": "out of memory"},
        {"task": "u", "representation": "raw", "status": "not run", "reason": "not run"},
    ]
    assert (e["n_tasks"], e["n_tasks_expected"], e["complete"]) == (1, 3, False)
    assert e["sentence"].endswith("e failed on t, not run on u.")
    # A run that timed out is a cell that is not complete, though other draws are there.
    assert (f["n_tasks"], f["complete"]) == (3, False)
    assert f["missing"][0]["reason"] == "1 of 4 draws: 60 s"
    assert f["sentence"].endswith("f ran out of time on u / raw.")
    # d, A and C are the family; e is judged as if it were one more of it.
    assert (mine["d"]["n_family"], e["n_family"]) == (3, 4)


def test_who_cannot_run_somewhere_is_complete_all_the_same():
    records = of_gains({"d": {"s": 0.1, "t": 0.1}})
    skipped = {"needs": ["zero_shot"], "status": "skipped", "reason": "no model speaks for this task"}
    for method in ("e", "f"):
        records += [record("s", method, k, 0.8, needs=["zero_shot"]) for k in range(3)]
    records += [record("t", "e", k, **skipped) for k in range(3)]
    mine = {c["method"]: c for c in build(records).comparisons if c["against"] == B}
    for method, reason in (("e", "no model speaks for this task"), ("f", "needs zero shot")):
        found = mine[method]
        assert (found["complete"], found["n_tasks"], found["n_tasks_expected"]) == (True, 1, 1)
        (lack,) = found["missing"]
        assert (lack["task"], lack["status"], lack["reason"]) == ("t", "cannot run", reason)
        assert found["sentence"].endswith("; one task does not tell what holds on others.")


def test_what_others_of_its_kind_ran_on_a_method_could_have_run_on():
    needs = {"needs": ["class_embeddings"]}
    records = of_gains({"d": {"s": 0.1, "t": 0.1}})
    records += [record("s", m, k, 0.6, **needs) for m in ("e", "f") for k in range(2)]
    records += [record("t", "f", k, 0.6, **needs) for k in range(2)]
    mine = {c["method"]: c for c in build(records).comparisons if c["against"] == B}
    assert [lack["status"] for lack in mine["e"]["missing"]] == ["not run"]
    assert (mine["e"]["complete"], mine["e"]["n_tasks_expected"]) == (False, 2)


def test_features_with_hardly_a_draw_in_common_are_set_aside_and_named():
    records = [record("s", m, k, a) for m, a in ((A, 0.6), (B, 0.5)) for k in range(4)]
    records += [record("s", m, k, a, "pca") for m, a in ((A, 0.9), (B, 0.2)) for k in (7,)]
    found = compared(records, A, B)
    (line,) = found["tasks"]
    assert (line["representations"], line["set_aside"], line["difference"]) == (["raw"], ["pca"], 0.1)
    assert "Not averaged in on s, for want of common draws: pca." in to_text(found)


def test_a_bootstrap_is_beside_it_with_five_tasks_and_decides_nothing():
    gains = dict(zip("stuvw", (0.1, 0.2, -0.05, 0.1, 0.15), strict=True))
    found = compared(of_gains({"d": gains}), "d", B)
    resampled = two_level_bootstrap([[g] * 3 for g in gains.values()], np.random.default_rng(0), 20_000)
    assert (found["bootstrap"]["low"], found["bootstrap"]["high"]) == pytest.approx(
        (resampled.low, resampled.high), abs=0.02
    )
    assert "A bootstrap over tasks and draws gives " in to_text(found)
    fewer = of_gains({"d": {t: gains[t] for t in "stuv"}})
    assert compared(fewer, "d", B)["bootstrap"] is None


def test_a_twin_of_the_control():
    twin = {(t, "z"): v for (t, m), v in SCORES.items() if m == B}
    found = compared(table({**SCORES, **twin}), "z", B)
    assert (found["difference"], found["here_low"], found["here_high"]) == (0.0, 0.0, 0.0)
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
    close = {("s", A): [0.50, 0.53, 0.51, 0.54, 0.52], ("s", B): [0.50, 0.51, 0.52, 0.52, 0.51]}
    found = compared(table(close), A, B)
    (line,) = found["tasks"]
    assert line["low"] < 0 < line["high"]
    assert line["draws_to_separate"] > 5
    assert f" {line['draws_to_separate']}\n" in to_text(found)
    # Four draws say too little of their spread.
    fewer = compared(table({name: values[:4] for name, values in close.items()}), A, B)
    assert fewer["tasks"][0]["draws_to_separate"] is None


def test_text_has_the_sentence_a_line_a_task_and_the_drawing():
    found = compared(table(ENTRANT), "d", B)
    text = to_text(found)
    assert text.startswith(found["sentence"])
    assert "told" in text
    assert "on these" in text


def test_zero_is_at_the_same_place_in_every_drawing():
    records = of_gains({"d": {"s": 0.1, "t": -0.1, "u": 0.02}}, jitter=True)
    head, _, *lines = to_text(compared(records, "d", B)).split("\n\n")[1].splitlines()
    place = head.index("-27 .. 0") + 15
    assert [line[place] for line in lines] == ["|", "|", "|", "|", "┼"]


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
    one = compared(records, "d", B)
    assert one == {**mine, "bootstrap": None, "sentence": one["sentence"]}


def test_a_task_that_is_another_one_is_not_compared_twice():
    records = table(SCORES) + [record("p", m, 0, 0.5, same_as={"raw": "s"}) for m in (A, B)]
    assert [t["task"] for t in compared(records, A, B)["tasks"]] == ["s", "t"]
    # Nor is it missed.
    records = [*table(SCORES), record("p", B, 0, 0.5, same_as={"raw": "s"})]
    assert compared(records, A, B)["missing"] == []


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
