from __future__ import annotations

from autows.runs.record import Key, Record
from leaderboard.lf_table import rows, to_text

KEY = Key("a", 1, "", "raw", 1, {}, "snuba", {}, "0", 0, 100)
LF = {
    "kind": "stump",
    "features": [3],
    "threshold": 1.25,
    "below": 0.0,
    "above": 0.9,
    "label": 1,
    "at_least": 0.5,
}
ANALYSIS = {
    "polarity": [1],
    "coverage": 0.25,
    "overlap": 0.125,
    "conflict": 0.0,
    "seed_votes": 7,
    "seed_correct": 5,
    "seed_accuracy": 5 / 7,
}


def make(info):
    labels = {"task": "a", "representation": "raw", "method": "snuba"}
    return Record(KEY, "ok", labels, info=info, scores={"accuracy": 0.5})


def test_each_labeling_function_has_a_line_with_its_words_and_numbers():
    table = rows(make({"lfs": [LF, LF], "lf_analysis": [ANALYSIS, ANALYSIS]}), ("ham", "spam"))
    assert table[0] == {"lf": LF, "words": "spam where feature 3 > 1.25", **ANALYSIS}
    line = to_text(table).splitlines()[2].split()
    assert line == [
        "0",
        "spam",
        "where",
        "feature",
        "3",
        ">",
        "1.25",
        "1",
        "25.0",
        "12.5",
        "0.0",
        "5",
        "of",
        "7",
    ]


def test_votes_without_descriptions_and_methods_without_votes_are_fine():
    unseen = {k: v for k, v in ANALYSIS.items() if not k.startswith("seed")}
    (row,) = rows(make({"lfs": [], "lf_analysis": [unseen]}))
    assert row["words"] == ""
    assert "right on seeds" not in to_text([row])
    assert to_text(rows(make({"lfs": []}))) == "This method has no labeling functions"
