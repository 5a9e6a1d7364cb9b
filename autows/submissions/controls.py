"""Negative controls of a method that is handed in, made on the isolated method: protocol, point 9."""

from __future__ import annotations

from collections.abc import Sequence

from autows.checks import CHECKS, FAILED, NOT_APPLICABLE, Effort, Result
from autows.checks.running import run_check, select
from autows.checks.subject import Subject
from autows.isolation.method import IsolatedMethod
from autows.submissions.submission import CONTROLS, Submission
from autows.submissions.verification import Check

EFFORT = Effort(permutations=2)
"""Two made-up tasks of eight classes: a method that knows all of the truth fails at p = 40320 ** -2, and one
that knows a part of it still can."""

_FIRST = "answers"

SECONDS = 60.0
"""The most that one of about five small runs may take, in seconds."""


def run(method: IsolatedMethod) -> list[Result]:
    """Make the negative controls; each run is a process of its own, and the file is not imported here.

    Rows are handed over in the order of the made-up task: in that of their content, in which runs have them,
    a method that answers by the place of a row would not be found out.

    Returns
    -------
    list of Result
        One for each of :data:`~autows.submissions.submission.CONTROLS`; or that of the check ``answers``
        alone, where the method does not answer an easy task at all.
    """
    subject = Subject(lambda: method.for_checks(SECONDS), EFFORT)
    first, *controls = select([_FIRST, *CONTROLS])
    answers = run_check(first, subject)
    # What does not run at all has not failed a control, and the advice would mislead.
    return [answers] if answers.status == FAILED else [run_check(one, subject) for one in controls]


def outcome(results: Sequence[Result]) -> dict[str, str]:
    """Return what a submission says of controls that were made, by name."""
    return {
        result.name: f"{result.status}: {' '.join(result.message.split())[:200]}"
        if result.status == NOT_APPLICABLE
        else result.status
        for result in results
    }


def failures(results: Sequence[Result]) -> list[str]:
    """Return for each control that failed what was found and what to do about it, in words."""
    return [
        f"{result.title}: {result.message}. {CHECKS[result.name].advice}"
        for result in results
        if result.status == FAILED
    ]


def known(before: Submission | None, now: Submission) -> dict[str, str] | None:
    """Return the outcome in an earlier submission of the same method, or None if there is none.

    Parameters
    ----------
    before : Submission or None
        What lies in the folder already.
    now : Submission
        The one that is being made.
    """
    same = ("kind", "source_sha256", "class_name", "parameters", "needs", "modalities", "project_version")
    if before is None or any(getattr(before, name) != getattr(now, name) for name in same):
        return None
    return dict(before.negative_controls)


def check(method: IsolatedMethod) -> Check:
    """Make the negative controls, as a check of a submission."""
    results = run(method)
    failed = failures(results)
    fine = ", ".join(f"{name} {said}" for name, said in outcome(results).items())
    return Check("negative controls", not failed, tuple(failed) or (fine,))
