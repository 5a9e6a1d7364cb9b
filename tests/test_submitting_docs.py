"""The guide to submitting is carried out as it stands there, on two tasks and one draw."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs" / "submitting.md").read_text(encoding="utf-8")
SMALL = "--tasks breast_cancer,digits --representations raw --draws 1"
"""Instead of the quick suite's four tasks, up to three kinds of features and three draws."""


def block(marker):
    """Return the code block after ``<!-- marker -->``."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL)
    assert found, f"docs/submitting.md has no block marked {marker!r}"
    return found.group(1)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Return a copy of the project, as a newcomer's clone."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("autows", "tasks", "baselines", "leaderboard", "commands"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run_bench.py", folder)
    return folder


def run(folder, marker, more=""):
    """Run the one command of a block, and return what it prints."""
    words = shlex.split(f"{block(marker).strip()} {more}")
    if words[0] == "python":
        words[0] = sys.executable
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_method_from_its_first_line_to_a_pull_request(clone):
    begun = run(clone, "run: begin")
    assert "soft_means.py" in begun
    assert (clone / "soft_means.py").exists()
    (clone / "soft_means.py").write_text(block("example: soft_means.py"))
    assert "checks passed" in run(clone, "run: check")
    stands = run(clone, "run: submit", SMALL)
    assert "soft-means: 2 runs: 2 ok\n" in stands
    assert "cp -r results/submissions/soft-means leaderboard/submissions/" in stands
    assert re.search(r"^soft-means +raw +\d", run(clone, "run: leaderboard"), re.MULTILINE)
    assert "In order" in run(clone, "run: verify", "--cells 1 --seed 0 --unprotected")
    run(clone, "run: propose")
    folder = clone / "leaderboard" / "submissions" / "soft-means"
    assert {path.name for path in folder.iterdir()} == {"submission.json", "method.py", "records"}
    about = json.loads((folder / "submission.json").read_text())
    assert about["author"] == "A. Author"
    assert about["link"] == "https://example.org/soft-means"
    # On everybody's leaderboard: a results folder without any run of it shows it.
    (clone / "empty").mkdir()
    line = [sys.executable, "run_bench.py", "leaderboard", "--json", "--results", "empty"]
    table = subprocess.run(line, cwd=clone, capture_output=True, text=True, check=True)
    rows = [row for row in json.loads(table.stdout)["rows"] if row["method"] == "soft-means"]
    assert {(row["task"], row["origin"]) for row in rows} == {
        ("breast_cancer", "submission"),
        ("digits", "submission"),
    }


def test_predictions_from_the_export_to_a_score(clone):
    assert "breast_cancer on raw, draw 0, 100 labels" in run(clone, "run: export")
    (clone / "predict.py").write_text(block("example: predict.py"))
    subprocess.run([sys.executable, "predict.py"], cwd=clone, check=True, timeout=120)
    assert "my-neighbors: 1 run: 1 ok" in run(clone, "run: submit predictions")
    report = run(clone, "run: verify predictions")
    assert "the same to the last digit" in report
    (record,) = (clone / "results" / "submissions" / "my-neighbors" / "records").rglob("*.json")
    assert json.loads(record.read_text())["scores"]["accuracy"] > 0.85


def test_every_block_is_carried_out_by_a_test():
    marked = set(re.findall(r"<!-- ((?:run|example): .*?) -->", GUIDE))
    source = Path(__file__).read_text(encoding="utf-8")
    assert marked == {marker for marker in marked if f'"{marker}"' in source}
    assert GUIDE.count("```") == 2 * len(marked)
