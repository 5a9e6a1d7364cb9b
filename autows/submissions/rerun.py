"""Running cells of a submission again: which can be, which are, and whether another run says the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from autows.runs.cell import Cell
from autows.runs.record import Record
from autows.submissions import encoders, schema
from autows.submissions.places import place_of, said, where
from autows.submissions.records import fit_to_pass_on
from autows.submissions.verification import NAMED, RUN_AGAIN, Check

TOLERANCE = 0.002
"""By how much, beside one test row, a score may differ in another run: libraries round differently."""

NEAR = 1e-3
"""The same relative to a number of any size, such as a threshold in a labeling function."""

BETTER = {
    **dict.fromkeys(("accuracy", "accuracy_covered", "pool_accuracy", "macro_f1", "end_model_accuracy"), 1),
    **dict.fromkeys(("accuracy_at_50", "accuracy_at_80", "accuracy_at_90"), 1),
    **dict.fromkeys(("log_loss", "brier", "ece"), -1),
}
"""Scores of which more is better (1), or less (-1)."""

SOONER = 4
"""A run that is stated to have run out of time, and is done here in one part of the limit in so many."""

Pair = tuple[Record, Cell]


def runnable(records: Iterable[Record], able: Sequence[Cell]) -> tuple[list[Pair], list[str]]:
    """Tell records of runs that can be made again on what is here from those that cannot.

    Parameters
    ----------
    records : iterable of Record
        All of a submission, however they ended.
    able : sequence of Cell
        What there is to run, with the zero-shot models that the records name; of answers those at hand.

    Returns
    -------
    able : list of (Record, Cell)
    left : list of str
        Why each of the others cannot, in words.
    """
    cells = {place_of(cell): cell for cell in able}
    found, left = [], []
    for record in sorted(records, key=lambda r: r.key.id):
        cell, place = cells.get(where(record)), said(where(record))
        if cell is None:
            left.append(f"{place}: its answers are not at hand; --predictions names them")
        elif encoders.absent(cell):
            left.append(f"{place}: the weights of {', '.join(encoders.absent(cell))} are not on this machine")
        elif record.key != cell.key:
            left.append(f"{place}: it rests on something else than is on this machine")
        else:
            found.append((record, cell))
    return found, left


def choose(able: Sequence[Pair], n: int, seed: int) -> list[Pair]:
    """Draw at most ``n`` of the runs that can be made again, however they are stated to have ended."""
    return [able[int(i)] for i in np.random.default_rng(seed).permutation(len(able))[:n]]


def run(cells: Sequence[Cell], jobs: int, timeout: float) -> dict[str, Record]:
    """Run cells in a results folder that is removed afterwards; return records by the ids of their keys."""
    from autows.runs.plan import run as run_plan
    from autows.runs.progress import ProgressBar
    from autows.runs.store import RunStore

    if not cells:
        return {}
    with tempfile.TemporaryDirectory(prefix="autows-again-") as results:
        outcome = run_plan(cells, RunStore(Path(results)), jobs, timeout, ProgressBar())
    return {record.key.id: record for record in outcome.records}


def unlike(record: Record, again: Record) -> str:
    """Say how a run differs from one with the same seed on the same machine; empty if it does not."""
    if again.status == "ok" and again.scores == record.scores:
        return ""
    stated, place = record.scores["accuracy"], said(where(record))
    then = f"has {again.scores['accuracy']:.4f}" if again.status == "ok" else f"is {again.status}"
    return (
        f"{place} has accuracy {stated:.4f}, and once more with its seed it {then}. The method draws from "
        "something else than its generator, so verify may find other numbers."
    )


def account(able: int, left: Sequence[str], run: int, wanted: int, again: str = "run") -> Check:
    """Say how many records can be run again and how many were; a record that cannot be is named.

    Parameters
    ----------
    able : int
    left : sequence of str
        Of :func:`runnable`.
    run, wanted : int
        How many were, and how many should have been.
    again : str, default "run"
        ``scored`` for answers.
    """
    whole = able + len(left)
    lines = [f"{able} of {whole} records could be {again} again, {run} {'was' if run == 1 else 'were'}"]
    lines += left[:NAMED]
    if len(left) > NAMED:
        lines.append(f"{len(left) - NAMED} more that cannot be {again} again")
    missing = "" if run else f"not {again} again"
    if run and left:
        missing = f"{len(left)} of {whole} records cannot be {again} again here"
    return Check("runs", bool(able) or not wanted, tuple(lines), missing)


def compare(
    record: Record,
    again: Record,
    second: Record | None = None,
    tolerance: float = TOLERANCE,
    n_test: int | None = None,
) -> Check:
    """Compare a submitted record with another run of its cell.

    Parameters
    ----------
    record, again : Record
    second : Record, optional
        One more run with the same seed. By how much the two runs differ is no fault of the record.
    tolerance : float
        Largest difference allowed of a score, beside one test row; 0 asks for equality to the last digit.
    n_test : int, optional
        Test rows, where the task's card says.
    """
    name = f"{RUN_AGAIN}: {said(where(record))}"
    if record.status != "ok" or again.status != "ok":
        return _ends(name, record, again)
    if again.provenance.get("data_fingerprint") != record.provenance.get("data_fingerprint"):
        return Check(name, False, ("the data here are others than those it was run on",))
    again = fit_to_pass_on(again, "")
    second = None if second is None or second.status != "ok" else fit_to_pass_on(second, "")
    allowed = tolerance + (1 / n_test if n_test and tolerance else 0)
    differences = [*_score_gaps(record, again, second, allowed), *_curve_gaps(record, again, second, allowed)]
    found = [(f"{line}{f', more than {allowed:.6g}' if fault else ''}", fault) for line, fault in differences]
    found += _told(record, again, second, allowed)
    lines, faults = [line for line, _ in found], sum(fault for _, fault in found)
    if not lines:
        accuracy = record.scores["accuracy"]
        lines.append(f"the same to the last digit, accuracy {accuracy:.4f} included")
    elif not faults:
        lines.insert(0, f"within {allowed:.6g}; of the code or the machine's libraries")
    if second is not None and second.scores != again.scores:
        lines.append("two runs with one seed differ here: it draws from something else than its generator")
    return Check(name, not faults, (*lines, _costs(record, again)))


def _ends(name: str, record: Record, again: Record) -> Check:
    """Compare runs of which at least one did not go well."""
    here = f"it is {again.status} here{again.reason and f': {schema.shown(again.reason, 300)}'}"
    if record.status == again.status:
        return Check(name, True, (f"{here}; stated is {schema.shown(record.reason, 300)}",))
    if record.status == "timeout" and again.status == "ok":
        limit, took = record.timeout_seconds, again.seconds.get("total", 0.0)
        if limit is not None and took > limit / SOONER:
            line = f"stated is a timeout after {limit:g} s; here it is done in {took:.0f} s"
            return Check(name, True, (line,), "a timeout that is none on this machine")
        here = f"{here} in {took:.1f} s, of a limit of {limit}"
    return Check(name, False, (f"stated is {record.status}; {here}",))


def _score_gaps(
    record: Record, again: Record, second: Record | None, allowed: float
) -> list[tuple[str, bool]]:
    found = []
    for score in sorted(set(record.scores) | set(again.scores)):
        stated, now = record.scores.get(score), again.scores.get(score)
        if stated == now:
            continue
        then = now if second is None else second.scores.get(score)
        gap = None
        if stated is not None and now is not None and then is not None:
            gap = min(abs(stated - now), abs(stated - then)) - abs(now - then)
        apart = "" if stated is None or now is None else f", {abs(stated - now):.6f} apart"
        line = f"{score} is {_number(stated)}, here {_number(now)}{apart}"
        found.append((line, gap is None or gap > allowed + 1e-12))
    return found


def _curve_gaps(
    record: Record, again: Record, second: Record | None, allowed: float
) -> list[tuple[str, bool]]:
    found = []
    for name in sorted(set(record.curves) | set(again.curves)):
        stated, now = record.curves.get(name), again.curves.get(name)
        if stated == now:
            continue
        then = now if second is None else second.curves.get(name)
        gap = min(_curve_gap(stated, now), _curve_gap(stated, then))
        beyond = not gap <= allowed + _curve_gap(now, then)
        found.append((f"curve {name} is another one, {gap:.6f} apart in rows of the test set", beyond))
    return found


def _curve_gap(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float:
    """Return how far two curves are apart, each point weighted by the share of rows that it is about."""
    if one == other:
        return 0.0
    if one is None or other is None or any(len(one[part]) != len(other[part]) for part in one):
        return float("inf")
    A, B = ({part: np.asarray(values) for part, values in curve.items()} for curve in (one, other))
    if "share" in A:
        parts = [np.sum(A["share"] * np.abs(A[part] - B[part])) for part in ("confidence", "accuracy")]
        return float(max(*parts, np.abs(A["share"] - B["share"]).sum()))
    return float(
        max(
            np.max(A["coverage"] * np.abs(A["accuracy"] - B["accuracy"])),
            np.abs(A["coverage"] - B["coverage"]).max(),
        )
    )


def _told(record: Record, again: Record, second: Record | None, allowed: float) -> list[tuple[str, bool]]:
    """Compare labeling functions; a submission that grew too large has none, and nothing is said of them."""
    if not record.info:
        return []
    found = []
    for part, what in (("lfs", "labeling functions"), ("lf_analysis", "rows on labeling functions")):
        stated, now = record.info.get(part, []), again.info.get(part, [])
        others = _differing(stated, now, allowed)
        if not others:
            continue
        shaky = 0 if second is None else _differing(now, second.info.get(part, []), allowed)
        line = f"{others} of {max(len(stated), len(now))} {what} are others here"
        found.append((line, others > shaky or len(stated) != len(now)))
    return found


def _differing(one: Sequence[Any], other: Sequence[Any], allowed: float) -> int:
    return sum(not _near(a, b, allowed) for a, b in zip_longest(one, other))


def _near(one: Any, other: Any, allowed: float) -> bool:
    """Compare JSON values, numbers up to rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_near(one[key], other[key], allowed) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(_near(a, b, allowed) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) or isinstance(other, float):
        try:
            return abs(one - other) <= (allowed + NEAR * max(abs(one), abs(other)) if allowed else 0)
        except TypeError:
            return False
    return bool(one == other)


