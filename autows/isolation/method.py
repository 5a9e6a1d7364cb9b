"""A method's file as a method: to the harness one like any other, run by a process that holds no truth."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autows.errors import UserError
from autows.isolation.answers import BadAnswers, Form, read_arrays
from autows.isolation.child import ANSWERS
from autows.isolation.description import Description, code_hash, read_source
from autows.isolation.folders import private_folder
from autows.isolation.handover import write_view
from autows.isolation.launch import Surroundings, carry_out
from autows.isolation.limits import MIB, Limits
from autows.method import Method
from autows.params import Scalar
from autows.types import InvalidLabels, Labels, TaskView

SEED_NAME = "handed in"
"""What the generators of all methods that are handed in are named after, whatever these are called."""

MOST_LFS = 10_000
"""Labeling functions whose votes a method may hand over: a record describes each of them."""

VOTES_BYTES = 256 * MIB
"""What all votes together may take where the pool's features take less, in bytes."""


@dataclass(frozen=True)
class Spent:
    """What a run used.

    Parameters
    ----------
    seconds : float
        From the process's start to its end, in seconds.
    cpu_seconds : float
        Processor time, as last seen, in seconds.
    peak_memory_bytes : int
        The most memory it was seen to use, mapped files left out, in bytes.
    fit_seconds : float
        What the method itself took, start and imports left out, in seconds: as the process says, which the
        method could make say less, and never more than ``seconds``.
    """

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    fit_seconds: float


