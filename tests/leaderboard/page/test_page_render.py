"""The page as a document: whole, self-contained, escaped, the same each time."""

from __future__ import annotations

import copy
import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import fake_board
import pytest

from leaderboard.page import Plot, build, render
from leaderboard.plots.style import FAMILY_COLORS

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>A line</title>'
    '<defs><clipPath id="c"/></defs><g clip-path="url(#c)"><use href="#c"/></g></svg>'
)
HOSTILE = '"><img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>{{ 7*7 }}'


class Elements(HTMLParser):
    """Collects the elements of a document, and the text of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts = [], {"script": [], "style": []}
        self.inside = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.inside = tag if tag in self.texts else None
        if self.inside:
            self.texts[tag].append("")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def board():
    return fake_board.make()


@pytest.fixture(scope="module")
def page(board):
    return render(board, [Plot("one", "First", "A line goes up.", SVG)])


def test_whole_board_is_there(board, page):
    elements = Elements(page)
    methods = [a["data-method"] for a in elements.all("tr") if "data-method" in a]
    assert sorted(methods) == sorted(row["method"] for row in board["rows"])
    ids = {a["id"] for _, a in elements.found if "id" in a}
    assert {f"task-{task['task']}" for task in board["tasks"]} <= ids
    assert len([i for i in ids if i.startswith("standing-p") or i.startswith("standing-l")]) > 0
    for standing in board["standings"]:
        assert f"standing-{standing['pool']}-{standing['representation']}-100" in ids
    for note in board["notes"]:
        assert str(build.Markup.escape(note)) in page
    for comparison in board["comparisons"]:
        assert str(build.Markup.escape(comparison["sentence"])) in page
    assert "1 of 5 draws failed: ValueError: &lt;b&gt;no&lt;/b&gt; LF survived" in page
    assert "ran out of time: took longer than 60 seconds" in page
    assert page.count("Published 2022") == 1
    assert "A line goes up." in page
    assert "(answers of glyph_<wbr>clip)" in page


def test_nothing_is_loaded_from_elsewhere(page):
    elements = Elements(page)
    for tag, attributes in elements.found:
        for name in ("src", "srcset", "data", "action", "poster", "background"):
            assert name not in attributes, (tag, attributes)
        address = attributes.get("href") or attributes.get("xlink:href") or "#"
        if tag == "link":
            assert address.startswith("data:image/svg+xml,")
        elif not address.startswith("#"):
            assert tag == "a"
            assert address == "https://arxiv.org/abs/2208.14362"
    for style in elements.texts["style"]:
        assert "@import" not in style
        assert all(target.startswith("#") for target in re.findall(r"url\(\s*['\"]?([^)]*)", style))


def test_policy_allows_the_own_script_alone(page):
    elements = Elements(page)
    policy = next(a["content"] for a in elements.all("meta") if a.get("http-equiv"))
    code, data = elements.texts["script"]
    digest = build.base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}';" in policy
    assert elements.all("script")[1]["type"] == "application/json"
    assert "<" not in data
    assert not [a for _, a in elements.found if any(name.startswith("on") for name in a)]


def test_anchors_lead_somewhere_and_ids_are_one_of_a_kind(page):
    elements = Elements(page)
    ids = [a["id"] for _, a in elements.found if "id" in a]
    assert len(ids) == len(set(ids))
    for attributes in elements.all("a"):
        target = attributes["href"].partition("#")[2].partition("?")[0]
        assert attributes["href"].startswith("https://") or target in ids


def test_headings_descend_one_at_a_time(page):
    levels = [int(tag[1]) for tag, _ in Elements(page).found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes(page):
    elements = Elements(page)
    assert len(elements.all("caption")) == len(elements.all("table"))
    assert all("scope" in attributes for attributes in elements.all("th"))


def hostile_board():
    board = copy.deepcopy(fake_board.make(n_tasks=2, n_features=2, n_methods=6, n_draws=3))
    board["notes"].append(HOSTILE)
    victim = board["rows"][0]["method"]

    def poison(value):
        if isinstance(value, dict):
            return {key: poison(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [poison(inner) for inner in value]
        return f"{HOSTILE} & {victim}" if value == victim else value

    board = poison(board)
    for row in board["rows"]:
        if row["method"].startswith('"'):
            row |= {"family": HOSTILE, "reason": HOSTILE, "n_failed": 1, "origin": "submission"}
            row["submission"] = {"name": HOSTILE, "author": HOSTILE, "link": "javascript:window.hacked=1",
                                 "pretrained_data": {HOSTILE: [HOSTILE]}, HOSTILE: HOSTILE}  # fmt: skip
    board["tasks"][0]["title"] = HOSTILE
    for part in ("rows", "tasks", "published"):
        for entry in board[part]:
            if entry["task"] == board["tasks"][0]["task"] and part != "tasks":
                entry["title"] = HOSTILE
    board["methods"][0] |= {"summary": HOSTILE, "parameters": {HOSTILE: HOSTILE}}
    board["provenance"] |= {"cpus": [HOSTILE], HOSTILE: HOSTILE, "commits": [HOSTILE]}
    return board


def test_hostile_values_stay_text():
    board = hostile_board()
    page = render(board, title=HOSTILE)
    clean = Elements(render(fake_board.make(n_tasks=2, n_features=2, n_methods=6, n_draws=3)))
    elements = Elements(page)
    assert not elements.all("img")
    assert len(elements.all("script")) == len(clean.all("script")) == 2
    assert not [a for _, a in elements.found if any(name.startswith("on") for name in a)]
    assert all(a["href"].startswith(("#", "https://arxiv.org/")) for a in elements.all("a"))
    assert "49" not in re.findall(r"</script>(\d+)", page)
    classes = {name for _, a in elements.found for name in (a.get("class") or "").split()}
    assert {name for name in classes if name.startswith("f-")} <= {f"f-{name}" for name in FAMILY_COLORS}


def test_links_of_submissions(board):
    board = copy.deepcopy(board)
    for row in board["rows"]:
        if row["method"] == "iws":
            row["submission"] = {"name": "IWS", "author": "A. Author", "link": "https://example.org/a?b=1&c=2",
                                 "pretrained_data": "none", "saw_test_data": False}  # fmt: skip
    page = render(board)
    link = next(a for a in Elements(page).all("a") if "example.org" in a["href"])
    assert link == {"href": "https://example.org/a?b=1&c=2", "rel": "noopener nofollow ugc"}
    assert "<dt>Saw test data</dt><dd>no</dd>" in page


def test_the_same_each_time():
    """Also in another process, where sets have another order."""
    code = (
        "import fake_board, sys; from leaderboard.page import render;"
        "sys.stdout.buffer.write(render(fake_board.make(n_tasks=2)).encode())"
    )
    paths = os.pathsep.join([str(Path(__file__).resolve().parents[3]), str(Path(__file__).parent)])
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert done.stdout == render(fake_board.make(n_tasks=2)).encode()


def test_size_of_a_large_board():
    board = fake_board.make(n_tasks=11, n_methods=31, n_draws=10, many_lfs=True)
    assert len(board["rows"]) >= 1000
    assert board["provenance"]["n_records"] >= 10_000
    assert len(render(board).encode()) < 3_000_000


def test_rows_beyond_the_limit_wait_in_a_template(board, monkeypatch):
    monkeypatch.setattr(build, "ROWS_AT_ONCE", 50)
    page = render(board)
    before, _, after = page.partition('<template id="waiting">')
    assert before.count("<tr data-method=") == 50
    assert after.partition("</template>")[0].count("<tr data-method=") == len(board["rows"]) - 50
    assert "first 50 of 120 rows" in before


@pytest.mark.parametrize(
    ("svg", "complaint"),
    [
        ("<svg><title>x</title>", "no well-formed SVG"),
        ("<div><title>x</title></div>", "must be an <svg> element"),
        ("<svg></svg>", "with a <title>"),
        ("<svg><title>x</title><script>1</script></svg>", "has a <script>"),
        ("<svg><title>x</title><g><image href='a.png'/></g></svg>", "has a <image>"),
        ("<svg><title>x</title><use href='other.svg#a'/></svg>", "outside itself: href='other.svg#a'"),
        ("<svg onload='f()'><title>x</title></svg>", "onload"),
    ],
)
def test_plots_stand_by_themselves(board, svg, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        render(board, [Plot("bad", "Bad", "", svg)])


def test_many_plots_wait_in_a_fold(board):
    plots = [Plot(f"p{i}", f"Plot {i}", f"Line {i}.", SVG.replace('"c"', f'"c{i}"')) for i in range(8)]
    page = render(board, (plot for plot in plots))
    assert "2 more plots" in page
    assert all(f'id="plot-p{i}"' in page for i in range(8))


def test_an_empty_board_says_what_to_do():
    empty = {name: [] for name in fake_board.make(n_tasks=1, n_methods=3)} | {
        "schema_version": 2,
        "provenance": {},
    }
    page = render(empty)
    assert "There are no results yet" in page
    assert "run_bench.py run --suite quick" in page


def test_one_draw_has_no_intervals():
    board = fake_board.make(n_tasks=2, n_features=1, n_draws=1)
    for standing in board["standings"]:
        for entrant in standing["entrants"]:
            entrant |= {
                "accuracy_low": None,
                "accuracy_high": None,
                "accuracy_here_low": None,
                "accuracy_here_high": None,
                "strength_low": None,
                "strength_high": None,
            }
        for pair in standing["pairs"]:
            pair |= {"low": None, "high": None, "p": None, "p_holm": None}
        standing |= {"friedman": None, "smallest_difference": None, "smallest_difference_of_pairs": None}
    for comparison in board["comparisons"]:
        comparison |= dict.fromkeys(("low", "high", "p", "here_low", "here_high", "here_p", "p_holm"))
        comparison |= dict.fromkeys(("verdict", "here_verdict", "verdict_single"), "open")
        for task in comparison["tasks"]:
            task |= {"low": None, "high": None}
    page = render(board)
    assert "None" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert "none is shown to be better" in page


def test_script_writes_no_markup():
    script = build._asset("page.js")
    assert script.startswith('"use strict";')
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
    ):
        assert word not in script
    assert f"PAGE = {build.ROWS_AT_ONCE};" in script
