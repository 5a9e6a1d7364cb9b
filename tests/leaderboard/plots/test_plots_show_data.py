"""What is drawn is what was given: positions, ends of intervals and steps are read back from the figures."""

from __future__ import annotations

from itertools import pairwise

import made_board
import numpy as np
import pytest
from drawn import named, points, texts
from matplotlib.colors import to_hex

from leaderboard.plots import (
    accuracy_coverage,
    cost,
    critical_difference,
    forest,
    learning_curves,
    pairs,
    profile,
    reliability,
    risk_coverage,
    stages,
    strengths,
    style,
)

THREE = ("snuba", "zero_shot_clip", "logistic_regression")


@pytest.fixture(scope="module")
def board():
    return made_board.make(2, 2)


@pytest.fixture(scope="module")
def small():
    return made_board.make(1, 1, methods=THREE)


def test_accuracy_and_coverage_are_where_the_markers_are(small):
    figure = accuracy_coverage.plot(small["rows"])
    found = points(figure, "points")
    for row in small["rows"]:
        assert (100 * row["coverage"], 100 * row["accuracy_covered"]) in [pytest.approx(p) for p in found]
    # Of the three only snuba abstains: a line from the accuracy on covered rows to that on all.
    snuba = small["rows"][0]
    (drop,) = named(figure, "drops")
    assert drop.get_ydata()[:2] == pytest.approx([100 * snuba["accuracy_covered"], 100 * snuba["accuracy"]])
    assert to_hex(drop.get_color()) == style.color("autows")
    assert set(THREE) <= set(texts(figure))


def test_full_coverage_stands_side_by_side_and_keeps_its_height(board):
    rows = [row for row in board["rows"] if row["task"] == "digits" and row["coverage"] == 1]
    rows = [{**row, "accuracy": 0.8, "accuracy_covered": 0.8} for row in rows][:5]
    found = sorted(points(accuracy_coverage.plot(rows), "points"))
    assert [y for _, y in found] == pytest.approx([80] * len(found))
    gaps = np.diff([x for x, _ in found])
    assert found[0][0] == 100
    assert gaps.min() > 0


def test_the_most_accurate_rows_of_a_task_are_kept_and_the_rest_is_counted():
    board = made_board.make(1, 5)
    figure = accuracy_coverage.plot(board["rows"], marked=["their_method"])
    assert len(points(figure, "points")) == accuracy_coverage.MOST_POINTS
    assert any("not shown: 71 rows" in text for text in texts(figure))
    assert "their_method" in texts(figure)


@pytest.mark.parametrize(
    ("kind", "grid", "shares"), [("gap", "gap", "shares"), ("ratio", "ratio", "ratio_shares")]
)
def test_profile_steps_are_the_shares(board, kind, grid, shares):
    standing = board["standings"][0]
    figure = profile.plot([standing], kind)
    scale = 100 if kind == "gap" else 1
    for entrant in standing["entrants"]:
        (line,) = named(figure, entrant["method"])
        n = len(standing["profile"][grid])
        assert line.get_drawstyle() == "steps-post"
        assert line.get_xdata()[:n] == pytest.approx(scale * np.array(standing["profile"][grid]))
        assert line.get_ydata()[:n] == pytest.approx(
            100 * np.array(standing["profile"][shares][entrant["method"]])
        )


def test_profile_has_a_panel_a_pool_and_colours_only_the_first(board):
    figure = profile.plot(board["standings"], most=4, marked=["their_method"])
    assert len(figure.axes) == 3
    assert {"their_method", "zero_shot_clip", "logistic_regression", "16 others"} <= set(texts(figure))
    gray = [line for line in named(figure, "majority_class") if to_hex(line.get_color()) == style.MUTED]
    assert len(gray) == 3


