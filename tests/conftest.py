"""What all tests share: a cache of their own, no network, and small tasks."""

from __future__ import annotations

import os
import tempfile
import uuid
import zipfile
import zlib

# Tests run side by side; each does its linear algebra on one thread.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
# Before any test imports the project: worker processes inherit it.
os.environ["AUTOWS_CACHE"] = tempfile.mkdtemp(prefix="autows-test-cache-")

from autows.task import Task, TaskCard, TaskData
from autows.types import TaskView


@pytest.fixture(scope="session", autouse=True)
def _remove_cache():
    yield
    import shutil

    shutil.rmtree(os.environ["AUTOWS_CACHE"], ignore_errors=True)


@pytest.fixture
def blobs():
    """Return a function that makes a view of Gaussian classes, with its truth."""

    def make(n_classes=3, n=40, pool=120, test=50, d=4, gap=3.0, seed=0, **more):
        rng = np.random.default_rng(seed)
        means = gap * rng.standard_normal((n_classes, d))
        y = rng.integers(n_classes, size=pool + test)
        y[:n_classes] = np.arange(n_classes)
        X = (means[y] + rng.standard_normal((pool + test, d))).astype(np.float32)
        index = np.arange(n)
        view = TaskView(
            X_seed=X[index],
            y_seed=y[index],
            X_pool=X[:pool],
            X_test=X[pool:],
            n_classes=n_classes,
            **{"seed_index": index, **more},
        )
        return view, y[:pool], y[pool:]

    return make


@pytest.fixture
def embedded():
    """Return a function that makes a view of a simulated foundation model's embeddings, with its truth.

    Images lie around class means on the unit sphere; texts lie beside these means, further off by
    ``text_noise``, each template a little elsewhere; zero-shot answers are the softmax of their cosines.
    """

    def make(
        n_classes=4,
        n=40,
        pool=240,
        test=80,
        d=24,
        noise=0.6,
        text_noise=0.8,
        templates=3,
        scale=20.0,
        seed=0,
        **more,
    ):
        rng = np.random.default_rng(seed)

        def unit(A):
            return (A / np.linalg.norm(A, axis=-1, keepdims=True)).astype(np.float32)

        means = unit(rng.standard_normal((n_classes, d)))
        y = rng.integers(n_classes, size=pool + test)
        y[:n_classes] = np.arange(n_classes)
        X = unit(means[y] + noise * rng.standard_normal((len(y), d)) / np.sqrt(d))
        texts = means + text_noise * rng.standard_normal((n_classes, d)) / np.sqrt(d)
        E = unit(texts + 0.2 * rng.standard_normal((templates, n_classes, d)) / np.sqrt(d))
        logits = scale * X @ unit(E.mean(axis=0)).T
        P = np.exp(logits - logits.max(axis=1, keepdims=True))
        P = (P / P.sum(axis=1, keepdims=True)).astype(np.float32)
        index = np.arange(n)
        fields = dict(
            X_seed=X[index],
            y_seed=y[index],
            X_pool=X[:pool],
            X_test=X[pool:],
            n_classes=n_classes,
            seed_index=index,
            modality="image",
            zero_shot_pool=P[:pool],
            zero_shot_test=P[pool:],
            template_embeddings=E,
            logit_scale=scale,
        )
        return TaskView(**{**fields, **more}), y[:pool], y[pool:]

    return make


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
    """Return a function that interrupts a representation on either side and resumes it."""

    def check(make, task, rows_at_once, atol):
        pool = task.card.n_pool
        assert pool > 2 * rows_at_once
        of_pool = -(-pool // rows_at_once)
        for chunks, rows in ((1, rows_at_once), (of_pool, pool)):
            same = Staged(*task.data, task.card.modality)
            interrupt_and_resume(make, same, rows_at_once, atol, chunks, rows)

    def interrupt_and_resume(make, task, rows_at_once, atol, chunks, rows):
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

        record(first, stop_at=chunks)
        with pytest.raises(KeyboardInterrupt):
            first.features(task)
        assert sum(encoded) == rows
        encoded.clear()
        record(second, stop_at=None)
        features = second.features(task)
        assert sum(encoded) == task.card.n_pool + task.card.n_test - rows
        data = task.load()
        whole.fit(data.X_pool, task.card.modality)
        for found, X in ((features.X_pool, data.X_pool), (features.X_test, data.X_test)):
            np.testing.assert_allclose(found, whole.encode(X[:], task.card.modality), atol=atol)

    return check


# A small CLIP, for the tests of CLIP; ``plain_clip`` lies beside them.


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """Compute on the processor, with neither mirror nor hub cache."""
    monkeypatch.setenv("AUTOWS_DEVICE", "cpu")
    monkeypatch.delenv("AUTOWS_MIRROR", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub cache"))


@pytest.fixture(scope="session")
def tiny_model():
    from plain_clip import network

    return network()


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_model, tmp_path_factory):
    from plain_clip import saved

    return saved(tiny_model.state_dict(), tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture(scope="session")
def tiny_configuration(tmp_path_factory):
    from plain_clip import configured

    return configured(tmp_path_factory.mktemp("configuration"))


@pytest.fixture(scope="session")
def tiny_clip(tiny_configuration, tiny_checkpoint):
    """Return a loaded encoder of images and texts."""
    from plain_clip import fitted

    return fitted(tiny_configuration, tiny_checkpoint)


@pytest.fixture
def inflated(monkeypatch):
    """Return a list that gets the number of bytes of each piece inflated, or handed out of an archive."""
    sizes, inflate, read = [], zlib.decompressobj, zipfile.ZipExtFile.read

    class Counting:
        def __init__(self, *arguments):
            self.wrapped = inflate(*arguments)

        def __getattr__(self, name):
            return getattr(self.wrapped, name)

        def decompress(self, *arguments):
            sizes.append(len(piece := self.wrapped.decompress(*arguments)))
            return piece

    def counting(stream, *arguments):
        sizes.append(len(piece := read(stream, *arguments)))
        return piece

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    monkeypatch.setattr(zipfile.ZipExtFile, "read", counting)
    return sizes
