"""What plots say of a pool of entrants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leaderboard.plots.words import listed
from leaderboard.pools import POOL_TITLES

Standing = Mapping[str, Any]
"""One of the leaderboard's ``standings``."""


def heading(standing: Standing) -> str:
    """Return who competes in a standing, and on how many tasks.

    Examples
    --------
    >>> heading({"pool": "labels", "tasks": ["digits"], "representation": "raw"})
    'Labels only, raw features (1 task)'
    """
    tasks = len(standing["tasks"])
    name = POOL_TITLES.get(standing["pool"], standing["pool"])
    features = "" if standing["representation"] == "all" else f", {standing['representation']} features"
    return f"{name}{features} ({tasks} task{'' if tasks == 1 else 's'})"


def left_out(standings: Iterable[Standing]) -> list[str]:
    """Return a note on who is in no ranking, for want of some results; no note where there is nobody.

    Examples
    --------
    >>> left_out([{"left_out": [{"method": "iws"}, {"method": "zlap"}]}])
    ['Not ranked, as not all that counts is there: iws and zlap.']
    """
    names = list(dict.fromkeys(entry["method"] for s in standings for entry in s.get("left_out") or []))
    return [f"Not ranked, as not all that counts is there: {listed(names, most=8)}."] if names else []