def test_forest_has_points_intervals_and_the_overall_diamond(board):
    comparison = board["comparisons"][0]
    figure = forest.plot(comparison)
    tasks = sorted(comparison["tasks"], key=lambda task: -task["difference"])
    assert points(figure, "point") == [pytest.approx((100 * t["difference"], i)) for i, t in enumerate(tasks)]
    ends = [line.get_xdata() for line in named(figure, "interval")]
    over_all = [[comparison[f"{which}low"], comparison[f"{which}high"]] for which in ("here_", "")]
    expected = [[t["low"], t["high"]] for t in tasks] + over_all
    assert ends == [pytest.approx([100 * low, 100 * high]) for low, high in expected]
    # The last two: on these tasks, and on others like these.
    assert points(figure, "total") == [pytest.approx((100 * comparison["difference"], i)) for i in (2, 3)]
    assert {"On these 2 tasks", "On other tasks like these"} <= set(texts(figure))
    (zero,) = named(figure, "zero")
    assert list(zero.get_xdata()) == [0, 0]


def test_forest_colours_say_who_is_ahead():
    def task(name, low, high):
        counts = {"n_draws": 5, "wins": 0, "ties": 0, "losses": 0}
        middle = (low + high) / 2
        return {"task": name, "title": name, "difference": middle, "low": low, "high": high, **counts}

    tasks = [task("a", 0.01, 0.03), task("b", -0.01, 0.02), task("c", -0.04, -0.01)]
    overall = {"difference": 0.0, "low": -0.02, "high": 0.02, "here_low": -0.01, "here_high": 0.01}
    comparison = {"method": "iws", "against": "zero_shot_clip", "tasks": tasks, **overall}
    lines = named(forest.plot(comparison), "interval")
    assert [to_hex(line.get_color()) for line in lines[:3]] == [style.BETTER, style.MUTED, style.WORSE]
    words = forest.describe(comparison)
    assert "Over all 0.0 points" in words
    assert "+2.0 on a" in words


def test_forest_against_a_control_is_sorted_and_says_what_the_board_says(board):
    entries = [dict(entry) for entry in board["comparisons"] if entry["against"] == "zero_shot_clip"]
    # Whatever an interval by itself looks like: the verdict is the board's.
    for entry in entries:
        entry["verdict"] = "open"
    entries[0]["verdict"] = "worse"
    figure = forest.plot_against(entries, made_board.FAMILIES)
    values = [x for x, _ in points(figure, "point")]
    assert values == pytest.approx(sorted((100 * e["difference"] for e in entries), reverse=True))
    ends = [tuple(line.get_xdata()) for line in named(figure, "interval")]
    assert set(ends) == {(100 * e["low"], 100 * e["high"]) for e in entries}
    inner = [tuple(line.get_xdata()) for line in named(figure, "inner")]
    assert set(inner) == {(100 * e["here_low"], 100 * e["here_high"]) for e in entries}
    here = [entry["here_verdict"] for entry in entries]
    assert texts(figure).count("worse") == 1 + here.count("worse")
    assert texts(figure).count("open") == len(entries) - 1 + here.count("open")
    words = forest.describe_against(entries)
    assert f"for other tasks like these: 0 better, 1 worse, {len(entries) - 1} open." in words
    assert f"On these tasks: {here.count('better')} better, {here.count('worse')} worse" in words
    with pytest.raises(ValueError, match="one control"):
        forest.plot_against(board["comparisons"], made_board.FAMILIES)


def test_an_interval_far_wider_than_the_others_is_cut_at_the_edge():
    items = [forest.Item(str(i), i, i - 1, i + 1, style.BETTER, ()) for i in range(5)]
    items.append(forest.Item("wide", 2, -500, 504, style.BETTER, ()))
    low, high = forest.intervals.reach(items, zero=True)
    assert low > -10
    assert high < 15
    assert low < -1
    assert high > 5


