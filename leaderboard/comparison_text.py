"""A comparison in words, and as a table with a drawing for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from leaderboard.completeness import told
from leaderboard.text_table import TextTables

WIDE = 110
"""Characters of a terminal that has room for a large drawing of intervals."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def points(value: float, sign: bool = True) -> str:
    """Return a difference in points, without a sign where it is rounded to zero.

    Examples
    --------
    >>> points(0.0312), points(-0.2), points(-0.0001), points(0.0312, sign=False)
    ('+3.1', '-20.0', '0.0', '3.1')
    """
    tenths = round(100 * value, 1) or 0.0
    return f"{tenths:+.1f}" if sign and tenths else f"{tenths:.1f}"


def sentence(found: Mapping[str, Any], single: bool = False) -> str:
    """Say what a comparison found.

    Parameters
    ----------
    found : mapping
        As one of ``comparisons`` in ``leaderboard.json``.
    single : bool, default False
        Whether this is the one comparison that was asked for, and not one of a table of many.
    """
    parts = [_found(found, single)]
    lacks = told(found["missing"], [line["task"] for line in found["tasks"]])
    if lacks:
        parts.append(f"{found['method']} {'was ' if lacks.startswith('not') else ''}{lacks}.")
    return " ".join(parts)


def _found(found: Mapping[str, Any], single: bool) -> str:
    method, against, n = found["method"], found["against"], found["n_tasks"]
    of = f" of {found['n_tasks_expected']}" if found["n_tasks_expected"] > n else ""
    over = f"over {n}{of} tasks" if n > 1 else f"on {found['tasks'][0]['task']}, the only task they share"
    if all(line["ties"] == line["n_draws"] for line in found["tasks"]):
        return f"{method} and {against} give the same accuracy in every draw {over}."
    size, where = points(abs(found["difference"]), False), "above" if found["difference"] >= 0 else "below"
    is_ahead = f"{method} is {size} points {where} {against}"
    sure = found["verdict_single" if single else "verdict"] != "open"
    others, here = _interval(found, "", single), _interval(found, "here_", single)
    none = f"No difference between {method} and {against} can be told {over}: {points(found['difference'])}"
    if n == 1:
        if not here:
            draws = "a single draw" if found["tasks"][0]["n_draws"] == 1 else "the same difference in each"
            return f"{is_ahead} {over}; with {draws} there is no telling how sure that is."
        if sure:
            return (
                f"{is_ahead} {over} (95 % interval over draws {here}); one task does not tell what holds on "
                "others."
            )
        return f"{none} points (95 % interval over draws {here}).{_power(found)}"
    if sure:
        return f"{is_ahead} {over} (95 % interval {others})."
    told_here = found["here_verdict"] != "open" if not single else _leaves_out_zero(found, "here_")
    if here and not told_here:
        elsewhere = f"95 % interval {others}; on these tasks, over draws, " if others else ""
        return f"{none} points ({elsewhere or '95 % interval over draws '}{here}).{_power(found)}"
    drawn = f" (95 % interval over draws {here})" if here else ", how surely is not known"
    number = NUMBERS[n] if n < len(NUMBERS) else str(n)
    elsewhere = f"{number} tasks do not tell what holds on others{f' ({others})' if others else ''}"
    return f"{is_ahead} on these {n}{of} tasks{drawn}; {elsewhere}."


def _leaves_out_zero(found: Mapping[str, Any], name: str) -> bool:
    low, high = found[f"{name}low"], found[f"{name}high"]
    return low is not None and (low > 0 or high < 0)


def _interval(found: Mapping[str, Any], name: str, single: bool) -> str:
    """Return an interval, and what it does not prove of one comparison among many; empty if not known."""
    if found[f"{name}low"] is None:
        return ""
    text = f"{points(found[f'{name}low'])} to {points(found[f'{name}high'])}"
    if single or not _leaves_out_zero(found, name) or found[f"{name}verdict"] != "open":
        return text
    return f"{text}, which among {found['n_family']} comparisons is no proof"


def _power(found: Mapping[str, Any]) -> str:
    smallest = found["smallest_difference"]
    return "" if smallest is None else f" This design would detect about {points(smallest, False)} points."


def to_text(found: Mapping[str, Any], width: int | None = None) -> str:
    """Return a comparison for a terminal: the sentence, a line a task with a drawing, and overall.

    Parameters
    ----------
    found : mapping
        As :func:`leaderboard.comparison.compare` returns it.
    width : int, optional
        Characters that a line may have; what there is no room for is left out and named at the end.
    """
    lines = [*found["tasks"], *_overall_lines(found)]
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
            "difference": points(line["difference"]),
            "95 % interval": ""
            if line["low"] is None
            else f"{points(line['low'])} to {points(line['high'])}",
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
    said = tables.fill(found["sentence"], most=width) if width else found["sentence"]
    return "\n\n".join([said, body, *(tables.fill(note) for note in _notes(found, tables))])


def _overall_lines(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what holds over tasks, and above it what holds on these; with one task they are the same."""
    shared = {
        "representations": [],
        "n_draws": "",
        **{n: found[n] for n in ("difference", "wins", "ties", "losses")},
    }
    here = {"low": found["here_low"], "high": found["here_high"]}
    others = {"low": found["low"], "high": found["high"]}
    if found["n_tasks"] == 1:
        return [{"task": "overall", **shared, **others}]
    return [{"task": "on these", **shared, **here}, {"task": "overall", **shared, **others}]


def _notes(found: Mapping[str, Any], tables: TextTables) -> list[str]:
    how = (
        f"Test accuracy of {found['method']} less that of {found['against']} in points, {found['n_labels']} "
        "labels, paired by draw. Win/tie/loss is over draws, overall over tasks."
    )
    if found["n_tasks"] > 1:
        how += (
            " Intervals of a task and on these are over draws; overall it is over tasks, about others like "
            "these."
        )
    resampled = found.get("bootstrap")
    if resampled is not None:
        ends = f"{points(resampled['low'])} to {points(resampled['high'])}"
        how += f" A bootstrap over tasks and draws gives {ends}."
    aside = [
        f"Not averaged in on {line['task']}, for want of common draws: {', '.join(line['set_aside'])}."
        for line in found["tasks"]
        if line["set_aside"]
    ]
    room = tables.note("--out")
    return [how, *aside, *([room] if room else [])]


def _needed(line: Mapping[str, Any]) -> str:
    if "draws_to_separate" not in line or line["low"] is None:
        return ""
    if line["low"] > 0 or line["high"] < 0:
        return "told"
    return "" if line["draws_to_separate"] is None else str(line["draws_to_separate"])


def forest_line(line: Mapping[str, Any], reach: float, half: int = 15) -> str:
    """Draw a difference and its interval around a zero line.

    Examples
    --------
    >>> forest_line({"difference": 0.5, "low": -0.25, "high": 1.0}, reach=1.0, half=4)
    '   ├┼─●─┤'
    """

    def place(value: float) -> int:
        return half + round(half * min(max(value / reach, -1.0), 1.0))

    cells = [" "] * (2 * half + 1)
    if line["low"] is not None and not math.isnan(line["low"]):
        low, high = place(line["low"]), place(line["high"])
        cells[low : high + 1] = ["─"] * (high + 1 - low)
        cells[low], cells[high] = "├", "┤"
        cells[half] = "┼" if low < half < high else "|"
    else:
        cells[half] = "|"
    cells[place(line["difference"])] = "●"
    return "".join(cells).rstrip()
