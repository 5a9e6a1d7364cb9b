"""Reading arrays that somebody else wrote: an npz file is checked before any of it is believed."""

from __future__ import annotations

import ast
import errno
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from autows.errors import AutoWSError
from autows.isolation.limits import mebibytes

_KINDS = {"b": "booleans", "i": "integers", "u": "unsigned integers", "f": "floats"}
_END_OF_ZIP = struct.Struct("<4s4H2LH")
_HEADER_BYTES = 16_384
"""More than the header of a plain array takes; also what a zip entry's directory entry takes."""

_BYTES_AT_ONCE = 1 << 20

_LENGTH = {(1, 0): struct.Struct("<H"), (2, 0): struct.Struct("<I")}
_PLAIN_TYPE = re.compile(r"[<>|][biufcOSUV]\d{0,9}\Z")

_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    struct.error,
)


class BadAnswers(AutoWSError):
    """A file of answers that is not what was asked for; the message says how."""


@dataclass(frozen=True)
class Form:
    """What an array may be.

    Parameters
    ----------
    kinds : str
        Kinds of numpy type, out of ``b`` (bool), ``i`` and ``u`` (integers), ``f`` (floats).
    shape : tuple of int or None
        None where any length will do.
    itemsize : int, default 8
        The most bytes a number may take.
    longest : int, optional
        The most that a length may be which is None in ``shape``.
    """

    kinds: str
    shape: tuple[int | None, ...]
    itemsize: int = 8
    longest: int | None = None

    def fits(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> bool:
        """Say whether an array of this type and shape is of this form."""
        return (
            dtype.kind in self.kinds
            and dtype.itemsize <= self.itemsize
            and dtype.subdtype is None
            and len(shape) == len(self.shape)
            and all(self._may_be(want, got) for want, got in zip(self.shape, shape, strict=True))
        )

    def _may_be(self, want: int | None, got: int) -> bool:
        return got == want if want is not None else self.longest is None or got <= self.longest

    def __str__(self) -> str:
        free = "any" if self.longest is None else f"at most {self.longest:,}"
        lengths = ", ".join(free if length is None else str(length) for length in self.shape)
        kinds = self.kinds.replace("u", "") if "i" in self.kinds else self.kinds
        comma = "," if len(self.shape) == 1 else ""
        return f"{' or '.join(_KINDS[kind] for kind in kinds)} of shape ({lengths}{comma})"


def read_arrays(
    path: Path,
    expected: Mapping[str, Sequence[Form]],
    max_bytes: int,
    optional: Collection[str] = (),
    only: Collection[str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Read an npz file that may be meant to do harm.

    Nothing is unpickled and no link is followed. The headers of all arrays are read first, a few kilobytes
    each; only if every one is of a form that was expected is anything else allocated or inflated, and of
    each array no more than its header announces.

    Parameters
    ----------
    path : Path
    expected : mapping of str to sequence of Form
        The arrays by name, each with the forms it may have. There may be no others.
    max_bytes : int
        The most that the file and all arrays together may have, in bytes.
    optional : collection of str
        Names that need not be there.
    only : collection of str, optional
        Read these alone, once all headers are accepted; by default, all.

    Returns
    -------
    dict of str to array
        In the byte order of this machine.

    Raises
    ------
    BadAnswers
        One line: what is wrong, and what was expected.

    Notes
    -----
    A zip bomb is recognised by the sizes it declares, which the reading does not exceed. The ratio of
    compression says nothing: an honest array of equal labels shrinks a thousandfold.
    """
    name = path.name
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > max_bytes + _HEADER_BYTES * (len(expected) + 1):
            raise BadAnswers(f"{name} has {mebibytes(size)}; expected at most {mebibytes(max_bytes)}")
        _check_directory(stream, size, name, len(expected))
        try:
            with zipfile.ZipFile(stream) as archive:
                members = _members(archive, name, expected, max_bytes, optional)
                headers = {key: _accepted(archive, info, key, expected[key]) for key, info in members.items()}
                return {
                    key: _read(archive, members[key], key, header)
                    for key, header in headers.items()
                    if only is None or key in only
                }
        except _UNREADABLE as error:
            raise BadAnswers(f"{name} is damaged or no npz file: {' '.join(str(error).split())}") from None


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading that may be anything: a link, a pipe, a folder.

    Raises
    ------
    BadAnswers
        If it is not a regular file.
    """
    try:
        # Without O_NONBLOCK, a pipe in place of the file would keep us waiting.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise BadAnswers(f"{path.name} is not there") from None
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise BadAnswers(f"{path.name} is a symbolic link; expected a regular file") from None
        raise BadAnswers(f"{path.name} cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BadAnswers(f"{path.name} is not a regular file")
    return os.fdopen(handle, "rb")


def _check_directory(stream: BinaryIO, size: int, name: str, most: int) -> None:
    """Make sure that the archive's directory is short before anything parses it."""
    stream.seek(max(0, size - _END_OF_ZIP.size))
    end = stream.read(_END_OF_ZIP.size)
    if len(end) < _END_OF_ZIP.size or not end.startswith(b"PK\5\6"):
        raise BadAnswers(f"{name} is no npz file, or is cut off")
    _, disk, start_disk, here, entries, directory, _, comment = _END_OF_ZIP.unpack(end)
    stream.seek(max(0, size - _END_OF_ZIP.size - 20))
    large = stream.read(4) == b"PK\6\7"
    if large or disk or start_disk or comment or here != entries:
        raise BadAnswers(f"{name} is larger or stranger than what numpy.savez writes for up to 4 GiB")
    if entries > most or directory > most * _HEADER_BYTES:
        raise BadAnswers(f"{name} holds {entries} entries; expected at most {most}")
    stream.seek(0)


def _members(
    archive: zipfile.ZipFile,
    name: str,
    expected: Mapping[str, Sequence[Form]],
    max_bytes: int,
    optional: Collection[str],
) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        key = info.filename.removesuffix(".npy")
        if key not in expected or not info.filename.endswith(".npy"):
            raise BadAnswers(f"{name} holds {info.filename[:60]!r}; expected only {', '.join(expected)}")
        if key in members:
            raise BadAnswers(f"{name} holds {key} twice")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadAnswers(f"{name}: {key} is encrypted or packed in a way that numpy does not use")
        members[key] = info
    missing = [key for key in expected if key not in members and key not in optional]
    if missing:
        raise BadAnswers(f"{name} lacks {', '.join(missing)}")
    total = sum(info.file_size for info in members.values())
    if total > max_bytes + _HEADER_BYTES * len(expected):
        raise BadAnswers(f"{name} unpacks to {mebibytes(total)}; expected at most {mebibytes(max_bytes)}")
    return members


@dataclass(frozen=True)
class _Header:
    """What an npy file says of itself, and the number of bytes it takes to say so."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def size(self) -> int:
        """Bytes of the numbers that follow."""
        return self.dtype.itemsize * prod(self.shape)


def _accepted(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: str, forms: Sequence[Form]) -> _Header:
    """Return the header of a member, having inflated no more than that, if the array may be read."""
    with archive.open(info) as stream:
        try:
            header = _header(stream)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, struct.error) as error:
            raise BadAnswers(f"{key} is not a plain array: {' '.join(str(error).split())[:200]}") from None
    wanted = " or ".join(str(form) for form in forms)
    if header.dtype.hasobject:
        raise BadAnswers(f"{key} holds Python objects; expected {wanted}")
    if not any(form.fits(header.dtype, header.shape) for form in forms):
        raise BadAnswers(f"{key} is {header.dtype} of shape {header.shape}; expected {wanted}")
    if info.file_size != header.length + header.size:
        declared = info.file_size - header.length
        raise BadAnswers(f"{key} declares {declared} bytes for an array of {header.size}")
    return header


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: str, header: _Header) -> NDArray[Any]:
    size = header.size
    content = bytearray(size)
    view, filled = memoryview(content), 0
    with archive.open(info) as stream:
        stream.read(header.length)
        while filled < size:
            count = stream.readinto(view[filled : filled + _BYTES_AT_ONCE])  # type: ignore[attr-defined]
            if not count:
                raise BadAnswers(f"{key} is cut off: {filled} of {size} bytes")
            filled += count
    native = header.dtype.newbyteorder("=")
    if not size:
        return np.empty(header.shape, dtype=native)
    array = np.frombuffer(content, dtype=header.dtype)
    return array.reshape(header.shape, order="F" if header.fortran else "C").astype(native, copy=False)


def _header(stream: Any) -> _Header:
    """Read what stands before the numbers of an npy file, the part of it that plain arrays need.

    References
    ----------
    NEP 1, A simple file format for NumPy arrays.
    """
    version = npy.read_magic(stream)
    if version not in _LENGTH:
        raise ValueError(f"it is of format {version}; expected (1, 0)")
    field = _LENGTH[version]
    (length,) = field.unpack(stream.read(field.size))
    if length > _HEADER_BYTES:
        raise ValueError(f"its header has {length} bytes")
    found = ast.literal_eval(stream.read(length).decode("latin1").strip())
    if not isinstance(found, dict) or set(found) != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header is not one of numpy.save")
    descr, fortran, shape = found["descr"], found["fortran_order"], found["shape"]
    if not isinstance(descr, str) or not _PLAIN_TYPE.match(descr) or not isinstance(fortran, bool):
        raise ValueError(f"it is of type {str(descr)[:60]!r}")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"its shape is {str(shape)[:60]}")
    return _Header(shape, fortran, np.dtype(descr), stream.tell())
