"""Submissions on the leaderboard: who made them is shown, wherever their runs are."""

from __future__ import annotations

from handed_in import SUBMISSION, cell, edit, hand_in, made_record, record_paths

from autows.runs.store import RunStore
from leaderboard import board as boards


def submitted(board):
    return [(row["origin"], row["submission"] and row["submission"]["author"]) for row in board.rows]


def test_who_made_a_submission_is_shown_wherever_its_runs_are(tmp_path):
    results, accepted = tmp_path / "results", tmp_path / "accepted"
    for k in (0, 1):
        RunStore(results).write(made_record(cell(k)))
    assert submitted(boards.read([results], submissions=None)) == [("results", None)]
    hand_in(results / "submissions")
    assert submitted(boards.read([results], submissions=None)) == [("results", "A. Author")]
    hand_in(accepted)
    assert submitted(boards.read([], submissions=accepted)) == [("submission", "A. Author")]
    # One's own runs, and what was said when they were accepted.
    (results / "submissions" / SUBMISSION.name / "submission.json").unlink()
    both = boards.read([results], submissions=accepted)
    assert submitted(both) == [("results", "A. Author")]
    assert both.methods[0]["submission"]["sandbox"] == "bubblewrap"
    assert sum(f"submission {SUBMISSION.name}:" in note for note in both.notes) == 1


def test_what_a_submission_says_of_a_task_is_not_shown(tmp_path):
    lying = {"title": "Mine", "modality": "text", "n_classes": 2, "same_as": {"raw": "breast_cancer"}}
    for path in record_paths(hand_in(tmp_path)):
        edit(path, task_info=lying)
    (row,) = boards.read([], submissions=tmp_path).rows
    assert (row["title"], row["same_as"]) == (cell().task.card.title, None)
