"""What the parts of the page are made of, on boards small enough to do by hand."""

from __future__ import annotations

import fake_board
import pytest

from leaderboard.page import answer, cards, comparisons, formats, results, standings, tasks
from leaderboard.page.provenance import grouped, views


def comparison(method, against, difference, verdict="open", here="open", n_tasks=3, **more):
    return {
        "method": method, "against": against, "n_labels": 100, "representation": "all", "tasks": [],
        "difference": difference, "low": difference - 0.03, "high": difference + 0.03, "p": 0.5,
        "here_low": difference - 0.01, "here_high": difference + 0.01, "here_p": 0.5,
        "verdict": verdict, "here_verdict": here, "verdict_single": verdict, "n_tasks": n_tasks,
        "n_tasks_expected": n_tasks, "missing": [], "complete": True, "wins": 0, "ties": 0, "losses": 0,
        "sentence": "", **more,
    }  # fmt: skip


def line(task, difference, low, high, features=("raw",)):
    return {"task": task, "title": task, "difference": difference, "low": low, "high": high,
            "representations": list(features)}  # fmt: skip


def entrant(method, accuracy, group, low=None, high=None):
    return {"method": method, "family": "autows", "mean_rank": 1.0, "mean_accuracy": accuracy,
            "accuracy_here_low": low, "accuracy_here_high": high, "tie_group": group}  # fmt: skip


def standing(pool, entrants, cells=(("a", "raw"), ("b", "raw"))):
    return {"pool": pool, "representation": "all", "n_labels": 100, "tasks": sorted({c[0] for c in cells}),
            "cells": [list(c) for c in cells], "entrants": entrants, "pairs": [],
            "smallest_difference_of_pairs": None}  # fmt: skip


def row(method, family="autows", n_labels=100, **more):
    return {"method": method, "family": family, "n_labels": n_labels, "n_draws": 3, "task": "a",
            "representation": "raw", "zero_shot": None, "same_as": None, "accuracy": 0.5, **more}  # fmt: skip


def board(**parts):
    return {"rows": [row("iws")], "standings": [], "comparisons": [], "tasks": [{}, {}, {}]} | parts


def said(found):
    return [sentence.striptags().replace("\xa0", " ") for sentence in found]


def test_the_answer_names_who_is_not_separated():
    entrants = [entrant("iws", 0.8125, 1, 0.7, 0.9), entrant("snuba", 0.81, 1), entrant("goggles", 0.5, 2)]
    found = answer.sentences(board(standings=[standing("class_names", entrants)]))
    assert said(found) == ["Over 2 tasks, iws has the best mean rank of 3 methods, not separated from snuba."]


def test_the_answer_says_once_that_no_rank_is_separated():
    entrants = [entrant("iws", 0.8125, 1), entrant("snuba", 0.81, 1)]
    found = answer.sentences(board(standings=[standing("class_names", entrants)]))
    assert said(found) == [
        "Over 2 tasks, iws has the best mean rank of 2 methods; 2 tasks are too few to separate any of the "
        "ranks."
    ]
    enough = standing("class_names", entrants) | {"smallest_difference_of_pairs": 0.1}
    assert said(answer.sentences(board(standings=[enough])))[0].endswith(
        "the best mean rank of 2 methods, not separated from any other."
    )


def test_the_answer_counts_the_verdicts_of_the_board_and_none_of_its_own():
    found = answer.sentences(
        board(comparisons=[
            # Its interval by itself leaves out zero; after Holm the question is open.
            comparison("iws", "logistic_regression", 0.05, "open", "better"),
            comparison("snuba", "logistic_regression", 0.06, "better", "better", n_tasks=2),
            comparison("goggles", "logistic_regression", -0.05, "worse", "open"),
            comparison("majority_class", "logistic_regression", -0.5, "worse", "worse"),
            comparison("iws", "zero_shot_clip", -0.01, n_tasks=1),
        ])
    )  # fmt: skip
    assert said(found)[:2] == [
        "Against training logistic_regression on the same 100 labels (3 methods): on these 2 to 3 tasks "
        "2 are better (snuba +6.0 points over 2 tasks and iws +5.0 points over 3 tasks) and 1 is open; on "
        "other tasks like these 1 is better (snuba +6.0 points over 2 tasks), 1 is worse and 1 is open.",
        "Against the answers of a foundation model, zero_shot_clip (1 method): on the only task none is "
        "shown to be better and 1 is open.",
    ]


