"""What a check is, and the list of them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autows.checks.subject import Subject

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"


class Failed(Exception):
    """A method does not do what a check asks for; the message says what it did instead."""


@dataclass(frozen=True)
class Effort:
    """How much work the checks make.

    Parameters
    ----------
    pool_sizes : tuple of int
        Pools on which growth is measured, at least three, each twice as large as the one before.
    least_seconds : float
        Processor time on the largest pool below which its growth is not judged: it would be noise.
    permutations : int
        How many tasks with permuted seed labels there are.
    """

    pool_sizes: tuple[int, ...] = (250, 500, 1000, 2000, 4000)
    least_seconds: float = 0.5
    permutations: int = 2


@dataclass(frozen=True)
class Check:
    """One thing that is asked of every method.

    Parameters
    ----------
    name : str
        What ``--only`` takes.
    title : str
        What a method that passes does, in plain words.
    advice : str
        What a failure means and what to do about it.
    function : callable
        Takes a :class:`~autows.checks.subject.Subject`. Raises :class:`Failed` with what was found, and
        may return a remark about a method that passes.
    inapplicable : callable, optional
        Says of a subject why the check has nothing to ask of it, from what the method declares, or None.
    """

    name: str
    title: str
    advice: str
    function: Callable[[Subject], str | None]
    inapplicable: Callable[[Subject], str | None] | None = None


@dataclass(frozen=True)
class Result:
    """What came of a check.

    Parameters
    ----------
    name, title : str
        Those of the check.
    status : str
        ``passed``, ``failed`` or ``not applicable``.
    message : str
        What was found, why it is not applicable, or a remark about what passed; may be empty.
    seconds : float
        How long it took.
    """

    name: str
    title: str
    status: str
    message: str
    seconds: float


CHECKS: dict[str, Check] = {}
"""All checks by name, in the order in which they are made."""


def check(
    title: str, advice: str, inapplicable: Callable[[Subject], str | None] | None = None
) -> Callable[[Callable[[Subject], str | None]], Callable[[Subject], str | None]]:
    """Add the decorated function to :data:`CHECKS`, under its own name."""

    def add(function: Callable[[Subject], str | None]) -> Callable[[Subject], str | None]:
        name = function.__name__
        if name in CHECKS:
            raise ValueError(f"There are two checks called {name}")
        CHECKS[name] = Check(name, title, advice, function, inapplicable)
        return function

    return add
