"""Small synthetic tasks with their truth, as plain features or as a foundation model's embeddings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.types import TaskView

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """What kind of task a method is made for.

    Parameters
    ----------
    embedded : bool
        Features are embeddings of length 1, with texts of the classes in the same space.
    modality : str
        Of the raw data.
    """

    embedded: bool = False
    modality: str = "tabular"


@dataclass(frozen=True)
class Case:
    """A task with its truth.

    Parameters
    ----------
    view : TaskView
        Holds everything that any method may ask for; a method is shown what it declares to need.
    y_pool, y_test : (N,) and (M,) int64 arrays
        The truth.
    """

    view: TaskView
    y_pool: NDArray[np.int64]
    y_test: NDArray[np.int64]

    @property
    def y(self) -> NDArray[np.int64]:
        """The truth of pool and test rows, one after the other."""
        return np.concatenate([self.y_pool, self.y_test])


@lru_cache(maxsize=64)
def blobs(
    world: World = World(),
    n_classes: int = 3,
    n_seeds: int = 18,
    pool: int = 75,
    test: int = 45,
    d: int = 6,
    distance: float = 6.0,
    seed: int = 0,
) -> Case:
    """Return one Gaussian cloud a class, of standard deviation 1, at about equal shares.

    Parameters
    ----------
    world : World
    n_classes, n_seeds, pool, test, d : int
        Sizes. Seeds are pool rows in no order, as many of each class as can be.
    distance : float
        Between the two nearest class means, in standard deviations of a cloud.
    seed : int
        Of the random generator.
    """
    rng = np.random.default_rng([seed, n_classes, d])
    means = rng.standard_normal((n_classes, d))
    between = np.linalg.norm(means[:, None] - means[None], axis=2)[np.triu_indices(n_classes, 1)]
    return around(world, means * (distance / between.min()), n_seeds, pool, test, rng)


@lru_cache(maxsize=8)
def arc(world: World, n_classes: int = 4, n_seeds: int = 16, pool: int = 76, test: int = 60) -> Case:
    """Return clouds side by side on an arc in the plane, so that numbers of classes could mislead."""
    angles = np.linspace(0.2, 2.6, n_classes)
    radius = 6 / (2 * np.sin((angles[1] - angles[0]) / 2))
    means = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return around(world, means, n_seeds, pool, test, np.random.default_rng(n_classes))


def around(
    world: World, means: NDArray[np.float64], n_seeds: int, pool: int, test: int, rng: np.random.Generator
) -> Case:
    """Return a case with one cloud around each row of ``means``, shape (K, d)."""
    n_classes, d = means.shape
    y = np.concatenate([rng.permutation(np.arange(rows) % n_classes) for rows in (pool, test)])
    X = means[y] + rng.standard_normal((pool + test, d))
    # The classes take turns, the rows of each in random order.
    by_class = np.lexsort((rng.random(pool), y[:pool]))
    turn = np.arange(pool) - np.searchsorted(y[by_class], y[by_class])
    seed_index = rng.permutation(by_class[np.argsort(turn, kind="stable")][:n_seeds])
    texts = means + 0.1 * np.linalg.norm(means, axis=1, keepdims=True) * rng.standard_normal(means.shape)
    templates = unit(texts + 0.02 * rng.standard_normal((3, *means.shape)))
    logits = 10.0 * unit(X) @ unit(templates.mean(axis=0)).T
    P = np.exp(logits - logits.max(axis=1, keepdims=True))
    P = (P / P.sum(axis=1, keepdims=True)).astype(np.float32)
    X = unit(X) if world.embedded else X.astype(np.float32)
    view = TaskView(
        X_seed=X[seed_index],
        y_seed=y[seed_index],
        X_pool=X[:pool],
        X_test=X[pool:],
        n_classes=n_classes,
        seed_index=seed_index,
        modality=world.modality,
        class_names=tuple(f"kind {k}" for k in range(n_classes)),
        prompts=("a photo of a {}", "a drawing of a {}", "a {}"),
        zero_shot_pool=P[:pool],
        zero_shot_test=P[pool:],
        template_embeddings=templates if world.embedded else None,
        logit_scale=10.0 if world.embedded else None,
    )
    return Case(locked(view), y[:pool], y[pool:])


def unit(A: NDArray[np.floating]) -> Floats:
    """Return vectors of length 1 along the last axis, float32."""
    scaled: Floats = (A / np.linalg.norm(A, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def arrays(view: TaskView) -> dict[str, NDArray[Any]]:
    """Return every array that a view holds, by name; three for a sparse matrix."""
    found = {}
    for field in fields(view):
        value = getattr(view, field.name)
        if isinstance(value, np.ndarray):
            found[field.name] = value
        elif hasattr(value, "indptr"):
            found.update(
                {f"{field.name}.{part}": getattr(value, part) for part in ("data", "indices", "indptr")}
            )
    return found


def hashes(view: TaskView) -> dict[str, str]:
    """Return a hash of the content of every array that a view holds, by name."""
    return {
        name: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        for name, array in arrays(view).items()
    }


def locked(view: TaskView) -> TaskView:
    """Make all arrays of a view read-only, as they are when methods are run; return the view."""
    for array in arrays(view).values():
        array.setflags(write=False)
    return view


def changed(case: Case, **fields: Any) -> Case:
    """Return a case with other fields in its view, read-only."""
    return replace(case, view=locked(replace(case.view, **fields)))


def copied(case: Case) -> Case:
    """Return a case whose arrays are copies, so that whoever writes to them harms nobody else."""
    own = {
        field.name: value.copy()
        for field in fields(case.view)
        if hasattr(value := getattr(case.view, field.name), "shape")
    }
    return changed(case, **own)


def with_features(case: Case, X_pool: Any, X_test: Any) -> Case:
    """Return a case with other features of the same rows; seeds are taken from the pool."""
    return changed(case, X_pool=X_pool, X_test=X_test, X_seed=X_pool[case.view.seed_index])


def with_seeds(case: Case, which: NDArray[Any]) -> Case:
    """Return a case with some of its seeds only."""
    view = case.view
    assert view.seed_index is not None
    return changed(
        case, X_seed=view.X_seed[which], y_seed=view.y_seed[which], seed_index=view.seed_index[which]
    )


def with_rows(case: Case, pool: NDArray[np.int64], test: NDArray[np.int64]) -> Case:
    """Return a case with these rows in this order; seeds stay what they are and must be among them."""
    view = case.view
    assert view.seed_index is not None
    place = np.full(len(case.y_pool), -1)
    place[pool] = np.arange(len(pool))
    P_pool, P_test = view.zero_shot_pool, view.zero_shot_test
    moved = replace(
        view,
        X_pool=view.X_pool[pool],
        X_test=view.X_test[test],
        seed_index=place[view.seed_index],
        zero_shot_pool=None if P_pool is None else P_pool[pool],
        zero_shot_test=None if P_test is None else P_test[test],
    )
    return Case(locked(moved), case.y_pool[pool], case.y_test[test])
