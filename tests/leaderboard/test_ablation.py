"""Ablation tables by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest

from autows.runs.record import Key, Record
from leaderboard.ablation import build, to_json, to_markdown, to_text, write
from leaderboard.ablation.files import to_csv
from leaderboard.ablation.layouts import spread


@dataclass(frozen=True)
class One:
    record: Record
    value: Any
    method: str
    reference: bool
    representation: str | None
    scores: Any


def one(value, draw, accuracy, own="ds", task="a", status="ok", method="snuba", n_labels=100, **scores):
    """A run in a value; differences are against the value ``own``."""
    key = Key(
        task=task,
        task_version=1,
        task_variant="",
        representation="raw",
        representation_version=1,
        representation_parameters={},
        method=method.partition("[")[0],
        parameters={"value": str(value)},
        source_hash="0",
        draw=draw,
        n_labels=n_labels,
    )
    record = Record(
        key=key,
        status=status,
        labels={"task": task, "representation": "raw", "method": f"{method}[{value}]"},
        method_info={"family": "autows"},
        reason="" if status == "ok" else "broke",
        scores={"accuracy": accuracy, "coverage": 0.5, **scores} if status == "ok" else {},
        seconds={"synthesise": 2.0, "aggregate": 0.25},
    )
    return One(record, value, method, value == own, "raw", record.scores if status == "ok" else None)


def test_differences_are_paired_over_the_draws_both_have():
    runs = [one("ds", 0, 0.5), one("ds", 1, 0.7), one("mv", 1, 0.71), one("mv", 0, 0.49)]
    best, other = build(runs, "label_model").rows
    assert (best["value"], best["reference"], best["accuracy"], best["difference"]) == ("ds", True, 0.6, 0.0)
    assert (other["value"], other["accuracy"], other["difference"]) == ("mv", 0.6, 0.0)
    # Differences -.01 and .01: mean 0, standard error .01, t(1) = 12.706.
    assert other["difference_high"] == pytest.approx(0.1270620, abs=1e-6)
    assert (other["coverage"], other["pool_accuracy"], other["synthesise_seconds"]) == (0.5, None, 2.0)
    short = build(runs[:3], "label_model").rows
    assert short[0]["value"] == "mv"
    assert (short[0]["n_draws"], short[0]["difference"], short[0]["difference_low"]) == (
        1,
        pytest.approx(0.01),
        None,
    )
    # Where not all have as many draws, the table says how many each has.
    assert to_text(build(runs[:3], "label_model")).splitlines()[1].split()[-1] == "draws"
    assert to_text(build(runs, "label_model")).splitlines()[1].split()[-1] == "s"


def test_a_difference_is_over_all_draws_that_both_have():
    runs = [one("ds", k, 0.5) for k in (0, 1, 2, 3)] + [
        one("mv", k, a) for k, a in ((0, 0.5), (1, 0.5), (3, 0.8))
    ]
    (first, _) = build(runs, "label_model").rows
    assert (first["value"], first["difference"]) == ("mv", pytest.approx(0.1))
    # Differences 0, 0 and .3: standard error .1, t(2) = 4.303.
    assert first["difference_high"] == pytest.approx(0.1 + 0.4302653, abs=1e-6)


def test_a_mean_of_scores_needs_one_of_every_draw():
    runs = [
        one("ds", 0, 0.5, ece=0.1),
        one("ds", 1, 0.5, ece=0.3),
        one("mv", 0, 0.5, ece=0.1),
        one("mv", 1, 0.5),
    ]
    rows = {row["value"]: row["ece"] for row in build(runs, "label_model").rows}
    assert rows == {"ds": pytest.approx(0.2), "mv": None}


def test_a_number_of_labels_with_fewer_draws_says_so():
    runs = [*curve("snuba", {10: 0.5, 100: 0.6}, draws=3), *curve("snuba", {1000: 0.7}, draws=1)]
    runs += curve("logistic_regression", {10: 0.5, 100: 0.6}, draws=3)
    lines = [" ".join(line.split()) for line in to_text(build(runs, "n_labels")).splitlines()]
    assert lines[0] == "a / raw, 3 draws"
    (mine,) = [line for line in lines if line.startswith("snuba 50.0")]
    assert mine.endswith(" 70.0 (1 draw)")
    assert mine.count("draw") == 1


def test_nothing_in_an_ablation_is_markdown_or_html():
    evil = "![p](http://x) <img> a|b"
    runs = [one(evil, 0, 0.5, own=evil, method=evil), one("mv", 0, 0.5, method=evil, status="failed")]
    text = to_markdown(build(runs, "prompt", notes=[evil], left_out=[evil]))
    assert text.count("http") > 4
    assert "![" not in text
    assert "<img" not in text


def test_intervals_end_where_accuracies_and_their_differences_do():
    runs = [one("ds", 0, 0.9), one("ds", 1, 1.0), one("mv", 0, 0.0), one("mv", 1, 0.4)]
    table = build(runs, "label_model")
    first, second = table.rows
    # Half-widths are t(1) = 12.706 times standard errors of .05 and .2.
    assert (first["accuracy_low"], first["accuracy_high"]) == (pytest.approx(0.95 - 0.635310, abs=1e-5), 1.0)
    assert (second["accuracy_low"], second["accuracy_high"]) == (0.0, 1.0)
    # Differences -.9 and -.6: mean -.75, standard error .15.
    assert (second["difference_low"], second["difference_high"]) == (-1.0, 1.0)
    lines = [" ".join(line.split()) for line in to_text(table).splitlines()]
    # Of an interval that is cut off, the ends stand there.
    assert "ds (ref.) 95.0 (31.5 to 100) 50.0 0.25" in lines
    assert "mv 20.0 (0 to 100) -75.0 (-100 to +100) 50.0 0.25" in lines


def test_learning_curves_lie_where_accuracies_do():
    found = build(curve("snuba", {10: 0.45, 1000: 0.9}), "n_labels").curves[0]["points"]
    assert [(point["low"], point["high"]) for point in found] == [(0.0, 1.0), (pytest.approx(0.26469), 1.0)]


def test_a_reference_without_a_result_leaves_no_difference_and_a_note():
    table = build([one("ds", 0, 0, status="failed"), one("mv", 0, 0.8)], "label_model", ["Told."], ["Out."])
    (row,) = table.rows
    assert row["difference"] is None
    assert table.notes == ["Told.", "a / raw / snuba[ds], draw 0: failed: broke"]
    assert table.left_out == ["Out."]
    assert "failed: broke" in to_text(table)
    assert "Out." not in to_text(table)
    assert "- Out.\n- Told.\n- a / raw" in to_markdown(table)


def test_a_run_whose_diagnosis_is_missing_is_no_row():
    missing = replace(one("soft", 0, 0.5, own="soft"), scores=None)
    assert build([missing, one("soft", 1, 0.6, own="soft")], "end_model").rows[0]["n_draws"] == 1
    assert build([missing], "end_model").notes == []
    assert "Per cent" in to_text(build([missing], "end_model"))
    assert to_csv(build([missing], "end_model")).strip() == ""


def test_methods_that_differ_otherwise_have_tables_of_their_own():
    runs = [
        one("ds", 0, 0.5),
        one("ds", 0, 0.6, method="snuba[keep=2]"),
        one("mv", 0, 0.7, method="snuba[keep=2]"),
    ]
    assert [(r["method"], r["value"], r["difference"]) for r in build(runs, "label_model").rows] == [
        ("snuba", "ds", 0.0),
        ("snuba[keep=2]", "mv", pytest.approx(0.1)),
        ("snuba[keep=2]", "ds", 0.0),
    ]


def test_numbers_are_in_their_order_and_words_best_first():
    numbers = build([one(v, 0, a, own=0.6) for v, a in ((0.9, 0.1), (0.5, 0.2), (0.6, 0.3))], "threshold")
    assert [row["value"] for row in numbers.rows] == [0.5, 0.6, 0.9]
    words = build([one(v, 0, a, own=True) for v, a in ((True, 0.1), (False, 0.2))], "extend")
    assert [row["value"] for row in words.rows] == [False, True]
    assert "true (ref.)" in to_text(words)


def test_the_order_of_runs_does_not_matter_and_text_and_json_can_be_written(tmp_path):
    runs = [one(v, k, 0.5 + 0.1 * k, task=t) for v in ("ds", "mv") for k in range(3) for t in "ba"]
    table, other = (build(order, "label_model") for order in (runs, runs[::-1]))
    assert table == other
    json.dumps(asdict(table), allow_nan=False)
    text = to_text(table)
    assert text.index("a / raw / snuba, 3 draws") < text.index("b / raw")
    assert "ds (ref.)" in text
    assert "60.0 ± 24.8" in text
    paths = write(table, tmp_path / "new" / "out")
    assert [path.name for path in paths] == [f"ablation_label_model.{end}" for end in ("md", "csv", "json")]
    values = json.loads(paths[2].read_text())
    assert values["schema_version"] == 1
    assert values["rows"] == table.rows
    assert to_json(table) + "\n" == paths[2].read_text()
    assert "| ds (ref.) " in " ".join(paths[0].read_text().split())
    (first, *_rest) = csv.DictReader(io.StringIO(paths[1].read_text()))
    assert (first["task"], first["value"], first["pool_accuracy"]) == ("a", "ds", "")


def test_prompts_have_a_spread():
    runs = [
        one(v, 0, a, own="all of the card")
        for v, a in (("all of the card", 0.9), ("a {}", 0.7), ("the {}", 0.8))
    ]
    table = build(runs, "prompt")
    assert [(row["value"], row["reference"]) for row in table.rows] == [
        ("all of the card", True),
        ("the {}", False),
        ("a {}", False),
    ]
    assert table.rows[2]["difference"] == pytest.approx(-0.2)
    assert "One prompt at a time: mean 75.0, from 70.0 to 80.0" in to_text(table)
    assert spread(table.rows[:2]) == ""


def test_features_are_values_of_one_table():
    runs = [replace(one(v, 0, a, own="raw"), representation=None) for v, a in (("raw", 0.5), ("pca", 0.75))]
    table = build(runs, "representation")
    assert [(row["representation"], row["value"], row["difference"]) for row in table.rows] == [
        (None, "pca", 0.25),
        (None, "raw", 0.0),
    ]
    assert to_text(table).startswith("a / snuba, 1 draw\n")


STAGES = ("ceiling", "votes", "subset", "label model", "end model")


def staged(draw, accuracies, task="a"):
    return [
        replace(
            one(name, draw, accuracy, own="label model", task=task),
            scores={"accuracy": accuracy, **({"n_lfs": 3 + draw, "of": 7} if name == "subset" else {})},
        )
        for name, accuracy in zip(STAGES, accuracies, strict=True)
    ]


def test_a_waterfall_steps_down_from_line_to_line():
    runs = [*staged(0, (0.9, 0.8, 0.6, 0.5, 0.55)), *staged(1, (0.9, 0.7, 0.7, 0.4, 0.55))]
    table = build([*runs, *staged(0, (0.5,) * 5, task="b")], "stages")
    mine = table.rows[:5]
    assert [row["value"] for row in mine] == list(STAGES)
    assert [row["step"] for row in mine] == [None, *map(pytest.approx, (-0.15, -0.1, -0.2, 0.1))]
    assert [row["difference"] for row in mine] == [*map(pytest.approx, (0.45, 0.3, 0.2, 0, 0.1))]
    # Steps -.1 and -.2: mean -.15, standard error .05.
    assert mine[1]["step_high"] == pytest.approx(-0.15 + 12.7062 * 0.05, abs=1e-5)
    assert table.rows[5]["step"] is None
    assert mine[0]["synthesise_seconds"] is None
    text = to_text(table)
    assert "subset (4 of 7)" in text
    assert "-15.0 ± 63.5" in text
    assert "A step is the paired difference to the line above" in " ".join(text.split())


def curve(method, accuracies, draws=2, zero_shot=None):
    """Runs with 10, 100 and 1000 labels, the second draw a tenth better than the first."""
    made = []
    for n, accuracy in accuracies.items():
        for k in range(draws):
            run = one(n, k, accuracy + 0.1 * k - 0.05 * (draws - 1), own=100, method=method, n_labels=n)
            labels = {**run.record.labels, **({"zero_shot": zero_shot} if zero_shot else {})}
            made.append(replace(run, record=replace(run.record, labels=labels)))
    return made


def test_learning_curves_cross_zero_shot_and_are_worth_labels():
    yardstick = curve("logistic_regression", {10: 0.5, 100: 0.7, 1000: 0.8})
    mine = curve("snuba", {10: 0.45, 100: 0.6, 1000: 0.72})
    spoken = curve("zero_shot_clip", {100: 0.75}, zero_shot="glyph_clip")
    table = build([*yardstick, *mine, *spoken], "n_labels")
    rows = {(row["method"], row["value"]): row for row in table.rows}
    # Half way up in accuracy from 10 to 100 labels is half way up in their logarithm.
    assert rows["snuba", 100]["worth_labels"] == pytest.approx(10**1.5, abs=0.06)
    assert rows["zero_shot_clip", 100]["worth_labels"] == pytest.approx(10**2.5, abs=0.06)
    assert (rows["snuba", 10]["worth_labels"], rows["snuba", 10]["worth_note"]) == (None, "<10")
    assert rows["snuba", 1000]["ahead"] == pytest.approx(-0.08)
    assert rows["snuba", 1000]["ahead_high"] == pytest.approx(-0.08)
    assert rows["snuba", 1000]["difference"] == pytest.approx(0.12)
    assert rows["logistic_regression", 10]["ahead"] is None
    crossed = {one["method"]: one["n_labels"] for one in table.crossovers}
    assert crossed == {"logistic_regression": pytest.approx(10**2.5, abs=0.06), "snuba": None}
    assert {one["method"]: len(one["points"]) for one in table.curves} == {
        "logistic_regression": 3,
        "snuba": 3,
    }
    text = to_text(table)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "method 10 100 1000" in lines
    assert "snuba 45.0 (0 to 100) 60.0 (0 to 100) 72.0 (8.5 to 100)" in lines
    assert "zero_shot_clip (glyph_clip) takes no labels: 75.0 (11.5 to 100)" in lines
    assert "snuba with 100 labels 60.0 32 >1000" in lines
    assert "zero_shot_clip (glyph_clip) with no labels 75.0 316" in lines
    assert "logistic_regression with 100 labels 70.0 100 316" in lines


def test_in_markdown_no_sentence_touches_a_table():
    runs = [*curve("logistic_regression", {10: 0.5, 100: 0.7}), *curve("zero_shot_clip", {100: 0.75})]
    paragraphs = to_markdown(build([*runs, *curve("snuba", {10: 0.4, 100: 0.5})], "n_labels")).split("\n\n")
    tables = [part for part in paragraphs if part.startswith("|")]
    assert len(tables) == 3
    assert all(line.startswith("|") and line.endswith("|") for part in tables for line in part.splitlines())
    assert "zero_shot_clip takes no labels: 75.0 (11.5 to 100)" in paragraphs


def test_without_a_zero_shot_answer_there_is_nothing_to_cross():
    runs = [*curve("logistic_regression", {10: 0.5, 100: 0.7}), *curve("snuba", {10: 0.45, 100: 0.9})]
    table = build(runs, "n_labels")
    assert table.crossovers == []
    text = to_text(table)
    assert "reached with  " not in text
    assert ">100" in text
    failed = build([*runs[:4], one(10, 0, 0, own=100, status="skipped", n_labels=10)], "n_labels")
    assert failed.notes == ["a / raw / snuba[10], 10 labels, draw 0: skipped: broke"]


def test_end_models_show_what_probabilities_are_worth():
    runs = [
        replace(
            one(name, 0, accuracy, own="soft"), scores={"accuracy": accuracy, "log_loss": 0.5, "ece": 0.125}
        )
        for name, accuracy in (("soft", 0.8), ("hard", 0.7), ("none", 0.9))
    ]
    table = build(runs, "end_model")
    assert [(row["value"], row["difference"]) for row in table.rows] == [
        ("none", pytest.approx(0.1)),
        ("soft", 0.0),
        ("hard", pytest.approx(-0.1)),
    ]
    lines = [" ".join(line.split()) for line in to_text(table).splitlines()]
    assert "end_model accuracy difference calibration error log-loss" in lines
    assert "soft (ref.) 80.0 12.5 0.50" in lines
