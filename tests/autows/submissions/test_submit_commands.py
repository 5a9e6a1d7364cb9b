from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from handed_in import SUBMISSION, answers_to

import tasks
from autows.checks.cases import World
from autows.checks.evidence import CLASSES, unknowable
from autows.runs.store import RunStore
from autows.submissions import controls
from autows.submissions.submission import CONTROLS
from leaderboard import sources
from run_bench import main

FAST = ("--tasks", "breast_cancer", "--representations", "raw", "--draws", "1", "--jobs", "1")

METHOD = '''
import sys

import numpy as np

from autows import Labels, Method

sys.modules["poison"] = sys


class Nearest(Method):
    """Nearest class mean."""

    name = "nearest_means"
    needs = frozenset({"class_names"})
    pretrained_data = "means of old"

    def fit_predict(self, view, rng):
        classes = np.arange(len(view.class_names))
        means = np.stack([view.X_seed[view.y_seed == k].mean(axis=0) for k in classes])
        answer = [((X[:, None] - means) ** 2).sum(axis=2).argmin(axis=1) for X in (view.X_pool, view.X_test)]
        return Labels(*answer, view.n_classes)
'''

BROKEN = METHOD.replace(
    "classes = np",
    "if view.X_pool.shape[1] == 30:\n            raise ValueError('on purpose')\n        classes = np",
)
BY_PLACE = METHOD.replace("return Labels(*answer", "return Labels(np.sort(answer[0]), answer[1]")


def cli(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Work in a folder of the test's own, where nothing has been accepted yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "SUBMISSIONS", tmp_path / "accepted")


def records_of(folder):
    return [json.loads(path.read_text()) for path in sorted((folder / "records").rglob("*.json"))]


def truth(side):
    return np.asarray(getattr(tasks.create("breast_cancer").load(), f"y_{side}"))


def test_answers_are_scored_as_any_run_and_can_be_scored_again(tmp_path):
    told = cli("export", "breast_cancer", "--out", "export", "--json")
    assert told.exit_code == 0, told.output
    (about,) = json.loads(told.stdout)
    manifest = (tmp_path / "export" / "manifest.json").read_bytes()
    assert about["manifest"] == hashlib.sha256(manifest).hexdigest()

    # Answers that are right but for every tenth row, in the order of the export.
    from autows.submissions.row_ids import row_ids

    right = {}
    for side in ("pool", "test"):
        y = truth(side)
        right[side] = y[np.argsort(row_ids(tasks.create("breast_cancer"), side, len(y)))]
        right[side][::10] = 1 - right[side][::10]
    right["test"][0] = -1
    np.savez("mine.npz", **answers_to(tmp_path / "export", **right))

    for bad, message in (
        (("mine.npz", "--name", "snuba"), "taken by a method of this project"),
        (("mine.npz", "--name", "a/b"), "expected 1 to 40 of a-z"),
        (("mine.npz", "--suite", "quick"), "--suite is for a method; mine.npz are answers"),
        (("mine.npz", "mine.py"), "not both at once"),
        (("mine.npz", "--link", "ftp://a.org"), "link is 'ftp://a.org'"),
        (("mine.npz", "--needs", "zero_shot"), "--needs has zero_shot"),
        (("absent.npz",), "is not there"),
    ):
        refused = cli("submit", *bad)
        assert refused.exit_code == 2, refused.output
        assert message in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "results").exists()

    done = cli("submit", "mine.npz", "--author", "A. Author", "--export", "export")
    assert done.exit_code == 0, done.output + done.stderr
    assert "mine: 1 run: 1 ok\n" in done.stdout
    (record,) = RunStore(tmp_path / "results").scan()
    assert record.key.method == "mine"
    assert record.key.parameters == {}
    assert record.method_info["family"] == "submission"
    assert record.status == "ok"
    wrong = np.arange(200) % 10 == 0
    majority = np.bincount(np.load("export/y_seed.npy")).argmax()
    y_first = truth("test")[np.argsort(row_ids(tasks.create("breast_cancer"), "test", 200))[0]]
    assert record.scores["accuracy"] == pytest.approx((200 - wrong.sum() + (majority == y_first)) / 200)
    assert record.scores["coverage"] == pytest.approx(199 / 200)
    assert record.scores["end_model_accuracy"] > 0.8
    folder = tmp_path / "results" / "submissions" / "mine"
    (passed_on,) = records_of(folder)
    assert passed_on["predictions"] is None
    assert passed_on["scores"] == dict(record.scores)
    assert sorted(path.name for path in folder.iterdir()) == ["records", "submission.json"]
    assert (
        record.key.source_hash == json.loads((folder / "submission.json").read_text())["source_sha256"][:16]
    )

    again = cli("verify", folder, "--predictions", "mine.npz", "--json", "--jobs", 1)
    assert again.exit_code == 0, again.output
    found = json.loads(again.stdout)
    assert found["ok"]
    assert {check["name"] for check in found["checks"]} >= {"answers", "files", "completeness", "currency"}
    assert "the same to the last digit" in found["checks"][-1]["lines"][0]

    unscored = cli("verify", folder, "--json")
    assert unscored.exit_code == 0, unscored.output
    assert json.loads(unscored.stdout)["verdict"] == (
        "No fault found, but not all is verified: not scored again"
    )

    # Other answers under the same name are another submission.
    right["test"][5] = 1 - right["test"][5]
    np.savez("mine.npz", **answers_to(tmp_path / "export", **right))
    refused = cli("submit", "mine.npz")
    assert refused.exit_code == 2
    assert "say --replace if that is an earlier version of yours" in refused.stderr
    other = cli("verify", folder, "--predictions", "mine.npz", "--jobs", 1)
    assert other.exit_code == 1
    assert "are others than were scored" in other.stdout


