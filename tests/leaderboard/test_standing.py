"""Where a method stands, in numbers and in words."""

from __future__ import annotations

from made_up import ENTRANT, B, record, table

from leaderboard.board import build
from leaderboard.standing import ranks, text


def test_places_by_hand():
    board = build(table(ENTRANT))
    (labels, features) = ranks(board, B)
    assert (labels["pool"], labels["place"], labels["n_entrants"], labels["mean_rank"]) == (
        "labels",
        2,
        4,
        2.5,
    )
    assert features["pool"] == "features"
    words = text(board, "d")
    assert f"d is 40.0 points above {B} on these 2 tasks" in words
    assert "No comparison with zero_shot_clip" in words
    place = "Labels only: place 1 of 4 (mean rank 1.00 over s, t)"
    assert f"{place}; 2 tasks are too few to separate any two of them." in words


def test_who_is_not_complete_is_told_so():
    board = build([r for r in table(ENTRANT) if (r.key.task, r.key.method) != ("t", "d")])
    assert ranks(board, "d") == []
    assert "count (Labels only) it has no result in t / raw." in text(board, "d")


def test_on_some_features_only():
    more = [
        record(t, m, k, 0.5, "clip", encoders={"representation": {"weights": "x"}})
        for t in "st"
        for m in ("label_spreading", B, "majority_class")
        for k in range(3)
    ]
    board = build(table(ENTRANT) + more)
    places = ranks(board, "d")
    assert [(p["pool"], p["representation"]) for p in places] == [("labels", "all"), ("features", "raw")]
    assert "+ pretrained features, raw features: place 1 of 4" in text(board, "d")
