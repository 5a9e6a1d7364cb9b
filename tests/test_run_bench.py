from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import tasks
from commands.options import cells_of
from run_bench import main

ROOT = Path(__file__).resolve().parent.parent
FAST = ("--tasks", "breast_cancer", "--representations", "raw", "--methods", "majority_class", "--draws", "1")


def cli(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rum",), "Unknown command 'rum'. Did you mean 'run'? See: run_bench.py --help"),
        (
            ("run", "--suite", "quik"),
            "Unknown suite 'quik'. Did you mean 'quick'? See: run_bench.py list suites",
        ),
        (
            ("run", "--tasks", "digit"),
            "Unknown task 'digit'. Did you mean 'digits'? See: run_bench.py list tasks",
        ),
        (("run", "--methods", "snubba"), "Unknown method 'snubba'. Did you mean 'snuba'?"),
        (("run", "--representations", "pcb"), "Unknown representation 'pcb'. Did you mean 'pca'?"),
        (("run", "--methods", "snuba[keep"), "Unbalanced square brackets"),
        (("run", "--methods", "snuba[kep=1]"), "Unknown snuba parameter 'kep'. Did you mean 'keep'?"),
        (("run", "--methods", "label_spreading[alpha=nan]"), "'nan' is not a finite number"),
        (
            ("run", "--methods", "label_spreading[alpha=2.0]"),
            "'label_spreading[alpha=2.0]': alpha is 2.0; expected",
        ),
        (
            ("run", "--methods", "snuba[keep=0]"),
            "Method 'snuba[keep=0]': snuba: keep is 0; expected at least 1",
        ),
        (("run", "--methods", "snuba[label_model=dawid]"), "Unknown label model 'dawid'. Did you mean"),
        (("run", "--representations", "pca[n_components=0]"), "n_components is 0; expected at least 1"),
        (("run", "--methods", ","), "--methods names nothing; see: run_bench.py list methods"),
        (("run", "--suite", "quick", "--tasks", "digits"), "Give --suite or --tasks, not both"),
        (("run", "--tasks", "digits", "--labels", "1297"), "its pool has 1297 rows, so ask for 1 to 1296"),
        (("run", "--draws", "0"), "Invalid value for '--draws'"),
        (("run", "--draw", "3"), "'--draw'. Did you mean '--draws'?"),
        (("list", "tusks"), "Invalid value"),
        (("run", "--methods", "snuba", "--oracle", "human"), "--oracle human is for iws"),
        (("ablate", "--axis", "label_modle", "--methods", "snuba"), "Did you mean 'label_model'?"),
        (("ablate", "--axis", "keep", "--methods", "snuba"), "--values a,b,c"),
        (("ablate", "--methods", "snuba"), "Missing option '--axis'"),
        (("ablate", "--axis", "keep", "--methods", "snuba", "--values", ","), "--values names nothing"),
        (
            ("ablate", "--axis", "keep", "--methods", "snuba,snuba[keep=2]", "--values", "3"),
            "snuba and snuba[keep=2] differ in keep alone",
        ),
        (("run", "--methods", "snuba[families=stumps[cardinality=9]]"), "expected at most 4"),
        (("run", "--methods", "snuba[cardinality=9]"), "cardinality is 9; expected at most 4"),
        (("lfs", "snuba,goggles", "--task", "digits"), "Name one method, one task and one representation"),
        (("run", "--methods", "snuba[label_model=metal[n_classes=3]]"), "n_classes is the task's"),
        (("ablate", "--axis", "prompt", "--methods", "snuba"), "asks a foundation model about these tasks"),
        (
            ("ablate", "--axis", "prompt", "--methods", "zero_shot_clip", "--values", "a photo"),
            "The prompt 'a photo' must hold exactly one {}",
        ),
        (("lfs", "snuba", "--task", "digits"), "There is no run of digits / raw / snuba / draw 0"),
        (("leaderboard", "--results", "nowhere"), "There is no folder nowhere"),
        (
            ("compare", "snuba", "--representations", "pcaa"),
            "Did you mean 'pca'? See: run_bench.py leaderboard",
        ),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = cli(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line_and_status_2(tmp_path):
    (tmp_path / "file").write_text("")
    result = cli("run", *FAST, "--results", tmp_path / "file" / "x")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"Error: Cannot write to {tmp_path}/file/x/records (results): Not a directory."
    )


def test_run_then_run_again_then_leaderboard(tmp_path):
    first = cli("run", *FAST, "--results", tmp_path / "r")
    assert first.exit_code == 0
    assert first.stdout == f"1 run: 1 ok. Records are in {tmp_path / 'r'}\n"
    again = cli("run", *FAST, "--results", tmp_path / "r", "--json")
    assert json.loads(again.stdout) == {
        "ok": 1,
        "skipped": 0,
        "failed": 0,
        "timeout": 0,
        "executed": 0,
        "results": str(tmp_path / "r"),
    }
    shown = cli("leaderboard", "--results", tmp_path / "r", "--out", tmp_path / "site")
    assert shown.exit_code == 0
    assert "majority_class" in shown.stdout
    assert sorted(p.name for p in (tmp_path / "site").iterdir()) == [
        "index.html",
        "leaderboard.csv",
        "leaderboard.json",
        "leaderboard.md",
        "leaderboard.tex",
        "plots",
    ]
    as_json = cli("leaderboard", "--results", tmp_path / "r", "--json")
    assert json.loads(as_json.stdout)["rows"][0]["method"] == "majority_class"


@pytest.mark.parametrize("kind", ["tasks", "methods", "representations", "label-models", "suites"])
def test_lists(kind):
    text = cli("list", kind)
    assert text.exit_code == 0
    entries = json.loads(cli("list", kind, "--json").stdout)
    assert entries
    for entry in entries:
        assert entry["name"] in text.stdout


def test_help_and_lists_load_nothing_heavy():
    code = (
        "import sys; from click.testing import CliRunner; from run_bench import main\n"
        "for a in (['--help'], ['list', 'tasks'], ['list', 'methods'], ['list', 'representations'],\n"
        "          ['list', 'label-models'], ['list', 'suites']):\n"
        "    assert CliRunner().invoke(main, a).exit_code == 0\n"
        "print(sorted({'torch', 'sklearn', 'scipy', 'pandas', 'matplotlib', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_the_leaderboard_loads_neither_torch_nor_a_method():
    code = (
        "import sys; from leaderboard import board, render; render.to_text(board.build([]))\n"
        "heavy = [m for m in sys.modules if m.split('.')[0] in ('torch', 'baselines', 'tasks')\n"
        "         or m.startswith('autows.methods')]\n"
        "print(heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


@pytest.fixture
def slow(tmp_path):
    """A method of another package, found by its entry point, that takes 0.4 s; the environment to see it."""
    folder = tmp_path / "site"
    info = folder / "slow_method-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-method\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[autows.methods]\nslow = slow_method:Slow\n")
    (folder / "slow_method.py").write_text(
        "import time\nimport numpy as np\nfrom autows import Labels, Method\n"
        "class Slow(Method):\n"
        '    """Slow."""\n'
        "    name = 'slow'\n"
        "    def fit_predict(self, view, rng):\n"
        "        time.sleep(0.4)\n"
        "        pool, test = (np.zeros(len(X), int) for X in (view.X_pool, view.X_test))\n"
        "        return Labels(pool, test, view.n_classes)\n"
    )
    return {**os.environ, "PYTHONPATH": str(folder)}


def start(environment, results, *more):
    command = [sys.executable, str(ROOT / "run_bench.py"), "run", "--tasks", "breast_cancer"]
    command += ["--representations", "raw", "--methods", "slow", "--draws", "12", "--jobs", "2"]
    return subprocess.Popen(
        [*command, "--results", str(results), *more],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests that run in the background of a shell ignore Ctrl-C, and what they start would do so too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def records(results):
    return sorted((results / "records").rglob("*.json"))


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def session_is_empty(leader):
    listing = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-s", str(leader)], capture_output=True, text=True
    ).stdout
    return not [line for line in listing.splitlines() if "Z" not in line]


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="needs POSIX process sessions")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_is_finished_survives_an_interruption(slow, tmp_path, how):
    results = tmp_path / "r"
    process = start(slow, results)
    wait_for(lambda: len(records(results)) >= 3)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal's Ctrl-C does: to everyone
    else:
        process.kill()
    out, err = process.communicate(timeout=30)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "Interrupted. What was finished is kept" in err
        assert "Traceback" not in err
        assert out == ""
    wait_for(lambda: session_is_empty(process.pid), 20)
    kept = {path: path.stat().st_mtime_ns for path in records(results)}
    assert len(kept) >= 3
    assert not list(results.rglob("*.tmp"))
    again = start(slow, results, "--json")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert json.loads(out)["executed"] == 12 - len(kept)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_failed_runs_are_named_and_the_status_is_1(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path))
    arguments = ("--tasks", "yelp,breast_cancer", "--representations", "raw", "--methods", "majority_class")
    result = cli("run", *arguments, "--draws", "1", "--results", tmp_path / "r")
    assert result.exit_code == 1
    assert "2 runs: 1 ok, 1 failed" in result.stdout
    assert (
        "Failed: majority_class on yelp: Cannot get classification/yelp.zip of the hub dataset"
        in result.stderr
    )
    assert "Traceback" not in result.stderr


