"""The method under check: how it is made, run and described when it goes wrong."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from autows.checks.cases import Case, World, blobs, copied, hashes
from autows.checks.contract import Effort, Failed
from autows.checks.randomness import GlobalRandomness
from autows.checks.watch import Watch
from autows.errors import NotApplicable
from autows.isolation.method import IsolatedMethod
from autows.method import Method
from autows.params import build, parse_spec
from autows.runs.cell import explain
from autows.types import Labels, TaskView

T = TypeVar("T")

OTHER_SEED = 20240229
"""What global random generators are set to where they must not matter."""

_UNWILLING = "it does not run, although the task has what it declares to need"


@dataclass(frozen=True)
class Reuse:
    """One of several runs of an instance.

    Parameters
    ----------
    which : str
        The task, ``base`` or ``other``.
    labels : Labels
        The answer.
    changed : tuple of str
        Arrays of either task that are not what they were before the first run.
    """

    which: str
    labels: Labels
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Watched:
    """A run that was looked at from outside.

    Parameters
    ----------
    method : Method
        The instance.
    seen : Watch
    randomness_used : tuple of str
        Global random generators whose state it changed.
    labels : Labels
        The answer.
    """

    method: Method
    seen: Watch
    randomness_used: tuple[str, ...]
    labels: Labels


class Subject:
    """A method under check.

    Parameters
    ----------
    make : callable
        Makes the method, anew each time.
    effort : Effort, optional
        How much work the checks make.
    elsewhere : callable, optional
        Gives the answers to ``base`` of the method made again in other processes, in which strings hash
        otherwise. None where another process could not make it.

    Attributes
    ----------
    remarks : Counter of str
        Numerical warnings that the method gave, for the report.
    """

    def __init__(
        self,
        make: Callable[[], Method],
        effort: Effort | None = None,
        elsewhere: Callable[[], Iterable[Labels]] | None = None,
    ) -> None:
        self._make = make
        self.effort = effort or Effort()
        self._elsewhere = elsewhere
        self.remarks: Counter[str] = Counter()
        self._done: dict[str, Any] = {}

    def make(self) -> Method:
        """Return a new instance, its parameters validated.

        Raises
        ------
        Failed
            If it cannot be made.
        """
        try:
            method = self._make()
            method.validate()
        except (Exception, SystemExit) as error:
            raise Failed(f"it cannot be made: {explain(error)[0]}") from error
        return method

    def make_again(self) -> Method:
        """Return a new instance that is made of what tells the method apart: its class and its parameters.

        Raises
        ------
        Failed
            If it cannot be made from these.
        """
        method = self.make()
        try:
            return build(type(method), "method", parse_spec(method.spec)[1])
        except (Exception, SystemExit) as error:
            raise Failed(f"it cannot be made from its parameters: {explain(error)[0]}") from error

    @cached_property
    def method(self) -> Method:
        """An instance to ask what it needs; it is not run."""
        return self.make()

    @cached_property
    def world(self) -> World:
        """The kind of task it is made for."""
        embedded = "class_embeddings" in self.method.requirements
        usual = "image" if embedded else "tabular"
        return World(embedded, next(iter(self.method.modalities), usual))

    @cached_property
    def base(self) -> Case:
        """Three clearly separated classes."""
        return blobs(self.world)

    @cached_property
    def other(self) -> Case:
        """A task with other sizes: two classes, fewer rows and features."""
        return blobs(self.world, n_classes=2, n_seeds=10, pool=40, test=20, d=4, seed=1)

    def once(self, what: str, work: Callable[[], T]) -> T:
        """Do some work once for all checks; where it fails, it fails for all."""
        if what not in self._done:
            try:
                self._done[what] = work()
            except Failed as error:
                self._done[what] = error
        done = self._done[what]
        if isinstance(done, Failed):
            raise Failed(str(done)) from done.__cause__
        result: T = done
        return result

    def answer(self, which: str) -> Labels:
        """Return the answer of a new instance on ``base`` or ``other``; it is run once for all checks."""
        return self.once(which, lambda: self.fit(getattr(self, which)))

    def either(self, what: str, together: Case, alone: Case, on: str = "") -> Labels:
        """Return the answer on a task that is awkward in several ways, which several checks ask about.

        Parameters
        ----------
        what : str
            Name of the task; it is run once for all checks.
        together : Case
            The task.
        alone : Case
            One that is awkward in one way only: run where ``together`` fails, for that may be due to another.
        on : str, optional
            What ``alone`` is, for the message.
        """
        try:
            return self.once(what, lambda: self.fit(together))
        except Failed:
            return self.fit(alone, on=on)

    @property
    def can_be_made_elsewhere(self) -> bool:
        """Whether another process can make the method, too."""
        return self._elsewhere is not None

    @property
    def elsewhere(self) -> list[Labels]:
        """Answers to ``base`` of the method made again from its parameters, each in a process of its own."""
        assert self._elsewhere is not None
        answers = self._elsewhere
        return self.once("elsewhere", lambda: list(answers()))

    @cached_property
    def _instance(self) -> tuple[Method, dict[str, Case]]:
        """An instance for several runs, and tasks of its own, which it may damage."""
        return self.make(), {which: copied(getattr(self, which)) for which in ("base", "other")}

    @cached_property
    def watched(self) -> Watched:
        """What is seen from outside of a run on ``base`` under other global seeds, and its answer."""
        # What a method imports, it imports in the run before.
        self.answer("base")
        method, cases = self._instance
        watch, view = Watch(sys.modules[type(method).__module__]), self.shown(method, cases["base"])
        with GlobalRandomness(seed=OTHER_SEED) as state, watch:
            labels = self.run(method, view, 0)
        return Watched(method, watch, tuple(state.used), labels)

    @property
    def under_other_seeds(self) -> Labels:
        """The answer of a new instance on ``base`` under other global seeds."""

        def run() -> Labels:
            with GlobalRandomness(seed=OTHER_SEED):
                return self.fit(self.base)

        return self.once("other global seeds", run)

    @cached_property
    def reused(self) -> list[Reuse]:
        """What one instance does on ``base``, ``other`` and ``base`` again."""
        labels, (method, cases) = self.watched.labels, self._instance

        def changed() -> tuple[str, ...]:
            found = set()
            for which, case in cases.items():
                before = hashes(getattr(self, which).view)
                found |= {name for name, sha in hashes(case.view).items() if sha != before[name]}
            return tuple(sorted(found))

        runs = [Reuse("base", labels, changed())]
        for which in ("other", "base"):
            labels = self.run(method, self.shown(method, cases[which]), 0)
            runs.append(Reuse(which, labels, changed()))
        return runs

    def fit(self, case: Case, seed: int = 0, method: Method | None = None, on: str = "") -> Labels:
        """Run a method on a copy of a case, which it may damage, and check that the answer fits it.

        Parameters
        ----------
        case : Case
        seed : int, default 0
            Of the generator that the method is given.
        method : Method, optional
            An instance; by default a new one.
        on : str, optional
            What the case is, for the message.

        Raises
        ------
        Failed
            If it does not run, or its answer does not fit the task.
        """
        try:
            method = method or self.make()
            return self.run(method, self.shown(method, copied(case)), seed)
        except Failed as error:
            raise Failed(f"on {on}, {error}" if on else str(error)) from error.__cause__

    def shown(self, method: Method, case: Case) -> TaskView:
        """Return what the method sees of a case.

        Raises
        ------
        Failed
            If it does not want to run, although the case has all that it declares to need.
        """
        view = case.view.restricted_to(method.requirements)
        reason = self.skip_reason(method, view)
        if reason is not None:
            raise Failed(f"{_UNWILLING}: {reason}")
        return view

    def skip_reason(self, method: Method, view: TaskView) -> str | None:
        """Ask the method why it cannot run.

        Raises
        ------
        Failed
            If that raises, or returns neither text nor None.
        """
        try:
            reason = method.skip_reason(view)
        except (Exception, SystemExit) as error:
            raise Failed(f"skip_reason {self._raised(error)}") from error
        if reason is not None and not (isinstance(reason, str) and reason.strip()):
            raise Failed(f"skip_reason returned {reason!r}; expected a reason in words, or None")
        return reason

    def run(self, method: Method, view: TaskView, seed: int) -> Labels:
        """Run ``fit_predict`` on a view.

        Raises
        ------
        Failed
            If it raises, or its answer does not fit the view.
        """
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            try:
                labels = method.fit_predict(view, np.random.default_rng(seed))
            except NotApplicable as error:
                raise Failed(f"{_UNWILLING}: {explain(error)[0]}") from error
            except (Exception, SystemExit) as error:
                raise Failed(f"fit_predict {self._raised(error)}") from error
        self.remarks.update(
            f"{w.category.__name__}: {w.message}" for w in given if issubclass(w.category, RuntimeWarning)
        )
        if not isinstance(labels, Labels):
            raise Failed(f"fit_predict returned a {type(labels).__name__}; expected autows.Labels")
        try:
            # Labels were valid when they were built; arrays may have been written to since.
            replace(labels).check_against(view)
        except (ValueError, TypeError) as error:
            raise Failed(f"its answer is not valid: {error}") from error
        return labels

    def _raised(self, error: BaseException) -> str:
        """Say what was raised, and in which line of the method's own file."""
        if isinstance(self.method, IsolatedMethod):
            # What was raised here is what the harness makes of something that happened elsewhere.
            return f"gave no answer: {explain(error)[0]}"
        home = getattr(sys.modules[type(self.method).__module__], "__file__", None)
        trace, line = error.__traceback__, None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == home:
                line = trace.tb_lineno
            trace = trace.tb_next
        text = " ".join(str(error).split())
        where = "" if line is None else f" (line {line} of its file)"
        return f"raised {type(error).__name__}{': ' if text else ''}{text}{where}"
