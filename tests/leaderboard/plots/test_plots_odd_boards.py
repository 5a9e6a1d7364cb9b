"""Boards that are empty, tiny, large or have gaps: nothing out of sight; a warning would be an error here."""

from __future__ import annotations

import json
import re

import made_board
import pytest
from drawn import figures, inlined, out_of_sight, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from leaderboard import plots
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
from leaderboard.plots.labels import Label, place
from leaderboard.plots.layout import log_limits, sheet
from leaderboard.short_names import short

LONG = "snuba[cardinality=2,label_model=metal]"


def test_nothing_to_show_is_none():
    nobody = {"entrants": [], "pairs": [], "profile": None, "friedman": None, "tasks": [], "pool": "labels"}
    assert accuracy_coverage.plot([]) is None
    assert cost.plot(nobody) is None
    assert cost.plot_by_task([]) is None
    assert critical_difference.plot(nobody) is None
    assert forest.plot_against([], {}) is None
    assert learning_curves.plot([]) is None
    assert pairs.plot(nobody) is None
    assert profile.plot([]) is None
    assert profile.plot([nobody], "ratio") is None
    assert reliability.plot([]) is None
    assert risk_coverage.plot([]) is None
    assert stages.plot([]) is None
    assert strengths.plot([nobody]) is None
    assert list(plots.figures({})) == []
    assert list(plots.figures({"rows": [], "standings": []})) == []


def test_values_that_are_missing_are_left_out():
    board = made_board.make(1, 1)
    for row in board["rows"]:
        row.update(accuracy=None, accuracy_low=None, accuracy_high=None, coverage=None, accuracy_covered=None)
        row.update(seconds=None, reliability=None, risk_coverage=None, ece=None)
    for curve in board["curves"]:
        for point in curve["points"]:
            point.update(accuracy=None, low=None, high=None)
    for standing in board["standings"]:
        standing["friedman"] = None
        for entrant in standing["entrants"]:
            entrant.update(strength=None, strength_low=None, strength_high=None, seconds=None, mean_rank=None)
        for pair in standing["pairs"]:
            pair.update(difference=None, low=None, high=None, p=None, p_holm=None)
    for entry in board["comparisons"]:
        entry.update(difference=None, low=None, high=None, tasks=[])
    for walk in board["stages"]:
        for stage in walk["stages"]:
            stage["accuracy"] = None
    assert {stem for stem, *_ in plots.figures(board)} == {"profile", "profile_ratio"}


def _equal(board):
    for row in board["rows"]:
        row.update(accuracy=1.0, coverage=1.0, accuracy_covered=1.0, seconds=0.0)
        row["risk_coverage"] = {"coverage": [0.5, 1.0], "accuracy": [1.0, 1.0]}
        row["reliability"] = {"confidence": [1.0, None], "accuracy": [1.0, None], "share": [1.0, 0.0]}
    for curve in board["curves"]:
        for point in curve["points"]:
            point.update(accuracy=1.0, low=1.0, high=1.0)
    for standing in board["standings"]:
        names = [entrant["method"] for entrant in standing["entrants"]]
        standing["profile"] = {
            "gap": [0.0],
            "shares": {name: [1.0] for name in names},
            "ratio": [1.0],
            "ratio_shares": {name: [1.0] for name in names},
        }
        for entrant in standing["entrants"]:
            entrant.update(mean_rank=2.0, strength=0.0, strength_low=0.0, strength_high=0.0, seconds=0.0)
            entrant.update(mean_accuracy=1.0)
        for pair in standing["pairs"]:
            pair.update(difference=0.0)
    for entry in board["comparisons"]:
        entry.update(difference=0.0, low=0.0, high=0.0)
        for task in entry["tasks"]:
            task.update(difference=0.0, low=0.0, high=0.0)
    return board


