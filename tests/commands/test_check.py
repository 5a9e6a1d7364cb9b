from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from autows.checks import CHECKS
from autows.method_template import method_text
from commands import check as module
from run_bench import main


def cli(*arguments):
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(method_text("mine"))
    return path


def test_a_method_that_passes(file):
    result = cli(file)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [module.RIGHTS]
    lines = result.stdout.splitlines()
    assert lines[0] == "mine: Give every row the class of the nearest mean of seeds; abstain on the unsure."
    assert [line[0] for line in lines[2:-2]].count("✓") == len(CHECKS) - 2
    assert [line[2:].partition(" (")[0] for line in lines[2:-2]] == [c.title for c in CHECKS.values()]
    skipped = [line[2:] for line in lines if line[:1] not in "✓ "]
    assert "It skips tasks that lack what it needs, with a reason (it declares to need nothing)" in skipped
    assert lines[-1] == f"All {len(CHECKS) - 2} checks passed: mine is fit for the benchmark."


def test_a_method_that_fails_is_told_what_to_do(file):
    text = file.read_text()
    file.write_text(text.replace("        n_pool =", "        print('here')\n        n_pool ="))
    result = cli(f"{file}:Mine", "--only", "answers,quiet")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        f"✓ {CHECKS['answers'].title}",
        f"✗ {CHECKS['quiet'].title}",
        "",
        f"✗ {CHECKS['quiet'].title} [quiet]",
        "  What happened: it printed 'here'",
        f"  What to do: {CHECKS['quiet'].advice}",
        "",
        "1 of 2 checks failed. To check it again:",
        "",
        f"  python run_bench.py check {file}:Mine --only quiet",
    ]


def test_json_and_nothing_else():
    result = cli("majority_class", "--only", "learns,answers", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["method"], report["target"], report["passed"]) == (
        "majority_class",
        "majority_class",
        True,
    )
    assert [(r["name"], r["status"]) for r in report["results"]] == [
        ("answers", "passed"),
        ("learns", "not applicable"),
    ]
    assert set(report["results"][0]) == {"name", "title", "status", "message", "seconds", "advice"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("snubba",), "Unknown method 'snubba'. Did you mean 'snuba'?"),
        (("snuba[keep=0]",), "keep is 0; expected at least 1"),
        (("nowhere/mine.py",), "There is no file "),
        (("mine.py:",), "write FILE.py or FILE.py:Class"),
        (("snuba", "--only", "anwers"), "Unknown check 'anwers'. Did you mean 'answers'?"),
        (("snuba", "--only", ""), "No check is named"),
        (("snuba", "--only", " , ", "--json"), "No check is named"),
        (("snuba", "--timeout", "0"), "Invalid value for '--timeout'"),
        ((), "Missing argument"),
    ],
)
def test_mistakes_are_one_line(arguments, message):
    result = cli(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_signs_are_plain_where_the_terminal_has_no_others(monkeypatch):
    class Terminal:
        encoding = "ascii"

    assert module._sign("failed") == "✗"
    monkeypatch.setattr(module.sys, "stdout", Terminal())
    assert [module._sign(s).strip() for s in ("passed", "failed", "not applicable")] == ["ok", "FAIL", "-"]


def test_a_file_that_is_no_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").touch()
    (tmp_path / "folder").mkdir()
    for name in ("notes.md", "folder"):
        done = CliRunner().invoke(main, ["check", name])
        assert done.exit_code == 2
        expected = f"Error: {name} is no Python file; give FILE.py, FILE.py:Class or the name of a method\n"
        assert done.stderr == expected
