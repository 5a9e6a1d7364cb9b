from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from handed_in import SUBMISSION, Handed, K, answers_to, exported, made_record

from autows.errors import UserError
from autows.runs.cell import Cell
from autows.runs.views import make_view
from autows.submissions import answers as submitted
from autows.submissions import manifest as manifests
from autows.submissions import predictions
from autows.submissions.row_ids import row_ids
from autows.submissions.verification import check_answers

ROWS = {"pool": 90, "test": 40}


@pytest.fixture(scope="module")
def task():
    return Handed()


@pytest.fixture(scope="module")
def folder(task, tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers") / "export"
    exported(task, folder)
    return folder


@pytest.fixture
def given(folder):
    """Return the arrays of valid answers."""
    rng = np.random.default_rng(0)
    return answers_to(folder, rng.integers(-1, K, size=90), rng.integers(-1, K, size=40))


def read(task, path, arrays):
    np.savez(path, **arrays)
    return submitted.labels_of(submitted.read(path, ROWS, K), task)


def probabilities(rows, seed=0):
    P = np.random.default_rng(seed).random((rows, K))
    return P / P.sum(axis=1, keepdims=True)


def test_answers_come_back_in_the_order_of_the_task(task, folder, given, tmp_path):
    labels = read(task, tmp_path / "p.npz", given)
    for side, rows in ROWS.items():
        row_of = {int(i): row for row, i in enumerate(row_ids(task, side, rows))}
        for answer, i in zip(given[side], given[f"{side}_ids"], strict=True):
            assert getattr(labels, side)[row_of[int(i)]] == answer
    np.testing.assert_array_equal(labels.test_covered, labels.test != -1)


def test_the_order_and_type_in_which_they_are_handed_in_do_not_matter(task, given, tmp_path):
    first = read(task, tmp_path / "p.npz", given)
    shuffled = dict(given)
    for side, rows in ROWS.items():
        order = np.random.default_rng(1).permutation(rows)
        for name in (side, f"{side}_ids"):
            shuffled[name] = given[name][order]
    shuffled.update(pool=shuffled["pool"].astype(np.int8), manifest=np.array([given["manifest"].encode()]))
    again = read(task, tmp_path / "q.npz", shuffled)
    np.testing.assert_array_equal(again.pool, first.pool)
    np.testing.assert_array_equal(again.test, first.test)
    assert again.info == first.info
    other = {**given, "test": np.roll(given["test"], 1)}
    assert read(task, tmp_path / "r.npz", other).info != first.info


def test_probabilities_and_covered_rows(task, folder, tmp_path):
    covered = np.arange(40) % 4 > 0
    arrays = answers_to(
        folder, probabilities(90).astype(np.float32), probabilities(40, 1), test_covered=covered
    )
    labels = read(task, tmp_path / "p.npz", arrays)
    place = np.searchsorted(arrays["test_ids"], row_ids(task, "test", 40))
    np.testing.assert_array_equal(labels.test, arrays["test"][place])
    np.testing.assert_array_equal(labels.test_covered, covered[place])
    assert labels.pool_covered.all()


def changed(**values):
    return lambda arrays: {**arrays, **values}


def without(name):
    return lambda arrays: {key: value for key, value in arrays.items() if key != name}


def poked(name, index, value, dtype=None):
    def change(arrays):
        array = arrays[name].astype(dtype) if dtype else arrays[name].copy()
        array[index] = value
        return {**arrays, name: array}

    return change


BAD = {
    "no test": (without("test"), "lacks test"),
    "no ids": (without("pool_ids"), "lacks pool_ids"),
    "no manifest": (without("manifest"), "lacks manifest"),
    "more": (changed(model=np.arange(3)), "holds 'model.npy'; expected only pool, test"),
    "rows": (
        lambda a: {**a, "test": a["test"][1:]},
        r"test is int64 of shape \(39,\); expected integers of shape \(40,\) or floats of shape \(40, 3\)",
    ),
    "fewer": (
        lambda a: {**a, "pool": a["pool"][1:], "pool_ids": a["pool_ids"][1:]},
        r"pool is int64 of shape \(89,\)",
    ),
    "range": (poked("pool", 3, K), rf"pool has labels from -1 to {K}; expected -1 \(abstain\) to {K - 1}"),
    "below": (poked("pool", 3, -2), "pool has labels from -2"),
    "floats": (changed(pool=np.zeros(90)), "pool is float64 of shape"),
    "text": (changed(test=np.array(["red"] * 40)), "test is <U3 of shape"),
    "three axes": (changed(test=np.zeros((40, K, 1))), r"test is float64 of shape \(40, 3, 1\)"),
    "columns": (
        changed(test=probabilities(40)[:, :2]),
        r"test is float64 of shape \(40, 2\); expected .*\(40, 3\)",
    ),
    "nan": (
        lambda a: poked("test", (7, 1), np.nan)({**a, "test": probabilities(40)}),
        "test has NaN or infinity, first in row 7",
    ),
    "negative": (
        lambda a: poked("test", (7, 1), -0.1)({**a, "test": probabilities(40)}),
        "test has values from -0.1",
    ),
    "sums": (changed(test=np.full((40, K), 0.3)), r"rows that do not sum to 1, first row 0 \(sum 0.9\)"),
    "covered": (changed(test_covered=np.ones(40)), "test_covered is float64"),
    "covered and -1": (
        lambda a: {**poked("test", 0, -1)(a), "test_covered": np.ones(40, dtype=bool)},
        r"test_covered is True on rows whose label is ABSTAIN",
    ),
    "covered rows": (changed(test_covered=np.ones(39, dtype=bool)), r"test_covered is bool of shape \(39,\)"),
    "unknown id": (poked("test_ids", 0, 5), "test_ids has 1 that are no rows of it"),
    "ids twice": (
        lambda a: {**a, "test_ids": np.r_[a["test_ids"][:-1], a["test_ids"][0]]},
        "test_ids has 1 that are there twice",
    ),
    "ids of floats": (lambda a: {**a, "test_ids": a["test_ids"].astype(float)}, "test_ids is float64"),
    "ids of int64": (lambda a: {**a, "test_ids": a["test_ids"].astype("i8")}, "test_ids is int64"),
    "ids of uint32": (
        lambda a: {**a, "test_ids": a["test_ids"].astype("u4")},
        "test_ids is uint32; expected",
    ),
    "short hash": (changed(manifest="abc"), r"manifest is <U3 .*\(64 hexadecimal digits\)"),
    "number as hash": (changed(manifest=5), "manifest is int64 of shape"),
    "long hash": (changed(manifest="a" * 5000), "manifest is <U5000"),
    "non-ascii hash": (changed(manifest="ä" * 64), "64 hexadecimal digits"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_answers_are_one_line(task, given, tmp_path, case):
    change, message = BAD[case]
    path = tmp_path / "bad.npz"
    with pytest.raises(UserError, match=message) as caught:
        read(task, path, change(given))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


class Bomb:
    """Writes a file if it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_is_unpickled(task, given, tmp_path):
    path, trap = tmp_path / "bad.npz", tmp_path / "trap"
    np.savez(path, **{**given, "pool": np.array([Bomb(trap)] * 90, dtype=object)})
    with pytest.raises(UserError, match=r"bad\.npz"):
        submitted.read(path, ROWS, K)
    (tmp_path / "worse.npz").write_bytes(pickle.dumps(Bomb(trap)))
    with pytest.raises(UserError, match=r"worse\.npz is no npz file"):
        submitted.manifest_hash(tmp_path / "worse.npz")
    assert not trap.exists()


def npy(array, shape):
    """Return an npy file whose header announces another shape."""
    buffer = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (npy(np.zeros(2**21, dtype=np.int64), (2**21,)), r"pool is int64 of shape \(2097152,\); expected"),
        (npy(np.zeros((90, 2**14)), (90, 2**14)), r"pool is float64 of shape \(90, 16384\); expected"),
        (npy(np.zeros(2**21, dtype=np.int64), (90,)), r"pool declares 16777216 bytes for an array of 720"),
        (
            npy(np.zeros(2**21, dtype=np.int64), (2**32,)),
            r"pool declares 16777216 bytes for an array of 34359738368",
        ),
    ],
)
def test_what_is_not_of_the_exports_size_is_not_unpacked(
    task, folder, given, tmp_path, inflated, pool, message
):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, **{name: array for name, array in given.items() if name != "pool"})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pool.npy", pool)
    with pytest.raises(UserError, match=message):
        predictions.scored(path, [], lambda name: task)
    # The manifest, and the beginnings of seven arrays, twice.
    assert 0 < sum(inflated) < 2**17


def test_a_file_that_changes_while_it_is_read_is_refused(task, folder, given, tmp_path, monkeypatch):
    path = tmp_path / "p.npz"
    np.savez(path, **given)
    found = manifests.read(folder)

    def swap(*arguments):
        np.savez(path, **{**given, "manifest": "0" * 64})
        return found

    monkeypatch.setattr(predictions, "manifest_of", swap)
    with pytest.raises(UserError, match=r"p\.npz was changed while it was read"):
        predictions.scored(path, [], lambda name: task)


def test_links_and_folders_are_not_read(given, tmp_path):
    np.savez(tmp_path / "real.npz", **given)
    (tmp_path / "link.npz").symlink_to(tmp_path / "real.npz")
    (tmp_path / "folder.npz").mkdir()
    for name, message in (("link", "symbolic link"), ("folder", "regular file"), ("absent", "is not there")):
        with pytest.raises(UserError, match=message):
            submitted.manifest_hash(tmp_path / f"{name}.npz")


def test_the_manifest_says_which_export_answers_are_for(task, folder, given, tmp_path):
    np.savez(tmp_path / "p.npz", **given)
    path, own = tmp_path / "p.npz", manifests.read(folder)
    sha256 = submitted.manifest_hash(path)
    assert sha256 == own.sha256
    assert predictions.manifest_of(path, sha256, [own]) == own
    assert predictions.manifest_of(path, sha256, []) == own, "it was made on this machine"
    other = exported(task, tmp_path / "other", draw=1)
    with pytest.raises(UserError, match=rf"is for the export with manifest {own.sha256[:12]}.*draw 1"):
        predictions.manifest_of(path, sha256, [other])
    with pytest.raises(UserError, match=r"was not made here.*--export"):
        predictions.manifest_of(path, "0" * 64, [])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task_version": 1}, "its version is 1, and now it is 2"),
        ({"task_variant": "part"}, "its variant is 'part'"),
        ({"data_fingerprint": "0" * 64}, "its data fingerprint is '000000000000'"),
        ({"representation_version": 7}, "version of raw features is 7"),
        ({"n_labels": 90}, "ask for 1 to 89"),
        ({"representation": "rawr"}, "Unknown representation 'rawr'"),
        ({"representation_parameters": {"a": 1}}, "takes no parameters"),
    ],
)
def test_an_export_must_be_of_the_task_as_it_is_now(task, folder, fields, message):
    predictions.check_export(manifests.read(folder), task)
    with pytest.raises(UserError, match=message):
        predictions.check_export(replace(manifests.read(folder), **fields), task)


def scored(task, folder, tmp_path, seed=0):
    rng = np.random.default_rng(seed)
    np.savez(tmp_path / "p.npz", **answers_to(folder, rng.integers(K, size=90), rng.integers(K, size=40)))
    return predictions.scored(tmp_path / "p.npz", [], lambda name: task)


def test_answers_become_a_method_in_a_cell(task, folder, tmp_path):
    one = scored(task, folder, tmp_path)
    digest = predictions.digest_of([one.labels])
    (cell,) = predictions.cells([one], "mine", digest, predictions.used([one], None))
    assert isinstance(cell, Cell)
    assert cell.key.method == "mine"
    assert cell.key.parameters == {}
    assert cell.key.source_hash == digest[:16]
    assert cell.key.draw == 0
    assert cell.key.n_labels == 20
    assert cell.method.family == "submission"
    data, X = task.load(), np.zeros((1, 1), dtype=np.float32)
    view = make_view(task, data, np.repeat(X, 90, 0), np.repeat(X, 40, 0), 0, 20)
    assert cell.method.skip_reason(view.restricted_to(frozenset())) is None
    assert cell.method.fit_predict(view, np.random.default_rng(0)) is one.labels
    assert pickle.loads(pickle.dumps(cell.method)).name == "mine"


def test_what_answers_rest_on_is_all_that_the_export_shows_unless_the_author_says_less(
    task, folder, tmp_path
):
    one = scored(task, folder, tmp_path)
    assert predictions.used([one], None) == {"class_names"}
    assert predictions.used([one], "none") == frozenset()
    assert predictions.used([one], "class_names") == {"class_names"}
    with pytest.raises(UserError, match="--needs has zero_shot; the export shows class_names"):
        predictions.used([one], "zero_shot,class_names")


def test_one_submission_answers_a_cell_once(task, folder, tmp_path):
    one = scored(task, folder, tmp_path)
    with pytest.raises(UserError, match="same task, features and draw"):
        predictions.cells([one, one], "mine", "0" * 64, frozenset())
    exported(task, tmp_path / "more", n_labels=30)
    other = scored(task, tmp_path / "more", tmp_path)
    with pytest.raises(UserError, match="different numbers of labels"):
        predictions.cells([one, other], "mine", "0" * 64, frozenset())
    assert predictions.digest_of([one.labels, other.labels]) == predictions.digest_of(
        [other.labels, one.labels]
    )


def test_answers_at_hand_are_held_against_what_was_scored(task, folder, tmp_path):
    exported(task, tmp_path / "more", draw=1)
    both = [scored(task, folder, tmp_path), scored(task, tmp_path / "more", tmp_path)]
    digest = predictions.digest_of([one.labels for one in both])
    submission = replace(
        SUBMISSION,
        kind="predictions",
        negative_controls={},
        family="submission",
        parameters={},
        n_labels=20,
        source_sha256=digest,
    )
    cells = predictions.cells(both, "mine-2", digest, frozenset())
    records = [made_record(cell, submission, info=dict(cell.method.labels.info)) for cell in cells]
    assert check_answers(submission, records, cells).lines == ("2 of 2 are at hand, and as stated",)
    assert check_answers(submission, records, cells[:1]).ok, "the others are elsewhere"
    swapped = [replace(records[0], info=records[1].info), records[1]]
    check = check_answers(submission, swapped, cells)
    assert not check.ok
    assert check.lines == (f"the answers to {task.card.id} / raw / draw 0 are others than were scored",)
    check = check_answers(submission, records[1:], cells[:1])
    assert check.lines == (f"{task.card.id} / raw / draw 0 is none of the cells of this submission",)
    check = check_answers(replace(submission, source_sha256="0" * 64), records, cells)
    assert check.lines == ("together they have another SHA-256 than the submission states",)
    # What a record says it is of is the same cell, without the answers.
    stated = predictions.stated_cell(records[1], submission, lambda name: task)
    assert stated.key == cells[1].key
    with pytest.raises(TypeError, match="no answers of 'mine-2' at hand"):
        stated.method.fit_predict(None, None)
