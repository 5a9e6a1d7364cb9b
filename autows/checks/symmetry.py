"""Checks that what does not matter does not matter: the order of rows, the numbers of classes."""

from __future__ import annotations

import numpy as np

from autows.checks.awkward_tasks import LEAST_AGREEMENT
from autows.checks.cases import Case, arc, changed, with_rows
from autows.checks.compare import all_decisions, decisions, scored_rows
from autows.checks.contract import Failed, check
from autows.checks.subject import Subject

LEAST_P = 1e-3
GENERATORS = 3


@check(
    "Rows in another order get the same answers",
    "Answer pool and test row by row, in the order of the view, and read nothing from where a row stands.",
)
def row_order(subject: Subject) -> None:
    """Sort pool and test rows by class, and compare with the answers in no order.

    At least 98 % of the rows must be decided the same. A method that samples rows draws others when they
    lie elsewhere; what another generator changes, on the rows as they were, is granted to it in addition.
    """
    case = subject.base
    pool, test = np.argsort(case.y_pool, kind="stable"), np.argsort(case.y_test, kind="stable")
    usual, moved = subject.answer("base"), subject.fit(with_rows(case, pool, test))

    def differ(part: str, rows: np.ndarray) -> int:
        return int((decisions(usual, part)[rows] != decisions(moved, part)).sum())

    found = differ("pool", pool) + differ("test", test)
    rows = len(pool) + len(test)
    allowed = (1 - LEAST_AGREEMENT) * rows
    if found > allowed:
        another = subject.fit(case, seed=1)
        allowed += sum((decisions(usual, p) != decisions(another, p)).sum() for p in ("pool", "test"))
    if found > allowed:
        raise Failed(
            f"{found} of {rows} rows get another answer when pool and test are in another order; "
            f"at most {int(allowed)} may"
        )


@check(
    "It is as good when classes are numbered otherwise",
    "Labels are names, not quantities: do not regress on them, and do not let class 0 mean 'none'.",
)
def renamed_classes(subject: Subject) -> None:
    """Give four classes that lie side by side other numbers, and compare which rows are right.

    A two-sided sign test on the rows that are right under one numbering only. A difference that is
    significant at the level 0.001, and in the same direction under each of three generators, fails: what
    luck makes of a few seeds goes either way.
    """
    case = arc(subject.world)
    to = np.array([2, 0, 3, 1])
    back = np.argsort(to)
    view = case.view
    P_pool, P_test, E = view.zero_shot_pool, view.zero_shot_test, view.template_embeddings
    assert P_pool is not None
    assert P_test is not None
    assert view.class_names is not None
    renamed = changed(
        case,
        y_seed=to[view.y_seed],
        zero_shot_pool=P_pool[:, back],
        zero_shot_test=P_test[:, back],
        class_names=tuple(view.class_names[k] for k in back),
        template_embeddings=None if E is None else E[:, back],
    )
    renamed = Case(renamed.view, to[case.y_pool], to[case.y_test])
    # Abstentions are wrong here: which class they fall to may depend on a tie among the seeds.
    rows = scored_rows(view)
    gains = []
    for seed in range(GENERATORS):
        once, then = ((all_decisions(subject.fit(c, seed)) == c.y)[rows] for c in (case, renamed))
        lost, won = int((once & ~then).sum()), int((then & ~once).sum())
        p = sign_test(lost, won)
        gains.append(np.sign(won - lost))
        if p >= LEAST_P or gains[-1] != gains[0]:
            return
    raise Failed(
        f"with the same classes numbered otherwise, {then.mean():.0%} of the rows are right instead of "
        f"{once.mean():.0%} (p = {p:.1g})"
    )


def sign_test(a: int, b: int) -> float:
    """Return the two-sided p-value of ``a`` wins against ``b`` under a fair coin.

    Examples
    --------
    >>> sign_test(0, 5)
    0.0625
    """
    from scipy.stats import binomtest

    return float(binomtest(a, a + b).pvalue) if a + b else 1.0
