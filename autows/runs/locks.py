"""The locks of a results folder: one holder of a name at a time, and no files left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows, where filelock removes its files by itself
    fcntl = None  # type: ignore[assignment]


class Held(Exception):
    """Somebody else holds the lock."""


@contextmanager
def hold(root: Path, name: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a name; it ends with the block or with the process, however it ends.

    Parameters
    ----------
    root : Path
        The results folder; locks lie below its ``.locks``.
    name : str
    wait : bool, default True
        Wait for whoever holds it.

    Raises
    ------
    Held
        If somebody else has it and ``wait`` is False.

    Notes
    -----
    A lock's file may only be removed while nobody has it open: who opened it before and locks it after
    would hold a file that no newcomer finds, and the newcomer another one of that name. So whoever holds
    or waits for any lock of the folder shares a lock on the file ``present``, and who leaves removes
    the others' files if that lock can be had alone, which means that there are no others.
    """
    folder = root / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with _present(folder):
        lock = FileLock(folder / f"{name}.lock", blocking=wait)
        try:
            lock.acquire()
        except Timeout:
            raise Held(name) from None
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _present(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    handle = os.open(folder / "present", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        shared = False
        # A file system without such locks has filelock do otherwise, and nothing is removed.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
            shared = True
        try:
            yield
        finally:
            if shared:
                _leave(folder, handle)
    finally:
        os.close(handle)


def _leave(folder: Path, handle: int) -> None:
    """Give the shared lock back; remove all files of locks if it was the only one."""
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for path in folder.glob("*.lock"):
                path.unlink(missing_ok=True)
    finally:
        # Closing the file would not do where a method has left a process behind that has it too.
        fcntl.flock(handle, fcntl.LOCK_UN)
