"""Forest plots of paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard.plots import intervals, style
from leaderboard.plots.choice import not_shown
from leaderboard.plots.intervals import Item
from leaderboard.plots.layout import Entry, sheet
from leaderboard.plots.words import counted, interval, of_tasks, signed
from leaderboard.short_names import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TASKS = 30
MOST_METHODS = 40
HEADINGS = ("difference", "95 % interval")
ONE_TASK = (
    "Bars of a task: its own draws, each task by itself, not corrected for how many there are. On these "
    "tasks: draws alone. On other tasks like these: Student's t over the tasks."
)
VERDICTS = (
    "Thin: 95 % interval over tasks, for others like these; thick: over draws, for these tasks alone. At the "
    "right: what is shown for others and for these at the 5 % level, corrected for how many methods "
    "there are (Holm)."
)

Comparison = Mapping[str, Any]


@style.styled
def plot(comparison: Comparison) -> Figure | None:
    """Draw the paired difference on each task and over all tasks, for two methods.

    Parameters
    ----------
    comparison : mapping
        An entry of the leaderboard's ``comparisons``.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if the two met on no task. At most thirty tasks; the overall line counts all of them.
    """
    if not comparison["tasks"]:
        return None
    tasks = sorted(comparison["tasks"], key=lambda task: (-task["difference"], task["task"]))
    names = short([task["task"] for task in tasks], 36)
    kept = tasks[:MOST_TASKS]
    items = [
        Item(
            names[task["task"]],
            100 * task["difference"],
            _points(task["low"]),
            _points(task["high"]),
            _color(task),
            (signed(task["difference"]), interval(task["low"], task["high"]), str(task["n_draws"])),
        )
        for task in kept
    ]
    if comparison["difference"] is not None:
        items += _totals(comparison, len(tasks))
    notes = [ONE_TASK]
    if len(tasks) > len(kept):
        notes.append(f"Not shown, but counted over all: {counted(len(tasks) - len(kept), 'task')}.")
    if any(item.low is None for item in items):
        notes.append("A point without a bar has too few draws or tasks to say anything about spread.")
    method, against = (
        short([comparison["method"], comparison["against"]], 40)[comparison[which]]
        for which in ("method", "against")
    )
    key = [
        Entry(f"{method} ahead", style.BETTER, "o", "solid"),
        Entry(f"{against} ahead", style.WORSE, "o", "solid"),
        Entry("interval holds zero", style.MUTED, "o", "solid"),
    ]
    headings = (*HEADINGS, "draws")
    return _figure(items, headings, f"accuracy of {method} minus {against} (percentage points)", [key], notes)


def _totals(comparison: Comparison, n_tasks: int) -> list[Item]:
    """Return the lines over all tasks: these taken as they are, and as a sample of others."""
    ends = {"here": ("here_low", "here_high"), "others": ("low", "high")}
    names = {"here": f"On these {n_tasks} tasks", "others": "On other tasks like these"}
    if n_tasks == 1:
        ends, names = {"here": ("low", "high")}, {"here": "Overall"}
    return [
        Item(
            names[which],
            100 * comparison["difference"],
            _points(comparison[low]),
            _points(comparison[high]),
            style.INK,
            (signed(comparison["difference"]), interval(comparison[low], comparison[high]), ""),
            total=True,
        )
        for which, (low, high) in ends.items()
    ]


@style.styled
def plot_against(comparisons: Sequence[Comparison], families: Mapping[str, str]) -> Figure | None:
    """Draw the overall paired difference of each method against one control.

    Parameters
    ----------
    comparisons : sequence of mappings
        Entries of the leaderboard's ``comparisons`` that have the same ``against``.
    families : mapping
        Family of each method.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no overall difference to show. At most the forty first.

    Raises
    ------
    ValueError
        If the entries are against different controls.
    """
    if len({entry["against"] for entry in comparisons}) > 1:
        raise ValueError("one control a figure")
    found = [entry for entry in comparisons if entry["difference"] is not None]
    if not found:
        return None
    found.sort(key=lambda entry: (-entry["difference"], entry["method"]))
    kept = found[:MOST_METHODS]
    names = short([entry["method"] for entry in found], 40)
    items = [
        Item(
            names[entry["method"]],
            100 * entry["difference"],
            _points(entry["low"]),
            _points(entry["high"]),
            style.color(families.get(entry["method"])),
            (
                signed(entry["difference"]),
                interval(entry["low"], entry["high"]),
                entry["verdict"] or "",
                entry["here_verdict"] or "",
                of_tasks(entry),
            ),
            inner=None if entry["here_low"] is None else (100 * entry["here_low"], 100 * entry["here_high"]),
        )
        for entry in kept
    ]
    shown = [{"family": families.get(entry["method"], "other")} for entry in kept]
    key = [Entry(name, style.color(name), "o", "solid") for name in style.families_of(shown)]
    notes = [VERDICTS, *not_shown(len(found) - len(kept), "method", " with lower differences")]
    against = short([found[0]["against"]], 40)[found[0]["against"]]
    return _figure(
        items,
        (*HEADINGS, "on others", "on these", "tasks"),
        f"accuracy minus that of {against}, all tasks weighing the same (percentage points)",
        [key],
        notes,
    )


def describe(comparison: Comparison) -> str:
    """Return in words what :func:`plot` shows."""
    tasks = comparison["tasks"]
    ends = sorted(tasks, key=lambda task: task["difference"])
    text = (
        f"Forest plot of paired accuracy differences, {comparison['method']} minus {comparison['against']}, "
        f"on {counted(len(tasks), 'task')}. "
    )
    if comparison["difference"] is not None:
        spread = interval(comparison["low"], comparison["high"])
        text += f"Over all {signed(comparison['difference'])} points{' ' + spread if spread else ''}. "
    if len(ends) > 1:
        text += (
            f"From {signed(ends[0]['difference'])} on {ends[0]['task']} to {signed(ends[-1]['difference'])} "
            f"on {ends[-1]['task']}."
        )
    return text.strip()


def describe_against(comparisons: Sequence[Comparison]) -> str:
    """Return in words what :func:`plot_against` shows."""
    found = [entry for entry in comparisons if entry["difference"] is not None]
    best = max(found, key=lambda entry: entry["difference"])
    spread = interval(best["low"], best["high"])
    others, here = (tally(found, name) for name in ("verdict", "here_verdict"))
    return (
        f"Forest plot of the overall accuracy difference of {counted(len(found), 'method')} from "
        f"{best['against']}. Shown for other tasks like these: {others}. On these tasks: {here}. "
        f"The largest difference is {signed(best['difference'])} points"
        f"{' ' + spread if spread else ''}: {best['method']}, over {counted(best['n_tasks'], 'task')}."
    )


def tally(entries: Sequence[Comparison], name: str) -> str:
    """Return how many are better, worse and open.

    Examples
    --------
    >>> tally([{"verdict": "open"}, {"verdict": "open"}, {"verdict": "worse"}], "verdict")
    '0 better, 1 worse, 2 open'
    """
    found = [entry[name] for entry in entries]
    return ", ".join(f"{found.count(verdict)} {verdict}" for verdict in ("better", "worse", "open"))


def _points(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _color(task: Mapping[str, Any]) -> str:
    if task["low"] is not None and task["low"] > 0:
        return style.BETTER
    if task["high"] is not None and task["high"] < 0:
        return style.WORSE
    return style.MUTED


def _figure(
    items: Sequence[Item],
    headings: Sequence[str],
    x: str,
    key: Sequence[Sequence[Entry]],
    notes: Sequence[str],
) -> Figure:
    page = sheet(
        1,
        columns=1,
        height=intervals.ROW * (len(items) + 0.4),
        left=intervals.label_width(items),
        right=sum(intervals.column_widths(items, headings)) + 0.1,
        heading=0.22,
        key=key,
        notes=notes,
    )
    intervals.draw(page.panels[0], items, headings)
    page.label(x)
    return page.figure