def test_an_ablation_synthesises_once_and_prints_paired_differences(tmp_path):
    chosen = (
        "--tasks",
        "breast_cancer",
        "--representations",
        "raw",
        "--draws",
        "2",
        "--results",
        tmp_path / "r",
    )
    methods = ("--methods", "snuba[n_iterations=2]", "--jobs", "1")
    values = ("--values", "majority_vote,dawid_skene")
    first = cli("ablate", "--axis", "label_model", *values, *chosen, *methods)
    assert (first.exit_code, first.stdout.count("majority_vote")) == (0, 1)
    assert "dawid_skene (ref.)" in first.stdout
    again = cli("ablate", "--axis", "label_model", *values, *chosen, *methods, "--json")
    rows = json.loads(again.stdout)["rows"]
    assert [row["n_draws"] for row in rows] == [2, 2]
    own = next(row for row in rows if row["reference"])
    other = next(row for row in rows if not row["reference"])
    assert other["difference"] == pytest.approx(other["accuracy"] - own["accuracy"], abs=1e-6)
    assert other["synthesise_seconds"] == own["synthesise_seconds"]
    records = [json.loads(p.read_text()) for p in (tmp_path / "r" / "records").rglob("*.json")]
    assert sorted("votes_of" in record["info"] for record in records) == [False, False, True, True]


