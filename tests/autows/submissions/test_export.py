from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
from handed_in import Handed, K, Telling, exported

from autows import representations
from autows.draws import draw
from autows.errors import UserError
from autows.submissions import manifest as manifests
from autows.submissions.licences import redistributable
from autows.submissions.row_ids import row_ids

TYPES = ("i1", "u1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "<f4", "<f8", "?")


def arrays_of(folder):
    return {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("modality", ["tabular", "text"])
def test_there_is_no_label_but_those_of_the_seeds(tmp_path, modality, groups):
    task = Handed(modality, groups=groups)
    exported(task, tmp_path / "out")
    data = task.load()
    contents = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    found = arrays_of(tmp_path / "out")
    for side, y in (("pool", data.y_pool), ("test", data.y_test)):
        order = np.argsort(row_ids(task, side, len(y)))
        for labels in (y, y[order]):
            # As numbers of any type, one-hot, as text; the first half is enough to find it.
            half = labels[: len(labels) // 2]
            forms = [half.astype(kind).tobytes() for kind in TYPES]
            forms += [np.eye(K, dtype=kind)[half].tobytes() for kind in TYPES]
            forms += [sep.join(map(str, half)).encode() for sep in ("", ",", ", ", "\n", " ")]
            for name, content in contents.items():
                assert not any(form in content for form in forms), name
        for name, array in found.items():
            if len(array) != len(y):
                continue
            ranks = np.argsort(np.argsort(array.reshape(len(array), -1), axis=0), axis=0)
            for labels in (y, y[order]):
                # No column follows the classes, in either order; these labels are random.
                assert np.abs(np.corrcoef(ranks.T, labels)[-1, :-1]).max() < 0.6, name
    assert len(found["y_seed"]) == 20
    assert not any("y_pool" in name or "y_test" in name or name.startswith("groups_p") for name in found)


def test_rows_are_those_of_the_task_in_the_order_of_their_ids(tmp_path):
    task = Handed()
    exported(task, tmp_path / "out", draw=1)
    found, data = arrays_of(tmp_path / "out"), task.load()
    features = representations.create("raw").features(task)
    for side, X in zip(("pool", "test"), features, strict=True):
        ids = row_ids(task, side, len(X))
        assert np.all(np.diff(found[f"{side}_ids"].astype(object)) > 0)
        place = np.searchsorted(found[f"{side}_ids"], ids)
        np.testing.assert_array_equal(found[f"X_{side}"][place], X)
        np.testing.assert_array_equal(found[f"raw_{side}"][place], getattr(data, f"X_{side}"))
        # What stood side by side does not any more.
        assert abs(np.corrcoef(place, np.arange(len(place)))[0, 1]) < 0.4
    seeds = draw(task, 1, 20)
    np.testing.assert_array_equal(found["X_pool"][found["seed_index"]], features.X_pool[seeds])
    np.testing.assert_array_equal(found["y_seed"], data.y_pool[seeds])


def test_ids_are_the_documented_hash():
    import hashlib

    task = Handed()
    ids = row_ids(task, "test", 3)
    text = f"{task.card.id}\0{2}\0\0test\0{2}"
    assert int(ids[2]) == int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    assert ids.dtype == np.uint64
    assert not set(ids.tolist()) & set(row_ids(task, "pool", 3).tolist())


def test_groups_of_seeds_are_told_and_not_their_numbers(tmp_path):
    task = Handed(groups=True)
    exported(task, tmp_path / "out")
    told = np.load(tmp_path / "out" / "groups_seed.npy")
    truth = task.load().groups_pool[draw(task, 0, 20)]
    assert set(told) == set(range(len(set(truth))))
    np.testing.assert_array_equal(told[:, None] == told, truth[:, None] == truth)


def test_sparse_features_are_three_files_a_side(tmp_path):
    task = Handed("text")
    exported(task, tmp_path / "out")
    found = arrays_of(tmp_path / "out")
    card = json.loads((tmp_path / "out" / "task.json").read_text())
    parts = tuple(found[f"X_test.{part}"] for part in ("data", "indices", "indptr"))
    X = scipy.sparse.csr_array(parts, shape=(card["n_test"], card["n_features"]))
    whole = representations.create("raw").features(task).X_test
    ids = row_ids(task, "test", 40)
    np.testing.assert_array_equal(X.toarray()[np.searchsorted(found["test_ids"], ids)], whole.toarray())
    lines = (tmp_path / "out" / "raw_test.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == [
        task.load().X_test[int(row)] for row in np.argsort(ids)
    ]


@pytest.mark.parametrize("modality", ["tabular", "text"])
def test_the_code_in_the_readme_runs_and_its_answers_can_be_read(tmp_path, modality):
    from autows.submissions.answers import labels_of, read

    task = Handed(modality)
    out = tmp_path / "out"
    exported(task, out)
    readme = (out / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=out, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    labels = labels_of(read(out / "predictions.npz", {"pool": 90, "test": 40}, K), task)
    features = representations.create("raw").features(task)
    seeds = draw(task, 0, 20)
    X_pool, X_test = (X.toarray() if modality == "text" else X for X in features)
    y_seed = task.load().y_pool[seeds]
    means = np.stack([X_pool[seeds[y_seed == k]].mean(axis=0) for k in range(K)])
    distances = np.square(X_test[:, None] - means).sum(axis=2)
    np.testing.assert_array_equal(labels.test, distances.argmin(axis=1))
    assert len(readme.splitlines()) < 60


def test_the_manifest_describes_the_files_and_is_the_same_every_time(tmp_path):
    import hashlib

    task = Handed()
    first = exported(task, tmp_path / "a")
    again = exported(task, tmp_path / "b")
    assert first == again
    assert {path.name for path in (tmp_path / "a").iterdir()} == {*first.files, "manifest.json"}
    for name, about in first.files.items():
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes()
        assert about == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert first.sha256 == hashlib.sha256((tmp_path / "a" / "manifest.json").read_bytes()).hexdigest()
    assert manifests.read(tmp_path / "a") == first
    assert manifests.recall(first.sha256) == first
    assert manifests.recall("0" * 64) is None
    assert manifests.recall("../../etc/passwd") is None
    assert exported(task, tmp_path / "c", draw=1).sha256 != first.sha256


def test_what_a_foundation_model_says_is_there_if_asked_for(tmp_path):
    task, model = Handed(), Telling()
    made = exported(task, tmp_path / "out", representation=model, speaker=model, texts=True)
    found = arrays_of(tmp_path / "out")
    for side, P in zip(("pool", "test"), model.zero_shot(task), strict=True):
        place = np.searchsorted(found[f"{side}_ids"], row_ids(task, side, len(P)))
        np.testing.assert_array_equal(found[f"zero_shot_{side}"][place], P)
    np.testing.assert_array_equal(found["template_embeddings"], model.class_texts(task.card)[0])
    assert json.loads((tmp_path / "out" / "task.json").read_text())["logit_scale"] == 5.0
    assert made.zero_shot == "telling"
    assert made.shows == {"class_names", "zero_shot", "class_embeddings"}
    silent = exported(task, tmp_path / "silent")
    assert silent.shows == {"class_names"}
    assert not any("zero_shot" in name or "template" in name for name in silent.files)


def test_raw_data_stay_where_the_licence_keeps_them(tmp_path):
    made = exported(Handed(licence="not stated by its authors"), tmp_path / "out")
    assert made.raw_data.startswith("left out: licence 'not stated by its authors'")
    assert not any(name.startswith("raw_") for name in made.files)
    assert "do not pass this folder on" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("licence", "allows"),
    [
        ("CC0", True),
        ("CC BY 4.0 (UCI)", True),
        ("CC BY-SA 4.0", True),
        ("CC-BY-4.0", True),
        ("CC BY-NC 4.0", False),
        ("CC BY-ND 4.0", False),
        ("CC BY-NC-SA 4.0", False),
        ("MIT (as the hub states); the data derive from NIST", True),
        ("BSD-3-Clause", True),
        ("Apache-2.0 (generated by this project)", True),
        ("Open Data Commons Attribution 1.0", True),
        ("public domain", True),
        ("Yelp Dataset Terms of Use", False),
        ("not stated by its authors", False),
        ("not MIT", False),
        ("MITRE terms", False),
        ("", False),
    ],
)
def test_licences(licence, allows):
    assert (redistributable(licence) is not None) == allows


def test_an_earlier_export_is_replaced_and_nothing_else(tmp_path):
    task, out = Handed(), tmp_path / "out"
    exported(task, out)
    second = exported(task, out, draw=1)
    assert manifests.read(out) == second
    (out / "my_work.py").write_text("x")
    with pytest.raises(UserError, match=r"is an export with 1 more files in it, my_work\.py for one"):
        exported(task, out)
    assert (out / "my_work.py").exists()
    other = tmp_path / "other"
    other.mkdir()
    exported(task, other)
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="is not empty and is no earlier export"):
        exported(task, full)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(other)
    for name in ("file", "link"):
        with pytest.raises(UserError, match="is not a folder"):
            exported(task, tmp_path / name)
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(draw=-1), "draw is -1; expected a whole number"),
        (lambda m: m.update(n_pool="many"), "n_pool is 'many'"),
        (lambda m: m.pop("task"), "task is missing"),
        (lambda m: m.update(more=1), "unknown field 'more'"),
        (lambda m: m.update(files={"a": {"bytes": 1}}), "files has 'a', which is"),
        (lambda m: m.update(kind="something else"), "kind is 'something else'"),
        (lambda m: m.update(zero_shot="a\u202eb"), r"zero_shot holds a control character, U\+202E"),
    ],
)
def test_manifests_are_read_with_care(tmp_path, change, message):
    exported(Handed(), tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values, sort_keys=True, indent=1) + "\n")
    with pytest.raises(UserError, match=rf"manifest\.json: {message}"):
        manifests.read(tmp_path / "out")


def test_a_manifest_written_anew_is_another_file(tmp_path):
    exported(Handed(), tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text())))
    with pytest.raises(UserError, match="was edited or written anew"):
        manifests.read(tmp_path / "out")


def test_a_folder_of_exports_is_an_answer_too(tmp_path):
    made = [exported(Handed(), tmp_path / name) for name in ("a", "b")]
    assert manifests.below(tmp_path) == made
    assert manifests.below(tmp_path / "a") == made[:1]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="is no export and holds none"):
        manifests.below(tmp_path / "empty")


def test_features_that_do_not_work_on_the_task_are_said(tmp_path):
    with pytest.raises(UserError, match="glyph_clip works on image"):
        exported(Handed(), tmp_path / "out", representation="glyph_clip")
    assert not (tmp_path / "out").exists()
