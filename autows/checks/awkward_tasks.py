"""Checks that a method answers on tasks such as practice has them."""

from __future__ import annotations

import numpy as np

from autows.checks.cases import Case, blobs, changed, unit, with_features, with_rows, with_seeds
from autows.checks.compare import decisions
from autows.checks.contract import Failed, check
from autows.checks.subject import Subject

_COPE = "Tasks like that exist, and a run that raises is a failed run. "
# Tasks that are awkward in two ways, each asked about by a check of its own.
_TEN, _TWINS = "ten classes, half of the features constant", "twins, seeds in groups"
_NARROW, _WILD = "one feature, one test row", "classes without seeds, features of different scales"

LEAST_AGREEMENT = 0.98
"""Share of rows on which answers must agree that ought to be the same. The rest is for rows on a
boundary, which rounding, or a tie among neighbours, puts on either side."""


@check(
    "It answers with one valid label or probability row for every pool and test row",
    "Return autows.Labels(pool=..., test=..., n_classes=view.n_classes): integers from -1 (abstain) to K - 1 "
    "of shape (rows,), or probabilities of shape (rows, K) whose rows sum to 1.",
)
def answers(subject: Subject) -> None:
    """Run on three clearly separated classes."""
    subject.answer("base")


@check("It copes with ten classes of three seeds each", _COPE + "Do not count on many seeds a class.")
def ten_classes(subject: Subject) -> None:
    """Run on more classes than folds or features suggest, with features of which half are constant."""
    case = _ten_classes(subject)
    subject.either(_TEN, _half_constant(subject, case), case)


def _ten_classes(subject: Subject) -> Case:
    return blobs(subject.world, n_classes=10, n_seeds=30, pool=80, test=30, d=8)


@check(
    "It copes with a class that no seed has",
    _COPE
    + "Seeds are drawn at random, so a class may be absent: K is view.n_classes, not what y_seed shows.",
)
def class_without_seeds(subject: Subject) -> None:
    """Leave out the seeds of the first and of the last of four classes; features are of different scales."""
    case = _two_of_four(subject)
    subject.either(_WILD, case if _own_scale(subject) else _wild(case), case)


def _two_of_four(subject: Subject) -> Case:
    case = blobs(subject.world, n_classes=4, n_seeds=20)
    return with_seeds(case, (case.view.y_seed > 0) & (case.view.y_seed < 3))


@check(
    "It copes with seeds that are all of one class, or skips such a task with a reason",
    _COPE + "There is nothing to separate then: answer that class, or return a reason from skip_reason.",
)
def seeds_of_one_class(subject: Subject) -> str | None:
    """Keep the seeds of the second class only."""
    case = with_seeds(subject.base, subject.base.view.y_seed == 1)
    method = subject.make()
    reason = subject.skip_reason(method, case.view.restricted_to(method.requirements))
    if reason is not None:
        return f"skips such a task: {reason}"
    subject.fit(case, method=method)
    return None


@check(
    "It copes with one seed a class",
    _COPE + "Cross-validation then holds out the only seed of a class; see autows.folds.",
)
def one_seed_each(subject: Subject) -> None:
    """Keep the first seed of every class."""
    subject.fit(with_seeds(subject.base, np.unique(subject.base.view.y_seed, return_index=True)[1]))


@check(
    "It copes with seeds that come in groups",
    _COPE + "view.groups_seed says which seeds are of one recording; they belong into one fold.",
)
def grouped_seeds(subject: Subject) -> None:
    """Put half of the seeds in one group, and the others in groups of two; double all other rows."""
    subject.either(_TWINS, _grouped(_doubled(subject.base)), _grouped(subject.base))


