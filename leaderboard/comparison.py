"""Two methods compared: paired differences for each task and over all, in numbers and in a sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.errors import UserError, unknown_name
from autows.files import make_folder, write_bytes
from leaderboard.field import Cell, cell_of, repetitions
from leaderboard.table import Row, RowName, name_of, rounded
from leaderboard.text_table import TextTables

AGAINST = ("zero_shot_clip", "logistic_regression")
"""Whom every method of a leaderboard is compared with."""

N_RESAMPLES = 4000
WIDE = 110
"""Characters of a terminal that has room for a large drawing of intervals."""
FEW = 10
"""With fewer tasks than this the interval says less about other tasks than its level promises, see
:func:`leaderboard.statistics.two_level_bootstrap`."""


def compare(
    rows: Sequence[Row],
    accuracies: Mapping[RowName, Mapping[int, float]],
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
        As one of ``comparisons`` in ``leaderboard.json``. A task's difference is by draw, averaged over
        its features; overall every task weighs the same. With a single task what is said overall is what is
        said of the task.

    Raises
    ------
    UserError
        If one of them is not in the table, or they have nothing in common.
    """
    mine = [row for row in rows if row["n_labels"] == n_labels]
    cells = _cells(mine, accuracies, representations)
    for name in (method, against):
        if name not in {row["method"] for row in mine}:
            known = sorted({row["method"] for row in mine})
            raise unknown_name("method in these results", name, known, "run_bench.py leaderboard")
    if method == against:
        raise UserError(f"{method} cannot be compared with itself; name another method after --against")
    found = _compare(_Tasks.of(mine), cells.get(method, {}), cells.get(against, {}), method, against)
    if found is None:
        features = "" if representations is None else f" under {', '.join(sorted(representations))}"
        raise UserError(
            f"{method} and {against} have no task, features and draws in common{features} with {n_labels} "
            f"labels; run both with: run_bench.py run --methods '{method},{against}'"
        )
    return {
        "method": method,
        "against": against,
        "n_labels": n_labels,
        "representation": "all" if representations is None else ",".join(sorted(representations)),
        **found,
    }


def comparisons(
    rows: Sequence[Row], accuracies: Mapping[RowName, Mapping[int, float]]
) -> list[dict[str, Any]]:
    """Compare every method with each of :data:`AGAINST`, as far as they have something in common."""
    made = []
    for n_labels in sorted({row["n_labels"] for row in rows}):
        mine = [row for row in rows if row["n_labels"] == n_labels]
        tasks, cells = _Tasks.of(mine), _cells(mine, accuracies, None)
        for against in AGAINST:
            for method in sorted(cells):
                if method == against or against not in cells:
                    continue
                found = _compare(tasks, cells[method], cells[against], method, against)
                if found is not None:
                    head = {"method": method, "against": against, "n_labels": n_labels}
                    made.append({**head, "representation": "all", **found})
    return made


_Cells = dict[str, dict[Cell, Mapping[int, float]]]


@dataclass(frozen=True)
class _Tasks:
    """What a comparison has to know of tasks: titles, and which are other ones again under which features."""

    titles: Mapping[str, str]
    same_as: Mapping[Cell, str | None]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> _Tasks:
        rows = list(rows)
        same_as = {cell_of(row): row["same_as"] for row in rows}
        return cls({row["task"]: row["title"] for row in rows}, same_as)


def _cells(
    rows: Iterable[Row],
    accuracies: Mapping[RowName, Mapping[int, float]],
    representations: Collection[str] | None,
) -> _Cells:
    """Return accuracies by method, (task, representation) and draw."""
    found: _Cells = {}
    for row in rows:
        wanted = representations is None or row["representation"] in representations
        if wanted and accuracies[name_of(row)]:
            found.setdefault(row["method"], {})[cell_of(row)] = accuracies[name_of(row)]
    return found


