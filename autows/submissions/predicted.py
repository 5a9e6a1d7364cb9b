"""Answers that were computed elsewhere, as a method: what scores them is what scores every other one."""

from __future__ import annotations

import numpy as np

from autows.method import Method
from autows.types import Labels, TaskView


class PredictedMethod(Method):
    """Answers that were computed elsewhere and handed in."""

    name = "predictions"
    family = "submission"

    _labels: Labels | None = None
    _source_hash: str = ""
    _used: frozenset[str] = frozenset()

    @classmethod
    def of(cls, name: str, labels: Labels | None, source_hash: str, used: frozenset[str]) -> PredictedMethod:
        """Return a method that gives these answers on every view.

        Parameters
        ----------
        name : str
            What the submission is called.
        labels : Labels or None
            In the order of the task's rows; None for a method that is never run.
        source_hash : str
            Of the answers; identifies them as a method's code does.
        used : frozenset of str
            What they rest on beside features and seeds, in the words of ``needs``.
        """
        made = cls()
        vars(made).update(name=name, _labels=labels, _source_hash=source_hash, _used=used)
        return made

    @property
    def requirements(self) -> frozenset[str]:
        """What the answers are said to rest on."""
        return self._used

    @property
    def labels(self) -> Labels:
        """The answers."""
        if self._labels is None:
            raise TypeError(f"There are no answers of '{self.name}' at hand")
        return self._labels

    def skip_reason(self, view: TaskView) -> str | None:
        """Return None: the answers are there, whatever the view holds."""
        return None

    def code_hash(self) -> str:
        """Return the hash of the answers, 16 hexadecimal digits."""
        return self._source_hash[:16]

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Return the answers."""
        return self.labels
