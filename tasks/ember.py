"""Windows program files, benign or malicious: EMBER 2017 in feature version 2."""

from __future__ import annotations

import bz2
import json
import re
import shutil
import tarfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from autows.errors import AutoWSError
from autows.sources import download, mirrored
from autows.task import Task, TaskCard
from tasks._ember_features import N_FEATURES, vectorise

SITE = "ember"
ARCHIVE = "ember_dataset_2017_2.tar.bz2"
URL = f"https://ember.elastic.co/{ARCHIVE}"
DIGEST = "60142493c44c11bc3fef292b216a293841283d86ff58384b5dc2d88194c87a6d"

WHOLE_BYTES = 10**9
"""A file of the mirror smaller than this has only a part of the rows."""

_TEST = "test_features.jsonl"
_TRAIN = re.compile(r"train_features_\d+\.jsonl")
_UNKNOWN = -1
_ROWS_AT_ONCE = 512
_BYTES_AT_ONCE = 1 << 20


class Ember(Task):
    """Labelled files of EMBER 2017: the train split is the pool, the test split the test set.

    The 300,000 files of the train split whose truth is unknown are left out. Rows are in the published
    order: the train files by their numbers, then line by line, however the archive was packed.
    """

    card = TaskCard(
        id="ember",
        version=1,
        title="Windows program files, benign or malicious",
        modality="tabular",
        class_names=("benign", "malicious"),
        n_pool=600_000,
        n_test=200_000,
        source=f"{URL} (SHA-256 {DIGEST}), labelled rows, vectorised as feature version 2",
        licence="MIT for the data files, as their authors' repository says (its source code is AGPL-3.0 and "
        "is not used here)",
        citation="H. Anderson and P. Roth (2018), EMBER: An Open Dataset for Training Static PE Malware "
        "Machine Learning Models, arXiv:1804.04637",
        suites=("autows-bench-101", "extended"),
    )

    def variant(self) -> str:
        """Name an archive of the mirror that is not the whole one, by its size: ``archive-<bytes>``.

        A file of the mirror counts as the whole archive if it has at least 10^9 bytes; its rows must
        then be as many as the card says. Without one the download is held to its SHA-256.
        """
        found = mirrored(f"{SITE}/{ARCHIVE}")
        size = WHOLE_BYTES if found is None else found.stat().st_size
        return f"archive-{size}" if size < WHOLE_BYTES else ""

    def write(self, folder: Path) -> None:
        """Vectorise the archive in one pass into X (float32) and y (int64) of both sides.

        Nothing is unpacked to disk, and memory does not grow with the rows. Beside the result, the
        disk has to hold one member's rows once more while they are put in order.

        Parameters
        ----------
        folder : Path
            Where ``X_pool.npy``, ``y_pool.npy``, ``X_test.npy`` and ``y_test.npy`` go.

        Raises
        ------
        DataMissing
            If the archive is neither in the mirror nor to be had.
        AutoWSError
            If it is damaged or incomplete, or a line is not what it should be.
        """
        archive = download(SITE, ARCHIVE, URL, DIGEST)
        parts = folder / "parts"
        parts.mkdir()
        labels: dict[str, NDArray[np.int64]] = {}
        with closing(_lines(archive)) as lines:
            for member, of_member in groupby(lines, key=attrgetter("member")):
                labels[member] = _write_part(parts / member, of_member, archive)
        train = sorted((m for m in labels if m != _TEST), key=_number)
        for side, members in (("pool", train), ("test", [m for m in labels if m == _TEST])):
            y = np.concatenate([np.empty(0, dtype=np.int64), *(labels[member] for member in members)])
            if not len(y):
                wanted = _TEST if side == "test" else "train_features_<number>.jsonl"
                raise AutoWSError(
                    f"{archive} has no labelled rows in {wanted}; expected the members of {URL}. "
                    "Fetch that one, or mend the copy"
                )
            np.save(folder / f"y_{side}.npy", y)
            _join([parts / member for member in members], folder / f"X_{side}.npy", len(y))
        parts.rmdir()


class _Line(NamedTuple):
    member: str
    number: int
    text: bytes


def _number(member: str) -> int:
    return int(member.removeprefix("train_features_").removesuffix(".jsonl"))


