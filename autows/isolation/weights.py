"""Pretrained models that lie among what an isolated process is shown, or where it could look for them.

A method sees a foundation model through what its ``needs`` hand over: they decide whom it is compared with.
Weights that this project or an installed package brings along, and the folders in which hubs keep what they
fetched, are therefore hidden.

Notes
-----
Files are told by their names, among those that a package lists as installed. Weights under another name, or
in a package that was put there without a list, are seen.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

SUFFIXES = (
    *(".safetensors", ".onnx", ".pt", ".pth", ".bin", ".ckpt"),
    *(".gguf", ".h5", ".keras", ".tflite", ".msgpack"),
)
"""How files of weights end."""

MIN_BYTES = 1_000_000
"""What is smaller could as well be in the method's own file."""

_LISTED = re.compile(rb'\.(?:%b)"?,[^,\n]*,\d{7,}' % "|".join(s[1:] for s in SUFFIXES).encode())
"""The end of a large file's entry in the list of what a package installed: path, hash, size."""

_VARIABLES = (
    *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"),
    *("SENTENCE_TRANSFORMERS_HOME", "TORCH_HOME"),
)
_CACHES = ("huggingface", "torch", "clip", "open_clip", "sentence_transformers")
"""Folders in a user's cache, where no variable names another."""


def hub_caches() -> list[Path]:
    """Return where libraries keep the models they fetch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    named = [Path(os.environ[name]).expanduser() for name in _VARIABLES if os.environ.get(name)]
    return [*named, *(cache / name for name in _CACHES)]


@cache
def packaged(sources: tuple[Path, ...], sites: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the files of weights of at least :data:`MIN_BYTES` that packages bring along.

    Parameters
    ----------
    sources : tuple of Path
        Folders of source, which are looked through.
    sites : tuple of Path
        Folders of installed packages, of which each lists its files (RECORD).
    """
    found = {path for folder in sources for path in folder.rglob("*") if path.suffix in SUFFIXES}
    for site in sites:
        for record in site.glob("*.dist-info/RECORD"):
            found.update(site / path for path in _large(record))
    return tuple(sorted(path for path in found if path.is_file() and path.stat().st_size >= MIN_BYTES))


def _large(record: Path) -> Iterable[str]:
    """Return the paths of large files of weights in a list of what was installed."""
    try:
        listed = record.read_bytes()
    except OSError:
        return
    for end in _LISTED.finditer(listed):
        line = listed[listed.rfind(b"\n", 0, end.start()) + 1 : end.end()]
        yield next(csv.reader([line.decode(errors="replace")]))[0]
