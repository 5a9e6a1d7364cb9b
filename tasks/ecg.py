"""Single-lead ECG: windows of recordings from a hand-held device, by rhythm."""

from __future__ import annotations

import csv
import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autows.draws import generator
from autows.errors import AutoWSError
from autows.sources import download, mirrored
from autows.task import Task, TaskCard

ARCHIVE = "training2017.zip"
URL = "https://physionet.org/files/challenge-2017/1.0.0/training2017.zip"
RECORDS = 8_528
SYMBOLS = ("N", "A", "O", "~")
WINDOW = 1_000
STRIDES = (500, 83, 250, 25)
TEST_SHARE = 0.2


class Ecg(Task):
    """Windows of 1,000 samples (3.3 s at 300 Hz) of 8,528 recordings of 9 to 61 s.

    Windows of rarer rhythms are cut more densely, with the strides of the 2022 benchmark: 500 samples
    for normal, 83 for atrial fibrillation, 250 for other rhythms and 25 for noise. Each recording is
    brought to mean 0 and standard deviation 1. The split is by recording: a fifth of them, drawn at
    random, is the test set, and the recording is the group of each of its windows.

    Rows are in random order: side by side, windows of one recording would tell each other's class.

    A part of the archive, as a mirror may have, makes a variant that is named by its number of recordings.
    """

    card = TaskCard(
        id="ecg",
        version=1,
        title="Single-lead ECG windows, four rhythms",
        modality="signal",
        class_names=("normal sinus rhythm", "atrial fibrillation", "other rhythm", "noise"),
        n_pool=None,
        n_test=None,
        source=f"PhysioNet/CinC Challenge 2017, {URL}",
        licence="Open Data Commons Attribution 1.0",
        citation="G. Clifford et al. (2017), AF classification from a short single lead ECG recording: the "
        "PhysioNet/Computing in Cardiology Challenge 2017, Computing in Cardiology 44",
        suites=("autows-bench-101", "extended"),
    )

    def variant(self) -> str:
        """Return ``records-<n>`` for a mirror that has a part of the recordings."""
        path = mirrored(f"physionet/{ARCHIVE}")
        if path is None or path.stat().st_size > 90_000_000:
            # The whole archive has 95 MB; counting its members would be slower and tell no more.
            return ""
        n = _count(path, path.stat().st_mtime_ns)
        return "" if n == RECORDS else f"records-{n}"

    def write(self, folder: Path) -> None:
        """Cut the recordings into windows, straight into memory maps; float32, shape (rows, 1000).

        Raises
        ------
        DataMissing
            If the archive is neither in the mirror nor to be had.
        AutoWSError
            If it is damaged, a recording is missing, or a label is not one of the four.
        """
        path = download("physionet", ARCHIVE, URL)
        records, labels = _read(path)
        rng = generator(purpose="split", task=self.card.id, version=self.card.version)
        order = rng.permutation(len(records))
        n_test = round(TEST_SHARE * len(records))
        for side, chosen in (("pool", np.sort(order[n_test:])), ("test", np.sort(order[:n_test]))):
            starts = [window_starts(len(records[r]), labels[r]) for r in chosen]
            counts = np.array([len(s) for s in starts])
            rows = int(counts.sum())
            X = np.lib.format.open_memmap(
                folder / f"X_{side}.npy", mode="w+", dtype=np.float32, shape=(rows, WINDOW)
            )
            # In order of recording, a row's neighbours would give its label away.
            place = generator(
                purpose="row order", task=self.card.id, version=self.card.version, side=side
            ).permutation(rows)
            y, groups = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
            for r, begin, mine in zip(chosen, starts, np.split(place, np.cumsum(counts)[:-1]), strict=True):
                X[mine] = standardised(records[r])[begin[:, None] + np.arange(WINDOW)]
                y[mine], groups[mine] = labels[r], r
            X.flush()
            np.save(folder / f"y_{side}.npy", y)
            np.save(folder / f"groups_{side}.npy", groups)


def window_starts(samples: int, label: int) -> NDArray[np.int64]:
    """Return where windows of a recording begin, by the stride of its class; none if it is too short.

    Examples
    --------
    >>> window_starts(2600, 0).tolist()
    [0, 500, 1000, 1500]
    """
    return np.arange(0, max(samples - WINDOW, 0), STRIDES[label])


def standardised(signal: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return a recording with mean 0 and standard deviation 1; one that does not vary becomes zero."""
    values = signal.astype(np.float64)
    values -= values.mean()
    deviation = values.std()
    return (values / deviation if deviation > 0 else values).astype(np.float32)


@cache
def _count(path: Path, changed: int) -> int:
    """Count the recordings of an archive; asked for with every run's identity, so remembered."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(name.endswith(".mat") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise _unreadable(path, error) from error


def _read(path: Path) -> tuple[list[NDArray[np.int16]], NDArray[np.int64]]:
    from scipy.io import loadmat
    from tqdm import tqdm

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            reference = next((name for name in names if name.endswith("REFERENCE.csv")), None)
            if reference is None:
                raise AutoWSError(f"{path} holds no REFERENCE.csv; is it PhysioNet's {ARCHIVE}?")
            rows = list(csv.reader(io.StringIO(archive.read(reference).decode("ascii"))))
            folder = reference.rpartition("/")[0]
            members = set(names)
            records, labels = [], []
            for row in tqdm(rows, "reading ecg", leave=False, disable=None):
                if len(row) != 2 or row[1] not in SYMBOLS:
                    raise AutoWSError(
                        f"{reference} in {path} has a line {row}; expected record,{'|'.join(SYMBOLS)}"
                    )
                member = f"{folder}/{row[0]}.mat"
                if member not in members:
                    raise AutoWSError(f"{path} holds no {member}, which {reference} names; fetch it again")
                records.append(np.asarray(loadmat(io.BytesIO(archive.read(member)))["val"])[0])
                labels.append(SYMBOLS.index(row[1]))
    except (zipfile.BadZipFile, EOFError, OSError, KeyError, ValueError) as error:
        raise _unreadable(path, error) from error
    return records, np.array(labels, dtype=np.int64)


def _unreadable(path: Path, error: Exception) -> AutoWSError:
    return AutoWSError(
        f"{path} cannot be read ({type(error).__name__}: {error}). Delete it and fetch it again"
    )
