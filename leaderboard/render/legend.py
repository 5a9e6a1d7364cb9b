"""How to read a leaderboard's tables, as far as there are any of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from leaderboard.board import Board
from leaderboard.stages import MEANINGS

NORMAL = 1.96
"""Standard errors of a 95 % interval of many test rows."""


def legend(board: Board, best: str, tie: str) -> list[str]:
    """Return what has to be known to read the tables, a paragraph a kind of table.

    Parameters
    ----------
    board : Board
    best, tie : str
        How the best of a task and its features is marked, and what is not told from it.
    """
    return [
        " ".join(part)
        for part in (_tasks(board, best, tie), _standings(board), _comparisons(board), _stages(board))
        if part
    ]


def _tasks(board: Board, best: str, tie: str) -> list[str]:
    said = [
        "Accuracy is on all test rows in per cent, an abstention counting as the most frequent seed class: "
        "mean ± half-width of the 95 % interval over draws, or its ends where it ends at 0 or 100.",
        *_test_sets(board),
        f"The best of a task and its features is {best}; {tie} is not told from the best (paired t over "
        "draws, Holm over all pairs). Covered is the accuracy on the rows the method does not abstain on; "
        "end model that of a classifier trained on its labels and on the seeds with their true ones, which "
        "lifts that of majority_class above chance.",
    ]
    speaking = sorted({row["zero_shot"] for row in board.rows if row["zero_shot"]})
    if speaking:
        said.append("In brackets: the foundation model that answered zero-shot.")
        said += [f"{spec}: {summary}" for spec in speaking if (summary := _summary(spec))]
    if any(row["worth_labels"] or row["worth_note"] for row in board.rows):
        said.append(
            "Worth: so many labels logistic regression needs for the same accuracy, and between which "
            "numbers it is not told from it (95 %); not monotone where its curve passes that accuracy more "
            "than once."
        )
    return said


def _summary(spec: str) -> str:
    """Return what a foundation model is in a line, empty if this program does not know it."""
    from autows import representations

    name = spec.partition("[")[0]
    return (
        str(representations.REGISTRY.get(name).about()["summary"]) if name in representations.names() else ""
    )


def _test_sets(board: Board) -> Iterator[str]:
    """Say what no interval over draws holds: how far accuracies are off because test sets are finite."""
    errors: dict[str, list[float]] = {}
    for row in board.rows:
        if row["accuracy_se"] is not None:
            errors.setdefault(row["task"], []).append(row["accuracy_se"])
    if errors:
        told = ", ".join(
            f"{task} {100 * NORMAL * median(those):.1f}" for task, those in sorted(errors.items())
        )
        yield f"The finite test set adds about ± so many points (95 %), which no interval has in it: {told}."


def _standings(board: Board) -> list[str]:
    if not board.standings:
        return []
    return [
        "Mean rank is over tasks, 1 is best; tied are entrants that are not told from the first one of their "
        "group (t over tasks, Holm over all pairs). The interval of a mean accuracy is over draws, on these "
        "tasks (95 %).",
        "Wins: share of tasks on which it is ahead of another entrant; strength: Bradley-Terry, log scale.",
    ]


def _comparisons(board: Board) -> list[str]:
    if not board.comparisons:
        return []
    return [
        "Points: accuracy less that of the control, paired by draw, every task weighing the same. The 95 % "
        "interval is over tasks (Student's t), about other tasks like these, with a single task over its "
        "draws; on these tasks it is over draws alone. Verdict: better, worse or open over tasks, with p "
        "adjusted (Holm) for all complete methods of the table, so that it may be open where an interval "
        "leaves out zero: among many some do by chance; better here or worse here on these tasks only. "
        "Tasks: those that both have, of those the method could have."
    ]


def _stages(board: Board) -> list[str]:
    title = "From what the features allow to what was reached, by stages."
    return [title, *MEANINGS.values()] if board.stages else []