BOARDS = {
    "one of everything": lambda: made_board.make(1, 1, methods=(LONG,), n_draws=1),
    "all scores equal": lambda: _equal(made_board.make(2, 1, methods=("iws", "zero_shot_clip", "zlap"))),
    "names of any kind": lambda: _renamed(made_board.make(1, 1, methods=tuple(NAMES), n_draws=1)),
}

NAMES = {
    "iws": "$x_1$",
    "snuba": "手書き数字",
    "zlap": "a" * 200,
    "gda": "%s {} {0}",
    "transclip": "_private",
    "goggles": "<&>",
    "zero_shot_clip": "zero_shot_clip",
}


def _renamed(board):
    text = json.dumps(board)
    for old, new in NAMES.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    return json.loads(text)


@pytest.mark.parametrize("name", BOARDS)
def test_no_word_leaves_the_figure(name):
    found = list(plots.figures(BOARDS[name]()))
    assert len(found) >= 6
    for stem, title, alt, figure in found:
        assert out_of_sight(plots.inline_svg(figure, title, alt)) == [], stem


def test_twelve_hundred_rows_are_fifteen_small_figures():
    found = figures(12, 5, n_draws=8)
    assert len(found) <= 15
    assert len({stem for stem, *_ in found}) == len(found)
    for stem, part in inlined(12, 5, n_draws=8).items():
        assert out_of_sight(part) == [], stem
        assert len(part) < 60_000, stem
    for stem, title, alt, _ in found:
        assert re.fullmatch(r"[a-z0-9_]+", stem)
        assert title
        assert re.search(r"\d", alt), stem


def test_what_is_left_out_is_said():
    board = made_board.make(2, 1)
    figure = risk_coverage.plot(board["rows"])
    drawn = {line.get_gid() for axes in figure.axes for line in axes.lines}
    others = [m for m in made_board.FAMILIES if m not in drawn and m != "majority_class"]
    (note,) = [text for text in texts(figure) if text.startswith("Not shown: ")]
    assert len(others) == 12
    assert all(name in others for name in note.removeprefix("Not shown: ").split(" and ")[0].split(", "))
    assert note.endswith(" and 4 more.")
    rows = [
        {**row, "task": f"{row['task']}{i}"}
        for row in board["rows"]
        if row["method"] == "iws"
        for i in range(9)
    ]
    figure = accuracy_coverage.plot(rows)
    assert len(figure.axes) == 12
    assert "Not shown: 6 tasks." in texts(figure)
    assert "Not shown: 6 tasks." in texts(cost.plot_by_task(rows))


def test_a_board_of_the_first_schema_has_what_its_rows_can_show():
    board = made_board.make(2, 1)
    new = ("risk_coverage", "reliability", "origin", "pool", "submission")
    rows = [{name: value for name, value in row.items() if name not in new} for row in board["rows"]]
    old = {"schema_version": 1, "rows": rows, "overall": [], "notes": []}
    assert [stem for stem, *_ in plots.figures(json.loads(json.dumps(old)))] == ["accuracy_coverage", "cost"]


def test_plots_are_about_a_hundred_labels_where_there_are_and_tell():
    board = made_board.make(1, 1, methods=made_board.SOME)
    more = [{**row, "n_labels": 400, "accuracy": 0.123} for row in board["rows"]] * 2
    board["rows"] += more
    found = {stem: (title, alt) for stem, title, alt, _ in plots.figures({"rows": board["rows"]})}
    assert found["accuracy_coverage"][0] == "Accuracy against coverage (100 labels)"
    assert "12.3 %" not in found["accuracy_coverage"][1]
    found = {stem: title for stem, title, *_ in plots.figures({"rows": more[:4]})}
    assert found["cost"].startswith("Accuracy against seconds to fit, without computing features")
    assert found["cost"].endswith("(400 labels)")


def test_a_task_that_is_another_one_again_has_no_panel():
    board = made_board.make(2, 1)
    for row in board["rows"]:
        row["same_as"] = "digits" if row["task"] == "breast_cancer" else None
    rows = [{**row, "risk_coverage": None, "reliability": None} for row in board["rows"]]
    shown = {stem: figure for stem, *_, figure in plots.figures({"rows": rows})}
    assert len(shown["accuracy_coverage"].axes) == 1