def _lines(archive: Path) -> Generator[_Line, None, None]:
    """Yield the lines of the members that count, in the order of the archive."""
    from tqdm import tqdm

    seen: set[str] = set()
    total = archive.stat().st_size
    try:
        # tarfile's own bz2 stream would stop after the first of several streams, and takes a file that
        # ends too early for a whole one.
        with (
            archive.open("rb") as raw,
            bz2.open(raw) as stream,
            tarfile.open(fileobj=stream, mode="r|", bufsize=_BYTES_AT_ONCE) as tar,
            tqdm(desc="ember", total=total, unit="B", unit_scale=True, leave=False, disable=None) as bar,
        ):
            for entry in tar:
                member = PurePosixPath(entry.name).name
                content = tar.extractfile(entry) if entry.isfile() else None
                if content is None or not (member == _TEST or _TRAIN.fullmatch(member)):
                    continue
                if member in seen:
                    raise AutoWSError(f"{archive} has {member} twice; expected it once. Pack it again")
                seen.add(member)
                for number, text in enumerate(content, start=1):
                    yield _Line(member, number, text)
                    bar.update(raw.tell() - bar.n)
            while stream.read(_BYTES_AT_ONCE):
                pass
    except (OSError, EOFError, tarfile.TarError) as error:
        raise AutoWSError(
            f"{archive} cannot be read to its end ({type(error).__name__}: {error}). "
            f"Delete it and fetch {URL} again"
        ) from error


def _write_part(path: Path, lines: Iterator[_Line], archive: Path) -> NDArray[np.int64]:
    """Write the features of one member's labelled rows as plain float32 and return their labels."""
    labels = []
    with path.open("wb") as stream:
        while batch := list(islice(lines, _ROWS_AT_ONCE)):
            X, y = _vectorised(batch, archive)
            # Not through a memory map, whose pages would count as memory of this process.
            X.tofile(stream)
            labels.append(y)
    return np.concatenate(labels)


def _vectorised(batch: Sequence[_Line], archive: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features and labels of the rows of a batch whose label is known."""
    known = []
    for line in batch:
        row = _parsed(line, archive)
        if row["label"] != _UNKNOWN:
            known.append((line, row))
    y = np.array([row["label"] for _, row in known], dtype=np.int64)
    if not known:
        return np.empty((0, N_FEATURES), dtype=np.float32), y
    wrong = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
    try:
        return vectorise([row for _, row in known]), y
    except wrong:
        for line, row in known:
            try:
                vectorise([row])
            except KeyError as error:
                _refuse(line, archive, f"has no field {error}", error)
            except wrong as error:
                _refuse(line, archive, f"has a field that is not what it should be ({error})", error)
        raise


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


_JSON = json.JSONDecoder(parse_constant=_not_a_number)


def _parsed(line: _Line, archive: Path) -> dict[str, Any]:
    """Return the JSON object of a line, with a label that its member may have."""
    try:
        row = _JSON.decode(line.text.decode("utf-8"))
    except ValueError as error:
        _refuse(line, archive, f"is not JSON ({getattr(error, 'msg', error)})", error)
    if not isinstance(row, dict):
        _refuse(line, archive, f"is a JSON {type(row).__name__}; expected an object")
    if "label" not in row:
        _refuse(line, archive, "has no field 'label'")
    expected = (0, 1) if line.member == _TEST else (0, 1, _UNKNOWN)
    if row["label"] not in expected:
        _refuse(line, archive, f"has label {row['label']!r}; expected one of {expected}")
    return row


def _refuse(line: _Line, archive: Path, reason: str, error: Exception | None = None) -> NoReturn:
    raise AutoWSError(
        f"{line.member} in {archive}, line {line.number} {reason}. Is it EMBER 2017 in feature version 2? "
        f"Fetch {URL} again"
    ) from error


def _join(parts: Sequence[Path], target: Path, rows: int) -> None:
    """Append files of plain float32 under the header of one array, deleting each once it is copied."""
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
        "fortran_order": False,
        "shape": (rows, N_FEATURES),
    }
    with target.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, stream, _BYTES_AT_ONCE)
            part.unlink()
