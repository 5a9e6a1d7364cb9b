"""Every two methods compared, for who asks about one pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from leaderboard.comparison import Table, pair
from leaderboard.table import Row, RowName


def duels(rows: Sequence[Row], accuracies: Mapping[RowName, Mapping[int, float]]) -> list[dict[str, Any]]:
    """Compare every two methods on all tasks, features and draws that both have.

    Parameters
    ----------
    rows, accuracies
        As :func:`leaderboard.table.rows` makes them.

    Returns
    -------
    list of dict
        As :func:`leaderboard.comparison.compare` has them, without what is adjusted for several questions
        and without ``draws_to_separate``. Once for each pair; pairs without anything in common are left out.

    Notes
    -----
    O(methods^2 x rows of a method), for each number of labels.
    """
    made = []
    for n_labels in sorted({row["n_labels"] for row in rows}):
        table = Table.of([row for row in rows if row["n_labels"] == n_labels], accuracies)
        for method, against in combinations(sorted(table.rows), 2):
            found = pair(table, method, against, needed=False)
            if found is not None:
                made.append({"method": method, "against": against, "n_labels": n_labels, **found})
    return made