def test_pools_with_the_same_entrants_are_one_panel():
    board = made_board.make(2, 1, methods=("iws", "snuba"))
    assert len(board["standings"]) == 3
    rows = [{**row, "risk_coverage": None, "reliability": None} for row in board["rows"]]
    few = {"rows": rows, "standings": board["standings"]}
    shown = {stem: figure for stem, *_, figure in plots.figures(few)}
    assert len(shown["profile"].axes) == 1


def test_forest_of_a_method_is_that_of_the_best_which_writes_labeling_functions():
    board = made_board.make(2, 2, methods=made_board.SOME)
    stems = [stem for stem, *_ in figures(2, 2, methods=made_board.SOME)]
    asked = [e for e in board["comparisons"] if e["against"] == "zero_shot_clip"]
    ours = [e for e in asked if made_board.FAMILIES[e["method"]] == "autows"]
    best, second = sorted(ours, key=lambda entry: -entry["difference"])[:2]

    def stem(entry):
        return f"forest_{re.sub(r'[^a-z0-9]+', '_', entry['method']).strip('_')}_zero_shot_clip"

    assert stems[2] == stem(best)
    # One that failed on some tasks is no best.
    best["complete"] = False
    only = {name: board[name] for name in ("rows", "comparisons")}
    for row in only["rows"]:
        row.update(risk_coverage=None, reliability=None, coverage=None, seconds=None)
    assert [name for name, *_ in plots.figures(only)][2] == stem(second)


def test_long_names_that_would_look_the_same_are_told_apart():
    names = [f"snuba[cardinality=2,label_model={letter},metal]" for letter in "abcdefghijkl"]
    shown = short(names, 20)
    assert len(set(shown.values())) == len(names)
    assert max(map(len, shown.values())) == 20
    assert short(["iws", "iws"], 3) == {"iws": "iws"}


def test_a_family_has_one_colour_and_methods_in_it_a_dash_each():
    methods = [name for name, family in made_board.FAMILIES.items() if family == "zero-shot"]
    found = style.looks(methods, made_board.FAMILIES)
    assert {look.color for look in found.values()} == {style.color("zero-shot")}
    assert len({str(look.dash) for look in found.values()}) == len(methods)
    assert style.color("nobody knows") == style.color(None) == style.color("other")


def _luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["#ffffff", "#f6f8fa", "#16191d", "#0d1117"])
def test_colours_of_data_are_seen_on_light_and_on_dark_pages(page):
    for color in style.FAMILY_COLORS.values():
        light, dark = sorted((_luminance(color), _luminance(page)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, color


def test_labels_keep_off_each_other_and_off_points():
    with style.settings():
        page = sheet(1, columns=1, height=3)
        axes = page.panels[0]
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        points = [(0.5 + 0.004 * i, 0.5 + 0.01 * (i % 3)) for i in range(8)]
        written = place(axes, [Label(x, y, f"method {i}") for i, (x, y) in enumerate(points)], points)
        assert len(written) == 8
        renderer = FigureCanvasAgg(page.figure).get_renderer()
        for text in written:
            text.update_positions(renderer)
        boxes = [Text.get_window_extent(text, renderer) for text in written]
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:i])
            for x, y in axes.transData.transform(points):
                assert not box.contains(x, y)
        # In a panel without room a label is left out instead of covering another one.
        tiny = sheet(1, columns=1, height=0.2, left=7.5).panels[0]
        tiny.set_xlim(0, 1)
        tiny.set_ylim(0, 1)
        assert len(place(tiny, [Label(0.5, 0.5, "one"), Label(0.5, 0.5, "another one")], [(0.5, 0.5)])) < 2


def test_limits_of_a_logarithm_are_never_the_same():
    low, high = log_limits([3.0])
    assert high / low > 3.9
