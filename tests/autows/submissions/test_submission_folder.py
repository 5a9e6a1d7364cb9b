from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from handed_in import SOURCE, SUBMISSION, cell, edit, hand_in, made_record, record_paths

from autows import submissions
from autows.errors import CorruptRecord, UserError
from autows.runs.record import Record
from autows.submissions import folder as folders
from autows.submissions import records, schema, verification
from autows.submissions.assembly import assemble, check_free, check_name
from autows.submissions.record_checks import mistake
from autows.submissions.records import MAX_RECORD_BYTES, fit_to_pass_on
from autows.submissions.submission import Submission
from leaderboard import board as boards


@pytest.fixture
def home(tmp_path):
    """Return a folder with one submission of two records."""
    return hand_in(tmp_path)


def test_what_is_written_is_read_again(home):
    assert submissions.read(home) == SUBMISSION
    found = list(submissions.read_records(home, SUBMISSION))
    assert [record.key for record in found] == sorted((cell(0).key, cell(1).key), key=lambda key: key.path)
    assert folders.source_of(home, SUBMISSION) == SOURCE
    assert folders.foreign_files(home, SUBMISSION) == []
    about = SUBMISSION.about()
    assert about["author"] == "A. Author"
    assert about["name"] == "mine-2"
    assert not list(home.parent.glob(".*"))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "Mine!", "name is 'Mine!'; expected 1 to 40 of a-z"),
        ("name", "../mine", "name is"),
        ("name", "-mine", "name is"),
        ("name", "a" * 41, "name is"),
        ("author", 3, "author is 3; expected text"),
        ("author", "A.\x1b[31m", r"author holds a control character, U\+001B"),
        ("author", "A\u202eB", r"author holds a control character, U\+202E"),
        ("author", "A" * 101, "author has 101 characters"),
        ("author", "two\nlines", r"author holds a control character, U\+000A"),
        ("link", "javascript:alert(1)", "link is .*; expected an address that begins with https://"),
        ("link", "https://", "link is"),
        ("link", "https://a b.org", "link is .*without spaces"),
        ("link", 'https://a.org/"><script>', "link is .*without spaces, quotes"),
        ("link", "https://user:word@a.org", "link is .*user names"),
        ("link", "file:///etc/passwd", "link is"),
        ("link", "https://a.org/" + "a" * 200, "link has 214 characters"),
        ("link", "http://[", "link is"),
        ("summary", "s" * 301, "summary has 301"),
        ("family", "control", "family is 'control', which only this project's"),
        ("family", "", "family has 0 characters"),
        ("needs", ["labels"], "needs has an item that is 'labels'"),
        ("needs", ["zero_shot", "zero_shot"], "needs has an item twice"),
        ("needs", "zero_shot", "needs is 'zero_shot'; expected a list"),
        ("parameters", {"a": [1]}, r"parameters has 'a', which is \[1\]"),
        ("parameters", {"a\n": 1}, "parameters has"),
        ("pretrained_data", None, "pretrained_data is None; expected text"),
        ("class_name", "a.b", "class_name is 'a.b'"),
        ("source_sha256", "A" * 64, "source_sha256 is"),
        ("source_sha256", "a" * 63, "source_sha256 is"),
        ("tasks", [], "tasks is"),
        ("draws", [-1], "draws has an item that is -1"),
        ("draws", [True], "draws has an item that is True"),
        ("n_labels", 0, "n_labels is 0"),
        ("n_labels", 1.5, "n_labels is 1.5"),
        ("schema_version", 2, "schema_version is 2; expected 1"),
        ("schema_version", True, "schema_version is True"),
        ("kind", "binary", "kind is 'binary'; expected 'method' or 'predictions'"),
        ("commit", "main", "commit is 'main'"),
        ("created_at", "yesterday", "created_at is 'yesterday'; expected a moment"),
        ("created_at", "2999-01-01T00:00:00+00:00", "created_at is .* still to come"),
        ("hardware", {"cpu": {"a": 1}}, "hardware has 'cpu'"),
        ("packages", KeyError, "packages is missing"),
        ("negative_controls", KeyError, "negative_controls is missing, as in submissions made before"),
        ("negative_controls", {"row_order": "passed"}, "negative_controls has no permuted_labels"),
        ("negative_controls", {"row_order": "failed"}, "negative_controls has row_order, which is 'failed'"),
        ("negative_controls", {"learns": "passed"}, "negative_controls has 'learns'; expected permuted_labe"),
        ("negative_controls", {"row_order": ["passed"]}, "negative_controls has 'row_order', which is"),
        ("kind", "predictions", "negative_controls is there, and predictions cannot"),
        ("homepage", "x", "unknown field 'homepage'"),
    ],
)
def test_a_mistake_names_the_file_and_the_field(home, field, value, message):
    edit(home / "submission.json", **{field: value})
    with pytest.raises(submissions.InvalidSubmission, match=rf"submission\.json: {message}") as caught:
        submissions.read(home)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"[]", "holds a list; expected an object"),
        (b"\xff", "is not JSON"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": 1, "a": 2}', "a key is there twice"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "more than the 65536 bytes|nested too deeply"),
        (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "nested too deeply"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "is not JSON"),
        (b" " * 70_000, "more than the 65536 bytes that are allowed"),
    ],
)
def test_what_is_no_submission_is_said(home, content, message):
    (home / "submission.json").write_bytes(content)
    with pytest.raises(submissions.InvalidSubmission, match=rf"submission\.json .*({message})"):
        submissions.read(home)


