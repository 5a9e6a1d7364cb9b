"""Sentences on a narrow terminal."""

from __future__ import annotations

import os
import sys

import pytest

from commands.wrapped import say, wrapped


@pytest.mark.parametrize("width", [20, 33, 80])
def test_lines_are_broken_between_words_and_nothing_is_lost(width):
    text = "ok   statement: method 'soft-means' by A. Author\n     needs nothing beside features\n\nIn order"
    lines = wrapped(text, width, hang=5).split("\n")
    assert max(map(len, lines)) <= width
    assert " ".join(lines).split() == text.split()
    assert "" in lines, "an empty line stays"
    assert wrapped(text, None) == text
    assert wrapped("a/path/that/is/longer/than/the/line", 10) == "a/path/that/is/longer/than/the/line"


@pytest.mark.parametrize("terminal", [True, False])
def test_only_what_goes_to_a_terminal_is_broken(terminal, capsys, monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((12, 5)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    say("words and more words", err=True, hang=2)
    expected = "words and\n  more words\n" if terminal else "words and more words\n"
    assert capsys.readouterr() == ("", expected)
