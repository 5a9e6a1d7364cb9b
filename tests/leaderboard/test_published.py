from __future__ import annotations

import pytest

import tasks
from autows import method, representations
from leaderboard import published


def ours(**change):
    return {
        "task": "mnist",
        "representation": "pca",
        "method": "snuba",
        "n_labels": 100,
        "n_draws": 3,
        "accuracy": 0.5,
        "accuracy_covered": 0.6,
        "coverage": 0.8,
        **change,
    }


def test_the_figures_are_those_of_the_paper_by_our_names():
    figures = published.figures()
    assert len(figures) == 224
    assert all(0 < row["accuracy_covered"] <= 1 for row in figures)
    assert {row["task"] for row in figures} <= set(tasks.names())
    assert {row["method"] for row in figures} <= set(method.names())
    assert {row["representation"] for row in figures} <= {*representations.names(), "clip"}
    # Table of the paper: Snuba on MNIST under PCA.
    snuba = next(
        r for r in figures if (r["task"], r["representation"], r["method"]) == ("mnist", "pca", "snuba")
    )
    assert (snuba["accuracy_covered"], snuba["coverage"]) == (0.2313, 0.9608)


def test_only_what_was_published_is_compared_and_on_covered_rows():
    rows = [ours(), ours(method="majority_class"), ours(method="snuba[keep=2]"), ours(n_labels=50)]
    (row,) = published.beside(rows)
    assert row["difference"] == pytest.approx(0.6 - 0.2313)
    assert "| mnist  | pca        | snuba    |" in published.to_markdown([row])
    assert published.beside([ours(accuracy_covered=None)]) == []
    (uncovered,) = published.beside([ours(method="goggles")])
    assert uncovered["published_coverage"] is None
