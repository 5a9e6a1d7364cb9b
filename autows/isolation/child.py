"""What happens inside an isolated process: read, load the file, run it, write down what came of it."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

import numpy as np

from autows.errors import NotApplicable, UserError
from autows.isolation import syscalls
from autows.isolation.ends import MAX_TRACE
from autows.isolation.guard import Guard
from autows.isolation.handover import read_view
from autows.isolation.interpreter import packages_shown, project_root
from autows.isolation.limits import Limits
from autows.method import Method
from autows.method_file import load_class
from autows.params import Scalar, build
from autows.types import InvalidLabels, Labels

JOB, STATUS, ANSWERS = "job.json", "status.json", "answers.npz"
_STATUS_OF = {UserError: "mistake", NotApplicable: "skipped", InvalidLabels: "invalid", MemoryError: "memory"}
ARRAYS = ("pool", "test", "pool_covered", "test_covered", "pool_votes", "test_votes", "seed_votes")


@dataclass(frozen=True)
class Job:
    """What an isolated process is to do.

    Parameters
    ----------
    mode : str
        ``describe`` the class, or ``run`` it.
    file : str
        Name of the file in the folder of what is handed over.
    class_name : str or None
    parameters : mapping of str to scalar
    limits : mapping
        Fields of :class:`~autows.isolation.limits.Limits`.
    data, own : str
        The two folders, as seen from inside.
    writable, hidden : list of str
        For :class:`~autows.isolation.guard.Guard`.
    mapped_bytes : int
        Size of the arrays that are mapped.
    seed : list of int
        Where the method's randomness comes from.
    """

    mode: str
    file: str
    class_name: str | None
    parameters: Mapping[str, Scalar]
    limits: Mapping[str, Any]
    data: str
    own: str
    writable: list[str]
    hidden: list[str]
    mapped_bytes: int = 0
    seed: tuple[int, ...] = (0,)


def main(path: str) -> NoReturn:
    """Do the job described in a file, and end the process without a further word."""
    job = Job(**json.loads(Path(path).read_text(encoding="utf-8")))
    Limits(**job.limits).apply(job.mapped_bytes)
    # Where a system cannot do it, the watch and the sandbox are as they were without.
    syscalls.restrict()
    shown = [job.data, *map(str, [*packages_shown(), *project_root().glob("*.egg-info")])]
    violations = Guard([job.own, *job.writable], shown, job.hidden).install()
    said = _caught(_TASKS[job.mode], job)
    try:
        _write(Path(job.own) / STATUS, json.dumps({**said, "violations": violations()}).encode())
    except OSError as error:
        print(f"its report cannot be written: {error}", file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    # Threads that go on and whatever waits for the interpreter's end do not matter any more.
    os._exit(0)


def _caught(work: Callable[[Job], dict[str, Any]], job: Job) -> dict[str, Any]:
    """Return what came of the work, exceptions included, as JSON values."""
    try:
        return work(job)
    except BaseException as error:
        status, reason = _what_happened(error)
        trace = "".join(traceback.format_exception(error))[-MAX_TRACE:]
        return {"status": status, "reason": _valid(reason), "trace": _valid(trace)}


def _what_happened(error: BaseException) -> tuple[str, str]:
    for kind, status in _STATUS_OF.items():
        if isinstance(error, kind):
            return status, str(error)
    if isinstance(error, SystemExit):
        # As the interpreter does: no code is 0, a text is 1.
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return "exited", str(code)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return "file", str(error)
    return "raised", f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def _valid(text: str) -> str:
    """Return a text without what UTF-8 cannot write, such as parts of a file's name."""
    return text.encode(errors="replace").decode()


def _method(job: Job) -> Method:
    cls = load_class(Path(job.data) / job.file, job.class_name)
    method: Method = build(cls, "method", job.parameters)
    try:
        method.validate()
    except ValueError as error:
        raise UserError(f"{method.spec}: {error}") from error
    return method


def _describe(job: Job) -> dict[str, Any]:
    method = _method(job)
    cls = type(method)
    return {
        "status": "ok",
        "name": cls.name,
        "family": cls.family,
        "needs": sorted(cls.needs),
        "requirements": sorted(method.requirements),
        "modalities": list(cls.modalities),
        "defaults": cls.default_params(),
        "parameters": method.get_params(),
        "summary": cls.about()["summary"],
        "pretrained_data": getattr(cls, "pretrained_data", ""),
    }


def _run(job: Job) -> dict[str, Any]:
    view = read_view(Path(job.data))
    method = _method(job)
    reason = method.skip_reason(view)
    if reason is not None:
        raise NotApplicable(reason)
    rng = np.random.default_rng(list(job.seed))
    begun = perf_counter()
    labels = method.fit_predict(view, rng)
    fit_seconds = perf_counter() - begun
    if not isinstance(labels, Labels):
        raise InvalidLabels(f"fit_predict returned a {type(labels).__name__}; expected autows.Labels")
    arrays = {name: getattr(labels, name) for name in ARRAYS if getattr(labels, name) is not None}
    said = {"info": _plain(labels.info), "lfs": _plain(labels.lfs), "n_classes": int(labels.n_classes)}
    path = Path(job.own) / ANSWERS
    with tempfile.NamedTemporaryFile(dir=job.own, delete=False) as stream:
        np.savez(stream, **{name: _native(array) for name, array in arrays.items()})
    Path(stream.name).replace(path)
    return {"status": "ok", "fit_seconds": fit_seconds, **said}


def _native(array: Any) -> Any:
    """Return an array in a type that every machine has."""
    array = np.asarray(array)
    if array.dtype.kind in "iu" and array.dtype != np.int8:
        return array.astype(np.int64)
    return array.astype(np.float64) if array.dtype.kind == "f" and array.itemsize > 8 else array


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _write(path: Path, content: bytes) -> None:
    # What lies there may be a link that leads elsewhere; a rename replaces the link.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(content)
    Path(stream.name).replace(path)


_TASKS = {"describe": _describe, "run": _run}
