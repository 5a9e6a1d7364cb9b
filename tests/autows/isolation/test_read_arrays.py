"""Files that somebody else wrote: what is in them is checked before it is believed."""

from __future__ import annotations

import io
import json
import os
import struct
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autows.isolation.answers import BadAnswers, Form, read_arrays
from autows.isolation.reports import DEPTH, MAX_BYTES, read_report

EXPECTED = {
    "pool": [Form("iu", (3,)), Form("f", (3, 2))],
    "votes": [Form("i", (3, None), itemsize=1)],
    "covered": [Form("b", (3,))],
}
OPTIONAL = ("votes", "covered")
POOL = np.array([0, 1, -1])


def read(path, max_bytes=10_000):
    return read_arrays(path, EXPECTED, max_bytes, OPTIONAL)


def npy(array, **changes):
    """Return an npy file, with another header than the array's if wanted."""
    buffer = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape, **changes}
    text = (repr(header) if "header" not in changes else changes["header"]).encode("latin1") + b"\n"
    buffer.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + array.tobytes())
    return buffer.getvalue()


@pytest.fixture
def archive(tmp_path):
    """Return a function that writes an npz file of members as they are."""

    def make(*members, compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / "answers.npz"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as stream:
            warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
            for name, content in members:
                stream.writestr(name, content)
        return path

    return make


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "pool", [POOL, POOL.astype(">i4"), POOL.astype("u1"), np.asfortranarray(np.arange(6.0).reshape(3, 2))]
)
def test_what_numpy_saves_is_read_back(save, pool, tmp_path):
    path = tmp_path / "answers.npz"
    votes = np.zeros((3, 0), dtype=np.int8)
    save(path, pool=pool, votes=votes, covered=POOL > 0)
    found = read(path)
    assert list(found) == ["pool", "votes", "covered"]
    np.testing.assert_array_equal(found["pool"], pool)
    np.testing.assert_array_equal(found["covered"], POOL > 0)
    assert found["votes"].shape == (3, 0)
    assert found["pool"].dtype.isnative
    found["pool"][:] = 0


def test_equal_numbers_may_shrink_a_thousandfold(tmp_path):
    path = tmp_path / "answers.npz"
    np.savez_compressed(path, pool=np.zeros(10**6, dtype=np.int64))
    assert path.stat().st_size < 10**4
    found = read_arrays(path, {"pool": [Form("i", (10**6,))]}, 8 * 10**6)
    assert not found["pool"].any()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("votes.npy", npy(np.zeros((3, 1), np.int8)))], "answers.npz lacks pool"),
        ([("pool.npy", npy(POOL)), ("more.npy", b"")], "answers.npz holds 'more.npy'; expected only pool, "),
        ([("pool", npy(POOL))], "answers.npz holds 'pool'; expected only"),
        ([("../pool.npy", npy(POOL))], "answers.npz holds '../pool.npy'"),
        ([("pool.npy", npy(POOL))] * 2, "answers.npz holds pool twice"),
        ([(f"{i}.npy", b"") for i in range(4)], "answers.npz holds 4 entries; expected at most 3"),
        ([("pool.npy", b"")], "pool is not a plain array"),
        ([("pool.npy", b"\x93NUMPY\x03\x00" + bytes(80))], "pool is not a plain array: it is of format"),
        (
            [("pool.npy", b"\x93NUMPY\x01\x00\xff\xff" + bytes(80))],
            "pool is not a plain array: its header has",
        ),
        (
            [("pool.npy", npy(POOL, header="{'descr': '<i8'}"))],
            "pool is not a plain array: its header is not one",
        ),
        ([("pool.npy", npy(POOL, header="(" * 9000))], "pool is not a plain array"),
        ([("pool.npy", npy(POOL, header="__import__('os')"))], "pool is not a plain array"),
        ([("pool.npy", npy(POOL, shape=(-3,)))], r"pool is not a plain array: its shape is \(-3,\)"),
        ([("pool.npy", npy(POOL, shape=[3]))], "pool is not a plain array: its shape is"),
        ([("pool.npy", npy(POOL, descr=[("a", "<i8")]))], "pool is not a plain array: it is of type"),
        ([("pool.npy", npy(POOL, descr="|O"))], "pool holds Python objects; expected integers of shape"),
        ([("pool.npy", npy(POOL, descr="<U2"))], "pool is <U2 of shape"),
        ([("pool.npy", npy(POOL, descr="|V8"))], r"pool is \|V8 of shape"),
        ([("pool.npy", npy(POOL.astype(complex)))], "pool is complex128 of shape"),
        (
            [("pool.npy", npy(POOL.astype(float)))],
            r"pool is float64 of shape \(3,\); expected integers of shape \(3,\) ",
        ),
        (
            [("pool.npy", npy(POOL[:2]))],
            r"pool is int64 of shape \(2,\); expected integers of shape \(3,\) or floats",
        ),
        ([("pool.npy", npy(POOL, shape=(10**15,)))], "pool is int64 of shape"),
        ([("pool.npy", npy(POOL)[:-1])], "pool declares 23 bytes for an array of 24"),
        ([("pool.npy", npy(POOL) + b"0")], "pool declares 25 bytes for an array of 24"),
        ([("pool.npy", npy(POOL) + bytes(50_000))], "pool declares 50024 bytes for an array of 24"),
        ([("pool.npy", npy(POOL) + bytes(500_000))], "answers.npz unpacks to"),
        (
            [("pool.npy", npy(POOL)), ("votes.npy", npy(np.zeros((3, 1), np.int8), shape=(3, 10**18)))],
            "votes declares",
        ),
        (
            [("pool.npy", npy(POOL)), ("votes.npy", npy(np.zeros((3, 1), np.int16)))],
            "votes is int16 of shape",
        ),
    ],
)
def test_what_is_wrong_with_a_member_is_said(members, message, archive):
    path = archive(*members)
    with pytest.raises(BadAnswers, match=rf"^({message})") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_other_kinds_of_packing_are_refused(archive):
    path = archive(("pool.npy", npy(POOL)), compression=zipfile.ZIP_LZMA)
    with pytest.raises(BadAnswers, match="packed in a way that numpy does not use"):
        read(path)


