"""The answer first: what the comparisons say, in a few sentences, and the best of each kind of approach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from leaderboard.plots.words import counted, listed, signed
from leaderboard.pools import POOL_TITLES
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
    """Return who leads, and how many are better and worse than training on the labels and than zero-shot."""
    n_labels = main_labels(board)
    if n_labels is None:
        return [Markup("There are no results yet. Start with: <code>run_bench.py run --suite quick</code>")]
    found = []
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
    for against, whom in (
        (YARDSTICK, Markup("training <b>logistic_regression</b> on the same {} labels").format(n_labels)),
        (ZERO_SHOT, Markup("the answers of a foundation model, <b>zero_shot_clip</b>")),
    ):
        entries = [entry for entry in _against(board, against, n_labels) if entry["method"] != FLOOR]
        if entries:
            found.append(_verdicts(whom, entries, len(board["tasks"])))
    return found


def approaches(board: Board) -> list[dict[str, Any]]:
    """Return for each approach the method that gains most over logistic regression, paired.

    Returns
    -------
    list of dict
        ``title``, ``what``; ``method``, ``family``; ``n_candidates``; ``gain`` (its comparison with logistic
        regression; None for that itself, or if there is none), ``entrant`` (its line in the standing with
        most entrants, or None) and ``n_ranked`` there.
    """
    n_labels = main_labels(board)
    standing = widest(board, n_labels)
    ranked = [entry["method"] for entry in standing["entrants"]] if standing else []
    gains = {entry["method"]: entry for entry in _against(board, YARDSTICK, n_labels)}
    families = {row["method"]: row["family"] for row in board["rows"] if row["n_draws"]}

    def order(method: str) -> tuple[bool, float, str]:
        gain = gains[method]["difference"] if method in gains else 0.0
        return (method not in gains and method != YARDSTICK, -gain, method)

    found = []
    for title, what, members in APPROACHES:
        candidates = [
            method
            for method, family in families.items()
            if (
                method == ZERO_SHOT if not members else family in members and method not in (ZERO_SHOT, FLOOR)
            )
        ]
        if not candidates:
            continue
        best = min(candidates, key=order)
        place = ranked.index(best) if best in ranked else None
        found.append(
            {
                "title": title,
                "what": what,
                "method": best,
                "family": families[best],
                "n_candidates": len(candidates),
                "gain": gains.get(best),
                "entrant": standing["entrants"][place] if standing and place is not None else None,
                "n_ranked": len(ranked),
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
    n_tasks, n_cells = counted(len(standing["tasks"]), "task"), counted(len(standing["cells"]), "cell")
    where = f"{n_tasks} ({n_cells} of task \N{MULTIPLICATION SIGN} features)"
    text = Markup("{} {}, <b>{}</b> has the best mean rank of {}: {} % of the test rows right").format(
        over,
        where,
        first["method"],
        counted(1 + len(others), "method"),
        f"{100 * first['mean_accuracy']:.1f}",
    )
    if first["accuracy_low"] is not None:
        low, high = (f"{100 * first[side]:.1f}" for side in ("accuracy_low", "accuracy_high"))
        text += Markup(" (95&nbsp;% interval {} to {})").format(low, high)
    if tied:
        return text + Markup(", <em>not</em> separated from {}.").format(_names(tied))
    return text + (", separated from every other." if others else ".")


def _verdicts(whom: Markup, entries: Sequence[Entry], n_tasks: int) -> Markup:
    better = [entry for entry in entries if entry["low"] is not None and entry["low"] > 0]
    worse = [entry for entry in entries if entry["high"] is not None and entry["high"] < 0]
    n_open = len(entries) - len(better) - len(worse)
    most = max(entry["n_tasks"] for entry in entries)
    scope = f", on the {counted(most, 'task')} where it answers" if most < n_tasks else ""
    text = Markup("Against {}{}: of {}, ").format(whom, scope, counted(len(entries), "method"))
    parts = []
    if better:
        best = max(better, key=lambda entry: entry["difference"])
        gain = f"{signed(best['difference'])} points, {signed(best['low'])} to {signed(best['high'])}"
        parts.append(
            Markup("<b>{} better</b> (most: <b>{}</b>, {})").format(_is(len(better)), best["method"], gain)
        )
    else:
        parts.append(Markup("<b>none is shown to be better</b>"))
    if worse:
        parts.append(Markup("{} worse").format(_is(len(worse))))
    if n_open:
        parts.append(Markup("for {} the 95&nbsp;% interval holds zero").format(n_open))
    return text + Markup(", ").join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] + "."


def _is(number: int) -> str:
    return f"{number} is" if number == 1 else f"{number} are"


def _names(names: Sequence[str]) -> Markup:
    return Markup(" ").join([Markup("<b>{}</b>").format(listed(names, 4))])
