"""The file of answers: no line is lost, the last word counts."""

from __future__ import annotations

import pytest

import tasks
from autows import method, representations
from autows.errors import CorruptRecord, UserError
from autows.runs.answers import AnswerFile
from autows.runs.cell import Cell
from autows.runs.interactive import _topic


def make_cell(task="breast_cancer"):
    return Cell(tasks.create(task), representations.create("raw"), method.create("iws[oracle=human]"), 0, 100)


def test_no_line_is_lost_whenever_the_process_ends(tmp_path):
    key = _topic(make_cell().key)
    file = AnswerFile(tmp_path, key)
    with file.open() as standing:
        assert standing == {}
        for i in range(5):
            file.add(f"lf{i}", "yn?"[i % 3], {"i": i})
            # What is on the disk is all there is, with nothing left to be closed.
            assert len(file.path.read_text().splitlines()) == i + 2
    content = file.path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for cut in sorted({*range(ends[0], len(content) + 1, 3), *ends}):
        file.path.write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends) - 1
        with file.open() as standing:
            assert list(standing) == [f"lf{i}" for i in range(whole)]
            file.add("next", "y", {})
        with file.open() as standing:
            assert list(standing) == [*(f"lf{i}" for i in range(whole)), "next"]


def test_a_cut_first_line_is_written_anew(tmp_path):
    file = AnswerFile(tmp_path, _topic(make_cell().key))
    with file.open():
        pass
    content = file.path.read_bytes()
    file.path.write_bytes(content[:30])
    with file.open() as standing:
        assert standing == {}
    assert file.path.read_bytes() == content


def test_the_last_word_counts_and_comes_last(tmp_path):
    file = AnswerFile(tmp_path, _topic(make_cell().key))
    with file.open():
        for name, word in (("a", "y"), ("b", "n"), ("a", "n")):
            file.add(name, word, {})
        file.add("c", "y", {})
        file.take_back("c")
    with file.open() as standing:
        assert list(standing.items()) == [("b", "n"), ("a", "n")]


def test_the_end_holds_until_something_is_said(tmp_path):
    file = AnswerFile(tmp_path, _topic(make_cell().key))
    with file.open():
        file.add("a", "y", {})
        file.end_at("b")
        assert file.ended_at == "b"
    for say, said in ((file.add, ("b", "n", {})), (file.take_back, ("a",))):
        content = file.path.read_bytes()
        again = AnswerFile(tmp_path, _topic(make_cell().key))
        with again.open() as standing:
            assert again.ended_at == "b"
            assert list(standing) == ["a"]
        with file.open():
            say(*said)
            assert file.ended_at is None
        with again.open():
            assert again.ended_at is None
        file.path.write_bytes(content)


def test_answers_of_something_else_and_damage_are_told(tmp_path):
    key = _topic(make_cell().key)
    file = AnswerFile(tmp_path, key)
    other = AnswerFile(tmp_path, _topic(make_cell(task="digits").key))
    for each in (file, other):
        with each.open():
            each.add("a", "y", {})
    file.path.write_bytes(other.path.read_bytes())
    with pytest.raises(CorruptRecord, match="line 1"), file.open():
        pass
    other.path.write_bytes(other.path.read_bytes() + b"{damaged\n")
    with pytest.raises(CorruptRecord, match="line 3"), other.open():
        pass


def test_two_people_do_not_answer_at_once(tmp_path):
    key = _topic(make_cell().key)
    second = AnswerFile(tmp_path, key).open()
    with AnswerFile(tmp_path, key).open(), pytest.raises(UserError, match="already"), second:
        pass


# Rows as text
