"""What glyph-clip is told about the pictures it is trained on."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Concept(NamedTuple):
    """What a picture shows: a digit, a letter in one case, or a shape."""

    kind: str
    text: str


SHAPES = ("circle", "square", "triangle", "diamond", "star", "heart", "cross", "line", "arrow")
CONCEPTS = (
    *(Concept("digit", c) for c in string.digits),
    *(Concept("upper", c) for c in string.ascii_uppercase),
    *(Concept("lower", c) for c in string.ascii_lowercase),
    *(Concept("shape", name) for name in SHAPES),
)
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

ALIKE = (("0", "O", "o", "circle"), ("1", "I", "l", "line"))
"""Sets whose pictures can be the same; none is taught to be anything but another of its set."""

OF_DIGITS = (
    "{}",
    "a {}",
    "number {}",
    "digit {}",
    "the number {}",
    "the digit {}",
    "the numeral {}",
    "a photo of {}",
    "a photo of a {}",
    "a photo of the number {}",
    "a photo of the digit {}",
    "a photo of the numeral {}",
    "a picture of the number {}",
    "an image of the digit {}",
    "an image of a {}",
    "a printed {}",
    "a black and white photo of the number {}",
    "a white {} on a black background",
    "a blurry photo of the digit {}",
    "a low resolution image of the number {}",
    "a drawing of the number {}",
    "a rendering of the digit {}",
    "this is the number {}",
    "the number {} in the middle of the picture",
)
HELD_OUT = (
    "a handwritten digit {}",
    "a black and white {}",
    "a sketch of the figure {}",
    "a street sign with the number {}",
)
"""Templates that are not trained on, and neither are some of their words; for tests."""

OF_LETTERS = (
    "{} letter {}",
    "the {} letter {}",
    "a {} letter {}",
    "a photo of the {} letter {}",
    "a picture of the {} letter {}",
    "an image of the {} letter {}",
    "a printed {} letter {}",
    "a white {} letter {} on a black background",
    "a blurry photo of the {} letter {}",
    "this is the {} letter {}",
)
CASES = {"upper": ("uppercase", "capital", "big"), "lower": ("lowercase", "small")}

OF_SHAPES = (
    "{}",
    "a {}",
    "the {}",
    "a photo of a {}",
    "a picture of a {}",
    "an image of a {}",
    "a drawing of a {}",
    "a {} shape",
    "the shape of a {}",
    "a white {} on a black background",
    "this is a {}",
)

_START, _END, _BLANK = 49406, 49407, 0
_ROOM = 24


class Captions(NamedTuple):
    """Tokenised captions.

    Parameters
    ----------
    tokens : (n, 24) int64
        In the small vocabulary.
    named : (n, 24) bool
        Which tokens say what is to be seen; the others may be left out.
    shows : (n, concepts) bool
        Which concepts a caption is true of.
    meaning : (n,) int64
        Captions of one number mean the same.
    vocabulary : (v,) int64
        The tokeniser's number of every token of the small vocabulary, ascending; the first is
        the blank.
    """

    tokens: NDArray[np.int64]
    named: NDArray[np.bool_]
    shows: NDArray[np.bool_]
    meaning: NDArray[np.int64]
    vocabulary: NDArray[np.int64]


def alike() -> NDArray[np.bool_]:
    """Return which pairs of concepts have pictures that can be the same, shape (concepts, concepts)."""
    member = np.array([[concept.text in group for group in ALIKE] for concept in CONCEPTS])
    return (member[:, None] & member[None]).any(axis=2)


def sentences() -> Iterator[tuple[str, tuple[Concept, ...], int, int]]:
    """Yield all captions: words, what they are true of, and which words say so (from, to)."""
    for digit, word in zip(string.digits, WORDS, strict=True):
        for template in OF_DIGITS:
            for name in (digit, word):
                at = template.split().index("{}")
                yield template.format(name), (Concept("digit", digit),), at, at + 1
    for letter in string.ascii_lowercase:
        of_case = {"upper": Concept("upper", letter.upper()), "lower": Concept("lower", letter)}
        for template in OF_LETTERS:
            at = template.split().index("{}")
            yield _squeezed(template.format("", letter)), tuple(of_case.values()), at, at + 2
            for case, names in CASES.items():
                for name in names:
                    yield template.format(name, letter), (of_case[case],), at, at + 3
    for shape in SHAPES:
        for template in OF_SHAPES:
            at = template.split().index("{}")
            yield template.format(shape), (Concept("shape", shape),), at, at + 1


def _squeezed(words: str) -> str:
    return " ".join(words.split())


def tokenised(encode: Callable[[str], list[int]]) -> Captions:
    """Return all captions as tokens.

    Parameters
    ----------
    encode : callable
        The tokeniser's ``encode``: words to numbers, without start and end.
    """
    number = {concept: i for i, concept in enumerate(CONCEPTS)}
    meanings: dict[tuple[Concept, ...], int] = {}
    tokens, named, shows, meaning = [], [], [], []
    for words, concepts, first, stop in sentences():
        parts = [encode(word) for word in words.split()]
        is_name = np.repeat([first <= i < stop for i in range(len(parts))], [len(part) for part in parts])
        flat = [_START, *(token for part in parts for token in part), _END]
        tokens.append(flat + [_BLANK] * (_ROOM - len(flat)))
        named.append([True, *is_name.tolist(), True] + [True] * (_ROOM - len(flat)))
        shown = np.zeros(len(CONCEPTS), dtype=bool)
        shown[[number[concept] for concept in concepts]] = True
        shows.append(shown)
        meaning.append(meanings.setdefault(concepts, len(meanings)))
    original = np.array(tokens, dtype=np.int64)
    vocabulary, small = np.unique(original, return_inverse=True)
    return Captions(
        small.reshape(original.shape), np.array(named), np.array(shows), np.array(meaning), vocabulary
    )
