"""Two methods compared: paired differences for each task and over all of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.errors import UserError, unknown_name
from autows.files import make_folder, write_bytes
from leaderboard.comparison_text import sentence
from leaderboard.completeness import CANNOT, available, missing
from leaderboard.field import Cell, cell_of, repetitions, together
from leaderboard.table import Row, RowName, name_of, rounded

AGAINST = ("zero_shot_clip", "logistic_regression")
"""Whom every method of a leaderboard is compared with."""

LEVEL = 0.05
"""A p-value below it is a verdict."""
LEAST_OTHERS = 3
"""With fewer tasks nothing is said of others: over two, Student's t goes as far as accuracies can differ."""
N_RESAMPLES = 4000
LEAST_TASKS, LEAST_DRAWS = 5, 5
"""With fewer tasks a bootstrap over them says nothing, and with fewer draws their spread is too uncertain to
say how many would tell two methods apart."""

Accuracies = Mapping[RowName, Mapping[int, float]]


@dataclass(frozen=True)
class Table:
    """Rows of one number of labels by method and cell, and what a comparison has to know of tasks.

    ``same_as`` says which tasks are other ones again under which features; ``able`` is of
    :func:`leaderboard.completeness.available`.
    """

    rows: Mapping[str, Mapping[Cell, Row]]
    accuracies: Accuracies
    titles: Mapping[str, str]
    same_as: Mapping[Cell, str | None]
    able: Mapping[Cell, set[str]]

    @classmethod
    def of(cls, rows: Sequence[Row], accuracies: Accuracies) -> Table:
        """Return the table of rows of one number of labels."""
        by_method: dict[str, dict[Cell, Row]] = {}
        for row in rows:
            by_method.setdefault(row["method"], {})[cell_of(row)] = row
        return cls(
            by_method,
            accuracies,
            {row["task"]: row["title"] for row in rows},
            {cell_of(row): row["same_as"] for row in rows},
            available(rows),
        )

    def of_draws(self, method: str, cell: Cell) -> Mapping[int, float]:
        """Return accuracies by draw."""
        row = self.rows[method].get(cell)
        return {} if row is None else self.accuracies[name_of(row)]


def compare(
    rows: Sequence[Row],
    accuracies: Accuracies,
    method: str,
    against: str,
    n_labels: int = 100,
    representations: Collection[str] | None = None,
) -> dict[str, Any]:
    """Compare a method with another one on the tasks, features and draws that both have.

    Parameters
    ----------
    rows, accuracies
        As :func:`leaderboard.table.rows` makes them.
    method, against : str
        As they stand in the table.
    n_labels : int, default 100
    representations : collection of str, optional
        Only these features.

    Returns
    -------
    dict
        As :func:`comparisons` has it, but that the sentence is about this one question (``verdict_single``);
        and ``bootstrap``, with ``low`` and ``high`` of :func:`leaderboard.statistics.two_level_bootstrap`
        beside Student's t, None with fewer than five tasks.

    Raises
    ------
    UserError
        If one of them is not in the table, or they have nothing in common.
    """
    mine = [
        row
        for row in rows
        if row["n_labels"] == n_labels
        and (representations is None or row["representation"] in representations)
    ]
    for name in (method, against):
        if name not in {row["method"] for row in rows if row["n_labels"] == n_labels}:
            raise _unknown(name, rows, n_labels)
    if method == against:
        raise UserError(f"{method} cannot be compared with itself; name another method after --against")
    head = "all" if representations is None else ",".join(sorted(representations))
    table = Table.of(mine, accuracies)
    family = {one["method"]: one for one in _against(table, against, n_labels, head)}
    if method not in family:
        features = "" if representations is None else f" under {', '.join(sorted(representations))}"
        raise UserError(
            f"{method} and {against} have no task, features and draws in common{features} with {n_labels} "
            f"labels; run both with: run_bench.py run --methods '{method},{against}'"
        )
    found = family[method]
    return {
        **found,
        "sentence": sentence(found, single=True),
        "bootstrap": _bootstrap(table, method, against),
    }