def test_two_tasks_do_not_push_everything_else_together():
    items = [forest.Item(str(i), i, -100, 100, style.BETTER, inner=(i - 1, i + 1)) for i in range(20)]
    low, high = forest.intervals.reach([*items, forest.Item("one", 3, 1, 5, style.BETTER)], zero=True)
    assert -30 < low < -1
    assert 20 < high < 50


def test_learning_curves_bands_level_and_rings(small):
    figure = learning_curves.plot(small["curves"], small["crossovers"])
    curves = {curve["method"]: curve["points"] for curve in small["curves"]}
    for method in ("snuba", "logistic_regression"):
        (line,) = named(figure, method)
        assert line.get_xdata() == pytest.approx([p["n_labels"] for p in curves[method]])
        assert line.get_ydata() == pytest.approx([100 * p["accuracy"] for p in curves[method]])
        (band,) = named(figure, f"band {method}")
        first = curves[method][0]
        heights = [y for x, y in band.get_xy().tolist() if x == first["n_labels"]]
        assert {round(y, 6) for y in heights} == {round(100 * first[end], 6) for end in ("low", "high")}
    assert named(figure, "zero_shot_clip") == []
    (level,) = named(figure, "zero_shot")
    (expected,) = [row["accuracy"] for row in small["rows"] if row["method"] == "zero_shot_clip"]
    assert level.get_ydata() == pytest.approx([100 * expected] * 2)
    passed = [entry["n_labels"] for entry in small["crossovers"] if entry["n_labels"] is not None]
    assert passed
    assert points(figure, "crossover") == [pytest.approx((n, 100 * expected)) for n in passed]
    assert figure.axes[0].get_xscale() == "log"
    # No band is cut off.
    lowest = min(p["low"] for m in ("snuba", "logistic_regression") for p in curves[m])
    assert figure.axes[0].get_ylim()[0] < 100 * lowest


def test_learning_curves_of_a_task_show_the_features_under_which_one_ends_highest(board):
    figure = learning_curves.plot(board["curves"])
    for axes in figure.axes:
        task, features = axes.get_title(loc="left").split(", ")
        ends = {
            c["representation"]: max(
                d["points"][-1]["accuracy"]
                for d in board["curves"]
                if (d["task"], d["representation"]) == (task, c["representation"])
                and d["method"] != "zero_shot_clip"
            )
            for c in board["curves"]
        }
        assert features == max(ends, key=ends.get)


def test_reliability_of_one_task_is_drawn_bin_by_bin(small):
    figure = reliability.plot(small["rows"])
    assert len(figure.axes) == 3
    by_method = {row["method"]: row for row in small["rows"]}
    for axes in figure.axes:
        method = axes.get_title(loc="left")
        row = by_method[method]
        (line,) = [artist for artist in axes.lines if artist.get_gid() == "task digits"]
        assert line.get_xdata() == pytest.approx(100 * np.array(row["reliability"]["confidence"]))
        assert line.get_ydata() == pytest.approx(100 * np.array(row["reliability"]["accuracy"]))
        assert [text.get_text() for text in axes.texts] == [f"ECE {100 * row['ece']:.1f} %"]


def test_reliability_pools_tasks_with_the_same_weight():
    rows = [
        {"reliability": {"confidence": [0.55, 0.95], "accuracy": [0.5, 0.9], "share": [0.5, 0.5]}},
        {"reliability": {"confidence": [0.55, None], "accuracy": [0.1, None], "share": [1.0, 0.0]}},
    ]
    # The bin of 0.5 to 0.6 has weights 0.25 and 0.5.
    confidence, accuracy = reliability.pooled(rows)
    assert confidence == pytest.approx([0.55, 0.95])
    assert accuracy == pytest.approx([(0.25 * 0.5 + 0.5 * 0.1) / 0.75, 0.9])
    assert reliability.histogram(rows) == pytest.approx([0, 0, 0, 0, 0, 0.75, 0, 0, 0, 0.25])


