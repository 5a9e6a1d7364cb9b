"""What tests of representations share: tasks made of arrays, and interruptions."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from autows.task import Task, TaskCard, TaskData


class Staged(Task):
    """A task of given raw data; the labels do not matter."""

    def __init__(self, X_pool, X_test, modality):
        self.data = X_pool, X_test
        self.card = TaskCard(
            id=f"staged_{uuid.uuid4().hex}",
            version=1,
            title="Given data",
            modality=modality,
            class_names=("a", "b"),
            n_pool=len(X_pool),
            n_test=len(X_test),
            source="a test",
            licence="none",
            citation="none",
        )

    def read(self):
        X_pool, X_test = self.data
        return TaskData(X_pool, np.arange(len(X_pool)) % 2, X_test, np.arange(len(X_test)) % 2)


@pytest.fixture
def staged():
    """Return a function that makes a task, with an id of its own, of (X_pool, X_test, modality)."""
    return Staged


@pytest.fixture
def check_resumes(monkeypatch):
    """Return a function that interrupts a representation in its second chunk and resumes it."""

    def check(make, task, rows_at_once, atol):
        pool = task.card.n_pool
        assert pool > 2 * rows_at_once
        first, second, whole = make(), make(), make()
        for representation in (first, second):
            representation.rows_at_once = rows_at_once
        encoded = []

        def record(representation, stop_at):
            encode = representation.encode

            def recording(X, modality):
                if len(encoded) == stop_at:
                    raise KeyboardInterrupt
                encoded.append(len(X))
                return encode(X, modality)

            monkeypatch.setattr(representation, "encode", recording)

        record(first, stop_at=1)
        with pytest.raises(KeyboardInterrupt):
            first.features(task)
        assert encoded == [rows_at_once]
        encoded.clear()
        record(second, stop_at=None)
        features = second.features(task)
        assert sum(encoded) == pool - rows_at_once + task.card.n_test
        data = task.load()
        whole.fit(data.X_pool, task.card.modality)
        for found, X in ((features.X_pool, data.X_pool), (features.X_test, data.X_test)):
            np.testing.assert_allclose(found, whole.encode(X[:], task.card.modality), atol=atol)

    return check