def comparisons(rows: Sequence[Row], accuracies: Accuracies) -> list[dict[str, Any]]:
    """Compare every method with each of :data:`AGAINST`, as far as they have something in common.

    Returns
    -------
    list of dict
        As ``comparisons`` of ``leaderboard.json``: ``method``, ``against``, ``n_labels``,
        ``representation`` and

        ``difference``, ``low``, ``high``, ``p``
            Over tasks as a sample of tasks, see :func:`leaderboard.statistics.over_tasks`; with a single
            task over its draws. None with two tasks (:data:`LEAST_OTHERS`) and where the spread is not known.
        ``here_low``, ``here_high``, ``here_p``
            On these tasks, over draws alone.
        ``p_holm``, ``here_p_holm``
            Adjusted for the family of all complete methods with this number of labels that are compared with
            this one. A method that is not complete is judged as if it were one more.
        ``verdict``, ``here_verdict``, ``verdict_single``
            ``better``, ``worse`` or ``open``: by ``p_holm``, by ``here_p_holm``, and by ``p`` for who asks
            about this one comparison alone.
        ``n_family``
            Comparisons that ``p_holm`` is adjusted for.
        ``n_tasks``, ``wins``, ``ties``, ``losses``
            Tasks that both have, and how many of them the method wins.
        ``n_tasks_expected``, ``missing``, ``complete``
            Tasks that the other one has and this one could have; the cells that it lacks, see
            :func:`leaderboard.completeness.missing`; whether it lacks only those where it cannot run.
        ``smallest_difference``
            What this comparison alone detects in four of five cases; None if no accuracy differs so much.
        ``sentence``
            All of this in words.
        ``tasks``
            A line a task: ``task``, ``title``, ``representations``, ``set_aside`` (features with too few
            draws in common with the others), ``n_draws``, ``difference``, ``low``, ``high``, ``p`` over
            draws, ``wins``, ``ties`` and ``losses`` of draws, and ``draws_to_separate``, None with fewer
            than five draws.
    """
    made = []
    for n_labels in sorted({row["n_labels"] for row in rows}):
        mine = [row for row in rows if row["n_labels"] == n_labels]
        table = Table.of(mine, accuracies)
        for against in AGAINST:
            made += _against(table, against, n_labels, "all")
    return made


def _against(table: Table, against: str, n_labels: int, representation: str) -> list[dict[str, Any]]:
    """Return every method's comparison with one of them; they are one family of tests."""
    made = []
    for method in sorted(table.rows) if against in table.rows else ():
        found = None if method == against else pair(table, method, against)
        if found is not None:
            head = {"method": method, "against": against, "n_labels": n_labels}
            made.append({**head, "representation": representation, **found})
    for p, adjusted, verdict in (("p", "p_holm", "verdict"), ("here_p", "here_p_holm", "here_verdict")):
        family = [one for one in made if one["complete"]]
        for one in made:
            asked = family if one["complete"] else [*family, one]
            one[adjusted] = _holm(one, asked, p)
            one[verdict] = verdict_of(one["difference"], one[adjusted])
            one["n_family"] = len(asked)
    for one in made:
        one["sentence"] = sentence(one)
    return made


def _holm(one: Mapping[str, Any], family: Sequence[Mapping[str, Any]], name: str) -> float | None:
    from leaderboard import statistics as st

    if one[name] is None:
        return None
    # What cannot be known is asked all the same.
    adjusted = st.holm([1.0 if other[name] is None else other[name] for other in family])
    return rounded(float(adjusted[[other is one for other in family].index(True)]))


def verdict_of(difference: float, p: float | None) -> str:
    """Return ``better``, ``worse`` or ``open``."""
    if p is None or p >= LEVEL:
        return "open"
    return "better" if difference > 0 else "worse"


def pair(table: Table, method: str, against: str, needed: bool = True) -> dict[str, Any] | None:
    """Compare two methods by themselves: as :func:`comparisons` has it, without what the others adjust.

    None if they have nothing in common. Without ``needed`` lines have no ``draws_to_separate``.
    """
    from leaderboard import statistics as st

    by_task = _differences(table, method, against)
    if not by_task:
        return None
    first, second = table.rows[method], table.rows[against]
    lines, differences, floors = [], [], []
    for task, parts in by_task.items():
        kept, by_draw = _by_draw(parts)
        floor = _test_error([row[task, name] for row in (first, second) for name in kept])
        line = _line(task, table.titles[task], parts, kept, by_draw, floor)
        lines.append({**line, "draws_to_separate": _draws_needed(by_draw)} if needed else line)
        differences.append(by_draw)
        floors.append(floor)
    others, here = st.over_tasks(differences, floors)
    if 1 < len(lines) < LEAST_OTHERS:
        others = replace(others, low=math.nan, high=math.nan, p=math.nan, se=math.nan)
    theirs = [cell for cell, row in second.items() if row["n_draws"]]
    again = repetitions(theirs, table.same_as)
    counted = [cell for cell in theirs if cell not in again]
    shared = {(task, name) for task, parts in by_task.items() for name in parts}
    lacks = missing(first, counted, shared, table.able)
    cannot = {(cell["task"], cell["representation"]) for cell in lacks if cell["status"] == CANNOT}
    expected = {cell[0] for cell in counted if cell not in cannot}
    return {
        "tasks": lines,
        "difference": rounded(others.mean),
        **_ends(others),
        **{f"here_{name}": value for name, value in _ends(here).items()},
        "verdict_single": verdict_of(others.mean, rounded(others.p)),
        "n_tasks": len(lines),
        "n_tasks_expected": max(len(expected), len(lines)),
        "missing": lacks,
        "complete": all(cell["status"] == CANNOT for cell in lacks),
        "wins": sum(line["difference"] > 0 for line in lines),
        "ties": sum(line["difference"] == 0 for line in lines),
        "losses": sum(line["difference"] < 0 for line in lines),
        "smallest_difference": _smallest(others.se, others.df),
    }


