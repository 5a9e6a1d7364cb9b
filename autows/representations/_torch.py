"""What encoders in torch share: their weights, the hash of these, and a torch that fits its torchvision."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from autows.errors import DataMissing, NotApplicable
from autows.files import sha256
from autows.sources import hub_file

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*\Z")
"""``owner/name``."""


@contextmanager
def matching_torchvision(who: str) -> Iterator[None]:
    """Explain the error that importing torchvision ends in beside a torch it was not built for.

    The usual cause is a CPU build of torch from another index beside the registry's torchvision:
    its compiled part cannot be loaded, and its Python part then misses the operators. All that import
    torchvision (timm, open_clip, transformers) belong into this block.

    Parameters
    ----------
    who : str
        Name of the representation, for the message.

    Raises
    ------
    NotApplicable
        If torch and torchvision do not match.
    """
    try:
        yield
    except Exception as error:
        chain: BaseException | None = error
        while chain is not None and "torchvision::" not in str(chain):
            chain = chain.__cause__ or chain.__context__
        if chain is None:
            raise
        import torch

        raise NotApplicable(
            f"{who}: torch {torch.__version__} and the installed torchvision do not match "
            f"({' '.join(str(chain).split())[:80]}); reinstall both together: "
            "pip install --force-reinstall torch torchvision"
        ) from error


def find_weights(named: str, file: str, who: str) -> Path:
    """Return a file of weights, given as a local path or as the hub model that has it.

    Parameters
    ----------
    named : str
        A path, or ``owner/name`` of a hub model.
    file : str
        Which file of the hub model.
    who : str
        Name of the representation, for messages.

    Raises
    ------
    NotApplicable
        If it is not to be had; says how to provide it.
    """
    path = Path(named).expanduser()
    if path.is_file():
        return path
    if not HUB_ID.match(named) or path.suffix in (".safetensors", ".pth", ".pt"):
        raise NotApplicable(
            f"{who}: there is no file of weights at '{named}'; give a path, or a hub model as owner/name"
        )
    try:
        return hub_file(named, file, kind="model")
    except DataMissing as error:
        raise NotApplicable(f"{who}: {error}, or give the weights as a local path") from error


def digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of files, in hexadecimal; of several, over the hashes in the order given.

    Asked for at every run and of files of many megabytes, so a file is read once a process as long
    as its size and time of change stay.
    """
    found = []
    for path in paths:
        stat = path.stat()
        found.append(_sha256(path, stat.st_size, stat.st_mtime_ns))
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    return sha256(path)


def load_weights(model: Any, path: Path, without: tuple[str, ...], who: str) -> None:
    """Fill a torch module from a file of weights.

    Parameters
    ----------
    model : torch.nn.Module
    path : Path
        ``.safetensors``, or a state dictionary that ``torch.load`` reads with ``weights_only``.
    without : tuple of str
        Prefixes of weights that are left out, such as the classifier's.
    who : str
        What the weights should be, for messages.

    Raises
    ------
    NotApplicable
        If the file is damaged or holds weights of something else.
    """
    state = _read(path, who)
    kept = {key: value for key, value in state.items() if not key.startswith(without)}
    expected = model.state_dict()
    missing = sorted(expected.keys() - kept.keys())
    unknown = sorted(kept.keys() - expected.keys())
    shapes = [
        f"{key} is {tuple(kept[key].shape)} instead of {tuple(expected[key].shape)}"
        for key in sorted(expected.keys() & kept.keys())
        if kept[key].shape != expected[key].shape
    ]
    faults = [f"{len(missing)} missing, {missing[0]} for one"] if missing else []
    faults += [f"{len(unknown)} unknown, {unknown[0]} for one"] if unknown else []
    faults += shapes[:1]
    if faults:
        raise NotApplicable(f"{path} does not hold the weights of {who}: {'; '.join(faults)}")
    model.load_state_dict(kept)


def _read(path: Path, who: str) -> dict[str, Any]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            # Compiled code opens the file, of which audit hooks would not hear.
            sys.audit("open", str(path), "rb", os.O_RDONLY)
            return load_file(path)
        import torch

        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise NotApplicable(
            f"{path} cannot be read as weights of {who} ({type(error).__name__}: {reason}). Fetch it again"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise NotApplicable(f"{path} does not hold the weights of {who}: it is not a state dictionary")
    return state