def with_directory(path, true_size, said, content=None):
    """Have the archive say another size of a member, and the checksum of other content if given."""
    whole = bytearray(path.read_bytes())
    true_size, said = struct.pack("<I", true_size), struct.pack("<I", said)
    assert whole.count(true_size) == 2
    whole = whole.replace(true_size, said)
    if content is not None:
        with zipfile.ZipFile(path) as archive:
            (info,) = archive.infolist()
        whole = whole.replace(struct.pack("<I", info.CRC), struct.pack("<I", zlib.crc32(content)))
    path.write_bytes(whole)


@pytest.mark.parametrize("checksum", [False, True])
def test_a_directory_that_says_too_little_is_found_out_and_not_unpacked_further(archive, inflated, checksum):
    path = archive(("pool.npy", npy(POOL) + bytes(10**7)))
    with_directory(path, len(npy(POOL)) + 10**7, len(npy(POOL)), npy(POOL) if checksum else None)
    if checksum:
        # What it then says of itself is true of what is read.
        np.testing.assert_array_equal(read(path)["pool"], POOL)
    else:
        with pytest.raises(BadAnswers, match="damaged"):
            read(path)
    assert sum(inflated) < 2**14


@pytest.mark.parametrize("checksum", [False, True])
def test_a_directory_and_header_that_say_too_much_are_found_out(archive, checksum):
    rows, content = 10**6, npy(POOL, shape=(10**6,))
    path = archive(("pool.npy", content))
    with_directory(path, len(content), len(content) - POOL.nbytes + 8 * rows, content if checksum else None)
    with pytest.raises(BadAnswers, match=r"pool is cut off: 24 of 8000000 bytes|damaged"):
        read_arrays(path, {"pool": [Form("i", (rows,))]}, 8 * rows)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_all_headers_are_read_before_any_array_is(archive, inflated, compression):
    large = np.zeros(10**6, dtype=np.int64)
    path = archive(("pool.npy", npy(large)), ("covered.npy", npy(POOL)), compression=compression)
    expected = {"pool": [Form("i", (10**6,))], "covered": [Form("b", (3,))]}
    with pytest.raises(BadAnswers, match="covered is int64 of shape"):
        read_arrays(path, expected, 2 * large.nbytes)
    assert sum(inflated) < 2**14


def test_one_array_is_read_and_the_headers_of_the_others(archive, inflated):
    large = np.zeros(10**6, dtype=np.int64)
    path = archive(("pool.npy", npy(large)), ("covered.npy", npy(POOL > 0)))
    expected = {"pool": [Form("i", (None,))], "covered": [Form("b", (3,))]}
    found = read_arrays(path, expected, 2 * large.nbytes, only=("covered",))
    assert list(found) == ["covered"]
    assert sum(inflated) < 2**14
    path = archive(("pool.npy", npy(large.astype(float))), ("covered.npy", npy(POOL > 0)))
    with pytest.raises(BadAnswers, match="pool is float64"):
        read_arrays(path, expected, 2 * large.nbytes, only=("covered",))


def test_what_is_not_a_file_is_refused(tmp_path):
    np.savez(tmp_path / "real.npz", pool=POOL)
    (tmp_path / "link.npz").symlink_to(tmp_path / "real.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    for name, message in {
        "absent.npz": "is not there",
        "link.npz": "is a symbolic link",
        "pipe.npz": "is not a regular file",
        ".": "is not a regular file",
    }.items():
        with pytest.raises(BadAnswers, match=message):
            read(tmp_path / name)


def test_large_files_are_not_opened_as_archives(tmp_path):
    path = tmp_path / "answers.npz"
    with path.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(BadAnswers, match=r"expected at most 10000 bytes"):
        read(path)
    # A directory of millions of entries costs memory before anybody has asked for one.
    path.write_bytes(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2**31, 0, 0))
    with pytest.raises(BadAnswers, match="holds 2 entries"):
        read(path)
    path.write_bytes(b"PK\6\7" + bytes(16) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0))
    with pytest.raises(BadAnswers, match="larger or stranger"):
        read(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_of_any_kind_is_refused_or_harmless(tmp_path_factory, data):
    buffer = io.BytesIO()
    np.savez(buffer, pool=POOL, covered=POOL > 0)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    try:
        found = read(path)
    except BadAnswers:
        return
    assert found["pool"].shape in ((3,), (3, 2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[1]", "holds a list; expected an object"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1e999}', "holds an infinite number"),
        ('{"a": "\\ud800"}', "no valid Unicode"),
        ('{"\\ud800": 1}', "no valid Unicode"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "is not JSON|nested"),
        ('{"a": ' + "[" * (DEPTH + 1) + "]" * (DEPTH + 1) + "}", "nested more than"),
        ('{"a": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_reports_are_plain_json(text, message, tmp_path):
    path = tmp_path / "status.json"
    path.write_text(text)
    with pytest.raises(BadAnswers, match=message):
        read_report(path)


def test_a_report_is_read_whole_or_not_at_all(tmp_path):
    path = tmp_path / "status.json"
    value = {"a": [1, 2.5, None, True, {"b": "ç"}]}
    path.write_text(json.dumps(value))
    assert read_report(path) == value
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(BadAnswers, match="expected at most 8 MiB"):
        read_report(path)
