"""Rows of raw data as a few lines of text, for a person at a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from autows.task import Raw
from autows.texts import Texts

MOST_COLUMNS = 32
"""Larger images are averaged over squares until they are at most this wide."""
TEXT_WIDTH = 100
TEXT_LINES = 2
BARS = "▁▂▃▄▅▆▇█"
BLOCKS = " ▀▄█"
_WORD = re.compile(r"\w+")


def show(X: Raw, rows: Sequence[int], modality: str, colour: bool) -> list[str]:
    """Return rows of raw data as lines; pictures stand side by side.

    Parameters
    ----------
    X : array or Texts
        Raw data as :class:`~autows.task.TaskData` has them.
    rows : sequence of int
    modality : str
    colour : bool
        Whether the terminal shows colours; if not, pictures are black and white.
    """
    if isinstance(X, Texts):
        return [line for row in rows for line in short_text(X[int(row)])]
    if modality in ("image", "field"):
        pictures = [half_blocks(np.asarray(X[int(row)]), colour) for row in rows]
        return ["  ".join(parts) for parts in zip(*pictures, strict=True)]
    if modality == "signal":
        return [sparkline(np.asarray(X[int(row)]).ravel()) for row in rows]
    return [numbers(np.asarray(X[int(row)]).ravel()) for row in rows]


def half_blocks(image: NDArray[Any], colour: bool) -> list[str]:
    """Draw an image, (height, width[, channels]), with two rows of pixels in a line of text.

    Examples
    --------
    >>> half_blocks(np.array([[0, 9], [9, 9]]), colour=False)
    ['▄█']
    """
    pixels = image.astype(np.float64).reshape(*image.shape[:2], -1)
    step = -(-pixels.shape[1] // MOST_COLUMNS)
    height, width = (size // step * step for size in pixels.shape[:2])
    pixels = pixels[:height, :width].reshape(height // step, step, width // step, step, -1).mean(axis=(1, 3))
    low, high = float(image.min()), float(image.max())
    if np.issubdtype(image.dtype, np.integer):
        low, high = 0.0, 255.0
    pixels = (pixels - low) / ((high - low) or 1.0)
    if len(pixels) % 2:
        pixels = np.vstack([pixels, np.zeros_like(pixels[:1])])
    if not colour:
        ink = pixels.mean(axis=2)
        bright = ink > (ink.min() + ink.max()) / 2
        return ["".join(BLOCKS[a + 2 * b] for a, b in zip(*pair, strict=True)) for pair in _pairs(bright)]
    shades = pixels[:, :, :3] if pixels.shape[2] >= 3 else pixels[:, :, [0, 0, 0]]
    rgb = np.rint(255 * np.clip(shades, 0, 1)).astype(int)
    return [
        "".join(
            click.style("▀", fg=(a[0], a[1], a[2]), bg=(b[0], b[1], b[2]))
            for a, b in zip(upper.tolist(), lower.tolist(), strict=True)
        )
        for upper, lower in _pairs(rgb)
    ]


def _pairs(rows: NDArray[Any]) -> Iterable[tuple[NDArray[Any], NDArray[Any]]]:
    return zip(rows[0::2], rows[1::2], strict=True)


def sparkline(values: NDArray[np.number], width: int = 80) -> str:
    """Draw a series as bars, each the mean of a part of it.

    Examples
    --------
    >>> sparkline(np.arange(8.0))
    '▁▂▃▄▅▆▇█'
    """
    pieces = np.array_split(values.astype(np.float64), min(width, len(values)))
    parts = np.array([piece.mean() for piece in pieces])
    low, high = parts.min(), parts.max()
    level = np.rint((parts - low) / ((high - low) or 1.0) * (len(BARS) - 1)).astype(int)
    return "".join(BARS[i] for i in level)


def numbers(values: NDArray[np.number], most: int = 8) -> str:
    """Return the first numbers of a row.

    Examples
    --------
    >>> numbers(np.array([1.0, 2.5, 3.25]), most=2)
    '1 2.5 ... (3 numbers)'
    """
    shown = " ".join(f"{value:.4g}" for value in values[:most].tolist())
    return shown if len(values) <= most else f"{shown} ... ({len(values)} numbers)"


def short_text(text: str) -> list[str]:
    """Return the beginning of a text in at most two lines, the second one indented."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    lines = [flat[i : i + TEXT_WIDTH] for i in range(0, len(flat), TEXT_WIDTH)] or [""]
    if len(lines) > TEXT_LINES:
        lines = lines[:TEXT_LINES]
        lines[-1] = lines[-1][:-3] + "..."
    return ["- " + lines[0], *("  " + line for line in lines[1:])]


def telling_words(inside: Iterable[str], outside: Iterable[str], most: int = 6) -> list[str]:
    """Return the words whose share of texts differs most between two kinds of texts, larger in the first.

    Examples
    --------
    >>> telling_words(["check my channel", "my channel!"], ["nice song", "my song"], most=2)
    ['channel', 'check']
    """
    counts, sizes = [], []
    for texts in (inside, outside):
        lists = [set(_WORD.findall(text.lower())) for text in texts]
        counts.append(Counter(word for words in lists for word in words))
        sizes.append(max(len(lists), 1))
    gain = {word: n / sizes[0] - counts[1][word] / sizes[1] for word, n in counts[0].items()}
    ranked = sorted((word for word in gain if gain[word] > 0), key=lambda word: (-gain[word], word))
    return ranked[:most]
