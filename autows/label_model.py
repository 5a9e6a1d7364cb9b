"""The contract of a label model: votes of labeling functions in, class probabilities out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from autows.params import Configurable
from autows.types import ABSTAIN

_BYTES_AT_ONCE = 1 << 20


class LabelModel(Configurable, ABC):
    """Base class of all label models.

    The constructor takes ``n_classes`` (K) and stores its other parameters; learned state ends
    in an underscore. Votes ``L`` are an int8 array or memory map of shape (N, m) with
    :data:`~autows.types.ABSTAIN` (-1) where a labeling function does not vote.
    """

    name: ClassVar[str] = ""
    n_classes: int | None

    @abstractmethod
    def fit(
        self,
        L: NDArray[np.int8],
        y_seed: NDArray[Any] | None = None,
        L_seed: NDArray[np.int8] | None = None,
        prior: NDArray[np.floating] | None = None,
    ) -> Self:
        """Learn from votes, and from labelled rows where there are any.

        Parameters
        ----------
        L : (N, m) int8
            Votes on unlabeled rows.
        y_seed : (n,) int, optional
            Labels of the seeds.
        L_seed : (n, m) int8, optional
            Votes on the seeds; must come with ``y_seed``. Where the seeds made the labeling
            functions these should be out-of-fold votes.
        prior : (K,) float, optional
            Class shares, summing to 1. By default each label model does what its docstring says:
            it learns them, estimates them from the seeds, or takes them to be equal.

        Returns
        -------
        self
        """

    @property
    def note(self) -> str:
        """One sentence about the last fit that whoever reads the answers should know; usually empty."""
        return ""

    @abstractmethod
    def predict_proba(self, L: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return class probabilities, shape (N, K); a row without votes gets the prior."""

    def covered(self, L: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Return which rows have a vote that the fitted model uses, shape (N,): by default, any vote.

        Notes
        -----
        O(N m), in parts of bounded memory.
        """
        answer = np.empty(len(L), dtype=np.bool_)
        for rows in _parts(L):
            answer[rows] = np.any(np.asarray(L[rows]) != ABSTAIN, axis=1)
        return answer


def check_votes(
    L: NDArray[np.int8],
    n_classes: int | None,
    y_seed: NDArray[Any] | None = None,
    L_seed: NDArray[np.int8] | None = None,
    prior: NDArray[np.floating] | None = None,
) -> tuple[int, NDArray[np.float64]]:
    """Validate what :meth:`LabelModel.fit` was given; return K and the prior of shape (K,).

    Raises
    ------
    ValueError
        Naming the argument that is wrong and what was expected.
    """
    if n_classes is None or n_classes < 2:
        raise ValueError(f"n_classes is {n_classes}; give the label model n_classes=K with K at least 2")
    for name, votes in (("L", L), ("L_seed", L_seed)):
        if votes is None:
            continue
        if votes.ndim != 2 or votes.dtype != np.int8:
            raise ValueError(f"{name} is {votes.dtype} of shape {votes.shape}; expected int8 of shape (N, m)")
        lowest, highest = _extremes(votes)
        if lowest < ABSTAIN or highest >= n_classes:
            raise ValueError(
                f"{name} has votes from {lowest} to {highest}; "
                f"expected {ABSTAIN} (abstain) to {n_classes - 1}"
            )
    if (y_seed is None) != (L_seed is None):
        raise ValueError("y_seed and L_seed come together or not at all")
    if y_seed is not None and L_seed is not None:
        if L_seed.shape != (len(y_seed), L.shape[1]):
            raise ValueError(f"L_seed has shape {L_seed.shape}; expected ({len(y_seed)}, {L.shape[1]})")
        if len(y_seed) and (np.min(y_seed) < 0 or np.max(y_seed) >= n_classes):
            raise ValueError(f"y_seed must lie in 0 .. {n_classes - 1}")
    if prior is None:
        return n_classes, np.full(n_classes, 1.0 / n_classes)
    shares: NDArray[np.float64] = np.asarray(prior, dtype=np.float64)
    if shares.shape != (n_classes,) or not (np.all(shares >= 0) and abs(shares.sum() - 1) <= 1e-6):
        raise ValueError(f"prior must be {n_classes} shares that sum to 1; got {shares}")
    return n_classes, shares


def _extremes(votes: NDArray[np.int8]) -> tuple[int, int]:
    """Return the lowest and the highest vote, reading a memory map once; abstentions if there is none."""
    if not votes.size:
        return ABSTAIN, ABSTAIN
    lowest, highest = np.iinfo(np.int8).max, np.iinfo(np.int8).min
    for rows in _parts(votes):
        part = votes[rows]
        lowest, highest = min(lowest, int(part.min())), max(highest, int(part.max()))
    return lowest, highest


def _parts(votes: NDArray[np.int8]) -> Iterator[slice]:
    """Walk the rows of votes in parts of about a megabyte."""
    step = max(1, _BYTES_AT_ONCE // max(votes.shape[1], 1))
    for start in range(0, len(votes), step):
        yield slice(start, start + step)