def test_the_labeling_functions_of_a_run_can_be_read(tmp_path):
    spec = "snuba[families=stumps,n_iterations=2]"
    chosen = ("--tasks", "breast_cancer", "--representations", "raw", "--methods", spec, "--draws", "1")
    assert cli("run", *chosen, "--results", tmp_path / "r").exit_code == 0
    shown = cli("lfs", spec, "--task", "breast_cancer", "--results", tmp_path / "r")
    assert shown.exit_code == 0
    assert " where feature " in shown.stdout
    assert "right on seeds" in shown.stdout
    rows = json.loads(
        cli("lfs", spec, "--task", "breast_cancer", "--results", tmp_path / "r", "--json").stdout
    )
    assert len(rows) > 4
    assert {"lf", "words", "coverage", "overlap", "conflict", "polarity", "seed_accuracy"} <= rows[0].keys()


def test_a_person_answers_leaves_and_goes_on(tmp_path):
    chosen = ("--tasks", "breast_cancer", "--representations", "raw", "--methods", "iws[n_queries=3]")
    command = ("run", *chosen, "--draws", "1", "--oracle", "human", "--results", str(tmp_path / "r"))
    left = CliRunner().invoke(main, command, input="y\nq\n")
    assert (left.exit_code, left.stdout) == (130, "")
    assert "Kept: 1 answers" in left.stderr
    assert not list((tmp_path / "r").rglob("draw*.json"))
    ended = CliRunner().invoke(main, command, input="n\ny\n")
    assert (ended.exit_code, ended.stderr.count("Useful?")) == (0, 2)
    assert "1 run: 1 ok" in ended.stdout
    again = CliRunner().invoke(main, command, input="")
    assert (again.exit_code, again.stderr.count("Useful?")) == (0, 0)


@pytest.mark.parametrize("task", tasks.names())
def test_each_task_has_something_to_run_on_the_defaults_of_its_suite(task, capsys):
    cells = cells_of(None, task, None, None, 1, 100, "none")
    assert {"logistic_regression", "snuba"} <= {cell.method.name for cell in cells}
