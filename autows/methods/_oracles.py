"""Who answers whether a labeling function is useful: the seeds, or what a person said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from autows.types import ABSTAIN

PRIOR_VOTES = 2.0
"""Imagined votes at chance before any is seen; with two even classes that is a uniform prior."""
PERSON_CERTAINTY = 0.95
"""How often a person's yes or no is right."""
WORDS = {"y": True, "n": False, "?": None}
"""What a person can say: useful, useless, don't know."""


@dataclass(frozen=True)
class Answer:
    """What is said of a labeling function.

    Parameters
    ----------
    useful : bool or None
        None for "don't know", which has no weight.
    certainty : float
        How likely the answer is right, from 0.5 (a guess) to 1.
    """

    useful: bool | None
    certainty: float = 0.5


class NoMoreAnswers(Exception):
    """The one who is asked has nothing more to say."""


class Oracle(Protocol):
    """Anything that can be asked about a labeling function by its number."""

    def ask(self, j: int) -> Answer:
        """Answer whether it is useful, or raise :class:`NoMoreAnswers`."""


@dataclass(frozen=True)
class SeedRecord:
    """How labeling functions fare on seeds that they did not see.

    Parameters
    ----------
    right, wrong : (C,) int
        Votes that hit or miss the seed's label.
    chance : (C,) float
        Share of such votes that would be right at random: the share of the class voted for.
    """

    right: NDArray[np.int64]
    wrong: NDArray[np.int64]
    chance: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        seed_votes: NDArray[np.int8],
        y: NDArray[np.int64],
        label: NDArray[np.int64],
        prior: NDArray[np.float64],
    ) -> SeedRecord:
        """Count out-of-fold votes, shape (n, C), of labeling functions for one class each."""
        cast = seed_votes != ABSTAIN
        right = (seed_votes == y[:, None]).sum(axis=0)
        return cls(right, cast.sum(axis=0) - right, prior[label])

    @property
    def shapes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both parameters of the Beta posterior of accuracy, each (C,).

        Its prior has the weight of two votes and chance for its mean.
        """
        return (
            PRIOR_VOTES * self.chance + self.right,
            PRIOR_VOTES * (1.0 - self.chance) + self.wrong,
        )

    def useful_chance(self, least: float) -> NDArray[np.float64]:
        """Return the posterior chance that accuracy exceeds chance by a share of what is possible.

        Parameters
        ----------
        least : float
            Useful is an accuracy above ``chance + least (1 - chance)``; 0.2 is 0.6 with two even classes.

        Returns
        -------
        (C,) float64
        """
        a, b = self.shapes
        from scipy.stats import beta as beta_distribution

        return np.asarray(beta_distribution.sf(self.chance + least * (1.0 - self.chance), a, b))

    def lifts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return posterior mean and variance of ``(accuracy - chance) / (1 - chance)``, each (C,)."""
        a, b = self.shapes
        mean = (a / (a + b) - self.chance) / (1.0 - self.chance)
        variance = a * b / ((a + b) ** 2 * (a + b + 1.0)) / (1.0 - self.chance) ** 2
        return mean, variance


class SeedOracle:
    """Answers from votes on the seeds, and says "don't know" where these do not decide.

    Parameters
    ----------
    record : SeedRecord
    least : float
        What is useful, see :meth:`SeedRecord.useful_chance`.
    sure : float
        It answers if the answer's posterior chance is at least this, from 0.5 to 1; without any vote never.
    """

    def __init__(self, record: SeedRecord, least: float, sure: float) -> None:
        self.chance = record.useful_chance(least)
        self.sure = sure
        self.silent = record.right + record.wrong == 0

    def ask(self, j: int) -> Answer:
        """Answer whether labeling function ``j`` is useful."""
        p = float(self.chance[j])
        certainty = max(p, 1.0 - p)
        if self.silent[j] or certainty < self.sure:
            return Answer(None)
        return Answer(p >= 0.5, certainty)


class RecordedOracle:
    """Repeats what a person said, and has nothing more to say about the first thing not asked before.

    Parameters
    ----------
    name : callable of int to str
        Gives the name under which a labeling function's answer is recorded.
    words : mapping of str to str
        Answers by name, each one of :data:`WORDS`.
    """

    def __init__(self, name: Callable[[int], str], words: Mapping[str, str]) -> None:
        self.name = name
        self.words = words

    def ask(self, j: int) -> Answer:
        """Answer as recorded."""
        word = self.words.get(self.name(j))
        if word is None:
            raise NoMoreAnswers
        return person_says(word)


def person_says(word: str) -> Answer:
    """Return a person's word, one of :data:`WORDS`, as an answer."""
    useful = WORDS[word]
    return Answer(None) if useful is None else Answer(useful, PERSON_CERTAINTY)
