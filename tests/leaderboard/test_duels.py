"""Every two methods, each pair as ``compare`` has it."""

from __future__ import annotations

from itertools import combinations

from made_up import ENTRANT, record, table

from leaderboard.board import build
from leaderboard.comparison import compare
from leaderboard.duels import duels


def test_each_pair_is_what_compare_says_of_it_alone():
    alone = [record("u", "e", k, 0.5, n_labels=100) for k in range(3)]
    few = [record("s", method, k, 0.5, n_labels=10) for method in "de" for k in range(2)]
    board = build([*table(ENTRANT), *alone, *few])
    found = duels(board.rows, board.accuracies)
    names = sorted({method for _, method in ENTRANT})
    # "e" has no task in common with anybody, but with 10 labels.
    assert [(one["method"], one["against"], one["n_labels"]) for one in found] == [
        ("d", "e", 10),
        *((a, b, 100) for a, b in combinations(names, 2)),
    ]
    for one in found:
        said = compare(board.rows, board.accuracies, one["method"], one["against"], one["n_labels"])
        for line in said["tasks"]:
            del line["draws_to_separate"]
        assert one == {name: said[name] for name in one}
