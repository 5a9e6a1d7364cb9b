"""The contract of a representation: raw data of a task in, one float32 matrix a side out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autows.cache import Arrays, cached_arrays
from autows.errors import AutoWSError, NotApplicable
from autows.files import write_bytes
from autows.params import Configurable
from autows.source import source_hash
from autows.task import Raw, Task
from autows.types import Matrix


class Features(NamedTuple):
    """The two matrices of a task under a representation, memory-mapped and read-only."""

    X_pool: Matrix
    X_test: Matrix


class Representation(Configurable, ABC):
    """Base class of all representations.

    A subclass implements :meth:`encode`, and :meth:`fit` if it learns from the pool; users call
    :meth:`features`, which goes through the cache and walks the rows in chunks.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    """Raised whenever the numbers change; part of a run's identity."""
    modalities: ClassVar[tuple[str, ...]] = ()
    """Modalities it works on; empty means any."""
    rows_at_once: ClassVar[int] = 4096
    """Rows that :meth:`encode` is given in one call."""
    resumable: ClassVar[bool] = False
    """Keep finished chunks when interrupted; for encoders that take minutes."""

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Add version and modalities to what ``list`` shows."""
        return {**super().about(), "version": cls.version, "modalities": list(cls.modalities)}

    def fit(self, X_pool: Raw, modality: str) -> None:
        """Learn what :meth:`encode` needs from the pool, without labels; by default nothing.

        Learned state ends in an underscore. Must be deterministic.

        Parameters
        ----------
        X_pool : array of shape (N, ...), or Texts
            Raw data as :class:`~autows.task.TaskData` describes them, memory-mapped.
        modality : str
            What the raw data are.

        Raises
        ------
        NotApplicable
            If something is missing that the user can provide, such as weights; says how.
        """

    @abstractmethod
    def encode(self, X: Raw, modality: str) -> Matrix:
        """Return the rows of a chunk as float32, shape (rows, d), dense or CSR."""

    def features(self, task: Task) -> Features:
        """Return the matrices of a task from the cache, computing them the first time.

        Raises
        ------
        NotApplicable
            If the representation does not work on the task's modality, or lacks something.
        AutoWSError
            If the outcome is not finite float32 rows, one for each row of raw data.
        """
        card = task.card
        if self.modalities and card.modality not in self.modalities:
            raise NotApplicable(
                f"representation {self.name} works on {', '.join(self.modalities)}; "
                f"task {card.id} is {card.modality}"
            )
        identity = {
            "task": card.id,
            "task_version": card.version,
            "data": task.fingerprint(),
            "representation": self.name,
            "representation_version": self.version,
            "parameters": self.get_params(),
            "source": source_hash(type(self).__module__),
            **self.identity(),
        }

        def compute(folder: Path) -> dict[str, Any]:
            data = task.load()
            self.fit(data.X_pool, card.modality)
            columns = {
                side: self._write(X, card.modality, folder, side, f"{self.spec} of {card.id}")
                for side, X in (("X_pool", data.X_pool), ("X_test", data.X_test))
            }
            for leftover in folder.glob("*.rows"):
                leftover.unlink()
            return {"columns": columns}

        label = f"{card.id}-v{card.version}-{self.name}"
        arrays, notes = cached_arrays("representations", label, identity, compute, self.resumable)
        return Features(*(_open(arrays, side, notes["columns"][side]) for side in ("X_pool", "X_test")))

    def identity(self) -> dict[str, Any]:
        """Return JSON values, beside the parameters, that the numbers depend on: a hash of weights."""
        return {}

    def _write(self, X: Raw, modality: str, folder: Path, side: str, what: str) -> int:
        """Encode one side chunk by chunk into the folder; return the number of columns."""
        from tqdm import tqdm

        rows = X.shape[0]
        # Kept until both sides are done: an interruption on the test side must not cost the pool.
        progress = folder / f"{side}.rows"
        done = int(progress.read_text()) if progress.exists() else 0
        out = np.load(folder / f"{side}.npy", mmap_mode="r+") if done else None
        sparse = []
        with tqdm(
            total=rows, initial=done, desc=what, unit="row", position=1, leave=False, disable=None
        ) as bar:
            for start in range(done, rows, self.rows_at_once):
                stop = min(start + self.rows_at_once, rows)
                chunk = self.encode(X[start:stop], modality)
                _check(chunk, what, start, stop)
                if hasattr(chunk, "indptr"):
                    sparse.append(chunk)
                else:
                    if out is None:
                        shape = (rows, chunk.shape[1])
                        out = np.lib.format.open_memmap(
                            folder / f"{side}.npy", mode="w+", dtype=np.float32, shape=shape
                        )
                    out[start:stop] = chunk
                    if self.resumable:
                        out.flush()
                        write_bytes(progress, str(stop).encode())
                bar.update(stop - start)
        if out is not None:
            out.flush()
            return int(out.shape[1])
        import scipy.sparse

        whole = scipy.sparse.vstack(sparse, format="csr")
        for part in ("data", "indices", "indptr"):
            np.save(folder / f"{side}.{part}.npy", getattr(whole, part), allow_pickle=False)
        return int(whole.shape[1])


def _open(arrays: Arrays, side: str, columns: int) -> Matrix:
    if side in arrays:
        return arrays[side]
    import scipy.sparse

    data, indices, indptr = (arrays[f"{side}.{part}"] for part in ("data", "indices", "indptr"))
    return scipy.sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, columns), copy=False)


def _check(chunk: Matrix, what: str, start: int, stop: int) -> None:
    if len(chunk.shape) != 2 or chunk.shape[0] != stop - start or chunk.dtype != np.float32:
        raise AutoWSError(
            f"{what}: rows {start} to {stop} came as {chunk.dtype} of shape {chunk.shape}; "
            f"expected float32 of shape ({stop - start}, d)"
        )
    values: NDArray[np.float32] = chunk.data if hasattr(chunk, "indptr") else chunk
    if not np.all(np.isfinite(values)):
        raise AutoWSError(f"{what}: NaN or infinity in rows {start} to {stop}; is the raw data damaged?")