def test_who_failed_on_the_hard_tasks_is_neither_counted_nor_first():
    lucky = comparison("snuba", "logistic_regression", 0.3, "better", "better", n_tasks=1, complete=False)
    whole = comparison("iws", "logistic_regression", 0.01)
    made = board(rows=[row("snuba"), row("iws")], comparisons=[lucky, whole])
    assert said(answer.sentences(made))[0].endswith(
        "(1 method): on these 3 tasks none is shown to be better and 1 is open; what holds on other tasks is "
        "open. Not counted, as results are missing: snuba."
    )
    (approach,) = answer.approaches(made)
    assert [one["method"] for one in approach["methods"]] == ["iws", "snuba"]


def test_the_answer_says_who_speaks_zero_shot_and_where_it_only_guesses():
    speaks = {"family": "zero-shot", "zero_shot": "glyph_clip"}
    made = board(
        rows=[
            row("zero_shot_clip", accuracy=0.9, **speaks),
            row("zero_shot_clip", accuracy=0.8, representation="pca", **speaks),
            row("zero_shot_clip", accuracy=0.1, task="b", **speaks),
            row("zero_shot_clip", accuracy=0.7, task="b", representation="pca", **speaks | {"same_as": "a"}),
        ],
        comparisons=[
            comparison("majority_class", "zero_shot_clip", -0.4, tasks=[
                line("a", -0.8, -0.9, -0.7), line("b", -0.01, -0.03, 0.01)
            ])
        ],
    )  # fmt: skip
    assert said(answer.sentences(made))[0] == (
        "Who answers there is glyph_clip (a small CLIP trained on rendered glyphs): right on 85.0 % of a and "
        "10.0 % of b; on b no better than guessing (majority_class); it has no answers on 1 other task."
    )


def test_the_answer_looks_at_labels_only_where_these_are_other_cells():
    wide = standing("class_names", [entrant("zlap", 0.9, 1)])
    narrow = standing("labels", [entrant("iws", 0.8, 1)], cells=(("a", "raw"), ("b", "raw"), ("c", "raw")))
    assert said(answer.sentences(board(standings=[narrow, wide])))[1].startswith(
        "Without class names and pretrained features: over 3 tasks, iws"
    )
    assert len(answer.sentences(board(standings=[standing("labels", [entrant("iws", 0.8, 1)]), wide]))) == 1


def test_page_opens_with_a_hundred_labels_or_what_most_rows_have():
    assert answer.main_labels(board(rows=[row("a", n_labels=25)] * 3 + [row("a", n_labels=100)])) == 100
    assert answer.main_labels(board(rows=[row("a", n_labels=25)] * 3 + [row("a", n_labels=50)])) == 25
    assert answer.main_labels(board(rows=[])) is None


def test_approaches_show_their_methods_and_what_they_are_compared_on():
    found = answer.approaches(
        board(
            rows=[row("snuba"), row("iws"), row("logistic_regression", "control", representation="pca"),
                  row("label_spreading", "baseline"), row("majority_class", "control"),
                  row("zero_shot_clip", "zero-shot", zero_shot="clip"), row("zlap", "zero-shot"),
                  row("a", "few-shot"), row("b", "few-shot"), row("c", "few-shot")],
            comparisons=[
                comparison("snuba", "logistic_regression", 0.02, tasks=[
                    line("a", 0, 0, 0, ("raw",)), line("b", 0, 0, 0, ("raw", "pca"))
                ]),
                comparison("iws", "logistic_regression", 0.01),
                comparison("label_spreading", "logistic_regression", 0.1),
                comparison("zlap", "logistic_regression", 0.1, tasks=[line("a", 0, 0, 0)]),
            ],
        )
    )  # fmt: skip
    assert [(a["title"], [one["method"] for one in a["methods"]], a["n_more"]) for a in found] == [
        ("Train on the labels", ["logistic_regression", "label_spreading"], 0),
        ("Write labeling functions", ["snuba", "iws"], 0),
        ("Ask a foundation model", ["zero_shot_clip"], 0),
        ("Adapt a foundation model", ["zlap", "a", "b"], 1),
    ]
    shown = {one["method"]: one for a in found for one in a["methods"]}
    assert shown["zero_shot_clip"]["speaker"] == "clip"
    # All features need not be named.
    assert (shown["snuba"]["features"], shown["zlap"]["features"]) == ([], ["raw"])
    assert shown["logistic_regression"]["gain"] is None
    assert shown["snuba"]["gain"]["difference"] == 0.02