def test_links_are_not_followed(home, tmp_path):
    real = tmp_path / "elsewhere.json"
    (home / "submission.json").rename(real)
    (home / "submission.json").symlink_to(real)
    with pytest.raises(submissions.InvalidSubmission, match="is a link or no plain file"):
        submissions.read(home)
    (home / "submission.json").unlink()
    with pytest.raises(submissions.InvalidSubmission, match=r"submission\.json is missing"):
        submissions.read(home)


def test_a_submission_that_is_not_one_cannot_be_built():
    with pytest.raises(schema.InvalidSubmission, match="link is 'x'"):
        replace(SUBMISSION, link="x")
    with pytest.raises(schema.InvalidSubmission, match="predictions have no class"):
        replace(SUBMISSION, kind="predictions", negative_controls={}, class_name="Mine")


def test_other_files_are_named(home):
    first, second = record_paths(home)
    (home / "weights.bin").write_bytes(b"x")
    (home / "method.py").chmod(0o755)
    (home / "records" / "shortcut.json").symlink_to(first)
    (home / "linked").symlink_to(home.parent, target_is_directory=True)
    os.mkfifo(home / "pipe")
    second.write_bytes(b" " * (MAX_RECORD_BYTES + 1))
    deep = home / "records" / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    (deep / "f.json").write_text("{}")
    found = "\n".join(folders.foreign_files(home, SUBMISSION))
    assert "'weights.bin' does not belong into a submission" in found
    assert "'method.py' is executable; say chmod -x" in found
    assert "'records/shortcut.json' is a link" in found
    assert "'linked' is a link" in found
    assert "'pipe' is no plain file" in found
    assert f"has {MAX_RECORD_BYTES + 1} bytes; at most {MAX_RECORD_BYTES} are allowed" in found
    assert "'records/a/b/c/d' is a folder that cannot be read, or that lies too deep" in found
    assert len(found.splitlines()) == 7


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_is_read(home, monkeypatch):
    locked = home / "records" / "locked"
    locked.mkdir()
    scan, look = os.scandir, Path.lstat

    def scandir(path):
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert folders.foreign_files(home, SUBMISSION) == [
        "'records/locked' is a folder that cannot be read, or that lies too deep"
    ]
    read = list(submissions.read_records(home, SUBMISSION))
    assert len(read) == 3
    assert [str(one) for one in read if isinstance(one, CorruptRecord)] == [
        f"{locked} is a folder that cannot be read, or that lies too deep; expected a plain file"
    ]

    def lstat(path):
        if path.name == "method.py":
            raise PermissionError(13, "Permission denied")
        return look(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert "'method.py' cannot be looked at: Permission denied" in folders.foreign_files(home, SUBMISSION)


def test_too_many_and_too_large(home, monkeypatch):
    monkeypatch.setattr(folders, "MAX_FILES", 3)
    assert folders.foreign_files(home, SUBMISSION) == ["there are more than 3 files"]
    monkeypatch.setattr(folders, "MAX_FILES", 4)
    assert folders.foreign_files(home, SUBMISSION) == []
    monkeypatch.setattr(folders, "MAX_TOTAL_BYTES", 1000)
    (line,) = folders.foreign_files(home, SUBMISSION)
    assert line.endswith("at most 1000 are allowed")
    with pytest.raises(UserError, match=r"has 3 files of \d+ bytes; allowed are 4 of 1000"):
        folders.write(home, SUBMISSION, SOURCE, [made_record(cell())])
    assert len(record_paths(home)) == 2, "the folder is as it was"


def test_predictions_have_no_source(home):
    answers = replace(SUBMISSION, kind="predictions", negative_controls={})
    assert folders.foreign_files(home, answers) == ["'method.py' does not belong into a submission"]


def test_a_changed_source_is_found(home):
    (home / "method.py").write_bytes(b"x = 2\n")
    with pytest.raises(schema.InvalidSubmission, match="the method was changed after it was run"):
        folders.source_of(home, SUBMISSION)


def test_an_earlier_submission_is_replaced_and_nothing_else(home, tmp_path):
    folders.write(home, SUBMISSION, SOURCE, [made_record(cell(0))])
    assert len(record_paths(home)) == 1
    (home / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"holds more than a submission, notes\.txt for one"):
        folders.write(home, SUBMISSION, SOURCE, [])
    other = replace(SUBMISSION, name="other")
    with pytest.raises(UserError, match="is the submission 'mine-2'"):
        folders.write(home, other, SOURCE, [])
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="is not empty and is no submission"):
        folders.write(full, other, SOURCE, [])
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is not a folder"):
        folders.write(tmp_path / "link", other, SOURCE, [])


