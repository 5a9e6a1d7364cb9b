"""Ablation tables by hand."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from autows.runs.record import Key, Record
from leaderboard.ablation import Reference, build, spread, to_text


def record(value, draw, accuracy, task="a", status="ok", method="snuba", keep=1):
    key = Key(
        task=task,
        task_version=1,
        task_variant="",
        representation="raw",
        representation_version=1,
        representation_parameters={},
        method=method,
        parameters={"label_model": value, "keep": keep},
        source_hash="0",
        draw=draw,
        n_labels=100,
    )
    return Record(
        key=key,
        status=status,
        labels={"task": task, "representation": "raw", "method": f"{method}[{value}]"},
        reason="" if status == "ok" else "broke",
        scores={"accuracy": accuracy, "coverage": 0.5} if status == "ok" else {},
        seconds={"synthesise": 2.0, "aggregate": 0.25},
    )


def reference(keep=1):
    return Reference(f"snuba[keep={keep}]", "snuba", {"label_model": "ds", "keep": keep})


def test_differences_are_paired_over_the_draws_both_have():
    records = [record("ds", 0, 0.5), record("ds", 1, 0.7), record("mv", 1, 0.8), record("mv", 0, 0.4)]
    best, other = build(records, "label_model", [reference()]).rows
    assert (best["value"], best["reference"], best["accuracy"], best["difference"]) == ("ds", True, 0.6, 0.0)
    assert (other["value"], other["accuracy"], other["difference"]) == ("mv", 0.6, 0.0)
    # Differences -.1 and .1: mean 0, standard error .1, t(1) = 12.706.
    assert other["difference_high"] == pytest.approx(1.270620, abs=1e-5)
    assert (other["coverage"], other["pool_accuracy"], other["synthesise_seconds"]) == (0.5, None, 2.0)
    short = build(records[:3], "label_model", [reference()]).rows
    assert short[0]["value"] == "mv"
    assert (short[0]["n_draws"], short[0]["difference"], short[0]["difference_low"]) == (
        1,
        pytest.approx(0.1),
        None,
    )


def test_a_reference_without_a_result_leaves_no_difference_and_a_note():
    table = build([record("ds", 0, 0, status="failed"), record("mv", 0, 0.8)], "label_model", [reference()])
    (row,) = table.rows
    assert row["difference"] is None
    assert table.notes == ["a / raw / snuba[ds], draw 0: failed: broke"]
    assert "failed: broke" in to_text(table)


def test_methods_that_differ_otherwise_have_tables_of_their_own():
    records = [record("ds", 0, 0.5), record("ds", 0, 0.6, keep=2), record("mv", 0, 0.7, keep=2)]
    rows = build(records, "label_model", [reference(), reference(2)]).rows
    assert [(r["method"], r["value"]) for r in rows] == [
        ("snuba[keep=1]", "ds"),
        ("snuba[keep=2]", "mv"),
        ("snuba[keep=2]", "ds"),
    ]


def test_the_order_of_records_does_not_matter_and_text_and_json_can_be_written():
    records = [record(v, k, 0.5 + 0.1 * k, task=t) for v in ("ds", "mv") for k in range(3) for t in "ba"]
    one, other = (build(order, "label_model", [reference()]) for order in (records, records[::-1]))
    assert one == other
    json.dumps(asdict(one), allow_nan=False)
    text = to_text(one)
    assert text.index("a / raw") < text.index("b / raw")
    assert "ds *" in text
    assert "60.0 ± 24.8" in text


def test_prompts_are_an_axis_with_a_spread():
    def prompted(template, accuracy):
        made = record("ds", 0, accuracy, method="zero_shot_clip")
        return replace(made, info={} if template is None else {"prompts": [template]})

    runs = [prompted(None, 0.9), prompted("a {}", 0.7), prompted("the {}", 0.8)]
    table = build(
        runs, "prompt", [Reference("zero_shot_clip", "zero_shot_clip", {"label_model": "ds", "keep": 1})]
    )
    assert [(row["value"], row["reference"]) for row in table.rows] == [
        ("all of the card", True),
        ("the {}", False),
        ("a {}", False),
    ]
    assert table.rows[2]["difference"] == pytest.approx(-0.2)
    assert "One prompt at a time: mean 75.0, from 70.0 to 80.0" in to_text(table)
    assert spread(table.rows[:2]) == ""
