"""Text, Markdown, CSV and LaTeX of a leaderboard."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess

import pytest
from made_up import ENTRANT, SCORES, A, B, C, record, table

from leaderboard import render
from leaderboard.board import build


def _has_booktabs():
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    return subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def board():
    records = table(ENTRANT) + [record("s", "zero_shot_clip", k, 0.7, needs=["zero_shot"]) for k in range(3)]
    return build([*records, record("t", "e", 0, status="failed", reason="it broke")])


def test_terminal_has_tasks_pools_and_answers(board):
    text = render.to_text(board)
    for heading in (
        "s: S (100 labels)",
        "Overall, Labels only (100 labels)",
        "Overall, + class names (zero-shot) (100 labels)",
        "Against zero_shot_clip (100 labels)",
    ):
        assert f"\n{heading}\n{'-' * len(heading)}\n" in text
    assert "90.0 ± 0.0*" in text
    assert "zero_shot_clip itself: s 70.0." in text
    assert "failed" in text
    assert "e on t / raw: 1 of 1 draws failed: it broke" in text
    # Nobody has pretrained features here, so that pool is the first one again and is not repeated.
    assert "pretrained features (100" not in text


def test_markdown_marks_the_best_and_the_ties():
    close = {("s", "a"): [0.5, 0.7], ("s", "b"): [0.6, 0.5]}
    text = render.to_markdown(build(table(close)))
    assert "| **60.0 (0 to 100)** |" in text
    assert "55.0 (0 to 100) ≈ |" in text


HOSTILE = "![p](http://evil/x.png) <img src=x> [click](javascript:x) `c` *b* a|b\n\n# c"


def test_nothing_of_a_record_is_markdown_or_html():
    made = [*table(ENTRANT), *(record("s", "zero_shot_clip", k, 0.7, needs=["zero_shot"]) for k in range(3))]
    evil = [
        record("s", "evil", k, 0.6, label=f"evil {HOSTILE}", n_labels=n) for k in range(3) for n in (10, 100)
    ]
    for one in evil:
        one.task_info["title"] = HOSTILE
    failed = record("s", "a", 0, status="failed", reason=HOSTILE, representation=f"raw {HOSTILE}")
    board = build([*evil, failed, *made])
    board.stages = [
        {
            "method": HOSTILE,
            "task": HOSTILE,
            "representation": HOSTILE,
            "stages": [{"name": "votes", "accuracy": 0.5}],
        }
    ]
    text = render.to_markdown(board)
    assert text.count("evil") > 5
    assert text.count("click") > 8
    ours = text.replace("**", "")
    assert not re.search(r"(?<!\\)[\[\]`*!]", ours)
    assert not re.search(r"<(?!\d)", text)
    tables = [line for line in text.splitlines() if line.startswith("|")]
    heads = [line for line in tables if line.startswith(("| method", "|---"))]
    assert len(tables) > len(heads) > 8
    # No line begins where a name does, and no cell ends there.
    assert not any(line.startswith("# c") for line in text.splitlines())
    columns = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert all(
        a == b for a, b, line in zip(columns, columns[1:], tables[1:], strict=False) if line not in heads
    )
    # On a terminal it is as it was written.
    assert "<img src=x> [click]" in render.to_text(board)


def test_csv_has_a_line_a_row_and_no_lists(board):
    lines = list(csv.DictReader(io.StringIO(render.to_csv(board))))
    assert len(lines) == len(board.rows)
    assert {"pool", "tie_group", "worth_labels", "accuracy_se"} <= set(lines[0])
    assert not {"reliability", "risk_coverage", "submission"} & set(lines[0])


def test_comparisons_as_csv_have_what_the_tables_show(board):
    lines = list(csv.DictReader(io.StringIO(render.comparisons_to_csv(board))))
    assert len(lines) == len(board.comparisons)
    (one,) = [one for one in lines if (one["method"], one["against"]) == ("d", B)]
    assert (float(one["difference"]), one["verdict"], one["n_tasks"]) == (0.4, "open", "2")
    assert render.comparisons_to_csv(build([])) == "\n"


def test_json_is_what_it_says_it_is(board):
    values = json.loads(render.to_json(board))
    assert values["schema_version"] == 3
    assert set(values) == {
        *("schema_version", "rows", "overall", "standings", "comparisons", "curves", "crossovers"),
        *("methods", "stages", "tasks", "published", "provenance", "notes"),
    }


def test_latex_by_hand():
    text = render.to_latex(build(table({("s_1", "snuba_x"): [0.5, 0.7], ("s_1", "b"): [0.6, 0.5]})))
    assert r"snuba\_x & \textbf{60.0 (0 to 100)} \\" in text
    assert r"b & 55.0 (0 to 100) $\approx$ \\" in text
    assert r"Bold: best with its features; $\approx$: not told from the best" in text
    plain = render.to_latex(build(table({("s", "a"): [0.5, 0.51]})))
    assert r"a & \textbf{50.5 $\pm$ 6.4} \\" in plain
    assert r"\label{tab:s-1-100}" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


def body_of(text, label):
    return (
        text.split(rf"\label{{tab:{label}}}")[1].split(r"\midrule")[1].split(r"\bottomrule")[0].splitlines()
    )


def test_latex_of_everything_is_balanced(board):
    text = render.to_latex(board)
    # Two tasks, two pools of entrants, two controls.
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 2 + 2 + 2
    assert "Against" not in text
    assert r"\label{tab:against-logistic-regression-100}" in text
    (d,) = [line for line in body_of(text, "against-logistic-regression-100") if line.startswith("d ")]
    # Differences .3 and .5 of a test set with an error of .01; two tasks tell nothing of others.
    assert d == r"d & +40.0 &  & +38.0 to +42.0 & better here & 2 & 2/0/0 \\"
    (d,) = [line for line in body_of(text, "overall-labels-100") if line.startswith("d ")]
    assert d.startswith(r"d & 1.00 & 1 & 90.0 & 90.0 to 90.0 & 100.0 & ")
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert all(line.count("&") >= 1 for line in body)
    assert "failed" in text


@pytest.mark.skipif(not _has_booktabs(), reason="pdflatex with booktabs is not installed")
def test_latex_compiles(board, tmp_path):
    head = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    (tmp_path / "all.tex").write_text(head + render.to_latex(board) + r"\end{document}", encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_without_ranks_the_overall_table_says_why():
    board = build([r for r in table(SCORES) if r.key.method != C])
    text = render.to_text(board)
    assert "Overall\n-------\n\nNobody is ranked" in text
    assert "0 of 0" not in text
    assert "No overall ranks without controls" in text
    assert board.standings == []


def test_learning_curves_are_said_in_words():
    records = [record("s", B, 0, a, n_labels=n) for n, a in ((10, 0.2), (100, 0.6))]
    records += [record("s", "zero_shot_clip", 0, 0.4, needs=["zero_shot"])]
    assert "at or above zero-shot from about" in render.to_text(build(records))
    assert A not in render.to_text(build(records)).split("Notes")[0]
