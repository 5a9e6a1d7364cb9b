"""The analysis of labeling functions by hand, by plain loops, and beside Snorkel's."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows import lf_analysis
from autows.lf_analysis import analyse

VOTES = st.integers(0, 5).flatmap(
    lambda m: st.integers(0, 7).flatmap(lambda N: arrays(np.int8, (N, m), elements=st.integers(-1, 2)))
)


def test_three_labeling_functions_by_hand():
    L = np.array([[0, 0, -1], [0, 1, -1], [-1, 1, -1], [-1, -1, -1]], dtype=np.int8)
    L_seed = np.array([[0, -1, -1], [0, 1, -1]], dtype=np.int8)
    first, second, third = analyse(L, 2, np.array([0, 1]), L_seed)
    assert first == {
        "polarity": [0],
        "coverage": 0.5,
        "overlap": 0.5,
        "conflict": 0.25,
        "seed_votes": 2,
        "seed_correct": 1,
        "seed_accuracy": 0.5,
    }
    assert (second["polarity"], second["coverage"], second["overlap"], second["conflict"]) == (
        [0, 1],
        0.75,
        0.5,
        0.25,
    )
    assert third["polarity"] == []
    assert (third["coverage"], third["seed_votes"], third["seed_accuracy"]) == (0.0, 0, None)


def plain(L, j):
    N = len(L)
    cast = [i for i in range(N) if L[i, j] != -1]
    others = {i: [L[i, o] for o in range(L.shape[1]) if o != j and L[i, o] != -1] for i in cast}
    return {
        "polarity": sorted({int(L[i, j]) for i in cast}),
        "coverage": round(len(cast) / max(N, 1), 6),
        "overlap": round(sum(len(others[i]) > 0 for i in cast) / max(N, 1), 6),
        "conflict": round(sum(any(o != L[i, j] for o in others[i]) for i in cast) / max(N, 1), 6),
    }


@settings(max_examples=80, deadline=None)
@given(VOTES, st.integers(1, 4))
def test_blocks_give_what_plain_loops_give(L, block):
    before = lf_analysis.ROWS_AT_ONCE
    lf_analysis.ROWS_AT_ONCE = block
    try:
        found = analyse(L, 3)
    finally:
        lf_analysis.ROWS_AT_ONCE = before
    assert found == [plain(L, j) for j in range(L.shape[1])]
    json.dumps(found, allow_nan=False)


@pytest.mark.filterwarnings("ignore:Input has data type int64:FutureWarning")  # Of scipy, from snorkel.
def test_it_says_what_snorkel_says():
    labeling = pytest.importorskip("snorkel.labeling")
    rng = np.random.default_rng(0)
    L, y = rng.integers(-1, 3, (300, 6)).astype(np.int8), rng.integers(0, 3, 300)
    theirs = labeling.LFAnalysis(L.astype(int)).lf_summary(Y=y)
    for row, (_, other) in zip(analyse(L, 3, y, L), theirs.iterrows(), strict=True):
        assert row["polarity"] == list(np.atleast_1d(other["Polarity"]))
        for ours, column in (("coverage", "Coverage"), ("overlap", "Overlaps"), ("conflict", "Conflicts")):
            assert row[ours] == pytest.approx(other[column], abs=1e-6)
        assert row["seed_correct"] == other["Correct"]
        assert row["seed_votes"] == other["Correct"] + other["Incorrect"]
        assert row["seed_accuracy"] == pytest.approx(other["Emp. Acc."], abs=1e-6)


def test_seeds_that_do_not_fit_are_refused():
    L = np.zeros((3, 2), dtype=np.int8)
    with pytest.raises(ValueError, match="come together"):
        analyse(L, 2, np.array([0]))
    with pytest.raises(ValueError, match=r"L_seed has shape \(1, 3\); expected \(1, 2\)"):
        analyse(L, 2, np.array([0]), np.zeros((1, 3), dtype=np.int8))