def _costs(record: Record, again: Record) -> str:
    """Say what the run took as its author states it, and here; what another machine took cannot be judged."""

    def cost(of: Record) -> str:
        seconds, memory = of.seconds.get("fit"), of.peak_memory_mb
        return " and ".join(
            "none" if value is None else f"{value:.4g} {unit}"
            for value, unit in ((seconds, "s"), (memory, "MiB"))
        )

    return f"seconds and memory are as its author states them: {cost(record)}; here {cost(again)}"


def of_another_seed(record: Record, fresh: Record) -> str:
    """Say what the same cell gives with another seed: a number that luck made does not come again."""
    if fresh.status != "ok":
        return f"with another seed it is {fresh.status}: {schema.shown(fresh.reason, 300)}"
    now, stated = fresh.scores["accuracy"], record.scores["accuracy"]
    assert now is not None
    assert stated is not None
    gap = f"{100 * (now - stated):+.1f} points" if now != stated else "as stated"
    return f"with another seed accuracy is {now:.4f} ({gap})"


def leaning(pairs: Sequence[tuple[Record, Record]]) -> Check | None:
    """Say whether what is stated is better than what was found throughout, or None if nothing differs.

    Differences of rounding go both ways.
    """
    gains = []
    for record, again in pairs:
        for score, sign in BETTER.items():
            stated, now = record.scores.get(score), again.scores.get(score)
            if stated is not None and now is not None and stated != now:
                gains.append(sign * (stated - now))
    if not gains:
        return None
    better = sum(gain > 0 for gain in gains)
    line = f"of {len(gains)} that differ {better} are better as stated, on average by {np.mean(gains):.4f}"
    always = len(gains) >= 3 and better == len(gains)
    return Check(
        "differences", True, (line,), "stated scores are better than those here throughout" if always else ""
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6f}"
