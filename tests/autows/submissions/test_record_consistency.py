"""Numbers of a record that cannot be true together are found without another run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from handed_in import Handed, K, Mine

from autows import representations
from autows.lf_analysis import analyse
from autows.runs.cell import Cell
from autows.runs.scores import curves, score
from autows.runs.views import make_view
from autows.submissions.consistency import faults
from autows.submissions.verification import check_consistency
from autows.types import Labels

SIDES = {"pool": 90, "test": 40}


def cell(groups=False):
    return Cell(Handed(groups=groups), representations.create("raw"), Mine(), 0, 20)


def scored(seed=0, groups=False, hard=False, right=False):
    """Return a record that was scored as every run is; abstains on some rows."""
    one = cell(groups)
    data = one.task.load()
    X_pool, X_test = (np.asarray(X, dtype=np.float32) for X in (data.X_pool, data.X_test))
    view = make_view(one.task, data, X_pool, X_test, 0, 20)
    rng = np.random.default_rng(seed)
    P = {side: rng.dirichlet(np.ones(K), size=rows).astype(np.float32) for side, rows in SIDES.items()}
    covered = {f"{side}_covered": rng.random(rows) < 0.9 for side, rows in SIDES.items()}
    if right:
        P, covered = {"pool": np.eye(K)[data.y_pool], "test": np.eye(K)[data.y_test]}, {}
    if hard:
        P = {side: np.where(covered[f"{side}_covered"], p.argmax(axis=1), -1) for side, p in P.items()}
    labels = Labels(**P, **({} if hard else covered), n_classes=K)
    votes = rng.integers(-1, K, size=(90, 4)).astype(np.int8)
    found = score(
        view,
        labels,
        P["test"] if not hard else np.eye(K)[P["test"]],
        data.y_pool,
        data.y_test,
        data.groups_pool,
        data.groups_test,
    )
    return one.record(
        "ok",
        scores={name: None if value is None else round(value, 6) for name, value in found.items()},
        curves=curves(view, labels, data.y_test),
        info={"lfs": [], "lf_analysis": analyse(votes, K, view.y_seed, votes[:20])},
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("hard", [False, True])
def test_what_was_scored_is_true_together(seed, hard):
    assert faults(scored(seed, hard=hard), 40, 90) == []


def test_so_are_answers_without_a_mistake_and_tasks_of_unknown_size():
    assert faults(scored(right=True), 40, 90) == []
    assert faults(scored()) == []


def changed(record, **scores):
    return replace(record, scores={**record.scores, **scores})


def moved(record, curve, part, point, by):
    values = [v + by * (i == point) for i, v in enumerate(record.curves[curve][part])]
    return replace(record, curves={**record.curves, curve: {**record.curves[curve], part: values}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: changed(r, accuracy=r.scores["accuracy"] + 0.01), "no whole number of 40 test rows"),
        (lambda r: changed(r, accuracy=r.scores["accuracy"] + 0.5), "accuracy_covered"),
        (lambda r: changed(r, accuracy=r.scores["accuracy"] + 0.025), "reliability has an accuracy of"),
        (lambda r: changed(r, accuracy_se=0.0), "accuracy_se is 0.0; of an accuracy of"),
        (lambda r: changed(r, accuracy_se=None), "accuracy_se is None, of 40 rows"),
        (lambda r: changed(r, coverage=0.99), "coverage is 0.99, no whole number"),
        (lambda r: changed(r, coverage=1.0, accuracy_covered=0.975), "all rows are covered"),
        (lambda r: changed(r, accuracy_covered=None), "accuracy_covered None"),
        (lambda r: changed(r, accuracy_covered=0.99), "accuracy_covered is 0.99, no whole number of"),
        (lambda r: changed(r, macro_f1=1.0), "and macro_f1 1.0"),
        (lambda r: changed(r, end_model_accuracy=0.99), "end_model_accuracy is 0.99, no whole"),
        (lambda r: changed(r, end_model_accuracy=None), "it has no end_model_accuracy"),
        (lambda r: changed(r, pool_accuracy=0.99), "no whole number of the 70 pool rows"),
        (lambda r: changed(r, pool_accuracy=1.0), "pool_accuracy is 1.0 where pool_coverage is"),
        (lambda r: changed(r, pool_coverage=None), "70 rows of the pool are scored"),
        (lambda r: changed(r, brier=0.0), "brier is 0.0; with accuracy"),
        (lambda r: changed(r, log_loss=0.0), "log_loss is 0.0; with accuracy"),
        (lambda r: changed(r, ece=0.0), "reliability has an ece of"),
        (lambda r: changed(r, ece=None), "scores or curves of probabilities, and no ece"),
        (lambda r: changed(r, accuracy_at_50=1.0), "accuracy_at_50 is 1.0"),
        (lambda r: replace(r, curves={}), "and no reliability"),
        (lambda r: moved(r, "reliability", "share", 0, 0.01), "reliability.share is not that of 15 bins"),
        (lambda r: moved(r, "reliability", "accuracy", 3, 0.1), "reliability has an accuracy of"),
        (lambda r: moved(r, "reliability", "confidence", 0, 0.9), "confidence does not ascend"),
        (lambda r: moved(r, "risk_coverage", "coverage", 0, 0.01), "risk_coverage.coverage is not 0.05 to 1"),
        (lambda r: moved(r, "risk_coverage", "accuracy", 19, 0.01), "at coverage 1; accuracy is"),
        (lambda r: replace(r, status="timeout", reason="late"), "it is timeout and has scores"),
    ],
)
def test_what_cannot_be_is_said(change, message):
    record = scored()
    found = faults(change(record), 40, 90)
    assert any(message in line for line in found), found


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"overlap": 0.99}, "has conflict"),
        ({"coverage": None}, "has conflict"),
        ({"polarity": [K]}, "votes for a class that there is not"),
        ({"seed_correct": 19, "seed_votes": 18}, "is right on 19 of 18 seeds"),
        ({"seed_votes": 100}, "of 100 seeds"),
        ({"seed_votes": None}, "of None seeds"),
    ],
)
def test_labeling_functions_that_cannot_be_are_said(values, message):
    record = scored()
    first, *others = record.info["lf_analysis"]
    record = replace(record, info={**record.info, "lf_analysis": [{**first, **values}, *others]})
    (found,) = faults(record, 40, 90)
    assert message in found


def test_rows_that_belong_together_have_another_standard_error():
    record = scored(groups=True)
    assert any("accuracy_se" in line for line in faults(record, 40, 90))
    assert faults(record, 40, 90, grouped=True) == []
    assert check_consistency([record], [cell(groups=True)]).ok
    check = check_consistency([changed(record, brier=0.0)], [cell(groups=True)])
    assert not check.ok
    assert "draw 0: brier is 0.0" in check.lines[0]
