"""Checks that every method has to pass: ours, and those that are submitted.

Each check is a small function on small synthetic tasks, with a title that says what a method does that
passes. To check a method from Python::

    from autows.checks import run_checks

    for result in run_checks(lambda: MyMethod(k=3)):
        print(result.status, result.title, result.message)

The command ``run_bench.py check FILE.py`` does so in a process of its own, see :mod:`autows.checks.isolated`.
"""

from __future__ import annotations

# The order in which they are imported is the order in which they are made.
from autows.checks import awkward_tasks, skipping, symmetry, manners, evidence, growth  # isort: skip # noqa: F401
from autows.checks.contract import CHECKS, FAILED, NOT_APPLICABLE, PASSED, Check, Effort, Result
from autows.checks.running import run_checks

__all__ = ["CHECKS", "FAILED", "NOT_APPLICABLE", "PASSED", "Check", "Effort", "Result", "run_checks"]
