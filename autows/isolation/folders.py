"""The private folder of an isolated run: made, watched, and removed whatever was done to it."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autows.errors import UserError
from autows.isolation.limits import Limits, mebibytes

PREFIX = "autows-isolated-"
DEPTH = 64
"""How deep folders may be nested."""

_STALE_SECONDS = 60.0


@dataclass(frozen=True)
class PrivateFolder:
    """Where an isolated run takes place.

    Parameters
    ----------
    root : Path
        The folder; nobody but this user enters it.
    data : Path
        What is handed over; only read from inside.
    own : Path
        The method's home, current folder and place for temporary files; its answers end up there.
    """

    root: Path
    data: Path
    own: Path


@contextmanager
def private_folder() -> Iterator[PrivateFolder]:
    """Give a folder that vanishes with the block, in the system's temporary folder (``TMPDIR``).

    Folders of runs whose harness was killed are removed as well.

    Raises
    ------
    UserError
        On systems that have not what isolation rests on.
    """
    if os.name != "posix":
        raise UserError(
            "Methods can be isolated on Linux and macOS only; on Windows, use its Linux subsystem"
        )
    import fcntl

    remove_stale()
    root = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    # Held while this process lives; who can take it knows that the folder is nobody's.
    lock = os.open(root / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = PrivateFolder(root, root / "data", root / "own")
        for path in (folder.data, folder.own, folder.own / "tmp", folder.own / "shm"):
            path.mkdir()
        yield folder
    finally:
        # What cannot be removed now is found by a later run.
        with contextlib.suppress(OSError):
            remove(root)
        os.close(lock)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, whatever its permissions and depth; links are not followed.

    Folders are moved up before they are emptied, so that no path becomes longer than a path may be and
    nothing is nested as deep as the stack.
    """
    while inner := _emptied_of_files(str(folder)):
        for path in inner:
            for deeper in _emptied_of_files(path):
                Path(deeper).rename(folder / secrets.token_hex(16))
            Path(path).rmdir()
    folder.rmdir()


def _emptied_of_files(path: str) -> list[str]:
    """Remove what is no folder from a folder, and return the folders, open to us from now on."""
    found = []
    for entry in list(os.scandir(path)):
        if entry.is_dir(follow_symlinks=False):
            Path(entry.path).chmod(0o700)
            found.append(entry.path)
        else:
            Path(entry.path).unlink()
    return found


def remove_stale() -> None:
    """Remove what runs left behind whose harness was killed."""
    import fcntl

    for root in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            status = root.lstat()
            old = time.time() - status.st_mtime > _STALE_SECONDS
            if status.st_uid != os.getuid() or not root.is_dir() or root.is_symlink() or not old:
                continue
            lock = os.open(root / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue  # Somebody else removes it at this moment.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            with contextlib.suppress(OSError):
                remove(root)
        finally:
            os.close(lock)


def excess(own: Path, limits: Limits, unlinked_bytes: int) -> str | None:
    """Say which limit the content of a folder exceeds, or return None.

    Parameters
    ----------
    own : Path
        The folder.
    limits : Limits
    unlinked_bytes : int
        Size of files that are deleted but open.
    """
    size, files = unlinked_bytes, 0
    waiting = [(str(own), 0)]
    while waiting and size <= limits.folder_bytes and files <= limits.files:
        path, depth = waiting.pop()
        try:
            entries = list(os.scandir(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"wrote a folder that cannot be looked into ({error.strerror})"
        files += len(entries)
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # It has just been removed.
            size += status.st_blocks * 512
            if stat.S_ISDIR(status.st_mode):
                if depth == DEPTH:
                    return f"nested folders more than {DEPTH} deep"
                waiting.append((entry.path, depth + 1))
    if files > limits.files:
        return f"wrote more than {limits.files} files"
    return f"wrote more than {mebibytes(limits.folder_bytes)}" if size > limits.folder_bytes else None