def _grouped(case: Case) -> Case:
    rank = np.arange(len(case.view.y_seed))
    return changed(case, groups_seed=np.maximum(rank - len(rank) // 2, -2) // 2)


def _doubled(case: Case) -> Case:
    """Return a case with its seeds first, then all other rows of the pool, and these again."""
    seeds, pool = case.view.seed_index, case.view.unlabeled_index
    assert seeds is not None
    test = np.arange(len(case.y_test))
    return with_rows(case, np.concatenate([seeds, pool, pool]), np.concatenate([test, test]))


@check(
    "It gives duplicated rows the same answer",
    "A label is a function of the features: draw nothing at random row by row, and do not let a row's number "
    "decide. At most 2 % of the pairs may differ, for ties.",
)
def duplicated_rows(subject: Subject) -> None:
    """Double every row that is no seed; distances of zero and ties come with that."""
    doubled = _doubled(subject.base)
    labels = subject.either(_TWINS, _grouped(doubled), doubled)
    pool_answers = decisions(labels, "pool")[len(doubled.view.y_seed) :].reshape(2, -1)
    pairs = np.concatenate([pool_answers, decisions(labels, "test").reshape(2, -1)], axis=1)
    differ = int((pairs[0] != pairs[1]).sum())
    if differ > (1 - LEAST_AGREEMENT) * pairs.shape[1]:
        raise Failed(
            f"{differ} of {pairs.shape[1]} duplicated rows are answered differently from their twins"
        )


@check(
    "It copes with features that are constant",
    _COPE + "Do not divide by a standard deviation or a distance that may be 0.",
)
def constant_features(subject: Subject) -> None:
    """Make half of the features the same in all rows, then all of them."""
    case, d = subject.base, subject.base.view.X_pool.shape[1]
    half = _half_constant(subject, case)
    subject.either(
        _TEN,
        _half_constant(subject, _ten_classes(subject)),
        half,
        on="a task with half of the features constant",
    )
    subject.fit(_constant(subject, case, d), on="a task with all rows the same")


def _half_constant(subject: Subject, case: Case) -> Case:
    return _constant(subject, case, case.view.X_pool.shape[1] // 2)


def _constant(subject: Subject, case: Case, columns: int) -> Case:
    """Return a case with the first features the same in all rows."""
    # A power of two: its mean and its deviation, 0, are exact.
    level = 0.25 if subject.world.embedded else 1.0
    X_pool, X_test = case.view.X_pool.copy(), case.view.X_test.copy()
    for X in (X_pool, X_test):
        X[:, :columns] = level
        if subject.world.embedded:
            # Embeddings keep their length.
            X[:, columns:] = unit(X[:, columns:]) * np.float32(np.sqrt(1 - columns * level**2))
    return with_features(case, X_pool, X_test)


def _dense_only(subject: Subject) -> str | None:
    if subject.world.embedded:
        return "it needs class_embeddings, and features that come with these are dense"
    modalities = subject.method.modalities
    if modalities and "text" not in modalities:
        return f"its modalities are {', '.join(modalities)}; only texts come as sparse features"
    return None


@check(
    "It copes with sparse features",
    _COPE
    + "Raw texts are scipy CSR arrays of TF-IDF: use X @ W, X.sum, or X[rows].toarray() on some rows at a "
    "time; or say for what your method is made, such as modalities = ('image', 'tabular').",
    _dense_only,
)
def sparse_features(subject: Subject) -> None:
    """Make features non-negative and mostly zero, in CSR form."""
    import scipy.sparse

    def thinned(X: np.ndarray) -> scipy.sparse.csr_array:
        return scipy.sparse.csr_array(np.maximum(X - 1, 0).astype(np.float32))

    view = subject.base.view
    subject.fit(with_features(subject.base, thinned(view.X_pool), thinned(view.X_test)))


@check(
    "It copes with a pool hardly larger than the seeds, and with seeds that are not in it",
    _COPE + "view.seed_index may be None, and the pool may have fewer rows than there are seeds.",
)
def small_pool(subject: Subject) -> None:
    """Leave two unlabeled rows beside the seeds; then three rows of pool without any seed in it."""
    case = subject.base
    seeds, pool, test = case.view.seed_index, case.view.unlabeled_index, np.arange(len(case.y_test))
    assert seeds is not None
    subject.fit(with_rows(case, np.concatenate([pool[:2], seeds]), test), on="a pool of seeds and two rows")
    P = case.view.zero_shot_pool
    apart = changed(
        case,
        X_pool=case.view.X_pool[pool[:3]],
        seed_index=None,
        zero_shot_pool=None if P is None else P[pool[:3]],
    )
    subject.fit(
        Case(apart.view, case.y_pool[pool[:3]], case.y_test), on="a pool of three rows without the seeds"
    )


@check("It copes with a single feature", _COPE + "Some features are one number a row.")
def one_feature(subject: Subject) -> None:
    """Run on two classes along a line."""
    subject.either(_NARROW, _along_a_line(subject, 1), _along_a_line(subject, 20))


def _along_a_line(subject: Subject, test: int) -> Case:
    return blobs(subject.world, n_classes=2, n_seeds=10, pool=40, test=test, d=1)


@check("It copes with a single test row", _COPE + "Keep the axis: X[:1] has shape (1, d).")
def one_test_row(subject: Subject) -> None:
    """Run on a test set of one row."""
    case = subject.base
    alone = with_rows(case, np.arange(len(case.y_pool)), np.arange(1))
    assert len(subject.either(_NARROW, _along_a_line(subject, 1), alone).test) == 1


def _own_scale(subject: Subject) -> str | None:
    if subject.world.embedded:
        return "it needs class_embeddings, and features that come with these are embeddings of one scale"
    return None


@check(
    "It copes with features of very different scale and offset",
    _COPE + "Features are raw measurements, in any unit: scale them, and compute sums of squares in float64.",
    _own_scale,
)
def wild_scales(subject: Subject) -> None:
    """Multiply features with 1e-6 to 1e6 and move one far from zero; two classes have no seed."""
    subject.either(_WILD, _wild(_two_of_four(subject)), _wild(subject.base))


def _wild(case: Case) -> Case:
    view = case.view
    scale = np.logspace(-6, 6, view.X_pool.shape[1]).astype(np.float32)
    offset = np.zeros_like(scale)
    offset[len(scale) // 2] = 1e5
    return with_features(case, view.X_pool * scale + offset, view.X_test * scale + offset)
