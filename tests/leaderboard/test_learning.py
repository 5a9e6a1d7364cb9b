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


def crossing(curve, zero_shot=0.4, draws=(0, 1)):
    """Return where a curve by number of labels, one accuracy or one a draw, crosses zero-shot."""
    made = [record("s", ZS, k, zero_shot, needs=["zero_shot"]) for k in draws]
    for n, values in curve.items():
        by_draw = values if isinstance(values, dict) else dict.fromkeys(draws, values)
        made += [record("s", LR, k, a, n_labels=n) for k, a in by_draw.items()]
    (found,) = build(made).crossovers
    return found


def test_where_a_curve_crosses_zero_shot():
    found = crossing({10: 0.2, 100: 0.6, 1000: 0.8})
    assert (found["n_labels"], found["bound"]) == (pytest.approx(31.6, abs=0.1), None)
    assert found["sentence"] == f"{LR} on s / raw is at or above zero-shot from about 32 labels on"


@pytest.mark.parametrize(
    ("curve", "bound", "said"),
    [
        ({10: 0.1, 1000: 0.3}, ">1000", "stays below zero-shot up to 1000 labels"),
        ({10: 0.5, 100: 0.6}, "<10", "is above zero-shot with 10 labels, the fewest that were run, and more"),
        (
            {10: 0.1, 100: 0.5, 1000: 0.3},
            "not monotone",
            "is at or above zero-shot with 100 labels and below it with 10 and 1000",
        ),
    ],
)
def test_where_no_number_of_labels_can_be_said_none_is(curve, bound, said):
    found = crossing(curve)
    assert (found["n_labels"], found["bound"]) == (None, bound)
    assert found["sentence"].endswith(said)


def test_a_curve_that_begins_at_zero_shot_is_there_with_the_fewest_labels():
    found = crossing({10: 0.4, 100: 0.6})
    assert found["n_labels"] == 10
    assert found["sentence"].endswith(
        "at or above zero-shot with 10 labels, the fewest that were run, and more"
    )


def test_an_interval_of_a_crossover_is_over_the_draws_that_all_points_have():
    found = crossing({10: {0: 0.2, 1: 0.22, 2: 0.2}, 100: {0: 0.6, 1: 0.61, 2: 0.6}}, draws=(0, 1, 2))
    low, high = (float(x) for x in found["interval"].split(" to "))
    assert low < found["n_labels"] < high
    assert found["sentence"].endswith(f"(95 % interval {found['interval']})")
    assert crossing({10: {0: 0.2, 1: 0.3}, 100: {0: 0.6}})["interval"] is None


def test_of_zero_shot_run_with_several_numbers_of_labels_the_most_counts():
    made = [record("s", ZS, 0, a, n_labels=n, needs=["zero_shot"]) for n, a in ((10, 0.9), (100, 0.4))]
    made += [record("s", LR, 0, a, n_labels=n) for n, a in ((10, 0.2), (100, 0.6))]
    (found,) = build(made).crossovers
    assert found["n_labels"] == pytest.approx(10 * math.sqrt(10), abs=0.1)


def test_a_method_is_read_against_the_draws_it_has():
    made = [record("s", LR, k, a + 0.2 * k, n_labels=n) for n, a in ((10, 0.2), (1000, 0.6)) for k in (0, 1)]
    # In draw 1 the curve is .4 to .8, so .6 is half way; over both draws it would be three quarters.
    assert worth(build([*made, record("s", "late", 1, 0.6)]), "late") == (pytest.approx(100, abs=0.1), None)
    # Without a draw in common there is nothing to say.
    assert worth(build([*made, record("s", "late", 2, 0.6)]), "late") == (None, None)


def test_every_kind_of_features_has_a_curve_of_its_own():
    made = [record("s", LR, 0, a, n_labels=n) for n, a in ((10, 0.1), (1000, 0.3))]
    made += [record("s", LR, 0, a, "pca", n_labels=n) for n, a in ((10, 0.4), (1000, 0.8))]
    rows = build([*made, record("s", "a", 0, 0.6, "pca")]).rows
    (mine,) = [row for row in rows if row["method"] == "a"]
    assert mine["worth_labels"] == pytest.approx(100, abs=0.1)


def test_a_curve_that_falls_is_worth_its_own_labels_and_no_other_row_is_beyond_it():
    made = [record("s", LR, 0, a, n_labels=n) for n, a in ((10, 0.5), (100, 0.7), (1000, 0.65))]
    board = build([*made, record("s", "a", 0, 0.68), record("s", "b", 0, 0.71)])
    assert worth(board, LR) == (100.0, None)
    assert worth(board, "a") == (None, "not monotone")
    assert worth(board, "b") == (None, ">1000")


def test_worth_has_an_interval():
    made = [
        record("s", LR, k, a + 0.01 * (k == j), n_labels=n)
        for j, (n, a) in enumerate(((10, 0.2), (100, 0.6), (1000, 0.8)))
        for k in (0, 1, 2)
    ]
    (row,) = [
        r for r in build([*made, *(record("s", "a", k, 0.5) for k in (0, 1, 2))]).rows if r["method"] == "a"
    ]
    low, high = (float(x) for x in row["worth_interval"].split(" to "))
    assert 10 < low < row["worth_labels"] < high < 100
