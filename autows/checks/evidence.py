"""Checks that a method learns from the seeds, and that there is nothing else it could know."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from autows.checks.cases import Case, World, blobs, changed, unit
from autows.checks.compare import filled, scored_rows
from autows.checks.contract import Failed, check
from autows.checks.subject import Subject
from autows.types import Labels

LEAST_P = 1e-4
CLASSES = 8
"""Of a task with permuted labels: so many that one task, of 40,320 namings, can tell from chance."""


def _answers_alike(subject: Subject) -> str | None:
    """Exempt a control that says the same of every row."""
    if subject.method.family != "control":
        return None
    labels = subject.answer("base")
    rows = np.concatenate([labels.pool, labels.test])
    if (rows == rows[0]).all():
        return "it declares to be a control (family), and answers every row alike"
    return None


@check(
    "It learns clearly separated classes",
    "Of rows that the most frequent class gets wrong it should get at least half right, where three clouds "
    "lie six standard deviations apart. Look whether answers and rows are in step.",
    _answers_alike,
)
def learns(subject: Subject) -> None:
    """Compare with the most frequent class on an easy task."""
    case = subject.base
    rows = scored_rows(case.view)
    truth = case.y[rows]
    found = (filled(subject.answer("base"), case.view)[rows] == truth).mean()
    floor = np.bincount(truth).max() / len(truth)
    needed = (1 + floor) / 2
    if found < needed:
        raise Failed(
            f"{found:.0%} of the rows are right on an easy task; the most frequent class has {floor:.0%}, "
            f"and at least {needed:.0%} are expected"
        )


@dataclass(frozen=True)
class Unknowable:
    """A task whose view says nothing about the truth, and the groups its rows lie in.

    The truth of a row is ``names[group]``; ``names`` is drawn last and independently of all that is in
    the view, so that no honest method is better than chance.
    """

    case: Case
    groups: NDArray[np.int64]


def unknowable(world: World, n_classes: int, seed: int) -> Unknowable:
    """Permute the seed labels of an easy task, and let a foundation model speak of something else."""
    rng = np.random.default_rng([seed, 9])
    case = blobs(world, n_classes=n_classes, n_seeds=3 * n_classes, pool=15 * n_classes, test=32, seed=seed)
    view = case.view
    texts = unit(rng.standard_normal((3, n_classes, view.X_pool.shape[1])))
    logits = 3 * unit(np.concatenate([view.X_pool, view.X_test])) @ texts[0].T
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = changed(
        case,
        y_seed=rng.permutation(view.y_seed),
        zero_shot_pool=P[: len(case.y_pool)].astype(np.float32),
        zero_shot_test=P[len(case.y_pool) :].astype(np.float32),
        **({"template_embeddings": texts} if world.embedded else {}),
    )
    names = rng.permutation(n_classes)
    truth = Case(said.view, names[case.y_pool], names[case.y_test])
    return Unknowable(truth, case.y)


def right_by_naming(labels: Labels, task: Unknowable) -> tuple[int, NDArray[np.int64]]:
    """Count right rows, and what this would be under every way to name the groups.

    Returns
    -------
    right : int
        Rows right, seeds left out.
    counts : (K!,) int64 array
        The same for each permutation of names.
    """
    case, K = task.case, task.case.view.n_classes
    rows = scored_rows(case.view)
    decided = filled(labels, case.view)[rows]
    table = np.zeros((K, K), dtype=np.int64)
    np.add.at(table, (task.groups[rows], decided), 1)
    namings = np.array(list(permutations(range(K))))
    found = int((decided == case.y[rows]).sum())
    return found, table[np.arange(K), namings].sum(axis=1)


def chance_of_sum(found: int, counts: list[NDArray[np.int64]]) -> float:
    """Return the chance that a sum of independent draws, one from each array, is at least ``found``.

    Examples
    --------
    >>> chance_of_sum(2, [np.array([0, 1]), np.array([0, 1])])
    0.25
    """
    chance = np.ones(1)
    for values in counts:
        chance = np.convolve(chance, np.bincount(values) / len(values))
    return float(chance[found:].sum())


@check(
    "With permuted seed labels it is no better than chance",
    "Somewhere the truth comes in beside the seeds: from a file, from another object in memory, or from the "
    "order of the rows. Whatever it is, an accuracy gained by it means nothing.",
)
def permuted_labels(subject: Subject) -> None:
    """Compare accuracy under labels that say nothing with its exact distribution.

    The truth names the clouds of a task at random and independently of the view, so every naming was
    as likely as the one that is true. Right rows, summed over several permutations, are compared with
    what they would be under all namings: a one-sided test that holds for any honest method, whatever it
    does with the labels, and fails one in 10,000.
    """
    right_rows, rows, counts = 0, 0, []
    for seed in range(subject.effort.permutations):
        task = unknowable(subject.world, CLASSES, seed)
        found, by_naming = right_by_naming(subject.fit(task.case), task)
        right_rows += found
        rows += len(task.groups) - len(task.case.view.y_seed)
        counts.append(by_naming)
    p = chance_of_sum(right_rows, counts)
    if p < LEAST_P:
        expected = sum(values.mean() for values in counts) / rows
        raise Failed(
            f"{right_rows / rows:.0%} of the rows are right although the seed labels were permuted; chance "
            f"is {expected:.0%} (p = {p:.1g})"
        )
