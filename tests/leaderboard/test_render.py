"""Text, Markdown, CSV and LaTeX of a leaderboard."""

from __future__ import annotations

import csv
import io
import json
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
    assert "failed" in text
    assert "e on t / raw: 1 of 1 draws failed: it broke" in text
    # Nobody has pretrained features here, so that pool is the first one again and is not repeated.
    assert "pretrained features (100" not in text


def test_markdown_marks_the_best_and_the_ties():
    close = {("s", "a"): [0.5, 0.7], ("s", "b"): [0.6, 0.5]}
    text = render.to_markdown(build(table(close)))
    assert "| **60.0 ± 60.0** |" in text
    assert "55.0 ± 55.0 † |" in text


def test_markdown_of_a_hostile_name_stays_a_table():
    text = render.to_markdown(build([record("s", "a", 0, 0.5, label="a|<script>")]))
    assert "| a\\|&lt;script>" in text


def test_markdown_of_a_hostile_reason_is_a_line_of_text():
    failed = record("s", "a", 0, status="failed", reason="raised ValueError: <script>x</script> [a](b:c)")
    text = render.to_markdown(build([*table({("s", "b"): [0.5]}), failed]))
    assert "raised ValueError: &lt;script>x&lt;/script> \\[a](b:c)" in text
    assert "<script>" in render.to_text(build([*table({("s", "b"): [0.5]}), failed]))


def test_csv_has_a_line_a_row_and_no_lists(board):
    lines = list(csv.DictReader(io.StringIO(render.to_csv(board))))
    assert len(lines) == len(board.rows)
    assert {"pool", "tie_group", "worth_labels", "accuracy_se"} <= set(lines[0])
    assert not {"reliability", "risk_coverage", "submission"} & set(lines[0])


def test_json_is_what_it_says_it_is(board):
    values = json.loads(render.to_json(board))
    assert values["schema_version"] == 2
    assert set(values) == {
        *("schema_version", "rows", "overall", "standings", "comparisons", "curves", "crossovers"),
        *("methods", "stages", "tasks", "published", "provenance", "notes"),
    }


def test_latex_by_hand():
    text = render.to_latex(build(table({("s_1", "snuba_x"): [0.5, 0.7], ("s_1", "b"): [0.6, 0.5]})))
    assert r"snuba\_x & \textbf{60.0 $\pm$ 60.0} \\" in text
    assert r"b & 55.0 $\pm$ 55.0$^{\dagger}$ \\" in text
    assert r"\label{tab:s-1-100}" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


def test_latex_of_everything_is_balanced(board):
    text = render.to_latex(board)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 2 + 2
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
    assert "Overall" in text
    assert "No overall ranks without controls" in text
    assert board.standings == []


def test_learning_curves_are_said_in_words():
    records = [record("s", B, 0, a, n_labels=n) for n, a in ((10, 0.2), (100, 0.6))]
    records += [record("s", "zero_shot_clip", 0, 0.4, needs=["zero_shot"])]
    assert "at or above zero-shot from about" in render.to_text(build(records))
    assert A not in render.to_text(build(records)).split("Notes")[0]
