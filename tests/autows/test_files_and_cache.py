from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from autows import cache, files
from autows.errors import UserError


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "a" / "b.json"
    files.write_bytes(path, b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["b.json"]


def test_files_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_bytes(tmp_path / "x", b"")
        with files.new_folder(tmp_path / "f"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o750


def test_a_folder_that_cannot_be_written_is_the_users_mistake(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"Cannot write to .*file/x \(results\): Not a directory"):
        files.make_folder(tmp_path / "file" / "x", "results")


def test_a_new_folder_vanishes_if_filling_it_fails(tmp_path):
    def fill():
        with files.new_folder(tmp_path / "f") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path))
    return tmp_path


def compute(folder):
    np.save(folder / "x.npy", np.arange(5))
    with (folder.parent.parent / "log").open("a") as log:
        log.write("computed\n")
    return {"note": 1}


def times(folder):
    return len((folder / "log").read_text().splitlines())


def test_arrays_are_computed_once_and_come_back_as_read_only_maps(own_cache):
    for _ in range(2):
        arrays, notes = cache.cached_arrays("kind", "label", {"a": 1}, compute)
        assert arrays["x"].tolist() == [0, 1, 2, 3, 4]
        assert isinstance(arrays["x"], np.memmap)
        assert not arrays["x"].flags.writeable
        assert notes == {"note": 1}
    assert times(own_cache) == 1
    cache.cached_arrays("kind", "label", {"a": 2}, compute)
    assert times(own_cache) == 2


@pytest.mark.parametrize("damage", ["truncate", "remove", "index", "no index"])
def test_a_damaged_entry_is_computed_anew(own_cache, damage):
    cache.cached_arrays("kind", "label", {}, compute)
    (entry,) = (p for p in (own_cache / "kind").iterdir() if p.is_dir())
    if damage == "truncate":
        (entry / "x.npy").write_bytes((entry / "x.npy").read_bytes()[:-4])
    elif damage == "remove":
        (entry / "x.npy").unlink()
    elif damage == "index":
        (entry / "index.json").write_text('{"half": ')
    else:
        (entry / "index.json").unlink()
    arrays, _ = cache.cached_arrays("kind", "label", {}, compute)
    assert arrays["x"].tolist() == [0, 1, 2, 3, 4]
    assert times(own_cache) == 2


def test_nothing_half_written_is_left_behind(own_cache):
    def fail(folder):
        np.save(folder / "x.npy", np.arange(5))
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        cache.cached_arrays("kind", "label", {}, fail)
    assert [p for p in (own_cache / "kind").iterdir() if p.is_dir()] == []


def _ask(_):
    arrays, _ = cache.cached_arrays("kind", "shared", {}, compute)
    return arrays["x"].tolist()


def test_two_processes_compute_once(own_cache):
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        answers = list(pool.map(_ask, range(6)))
    assert answers == [[0, 1, 2, 3, 4]] * 6
    assert times(own_cache) == 1


def test_a_cache_that_cannot_be_written_says_how_to_name_another(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="AUTOWS_CACHE names another"):
        cache.cached_arrays("kind", "label", {}, compute)
