"""Every method of the registry passes the checks."""

from __future__ import annotations

import os

import pytest
import scipy.linalg  # noqa: F401
import sklearn.linear_model  # noqa: F401
from threadpoolctl import threadpool_limits

from autows import method
from autows.checks import CHECKS, FAILED, Effort, run_checks
from autows.checks.isolated import Target, answer
from autows.runs.workers import Worker

SMALL = Effort(pool_sizes=(150, 300, 600), least_seconds=5.0, permutations=1)


@pytest.fixture(scope="module")
def elsewhere():
    """Return another process, in which strings hash otherwise."""
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    worker = Worker(imports=["autows.checks.isolated"], environment={"PYTHONHASHSEED": seed})
    yield worker
    worker.close(at_once=True)


@pytest.mark.parametrize("name", method.names())
def test_it_passes_all_checks(name, elsewhere):
    # On matrices this small, threads wait for one another more than they compute. Only libraries that are
    # loaded are limited.
    with threadpool_limits(1):
        results = run_checks(
            lambda: method.create(name),
            effort=SMALL,
            elsewhere=lambda: [elsewhere.call(answer, Target(name))],
        )
    assert [r.name for r in results] == list(CHECKS)
    assert [f"{r.name}: {r.message}" for r in results if r.status == FAILED] == []
    remarks = [r.message for r in results if "Warning" in r.message]
    assert remarks == []
