"""What can be found out about a finished run of a voting method when the truth is at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows import label_models
from autows.draws import generator
from autows.end_models.weak import train_on_weak_labels
from autows.errors import CorruptRecord, NotApplicable
from autows.params import parse_spec
from autows.runs.cell import Cell
from autows.runs.diagnostics.aggregation import best_aggregation
from autows.runs.diagnostics.diagnosis import (
    END_MODEL,
    END_MODELS,
    STAGE_NAMES,
    STAGES,
    TRUE_LABELS,
    Diagnosis,
    read,
    write,
)
from autows.runs.diagnostics.subset import climb, greedy_order, prefix_lengths
from autows.runs.locks import hold
from autows.runs.record import Key, Record
from autows.runs.scores import brier, calibration_error, hard, log_loss
from autows.runs.store import RunStore
from autows.runs.views import make_view, spoken
from autows.types import ABSTAIN, Labels, TaskView
from autows.vote_extension import extend_votes
from autows.voting import Votes, VotingMethod

ROWS_TO_CHOOSE_BY = 10_000
"""Pool rows by whose truth labeling functions are chosen."""
MOST_FITS = 600
"""Fits of the label model on the way to a better subset."""


@dataclass(frozen=True)
class Finished:
    """A run that is done, what it left, and the truth.

    Parameters
    ----------
    record : Record
    method : VotingMethod
    view : TaskView
        What the method saw.
    y_pool, y_test : (N,) and (M,) int64
        The truth.
    arrays : mapping
        The predictions, see :meth:`autows.runs.store.RunStore.load_predictions`.
    store : RunStore
        Where the run lies.
    """

    record: Record
    method: VotingMethod
    view: TaskView
    y_pool: NDArray[np.int64]
    y_test: NDArray[np.int64]
    arrays: Mapping[str, NDArray[Any]]
    store: RunStore

    @classmethod
    def open(cls, cell: Cell, record: Record, store: RunStore) -> Finished:
        """Read everything that belongs to a run.

        Raises
        ------
        NotApplicable
            If it kept no votes.
        CorruptRecord
            If its predictions cannot be read.
        """
        method = cell.method
        arrays = store.load_predictions(record)
        if not isinstance(method, VotingMethod) or any(
            f"{side}_votes" not in arrays for side in ("pool", "test", "seed")
        ):
            raise NotApplicable("the run kept no votes")
        data = cell.task.load()
        features = cell.representation.features(cell.task)
        said = spoken(cell.task, cell.representation, method, cell.speaker, cell.prompts)
        view = make_view(cell.task, data, features.X_pool, features.X_test, cell.draw, cell.n_labels, **said)
        y_pool, y_test = (np.asarray(y).astype(np.int64) for y in (data.y_pool, data.y_test))
        return cls(record, method, view.restricted_to(method.requirements), y_pool, y_test, arrays, store)

    @property
    def votes(self) -> Votes:
        """The votes that the label model was given: extended ones if the method extends."""
        arrays = self.arrays
        kept = Votes(arrays["pool_votes"], arrays["test_votes"], arrays["seed_votes"])
        return extend_votes(self.view, kept) if self.method.extend else kept

    def random(self, purpose: str) -> np.random.Generator:
        """Return a generator that depends on the purpose, the task and the draw."""
        return generator(purpose=purpose, task=self.record.key.task, draw=self.record.key.draw)

    def right(self, P: NDArray[Any], covered: NDArray[np.bool_], y: NDArray[np.int64]) -> float:
        """Return the share of right rows, an abstention counting as the most frequent class of the seeds."""
        answer = np.where(covered, hard(P), self.view.seed_counts.argmax())
        return float((answer == y).mean())


def end_models(run: Finished) -> list[dict[str, Any]]:
    """Compare what the end model is taught with: soft labels, hard ones, and no end model.

    Returns
    -------
    list of dict
        Named as in :data:`END_MODELS`, each with ``accuracy`` on the test rows, ``log_loss``, ``brier`` and
        ``ece``. Soft is what the run kept; none is the label model's own answer as the run was scored.
    """
    arrays, view = run.arrays, run.view
    pool = np.where(arrays["pool_covered"], hard(arrays["pool"]), ABSTAIN)
    nothing = np.full(len(run.y_test), ABSTAIN)
    taught = Labels(pool=pool, test=nothing, n_classes=view.n_classes)
    P_hard = train_on_weak_labels(view, taught, run.random("end model")).predict_proba(view.X_test)
    own = run.record.scores
    found: tuple[dict[str, Any], ...] = (
        _probabilistic(arrays["end_model_test"], run.y_test),
        _probabilistic(P_hard, run.y_test),
        {name: own[name] for name in ("accuracy", "log_loss", "brier", "ece")},
    )
    return [{"name": name, **values} for name, values in zip(END_MODELS, found, strict=True)]


def _probabilistic(P: NDArray[Any], y: NDArray[np.int64]) -> dict[str, float]:
    P = P.astype(np.float64)
    right = P.argmax(axis=1) == y
    return {
        "accuracy": round(float(right.mean()), 6),
        "log_loss": round(log_loss(P, y), 6),
        "brier": round(brier(P, y), 6),
        "ece": round(calibration_error(P.max(axis=1), right), 6),
    }


def stages(run: Finished) -> list[dict[str, Any]]:
    """Say where accuracy is lost on the way from features to the answer.

    Returns
    -------
    list of dict
        Named as in :data:`STAGE_NAMES`, each with ``accuracy`` on all test rows:

        - *end model on true labels*: the end model, taught with the truth of the whole pool. What these
          features and this classifier allow, whatever the labels.
        - *best aggregation of the votes*: what the votes hold, whichever label model reads them, see
          :func:`~autows.runs.diagnostics.aggregation.best_aggregation`; ``C``.
        - *best subset of the LFs*: what the method's label model reaches if labeling functions are chosen by
          the truth, see :func:`best_subset`; ``n_lfs`` and ``of`` how many.
        - *label model* and *end model*: what the run reached.

    Notes
    -----
    Each is fitted and chosen on the pool and measured on the test rows, where a stage may by luck be below
    a later one.
    """
    votes, free = run.votes, run.view.unlabeled_index
    best, C = best_aggregation(
        votes.pool[free], run.y_pool[free], votes.test, run.view.n_classes, run.random("best aggregation")
    )
    scores = run.record.scores
    found: tuple[dict[str, Any], ...] = (
        {"accuracy": _on_true_labels(run)},
        {"accuracy": round(float((best == run.y_test).mean()), 6), "C": C},
        best_subset(run, votes),
        {"accuracy": scores["accuracy"]},
        {"accuracy": scores["end_model_accuracy"]},
    )
    return [{"name": name, **values} for name, values in zip(STAGE_NAMES, found, strict=True)]


def best_subset(run: Finished, votes: Votes) -> dict[str, Any]:
    """Choose labeling functions by the truth of the pool and leave their votes to the method's label model.

    Judged by is how often the label model, fitted to at most 10,000 pool rows and the seeds, is right on
    these rows. Where to begin is the best of all labeling functions and of the first 1, 2, 3, 4, 6, 8, ...
    in the order that is greedy for a weighted vote that knows the truth
    (:func:`~autows.runs.diagnostics.subset.greedy_order`); from there labeling functions are put in and
    taken out one at a time (:func:`~autows.runs.diagnostics.subset.climb`), with at most 600 fits.

    On the pool it is at least what was reached, because all labeling functions together are taken if they
    are as good there, and at most what the best of all subsets gives. So the gap to the label model bounds
    from below what a perfect choice among the given labeling functions would gain.

    Returns
    -------
    dict
        ``accuracy`` on the test rows and ``pool_accuracy``, an abstention counting as the most frequent class
        of the seeds; ``n_lfs``, how many were chosen, and ``of``, how many there are.
    """
    view, m, rng = run.view, votes.pool.shape[1], run.random("best subset")
    free = view.unlabeled_index
    by = free[np.sort(rng.permutation(len(free))[:ROWS_TO_CHOOSE_BY])]
    L, y = votes.pool[by], run.y_pool[by]
    name, params = parse_spec(run.method.label_model)

    def quality(lfs: NDArray[np.intp]) -> float:
        model = label_models.create(name, **{**params, "n_classes": view.n_classes})
        mine = np.ascontiguousarray(L[:, lfs])
        try:
            model.fit(mine, view.y_seed, np.ascontiguousarray(votes.seeds[:, lfs]))
        except ValueError:
            return -1.0  # A label model may refuse to work with few labeling functions.
        return run.right(model.predict_proba(mine), model.covered(mine), y)

    order, everything = greedy_order(L, y, view.n_classes), np.arange(m, dtype=np.intp)
    starts = [everything, *(np.sort(order[:length]) for length in prefix_lengths(len(order)))]
    subset = climb(starts, m, quality, rng, MOST_FITS) if m else everything
    # Votes are extended by now.
    method = type(run.method)(**{**run.method.get_params(), "extend": False})
    found = []
    for lfs in (everything, subset):
        pool, test, seeds = (np.ascontiguousarray(L[:, lfs]) for L in (votes.pool, votes.test, votes.seeds))
        labels = method.aggregate(view, Votes(pool, test, seeds))
        assert labels.pool_covered is not None
        assert labels.test_covered is not None
        pool_accuracy = run.right(labels.pool[free], labels.pool_covered[free], run.y_pool[free])
        accuracy = run.right(labels.test, labels.test_covered, run.y_test)
        found.append({"accuracy": accuracy, "pool_accuracy": pool_accuracy, "n_lfs": len(lfs), "of": m})
    best = max(found, key=lambda values: values["pool_accuracy"])
    return {name: round(value, 6) for name, value in best.items()}


def _on_true_labels(run: Finished) -> float:
    """Return the end model's accuracy when taught with the truth; one file for all methods of a draw."""
    key = _true_labels_key(run.record.key)
    root = run.store.root
    with hold(root, key.id):
        try:
            found = read(root, key, TRUE_LABELS, "")
        except CorruptRecord:
            found = None  # What it says can be computed.
        if found is None:
            nothing = np.full(len(run.y_test), ABSTAIN)
            truth = Labels(pool=run.y_pool, test=nothing, n_classes=run.view.n_classes)
            model = train_on_weak_labels(run.view, truth, run.random("end model"))
            answer = model.predict_proba(run.view.X_test).argmax(axis=1)
            accuracy = round(float((answer == run.y_test).mean()), 6)
            found = Diagnosis(key.id, TRUE_LABELS, "", ({"name": STAGE_NAMES[0], "accuracy": accuracy},))
            write(root, key, found)
    return float(found.values[0]["accuracy"])


def _true_labels_key(key: Key) -> Key:
    """Return the key of what all methods have in common: task, features, seeds and protocol."""
    features = {name: value for name, value in key.encoders.items() if name == "representation"}
    return replace(key, method=TRUE_LABELS, parameters={}, source_hash="", encoders=features)


COMPUTE: dict[str, Callable[[Finished], list[dict[str, Any]]]] = {END_MODEL: end_models, STAGES: stages}
"""By kind, what computes its values."""