def test_bands_follow_tie_groups_and_share_ranks():
    entrants = [entrant(m, 0.5, g) for m, g in zip("abcdef", (1, 1, 2, 3, 3, 3), strict=True)]
    assert [(b["ranks"], b["leader"], len(b["entrants"])) for b in standings.bands(entrants)] == [
        ("1\u20132", "a", 2),
        ("3", "c", 1),
        ("4\u20136", "d", 3),
    ]
    alone = [entrant(m, 0.5, None) for m in "ab"]
    assert [b["ranks"] for b in standings.bands(alone)] == ["1", "2"]


def test_first_standing_is_the_widest_over_all_features():
    found = standings.views(fake_board.make(n_tasks=2, n_features=2, labels=(25, 100)))
    assert [s["chosen"] for s in found].count(True) == 1
    first = found[0]
    assert (first["chosen"], first["pool"], first["representation"], first["n_labels"]) == (
        True, "class_names", "all", 100,
    )  # fmt: skip


def test_axis_leaves_out_who_is_far_below():
    entrants = [
        entrant("a", 0.9, 1, 0.88, 0.93),
        entrant("b", 0.85, 2),
        entrant("c", 0.84, 2),
        entrant("d", 0.1, 3),
    ]
    assert standings.axis(entrants) == {"low": 0.8, "high": 1.0}
    assert standings.axis(entrants[3:]) == {"low": 0.1, "high": 0.2}
    assert standings.axis([]) == {"low": 0.0, "high": 1.0}


def test_comparisons_are_by_control_with_the_largest_gain_first():
    lacks = [{"task": "c", "representation": "raw", "status": "failed", "reason": "memory"},
             {"task": "d", "representation": "raw", "status": "cannot run", "reason": "no text"}]  # fmt: skip
    (lr, clip) = comparisons.views(
        board(comparisons=[
            comparison("iws", "zero_shot_clip", 0.01),
            comparison("iws", "logistic_regression", 0.01, missing=lacks),
            comparison("snuba", "logistic_regression", 0.02, low=-0.9, high=0.94),
        ])
    )  # fmt: skip
    assert (lr["against"], clip["against"]) == ("logistic_regression", "zero_shot_clip")
    assert [entry["method"] for entry in lr["entries"]] == ["snuba", "iws"]
    assert (lr["entries"][1]["lacks"], lr["entries"][1]["cannot"]) == ("failed on c", ["no text"])
    # An interval over two tasks does not push the others together: half as far again as .03.
    assert lr["span"] == pytest.approx(0.05)


def test_pairs_for_the_script_keep_their_direction_and_verdicts():
    tasks = [line("b", 0.012345, -0.01, None), line("a", 0.1, 0.05, 0.15, ("pca", "raw"))]
    duel = comparison("snuba", "iws", 0.05, verdict="better", here_p=0.2, tasks=tasks)
    found = comparisons.data([duel])
    assert (found["methods"], found["tasks"]) == (["iws", "snuba"], ["a", "b"])
    assert found["duels"] == [
        [
            1, 0, 100, [0.05, 0.02, 0.08, 0.5, 1], [0.05, 0.04, 0.06, 0.2, 0],
            [[1, 0.0123, -0.01, None, ["raw"]], [0, 0.1, 0.05, 0.15, ["pca", "raw"]]],
        ]
    ]  # fmt: skip
    worse = comparisons.data([duel | {"difference": -0.05, "here_p": 0.01}])
    assert worse["duels"][0][4][-1] == -1


def test_rows_in_order_and_in_numbers():
    made = fake_board.make(n_tasks=2, n_features=2)
    ordered = results.in_order(made["rows"])
    assert [r["task"] for r in ordered] == sorted(r["task"] for r in made["rows"])
    first = [r for r in ordered if (r["task"], r["representation"]) == ("breast_cancer", "raw")]
    known = [r["accuracy"] for r in first if r["accuracy"] is not None]
    assert known == sorted(known, reverse=True)
    assert first[-1]["accuracy"] is None
    shown = results.columns(ordered)
    assert "n_labels" not in [column.key for column in shown]
    line = results.view(first[0], shown)
    numeric = [column for column in shown if column.value]
    assert len(line["numbers"].split(",")) == len(numeric)
    at = [column.key for column in numeric].index("accuracy")
    assert float(line["numbers"].split(",")[at]) == first[0]["accuracy"]
    assert results.view(first[-1], shown)["numbers"].split(",")[at] == ""
    both = results.columns([*ordered, ordered[0] | {"n_labels": 25}])
    assert "n_labels" in [column.key for column in both]


