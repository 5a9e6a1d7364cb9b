"""The contract of a representation in whose space texts live too: what zero-shot answers are made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.cache import cached_arrays
from autows.errors import NotApplicable
from autows.representation import Representation
from autows.source import source_hash
from autows.task import Raw, Task, TaskCard
from autows.types import Matrix

ROWS_AT_ONCE = 16_384


class DualEncoder(Representation):
    """Base class of representations that embed the raw data and texts into one space.

    A subclass implements :meth:`load`, ``encode`` and :meth:`encode_texts`; embeddings have length 1.
    """

    logit_scale_: float
    """What cosines are multiplied with before the softmax; known after :meth:`load`."""

    @abstractmethod
    def load(self) -> None:
        """Load both towers; the second call does nothing.

        Raises
        ------
        NotApplicable
            If weights or a package are missing or damaged; says how to provide them.
        """

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return embeddings of texts, shape (n, d), each of length 1; call :meth:`load` first."""

    def at_hand(self) -> bool:
        """Say whether the model can be loaded without the network; looks at files, loads nothing."""
        return True

    def fit(self, X_pool: Raw, modality: str) -> None:
        """Load the model."""
        self.load()

    def class_texts(
        self, card: TaskCard, prompts: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], float]:
        """Return text embeddings of a task's classes, from the cache, and the model's logit scale.

        Parameters
        ----------
        card : TaskCard
        prompts : sequence of str, optional
            Templates with one ``{}``, instead of the card's.

        Returns
        -------
        embeddings : (T, K, d) float32
            One for each template and class, of length 1.
        logit_scale : float

        Raises
        ------
        NotApplicable
            If there are no templates: class names that mean nothing to a foundation model.
        """
        templates = list(card.prompts if prompts is None else prompts)
        if not templates:
            raise NotApplicable(f"class names of task {card.id} mean nothing to a foundation model")
        texts = [template.replace("{}", name) for template in templates for name in card.class_names]
        identity = {
            "texts": texts,
            "representation": self.name,
            "version": self.version,
            "parameters": self.get_params(),
            "source": source_hash(type(self).__module__),
            **self.identity(),
        }

        def compute(folder: Path) -> dict[str, Any]:
            self.load()
            E = np.asarray(self.encode_texts(texts), dtype=np.float32)
            np.save(folder / "E.npy", E.reshape(len(templates), card.n_classes, -1), allow_pickle=False)
            return {"logit_scale": float(self.logit_scale_)}

        arrays, notes = cached_arrays("texts", f"{card.id}-{self.name}", identity, compute)
        return np.array(arrays["E"]), float(notes["logit_scale"])

    def zero_shot(
        self, task: Task, prompts: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the class probabilities of pool and test rows, shapes (N, K) and (M, K).

        Text embeddings are averaged over templates and normalised; probabilities are the softmax of
        ``logit_scale`` times the cosines, taken once.

        Raises
        ------
        NotApplicable
            If the model does not work on the task, or something is missing.

        References
        ----------
        A. Radford et al. (2021), Learning Transferable Visual Models From Natural Language
        Supervision, ICML, section 3.1.
        """
        E, scale = self.class_texts(task.card, prompts)
        mean = E.mean(axis=0, dtype=np.float64)
        texts = (mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)).astype(np.float32)
        features = self.features(task)
        return _answers(features.X_pool, texts, scale), _answers(features.X_test, texts, scale)


def _answers(X: Matrix, texts: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    from scipy.special import softmax

    P = np.empty((X.shape[0], len(texts)), dtype=np.float32)
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        block = np.asarray(X[start : start + ROWS_AT_ONCE])
        block = block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12)
        P[start : start + ROWS_AT_ONCE] = softmax((scale * block @ texts.T).astype(np.float64), axis=1)
    return P
