"""Representations, one module each: raw data to a float32 matrix, cached on disk.

Other packages add theirs through the entry-point group ``autows.representations``.
"""

from __future__ import annotations

from autows.params import Scalar
from autows.registry import Registry
from autows.representation import Representation

REGISTRY: Registry[Representation] = Registry("representation", Representation, ("autows.representations",))


def names() -> list[str]:
    """Return the names of all representations, sorted."""
    return REGISTRY.names()


def create(spec: str, **params: Scalar) -> Representation:
    """Create a representation by name.

    Examples
    --------
    >>> create("pca[n_components=20]").get_params()
    {'n_components': 20}
    """
    return REGISTRY.create(spec, **params)
