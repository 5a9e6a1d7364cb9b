"""Methods that do one thing wrong each, made from one that passes all checks."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from autows.checks.cases import blobs
from autows.method_template import method_text
from autows.types import ABSTAIN, Labels

_namespace = {"__name__": __name__}
exec(method_text("good"), _namespace)
Good = _namespace["Good"]


def constant(view):
    return Labels(
        np.zeros(view.X_pool.shape[0], int), np.zeros(view.X_test.shape[0], int), n_classes=view.n_classes
    )


class NotLabels(Good):
    def fit_predict(self, view, rng):
        return super().fit_predict(view, rng).pool


class RowMissing(Good):
    def fit_predict(self, view, rng):
        labels = super().fit_predict(view, rng)
        return replace(labels, pool=labels.pool[1:], pool_covered=None)


class SumsAboveOne(Good):
    def fit_predict(self, view, rng):
        return Labels(
            *(np.ones((X.shape[0], view.n_classes)) for X in (view.X_pool, view.X_test)), view.n_classes
        )


class ChangedLater(Good):
    def fit_predict(self, view, rng):
        labels = super().fit_predict(view, rng)
        labels.test[0] = view.n_classes
        return labels


class Exits(Good):
    def fit_predict(self, view, rng):
        sys.exit(3)


class FewClasses(Good):
    def fit_predict(self, view, rng):
        assert view.n_classes < 10, "too many classes"
        return super().fit_predict(view, rng)


class CountsSeenClasses(Good):
    def fit_predict(self, view, rng):
        return replace(super().fit_predict(view, rng), n_classes=max(2, int(view.y_seed.max()) + 1))


class TwoClassesAtLeast(Good):
    def fit_predict(self, view, rng):
        if len(np.unique(view.y_seed)) == 1:
            raise ValueError("one class")
        return super().fit_predict(view, rng)


class TwoSeedsAClass(Good):
    def fit_predict(self, view, rng):
        from sklearn.model_selection import StratifiedKFold

        list(StratifiedKFold(2).split(view.X_seed, view.y_seed))
        return super().fit_predict(view, rng)


class NoGroups(Good):
    def fit_predict(self, view, rng):
        assert view.groups_seed is None
        return super().fit_predict(view, rng)


class NoiseByRow(Good):
    def fit_predict(self, view, rng):
        labels = super().fit_predict(view, rng)
        return replace(
            labels, pool=np.where(rng.random(len(labels.pool)) < 0.2, ABSTAIN, labels.pool), pool_covered=None
        )


class DividesByDeviation(Good):
    def fit_predict(self, view, rng):
        z = (view.X_test - view.X_pool.mean(axis=0)) / view.X_pool.std(axis=0)
        assert np.isfinite(z).all(), "not finite"
        return super().fit_predict(view, rng)


class DenseOnly(Good):
    def fit_predict(self, view, rng):
        assert len(view.X_pool)
        return super().fit_predict(view, rng)


class SeedsInPool(Good):
    def fit_predict(self, view, rng):
        assert len(view.seed_index)
        return super().fit_predict(view, rng)


class SecondFeature(Good):
    def fit_predict(self, view, rng):
        assert view.X_pool[:, 1] is not None
        return super().fit_predict(view, rng)


class Squeezes(Good):
    def fit_predict(self, view, rng):
        assert np.squeeze(view.X_test[:, :2]).ndim == 2
        return super().fit_predict(view, rng)


class NakedExponential(Good):
    def fit_predict(self, view, rng):
        P = np.exp(view.X_test[:, -view.n_classes :].astype(float))
        test = P / P.sum(axis=1, keepdims=True)
        return replace(super().fit_predict(view, rng), test=test, test_covered=None)


class AnyModality(Good):
    modalities = ("image",)

    def skip_reason(self, view):
        return None


class RaisesOnOthers(Good):
    modalities = ("image",)

    def skip_reason(self, view):
        if view.modality != "image":
            raise NotImplementedError("images only")


class NoReason(Good):
    needs = frozenset({"zero_shot", "class_embeddings"})

    def skip_reason(self, view):
        return None


class Picky(Good):
    def skip_reason(self, view):
        return "needs a million rows"


class Sorted(Good):
    def fit_predict(self, view, rng):
        labels = super().fit_predict(view, rng)
        return replace(labels, pool=np.sort(labels.pool), pool_covered=None)


class Regresses(Good):
    def fit_predict(self, view, rng):
        def design(X):
            return np.column_stack([X, np.ones(len(X))])

        w = np.linalg.lstsq(design(view.X_seed), view.y_seed, rcond=None)[0]
        pool, test = (np.rint(design(X) @ w).clip(0, view.n_classes - 1) for X in (view.X_pool, view.X_test))
        return Labels(pool.astype(int), test.astype(int), view.n_classes)


class OwnGenerator(Good):
    def fit_predict(self, view, rng):
        labels = super().fit_predict(view, rng)
        guess = np.random.default_rng().integers(view.n_classes, size=len(labels.pool))
        return replace(labels, pool=guess, pool_covered=None)


class WritesToInput(Good):
    def fit_predict(self, view, rng):
        labels = super().fit_predict(view, rng)
        view.X_test.setflags(write=True)
        view.X_test[0] = 0
        return labels


class WritesToLastInput(Good):
    def fit_predict(self, view, rng):
        if hasattr(self, "last_"):
            self.last_.y_seed.setflags(write=True)
            self.last_.y_seed[:] = 0
        self.last_ = view
        return super().fit_predict(view, rng)


class Converts(Good):
    def __init__(self, least=0.5):
        self.least = float(least)


class StoresElsewhere(Good):
    def __init__(self, least=0.5, power=2):
        self.least = least
        self.p = power


class StoresMore(Good):
    def __init__(self, least=0.5):
        self.least = least
        self.cache = None


class StoresAnotherValue(Good):
    def __init__(self, least=0.5):
        self.least = [least]

    def validate(self):
        pass


class StoresDefault(Good):
    def __init__(self, least=0.5):
        self.least = 0.5 if least == 0.5 else least * 2 if isinstance(least, float) else 0.1


class RefusesToBeMade(Good):
    def __init__(self, least=0.5):
        raise RuntimeError("not today")


class LearnsIntoParameter(Good):
    def fit_predict(self, view, rng):
        self.least = 0.25
        return super().fit_predict(view, rng)


def with_hidden_setting():
    method = Good()
    method.validate = lambda: None
    method.fit_predict = lambda view, rng: constant(view)
    return method


class FitsOnce(Good):
    def fit_predict(self, view, rng):
        self.view_ = getattr(self, "view_", view)
        W = self.view_.X_seed
        view.X_pool @ W.T
        return super().fit_predict(view, rng)


class Counts(Good):
    def fit_predict(self, view, rng):
        self.runs_ = getattr(self, "runs_", 0) + 1
        return super().fit_predict(view, rng) if self.runs_ < 3 else constant(view)


class Constant(Good):
    def fit_predict(self, view, rng):
        return constant(view)


class ConstantControl(Constant):
    family = "control"


class GuessingControl(Good):
    family = "control"

    def fit_predict(self, view, rng):
        return Labels(
            *(rng.integers(view.n_classes, size=X.shape[0]) for X in (view.X_pool, view.X_test)),
            view.n_classes,
        )


class FindsTruth(Good):
    """Looks for the truth in whoever called it."""

    def fit_predict(self, view, rng):
        frame = sys._getframe()
        while frame is not None:
            case = getattr(frame.f_locals.get("task"), "case", None)
            if case is not None:
                return Labels(case.y_pool, case.y_test, view.n_classes)
            frame = frame.f_back
        return super().fit_predict(view, rng)


class OneRow(Good):
    def fit_predict(self, view, rng):
        assert view.X_test.shape[0] > 1
        return super().fit_predict(view, rng)


class OtherwiseElsewhere(Good):
    @staticmethod
    def elsewhere():
        return [constant(blobs().view)]


class DiceForManyRows(Good):
    def fit_predict(self, view, rng):
        if view.X_pool.shape[0] > 150:
            rng = np.random.default_rng()
            return Labels(
                *(rng.integers(view.n_classes, size=X.shape[0]) for X in (view.X_pool, view.X_test)),
                view.n_classes,
            )
        return super().fit_predict(view, rng)


class AllPairs(Good):
    def fit_predict(self, view, rng):
        gram = view.X_pool @ view.X_pool.T
        assert gram.shape[0] == view.X_pool.shape[0]
        return super().fit_predict(view, rng)


class Clock:
    """Stands in for the time: methods say how much they use."""

    seconds = 0.0


class SlowPairs(Good):
    def fit_predict(self, view, rng):
        Clock.seconds += 0.05 + 1e-5 * view.X_pool.shape[0] ** 2
        return super().fit_predict(view, rng)


class SlowRows(Good):
    def fit_predict(self, view, rng):
        Clock.seconds += 0.3 + 1e-3 * view.X_pool.shape[0]
        return super().fit_predict(view, rng)
