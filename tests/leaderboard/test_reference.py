"""The project's own records: of the present code, small, and what the README is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from autows.runs.record import Record
from autows.runs.store import RunStore
from leaderboard import board as boards
from leaderboard import render
from leaderboard.sources import REFERENCE

ROOT = Path(__file__).resolve().parent.parent.parent
ADVICE = "Commit, then run: python scripts/reference_records.py && python scripts/readme_leaderboard.py"


@pytest.fixture(scope="module")
def records():
    found = list(RunStore(REFERENCE).scan())
    assert all(isinstance(record, Record) for record in found)
    return found


def test_they_are_of_the_present_code(records, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from reference_records import curve_cells, suite_cells

    wanted = {cell.key.path for cell in suite_cells() + curve_cells()}
    assert {record.key.path for record in records} == wanted, ADVICE


def test_every_run_ended_well_or_says_why(records):
    assert {record.status for record in records} == {"ok", "skipped"}
    assert all(record.reason for record in records if record.status == "skipped")


def test_they_are_small_and_have_no_predictions(records):
    assert all(record.predictions is None for record in records)
    files = [path for path in REFERENCE.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".md"}
    assert sum(path.stat().st_size for path in files) < 5_000_000


def test_a_leaderboard_before_anything_was_run():
    board = boards.read([], reference=True, submissions=None)
    assert {row["origin"] for row in board.rows} == {"reference"}
    assert {one["pool"] for one in board.standings} == {"labels", "features", "class_names"}
    assert board.curves
    assert board.crossovers
    assert board.stages
    assert not [note for note in board.notes if note.startswith("Left out")]
    assert any(one["method"] == "snuba" and one["against"] == "zero_shot_clip" for one in board.comparisons)
    headings = [line for line in render.to_text(board).splitlines() if line.startswith("Against ")]
    assert headings == ["Against zero_shot_clip (100 labels)", "Against logistic_regression (100 labels)"]


def test_the_readme_is_made_from_them(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from readme_leaderboard import updated

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    board = boards.read([], reference=True, submissions=None)
    assert updated(readme, board) == readme, ADVICE
    assert (ROOT / "docs" / "leaderboard.png").read_bytes().startswith(b"\x89PNG")
