"""Families of labeling functions, one module each: stumps, logistic regressions, and what else lies here."""

from __future__ import annotations

from autows.lf_family import Family
from autows.params import Scalar
from autows.registry import Registry

REGISTRY: Registry[Family] = Registry("lf family", Family, ("autows.lfs",))


def names() -> list[str]:
    """Return the names of all families, sorted."""
    return REGISTRY.names()


def create(spec: str, **params: Scalar) -> Family:
    """Create a family by name, with parameters in the name's brackets or as keyword arguments.

    Examples
    --------
    >>> create("stumps").name
    'stumps'
    """
    return REGISTRY.create(spec, **params)