def test_risk_is_the_error_on_the_rows_kept(small):
    figure = risk_coverage.plot(small["rows"])
    for row in small["rows"]:
        (line,) = named(figure, row["method"])
        assert line.get_xdata() == pytest.approx(100 * np.array(row["risk_coverage"]["coverage"]))
        assert line.get_ydata() == pytest.approx(100 - 100 * np.array(row["risk_coverage"]["accuracy"]))


def test_risk_is_not_drawn_beside_chance_and_words_are_about_what_is_drawn(board):
    curve = {"coverage": [0.5, 1.0], "accuracy": [0.2, 0.1]}
    row = next(r for r in board["rows"] if r["method"] == "majority_class")
    rows = [{**r, "risk_coverage": curve} if r["method"] == "majority_class" else r for r in board["rows"]]
    assert row["task"] == "digits"
    figure = risk_coverage.plot(rows)
    assert named(figure, "majority_class") == []
    assert "Not drawn: majority_class, the floor." in texts(figure)
    # A method that is not drawn and makes no error is not what the words praise.
    drawn = {line.get_gid() for axes in figure.axes for line in axes.lines}
    best = {"coverage": [0.5, 1.0], "accuracy": [1.0, 1.0]}
    others = [{**r, "risk_coverage": best} if r["method"] not in drawn else r for r in board["rows"]]
    others = [r for r in others if r["method"] != "majority_class"]
    assert "0.0 %" not in risk_coverage.describe(others).partition("where")[0]


def test_reliability_compares_errors_on_the_same_tasks(board):
    rows = [
        {**r, "ece": 0.001 if r["method"] == "zlap" else r["ece"]}
        for r in board["rows"]
        if r["method"] in THREE or (r["method"] == "zlap" and r["task"] == "digits")
    ]
    words = reliability.describe(rows)
    assert "Reliability diagrams of 4 methods" in words
    assert "Of 3 methods on 2 tasks" in words
    assert "zlap" not in words
    told = [text.get_text() for text in named(reliability.plot(rows), "ece")]
    assert sum("(1 task)" in text for text in told) == 1
    assert sum("(2 tasks)" in text for text in told) == 3


def test_cost_has_every_entrant_and_says_what_is_not_in_it(board):
    entrants = board["standings"][0]["entrants"]
    figure = cost.plot(board["standings"][0])
    kept = [entrant for entrant in entrants if entrant["method"] != "majority_class"]
    expected = sorted((e["seconds"], 100 * e["mean_accuracy"]) for e in kept)
    assert sorted(points(figure, "points")) == [pytest.approx(point) for point in expected]
    assert any("to ask the foundation model for its answers, is not in them" in t for t in texts(figure))
    fastest = min(kept, key=lambda entrant: entrant["seconds"])["method"]
    assert f"the fastest is {fastest} (" in cost.describe(board["standings"][0])
    assert {"Not drawn: majority_class, the floor."} <= set(texts(figure))


def test_no_seconds_are_drawn_at_the_floor_of_the_logarithm():
    entrants = [
        {"method": name, "family": "control", "seconds": spent, "mean_accuracy": 0.5}
        for name, spent in (("a", 0.0), ("b", 2.0))
    ]
    figure = cost.plot({"pool": "labels", "representation": "all", "tasks": ["digits"], "entrants": entrants})
    assert sorted(points(figure, "points")) == [(cost.FLOOR, 50), (2.0, 50)]
    assert any("0.001 s is drawn" in text for text in texts(figure))


def test_strengths_and_their_intervals(board):
    standings = board["standings"]
    figure = strengths.plot(standings)
    assert len(figure.axes) == len(standings)
    for axes, standing in zip(figure.axes, standings, strict=True):
        expected = sorted(standing["entrants"], key=lambda e: (-e["strength"], e["method"]))
        dots = [line.get_xdata()[0] for line in axes.lines if line.get_gid() == "point"]
        ends = [list(line.get_xdata()) for line in axes.lines if line.get_gid() == "interval"]
        assert dots == pytest.approx([e["strength"] for e in expected])
        assert ends == [[e["strength_low"], e["strength_high"]] for e in expected]


