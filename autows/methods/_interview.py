"""Asking about labeling functions one at a time, and what is kept after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autows.methods._lf_candidates import Candidates
from autows.methods._oracles import Answer, NoMoreAnswers, Oracle
from autows.methods._usefulness import Usefulness, posterior

STRADDLE = 1.96
N_FIRST = 8
"""Questions at random before the model chooses; at least one for each class."""
LIFT_SPREAD = 0.3
"""Prior standard deviation of chance-corrected accuracy around chance, for smoothing all at once."""
LEAST_NOISE = 1e-3

Score = Callable[[NDArray[np.float64], NDArray[np.float64], float], NDArray[np.float64]]
"""How much an answer is wanted, from mean, standard deviation and threshold of usefulness."""


@dataclass
class Interview:
    """What was asked and answered, and what is believed after it.

    Parameters
    ----------
    mean : (C,) float64
        How likely each is useful.
    asked : list of int
    answers : list of Answer
    """

    mean: NDArray[np.float64]
    asked: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def said(self, useful: bool | None) -> NDArray[np.intp]:
        """Return the labeling functions that got this answer, ascending."""
        pairs = zip(self.asked, self.answers, strict=True)
        return np.array(sorted(j for j, answer in pairs if answer.useful is useful), dtype=np.intp)


def hold_interview(
    found: Candidates, oracle: Oracle, model: Usefulness, score: Score, n_queries: int, threshold: float
) -> Interview:
    """Ask until there are enough answers, nothing is left to ask, or the oracle has no more to say.

    Classes take turns, as if each were a task of its own against the rest; the first questions are
    drawn at random.

    Parameters
    ----------
    found : Candidates
    oracle : Oracle
    model : Usefulness
        Without answers yet.
    score : callable
        Which is asked next: :func:`straddle` or :func:`most_useful`.
    n_queries : int
    threshold : float
        See :func:`straddle`.
    """
    interview = Interview(model.mean)
    fresh = np.ones(len(found), dtype=bool)
    classes = np.unique(found.label)
    for number in range(min(n_queries, len(found))):
        mine = fresh & (found.label == classes[number % len(classes)])
        if not mine.any():
            mine = fresh
        if number < max(N_FIRST, len(classes)):
            wanted = -found.rank.astype(np.float64)
        else:
            wanted = score(model.mean, model.std, threshold)
        j = int(np.argmax(np.where(mine, wanted, -np.inf)))
        try:
            answer = oracle.ask(j)
        except NoMoreAnswers:
            break
        fresh[j] = False
        interview.asked.append(j)
        interview.answers.append(answer)
        model.add(j, answer)
    model.settle()
    interview.mean = model.mean
    return interview


def straddle(mean: NDArray[np.float64], std: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return how open it is on which side of the threshold each lies: ``1.96 std - |mean - threshold|``."""
    return STRADDLE * std - np.abs(mean - threshold)


def most_useful(mean: NDArray[np.float64], std: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return the mean: active search asks about what is most likely useful."""
    return mean


def smoothed(found: Candidates, least: float) -> Interview:
    """Ask nothing; smooth what the seeds say of every candidate over those that vote alike.

    Chance-corrected accuracies are regressed on vote features, each with the variance of its Beta
    posterior; the mean is the chance that one exceeds ``least``. O(C^3).
    """
    from scipy.stats import norm

    if len(found) == 0:
        return Interview(np.zeros(0))
    mean, variance = found.record.lifts()
    noise = np.maximum(variance, LEAST_NOISE)
    centre, spread = posterior(found.features, np.arange(len(found)), mean, noise, 0.0, LIFT_SPREAD)
    return Interview(np.asarray(norm.sf(least, centre, np.maximum(spread, 1e-9))))


def final_set(
    kind: str,
    interview: Interview,
    coverage: NDArray[np.float64],
    label: NDArray[np.integer],
    threshold: float,
    n_expected: int,
) -> NDArray[np.intp]:
    """Return which labeling functions are kept, ascending.

    Parameters
    ----------
    kind : str
        ``as``: those said to be useful. ``lse_a``: also all whose mean reaches the threshold.
        ``lse_ac``: of the latter only the first ``n_expected`` by ``(2 mean - 1) coverage``, the
        classes taking turns. What was said to be useless is never kept.
    interview : Interview
    coverage : (C,) float
    label : (C,) int
    threshold : float
        At least 0.5.
    n_expected : int
    """
    useful = interview.said(True)
    if kind == "as":
        return useful
    expected = interview.mean >= threshold
    expected[useful] = False
    expected[interview.said(False)] = False
    index = np.flatnonzero(expected)
    if kind == "lse_ac":
        value = (2.0 * interview.mean[index] - 1.0) * coverage[index]
        index = index[in_turn(value, label[index])[:n_expected]]
    return np.sort(np.concatenate([useful, index]))


def in_turn(value: NDArray[np.float64], label: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return an order in which the classes take turns, each offering its best that is left.

    Examples
    --------
    >>> in_turn(np.array([0.9, 0.8, 0.1, 0.7]), np.array([0, 0, 1, 0])).tolist()
    [0, 2, 1, 3]
    """
    best_first = np.lexsort((-value, label))
    grouped = label[best_first]
    turn = np.empty(len(value), dtype=np.intp)
    turn[best_first] = np.arange(len(value)) - np.searchsorted(grouped, grouped)
    return np.lexsort((-value, turn))
