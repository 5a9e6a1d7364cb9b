"""What is shown where there is no room for everything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from leaderboard.plots.words import counted, listed

QUESTION = ("zero_shot_clip", "logistic_regression")
"""The two answers every other method is asked to beat."""

CHANCE = "majority_class"
"""The method that is the floor of every plot; so far below that the others would shrink to a stripe."""

NAMED = 8
"""Methods left out that are named; the others are counted."""

Row = Mapping[str, Any]


def highlights(
    order: Sequence[str], families: Mapping[str, str], most: int, marked: Collection[str] = ()
) -> list[str]:
    """Return at most ``most`` methods, in the order given.

    First come ``marked`` ones (submissions; at most half of the places), the two of :data:`QUESTION` and the
    first of family ``autows``, then whoever is first.

    Examples
    --------
    >>> highlights(["a", "b", "c", "zero_shot_clip"], {"c": "autows"}, 3)
    ['a', 'c', 'zero_shot_clip']
    """
    wanted = [name for name in order if name in marked][: most // 2]
    wanted += [name for name in QUESTION if name in order]
    wanted += [name for name in order if families.get(name) == "autows"][:1]
    wanted += order
    kept = set(list(dict.fromkeys(wanted))[:most])
    return [name for name in order if name in kept]


def above_chance(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Return rows (or entrants) but those of :data:`CHANCE`, and a note on it; all if there are no others."""
    kept = [row for row in rows if row["method"] != CHANCE]
    if not kept or len(kept) == len(rows):
        return list(rows), []
    return kept, [f"Not drawn: {CHANCE}, the floor."]


def by_accuracy(rows: Sequence[Row]) -> list[str]:
    """Return methods, the highest mean accuracy over their rows first, those without one last."""
    scores: dict[str, list[float]] = {}
    for row in rows:
        found = scores.setdefault(row["method"], [])
        if row["accuracy"] is not None:
            found.append(row["accuracy"])
    means = {name: sum(values) / len(values) if values else -1.0 for name, values in scores.items()}
    return sorted(means, key=lambda name: (-means[name], name))


def best_features(rows: Sequence[Row]) -> list[Row]:
    """Return for each task and method the row of the features it is most accurate under."""
    best: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["task"], row["method"])
        if key not in best or _merit(row) > _merit(best[key]):
            best[key] = row
    return list(best.values())


def _merit(row: Row) -> float:
    return -1.0 if row["accuracy"] is None else float(row["accuracy"])


def first_panels(names: Sequence[str], most: int, noun: str) -> tuple[list[str], list[str]]:
    """Return the first ``most`` names, and a note on those left out, if any."""
    return list(names[:most]), not_shown(len(names) - most, noun)


def first_methods(
    order: Sequence[str], otherwise: Sequence[str], families: Mapping[str, str], most: int
) -> tuple[list[str], list[str]]:
    """Return at most ``most`` methods, and a note that names those left out, if any.

    Parameters
    ----------
    order, otherwise : sequence of str
        Methods, the most important first; those in both are as in ``order``.
    families : mapping of str to str
        Of the methods there are.
    most : int
    """
    ranked = list(dict.fromkeys([*(name for name in order if name in families), *otherwise]))
    methods = highlights(ranked, families, most)
    others = [name for name in ranked if name not in methods]
    return methods, [f"Not shown: {listed(others, most=NAMED)}."] if others else []


def not_shown(number: int, noun: str, which: str = "") -> list[str]:
    """Return a note on what a plot leaves out; no note where that is nothing.

    Examples
    --------
    >>> not_shown(2, "method", " of a worse rank"), not_shown(0, "method")
    (['Not shown: 2 methods of a worse rank.'], [])
    """
    return [f"Not shown: {counted(number, noun)}{which}."] if number > 0 else []
