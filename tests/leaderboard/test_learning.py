"""Learning curves, crossovers and label equivalents, by hand."""

from __future__ import annotations

import math

import pytest
from made_up import record

from leaderboard.board import build

LR, ZS = "logistic_regression", "zero_shot_clip"


def records():
    made = [
        record("s", LR, k, a, n_labels=n) for n, a in ((10, 0.2), (100, 0.6), (1000, 0.8)) for k in (0, 1)
    ]
    made += [record("s", ZS, k, 0.4, n_labels=100, needs=["zero_shot"]) for k in (0, 1)]
    made += [record("s", m, 0, a) for m, a in (("low", 0.1), ("mid", 0.7), ("high", 0.9))]
    return made


def worth(board, method):
    (row,) = [r for r in board.rows if (r["method"], r["n_labels"]) == (method, 100)]
    return row["worth_labels"], row["worth_note"]


def test_worth_so_many_labels():
    board = build(records())
    # Half of the way from 10 to 100, and from 100 to 1000, on a logarithmic scale.
    assert worth(board, ZS) == (pytest.approx(10 * math.sqrt(10), abs=0.1), None)
    assert worth(board, "mid") == (pytest.approx(100 * math.sqrt(10), abs=0.1), None)
    assert worth(board, LR) == (100.0, None)
    assert worth(board, "low") == (None, "<10")
    assert worth(board, "high") == (None, ">1000")


def test_no_curve_no_worth():
    board = build([record("s", LR, 0, 0.5), record("s", "a", 0, 0.6)])
    assert [(row["worth_labels"], row["worth_note"]) for row in board.rows] == [(None, None)] * 2
    assert board.curves == board.crossovers == []


def test_curves_are_those_with_several_numbers_of_labels():
    (curve,) = build(records()).curves
    assert curve["method"] == LR
    assert [(p["n_labels"], p["accuracy"], p["n_draws"]) for p in curve["points"]] == [
        (10, 0.2, 2),
        (100, 0.6, 2),
        (1000, 0.8, 2),
    ]


def test_where_a_curve_crosses_zero_shot():
    (found,) = build(records()).crossovers
    assert found["n_labels"] == pytest.approx(31.6, abs=0.1)
    assert found["sentence"] == f"{LR} on s / raw is at or above zero-shot from about 32 labels on"
    never = [r for r in records() if r.key.method != ZS]
    never += [record("s", ZS, k, 0.95, needs=["zero_shot"]) for k in (0, 1)]
    (found,) = build(never).crossovers
    assert found["n_labels"] is None
    assert "stays below zero-shot up to 1000 labels" in found["sentence"]