def test_a_method_is_run_in_isolation_and_verified(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(METHOD)
    done = cli("submit", "mine.py", *FAST, "--name", "near-1", "--pretrained", "nothing but numbers")
    assert done.exit_code == 0, done.output + done.stderr
    assert "bubblewrap" in done.stderr
    assert "near-1: 1 run: 1 ok\n" in done.stdout
    assert "Negative controls passed" in done.stderr
    assert "poison" not in sys.modules, "the file was imported here"
    folder = tmp_path / "results" / "submissions" / "near-1"
    assert (folder / "method.py").read_text() == METHOD
    about = json.loads((folder / "submission.json").read_text())
    assert about["name"] == "near-1"
    assert about["needs"] == ["class_names"]
    assert about["negative_controls"] == {"permuted_labels": "passed", "row_order": "passed"}
    assert about["pretrained_data"] == "means of old; nothing but numbers"
    assert about["summary"] == "Nearest class mean."
    (record,) = records_of(folder)
    assert record["key"]["method"] == record["labels"]["method"] == "near-1"
    assert record["scores"]["accuracy"] > 0.85

    again = cli("submit", "mine.py", *FAST, "--name", "near-1")
    assert "1 run: 1 ok (made before)" in again.stdout
    assert "Negative controls" not in again.stderr, "they were made before"
    assert json.loads((folder / "submission.json").read_text())["negative_controls"] == {
        "permuted_labels": "passed",
        "row_order": "passed",
    }
    (tmp_path / "mine.py").write_text(METHOD + "# another\n")
    taken = cli("submit", "mine.py", *FAST, "--name", "near-1")
    assert taken.exit_code == 2
    assert "'near-1' is taken by another submission" in taken.stderr

    # With an accuracy that was made up, and then with less than it needs.
    shutil.copytree(folder, tmp_path / "x" / "near-1")
    copied = tmp_path / "x" / "near-1"
    (path,) = (copied / "records").rglob("*.json")
    path.write_text(json.dumps({**record, "scores": {**record["scores"], "accuracy": 0.999}}))
    caught = cli("verify", copied, "--cells", 0)
    assert caught.exit_code == 1
    assert "accuracy is 0.999, no whole number of 200 test rows" in caught.stdout
    p = record["scores"]["accuracy"] + 0.01
    better = {"accuracy": p, "accuracy_covered": p, "accuracy_se": round((p * (1 - p) / 199) ** 0.5, 6)}
    path.write_text(json.dumps({**record, "scores": {**record["scores"], **better}}))
    fine = cli("verify", copied, "--cells", 0, "--seed", 1)
    assert fine.exit_code == 0, "nothing but another run can tell"
    assert "?    runs: 1 of 1 records could be run again, 0 were\n" in fine.stdout
    assert fine.stdout.rstrip().endswith("\nNo fault found, but not all is verified: not run again")
    with monkeypatch.context() as without:
        without.setattr("autows.submissions.isolated.unavailable", lambda: "bubblewrap is not there")
        refused = cli("verify", copied)
    assert refused.exit_code == 2
    assert "not run unprotected: bubblewrap is not there; --cells 0 looks at the files" in refused.stderr
    caught = cli("verify", copied, "--seed", 1, "--jobs", 1, "--unprotected")
    assert caught.exit_code == 1
    assert f"accuracy is {p:.6f}, here {p - 0.01:.6f}, 0.010000 apart, more than 0.007\n" in caught.stdout
    assert "with another seed accuracy is " in caught.stdout
    assert "of 2 that differ 2 are better as stated, on average by 0.0100" in caught.stdout
    assert "Not in order: run again" in caught.stdout
    path.write_text(json.dumps({**record, "method_info": {**record["method_info"], "needs": []}}))
    (copied / "submission.json").write_text(json.dumps({**about, "needs": []}))
    caught = cli("verify", copied, "--seed", 1, "--jobs", 1, "--unprotected")
    assert caught.exit_code == 1
    assert "FAIL declaration: needs is []; the source has ['class_names']" in caught.stdout
    assert "FAIL negative controls: " in caught.stdout
    assert (
        "it does not run, although the task has what it declares to need: needs class names" in caught.stdout
    )
    for wrong in (("--predictions", "mine.py"), ("--seed", "x")):
        assert cli("verify", copied, *wrong).exit_code == 2
    (copied / "submission.json").write_text(json.dumps({**about, "pretrained_data": ""}))
    path.write_text(json.dumps(record))
    caught = cli("verify", copied, "--jobs", 1, "--unprotected")
    assert "FAIL declaration: pretrained_data is ''; the source has 'means of old'" in caught.stdout
    # A changed source is not run at all.
    (copied / "method.py").write_text(METHOD + "# another\n")
    caught = cli("verify", copied, "--json")
    assert caught.exit_code == 1
    assert [check["name"] for check in json.loads(caught.stdout)["checks"]] == [
        "statement",
        "files",
        "source",
    ]


def memorised():
    """Return a method that knows the truth of the made-up tasks by heart, and else is honest."""
    rows = {}
    for seed in range(controls.EFFORT.permutations):
        case = unknowable(World(), CLASSES, seed).case
        X = np.concatenate([case.view.X_pool, case.view.X_test])
        rows |= {row.tobytes().hex(): int(y) for row, y in zip(X, case.y, strict=True)}
    return METHOD.replace("class Nearest", f"KNOWN = {rows}\n\n\nclass Nearest").replace(
        "        return Labels",
        """        for X, y in zip((view.X_pool, view.X_test), answer):
            y[:] = [KNOWN.get(row.tobytes().hex(), label) for row, label in zip(np.asarray(X), y)]
        return Labels""",
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BY_PLACE, "of 120 rows get another answer when pool and test are in another order"),
        (memorised, "100% of the rows are right although the seed labels were permuted; chance is 12%"),
    ],
)
def test_a_method_that_fails_a_negative_control_is_neither_run_nor_in_order(make, message, tmp_path):
    (tmp_path / "mine.py").write_text(make())
    refused = cli("submit", "mine.py", *FAST)
    assert refused.exit_code == 1, refused.output
    assert message in refused.stderr
    assert "cannot be on the leaderboard" in refused.stderr
    assert refused.stderr.count("FAIL ") == 1
    assert not (tmp_path / "results").exists()

    # Somebody who says otherwise is found out.
    with pytest.MonkeyPatch.context() as lying:
        lying.setattr(controls, "run", lambda method: [])
        lying.setattr(controls, "outcome", lambda results: dict.fromkeys(CONTROLS, "passed"))
        assert cli("submit", "mine.py", *FAST).exit_code == 0
    folder = tmp_path / "results" / "submissions" / "nearest_means"
    assert cli("verify", folder, "--cells", 0).exit_code == 0
    caught = cli("verify", folder, "--jobs", 1, "--unprotected")
    assert caught.exit_code == 1
    assert "FAIL negative controls: " in caught.stdout
    assert message in caught.stdout
    assert "run again: " not in caught.stdout