def _compare(
    tasks: _Tasks,
    a: Mapping[Cell, Mapping[int, float]],
    b: Mapping[Cell, Mapping[int, float]],
    method: str,
    against: str,
) -> dict[str, Any] | None:
    from autows.draws import generator
    from leaderboard import statistics as st

    shared: dict[Cell, dict[int, float]] = {}
    for cell, mine in sorted(a.items()):
        theirs = b.get(cell, {})
        common = sorted(set(mine) & set(theirs))
        if common:
            shared[cell] = {k: mine[k] - theirs[k] for k in common}
    repeated = repetitions(shared, tasks.same_as)
    by_task: dict[str, dict[str, dict[int, float]]] = {}
    for (task, representation), values in shared.items():
        if (task, representation) not in repeated:
            by_task.setdefault(task, {})[representation] = values
    if not by_task:
        return None
    lines: list[dict[str, Any]] = []
    differences: list[NDArray[np.float64]] = []
    for task, parts in by_task.items():
        by_draw = _by_draw(parts)
        differences.append(by_draw)
        paired = st.paired_difference(by_draw, np.zeros_like(by_draw))
        lines.append(
            {
                "task": task,
                "title": tasks.titles[task],
                "representations": sorted(parts),
                "n_draws": len(by_draw),
                "difference": rounded(paired.mean),
                # No two accuracies differ by more than 1; with two draws Student's t does not know that.
                "low": rounded(max(paired.low, -1.0)),
                "high": rounded(min(paired.high, 1.0)),
                "p": rounded(paired.p),
                "wins": paired.wins,
                "ties": paired.ties,
                "losses": paired.losses,
                "draws_to_separate": _draws_needed(by_draw),
            }
        )
    rng = generator(purpose="comparison", method=method, against=against)
    over, se, df = _over_tasks(lines, differences, rng)
    result: dict[str, Any] = {
        "tasks": lines,
        **over,
        "n_tasks": len(lines),
        "wins": sum(line["difference"] > 0 for line in lines),
        "ties": sum(line["difference"] == 0 for line in lines),
        "losses": sum(line["difference"] < 0 for line in lines),
        "smallest_difference": _smallest(se, df) if df else None,
    }
    return {**result, "sentence": sentence(method, against, result)}


