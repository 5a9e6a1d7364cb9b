"""Whole and broken archives of EMBER's layout, through load."""

from __future__ import annotations

import bz2
import io
import tarfile
import tracemalloc

import numpy as np
import pytest
from ember_rows import as_lines, changed, pack, raw_rows

import tasks.ember
from autows.errors import AutoWSError
from tasks._ember_features import vectorise
from tasks.ember import ARCHIVE, Ember


@pytest.fixture(scope="module")
def rows():
    return list(raw_rows(60, seed=0, labels=(0, 1, -1)))


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Set a mirror and a cache of this test; return where the archive goes."""
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mirror" / "ember").mkdir(parents=True)
    return tmp_path / "mirror" / "ember" / ARCHIVE


def members(rows):
    """Split rows into members of the upstream layout, with labels that each may have."""
    labelled = [row for row in rows if row["label"] >= 0]
    return {
        "train_features_0.jsonl": list(as_lines(rows[:20])),
        "train_features_1.jsonl": list(as_lines(rows[20:30])),
        "test_features.jsonl": list(as_lines(labelled[:15])),
    }


def test_an_archive_loads_in_the_published_order_without_unknown_labels(rows, mirror):
    packed = members(rows)
    pack(
        mirror,
        {
            "test_features.jsonl": packed["test_features.jsonl"],
            "train_features_10.jsonl": packed["train_features_1.jsonl"],
            "ember_model_2017.txt": [b"tree\n"],
            "._train_features_2.jsonl": [b"\0"],
            "train_features_2.jsonl": packed["train_features_0.jsonl"],
        },
    )
    task = Ember()
    data = task.load()
    pool = [row for row in rows[:30] if row["label"] >= 0]
    test = [row for row in rows if row["label"] >= 0][:15]
    assert data.X_pool.shape == (20, 2381)
    assert data.X_test.shape == (15, 2381)
    assert isinstance(data.X_pool, np.memmap)
    for X, y, kept in ((data.X_pool, data.y_pool, pool), (data.X_test, data.y_test, test)):
        assert X.dtype == np.float32
        assert y.dtype == np.int64
        np.testing.assert_array_equal(y, [row["label"] for row in kept])
        np.testing.assert_array_equal(X, vectorise(kept))
    assert task.n_pool == 20
    (entry,) = [path for path in (mirror.parents[2] / "cache" / "tasks").iterdir() if path.is_dir()]
    names = ["X_pool.npy", "X_test.npy", "index.json", "y_pool.npy", "y_test.npy"]
    assert sorted(path.name for path in entry.iterdir()) == names


@pytest.mark.parametrize("rows_at_once", [1, 3, 7])
def test_several_batches_equal_one(rows, mirror, tmp_path, monkeypatch, rows_at_once):
    pack(mirror, members(rows))
    for folder, at_once in (("one", 512), ("several", rows_at_once)):
        monkeypatch.setattr(tasks.ember, "_ROWS_AT_ONCE", at_once)
        (tmp_path / folder).mkdir()
        Ember().write(tmp_path / folder)
    for name in ("X_pool", "y_pool", "X_test", "y_test"):
        one, several = (tmp_path / folder / f"{name}.npy" for folder in ("one", "several"))
        assert one.read_bytes() == several.read_bytes()


def test_memory_does_not_grow_with_the_rows(rows, mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(tasks.ember, "_ROWS_AT_ONCE", 16)
    monkeypatch.setattr(tasks.ember, "_BYTES_AT_ONCE", 1 << 14)
    labelled = list(as_lines(row for row in rows if row["label"] >= 0))
    peaks = []
    for times in (1, 1, 8):
        pack(mirror, {"train_features_0.jsonl": labelled * times, "test_features.jsonl": labelled})
        folder = tmp_path / f"{len(peaks)}"
        folder.mkdir()
        tracemalloc.start()
        Ember().write(folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The first call imports; eight times the rows would be eight times 380 kB of features.
    assert peaks[2] < peaks[1] + 200_000


def test_an_archive_of_several_bz2_streams_loads(rows, mirror):
    pack(mirror, members(rows))
    content = bz2.decompress(mirror.read_bytes())
    half = len(content) // 2
    mirror.write_bytes(bz2.compress(content[:half]) + bz2.compress(content[half:]))
    assert len(Ember().load().y_pool) == 20


def test_the_variant_is_named_by_the_size_of_a_small_archive(mirror, monkeypatch):
    assert Ember().variant() == ""
    assert Ember().n_pool == 600_000
    with mirror.open("wb") as stream:
        stream.truncate(12_345)
        assert Ember().variant() == "archive-12345"
        stream.truncate(10**9 - 1)
        assert Ember().variant() == "archive-999999999"
        stream.truncate(10**9)
        assert Ember().variant() == ""
    monkeypatch.delenv("AUTOWS_MIRROR")
    assert Ember().variant() == ""


def test_a_whole_archive_must_have_the_rows_of_the_card(rows, mirror, monkeypatch):
    pack(mirror, members(rows))
    monkeypatch.setattr(tasks.ember, "WHOLE_BYTES", 1)
    with pytest.raises(AutoWSError, match="20 pool rows; its card says 600000"):
        Ember().load()
    assert_nothing_left(mirror)


def assert_nothing_left(mirror):
    left = [path for path in (mirror.parents[2] / "cache" / "tasks").iterdir() if path.suffix != ".lock"]
    assert left == []


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("imports",), None, "has no field 'imports'"),
        (("datadirectories",), None, "has no field 'datadirectories'"),
        (("header", "coff", "timestamp"), None, "has no field 'timestamp'"),
        (("label",), None, "has no field 'label'"),
        (("label",), 2, r"has label 2; expected one of \(0, 1, -1\)"),
        (("label",), [1], r"has label \[1\]; expected"),
        (("histogram",), [1] * 255, r"shape \(255,\) for one row, expected \(256,\)"),
        (("histogram",), 5, r"shape \(\) for one row"),
        (("exports",), "DllMain", "got str, expected a list"),
        (("imports",), ["a.dll"], "not what it should be"),
        (("imports",), {"a.dll": [1]}, "not what it should be"),
        (("exports",), [None], "not what it should be"),
        (("exports",), ["\ud800"], "surrogates not allowed"),
        (("general", "size"), "big", "could not convert"),
        (("general", "size"), 1e300, "'general' holds something that is not a finite number"),
        (("general", "size"), 10**400, "too large"),
        (("general", "size"), float("nan"), r"is not JSON \(NaN is not a number\)"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_bad_row_is_named_by_file_and_line(rows, mirror, path, to, message):
    packed = members(rows)
    bad = changed(next(row for row in rows if row["label"] == 1), *path, to=to)
    lines = packed["train_features_1.jsonl"]
    packed["train_features_1.jsonl"] = [*lines[:6], *as_lines([bad]), *lines[6:]]
    pack(mirror, packed)
    place = f"train_features_1.jsonl in {mirror}, line 7 "
    with pytest.raises(AutoWSError, match=message) as caught:
        Ember().load()
    assert str(caught.value).startswith(place)
    assert str(caught.value).endswith("tar.bz2 again")
    assert_nothing_left(mirror)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"label": 0, "hist\n', "line 3 is not JSON"),
        (b"\n", "line 3 is not JSON"),
        (b"[1, 2]\n", "line 3 is a JSON list; expected an object"),
        (b"\xff\xfe\n", "line 3 is not JSON"),
        (b'{"label": -1}\n', r"line 3 has label -1; expected one of \(0, 1\)"),
    ],
)
def test_a_line_that_is_no_row_is_named(rows, mirror, line, message):
    packed = members(rows)
    packed["test_features.jsonl"].insert(2, line)
    pack(mirror, packed)
    with pytest.raises(AutoWSError, match=message):
        Ember().load()
    assert_nothing_left(mirror)


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.9, 0.9999])
def test_a_truncated_archive_is_refused(rows, mirror, keep):
    pack(mirror, members(rows))
    content = mirror.read_bytes()
    mirror.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(AutoWSError, match=r"cannot be read to its end .* fetch https://ember"):
        Ember().load()
    assert_nothing_left(mirror)


def test_an_archive_without_its_last_bytes_is_refused_though_all_rows_are_there(rows, mirror, monkeypatch):
    monkeypatch.setattr(tasks.ember, "_BYTES_AT_ONCE", 512)
    content = io.BytesIO()
    with tarfile.open(pack(mirror, members(rows))) as packed, tarfile.open(fileobj=content, mode="w") as tar:
        for entry in packed:
            tar.addfile(entry, packed.extractfile(entry))
    mirror.write_bytes(bz2.compress(content.getvalue() + bytes(1 << 16))[:-4])
    with pytest.raises(AutoWSError, match="EOFError: Compressed file ended before the end-of-stream marker"):
        Ember().load()
    assert_nothing_left(mirror)


def test_what_is_no_archive_is_refused(mirror):
    for content in (b"<html>not found</html>" * 50, bz2.compress(b"not a tar at all" * 100)):
        mirror.write_bytes(content)
        with pytest.raises(AutoWSError, match="cannot be read to its end"):
            Ember().load()
    assert_nothing_left(mirror)


@pytest.mark.parametrize(
    ("drop", "wanted"),
    [
        (("test_features.jsonl",), "test_features.jsonl"),
        (("train_features_0.jsonl", "train_features_1.jsonl"), "train_features_<number>.jsonl"),
    ],
)
def test_an_archive_without_a_side_is_refused(rows, mirror, drop, wanted):
    pack(mirror, {name: lines for name, lines in members(rows).items() if name not in drop})
    with pytest.raises(AutoWSError, match=f"has no labelled rows in {wanted}; expected the members of"):
        Ember().load()
    assert_nothing_left(mirror)


def test_a_pool_without_any_label_is_refused(rows, mirror):
    packed = members(rows)
    packed["train_features_0.jsonl"] = list(as_lines(row for row in rows if row["label"] < 0))
    del packed["train_features_1.jsonl"]
    pack(mirror, packed)
    with pytest.raises(AutoWSError, match="has no labelled rows in train_features"):
        Ember().load()


def test_a_member_that_is_there_twice_is_refused(rows, mirror):
    line = next(as_lines(rows[:1]))
    with tarfile.open(mirror, "w:bz2") as tar:
        for folder in ("a", "b"):
            entry = tarfile.TarInfo(f"{folder}/train_features_0.jsonl")
            entry.size = len(line)
            tar.addfile(entry, io.BytesIO(line))
    with pytest.raises(AutoWSError, match=r"has train_features_0.jsonl twice"):
        Ember().load()
    assert_nothing_left(mirror)


def test_the_card_says_what_the_task_is():
    card = Ember.card
    assert (card.id, card.version, card.modality) == ("ember", 1, "tabular")
    assert (card.n_pool, card.n_test, card.class_names) == (600_000, 200_000, ("benign", "malicious"))
    assert card.prompts == ()
    assert card.suites == ("autows-bench-101", "extended")
