"""Randomness by name: generators derived from axes, and the seed draws of a task."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autows.errors import UserError

if TYPE_CHECKING:
    from autows.task import Task


def generator(**axes: str | int) -> np.random.Generator:
    """Return a random generator that depends on the named axes and on nothing else.

    Parameters
    ----------
    **axes : str or int
        What the randomness is for, e.g. ``purpose="method", task="digits", draw=0``. Their order
        does not matter.

    Examples
    --------
    >>> a = generator(purpose="demo", draw=0).integers(1000, size=3)
    >>> b = generator(draw=0, purpose="demo").integers(1000, size=3)
    >>> bool((a == b).all())
    True
    """
    digest = hashlib.sha256(json.dumps(axes, sort_keys=True).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def draw(task: Task, k: int, n: int = 100) -> NDArray[np.int64]:
    """Return the pool rows whose labels are given to every method in draw ``k``.

    Uniform at random over the pool without replacement, so that a class may be rare or absent. A
    pure function of the task's id, version and pool size; all three are on its card (a variant
    of the source has a size of its own). Draws are nested:
    the first 50 of ``draw(task, k, 100)`` are ``draw(task, k, 50)``, so that learning curves are
    paired.

    Parameters
    ----------
    task : Task
        The data are read only where the card does not say how large the pool is.
    k : int
        Which draw, from 0.
    n : int, default 100
        How many labels.

    Returns
    -------
    (n,) int64 array
        Row numbers, in the order in which they were drawn.

    Raises
    ------
    UserError
        If ``k`` is negative or ``n`` is not between 1 and one less than the pool.
    """
    card = task.card
    if k < 0:
        raise UserError(f"draw is {k}; draws are numbered from 0")
    rows = task.n_pool
    if not 1 <= n < rows:
        raise UserError(
            f"{n} labels were asked of task '{card.id}'; its pool has {rows} rows, so ask for 1 to {rows - 1}"
        )
    order = generator(purpose="draw", task=card.id, version=card.version, draw=k).permutation(rows)
    return order[:n].astype(np.int64)
