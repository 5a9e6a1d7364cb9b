"""One job done in isolation, from the folder that is handed over to the report that comes back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from autows.errors import NotApplicable, UserError
from autows.isolation import keeper, sandbox
from autows.isolation.answers import BadAnswers
from autows.isolation.child import JOB, STATUS, Job
from autows.isolation.ends import (
    MethodEnded,
    OverTime,
    SandboxFailed,
    exit_reason,
    many_lines,
    one_line,
    over_cpu,
    over_file,
    over_memory,
)
from autows.isolation.folders import PrivateFolder
from autows.isolation.interpreter import environment, python
from autows.isolation.limits import Limits
from autows.isolation.reports import read_report
from autows.isolation.supervisor import End, supervise
from autows.types import InvalidLabels

_WORK = "from autows.isolation.child import main\nmain(sys.argv[4])\n"


@dataclass(frozen=True)
class Surroundings:
    """In what an isolated process runs.

    Parameters
    ----------
    limits : Limits
    sandboxed : bool
        Whether bubblewrap stands between it and the machine.
    hidden : tuple of str
        Paths from which the truth could be read, and the results folder: not to be seen even where they lie
        among what is shown. The cache and the mirror are hidden anyway.
    """

    limits: Limits
    sandboxed: bool
    hidden: tuple[str, ...] = ()


def carry_out(
    folder: PrivateFolder,
    around: Surroundings,
    file: str,
    source: bytes,
    **job: Any,
) -> tuple[dict[str, Any], End]:
    """Run a job on what lies in a folder, and return what it reports.

    Parameters
    ----------
    folder : PrivateFolder
        Its ``data`` holds what is handed over. What is answered lies in its ``own`` afterwards.
    around : Surroundings
    file : str
        Name of the method's file.
    source : bytes
        Its content.
    **job
        Further fields of :class:`~autows.isolation.child.Job`.

    Returns
    -------
    report : dict
        Of status ``ok``; plain values, believed in nothing.
    end : End

    Raises
    ------
    MethodEnded
        If there is no report (:class:`~autows.isolation.ends.OverTime` where that is for the time), or it
        tells of an exception or of something that a method must not do.
    NotApplicable
        If the method says that it cannot run on this view.
    UserError
        If the file is not a method or a parameter is wrong.
    InvalidLabels
        If it did not return labels.
    SandboxFailed
        If bubblewrap or Python could not be started.
    """
    seen = sandbox.INSIDE if around.sandboxed else folder
    # Where the harness keeps its things is nobody's business; what lies among what is shown, can be named.
    hidden = (sandbox.hidden_inside if around.sandboxed else sandbox.private_paths)(around.hidden)
    (folder.data / file).write_bytes(source)
    written = Job(
        file=file,
        limits=asdict(around.limits),
        data=str(seen.data),
        own=str(seen.own),
        writable=["/tmp", "/dev/shm"] if around.sandboxed else [],
        hidden=[str(path) for path in hidden],
        **job,
    )
    (folder.data / JOB).write_text(json.dumps(asdict(written)), encoding="utf-8")
    begin = python(_WORK, str(seen.data / JOB), user=sandbox.user_to_become() if around.sandboxed else None)
    if around.sandboxed:
        sandbox.open_to_user(folder)
        begin = sandbox.command(begin, folder, around.hidden)
    end = supervise(
        begin, environment(seen), folder, around.limits, sandbox.HELPERS if around.sandboxed else 0
    )
    if end.reason is not None:
        raise _ended(end.reason, many_lines(end.printed), around.limits, end.over_time)
    return _report(folder, around, end, str(seen.data / file)), end


def _report(folder: PrivateFolder, around: Surroundings, end: End, file_inside: str) -> dict[str, Any]:
    assert end.returncode is not None
    try:
        found = read_report(folder.own / STATUS)
        status, reason, trace = (_text(found, name) for name in ("status", "reason", "trace"))
        violations = found.get("violations", [])
        if not isinstance(violations, list) or not all(isinstance(what, str) for what in violations):
            raise BadAnswers(f"{STATUS}: violations are no list of texts")
    except BadAnswers as error:
        printed = many_lines(end.printed)
        if end.returncode in (1, 127) and printed.startswith(("bwrap: ", keeper.CANNOT_START)):
            raise SandboxFailed(one_line(printed)) from None
        if (folder.own / STATUS).exists():
            raise MethodEnded(f"its report is not to be read: {error}", printed) from None
        said = exit_reason(end.returncode, around.limits, around.sandboxed)
        raise _ended(said, printed, around.limits, said == over_cpu(around.limits)) from None
    # The file is known under the name that its author gave it.
    reason = one_line(reason.replace(file_inside, file_inside.rpartition("/")[2]))
    trace = many_lines(trace.replace(file_inside, file_inside.rpartition("/")[2]))
    if violations:
        raise MethodEnded(one_line(violations[0]), trace)
    if status != "ok":
        raise _failure(status, reason, trace, around.limits)
    return found


def _ended(reason: str, trace: str, limits: Limits, over_time: bool) -> MethodEnded:
    return OverTime(reason, trace, limits.wall_seconds) if over_time else MethodEnded(reason, trace)


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise BadAnswers(f"{STATUS}: {name} is no text")
    return value


def _failure(status: str, reason: str, trace: str, limits: Limits) -> Exception:
    kind = {"mistake": UserError, "skipped": NotApplicable, "invalid": InvalidLabels}.get(status)
    if kind is not None:
        return kind(reason)
    words = {
        "memory": f"{over_memory(limits)}: {reason}".rstrip(": "),
        "file": over_file(limits),
        "exited": f"exited with status {reason} without an answer",
        "raised": f"raised {reason}",
    }
    return MethodEnded(words.get(status, f"its report is not to be read: {reason}"), trace)