def test_critical_difference_has_ranks_bar_and_groups(board):
    standing = board["standings"][0]
    figure = critical_difference.plot(standing)
    ranks = sorted(entrant["mean_rank"] for entrant in standing["entrants"])
    assert [x for x, _ in points(figure, "rank")] == pytest.approx(ranks)
    (bar,) = named(figure, "cd")
    assert np.ptp(bar.get_xdata()) == pytest.approx(standing["friedman"]["critical_difference"])
    for group in named(figure, "group"):
        assert np.ptp(group.get_xdata()) <= standing["friedman"]["critical_difference"] + 1e-9
        assert set(np.round(group.get_xdata(), 9)) <= set(np.round(ranks, 9))


@pytest.mark.parametrize(
    ("ranks", "apart", "expected"),
    [
        ([1, 2, 3], 0.5, []),
        ([1, 2, 3], 5, [(0, 2)]),
        ([1, 2, 3, 4], 1, [(0, 1), (1, 2), (2, 3)]),
        ([1.5, 1.5], 0, [(0, 1)]),
    ],
)
def test_groups_by_hand(ranks, apart, expected):
    assert critical_difference.groups(ranks, apart) == expected


def test_stages_are_dots_and_the_steps_between_them(small):
    figure = stages.plot(small["stages"])
    values = [100 * stage["accuracy"] for stage in small["stages"][0]["stages"]]
    changes = named(figure, "change")
    assert points(figure, "stage") == [pytest.approx((value, y)) for y, value in enumerate(values)]
    # What is seen is what differs: the axis does not begin at zero.
    assert figure.axes[0].get_xlim()[0] > min(values) - 5
    assert any("no upper bound" in text for text in texts(figure))
    for (before, value), change in zip(pairwise(values), changes, strict=True):
        assert change.get_x() == pytest.approx(min(before, value))
        assert change.get_width() == pytest.approx(abs(value - before))
        assert to_hex(change.get_facecolor()) == (style.BETTER if value > before else style.WORSE)


def test_of_many_stages_every_task_has_its_best_method():
    board = made_board.make(6, 2, methods=("snuba", "iws", "goggles"))
    figure = stages.plot(board["stages"])
    assert len(figure.axes) == stages.MOST_PANELS
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    for task in made_board.TASKS[:6]:
        own = [walk for walk in board["stages"] if walk["task"] == task]
        best = max(own, key=lambda walk: walk["stages"][-1]["accuracy"])
        value = f"{100 * best['stages'][-1]['accuracy']:.1f} ("
        panels = [axes for axes, title in zip(figure.axes, titles, strict=True) if title.startswith(task[:5])]
        assert any(text.get_text().startswith(value) for axes in panels for text in axes.texts)


def test_pairs_have_their_difference_in_both_cells(board):
    standing = board["standings"][0]
    figure = pairs.plot(standing)
    methods = [entrant["method"] for entrant in standing["entrants"]][: pairs.MOST]
    cells = {text.get_position(): text for text in figure.axes[0].texts}
    checked = 0
    for pair in standing["pairs"]:
        if pair["a"] in methods and pair["b"] in methods:
            i, j = methods.index(pair["a"]), methods.index(pair["b"])
            for place, sign in (((j, i), 1), ((i, j), -1)):
                shown = float(cells[place].get_text().replace("\N{MINUS SIGN}", "-"))
                assert shown == pytest.approx(sign * 100 * pair["difference"], abs=0.051)
                assert (cells[place].get_fontweight() == "bold") == (pair["p_holm"] < 0.05)
                checked += 1
    assert checked == len(cells) == len(methods) * (len(methods) - 1)
