"""A view on its way to an isolated process: plain files, and rows in an order that says nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import dtype_to_descr, write_array_header_1_0
from numpy.typing import NDArray

from autows.draws import generator
from autows.types import Labels, Matrix, TaskView

_ROWS_AT_ONCE = 4096
_BY_ROW = {"X_pool": "pool", "X_test": "test", "zero_shot_pool": "pool", "zero_shot_test": "test"}
_SPARSE_PARTS = ("data", "indices", "indptr")


@dataclass(frozen=True)
class Order:
    """In which order rows were handed over.

    Parameters
    ----------
    pool, test : (rows,) int64 array
        Row ``pool[i]`` of the view is row ``i`` of what was handed over.
    """

    pool: NDArray[np.int64]
    test: NDArray[np.int64]

    def undo(self, labels: Labels) -> Labels:
        """Return labels of handed-over rows as labels of the view's rows."""
        values: dict[str, Any] = {f.name: getattr(labels, f.name) for f in fields(labels)}
        for side in ("pool", "test"):
            for name in (side, f"{side}_covered", f"{side}_votes"):
                if values[name] is not None:
                    back = np.empty_like(values[name])
                    back[getattr(self, side)] = values[name]
                    values[name] = back
        return Labels(**values)


def content_order(X: Matrix) -> NDArray[np.int64]:
    """Return an order of rows that depends on what is in them and not on where they were.

    Rows are sorted by a hash of their bits, so that nobody can tell from the answer in which order the
    source had them (by class, by recording). Equal rows stay as they were to each other.

    Parameters
    ----------
    X : (rows, d) float32 matrix

    Returns
    -------
    (rows,) int64 array

    Notes
    -----
    The hash is multilinear: the sum over columns of a random 64-bit number times the value's 32 bits,
    modulo 2**64 [1]_. One pass, O(rows d) time, in blocks.

    References
    ----------
    .. [1] D. Lemire and O. Kaser (2014), Strongly universal string hashing is fast, The Computer
       Journal 57(11).
    """
    rng = generator(purpose="isolation", columns=X.shape[1])
    weights = rng.integers(2**64, size=X.shape[1], dtype=np.uint64) | np.uint64(1)
    hashes = np.empty(X.shape[0], dtype=np.uint64)
    for start in range(0, X.shape[0], _ROWS_AT_ONCE):
        block = X[start : start + _ROWS_AT_ONCE]
        if isinstance(block, np.ndarray):
            found = np.ascontiguousarray(block).view(np.uint32).astype(np.uint64) @ weights
        else:
            terms = np.ascontiguousarray(block.data).view(np.uint32) * weights[block.indices]
            sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
            found = sums[block.indptr[1:]] - sums[block.indptr[:-1]]
        hashes[start : start + _ROWS_AT_ONCE] = found
    return np.argsort(hashes, kind="stable").astype(np.int64)


def write_view(view: TaskView, folder: Path, as_given: bool = False) -> tuple[Order, int]:
    """Write what a method may see to a folder.

    Parameters
    ----------
    view : TaskView
    folder : Path
    as_given : bool, default False
        Leave rows where they are, for checks whether a method reads anything from that.

    Returns
    -------
    order : Order
        How to read the answers.
    size : int
        Bytes of arrays that will be mapped.
    """
    X_pool, X_test = view.X_pool, view.X_test
    order = (
        Order(np.arange(X_pool.shape[0]), np.arange(X_test.shape[0]))
        if as_given
        else Order(content_order(X_pool), content_order(X_test))
    )
    values: dict[str, Any] = {f.name: getattr(view, f.name) for f in fields(view)}
    if view.seed_index is not None:
        place = np.empty(len(order.pool), dtype=np.int64)
        place[order.pool] = np.arange(len(order.pool))
        values["seed_index"] = place[view.seed_index]
    plain: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for name, value in values.items():
        if value is None or isinstance(value, (str, int, float, tuple)):
            plain[name] = value
        elif isinstance(value, np.ndarray):
            rows = getattr(order, _BY_ROW[name]) if name in _BY_ROW else None
            _write_array(folder / f"{name}.npy", value, rows)
            kinds[name] = "array"
        elif hasattr(value, "tocsr"):
            chosen = value.tocsr()
            if name in _BY_ROW:
                chosen = chosen[getattr(order, _BY_ROW[name])]
            for part in _SPARSE_PARTS:
                np.save(folder / f"{name}.{part}.npy", getattr(chosen, part), allow_pickle=False)
            kinds[name] = type(chosen).__name__
            plain[f"{name}.shape"] = list(chosen.shape)
        else:
            plain[name] = value.item()
    text = json.dumps({"plain": plain, "kinds": kinds})
    (folder / "view.json").write_text(text, encoding="utf-8")
    return order, sum(path.stat().st_size for path in folder.glob("*.npy"))


def read_view(folder: Path) -> TaskView:
    """Read what :func:`write_view` wrote; arrays are read-only, those of many rows memory-mapped."""
    index = json.loads((folder / "view.json").read_text(encoding="utf-8"))
    plain, kinds = index["plain"], index["kinds"]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in plain.items()
        if not name.endswith(".shape")
    }
    for name, kind in kinds.items():
        if kind == "array":
            values[name] = _read_array(folder / f"{name}.npy", mapped=name in _BY_ROW)
        else:
            from scipy import sparse

            parts = [_read_array(folder / f"{name}.{p}.npy", mapped=name in _BY_ROW) for p in _SPARSE_PARTS]
            make = getattr(sparse, kind)
            values[name] = make(tuple(parts), shape=tuple(plain[f"{name}.shape"]), copy=False)
    return TaskView(**values)


def _write_array(path: Path, array: NDArray[Any], rows: NDArray[np.int64] | None) -> None:
    if rows is None:
        np.save(path, array, allow_pickle=False)
        return
    with path.open("wb") as stream:
        header = {"descr": dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
        write_array_header_1_0(stream, header)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            stream.write(np.ascontiguousarray(array[rows[start : start + _ROWS_AT_ONCE]]).data)


def _read_array(path: Path, mapped: bool) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, allow_pickle=False, mmap_mode="r" if mapped else None)
    array.setflags(write=False)
    return array