def test_a_method_that_does_not_answer_at_all_is_told_so(tmp_path):
    (tmp_path / "mine.py").write_text(BROKEN.replace("== 30", "< 30"))
    refused = cli("submit", "mine.py", *FAST)
    assert refused.exit_code == 1
    assert "FAIL It answers" in refused.stderr
    assert "fit_predict gave no answer: raised ValueError: on purpose" in refused.stderr
    assert "permuted" not in refused.stderr.partition("FAIL")[2]
    assert not (tmp_path / "results").exists()


def test_controls_are_made_again_for_another_method():
    assert controls.known(SUBMISSION, SUBMISSION) == dict.fromkeys(CONTROLS, "passed")
    assert controls.known(None, SUBMISSION) is None
    for change in ({"source_sha256": "0" * 64}, {"parameters": {}}, {"project_version": "9"}):
        assert controls.known(replace(SUBMISSION, **change), SUBMISSION) is None


def test_runs_that_fail_are_part_of_the_submission(tmp_path):
    (tmp_path / "mine.py").write_text(BROKEN)
    done = cli("submit", "mine.py", *FAST)
    assert done.exit_code == 1, done.output
    assert "failed: breast_cancer / raw / draw 0" in done.stderr
    assert "on purpose" in done.stderr
    folder = tmp_path / "results" / "submissions" / "nearest_means"
    (record,) = records_of(folder)
    assert record["status"] == "failed"
    assert "on purpose" in record["reason"]
    assert record["traceback"] == ""
    checked = cli("verify", folder)
    assert checked.exit_code == 1
    assert "none of them is of a run that went well" in checked.stdout


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (('"nearest_means"', '"snuba"'), (), "'snuba' is taken by a method of this project"),
        (("    needs =", '    family = "control"\n    needs ='), (), "family = 'control'"),
        (("import numpy", "import nump"), (), "mine.py"),
        (("", ""), ("--export", "."), "--export is for answers; mine.py is a method"),
        (("", ""), ("--suite", "quik"), "Did you mean 'quick'?"),
        (("", ""), ("--name", "Near"), "expected 1 to 40 of a-z"),
        (("", ""), ("--author", "a\nb"), "author holds a control character"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(tmp_path, change, options, message):
    (tmp_path / "mine.py").write_text(METHOD.replace(*change) if change[0] else METHOD)
    refused = cli("submit", "mine.py", *options)
    assert refused.exit_code == 2, refused.output
    errors = [line for line in refused.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert not (tmp_path / "results").exists()


def test_without_bubblewrap_it_is_said_or_refused(tmp_path, monkeypatch):
    from autows.submissions import isolated

    monkeypatch.setattr(isolated, "unavailable", lambda: "bubblewrap (bwrap) is not installed")
    (tmp_path / "mine.py").write_text(METHOD)
    refused = cli("submit", "mine.py", *FAST, "--require-sandbox")
    assert refused.exit_code == 2
    assert "not run unprotected: bubblewrap (bwrap) is not installed" in refused.stderr
    assert isolated.protection(False) == (
        False,
        f"{isolated.what_is_not_protected()} (bubblewrap (bwrap) is not installed)",
    )


def test_several_exports_are_folders_in_one(tmp_path):
    done = cli("export", "digits,breast_cancer", "--draw", 0, "--draw", 2, "--out", "all")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        "breast_cancer-raw-draw0-n100",
        "breast_cancer-raw-draw2-n100",
        "digits-raw-draw0-n100",
        "digits-raw-draw2-n100",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "x"), "Give a task or --suite"),
        (("digits", "--suite", "quick", "--out", "x"), "Give a task or --suite"),
        (("digit", "--out", "x"), "Unknown task 'digit'. Did you mean 'digits'?"),
        (
            ("digits", "--representation", "spectral", "--out", "x"),
            "is image, on which spectral does not work",
        ),
        (("digits", "--labels", "5000", "--out", "x"), "ask for 1 to 1296"),
        (("breast_cancer", "--zero-shot", "glyph_clip", "--out", "x"), "glyph_clip does not speak for task"),
        (("digits", "--zero-shot", "pca", "--out", "x"), "embeds no texts"),
    ],
)
def test_exports_that_cannot_be_made(tmp_path, arguments, message):
    refused = cli("export", *arguments)
    assert refused.exit_code == 2, refused.output
    assert message in refused.stderr
    assert not (tmp_path / "x").exists()


def test_what_is_no_submission_is_not_in_order(tmp_path):
    assert cli("verify", "absent").exit_code == 2
    (tmp_path / "empty").mkdir()
    found = cli("verify", "empty")
    assert found.exit_code == 2
    assert found.stderr == "Error: There is no submission.json in empty; give the folder of a submission\n"
    (tmp_path / "empty" / "submission.json").write_text("{}")
    found = cli("verify", "empty")
    assert found.exit_code == 1
    assert "FAIL submission.json: empty/submission.json: author is missing" in found.stdout
    absent = cli("submit", "absent.py")
    assert absent.exit_code == 2
    assert absent.stderr == "Error: There is no file absent.py\n"