def _over_tasks(
    lines: Sequence[Mapping[str, Any]], differences: Sequence[NDArray[np.float64]], rng: np.random.Generator
) -> tuple[dict[str, float | None], float, int]:
    """Return difference, interval and p over all tasks; the standard error and its degrees of freedom."""
    from leaderboard import statistics as st

    if len(lines) == 1:
        # Resampled draws of one task would give an interval that is too narrow.
        n = len(differences[0])
        se = float(differences[0].std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        return {name: lines[0][name] for name in ("difference", "low", "high", "p")}, se, n - 1
    found = st.two_level_bootstrap(differences, rng, N_RESAMPLES)
    ends = {name: rounded(getattr(found, name)) for name in ("low", "high", "p")}
    return {"difference": rounded(found.mean), **ends}, found.se, len(lines) - 1


def _by_draw(parts: Mapping[str, Mapping[int, float]]) -> NDArray[np.float64]:
    """Return the mean over representations by draw, on the draws that all of them have.

    Where they have none in common, the first representation stands for the task.
    """
    chosen = list(parts.values())
    common = set.intersection(*(set(values) for values in chosen))
    if not common:
        chosen, common = chosen[:1], set(chosen[0])
    mean = np.array([[values[k] for k in sorted(common)] for values in chosen]).mean(axis=0)
    # Rounded, so that what cancels over features is a tie and no win by the last bit.
    return np.round(mean, 12)


def _draws_needed(values: NDArray[np.float64]) -> int | None:
    """Return how many draws would tell the two apart on this task; None where that cannot be known."""
    from leaderboard import statistics as st

    if len(values) < 2:
        return None
    return st.draws_to_separate(float(values.mean()), float(values.std(ddof=1)))


def _smallest(se: float, df: int) -> float | None:
    """Return what difference would be detected in four of five cases; None if no accuracy differs so much."""
    from leaderboard import statistics as st

    found = st.smallest_detectable(se, df)
    return rounded(found) if found < 1 else None


def sentence(method: str, against: str, result: Mapping[str, Any]) -> str:
    """Say what a comparison found."""
    points = 100 * result["difference"]
    n_tasks = result["n_tasks"]
    over = (
        f"over {n_tasks} tasks"
        if n_tasks > 1
        else f"on {result['tasks'][0]['task']}, the only task they share"
    )
    if result["low"] is None:
        return (
            f"{method} is {abs(points):.1f} points {'above' if points >= 0 else 'below'} {against} {over}; "
            "with a single draw there is no telling how sure that is."
        )
    low, high = 100 * result["low"], 100 * result["high"]
    interval = f"(95 % interval {low:+.1f} to {high:+.1f})"
    few = " Few tasks: the interval is about these tasks more than about others." if n_tasks < FEW else ""
    if result["low"] > 0 or result["high"] < 0:
        where = "above" if points > 0 else "below"
        return f"{method} is {abs(points):.1f} points {where} {against} {over} {interval}.{few}"
    if low == high == 0:
        return f"{method} and {against} give the same accuracy in every draw {over}."
    smallest = result["smallest_difference"]
    power = "" if smallest is None else f" This design would detect about {100 * smallest:.1f} points."
    return (
        f"No difference between {method} and {against} can be told {over}: {points:+.1f} points "
        f"{interval}.{power}{few}"
    )


def to_text(found: Mapping[str, Any], width: int | None = None) -> str:
    """Return a comparison for a terminal: the sentence, a line a task with a drawing, and overall.

    Parameters
    ----------
    found : mapping
        As :func:`compare` returns it.
    width : int, optional
        Characters that a line may have; what there is no room for is left out and named at the end.
    """
    lines = [
        *found["tasks"],
        {"task": "overall", "representations": [], "n_draws": "", **_overall_line(found)},
    ]
    ends = [
        abs(x) for line in lines for x in (line["low"], line["high"], line["difference"]) if x is not None
    ]
    reach = max(ends, default=0.0) or 0.01
    half = 15 if width is None or width >= WIDE else 8
    drawing = f"{-100 * reach:.0f} .. 0 .. {100 * reach:+.0f}"
    rows = [
        {
            "task": line["task"],
            "features": ", ".join(line["representations"]),
            "draws": str(line["n_draws"]),
            "difference": f"{100 * line['difference']:+.1f}",
            "95 % interval": ""
            if line["low"] is None
            else f"{100 * line['low']:+.1f} to {100 * line['high']:+.1f}",
            drawing: forest_line(line, reach, half).ljust(2 * half + 1),
            "win/tie/loss": f"{line['wins']}/{line['ties']}/{line['losses']}",
            "draws to tell": _needed(line),
        }
        for line in lines
    ]
    tables = TextTables(width)
    body = tables.table(
        rows,
        left=("features", drawing),
        least=("draws to tell", "features", "win/tie/loss", "draws", drawing),
        shorten={"task": 14},
    )
    how = (
        f"Test accuracy of {found['method']} less that of {found['against']} in points, {found['n_labels']} "
        "labels, paired by draw. Win/tie/loss is over draws, overall over tasks."
    )
    sentence = tables.fill(found["sentence"], most=width) if width else found["sentence"]
    note = tables.note("--out")
    return "\n\n".join([sentence, body, tables.fill(how), *([tables.fill(note)] if note else [])])


def _overall_line(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("difference", "low", "high", "wins", "ties", "losses")}


def _needed(line: Mapping[str, Any]) -> str:
    if "draws_to_separate" not in line or line["low"] is None:
        return ""
    if line["low"] > 0 or line["high"] < 0:
        return "told"
    return "> 10,000" if line["draws_to_separate"] is None else str(line["draws_to_separate"])


def forest_line(line: Mapping[str, Any], reach: float, half: int = 15) -> str:
    """Draw a difference and its interval around a zero line.

    Examples
    --------
    >>> forest_line({"difference": 0.5, "low": 0.25, "high": 1.0}, reach=1.0, half=4)
    '    |├●─┤'
    """

    def place(value: float) -> int:
        return half + round(half * min(max(value / reach, -1.0), 1.0))

    cells = [" "] * (2 * half + 1)
    cells[half] = "|"
    if line["low"] is not None and not math.isnan(line["low"]):
        low, high = place(line["low"]), place(line["high"])
        cells[low : high + 1] = ["─"] * (high + 1 - low)
        cells[low], cells[high] = "├", "┤"
    cells[place(line["difference"])] = "●"
    return "".join(cells).rstrip()


def write(found: Mapping[str, Any], out: Path) -> list[Path]:
    """Write a comparison to a folder, as JSON and as a forest plot; return the files."""
    from leaderboard import plots

    make_folder(out, "a comparison")
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{found['method']} against {found['against']}").strip("-")
    path = out / f"{name}.json"
    write_bytes(path, (json.dumps(found, sort_keys=True, indent=1) + "\n").encode())
    figure = plots.forest.plot(found)
    return [path, *([] if figure is None else plots.save(figure, out / name))]
