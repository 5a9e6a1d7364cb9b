"""Tasks, one module each: what it is, where its data come from, how it is split.

A task is found because its module lies in this folder, or through the entry-point group
``autows.tasks`` of another package.
"""

from __future__ import annotations

from autows.params import Scalar
from autows.registry import Registry
from autows.task import Task

REGISTRY: Registry[Task] = Registry("task", Task, ("tasks",))


def names() -> list[str]:
    """Return the names of all tasks, sorted."""
    return REGISTRY.names()


def create(spec: str, **params: Scalar) -> Task:
    """Create a task by name.

    Raises
    ------
    UserError
        If there is no such task.

    Examples
    --------
    >>> create("digits").card.n_classes
    10
    """
    return REGISTRY.create(spec, **params)
