"""Label models, one module each: majority vote, Dawid-Skene, and what else lies in this folder.

Other packages add theirs through the entry-point group ``autows.label_models``.
"""

from __future__ import annotations

from autows.label_model import LabelModel
from autows.params import Scalar
from autows.registry import Registry

REGISTRY: Registry[LabelModel] = Registry("label model", LabelModel, ("autows.label_models",))


def names() -> list[str]:
    """Return the names of all label models, sorted."""
    return REGISTRY.names()


def create(spec: str, **params: Scalar) -> LabelModel:
    """Create a label model by name; pass ``n_classes``.

    Examples
    --------
    >>> create("majority_vote", n_classes=3).n_classes
    3
    """
    return REGISTRY.create(spec, **params)
