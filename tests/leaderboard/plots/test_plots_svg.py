"""Files and parts of a page: the same bytes, ids of their own, the theme's colours."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import drawn
import made_board
import matplotlib as mpl
import pytest

from autows.errors import UserError
from leaderboard import plots
from leaderboard.plots import accuracy_coverage, critical_difference, style
from leaderboard.plots.svg import _path

NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def board():
    return made_board.make(2, 2, methods=made_board.SOME)


@pytest.fixture(scope="module")
def shown():
    return drawn.figures(2, 2, methods=made_board.SOME)


@pytest.fixture(scope="module")
def inlined():
    return drawn.inlined(2, 2, methods=made_board.SOME)


def _first(board):
    return next(iter(plots.figures(board)))


def test_the_same_data_give_the_same_bytes(board, tmp_path):
    for folder in ("a", "b"):
        made = (accuracy_coverage.plot(board["rows"]), critical_difference.plot(board["standings"][0]))
        for name, figure in zip("xy", made, strict=True):
            plots.save(figure, tmp_path / folder / name, ("svg", "pdf", "png"))
            (tmp_path / folder / f"{name}.html").write_text(plots.inline_svg(figure, "a", "b"))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) == 8
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_files_have_no_date_and_no_version(shown, tmp_path):
    svg, pdf = plots.save(shown[0][3], tmp_path / "forest")
    assert [svg.name, pdf.name] == ["forest.svg", "forest.pdf"]
    text = svg.read_text()
    assert ElementTree.fromstring(text).tag == f"{NAMESPACE}svg"
    assert "atplotlib" not in text
    assert mpl.__version__ not in text
    assert b"CreationDate" not in pdf.read_bytes()
    with pytest.raises(UserError, match="got 'gif'"):
        plots.save(shown[0][3], tmp_path / "forest", ("gif",))


def test_a_dot_in_a_name_is_no_suffix(shown, tmp_path):
    (file,) = plots.save(shown[0][3], tmp_path / "v1.2", ("svg",))
    assert file.name == "v1.2.svg"


def test_ids_and_classes_are_unique_over_a_page_and_every_reference_is_met(inlined):
    page = "".join(inlined.values())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    targets = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page)
    assert targets
    assert set(targets) <= set(ids)
    rules = re.findall(r"\.(\w+)\{", page)
    assert len(rules) == len(set(rules))
    for part in inlined.values():
        assert set(re.findall(r'class="(\w+)"', part)) == set(re.findall(r"\.(\w+)\{", part))


def test_prefix_of_ones_own(shown):
    _, title, alt, figure = shown[0]
    twice = [plots.inline_svg(figure, title, alt, prefix) for prefix in ("one-", "two-")]
    ids = [re.findall(r'\bid="([^"]+)"', text) for text in twice]
    assert all(name.startswith("one-") for name in ids[0])
    assert not set(ids[0]) & set(ids[1])


def test_part_of_a_page_is_well_formed_named_and_scales(inlined, shown):
    for stem, title, alt, figure in shown:
        root = ElementTree.fromstring(
            inlined[stem]
        )  # no prolog, no doctype, or this would not begin with <svg
        assert inlined[stem].startswith("<svg ")
        assert root.get("role") == "img"
        assert root.get("width") == "100%"
        assert root.get("height") is None
        width, height = figure.get_size_inches() * 72
        assert [float(x) for x in root.get("viewBox").split()] == pytest.approx(
            [0, 0, width, height], abs=1e-3
        )
        named = dict(zip(root.get("aria-labelledby").split(), (title, alt), strict=True))
        for child in root[:2]:
            assert child.text == named[child.get("id")]


def test_theme_takes_the_place_of_every_colour_that_is_no_data(inlined):
    for part in inlined.values():
        for sentinel in style.THEME:
            assert sentinel not in part
        assert "currentColor" in part
        assert "var(--surface, transparent)" in part
        assert "#000000" not in part
        assert "*{" not in part  # a rule of matplotlib's that would hold for the whole page
    assert "var(--grid" in "".join(inlined.values())
    assert "var(--muted" in "".join(inlined.values())


def test_text_is_text_and_in_the_readers_font(inlined):
    page = "".join(inlined.values())
    assert ">snuba<" in page
    assert "DejaVu" not in page
    assert "system-ui" in page


def test_title_and_names_are_escaped():
    rows = made_board.make(1, 1, methods=("iws",))["rows"]
    rows = [{**row, "method": '<b>&"$x_1$', "task": "<script>"} for row in rows]
    _, _, alt, figure = _first({"rows": rows})
    part = plots.inline_svg(figure, 'a < b & "c"', alt)
    root = ElementTree.fromstring(part)
    assert root[0].text == 'a < b & "c"'
    assert {"<script>", '<b>&"$x_1$'} <= {element.text for element in root.iter(f"{NAMESPACE}text")}


def test_a_changed_figure_is_drawn_again(board):
    _, title, alt, figure = _first(board)
    before = plots.inline_svg(figure, title, alt)
    assert plots.inline_svg(figure, title, alt) == before
    figure.axes[0].set_title("changed since")
    assert "changed since" in plots.inline_svg(figure, title, alt)


def test_a_file_before_a_page_changes_nothing(board, tmp_path):
    (_, title, alt, one), (*_, other) = _first(board), _first(board)
    plots.save(one, tmp_path / "x", ("pdf", "svg"))
    assert plots.inline_svg(one, title, alt) == plots.inline_svg(other, title, alt)


def test_a_users_matplotlib_settings_neither_matter_nor_change(board):
    _, title, alt, plain = _first(board)
    expected = plots.inline_svg(plain, title, alt)
    with mpl.rc_context({"axes.grid": False, "lines.linewidth": 9, "svg.fonttype": "path", "font.size": 30}):
        *_, odd = _first(board)
        assert plots.inline_svg(odd, title, alt) == expected
        assert mpl.rcParams["lines.linewidth"] == 9


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("M 0 0 \nL 1.26 0 \nL 1.26 5 \n", "M0 0H1.3V5"),
        ("M 0 0 L 1 0 L 2 0 L 3 0 L 3 4", "M0 0H3V4"),
        ("M 0 0 L 2 0 L 1 0", "M0 0H2 1"),
        ("M 0 0 L 1 1 L 2 3 z", "M0 0L1 1 2 3z"),
        ("M 0 0 Q 1 1 2 2 Q 3 3 4 -4", "M0 0Q1 1 2 2 3 3 4 -4"),
        ("M 1 1 L 2 2 M 3 3 L 4 3 M 9 3 L 8 3", "M1 1L2 2M3 3H4M9 3H8"),
    ],
)
def test_paths_are_shorter_and_the_same(data, expected):
    assert _path(data, 1) == expected


def test_nothing_heavy_is_loaded_before_a_plot_is_drawn_and_never_pyplot():
    code = (
        "import sys, leaderboard.plots as plots\n"
        "heavy = {'matplotlib', 'scipy', 'pandas', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "row = dict(task='a', method='b', family='c', representation='d', n_labels=9, accuracy=0.5,\n"
        "           coverage=1.0, accuracy_covered=0.5, seconds=1.0)\n"
        "for stem, title, alt, figure in plots.figures({'rows': [row]}):\n"
        "    plots.inline_svg(figure, title, alt)\n"
        "assert 'matplotlib.figure' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