def test_names_are_taken_by_methods_and_by_other_sources(home):
    for name in ("snuba", "zero-shot-clip", "zero_shot_clip"):
        with pytest.raises(UserError, match=f"'{name}' is taken by a method of this project"):
            check_name(name)
    with pytest.raises(UserError, match="expected 1 to 40 of a-z"):
        check_name("Mine")
    check_name("mine-2")
    check_free("mine-2", SUBMISSION.source_sha256, [home.parent])
    check_free("mine-3", "0" * 64, [home.parent, home.parent / "nowhere"])
    with pytest.raises(UserError, match="'mine-2' is taken by another submission"):
        check_free("mine-2", "0" * 64, [home.parent])


def test_it_is_put_together_from_what_was_run():
    made = assemble(
        [cell(0), cell(2), cell(0, "breast_cancer")],
        name="mine-2",
        kind="method",
        source_sha256="0" * 64,
        needs={"zero_shot", "class_names"},
        family="other",
        summary="A method.",
        suite=None,
        zero_shot="none",
        sandbox="bubblewrap",
    )
    assert made.tasks == ("digits", "breast_cancer")
    assert made.representations == ("raw",)
    assert made.draws == (0, 2)
    assert made.needs == ("class_names", "zero_shot")
    assert made.packages["numpy"]
    assert Submission(**{**made.to_json(), "draws": (0,)}).draws == (0,)


def test_what_is_passed_on_is_small_and_tells_no_folders():
    record = made_record(
        cell(),
        status="failed",
        scores={},
        reason="it broke\n\x1b[31m here " + "x" * 1000,
        traceback="File /home/somebody/mine.py",
        predictions={"file": "a.npz", "bytes": 1, "sha256": "0"},
        info={"lfs": [{"kind": "mine"}], "lf_analysis": [{}]},
    )
    slim = fit_to_pass_on(record, "A method.")
    assert slim.traceback == ""
    assert slim.predictions is None
    assert slim.reason.startswith("it broke")
    assert len(slim.reason) == 500
    assert slim.reason.isprintable()
    assert slim.info == {}, "what cannot be said in words is left out"
    assert record_checks_pass(slim)
    told = made_record(cell(), info={"chosen": [1, 2], "lf_analysis": [{"coverage": 0.5, "polarity": [1]}]})
    assert fit_to_pass_on(told, "A method.").info == told.info
    large = made_record(cell(), info={"words": ["x" * 900] * 400})
    assert fit_to_pass_on(large, "A method.").info == {}


def record_checks_pass(record):
    return records.mistake(Record.from_text(record.to_text()), SUBMISSION) is None


def test_a_record_is_of_the_submissions_number_of_labels_and_name():
    record = made_record(cell())
    other = replace(record, key=replace(record.key, n_labels=10**30))
    assert mistake(other, SUBMISSION) == f"is of {10**30} labels; the submission is of 100"
    other = replace(record, key=replace(record.key, method="snuba"))
    assert mistake(other, SUBMISSION) == "is of method 'snuba'; expected 'mine-2'"


def submitted(home, name):
    """Write a submission of that name; its one record has it as its method."""
    record = made_record(cell())
    record = replace(record, key=replace(record.key, method=name), labels={**record.labels, "method": name})
    folders.write(home / name, replace(SUBMISSION, name=name), SOURCE, [record])
    return home / name


def test_on_the_leaderboard_nobody_has_the_name_of_a_method_or_of_another_submission(tmp_path):
    submitted(tmp_path, "logistic_regression")
    submitted(tmp_path, "label-spreading")
    mine = submitted(tmp_path, "mine-2")
    shutil.copytree(mine, tmp_path / "yours")
    (tmp_path / "mine-3").symlink_to(mine)
    edit(submitted(tmp_path, "mine-4") / "submission.json", negative_controls={"row_order": "failed"})
    board = boards.read([], submissions=tmp_path)
    assert [(row["method"], row["accuracy"]) for row in board.rows] == [("mine-2", 0.75)]
    notes = "\n".join(board.notes)
    assert "submission logistic_regression: name 'logistic_regression' is that of a method" in notes
    assert "submission label-spreading: name 'label-spreading' is that of a method" in notes
    assert "mine-4/submission.json: negative_controls has row_order, which is 'failed'" in notes
    assert "submission yours: the folder is called 'yours'; name it 'mine-2'" in notes


def test_names_of_files_do_nothing_to_a_terminal(home):
    (record_paths(home)[0].parent / "\x1b[31m\nred.json").write_text("{}")
    (home.parent / "\x1b]0;title\x07").mkdir()
    notes = boards.read([], submissions=home.parent).notes
    _, check = verification.check_records(home, SUBMISSION)
    assert any("?[31m?red.json" in line for line in check.lines)
    assert any("?[31m?red.json" in note for note in notes)
    assert any("submission ?]0;title?: " in note for note in notes)
    assert all(line.isprintable() for line in (*notes, *check.lines))
