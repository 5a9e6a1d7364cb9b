"""What a method is given and what it gives back: frozen, validated, plain arrays.

An object of these classes that exists is valid; an invalid one cannot be built, and the error says
which field is wrong and how.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

ABSTAIN = -1
"""The label and the vote of whoever does not want to say."""

WORDS_OF_THE_HARNESS = ("lf_analysis", "lfs", "prompts", "votes_of")
"""What a record's info holds beside what a method told, so that a method's info may not."""

Matrix: TypeAlias = Any
"""A float32 array of shape (rows, d), possibly memory-mapped, or a scipy CSR matrix of that shape."""

_SUM_TOLERANCE = 1e-3


class InvalidView(ValueError):
    """A :class:`TaskView` was given arrays that do not fit together."""


class InvalidLabels(ValueError):
    """:class:`Labels` were given arrays that are not labels; the usual cause of a failed run."""


@dataclass(frozen=True)
class TaskView:
    """All that a method may see of a task: features, the seed labels, and no other label.

    Parameters
    ----------
    X_seed : (n, d) float32 matrix
        Features of the seeds.
    y_seed : (n,) int array
        Their labels, in ``0 .. n_classes - 1``. A class may be absent.
    X_pool : (N, d) float32 matrix
        Features of the whole pool, memory-mapped where it is large. The seeds are among its rows
        when ``seed_index`` says where.
    X_test : (M, d) float32 matrix
        Features of the test rows.
    n_classes : int
        The number of classes K, at least 2.
    seed_index : (n,) int array, optional
        The pool rows that are the seeds. Keeping them in the pool keeps the pool the same memory
        map for every draw; the scorer leaves these rows out of the pool accuracy.
    groups_seed : (n,) int array, optional
        Seeds with the same number belong together (windows of one recording); cross-validation keeps
        them in one fold.
    modality : str
        What the raw data are: ``image``, ``tabular``, ``field``, ``signal`` or ``text``.
    class_names : tuple of str, optional
        One name a class; only for methods that declare the need.
    prompts : tuple of str, optional
        Templates such as ``"a photo of the number {}"``; absent where class names mean nothing to
        a foundation model.
    zero_shot_pool, zero_shot_test : (N, K) and (M, K) float arrays, optional
        Class probabilities from a foundation model that saw no label.
    template_embeddings : (T, K, d) float32 array, optional
        Text embeddings of each class under each of T prompt templates, each of length 1, in the space
        of the features; only where the features are a foundation model's embeddings of the raw data.
    logit_scale : float, optional
        What the model multiplies cosines with before its softmax; comes with ``template_embeddings``.

    Raises
    ------
    InvalidView
        If shapes, types or values do not fit together.
    """

    X_seed: Matrix
    y_seed: NDArray[np.int64]
    X_pool: Matrix
    X_test: Matrix
    n_classes: int
    seed_index: NDArray[np.int64] | None = None
    groups_seed: NDArray[np.int64] | None = None
    modality: str = "tabular"
    class_names: tuple[str, ...] | None = None
    prompts: tuple[str, ...] | None = None
    zero_shot_pool: NDArray[np.floating] | None = None
    zero_shot_test: NDArray[np.floating] | None = None
    template_embeddings: NDArray[np.float32] | None = None
    logit_scale: float | None = None

    def __post_init__(self) -> None:
        if not _is_int(self.n_classes) or self.n_classes < 2:
            raise InvalidView(f"n_classes is {self.n_classes!r}; expected an integer of at least 2")
        for name in ("X_seed", "X_pool", "X_test"):
            _check_matrix(getattr(self, name), name)
        width = self.X_pool.shape[1]
        for name in ("X_seed", "X_test"):
            if getattr(self, name).shape[1] != width:
                raise InvalidView(
                    f"{name} has {getattr(self, name).shape[1]} features and X_pool has {width}"
                )
        n = self.X_seed.shape[0]
        y_seed = np.asarray(self.y_seed)
        if n == 0 or y_seed.shape != (n,):
            raise InvalidView(f"y_seed has shape {y_seed.shape} for {n} seed rows; expected one label a row")
        if not np.issubdtype(y_seed.dtype, np.integer):
            raise InvalidView(f"y_seed is of type {y_seed.dtype}; expected integers")
        if y_seed.min() < 0 or y_seed.max() >= self.n_classes:
            raise InvalidView(
                f"y_seed goes from {y_seed.min()} to {y_seed.max()}; "
                f"expected labels from 0 to {self.n_classes - 1}"
            )
        if self.seed_index is not None:
            _check_seed_index(np.asarray(self.seed_index), n, self.X_pool.shape[0])
        if self.groups_seed is not None and np.shape(self.groups_seed) != (n,):
            raise InvalidView(f"groups_seed has shape {np.shape(self.groups_seed)}; expected ({n},)")
        if self.class_names is not None and len(self.class_names) != self.n_classes:
            raise InvalidView(f"{len(self.class_names)} class names for {self.n_classes} classes")
        if (self.zero_shot_pool is None) != (self.zero_shot_test is None):
            raise InvalidView("zero_shot_pool and zero_shot_test come together or not at all")
        for name, rows in (("zero_shot_pool", self.X_pool), ("zero_shot_test", self.X_test)):
            P = getattr(self, name)
            if P is not None:
                _check_probabilities(P, name, rows.shape[0], self.n_classes, InvalidView)

        self._check_embeddings(width)

    def _check_embeddings(self, width: int) -> None:
        if (self.template_embeddings is None) != (self.logit_scale is None):
            raise InvalidView("template_embeddings and logit_scale come together or not at all")
        if self.template_embeddings is None or self.logit_scale is None:
            return
        E = self.template_embeddings
        if E.ndim != 3 or len(E) == 0 or E.shape[1:] != (self.n_classes, width) or E.dtype != np.float32:
            raise InvalidView(
                f"template_embeddings is {E.dtype} of shape {E.shape}; "
                f"expected float32 of shape (templates, {self.n_classes}, {width})"
            )
        if not np.all(np.abs(np.linalg.norm(E, axis=2) - 1) < _SUM_TOLERANCE):
            raise InvalidView("template_embeddings must have length 1 each")
        if not np.isfinite(self.logit_scale) or self.logit_scale <= 0:
            raise InvalidView(f"logit_scale is {self.logit_scale}; expected a positive number")

    @property
    def class_embeddings(self) -> NDArray[np.float32] | None:
        """One text embedding a class: the mean over templates, of length 1; shape (K, d)."""
        if self.template_embeddings is None:
            return None
        mean = self.template_embeddings.mean(axis=0, dtype=np.float64)
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        return mean.astype(np.float32)

    @property
    def unlabeled_index(self) -> NDArray[np.int64]:
        """The pool rows that are not seeds, ascending; shape (N - n,), or (N,) without ``seed_index``."""
        mask = np.ones(self.X_pool.shape[0], dtype=bool)
        if self.seed_index is not None:
            mask[self.seed_index] = False
        return np.flatnonzero(mask)

    @property
    def seed_counts(self) -> NDArray[np.int64]:
        """How many seeds each class has; shape (K,)."""
        return np.bincount(self.y_seed, minlength=self.n_classes)

    def restricted_to(self, needs: frozenset[str]) -> TaskView:
        """Return the view without class names, prompts and zero-shot answers that are not in ``needs``.

        Who does not declare a need does not get the thing, so that the pools of entrants (labels
        only, zero-shot) are true by construction.
        """
        hidden: dict[str, Any] = {}
        if "class_names" not in needs:
            hidden.update(class_names=None, prompts=None)
        if "zero_shot" not in needs:
            hidden.update(zero_shot_pool=None, zero_shot_test=None)
        if "class_embeddings" not in needs:
            hidden.update(template_embeddings=None, logit_scale=None)
        return replace(self, **hidden) if hidden else self


@dataclass(frozen=True)
class Labels:
    """What a method answers: labels for every pool and test row, abstentions allowed.

    ``pool`` and ``test`` are each either hard labels, shape (rows,), integers with
    :data:`ABSTAIN` where the method does not say, or probabilities, shape (rows, K), rows summing
    to 1 to within 0.001, with the abstentions in the ``covered`` masks.

    Parameters
    ----------
    pool, test : int array of shape (rows,) or float array of shape (rows, K)
        The answers.
    n_classes : int
        The number of classes K.
    pool_covered, test_covered : bool array of shape (rows,), optional
        False where the method abstains. By default hard labels cover every row that is not
        :data:`ABSTAIN`, and probabilities cover every row.
    pool_votes, test_votes : int8 array of shape (rows, m), optional
        Votes of the method's labeling functions, :data:`ABSTAIN` where one does not vote.
    seed_votes : int8 array of shape (n, m), optional
        Votes on the seeds of labeling functions that did not see them (out of fold), from which another
        label model can learn.
    lfs : tuple of mappings, optional
        One description of each labeling function, as JSON values.
    info : mapping, optional
        Anything worth keeping with the run, as JSON values (chosen parameters, diagnostics), under names
        that are not among :data:`WORDS_OF_THE_HARNESS`.

    Raises
    ------
    InvalidLabels
        If an array has the wrong shape or type, NaN, labels out of range, or rows that do not
        sum to 1, or if ``info`` or ``lfs`` is not what it has to be.
    """

    pool: NDArray[Any]
    test: NDArray[Any]
    n_classes: int
    pool_covered: NDArray[np.bool_] | None = None
    test_covered: NDArray[np.bool_] | None = None
    pool_votes: NDArray[np.int8] | None = None
    test_votes: NDArray[np.int8] | None = None
    seed_votes: NDArray[np.int8] | None = None
    lfs: tuple[Mapping[str, Any], ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _is_int(self.n_classes) or self.n_classes < 2:
            raise InvalidLabels(f"n_classes is {self.n_classes!r}; expected an integer of at least 2")
        for name in ("pool", "test"):
            answers = np.asarray(getattr(self, name))
            if answers.ndim == 1:
                _check_hard(answers, name, self.n_classes)
            elif answers.ndim == 2:
                _check_probabilities(answers, name, answers.shape[0], self.n_classes, InvalidLabels)
            else:
                raise InvalidLabels(
                    f"{name} has shape {answers.shape}; expected (rows,) labels or (rows, {self.n_classes}) "
                    "probabilities"
                )
            object.__setattr__(self, name, answers)
            object.__setattr__(self, f"{name}_covered", self._covered(name, answers))
            self._check_votes(name, answers.shape[0])
        self._check_votes("seed", None)
        _check_json({"info": self.info, "lfs": self.lfs})
        taken = next((word for word in WORDS_OF_THE_HARNESS if word in self.info), None)
        if taken is not None:
            raise InvalidLabels(f"info has '{taken}', which the harness itself writes; choose another name")
        given = (self.pool_votes, self.test_votes, self.seed_votes)
        columns = {votes.shape[1] for votes in given if votes is not None}
        if self.lfs:
            columns.add(len(self.lfs))
        if len(columns) > 1:
            raise InvalidLabels(
                f"votes and descriptions are of {sorted(columns)} labeling functions; expected one number"
            )

    def _covered(self, name: str, answers: NDArray[Any]) -> NDArray[np.bool_]:
        given = getattr(self, f"{name}_covered")
        said = answers != ABSTAIN if answers.ndim == 1 else np.ones(answers.shape[0], dtype=bool)
        if given is None:
            return said
        given = np.asarray(given)
        if given.shape != said.shape or given.dtype != np.bool_:
            raise InvalidLabels(
                f"{name}_covered is {given.dtype} of shape {given.shape}; expected bool of shape {said.shape}"
            )
        if np.any(given & ~said):
            raise InvalidLabels(f"{name}_covered is True on rows whose label is ABSTAIN ({ABSTAIN})")
        return given

    def _check_votes(self, name: str, rows: int | None) -> None:
        votes = getattr(self, f"{name}_votes")
        if votes is None:
            return
        if votes.ndim != 2 or rows not in (None, votes.shape[0]) or votes.dtype != np.int8:
            raise InvalidLabels(
                f"{name}_votes is {votes.dtype} of shape {votes.shape}; "
                f"expected int8 of shape ({'n' if rows is None else rows}, m)"
            )
        if votes.size and (votes.min() < ABSTAIN or votes.max() >= self.n_classes):
            raise InvalidLabels(
                f"{name}_votes goes from {votes.min()} to {votes.max()}; "
                f"expected {ABSTAIN} (abstain) to {self.n_classes - 1}"
            )

    def check_against(self, view: TaskView) -> None:
        """Raise :class:`InvalidLabels` unless there is one answer for each row of the view."""
        if self.n_classes != view.n_classes:
            raise InvalidLabels(f"labels are over {self.n_classes} classes; the task has {view.n_classes}")
        for name, X in (("pool", view.X_pool), ("test", view.X_test)):
            rows = getattr(self, name).shape[0]
            if rows != X.shape[0]:
                raise InvalidLabels(f"{name} has {rows} rows; the task's {name} has {X.shape[0]}")
        if self.seed_votes is not None and len(self.seed_votes) != len(view.y_seed):
            raise InvalidLabels(
                f"seed_votes has {len(self.seed_votes)} rows; the task has {len(view.y_seed)} seeds"
            )


def _is_int(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _check_matrix(X: Matrix, name: str) -> None:
    if not hasattr(X, "shape") or len(X.shape) != 2:
        raise InvalidView(f"{name} is not a matrix; expected shape (rows, features)")
    if X.dtype != np.float32:
        raise InvalidView(f"{name} is of type {X.dtype}; expected float32")


def _check_seed_index(index: NDArray[Any], n: int, pool_rows: int) -> None:
    if index.shape != (n,) or not np.issubdtype(index.dtype, np.integer):
        raise InvalidView(f"seed_index is {index.dtype} of shape {index.shape}; expected {n} integers")
    if index.min() < 0 or index.max() >= pool_rows or np.unique(index).size != n:
        raise InvalidView(f"seed_index must hold {n} different rows of the pool's {pool_rows}")


def _check_json(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        try:
            json.dumps(_plain(value), allow_nan=False, sort_keys=True)
        except (TypeError, ValueError) as error:
            raise InvalidLabels(f"{name} must hold JSON values only: {error}") from error


def _plain(value: Any) -> Any:
    """Return mappings as dictionaries, as records are written."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _check_hard(labels: NDArray[Any], name: str, n_classes: int) -> None:
    if not np.issubdtype(labels.dtype, np.integer):
        raise InvalidLabels(
            f"{name} holds hard labels of type {labels.dtype}; expected integers "
            f"(or probabilities of shape (rows, {n_classes}))"
        )
    if labels.size and (labels.min() < ABSTAIN or labels.max() >= n_classes):
        raise InvalidLabels(
            f"{name} has labels from {labels.min()} to {labels.max()}; "
            f"expected {ABSTAIN} (abstain) to {n_classes - 1}"
        )


def _check_probabilities(
    P: NDArray[Any], name: str, rows: int, n_classes: int, error: type[ValueError]
) -> None:
    if P.shape != (rows, n_classes):
        raise error(f"{name} has shape {P.shape}; expected ({rows}, {n_classes})")
    if not np.issubdtype(P.dtype, np.floating):
        raise error(f"{name} holds probabilities of type {P.dtype}; expected floats")
    if not np.all(np.isfinite(P)):
        bad = int(np.flatnonzero(~np.isfinite(P).all(axis=1))[0])
        raise error(f"{name} has NaN or infinity, first in row {bad}")
    if P.size and (P.min() < 0 or P.max() > 1 + _SUM_TOLERANCE):
        raise error(f"{name} has values from {P.min():.4g} to {P.max():.4g}; probabilities lie in [0, 1]")
    off = np.abs(P.sum(axis=1, dtype=np.float64) - 1) > _SUM_TOLERANCE
    if np.any(off):
        bad = int(np.flatnonzero(off)[0])
        raise error(
            f"{name} has rows that do not sum to 1, first row {bad} "
            f"(sum {P[bad].sum(dtype=np.float64):.4g}); mark abstentions in the covered mask"
        )
