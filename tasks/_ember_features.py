"""The 2,381 numbers of EMBER's feature version 2, from the raw features of many files at once.

Raw features are what EMBER publishes: one JSON object a program file, with counts, header fields and
names. Names become numbers by feature hashing: a name adds its value, with a sign that its hash
decides, to the column that its hash decides, so that two names may share a column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Raw: TypeAlias = Sequence[Any]
"""One part of the raw features ("strings", "imports", ...) of every row."""
Matrix: TypeAlias = NDArray[np.float64]

_N_DIRECTORIES = 15
_VERSIONS_AND_SIZES = (
    "major_image_version",
    "minor_image_version",
    "major_linker_version",
    "minor_linker_version",
    "major_operating_system_version",
    "minor_operating_system_version",
    "major_subsystem_version",
    "minor_subsystem_version",
    "sizeof_code",
    "sizeof_headers",
    "sizeof_heap_commit",
)
_GENERAL = (
    "size",
    "vsize",
    "has_debug",
    "exports",
    "imports",
    "has_relocations",
    "has_resources",
    "has_signature",
    "has_tls",
    "symbols",
)


def vectorise(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    """Turn raw features into numbers.

    Parameters
    ----------
    rows : sequence of mapping
        Raw features of at least one file; what is not used (``sha256``, ``label``) may be missing.

    Returns
    -------
    (rows, 2381) float32 array
        The parts of :data:`BLOCKS`, one after the other.

    Raises
    ------
    KeyError
        If a field is missing.
    TypeError, ValueError, AttributeError, OverflowError
        If a field holds something else than it should.

    Notes
    -----
    Everything is computed in float64 and rounded once. Four habits of the published features, which
    models trained on them have seen, are kept:

    - the second number about sections counts those whose size is 0;
    - the name of the entry section is hashed letter by letter, as scikit-learn did with a bare string
      when the features were published;
    - a library that is named twice with different capitals counts once among the libraries, while its
      functions count each time;
    - data directories are told apart by their position, not by their name.

    One is not: a histogram without any count becomes zeros, where a division by zero would make it NaN.

    Time is O(numbers + names), memory a few times the result.

    References
    ----------
    H. Anderson and P. Roth (2018), EMBER: An Open Dataset for Training Static PE Malware Machine
    Learning Models, arXiv:1804.04637.

    K. Weinberger, A. Dasgupta, J. Langford, A. Smola and J. Attenberg (2009), Feature Hashing for
    Large Scale Multitask Learning, ICML.
    """
    X = np.empty((len(rows), N_FEATURES), dtype=np.float32)
    start = 0
    for name, width in BLOCKS.items():
        # What float32 cannot hold becomes infinite and is refused below.
        with np.errstate(over="ignore", invalid="ignore"):
            X[:, start : start + width] = _COMPUTE[name]([row[name] for row in rows])
        if not np.isfinite(X[:, start : start + width]).all():
            raise ValueError(f"'{name}' holds something that is not a finite number")
        start += width
    return X


def _numbers(rows: Iterable[Sequence[float]], width: int) -> Matrix:
    """Return lists of one length as a matrix."""
    matrix = np.array(list(rows), dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != width:
        raise ValueError(f"got numbers of shape {matrix.shape[1:]} for one row, expected ({width},)")
    return matrix


def _fields(rows: Raw, *names: str) -> Matrix:
    """Return named numbers of every row."""
    return _numbers(([row[name] for name in names] for row in rows), len(names))


def _hashed(rows: Iterable[Any], width: int) -> Matrix:
    """Hash lists of names; every name counts 1 as often as it occurs."""
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(width, input_type="string").transform(map(_checked_list, rows)).toarray()


def _hashed_values(rows: Iterable[list[tuple[str, float]]], width: int) -> Matrix:
    """Hash lists of names with a value each."""
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(width, input_type="pair").transform(rows).toarray()


def _checked_list(value: Any) -> list[Any]:
    # A string in its place would pass as a list of letters.
    if not isinstance(value, list):
        raise TypeError(f"got {type(value).__name__}, expected a list")
    return value


def _shares(rows: Raw) -> Matrix:
    counts = _numbers(rows, 256)
    totals = counts.sum(axis=1, keepdims=True)
    return counts / np.where(totals == 0, 1, totals)


def _strings(rows: Raw) -> Matrix:
    printables = _fields(rows, "printables")
    letters = _numbers((row["printabledist"] for row in rows), 96)
    return np.hstack(
        [
            _fields(rows, "numstrings", "avlength"),
            printables,
            letters / np.where(printables > 0, printables, 1),
            _fields(rows, "entropy", "paths", "urls", "registry", "MZ"),
        ]
    )


def _general(rows: Raw) -> Matrix:
    return _fields(rows, *_GENERAL)


def _header(rows: Raw) -> Matrix:
    coff = [row["coff"] for row in rows]
    optional = [row["optional"] for row in rows]
    return np.hstack(
        [
            _fields(coff, "timestamp"),
            _hashed(([part["machine"]] for part in coff), 10),
            _hashed((part["characteristics"] for part in coff), 10),
            _hashed(([part["subsystem"]] for part in optional), 10),
            _hashed((part["dll_characteristics"] for part in optional), 10),
            _hashed(([part["magic"]] for part in optional), 10),
            _fields(optional, *_VERSIONS_AND_SIZES),
        ]
    )


def _section_counts(sections: list[dict[str, Any]]) -> list[int]:
    props = [section["props"] for section in sections]
    return [
        len(sections),
        sum(section["size"] == 0 for section in sections),
        sum(section["name"] == "" for section in sections),
        sum("MEM_READ" in has and "MEM_EXECUTE" in has for has in props),
        sum("MEM_WRITE" in has for has in props),
    ]


def _section(rows: Raw) -> Matrix:
    tables = [_checked_list(row["sections"]) for row in rows]
    entries = [row["entry"] for row in rows]
    values = [
        _hashed_values(([(section["name"], section[field]) for section in table] for table in tables), 50)
        for field in ("size", "entropy", "vsize")
    ]
    of_entry = (
        [prop for section in table if section["name"] == entry for prop in section["props"]]
        for entry, table in zip(entries, tables, strict=True)
    )
    return np.hstack(
        [
            _numbers(map(_section_counts, tables), 5),
            *values,
            _hashed((list(entry) for entry in entries), 50),
            _hashed(of_entry, 50),
        ]
    )


def _imports(rows: Raw) -> Matrix:
    tables = [[(library.lower(), names) for library, names in row.items()] for row in rows]
    libraries = (list({library for library, _ in table}) for table in tables)
    functions = (
        [library + ":" + name for library, names in table for name in _checked_list(names)]
        for table in tables
    )
    return np.hstack([_hashed(libraries, 256), _hashed(functions, 1024)])


def _exports(rows: Raw) -> Matrix:
    return _hashed(rows, 128)


def _directories(rows: Raw) -> Matrix:
    width = 2 * _N_DIRECTORIES
    flat = (
        [number for entry in row[:_N_DIRECTORIES] for number in (entry["size"], entry["virtual_address"])]
        for row in rows
    )
    return _numbers((numbers + [0] * (width - len(numbers)) for numbers in flat), width)


_COMPUTE: dict[str, Callable[[Raw], Matrix]] = {
    "histogram": _shares,
    "byteentropy": _shares,
    "strings": _strings,
    "general": _general,
    "header": _header,
    "section": _section,
    "imports": _imports,
    "exports": _exports,
    "datadirectories": _directories,
}

BLOCKS = {
    "histogram": 256,
    "byteentropy": 256,
    "strings": 104,
    "general": 10,
    "header": 62,
    "section": 255,
    "imports": 1280,
    "exports": 128,
    "datadirectories": 2 * _N_DIRECTORIES,
}
"""Parts of the raw features in the order of the result, and how many numbers each becomes."""

N_FEATURES = sum(BLOCKS.values())
