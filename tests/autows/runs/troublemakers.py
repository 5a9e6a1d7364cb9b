"""Methods and tasks that do what the harness must survive; workers import them by this module's name."""

from __future__ import annotations

import os
import signal
import time

import numpy as np

from autows.errors import DataMissing, NotApplicable
from autows.method import Method
from autows.representations.raw import Raw
from autows.task import Task, TaskCard, TaskData
from autows.types import Labels


def constant(view, **more):
    return Labels(
        pool=np.zeros(view.X_pool.shape[0], dtype=int),
        test=np.zeros(view.X_test.shape[0], dtype=int),
        n_classes=view.n_classes,
        **more,
    )


class Tiny(Task):
    """Forty rows."""

    card = TaskCard(
        id="tiny",
        version=1,
        title="Tiny",
        modality="tabular",
        class_names=("a", "b"),
        n_pool=30,
        n_test=10,
        source="made here",
        licence="-",
        citation="-",
    )

    def read(self):
        rng = np.random.default_rng(0)
        y = np.arange(40) % 2
        X = rng.standard_normal((40, 3)) + 2 * y[:, None]
        return TaskData(X[:30], y[:30], X[30:], y[30:])


class Absent(Tiny):
    """Data that are not to be had."""

    card = TaskCard(
        **{
            **{f: getattr(Tiny.card, f) for f in ("title", "modality", "class_names", "n_pool", "n_test")},
            **dict(id="absent", version=1, source="nowhere", licence="-", citation="-"),
        }
    )

    def read(self):
        raise DataMissing("absent.zip is not here; fetch it from nowhere into AUTOWS_MIRROR")


class Untitled(Raw):
    """Never applicable."""

    name = "untitled"

    def fit(self, X_pool, modality):
        raise NotApplicable("its weights are not here")


class Good(Method):
    """Zero everywhere."""

    name = "good"

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def fit_predict(self, view, rng):
        time.sleep(self.seconds)
        return constant(view, info={"random": float(rng.random())})


class Raises(Method):
    """Raises."""

    name = "raises"

    def fit_predict(self, view, rng):
        raise ZeroDivisionError("of course")


class Hangs(Method):
    """Never ends."""

    name = "hangs"

    def fit_predict(self, view, rng):
        time.sleep(1000)


class Dies(Method):
    """Takes its process down."""

    name = "dies"

    def fit_predict(self, view, rng):
        os.kill(os.getpid(), signal.SIGKILL)


class Wrong(Method):
    """Answers in a wrong way."""

    name = "wrong"

    def __init__(self, how: str = "shape") -> None:
        self.how = how

    def fit_predict(self, view, rng):
        n = view.X_pool.shape[0]
        if self.how == "type":
            return np.zeros(n)
        if self.how == "shape":
            return Labels(np.zeros(n + 1, dtype=int), np.zeros(10, dtype=int), view.n_classes)
        if self.how == "nan":
            return Labels(np.full((n, 2), np.nan), np.zeros(10, dtype=int), view.n_classes)
        if self.how == "exits":
            raise SystemExit(0)
        if self.how == "interrupts":
            raise KeyboardInterrupt
        if self.how == "writes":
            view.X_pool[0, 0] = 1.0
        if self.how == "peeks":
            view.y_seed[0] = 1
        return constant(view)


class Prints(Method):
    """Prints to where results go."""

    name = "prints"

    def fit_predict(self, view, rng):
        print("NOISE")
        return constant(view)


class Picky(Method):
    """Wants what is not there."""

    name = "picky"
    needs = frozenset({"zero_shot"})

    def fit_predict(self, view, rng):
        raise AssertionError("must not be called")


class Threads(Method):
    """Tells how many threads linear algebra may use."""

    name = "threads"

    def fit_predict(self, view, rng):
        from threadpoolctl import threadpool_info

        np.ones((2, 2)) @ np.ones((2, 2))
        return constant(view, info={"threads": max(pool["num_threads"] for pool in threadpool_info())})
