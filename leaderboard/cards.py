"""What is said about methods and tasks beside their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from leaderboard.long_table import Run
from leaderboard.pools import POOLS


def methods(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Return a card for each method: what it is, what it needs, some of its labeling functions in words.

    Returns
    -------
    list of dict
        As ``methods`` of ``leaderboard.json``; ``pool`` is the narrowest it was seen in, and labeling
        functions are those of the first draw and the smallest number of labels on each task and features.
    """
    cards: dict[str, dict[str, Any]] = {}
    for run in sorted(
        runs, key=lambda run: (run.method, run.task, run.representation, run.n_labels, run.draw)
    ):
        about = run.about
        card = cards.setdefault(
            run.method,
            {
                "method": run.method,
                "name": about["name"],
                "family": about["family"],
                "needs": about["needs"],
                "parameters": about["parameters"],
                "summary": about["summary"],
                "pool": about["pool"],
                "submission": about["submission"],
                "lfs": [],
            },
        )
        card["pool"] = min(card["pool"], about["pool"], key=POOLS.index)
        last = card["lfs"][-1] if card["lfs"] else {}
        where = (run.task, run.representation)
        if run.lfs and (last.get("task"), last.get("representation")) != where:
            card["lfs"].append(
                {
                    "task": run.task,
                    "representation": run.representation,
                    "n_labels": run.n_labels,
                    "draw": run.draw,
                    "n_lfs": run.n_lfs,
                    "shown": run.lfs,
                }
            )
    return list(cards.values())


def tasks(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Return each task with its title, modality, number of classes and versions."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        version, variant = run.versions[1]
        card = found.setdefault(
            run.task,
            {
                "task": run.task,
                "title": run.about["title"],
                "modality": run.about["modality"],
                "n_classes": run.about["n_classes"],
                "versions": [],
            },
        )
        name = f"{version} ({variant})" if variant else str(version)
        if name not in card["versions"]:
            card["versions"].append(name)
    return [found[task] for task in sorted(found)]
