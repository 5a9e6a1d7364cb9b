"""The answer first: what the comparisons say, in a few sentences, and who follows which approach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from leaderboard.plots.words import counted, listed, percent, signed
from leaderboard.pools import POOL_TITLES
from leaderboard.table import by_task
from leaderboard.table import main_labels as labels_of

Board = Mapping[str, Any]
Entry = Mapping[str, Any]

YARDSTICK, ZERO_SHOT = "logistic_regression", "zero_shot_clip"
FLOOR = "majority_class"
"""Everything is better than this one, which is no news."""

APPROACHES = (
    ("Train on the labels", "what a classifier makes of the seeds", ("control", "baseline")),
    ("Write labeling functions", "automated weak supervision", ("autows",)),
    ("Ask a foundation model", "zero-shot, without a label", ()),
    ("Adapt a foundation model", "class names and seeds together", ("zero-shot", "few-shot")),
)
"""What a practitioner may do, and who does it, by family; the third is ``zero_shot_clip`` alone."""

SPEAKERS = {
    "glyph_clip": "a small CLIP trained on rendered glyphs",
    "clip": "a CLIP trained on pictures with captions",
    "sentence": "an encoder of sentences",
}
"""What those are who answer zero-shot."""

NAMED = 3
"""Methods of a sentence, and of a card, that are named; the others are counted."""
TOLD = 4
"""With more tasks than this the zero-shot answers are not told task by task."""


def main_labels(board: Board) -> int | None:
    """Return the number of labels the page opens with: 100, or what most rows have."""
    return labels_of(board["rows"])


def standing_of(board: Board, pool: str, n_labels: int | None) -> Entry | None:
    """Return the standing of a pool of entrants over all features, if anyone is ranked there."""
    for standing in board["standings"]:
        wanted = (pool, "all", n_labels)
        if (standing["pool"], standing["representation"], standing["n_labels"]) == wanted and standing[
            "entrants"
        ]:
            found: Entry = standing
            return found
    return None


def widest(board: Board, n_labels: int | None) -> Entry | None:
    """Return the standing over all features with most kinds of entrants in it, if anyone is ranked."""
    found = (standing_of(board, pool, n_labels) for pool in reversed(POOL_TITLES))
    return next((standing for standing in found if standing is not None), None)


def sentences(board: Board) -> list[Markup]:
    """Return how many are better than training on the labels and than zero-shot, and who ranks first."""
    n_labels = main_labels(board)
    if n_labels is None:
        return [Markup("There are no results yet. Start with: <code>run_bench.py run --suite quick</code>")]
    found = []
    for against, whom in (
        (YARDSTICK, Markup("training <b>logistic_regression</b> on the same {} labels").format(n_labels)),
        (ZERO_SHOT, Markup("the answers of a foundation model, <b>zero_shot_clip</b>")),
    ):
        entries = [entry for entry in _against(board, against, n_labels) if entry["method"] != FLOOR]
        if entries:
            found.append(_verdicts(whom, entries))
    found += _zero_shot(board, n_labels)
    standing = widest(board, n_labels)
    if standing is None:
        found.append(
            Markup("Nobody is ranked: ranks need results of all controls on the same tasks and features.")
        )
    else:
        found.append(_leader(standing))
        narrow = standing_of(board, "labels", n_labels)
        if narrow is not None and narrow["cells"] != standing["cells"]:
            found.append(Markup("Without class names and pretrained features: ") + _leader(narrow, "over"))
    return found


def approaches(board: Board) -> list[dict[str, Any]]:
    """Return for each approach the methods that follow it, with their paired gain over logistic regression.

    Methods that have results wherever they can run come first, those with the largest gain before others.

    Returns
    -------
    list of dict
        ``title``, ``what``, ``family`` (of the first method), ``methods`` and ``n_more``, how many are not
        among them. A method has ``method``, ``speaker`` (the foundation model that answers, or None),
        ``gain`` (its comparison with logistic regression; None for that itself, or if there is none) and
        ``features``, those that it is compared on if these are not all.
    """
    n_labels = main_labels(board)
    gains = {entry["method"]: entry for entry in _against(board, YARDSTICK, n_labels)}
    rows = [row for row in board["rows"] if row["n_draws"] and row["n_labels"] == n_labels]
    families = {row["method"]: row["family"] for row in rows}
    speakers = {row["method"]: row["zero_shot"] for row in rows if row["zero_shot"]}
    every = {row["representation"] for row in rows}

    def order(method: str) -> tuple[int, float, str]:
        if method == YARDSTICK:
            return 0, 0.0, method
        gain = gains.get(method)
        return (3, 0.0, method) if gain is None else (2 - gain["complete"], -gain["difference"], method)

    def shown(method: str) -> dict[str, Any]:
        gain = gains.get(method)
        used = {name for task in (gain or {"tasks": ()})["tasks"] for name in task["representations"]}
        return {
            "method": method,
            "speaker": speakers.get(method) if method == ZERO_SHOT else None,
            "gain": gain,
            "features": sorted(used) if used != every else [],
        }

    found = []
    for title, what, members in APPROACHES:
        follow = [
            method
            for method, family in families.items()
            if (
                method == ZERO_SHOT if not members else family in members and method not in (ZERO_SHOT, FLOOR)
            )
        ]
        if follow:
            follow.sort(key=order)
            found.append(
                {
                    "title": title,
                    "what": what,
                    "family": families[follow[0]],
                    "methods": [shown(method) for method in follow[:NAMED]],
                    "n_more": max(len(follow) - NAMED, 0),
                }
            )
    return found


def _against(board: Board, against: str, n_labels: int | None) -> list[Entry]:
    return [
        entry
        for entry in board["comparisons"]
        if (entry["against"], entry["n_labels"], entry["representation"]) == (against, n_labels, "all")
    ]


def _leader(standing: Entry, over: str = "Over") -> Markup:
    first, *others = standing["entrants"]
    tied = [entry["method"] for entry in others if entry["tie_group"] == first["tie_group"]]
    n_tasks = counted(len(standing["tasks"]), "task")
    text = Markup("{} {}, <b>{}</b> has the best mean rank of {}").format(
        over, n_tasks, first["method"], counted(1 + len(others), "method")
    )
    if others and len(tied) == len(others):
        if standing["smallest_difference_of_pairs"] is None:
            few = "is too few" if len(standing["tasks"]) == 1 else "are too few"
            return text + Markup("; {} {} to separate any of the ranks.").format(n_tasks, few)
        return text + Markup(", <em>not</em> separated from any other.")
    if tied:
        return text + Markup(", <em>not</em> separated from {}.").format(_names(tied))
    return text + (", separated from every other." if others else ".")


def _verdicts(whom: Markup, entries: Sequence[Entry]) -> Markup:
    """Return how many are better and worse, on other tasks and on these; whose runs failed is not counted."""
    whole = [entry for entry in entries if entry["complete"]]
    numbers = sorted({entry["n_tasks"] for entry in whole})
    text = Markup("Against {} ({}): ").format(whom, counted(len(whole), "method"))
    if numbers[-1:] == [1]:
        text += Markup("on the only task {}.").format(_count(whole, "here_verdict"))
    elif whole:
        most = f"{numbers[0]} to {numbers[-1]} tasks" if len(numbers) > 1 else counted(numbers[0], "task")
        others = Markup("on other tasks like these {}").format(_count(whole, "verdict"))
        if all(entry["verdict"] == "open" for entry in whole):
            others = Markup("what holds on other tasks is open")
        text += Markup("on these {} {}; {}.").format(most, _count(whole, "here_verdict"), others)
    lacking = [entry["method"] for entry in entries if not entry["complete"]]
    if lacking:
        text += Markup(" Not counted, as results are missing: {}.").format(_names(lacking))
    return text


def _count(entries: Sequence[Entry], name: str) -> Markup:
    by_verdict = {
        verdict: sorted((e for e in entries if e[name] == verdict), key=lambda e: -e["difference"])
        for verdict in ("better", "worse", "open")
    }
    better = by_verdict["better"]
    if better:
        several = len({entry["n_tasks"] for entry in entries}) > 1
        gains = [
            f"{entry['method']} {signed(entry['difference'])} points"
            + (f" over {counted(entry['n_tasks'], 'task')}" if several else "")
            for entry in better
        ]
        parts = [Markup("<b>{} better</b> ({})").format(_is(len(better)), listed(gains, NAMED))]
    else:
        parts = [Markup("<b>none is shown to be better</b>")]
    parts += [
        Markup("{} {}").format(_is(len(by_verdict[verdict])), verdict)
        for verdict in ("worse", "open")
        if by_verdict[verdict]
    ]
    return Markup(", ").join(parts[:-1]) + (Markup(" and ") if len(parts) > 1 else "") + parts[-1]


def _zero_shot(board: Board, n_labels: int) -> list[Markup]:
    """Return who answers zero-shot, how well on each task, and where that is no better than guessing."""
    rows = [
        row
        for row in board["rows"]
        if (row["method"], row["n_labels"], row["same_as"]) == (ZERO_SHOT, n_labels, None)
        and row["accuracy"] is not None
    ]
    if not rows:
        return []
    speakers = sorted({row["zero_shot"] for row in rows if row["zero_shot"]})
    names = sorted({row["task"] for row in rows})
    right = {
        task: by_task({(task, row["representation"]): row["accuracy"] for row in rows if row["task"] == task})
        for task in names
    }
    told = [
        Markup("<b>{}</b>{}").format(name, f" ({SPEAKERS[name]})" if name in SPEAKERS else "")
        for name in speakers
    ]
    text = (
        Markup("Who answers there is {}: ").format(Markup(listed(told)))
        if told
        else Markup("<b>zero_shot_clip</b> is ")
    )
    if len(names) > TOLD:
        low, high = percent(min(right.values())), percent(max(right.values()))
        text += f"right on {low} to {high} of the rows of {counted(len(names), 'task')}"
    else:
        shares = [f"{percent(right[task])} of {task}" for task in names]
        text += f"right on {listed(shares)}"
    guesses = [task for task in names if task in _not_above_floor(board, n_labels)]
    if guesses:
        text += Markup("; on {} <b>no better than guessing</b> (majority_class)").format(listed(guesses))
    silent = len(board["tasks"]) - len(names)
    if silent > 0:
        text += f"; it has no answers on {counted(silent, 'other task')}"
    return [text + "."]


def _not_above_floor(board: Board, n_labels: int) -> set[str]:
    """Return the tasks on which zero-shot is not shown to be above the majority class."""
    lines = [
        line
        for entry in _against(board, ZERO_SHOT, n_labels)
        if entry["method"] == FLOOR
        for line in entry["tasks"]
    ]
    return {
        line["task"]
        for line in lines
        if line["difference"] >= 0 or (line["high"] is not None and line["high"] >= 0)
    }


def _is(number: int) -> str:
    return f"{number} is" if number == 1 else f"{number} are"


def _names(names: Sequence[str]) -> Markup:
    return Markup("<b>{}</b>").format(listed(names, 4))
