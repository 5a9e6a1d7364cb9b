from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from run_bench import main

ROOT = Path(__file__).resolve().parents[2]


def compare(*arguments):
    return CliRunner().invoke(main, ["compare", *arguments])


def test_it_says_whose_runs_are_not_yours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = compare("snuba", "--against", "goggles", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["method"] == "snuba"
    assert "Some or all runs of goggles and snuba are the project's own\n" in done.stderr


def test_a_terminal_without_the_signs_of_the_drawing(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_bench.py"), "compare", "snuba"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert b"(95 % interval" in done.stdout
    assert b"?" in done.stdout
