"""Text that fits a terminal: no line is too long, no row is broken, and what is left out is named."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import ENTRANT, A, B, C, record, table

from leaderboard import ablation, comparison, comparison_text, render
from leaderboard import board as boards
from leaderboard import text_table as tt
from leaderboard.board import build
from leaderboard.table import rows as make_rows
from leaderboard.text_table import TextTables, terminal_width

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    {"method": "snuba", "accuracy": "87.5", "coverage": "99.0", "covered": "88.0", "seconds": "1.25"},
    {"method": "iws", "accuracy": "7.5", "coverage": "100.0", "covered": "7.5", "seconds": "10.00"},
]
LEAST = ("seconds", ("coverage", "covered"))


def fitted(width, lines=LINES, **more):
    tables = TextTables(width)
    return tables.table(lines, **more), tables


def test_a_table_by_hand():
    assert fitted(None)[0].splitlines() == [
        "method  accuracy  coverage  covered  seconds",
        "------  --------  --------  -------  -------",
        "snuba       87.5      99.0     88.0     1.25",
        "iws          7.5     100.0      7.5    10.00",
    ]


@pytest.mark.parametrize(
    ("width", "head", "left_out"),
    [
        (None, "method  accuracy  coverage  covered  seconds", []),
        (44, "method  accuracy  coverage  covered  seconds", []),
        (43, "method  accuracy  coverage  covered", ["seconds"]),
        (35, "method  accuracy  coverage  covered", ["seconds"]),
        # Coverage alone would fit.
        (34, "method  accuracy", ["coverage", "covered", "seconds"]),
        (15, "method", ["accuracy", "coverage", "covered", "seconds"]),
    ],
)
def test_the_least_important_columns_go_first_and_what_belongs_together_goes_together(width, head, left_out):
    text, tables = fitted(width, least=LEAST)
    assert text.splitlines()[0] == head
    assert sorted(tables.left_out) == left_out
    assert bool(tables.note("--out")) == bool(left_out)
    for name in left_out:
        assert name in tables.note("--out")


def test_heads_are_broken_before_anything_is_left_out():
    lines = [{"method": "snuba", "95 % interval": "1 to 2", "end model": "5.0"}]
    assert fitted(23, lines)[0].splitlines() == [
        "            95 %    end",
        "method  interval  model",
        "------  --------  -----",
        "snuba     1 to 2    5.0",
    ]


def test_texts_are_shortened_before_columns_are_left_out_and_no_more_than_allowed():
    lines = [
        {"method": "snuba[cardinality=1,label_model=metal]", "accuracy": "87.5"},
        {"method": "snuba[cardinality=2,label_model=metal]", "accuracy": "86.5"},
    ]
    text, tables = fitted(40, lines, shorten={"method": 20})
    assert "87.5" in text
    assert max(map(len, text.splitlines())) == 40
    assert (tables.shortened, tables.left_out) == (["method"], [])
    assert tables.note("--out") == "Shortened: method. A wider terminal shows all, and so does --out."
    text, tables = fitted(29, lines, shorten={"method": 20})
    assert tables.left_out == ["accuracy"]
    # Both lose what they differ in, and still differ.
    names = [line.split()[0] for line in fitted(30, lines, shorten={"method": 20})[0].splitlines()[2:]]
    assert len(set(names)) == 2
    assert {len(name) for name in names} == {20}


def test_other_texts_lose_their_ends():
    lines = [{"name": "pca", "summary": "Leading principal components of raw data"}]
    text, tables = fitted(26, lines, left=("summary",), shorten={"summary": 10})
    assert text.splitlines()[-1] == "pca   Leading principal c…"
    assert tables.shortened == ["summary"]


def test_wide_characters_take_two_places():
    lines = [{"method": "手法", "accuracy": "87.5"}, {"method": "iws", "accuracy": "7.5"}]
    assert fitted(None, lines)[0].splitlines()[2:] == ["手法        87.5", "iws          7.5"]
    assert fitted(3, [{"m": "手法手法"}])[0].splitlines()[2] == "手…"


cells = st.text("abc de_[手]", max_size=30)
tables = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.tuples(*[cells] * n), min_size=1, max_size=4).map(
        lambda rows: [{f"column {i}": text.strip() for i, text in enumerate(row)} for row in rows]
    )
)


@given(tables, st.integers(8, 120), st.sets(st.integers(0, 5)))
def test_no_line_is_too_long_and_every_column_is_whole_or_named(lines, width, short_ones):
    made = TextTables(width)
    shorten = {f"column {i}": 10 for i in short_ones}
    text = made.table(lines, least=("column 3", ("column 1", "column 4")), shorten=shorten)
    shown = text.split("\n")
    assert all(tt._width(line) <= width for line in shown)
    rule = next(i for i, line in enumerate(shown) if line.startswith("-"))
    # Every row is one line.
    assert len(shown) == rule + 1 + len(lines)
    assert len(shown[rule].split()) == len(lines[0]) - len(made.left_out)
    assert ("column 1" in made.left_out) == ("column 4" in made.left_out) or len(lines[0]) < 5
    for line, row in zip(lines, shown[rule + 1 :], strict=True):
        for name, cell in line.items():
            assert name in {*made.left_out, *made.shortened} or cell in row


def test_the_width_is_that_of_a_terminal_and_a_file_has_none(monkeypatch):
    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert terminal_width() == 77
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert terminal_width() is None


def longest(text):
    return max(map(len, text.splitlines()))


@pytest.fixture(scope="module")
def reference():
    return boards.read([], reference=True)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_leaderboard_fits_and_says_what_it_leaves_out(reference, width):
    text, full = render.to_text(reference, width), render.to_text(reference)
    assert longest(text) <= width
    assert "No room for" not in full
    assert ("No room for" in text) == (width < 140)
    for method in ("label_spreading ", "goggles ", "snuba "):
        # Every row of every table is there, whatever it has lost.
        rows = [sum(line.startswith(method) for line in one.splitlines()) for one in (text, full)]
        assert rows[0] == rows[1] > 0
    for head in (line.split() for line in text.splitlines() if line.startswith("method")):
        assert ("coverage" in head) == ("covered" in head)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_comparison_fits(width):
    found = comparison.compare(*make_rows_of(ENTRANT), "d", B)
    text = comparison_text.to_text(found, width)
    assert longest(text) <= width
    assert ("draws to tell" in text.split("No room for")[0]) == (width > 100)
    assert "+40.0" in text
    assert "No room for" not in comparison_text.to_text(found)


def make_rows_of(scores):
    from leaderboard.long_table import LongTable

    long = LongTable()
    long.add(table(scores))
    long.finish()
    return make_rows(long.runs)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_learning_curve_keeps_its_ends(width):
    head = {"task": "a", "representation": "raw", "zero_shot": None, "ahead": None, "worth_note": None}
    sizes = (10, 25, 50, 100, 200, 400, 1000)
    rows = [
        {
            **{**head, "method": method, "value": n, "n_labels": n, "reference": n == 100, "n_draws": 3},
            **{"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6, "worth_labels": None},
            "worth_interval": None,
        }
        for method in ("logistic_regression", "snuba")
        for n in sizes
    ]
    text = ablation.to_text(ablation.Ablation("n_labels", rows), width)
    assert longest(text) <= width
    (head, *_) = [line.split()[1:] for line in text.splitlines() if line.startswith("method")]
    kept = {int(n) for n in head}
    assert {10, 1000} < kept
    assert (kept == set(sizes)) == (width == 140)
    assert 100 in kept


def test_a_long_heading_is_underlined_as_far_as_it_goes():
    named = [record("s", m, 0, 0.5) for m in (A, B, C)]
    for one in named:
        one.task_info["title"] = " ".join(["word"] * 30)
    text = render.to_text(build(named), 60)
    assert longest(text) <= 60
    lines = text.splitlines()
    (end,) = [i for i, line in enumerate(lines) if line.endswith("(100 labels)") and "word" in line]
    assert set(lines[end + 1]) == {"-"}


def test_a_terminal_is_asked_for_its_width():
    ours, theirs = pty.openpty()
    command = [sys.executable, str(ROOT / "run_bench.py"), "list", "tasks"]
    done = subprocess.run(command, stdout=theirs, env={**os.environ, "COLUMNS": "80"}, cwd=ROOT, check=True)
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:
        pass  # Linux says so where nothing is left to read.
    os.close(ours)
    shown = text.decode().splitlines()
    assert done.returncode == 0
    assert max(map(len, shown)) <= 80
    assert any(line.startswith("No room for: n_pool") for line in shown)
    # To a file everything goes.
    full = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert "No room for" not in full
    assert "n_pool" in full.splitlines()[0]
