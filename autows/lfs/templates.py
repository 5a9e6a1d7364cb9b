"""Labeling functions that ask a foundation model in one wording each: a prompt template is a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Family, Models, Rows, Synthesiser


class Templates(Family):
    """Zero-shot probabilities under every prompt template by itself, ``softmax(scale * cosines)``.

    There are as many models as templates. Nothing is fitted to the seeds; they say, when labeling
    functions are chosen, which templates are to be believed for which class and from which
    probability on. Averaging templates hides that, see the family ``zero_shot``.

    Notes
    -----
    A row of length 0 has cosine 0 with everything and gets equal probabilities.

    References
    ----------
    R. Smith, J. Fries, B. Hancock and S. Bach (2024), Language models in the loop: incorporating
    prompting into weak supervision, ACM/IMS Journal of Data Science 1(2) (a prompt as a labeling
    function; here its answers are those of a joint embedding of images and texts).
    """

    name = "templates"
    needs = frozenset({"class_embeddings"})

    def begin(
        self,
        seeds: Rows,
        y: NDArray[np.int64],
        n_classes: int,
        multipolar: bool,
        rng: np.random.Generator,
    ) -> _TemplateSynthesiser:
        """Look at the texts.

        Raises
        ------
        ValueError
            If the rows have no text embeddings.
        """
        return _TemplateSynthesiser(seeds)


class _TemplateSynthesiser(Synthesiser):
    def __init__(self, seeds: Rows) -> None:
        if seeds.template_embeddings is None or seeds.logit_scale is None:
            raise ValueError(
                "templates: rows have no text embeddings; they have them if the features are those of a "
                "foundation model that also embeds texts, such as clip"
            )
        self.n_templates, self.n_classes, d = seeds.template_embeddings.shape
        self.texts = np.ascontiguousarray(seeds.template_embeddings.reshape(-1, d).T)
        self.scale = np.float32(seeds.logit_scale)
        self.Z = self.transform(seeds)

    def transform(self, rows: Rows) -> NDArray[np.float32]:
        """Return probabilities, those of a template side by side, shape (rows, T K)."""
        X = np.asarray(rows.X.toarray() if hasattr(rows.X, "indptr") else rows.X)
        length = np.linalg.norm(X, axis=1, keepdims=True)
        logits = (X @ self.texts) * (self.scale / np.maximum(length, 1e-12))
        P = logits.reshape(len(X), self.n_templates, self.n_classes)
        P -= P.max(axis=2, keepdims=True)
        np.exp(P, out=P)
        P /= P.sum(axis=2, keepdims=True)
        return P.reshape(len(X), -1)

    def fit(self, used: NDArray[np.bool_]) -> TemplateModels:
        """Return the same models whatever seeds are marked."""
        return TemplateModels(self.n_templates, self.n_classes)


@dataclass(frozen=True)
class TemplateModels(Models):
    """One model a template; Z holds the answers.

    Parameters
    ----------
    n_models : int
    n_classes : int
    """

    n_models: int
    n_classes: int

    def predict(self, Z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities, shape (rows, T, K)."""
        return Z.reshape(len(Z), self.n_models, self.n_classes)

    def scores(
        self, Z: NDArray[np.float32], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Return the probability of class ``label[i]`` by template ``model[i]``, shape (rows, len(model))."""
        return Z[:, np.asarray(model) * self.n_classes + label]

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return the template's number, and as features the class, or all of them."""
        features = list(range(self.n_classes)) if label is None else [label]
        return {"kind": "template", "template": model, "features": features, "features_of": "classes"}
