"""A method that is handed in as a file: described and run in isolation, and never imported here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autows.errors import UserError
from autows.isolation.description import Description, code_hash, describe
from autows.isolation.limits import MIB, Limits
from autows.isolation.method import IsolatedMethod
from autows.isolation.sandbox import unavailable, what_is_not_protected
from autows.submissions.folder import source_of
from autows.submissions.submission import SOURCE, Submission

TIMEOUT_SECONDS = 900.0
MEMORY_MIB = 4096
_CPU_PER_SECOND = 4
"""Processor seconds allowed for each second of the limit."""

PROTECTED = (
    "Isolated by bubblewrap: the method sees features, the labels it is given and installed packages; no "
    "other label, no file of yours and no network"
)


def protection(required: bool, otherwise: str = "") -> tuple[bool, str]:
    """Say whether methods run in the sandbox, and in one line what that protects.

    Parameters
    ----------
    required : bool
        Refuse to go without.
    otherwise : str, optional
        What else can be done where there is none.

    Raises
    ------
    UserError
        If the sandbox is required and there is none.
    """
    reason = unavailable()
    if reason is None:
        return True, PROTECTED
    if required:
        raise UserError(f"The method is not run unprotected: {reason}{otherwise}")
    return False, f"{what_is_not_protected()} ({reason})"


def sandbox_name(sandboxed: bool) -> str:
    """Return what a submission says of how its method was kept in its place."""
    return "bubblewrap" if sandboxed else "none; limits only"


def limits(timeout: float, memory_mib: int) -> Limits:
    """Return what a run may use: seconds, and memory in MiB."""
    return Limits(
        memory_bytes=memory_mib * MIB,
        wall_seconds=timeout,
        cpu_seconds=max(Limits.cpu_seconds, _CPU_PER_SECOND * timeout),
    )


def isolate(
    path: Path,
    class_name: str | None,
    limits: Limits,
    sandboxed: bool,
    name: str | None = None,
    hidden: Iterable[Path] = (),
) -> IsolatedMethod:
    """Ask a file what it is, and return its method.

    Parameters
    ----------
    path, class_name, limits, sandboxed
        As for :func:`autows.isolation.description.describe`.
    name : str, optional
        The name to run under; by default the class's.
    hidden : iterable of Path
        What must not be seen, beside the cache and the rest of the project.

    Raises
    ------
    UserError
        If there is no method in it that can be handed in; one line.
    """
    unseen = tuple(str(one.resolve()) for one in hidden)
    description = describe(path, class_name, limits, sandboxed, hidden=unseen)
    if description.family == "control":
        raise UserError(
            f"{path.name} has family = 'control', which only this project's own yardsticks have; choose "
            "another, such as 'other'"
        )
    return IsolatedMethod(path, class_name, description, limits, sandboxed, name, unseen)


def as_stated(
    folder: Path, submission: Submission, limits: Limits, sandboxed: bool, hidden: Iterable[Path] = ()
) -> IsolatedMethod:
    """Return the method in a submission's folder, as the submission describes it.

    Nothing is run. If it needs something else than it says, or takes other parameters, running it will tell.

    Parameters
    ----------
    folder, submission
        Its source has been looked at, see :func:`autows.submissions.folder.source_of`.
    limits, sandboxed, hidden
        As for :func:`isolate`.
    """
    needs = frozenset(submission.needs)
    description = Description(
        name="as_stated",
        family=submission.family,
        needs=needs,
        requirements=needs,
        modalities=submission.modalities,
        defaults=submission.parameters,
        parameters=submission.parameters,
        summary=submission.summary,
        pretrained_data=submission.pretrained_data,
        code_hash=code_hash(source_of(folder, submission), submission.class_name),
    )
    unseen = tuple(str(one.resolve()) for one in hidden)
    path = folder / SOURCE
    return IsolatedMethod(
        path, submission.class_name, description, limits, sandboxed, submission.name, unseen
    )
