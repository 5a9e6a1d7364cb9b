"""Named arrays on disk: computed once, opened as read-only memory maps ever after."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.files import make_folder, new_folder

Arrays = dict[str, NDArray[Any]]


def cache_folder() -> Path:
    """Return the cache: ``AUTOWS_CACHE`` if set, else the platform's cache folder of this user."""
    named = os.environ.get("AUTOWS_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    import platformdirs

    return Path(platformdirs.user_cache_dir("autows"))


def cached_arrays(
    kind: str,
    label: str,
    identity: Mapping[str, Any],
    compute: Callable[[Path], Mapping[str, Any]],
    resume: bool = False,
) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays from the cache, computing them if they are not there.

    Two processes that want the same arrays do not compute them twice: one waits for the other.
    An entry that is incomplete or damaged is computed anew.

    Parameters
    ----------
    kind : str
        Folder of the cache: ``tasks``, ``representations``, ``graphs``.
    label : str
        What a person reads in the folder's name.
    identity : mapping of JSON values
        All that the arrays depend on.
    compute : callable
        Given a folder, writes ``<name>.npy`` files into it (:func:`numpy.save`, or
        :func:`numpy.lib.format.open_memmap` for what does not fit in memory) and returns JSON
        values to keep beside them.
    resume : bool, default False
        Give ``compute`` the folder of an interrupted earlier call, to go on from there.

    Returns
    -------
    arrays : dict of str to read-only memory map
    notes : dict
        What ``compute`` returned.

    Raises
    ------
    UserError
        If the cache folder cannot be written.
    """
    text = json.dumps(identity, sort_keys=True)
    parent = cache_folder() / kind
    entry = parent / f"{label}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    found = _open(entry)
    if found is not None:
        return found
    from filelock import FileLock

    make_folder(parent, "the cache; AUTOWS_CACHE names another")
    with FileLock(parent / f".{entry.name}.lock"):
        found = _open(entry)
        if found is not None:
            return found
        with new_folder(entry, resume) as folder:
            notes = dict(compute(folder))
            sizes = {path.name: path.stat().st_size for path in folder.glob("*.npy")}
            index = {"identity": identity, "notes": notes, "sizes": sizes}
            (folder / "index.json").write_text(json.dumps(index, sort_keys=True, indent=1))
    found = _open(entry)
    if found is None:
        raise OSError(f"{entry} cannot be read back right after it was written; check the disk")
    return found


def _open(entry: Path) -> tuple[Arrays, dict[str, Any]] | None:
    try:
        index = json.loads((entry / "index.json").read_text())
        arrays: Arrays = {}
        for name, size in index["sizes"].items():
            path = entry / name
            if path.stat().st_size != size:
                return None
            arrays[path.stem] = np.load(path, mmap_mode="r", allow_pickle=False)
        return arrays, index["notes"]
    except (OSError, ValueError, KeyError):
        return None