class IsolatedMethod(Method):
    """The method of a file that is never imported here.

    It can be sent to worker processes; the file's content goes with it, so that it may change
    meanwhile.

    Parameters
    ----------
    path : Path
        The file.
    class_name : str or None
        Which class of it, as when it was described.
    description : Description
        What :func:`~autows.isolation.description.describe` said of it, with the parameters it is to have.
    limits : Limits
    sandboxed : bool
        Whether to use bubblewrap.
    name : str, optional
        The name to run under; by default that of the class.
    hidden : tuple of str
        Paths from which the truth could be read (:meth:`autows.task.Task.truth_paths`), and the results
        folder.

    Attributes
    ----------
    spent_ : Spent or None
        What the last run used; None before one that came to its end.

    Raises
    ------
    UserError
        If the file has changed since it was described.
    """

    def __init__(
        self,
        path: Path,
        class_name: str | None,
        description: Description,
        limits: Limits,
        sandboxed: bool,
        name: str | None = None,
        hidden: tuple[str, ...] = (),
    ) -> None:
        self.spent_: Spent | None = None
        self._as_given = False
        self._seed_name = SEED_NAME
        self.file = path.name
        self.class_name = class_name
        self.description = description
        self.around = Surroundings(limits, sandboxed, tuple(hidden))
        self.source = read_source(path)
        if code_hash(self.source, class_name) != description.code_hash:
            raise UserError(f"{path} was changed while it was used; start again")
        # Elsewhere these belong to a class, since each class is one method.
        vars(self).update(
            name=name or description.name,
            family=description.family,
            needs=description.needs,
            modalities=description.modalities,
        )

    def default_params(self) -> dict[str, Scalar]:  # type: ignore[override]
        """Return the parameters of the file's method with their defaults; it takes an object to know them."""
        return dict(self.description.defaults)

    def get_params(self) -> dict[str, Scalar]:
        """Return the parameters of the file's method with the values in force."""
        return dict(self.description.parameters)

    def about(self) -> dict[str, Any]:  # type: ignore[override]
        """Return what the file's method says of itself."""
        said = self.description
        return {
            "name": self.name,
            "summary": said.summary,
            "parameters": self.default_params(),
            "family": said.family,
            "needs": sorted(said.needs),
            "modalities": list(said.modalities),
        }

    @property
    def requirements(self) -> frozenset[str]:
        """What the file's method needs with these parameters."""
        return self.description.requirements

    def code_hash(self) -> str:
        """Return 16 hexadecimal digits over the file's bytes and the class's name."""
        return self.description.code_hash

    def for_checks(self, seconds: float) -> IsolatedMethod:
        """Return the method for checks on made-up tasks.

        It is handed rows in the order in which the view has them, instead of in that of their content, so
        that it shows whether it reads anything from where a row stands; and it has at most so many seconds.
        """
        made = copy.copy(self)
        limits = self.around.limits
        limits = replace(limits, wall_seconds=min(limits.wall_seconds, seconds))
        made.around = replace(self.around, limits=limits)
        made._as_given = True
        return made

    @property
    def seed_name(self) -> str:
        """What a run's generator is named after; the method's name has no part in it."""
        return self._seed_name

    def reseeded(self, name: str) -> IsolatedMethod:
        """Return the same method with other generators, which are named after ``name``."""
        made = copy.copy(self)
        made._seed_name = f"{SEED_NAME}, {name}"
        return made

    def spent(self) -> tuple[float, int] | None:
        """Return what the file's method used in the last run: seconds of its own, and bytes of memory."""
        return None if self.spent_ is None else (self.spent_.fit_seconds, self.spent_.peak_memory_bytes)

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Have the file's method label the rows, in a process of its own.

        Raises
        ------
        MethodEnded, BadAnswers, InvalidLabels
            If it gives no answer, or none that counts.
        OverTime
            If it is not done in time; it is a MethodEnded.
        NotApplicable
            If it says that it cannot run on this view.
        SandboxFailed
            If the isolation cannot be set up.
        """
        self.spent_ = None
        with private_folder() as folder:
            order, size = write_view(view, folder.data, self._as_given)
            report, end = carry_out(
                folder,
                self.around,
                self.file,
                self.source,
                mode="run",
                class_name=self.class_name,
                parameters=self.get_params(),
                mapped_bytes=size,
                seed=derived_seed(rng),
            )
            own = _own_seconds(report.get("fit_seconds"), end.seconds)
            self.spent_ = Spent(end.seconds, end.peak.cpu_seconds, end.peak.memory_bytes, own)
            expected = expected_arrays(view)
            optional = set(expected) - {"pool", "test"}
            most = min(int(self.around.limits.file_bytes), most_bytes(view))
            arrays = read_arrays(folder.own / ANSWERS, expected, most, optional)
        return order.undo(_labels(arrays, report, view))


def _own_seconds(said: object, most: float) -> float:
    """Return the seconds that a process says its method took, if that can be."""
    return float(said) if isinstance(said, (int, float)) and 0 <= said <= most else most


def derived_seed(rng: np.random.Generator) -> tuple[int, ...]:
    """Return four 32-bit numbers from which the isolated process makes its generator."""
    return tuple(int(number) for number in rng.integers(2**32, size=4, dtype=np.uint64))


def expected_arrays(view: TaskView) -> dict[str, list[Form]]:
    """Return the forms that the arrays of an answer to a view may have."""
    expected = {}
    for side, X in (("pool", view.X_pool), ("test", view.X_test)):
        rows = X.shape[0]
        expected[side] = [Form("iu", (rows,)), Form("f", (rows, view.n_classes))]
        expected[f"{side}_covered"] = [Form("b", (rows,))]
    for side, rows in (
        ("pool", view.X_pool.shape[0]),
        ("test", view.X_test.shape[0]),
        ("seed", len(view.y_seed)),
    ):
        expected[f"{side}_votes"] = [Form("i", (rows, None), itemsize=1, longest=MOST_LFS)]
    return expected


def most_bytes(view: TaskView) -> int:
    """Return how many bytes an answer to a view may have: its labels, and votes up to the pool's size."""
    X = view.X_pool
    pool = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes
    rows = X.shape[0] + view.X_test.shape[0]
    return rows * (8 * view.n_classes + 1) + max(VOTES_BYTES, pool)


def _labels(arrays: dict[str, Any], report: dict[str, Any], view: TaskView) -> Labels:
    info, lfs, n_classes = report.get("info", {}), report.get("lfs", []), report.get("n_classes")
    if not isinstance(info, dict):
        raise BadAnswers("its info is no mapping")
    if not isinstance(lfs, list) or not all(isinstance(lf, dict) for lf in lfs):
        raise BadAnswers("its lfs are no list of mappings")
    if len(lfs) > MOST_LFS:
        raise BadAnswers(f"it describes {len(lfs):,} labeling functions; expected at most {MOST_LFS:,}")
    if n_classes != view.n_classes:
        raise InvalidLabels(f"labels are over {n_classes} classes; the task has {view.n_classes}")
    return Labels(n_classes=view.n_classes, lfs=tuple(lfs), info=info, **arrays)
