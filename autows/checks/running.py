"""Making checks, one after the other, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from autows.checks.contract import CHECKS, FAILED, NOT_APPLICABLE, PASSED, Check, Effort, Failed, Result
from autows.checks.subject import Subject
from autows.errors import UserError, unknown_name
from autows.method import Method
from autows.types import Labels


def select(only: Sequence[str] | None = None) -> list[Check]:
    """Return the checks of these names in the order in which they are made; all without names.

    Raises
    ------
    UserError
        If there is no check of a name, or there are no names.
    """
    if only is not None and not only:
        raise UserError("No check is named; name at least one, or leave --only out to make all of them")
    for name in only or ():
        if name not in CHECKS:
            raise unknown_name("check", name, CHECKS, f"there are {', '.join(CHECKS)}")
    return [check for name, check in CHECKS.items() if only is None or name in only]


def run_checks(
    make: Callable[[], Method],
    only: Sequence[str] | None = None,
    effort: Effort | None = None,
    elsewhere: Callable[[], Iterable[Labels]] | None = None,
) -> list[Result]:
    """Make checks of a method in this process.

    Parameters
    ----------
    make : callable
        Makes the method, anew each time it is called; nothing is pickled. A class will do.
    only : sequence of str, optional
        Names of checks; by default all.
    effort : Effort, optional
        How much work is made of it.
    elsewhere : callable, optional
        Gives the method's answers in other processes, see :class:`~autows.checks.subject.Subject`. Without
        it, one check is not applicable.

    Returns
    -------
    list of Result
        One for each check. A check that could not be made is failed.

    Raises
    ------
    UserError
        If there is no check of a name, or there are no names.

    Examples
    --------
    >>> from autows import method
    >>> [r.status for r in run_checks(lambda: method.create("majority_class"), only=["answers"])]
    ['passed']
    """
    subject = Subject(make, effort, elsewhere)
    return [run_check(check, subject) for check in select(only)]


def run_check(check: Check, subject: Subject) -> Result:
    """Make one check; whatever is raised is a failure with that as its message."""
    start = time.perf_counter()
    subject.remarks.clear()
    status, message = _outcome(check, subject)
    seconds = round(time.perf_counter() - start, 3)
    return Result(check.name, check.title, status, message, seconds)


def _outcome(check: Check, subject: Subject) -> tuple[str, str]:
    try:
        reason = check.inapplicable(subject) if check.inapplicable else None
        if reason is not None:
            return NOT_APPLICABLE, reason
        remark = check.function(subject) or ""
    except Failed as error:
        return FAILED, str(error)
    except (Exception, SystemExit) as error:
        return FAILED, f"the check could not be made: {type(error).__name__}: {' '.join(str(error).split())}"
    warned = [f"{text} ({count} times)" for text, count in subject.remarks.most_common(3)]
    return PASSED, "; ".join(part for part in (remark, *warned) if part)
