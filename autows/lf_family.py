"""The contract of a family of labeling functions: many small models fitted to the seeds at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from autows.params import Configurable
from autows.types import Matrix, TaskView


@dataclass(frozen=True)
class Rows:
    """What labeling functions look at: features, and what a foundation model says where one speaks.

    Parameters
    ----------
    X : (rows, d) float32 matrix
        Dense, memory-mapped or CSR.
    zero_shot : (rows, K) float array, optional
        Class probabilities of a foundation model.
    template_embeddings : (T, K, d) float32 array, optional
        Text embeddings in the space of X, see :class:`~autows.types.TaskView`; the same for all rows.
    logit_scale : float, optional
        Comes with ``template_embeddings``.
    """

    X: Matrix
    zero_shot: NDArray[np.floating] | None = None
    template_embeddings: NDArray[np.float32] | None = None
    logit_scale: float | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def __getitem__(self, index: slice | NDArray[Any]) -> Rows:
        """Return some of the rows."""
        zero_shot = None if self.zero_shot is None else self.zero_shot[index]
        return replace(self, X=self.X[index], zero_shot=zero_shot)

    def blocks(self, size: int) -> Iterator[tuple[slice, Rows]]:
        """Yield all rows in blocks of at most ``size``, each with where it lies."""
        for start in range(0, len(self), size):
            where = slice(start, min(start + size, len(self)))
            yield where, self[where]

    @classmethod
    def pool(cls, view: TaskView) -> Rows:
        """Return the pool rows of a view."""
        return cls(view.X_pool, view.zero_shot_pool, view.template_embeddings, view.logit_scale)

    @classmethod
    def test(cls, view: TaskView) -> Rows:
        """Return the test rows of a view."""
        return cls(view.X_test, view.zero_shot_test, view.template_embeddings, view.logit_scale)

    @classmethod
    def seeds(cls, view: TaskView) -> Rows:
        """Return the seeds of a view; their zero-shot answers are known if they are pool rows."""
        zero_shot = None
        if view.zero_shot_pool is not None and view.seed_index is not None:
            zero_shot = view.zero_shot_pool[view.seed_index]
        return cls(view.X_seed, zero_shot, view.template_embeddings, view.logit_scale)


class Models(ABC):
    """A batch of M fitted models; each gives every class a probability.

    In a unipolar batch the K probabilities of a model are K separate answers, one class against
    the rest; in a multipolar batch they sum to 1. ``Z`` is what :meth:`Synthesiser.transform` returns.
    """

    n_models: int
    n_classes: int

    @abstractmethod
    def predict(self, Z: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return probabilities, shape (rows, M, K)."""

    @abstractmethod
    def scores(
        self, Z: NDArray[np.float32], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.floating]:
        """Return the probability of class ``label[i]`` by model ``model[i]``, shape (rows, len(model)).

        Equal to ``predict(Z)[:, model, label]`` without computing what is not asked for.
        """

    @abstractmethod
    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return one model as JSON values: ``kind``, ``features`` (list of columns) and its parameters.

        Feature numbers are columns of Z; the synthesiser turns them into columns of X. With
        ``label`` what concerns the other classes is left out.
        """


class Synthesiser(ABC):
    """One family on the seeds of one task: fits all its models at once, to any part of the seeds.

    Parameters
    ----------
    Z : (n, q) float32
        The seeds as the models see them.
    """

    Z: NDArray[np.float32]

    @abstractmethod
    def transform(self, rows: Rows) -> NDArray[np.float32]:
        """Return rows as the models see them, shape (rows, q), dense; call it with a block of rows."""

    @abstractmethod
    def fit(self, used: NDArray[np.bool_]) -> Models:
        """Fit every model to the seeds that are marked, at least one; shape (n,).

        The number of models does not depend on which seeds are marked.
        """

    def describe(self, models: Models, model: int, label: int | None = None) -> dict[str, Any]:
        """Return one model as JSON values, its features as columns of X."""
        return models.describe(model, label)


class Family(Configurable, ABC):
    """Base class of all families of labeling functions.

    A family lives in a module of ``autows/lfs`` with its name; its constructor stores parameters.
    """

    name: ClassVar[str] = ""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What it must have beside features, out of :data:`autows.method.NEEDS`."""

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Add what it needs to what ``list`` shows."""
        return {**super().about(), "needs": sorted(cls.needs)}

    @abstractmethod
    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> Synthesiser:
        """Prepare to fit models to seeds.

        Parameters
        ----------
        seeds : Rows
            The n seeds.
        y : (n,) int64
            Their labels; a class may be absent.
        n_classes : int
        multipolar : bool
            Models of all classes at once rather than one class against the rest.
        rng : numpy.random.Generator
            Decides what is sampled (feature subsets).
        """


class Together(Models):
    """Several batches as one; their models are numbered one batch after the other.

    Parameters
    ----------
    parts : sequence of Models
        Over the same classes and the same Z.
    """

    def __init__(self, parts: Sequence[Models]) -> None:
        self.parts = tuple(parts)
        self.n_classes = parts[0].n_classes
        self._start = np.cumsum([0, *(part.n_models for part in parts)])
        self.n_models = int(self._start[-1])

    def predict(self, Z: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return probabilities, shape (rows, M, K)."""
        return np.concatenate([part.predict(Z) for part in self.parts], axis=1)

    def scores(
        self, Z: NDArray[np.float32], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.floating]:
        """Return the probability of class ``label[i]`` by model ``model[i]``, shape (rows, len(model))."""
        # Not rounded to float32: a score on a threshold must stay on the side where predict has it.
        out = np.empty((len(Z), len(model)))
        for part, number, inside in self._split(model):
            out[:, inside] = part.scores(Z, number, label[inside])
        return out

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return one model as JSON values."""
        part = int(np.searchsorted(self._start, model, side="right")) - 1
        return self.parts[part].describe(model - int(self._start[part]), label)

    def _split(self, model: NDArray[np.intp]) -> Iterator[tuple[Models, NDArray[np.intp], NDArray[np.intp]]]:
        owner = np.searchsorted(self._start, model, side="right") - 1
        for number, part in enumerate(self.parts):
            inside = np.flatnonzero(owner == number)
            if len(inside):
                yield part, np.asarray(model)[inside] - self._start[number], inside
