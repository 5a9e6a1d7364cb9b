"""Ablations: one thing about a run is varied, everything else stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autows.errors import UserError
from autows.params import Scalar
from autows.runs.axes import AXES, Arm, Axis, Varied, find
from autows.runs.axes.parameter import variants
from autows.runs.cell import Cell
from autows.runs.diagnostics.diagnose import diagnose
from autows.runs.plan import Progress
from autows.runs.plan import run as run_plan
from autows.runs.record import Record
from autows.runs.store import RunStore
from autows.voting import VotingMethod

__all__ = [
    "AXES",
    "Measured",
    "Outcome",
    "find",
    "measure",
    "planned_representations",
    "stages",
    "variants",
    "vary",
]


@dataclass(frozen=True)
class Measured:
    """An arm of an ablation and what came of it.

    Parameters
    ----------
    record : Record
        Of the run.
    value : str, int, float, bool or None
        The place on the axis.
    method : str
        The method as it was given.
    reference : bool
        Whether differences are taken against this value.
    representation : str, optional
        The features; None if these are varied.
    scores : mapping, optional
        With ``accuracy``; those of the run, or of what a diagnosis says of it. None if there are none.
    """

    record: Record
    value: Scalar
    method: str
    reference: bool
    representation: str | None
    scores: Mapping[str, float | None] | None


@dataclass
class Outcome:
    """What came of an ablation.

    Parameters
    ----------
    measured : list of Measured
    notes : list of str
        Files that could not be read and were made again, where another label model than the named one
        answered, and runs without a diagnosis.
    failed : bool
        Whether a run or a diagnosis failed or ran out of time.
    executed, diagnosed : int
        How many runs and diagnoses were made now rather than found.
    """

    measured: list[Measured] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: bool = False
    executed: int = 0
    diagnosed: int = 0


def planned_representations(
    name: str, values: Sequence[str] | None, representations: str | None
) -> str | None:
    """Return the representations that a plan for the axis needs: its values, where it varies these.

    Raises
    ------
    UserError
        If both are given, or ``values`` is empty.
    """
    _check_named(values)
    axis = AXES.get(name)
    if axis is None or not axis.names_representations or values is None:
        return representations
    if representations is not None:
        raise UserError(f"Give --values or --representations for the axis {name}, not both")
    return ",".join(values)


def vary(
    cells: Sequence[Cell], name: str, values: Sequence[str] | None = None, zero_shot: str = "auto"
) -> Varied:
    """Return the runs that an ablation compares, each method's own value first.

    Parameters
    ----------
    cells : sequence of Cell
        A plan of the methods as they are given.
    name : str
        The axis, see :func:`autows.runs.axes.find`.
    values : sequence of str, optional
        As one would type them.
    zero_shot : str, default "auto"
        Who speaks for methods that the plan does not have.

    Returns
    -------
    Varied
        Without cells whose methods do not have the axis, and with a sentence about these.

    Raises
    ------
    UserError
        If there is no such axis or value, ``values`` is empty, no method has the axis, or two methods differ
        in the axis alone, so that both would be the reference of one table.
    """
    axis = find(name, {cell.method.spec: cell.method for cell in cells}.values())
    _check_named(values)
    varied = axis.arms(cells, values, zero_shot)
    if not varied.arms:
        raise UserError(axis.nothing)
    varied.arms = _each_once(varied.arms, axis)
    told = varied.explained | {arm.method for arm in varied.arms}
    without = dict.fromkeys(cell.method.spec for cell in cells if cell.method.spec not in told)
    if without:
        varied.left_out.append(f"{axis.lacking}, so left out: {', '.join(without)}")
    return varied


def _check_named(values: Sequence[str] | None) -> None:
    if values is not None and not values:
        raise UserError("--values names nothing; write --values a,b,c")


def _each_once(arms: Sequence[Arm], axis: Axis) -> list[Arm]:
    """Return arms without repetitions; raise UserError if one belongs to two methods."""
    found: dict[tuple[object, ...], Arm] = {}
    for arm in arms:
        cell = arm.cell
        place = cell.task.card.id, cell.representation.spec, cell.draw, cell.n_labels, cell.prompts
        first = found.setdefault((cell.method.spec, arm.value, *place), arm)
        if first.method != arm.method:
            raise UserError(f"{first.method} and {arm.method} differ in {axis.name} alone; give one of them")
    return list(found.values())


def measure(
    varied: Varied, name: str, store: RunStore, jobs: int = 1, progress: Progress | None = None
) -> Outcome:
    """Run what is not finished, find out about it what the axis asks for, and return the scores.

    Parameters
    ----------
    varied : Varied
        As :func:`vary` returns it.
    name : str
        The axis.
    store : RunStore
    jobs : int, default 1
        Worker processes.
    progress : Progress, optional
        Is told what happens.
    """
    cells = {arm.cell.key.id: arm.cell for arm in varied.arms}
    outcome = Outcome()
    records: dict[str, Record] = {}
    for part in stages(list(cells.values())):
        ran = run_plan(part, store, jobs, progress=progress)
        records.update((record.key.id, record) for record in ran.records)
        outcome.notes += [f"Run again: {line}" for line in ran.corrupt] + ran.notes
        outcome.executed += ran.executed
        outcome.failed |= bool(ran.troubled)
    kind = AXES[name].diagnosis if name in AXES else ""
    found = {}
    if kind:
        done = [(cells[key], record) for key, record in records.items() if record.status == "ok"]
        diagnosed = diagnose(done, store, kind, jobs, progress)
        found = diagnosed.found
        outcome.notes += [f"Computed again: {line}" for line in diagnosed.corrupt] + diagnosed.failed
        outcome.diagnosed = diagnosed.computed
        outcome.failed |= bool(diagnosed.failed)
    for arm in varied.arms:
        key = arm.cell.key.id
        if key not in records:
            continue
        record = records[key]
        scores: Mapping[str, float | None] | None = record.scores if record.status == "ok" else None
        if kind:
            scores = found[key].of(str(arm.value)) if key in found else None
        outcome.measured.append(
            Measured(record, arm.value, arm.method, arm.reference, arm.representation, scores)
        )
    return outcome


def stages(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Divide cells into those to be run first, and those that then find their votes made.

    Of cells that differ in the aggregation of their votes alone, the first one comes first.
    """
    first: list[Cell] = []
    later: list[Cell] = []
    seen = set()
    for cell in cells:
        method = cell.method
        if not isinstance(method, VotingMethod):
            first.append(cell)
            continue
        shared = {k: v for k, v in method.get_params().items() if k not in method.aggregation}
        identity = (
            cell.task.card.id,
            cell.representation.spec,
            method.name,
            tuple(sorted(shared.items())),
            cell.draw,
            cell.n_labels,
            cell.prompts,
        )
        (later if identity in seen else first).append(cell)
        seen.add(identity)
    return [part for part in (first, later) if part]
