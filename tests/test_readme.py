"""The README's examples are run as they stand there, and its commands are those of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(marker):
    """Return the code block after ``<!-- marker -->``."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README.md has no block marked {marker!r}"
    return found.group(1)


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the project, as a newcomer's clone."""
    for name in ("autows", "tasks", "baselines", "leaderboard", "commands"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run_bench.py", tmp_path)
    return tmp_path


def call(folder, line):
    arguments = line.split()
    assert arguments[:2] == ["python", "run_bench.py"]
    done = subprocess.run([sys.executable, *arguments[1:]], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_method_takes_one_file_of_fifteen_lines(copy):
    code = block("example: baselines/nearest_centroid.py")
    assert len([line for line in code.splitlines() if line.strip()]) <= 16
    (copy / "baselines" / "nearest_centroid.py").write_text(code)
    out = call(copy, block("example: run").strip() + " --draws 1 --representations raw")
    assert "2 runs: 2 ok" in out
    table = call(copy, "python run_bench.py leaderboard")
    (accuracy,) = re.findall(r"^nearest_centroid +raw +([0-9.]+)", table, re.MULTILINE)
    assert float(accuracy) > 70


def test_the_example_task_takes_one_file(copy):
    (copy / "tasks" / "wine.py").write_text(block("example: tasks/wine.py"))
    assert "Wines of three growers" in call(copy, "python run_bench.py list tasks")
    out = call(copy, "python run_bench.py run --tasks wine --methods majority_class --draws 1")
    assert "2 runs: 2 ok" in out


def test_the_commands_make_their_own_environment_and_ci_runs_them():
    setup = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert block("command: run") == setup + ". && .venv/bin/python run_bench.py\n"
    test = " -m pytest -n auto --dist loadfile\n"
    assert block("command: test") == setup + "'.[test]' && .venv/bin/python" + test
    assert "<!-- command: test -->" in (ROOT / ".ci" / "run").read_text()


def test_versions_agree():
    import autows

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == autows.__version__
    assert f"version: {autows.__version__}\n" in (ROOT / "CITATION.cff").read_text()
