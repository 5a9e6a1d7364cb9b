"""What a leaderboard's text says of its tables, by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from made_up import ENTRANT, SCORES, A, B, C, record, table

from leaderboard import render
from leaderboard.board import build
from leaderboard.render import cells
from leaderboard.render.markdown import escaped


def said(board):
    """Return the text for a terminal with single blanks, lines and all."""
    return "\n".join(" ".join(line.split()) for line in render.to_text(board).splitlines())


def block(text, heading):
    """Return what stands below a heading, up to the next one."""
    rest = text.split(f"\n{heading}\n", 1)[1].split("\n", 1)[1]
    return re.split(r"\n\n[^\n]+\n-{5,}\n\n", rest)[0]


def test_where_no_pair_is_told_apart_it_is_said_once():
    text = block(said(build(table(ENTRANT))), "Overall, Labels only (100 labels)")
    assert "No pair of entrants is told apart over 2 tasks: ranks are no order." in " ".join(text.split())
    assert "tied" not in text


def test_where_some_are_told_apart_groups_are_a_column():
    apart = {
        (f"t{t}", m): [level + 0.01 * k + 0.001 * t for k in range(3)]
        for m, level in ((A, 0.5), (B, 0.7), (C, 0.2))
        for t in range(6)
    }
    text = block(said(build(table(apart))), "Overall, Labels only (100 labels)")
    assert "No pair" not in text
    assert f"{B} 1.00 1 71." in text
    assert f"{C} 3.00 3 21." in text


def test_what_a_method_lacks_stands_below_the_table_and_it_comes_last():
    records = [r for r in table(ENTRANT) if (r.key.task, r.key.method) != ("t", "d")]
    failed = record("t", "d", 0, status="failed", reason="it broke")
    text = block(said(build([*records, failed])), f"Against {B} (100 labels)")
    lines = text.split("\n\n")[1].splitlines()[-3:]
    assert [line.split()[0] for line in lines] == [A, C, "d"]
    assert "1 of 2" in lines[-1]
    assert "- d: failed on t" in text


def test_a_control_says_who_speaks_and_what_it_reaches_itself():
    spoken = [record("s", "zero_shot_clip", k, 0.7, needs=["zero_shot"]) for k in range(3)]
    spoken = [replace(one, labels={**one.labels, "zero_shot": "glyph_clip"}) for one in spoken]
    again = [record("p", m, k, 0.5, same_as={"raw": "s"}) for m in (A, B, C) for k in range(3)]
    text = render.to_text(build([*table(ENTRANT), *spoken, *again]))
    assert "zero_shot_clip (the answers of glyph_clip) itself: s 70.0." in text
    # A task that is another one again is not among them.
    assert f"{B} itself: s 60.0, t 40.0." in text
    assert "Zero-shot answers are of glyph_clip." in text
    assert "glyph_clip: Embeddings of glyph-clip, a small CLIP" in " ".join(text.split())


def test_what_the_test_set_leaves_open_is_said_per_task():
    made = table(SCORES)
    for one in made:
        one.scores.pop("accuracy_se", None)
    assert "test set" not in render.to_text(build(made))
    for one in made:
        if one.key.task == "s":
            one.scores["accuracy_se"] = {A: 0.01, B: 0.02, C: 0.06}[one.key.method]
    # 1.96 times the median over methods.
    assert "no interval has in it: s 3.9." in " ".join(render.to_text(build(made)).split())


def test_a_point_of_fewer_draws_says_of_how_many():
    made = [record("s", B, k, 0.5, n_labels=n) for n, k in ((10, 0), (100, 0), (100, 1))]
    text = said(build(made))
    assert f"{B} 50.0 (1 draw) 50.0" in text


def test_a_verdict_is_over_tasks_or_here():
    one = {"verdict": "open", "here_verdict": "open", "low": -1.0, "here_low": -0.1, "n_tasks": 2}
    assert cells.verdict({**one, "verdict": "worse", "here_verdict": "better"}) == "worse"
    assert cells.verdict({**one, "here_verdict": "worse"}) == "worse here"
    assert cells.verdict({**one, "here_verdict": "worse", "n_tasks": 1}) == "open"
    assert cells.verdict(one) == "open"
    assert cells.verdict({**one, "low": None}) == "open"
    assert cells.verdict({**one, "low": None, "here_low": None}) == ""


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("logistic_regression on s / raw", "logistic_regression on s / raw"),
        ("snuba[keep=2]", r"snuba\[keep=2\]"),
        ("_a_ __b__", r"\_a\_ \_\_b\_\_"),
        ("a\n# b\r\n\n| c", r"a \# b \| c"),
        (r"\[a](b)", r"\\\[a\](b)"),
        ("&lt;b>", "&amp;lt;b>"),
        ("+0.1 (-0.2 to <10)", "+0.1 (-0.2 to &lt;10)"),
    ],
)
def test_text_is_text_in_markdown(text, markdown):
    assert escaped(text) == markdown
