"""Files that are whole or absent: written under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autows.errors import UserError


def make_folder(path: Path, purpose: str) -> Path:
    """Create a folder if need be and make sure that it can be written.

    Raises
    ------
    UserError
        Naming the folder, what it is for, and the system's reason.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(
            f"Cannot write to {path} ({purpose}): {error.strerror}. "
            "Choose another folder or mend its permissions"
        ) from error
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path, resume: bool = False) -> Iterator[Path]:
    """Give a temporary folder to fill; it becomes ``path`` if the block ends well.

    A folder already at ``path`` is replaced. If the block raises, the temporary folder vanishes;
    with ``resume`` it is kept when the program was interrupted, and given again the next time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if resume:
        temporary = path.with_name(f".{path.name}.part")
        temporary.mkdir(exist_ok=True)
    else:
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    except BaseException as error:
        if isinstance(error, Exception) or not resume:
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _umask() -> int:
    # mkstemp and mkdtemp make private files; results on a shared server follow the user's umask.
    mask = os.umask(0)
    os.umask(mask)
    return mask