@pytest.mark.parametrize(
    ("number", "note", "text", "value"),
    [
        (131.4, None, "131", 131.4),
        (None, "<10", "<10", 9.0),
        (None, ">1000", ">1000", 1001.0),
        (None, None, "\u2013", None),
    ],
)
def test_worth(number, note, text, value):
    made = {"worth_labels": number, "worth_note": note}
    assert results.worth(made) == text
    assert results._worth_value(made) == value


def test_status_says_what_became_of_the_draws():
    made = {"n_draws": 0, "n_failed": 0, "n_timeout": 3, "n_skipped": 0, "reason": "60 seconds"}
    assert results.status(made) == ("timeout", "ran out of time: 60 seconds")
    assert results.status(made | {"n_draws": 2, "n_timeout": 0}) is None
    assert results.status(made | {"n_draws": 2, "n_timeout": 1, "reason": None}) == (
        "timeout", "1 of 3 draws ran out of time",
    )  # fmt: skip


def test_tasks_show_methods_by_features():
    made = fake_board.make()
    found = {task["task"]: task for task in tasks.views(made)}
    digits = found["digits"]
    assert digits["features"] == ["glyph_clip", "pca", "raw"]
    assert len(digits["lines"]) == 10
    tops = [max(c["row"]["accuracy"] for c in line["cells"]) for line in digits["lines"]]
    assert tops == sorted(tops, reverse=True)
    assert len(digits["published"]) == 2
    best = max(
        (r for r in made["rows"] if r["task"] == "digits" and r["best"]), key=lambda row: row["accuracy"]
    )
    tied = [r for r in made["rows"] if r["task"] == "digits" and r["tie_group"] == 1 and not r["best"]]
    assert digits["best"] == best
    assert digits["n_tied"] == sum(r["representation"] == best["representation"] for r in tied)
    assert found["permuted_digits"]["same_as"] == [("pca", "digits"), ("raw", "digits")]
    skipped = next(line for line in found["breast_cancer"]["lines"] if line["method"] == "zero_shot_clip")
    assert {cell["status"][0] for cell in skipped["cells"]} == {"skipped"}


def test_curves_have_a_point_or_none_for_each_number():
    made = fake_board.make(n_tasks=1, n_features=1, labels=(25, 100))
    made["curves"][0]["points"].pop()
    (table,) = tasks.curves(made)
    assert table["numbers"] == [25, 100]
    short = next(line for line in table["lines"] if line["method"] == made["curves"][0]["method"])
    assert [point is None for point in short["points"]] == [False, True]
    assert len(table["crossovers"]) == 1


def test_waterfalls_have_an_axis_around_what_they_show():
    walk = {"stages": [{"name": n, "accuracy": a} for n, a in (("x", 0.93), ("y", 0.86), ("z", None))]}
    (found,) = tasks.waterfalls({"stages": [walk]})
    assert found["axis"] == {"low": 0.85, "high": 0.95}


def test_where_rows_come_from_is_one_place_or_several():
    rows = [{"origin": "reference"}, {"origin": "reference"}]
    assert results.one_origin(rows) == "reference"
    assert results.one_origin([*rows, {"origin": "results"}]) is None


def test_cards_list_what_a_submission_states():
    made = fake_board.make(n_tasks=1, n_features=1, n_methods=3)
    made["rows"][0]["submission"] = {"name": "x", "author": "y", "link": None, "saw_test": True, "notes": ""}
    (card,) = [c for c in cards.views(made) if c["method"] == made["rows"][0]["method"]]
    assert card["statements"] == [("saw test", "yes")]
    assert card["n_rows"] == 1


def test_notes_and_provenance():
    found = grouped(
        ["Not ranked overall: zlap has 2 of 8", "x on a / b: 1 of 3 draws ran out of time: y", "Wide"]
    )
    assert [name for name, _ in found] == ["General", "Ran out of time", "Not ranked"]
    known = views({"packages": {"numpy": ["2.1", "2.2"]}, "n_records": 1234, "new_field": ["z"], "cpus": []})
    assert known == [("Records", "1,234"), ("Packages", "numpy: 2.1, 2.2"), ("New field", "z")]


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//example.org", "http://",
     "https://a b", "ftp://a", "https://a\nb", "http://[", None, 7, " https://a", "https:\\\\a"],
)  # fmt: skip
def test_unsafe_addresses_are_no_links(address):
    assert formats.link(address) is None


def test_names_have_different_anchors():
    names = ["a b", "a-b", "a.b", "a_b", "a/b", "ä", 'a"b', "a.20b"]
    found = {formats.anchor("task", name) for name in names}
    assert len(found) == len(names)
    assert all(name.isascii() and not set(name) & set(' "<>#?&') for name in found)