def _differences(table: Table, method: str, against: str) -> dict[str, dict[str, dict[int, float]]]:
    """Return differences by task, representation and draw, no task being another one again."""
    shared: dict[Cell, dict[int, float]] = {}
    for cell in sorted(table.rows[method]):
        mine, theirs = table.of_draws(method, cell), table.of_draws(against, cell)
        common = sorted(set(mine) & set(theirs))
        if common:
            shared[cell] = {k: mine[k] - theirs[k] for k in common}
    repeated = repetitions(shared, table.same_as)
    by_task: dict[str, dict[str, dict[int, float]]] = {}
    for (task, representation), values in shared.items():
        if (task, representation) not in repeated:
            by_task.setdefault(task, {})[representation] = values
    return by_task


def _by_draw(parts: Mapping[str, Mapping[int, float]]) -> tuple[list[str], NDArray[np.float64]]:
    """Return which representations count, and the mean over them by draw."""
    kept, draws = together({name: list(values) for name, values in parts.items()})
    mean = np.array([[parts[name][k] for k in draws] for name in kept]).mean(axis=0)
    # Rounded, so that what cancels over features is a tie and no win by the last bit.
    return kept, np.round(mean, 12)


def _test_error(rows: Sequence[Row]) -> float:
    """Return the standard error that the test set leaves to a difference; NaN if it is not known.

    Of both methods as if they answered other rows, and of features as if they made the same mistakes: too
    large if anything.
    """
    errors: dict[str, list[float]] = {}
    for row in rows:
        error = row["accuracy_se"]
        errors.setdefault(row["method"], []).append(math.nan if error is None else error)
    return math.hypot(*(sum(mine) / len(mine) for mine in errors.values()))


def _line(
    task: str,
    title: str,
    parts: Collection[str],
    kept: Sequence[str],
    by_draw: NDArray[np.float64],
    floor: float,
) -> dict[str, Any]:
    from leaderboard import statistics as st

    found = st.paired_difference(by_draw, np.zeros_like(by_draw), floor=floor)
    return {
        "task": task,
        "title": title,
        "representations": list(kept),
        "set_aside": sorted(set(parts) - set(kept)),
        "n_draws": found.n,
        "difference": rounded(found.mean),
        **_ends(found),
        "wins": found.wins,
        "ties": found.ties,
        "losses": found.losses,
    }


def _ends(found: Any) -> dict[str, float | None]:
    """Return interval and p. No two accuracies differ by more than 1; Student's t does not know that."""
    return {
        "low": rounded(max(found.low, -1.0)),
        "high": rounded(min(found.high, 1.0)),
        "p": rounded(found.p),
    }


def _draws_needed(values: NDArray[np.float64]) -> int | None:
    """Return how many draws would tell the two apart on this task; None where that cannot be known."""
    from leaderboard import statistics as st

    if len(values) < LEAST_DRAWS:
        return None
    return st.draws_to_separate(float(values.mean()), float(values.std(ddof=1)))


def _smallest(se: float, df: float) -> float | None:
    """Return what difference would be detected in four of five cases; None if no accuracy differs so much."""
    from leaderboard import statistics as st

    if not se > 0:
        return None
    found = st.smallest_detectable(se, df)
    return rounded(found) if found < 1 else None


def _bootstrap(table: Table, method: str, against: str) -> dict[str, float | None] | None:
    from autows.draws import generator
    from leaderboard import statistics as st

    tasks = [_by_draw(parts)[1] for parts in _differences(table, method, against).values()]
    if len(tasks) < LEAST_TASKS:
        return None
    rng = generator(purpose="comparison", method=method, against=against)
    found = st.two_level_bootstrap(tasks, rng, N_RESAMPLES)
    return {"low": rounded(found.low), "high": rounded(found.high)}


def _unknown(name: str, rows: Sequence[Row], n_labels: int) -> UserError:
    """Return what to say of a method without results: where it has some, or how to run it."""
    numbers = sorted({row["n_labels"] for row in rows if row["method"] == name})
    run = f"run_bench.py run --methods '{name}' --labels {n_labels}"
    if numbers:
        return UserError(
            f"{name} has no results with {n_labels} labels here, but with {', '.join(map(str, numbers))}: "
            f"use --labels {numbers[-1]}, or run it: {run}"
        )
    from autows.method import REGISTRY

    if name.partition("[")[0] in REGISTRY.names():
        return UserError(f"{name} has no results here; run it: {run}")
    known = sorted({row["method"] for row in rows if row["n_labels"] == n_labels})
    return unknown_name("method in these results", name, known, "run_bench.py leaderboard")


def write(found: Mapping[str, Any], out: Path) -> list[Path]:
    """Write a comparison to a folder, as JSON and as a forest plot; return the files."""
    from leaderboard import plots

    make_folder(out, "a comparison")
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{found['method']} against {found['against']}").strip("-")
    path = out / f"{name}.json"
    write_bytes(path, (json.dumps(found, sort_keys=True, indent=1) + "\n").encode())
    figure = plots.forest.plot(found)
    return [path, *([] if figure is None else plots.save(figure, out / name))]
