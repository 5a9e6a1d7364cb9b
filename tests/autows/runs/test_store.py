from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from test_record import KEY, RECORD

from autows.errors import CorruptRecord
from autows.runs.store import Claimed, RunStore

ARRAYS = {"test": np.eye(3, dtype=np.float32)}


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def test_what_is_written_is_read(store):
    assert store.read(KEY) is None
    written = store.write(RECORD, ARRAYS)
    assert store.read(KEY) == written
    assert np.array_equal(store.load_predictions(written)["test"], ARRAYS["test"])
    assert list(store.scan()) == [written]


def test_the_same_predictions_make_the_same_file(store):
    first = store.write(RECORD, ARRAYS).predictions
    assert store.write(RECORD, ARRAYS).predictions == first


@pytest.mark.parametrize("damage", ["half record", "empty", "binary", "other run", "no npz", "half npz"])
def test_damage_is_found_and_named(store, damage):
    written = store.write(RECORD, ARRAYS)
    path = store.path(KEY)
    npz = path.with_name(written.predictions["file"])
    if damage == "half record":
        path.write_text(path.read_text()[:50])
    elif damage == "empty":
        path.write_text("")
    elif damage == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    elif damage == "other run":
        path.write_text(replace(written, key=replace(KEY, draw=7)).to_text())
    elif damage == "no npz":
        npz.unlink()
    else:
        npz.write_bytes(npz.read_bytes()[:-10])
    with pytest.raises(CorruptRecord, match=r"\.npz" if "npz" in damage else r"draw0.*\.json"):
        store.read(KEY)


def test_predictions_that_were_changed_are_not_used(store):
    written = store.write(RECORD, ARRAYS)
    npz = store.path(KEY).with_name(written.predictions["file"])
    content = bytearray(npz.read_bytes())
    content[60] ^= 1
    npz.write_bytes(bytes(content))
    assert store.read(KEY) == written
    with pytest.raises(CorruptRecord, match="is not what its record was written with"):
        store.load_predictions(written)
    with pytest.raises(CorruptRecord, match="has no predictions; its status is ok"):
        store.load_predictions(RECORD)


def test_scanning_goes_on_past_damage(store):
    good = store.write(RECORD)
    bad = store.path(replace(KEY, draw=1))
    bad.write_text("{")
    (bad.parent / "notes.txt").write_text("not ours")
    found = list(store.scan())
    assert good in found
    assert sum(isinstance(item, CorruptRecord) for item in found) == 1
    assert len(found) == 2


def test_a_copied_record_does_not_count_twice(store):
    written = store.write(RECORD)
    path = store.path(KEY)
    path.with_name("copy.json").write_text(path.read_text())
    found = list(store.scan())
    assert [item for item in found if item == written] == [written]
    (said,) = [str(item) for item in found if item != written]
    assert said.endswith(f"copy.json is a copy of {path}")


def test_a_record_with_the_key_of_another_one_says_what_it_differs_in(store):
    path = store.path(store.write(RECORD).key)
    other = {**json.loads(path.read_text()), "scores": {**RECORD.scores, "accuracy": 0.999}}
    path.with_name("copy.json").write_text(json.dumps(other))
    (said,) = [str(item) for item in store.scan() if isinstance(item, CorruptRecord)]
    there = RECORD.scores["accuracy"]
    assert said.endswith(f"has the key of {path} but other scores (accuracy 0.999, there {there})")


def test_a_record_whose_key_was_changed_by_hand_is_no_copy(store):
    path = store.path(store.write(RECORD).key)
    edited = json.loads(path.read_text())
    edited["key"]["task_version"] = 99
    path.write_text(json.dumps(edited))
    (said,) = map(str, store.scan())
    missing = store.path(replace(KEY, task_version=99))
    assert said == f"{path} has the key of {missing}, which is not there: one of them was changed by hand"


def test_a_claim_is_exclusive_and_ends(store):
    with ThreadPoolExecutor(1) as pool:

        def other(wait):
            with store.claim(KEY, wait):
                return "mine"

        with store.claim(KEY):
            with pytest.raises(Claimed):
                pool.submit(other, False).result()
            waiting = pool.submit(other, True)
            assert not waiting.done()
        assert waiting.result(timeout=5) == "mine"
