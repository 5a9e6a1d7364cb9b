"""The commands ``compare`` and ``leaderboard`` on a folder of records."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from made_up import ENTRANT, B, record, table

from autows.runs.store import RunStore
from run_bench import main


@pytest.fixture
def results(tmp_path):
    store = RunStore(tmp_path / "results")
    for made in [*table(ENTRANT), *(record("s", "zero_shot_clip", k, 0.5) for k in range(3))]:
        store.write(made)
    (store.records / "s" / "notes.txt").write_text("")
    return store.root


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_compare_prints_a_sentence_and_says_what_was_left_out(results, tmp_path):
    done = run("compare", "d", "--results", results, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "d is 40.0 points above zero_shot_clip on s, the only task they share (95 % "
    )
    assert "Left out: 1 file that is no record: results/records/s/notes.txt" in done.stderr
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir()) == [".json", ".pdf", ".svg"]


def test_compare_as_json_is_json_alone(results):
    found = json.loads(run("compare", "d", "--against", B, "--results", results, "--json").stdout)
    assert (found["method"], found["against"], found["n_tasks"]) == ("d", B, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("e",), "Unknown method in these results 'e'"),
        (
            ("d", "--labels", 7),
            "d has no results with 7 labels here, but with 100: use --labels 100, or run it",
        ),
        (("iws",), "iws has no results here; run it: run_bench.py run --methods 'iws' --labels 100"),
        (("d", "--representations", "clip"), "Unknown features in these results 'clip'"),
    ],
)
def test_a_mistake_is_one_line(results, arguments, message):
    done = run("compare", *arguments, "--results", results)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_leaderboard_writes_what_it_promises_and_prints_the_tables(results):
    done = run("leaderboard", "--results", results)
    assert done.exit_code == 0
    assert done.stdout.startswith("Leaderboard\n")
    written = {path.name for path in (results / "leaderboard").iterdir()}
    assert written >= {
        *(f"leaderboard.{suffix}" for suffix in ("json", "csv", "md", "tex")),
        "index.html",
        "plots",
    }
    again = run("leaderboard", "--results", results, "--json")
    assert json.loads(again.stdout) == json.loads((results / "leaderboard" / "leaderboard.json").read_text())


def test_leaderboard_of_a_folder_that_is_not_there(tmp_path):
    done = run("leaderboard", "--results", tmp_path / "nothing")
    assert done.exit_code == 2
    assert "There is no folder" in done.stderr
