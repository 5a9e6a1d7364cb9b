"""The contract of a method, and the registry through which every method is created.

A method is anything that, shown a :class:`~autows.types.TaskView`, answers with
:class:`~autows.types.Labels`: a weak-supervision system, a baseline, a submission. Methods of this
project live in ``autows/methods`` and ``baselines``; other packages add theirs through the
entry-point group ``autows.methods``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from autows.params import Configurable, Scalar
from autows.registry import Registry
from autows.source import source_hash
from autows.types import Labels, TaskView

NEEDS = frozenset({"class_names", "zero_shot", "class_embeddings"})
"""What a method may declare in ``needs``."""


class Method(Configurable, ABC):
    """Base class of all methods.

    A subclass sets the class attributes, stores its parameters in the constructor (keyword
    arguments with defaults, JSON scalars) and implements :meth:`fit_predict`. The docstring's
    first line is its one-line description.
    """

    name: ClassVar[str] = ""
    """Its name in the registry, equal to the name of its module."""
    family: ClassVar[str] = "other"
    """What kind of method it is: ``control``, ``baseline``, ``autows``, ``zero-shot`` or ``other``."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """What it must have beside features and seeds, out of :data:`NEEDS`; it is shown nothing else."""
    modalities: ClassVar[tuple[str, ...]] = ()
    """Modalities it works on; empty means any."""
    polarities: ClassVar[Mapping[str, str]] = {}
    """Names of itself and its counterpart by ``unipolar`` and ``multipolar``; they share parameters."""

    @property
    def requirements(self) -> frozenset[str]:
        """:attr:`needs`, and what the present parameters need beyond it."""
        return self.needs

    @property
    def seed_name(self) -> str:
        """What a run's generator is named after, beside task and draw: :attr:`name`.

        Stand-ins for what is handed in have a fixed one: an author who can choose could choose the luckiest.
        """
        return self.name

    def skip_reason(self, view: TaskView) -> str | None:
        """Say why the method cannot run on this view, or return None if it can.

        The default compares :attr:`requirements` and ``modalities`` with what the view holds.
        """
        if self.modalities and view.modality not in self.modalities:
            return f"works on {', '.join(self.modalities)}; this task is {view.modality}"
        if "class_names" in self.requirements and view.class_names is None:
            return "needs class names, and this task has none"
        if "zero_shot" in self.requirements and view.zero_shot_pool is None:
            return "needs zero-shot answers, and no zero-shot model speaks for this task"
        if "class_embeddings" in self.requirements and view.template_embeddings is None:
            return "needs text embeddings of the classes in the space of the features, such as clip has them"
        return None

    def spent(self) -> tuple[float, int] | None:
        """Return what the last :meth:`fit_predict` used, if another process did the work; None otherwise.

        Methods leave this as it is. It is for stand-ins, whose records are to tell what the method itself
        took, and not what it takes to hand it a task.

        Returns
        -------
        (float, int) or None
            Seconds, and peak memory in bytes.
        """
        return None

    def code_hash(self) -> str:
        """Return a hash of the code that makes the answers, 16 hexadecimal digits."""
        return source_hash(type(self).__module__)[:16]

    @classmethod
    def about(cls) -> dict[str, Any]:
        """Add family, needs and modalities to what ``list`` shows."""
        return {
            **super().about(),
            "family": cls.family,
            "needs": sorted(cls.needs),
            "modalities": list(cls.modalities),
        }

    @abstractmethod
    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Label the pool and the test rows of a task.

        Parameters
        ----------
        view : TaskView
            Features, seed labels, and what ``needs`` declares. Its arrays are read-only.
        rng : numpy.random.Generator
            The only source of randomness allowed.

        Returns
        -------
        Labels
            One answer for each pool row and each test row.
        """


REGISTRY: Registry[Method] = Registry("method", Method, ("autows.methods", "baselines"))


def names() -> list[str]:
    """Return the names of all methods that can be created, sorted."""
    return REGISTRY.names()


def create(spec: str, **params: Scalar) -> Method:
    """Create a method by name, with parameters in the name's brackets or as keyword arguments.

    Raises
    ------
    UserError
        If the name or a parameter is unknown, or a value is of the wrong type.

    Examples
    --------
    >>> create("snuba[n_iterations=5]").get_params()["n_iterations"]
    5
    """
    return REGISTRY.create(spec, **params)
