from __future__ import annotations

import pytest

from autows.lf_words import WORDS_SHOWN, in_its_words, in_words

STUMP = {"kind": "stump", "features": [43], "threshold": 5.5, "below": 0.05, "above": 0.8}


@pytest.mark.parametrize(
    ("lf", "words"),
    [
        ({**STUMP, "label": 1, "at_least": 0.5}, "cat where feature 43 > 5.5"),
        ({**STUMP, "below": 0.9, "above": 0.1, "label": 1, "at_least": 0.5}, "cat where feature 43 <= 5.5"),
        ({**STUMP, "label": 0, "at_least": 0.9}, "dog where P >= 0.9 by stump of feature 43"),
        (
            {**STUMP, "threshold": None, "label": 0, "at_least": 0.9},
            "dog where P >= 0.9 by stump of feature 43",
        ),
        (
            {"kind": "logistic", "features": [1, 2], "label": 0, "at_least": 0.7},
            "dog where P >= 0.7 by logistic of features 1, 2",
        ),
        (
            {"kind": "prototype", "features": [], "label": 0, "at_least": 0.7},
            "dog where P >= 0.7 by prototype",
        ),
        (
            {"kind": "tree", "features": [1, 2, 3, 4, 5], "beta": 0.3},
            "the likeliest class by tree of 5 features, with lift >= 0.3",
        ),
        (
            {"kind": "template", "template": 2, "features": [0], "label": 0, "at_least": 0.7},
            "dog where P >= 0.7 by prompt template 2",
        ),
        (
            {"kind": "zero_shot", "features": [1], "features_of": "zero_shot", "label": 1, "at_least": 0.7},
            "cat where P >= 0.7 by the zero-shot answer",
        ),
        (
            {**STUMP, "features": [1], "features_of": "zero_shot", "label": 1, "at_least": 0.5},
            "cat where the zero-shot probability of class 1 > 5.5",
        ),
    ],
)
def test_words_say_what_the_description_says(lf, words):
    assert in_words(lf, ("dog", "cat")) == words


def test_without_names_classes_are_numbers():
    assert in_words({**STUMP, "label": 1, "at_least": 0.5}) == "1 where feature 43 > 5.5"


@pytest.mark.parametrize(
    "lf",
    [
        {"kind": "stump"},
        {"kind": "stump", "label": 10**400, "threshold": None, "at_least": 0.5, "features": [1]},
        {"kind": ["a"], "label": "x", "features": 5},
        {**STUMP, "label": 1, "at_least": 0.5, "threshold": 10**400},
        {"kind": "zero_shot", "beta": "\x1b[31m" * 100},
        {"kind": "tree", "features": ["\x1b[2J" * 1000], "beta": 0.5},
    ],
)
def test_no_description_is_too_strange_to_be_shown(lf):
    words = in_its_words(lf, ("dog", "cat"))
    assert 0 < len(words) <= WORDS_SHOWN
    assert words.isprintable()


def test_our_own_descriptions_are_said_as_ever():
    lf = {**STUMP, "label": 1, "at_least": 0.5}
    assert in_its_words(lf, ("dog", "cat")) == in_words(lf, ("dog", "cat"))
    assert in_its_words({}) == ""
