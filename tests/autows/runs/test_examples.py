"""Rows as a person sees them at a terminal."""

from __future__ import annotations

import numpy as np

from autows.runs.examples import half_blocks, short_text, show, sparkline, telling_words
from autows.texts import Texts


def test_pictures_in_black_and_white():
    image = np.array([[0, 255, 0], [255, 255, 0], [0, 0, 255]], dtype=np.uint8)
    assert half_blocks(image, colour=False) == ["▄█ ", "  ▀"]
    assert half_blocks(image[..., None], colour=False) == ["▄█ ", "  ▀"]


def test_pictures_in_colour():
    image = np.zeros((2, 1, 3), dtype=np.uint8)
    image[0, 0], image[1, 0] = (255, 0, 0), (0, 0, 255)
    (line,) = half_blocks(image, colour=True)
    assert line == "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m"


def test_large_pictures_are_made_small_and_real_ones_scaled():
    # 100 pixels across become 25 squares of four; the middle square is half of each and counts as dark.
    lines = half_blocks(np.kron([[0.0, 5.0], [5.0, 0.0]], np.ones((50, 50))), colour=False)
    dark, bright = " " * 13 + "█" * 12, "█" * 12 + " " * 13
    assert lines == [*[dark] * 6, "▄" * 12 + " " * 13, *[bright] * 5, "▀" * 12 + " " * 13]


def test_pictures_stand_side_by_side_and_other_rows_below_each_other():
    X = np.zeros((4, 2, 2), dtype=np.uint8)
    X[1] = [[0, 255], [255, 255]]
    assert show(X, [1, 1], "image", colour=False) == ["▄█  ▄█"]
    assert show(np.eye(3), [0, 2], "tabular", colour=False) == ["1 0 0", "0 0 1"]
    assert show(np.eye(3), [0], "signal", colour=False) == ["█▁▁"]
    assert show(Texts.of(["one", "two"]), [1], "text", colour=False) == ["- two"]


def test_flat_series_and_pictures_are_drawn():
    assert sparkline(np.ones(5)) == "▁" * 5
    assert len(sparkline(np.arange(1000.0))) == 80
    assert half_blocks(np.full((2, 2), 3.0), colour=False) == ["  "]


def test_long_texts_are_cut_and_control_characters_left_out():
    lines = short_text("a\tb\x1b[31m\n" + "word " * 100)
    assert len(lines) == 2
    assert lines[0].startswith("- a b [31m word")
    assert lines[1].endswith("...")
    assert short_text("") == ["- "]


def test_telling_words_are_shares_of_texts():
    inside, outside = ["free free money", "free song"], ["song money", "song"]
    assert telling_words(inside, outside) == ["free"]
    assert telling_words([], outside) == []
