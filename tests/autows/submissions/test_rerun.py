"""Which runs of a submission can be made again, and what another run says of the record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handed_in import Telling, cell, complete

from autows.submissions import encoders, rerun
from autows.submissions.rerun import compare
from autows.submissions.verification import Check, check_currency, to_text, verdict

N_TEST = 500
LF = {"feature": 3, "threshold": 0.5}
ROW = {"polarity": [0], "coverage": 0.5, "overlap": 0.0, "conflict": 0.0}
RISK = {"coverage": [0.5, 1.0], "accuracy": [0.9, 0.75]}
SHARES = {"confidence": [0.5, 0.9], "accuracy": [0.6, 0.9], "share": [0.5, 0.5]}


def record(**more):
    made = {
        "info": {"lfs": [LF], "lf_analysis": [ROW]},
        "curves": {"risk_coverage": RISK, "reliability": SHARES},
    }
    return complete(cell(), **{**made, **more})


def other(**scores):
    return replace(record(), scores={**record().scores, **scores})


def judged(stated, again, second=None, **more):
    return compare(stated, again, second, **{"n_test": N_TEST, **more})


def test_the_same_is_said_to_be_the_same_and_costs_are_not_judged():
    check = judged(record(), replace(record(), seconds={"fit": 5.0}, peak_memory_mb=200.0))
    assert check.ok
    assert check.lines == (
        "the same to the last digit, accuracy 0.7500 included",
        "seconds and memory are as its author states them: 0.1 s and none; here 5 s and 200 MiB",
    )


@pytest.mark.parametrize(
    ("scores", "ok"),
    [
        ({"accuracy": 0.754}, True),  # 0.002, and one row of 500
        ({"accuracy": 0.746}, True),
        ({"accuracy": 0.754001}, False),
        ({"accuracy": 0.76}, False),
        ({"coverage": 0.9}, False),
        ({"macro_f1": 0.1}, False),  # there was none
        ({"accuracy_covered": None}, False),
        ({"log_loss": 0.9}, False),
        ({"log_loss": 0.503}, True),
    ],
)
def test_every_score_is_judged(scores, ok):
    check = judged(record(), other(**scores))
    assert check.ok is ok
    ((name, _),) = scores.items()
    assert any(line.startswith(f"{name} is ") for line in check.lines)


def test_a_tolerance_of_zero_asks_for_equality():
    assert not judged(record(), other(accuracy=0.750001), tolerance=0).ok
    assert judged(record(), record(), tolerance=0).ok
    assert judged(record(), other(accuracy=0.756), tolerance=0.01, n_test=None).ok


def test_what_two_runs_here_differ_by_is_no_fault_of_the_record():
    stated = other(accuracy=0.77)
    assert not judged(stated, other(accuracy=0.75), other(accuracy=0.75)).ok
    check = judged(stated, other(accuracy=0.75), other(accuracy=0.76))
    assert check.ok
    assert any("two runs with one seed differ here" in line for line in check.lines)
    assert not judged(other(accuracy=0.79), other(accuracy=0.75), other(accuracy=0.76)).ok
    broken = replace(record(), status="failed", reason="it broke", scores={}, curves={})
    assert not judged(stated, other(accuracy=0.75), broken).ok


@pytest.mark.parametrize(
    ("name", "part", "values", "ok"),
    [
        ("risk_coverage", "accuracy", [1.0, 0.75], False),
        ("risk_coverage", "accuracy", [0.907, 0.75], True),  # half of the rows: 0.0035
        ("risk_coverage", "coverage", [0.4, 1.0], False),
        ("reliability", "accuracy", [0.6, 0.907], True),
        ("reliability", "accuracy", [0.6, 0.95], False),
        ("reliability", "confidence", [0.6, 0.9], False),
        ("reliability", "share", [0.4, 0.6], False),
    ],
)
def test_curves_are_compared_in_rows(name, part, values, ok):
    made = record().curves
    stated = replace(record(), curves={**made, name: {**made[name], part: values}})
    check = judged(stated, record())
    assert check.ok is ok
    assert any(line.startswith(f"curve {name} is another one") for line in check.lines)


def test_curves_cannot_be_left_out_or_be_of_other_lengths():
    assert not judged(replace(record(), curves={}), record()).ok
    short = {**SHARES, "confidence": [0.5], "accuracy": [0.6], "share": [1.0]}
    assert not judged(replace(record(), curves={**record().curves, "reliability": short}), record()).ok


@pytest.mark.parametrize(
    ("info", "ok"),
    [
        ({}, True),  # a submission that grew too large
        ({"lfs": [{**LF, "threshold": 0.5001}], "lf_analysis": [ROW]}, True),
        ({"lfs": [{**LF, "threshold": 0.6}], "lf_analysis": [ROW]}, False),
        ({"lfs": [{**LF, "feature": 4}], "lf_analysis": [ROW]}, False),
        ({"lfs": [LF], "lf_analysis": [{**ROW, "coverage": 1.0}]}, False),
        ({"lfs": [LF], "lf_analysis": []}, False),
        ({"lfs": [{"name": "x"}], "lf_analysis": [ROW]}, False),
        ({"lfs": [LF, LF], "lf_analysis": [ROW, ROW]}, False),
    ],
)
def test_labeling_functions_are_compared(info, ok):
    check = judged(replace(record(), info=info), record())
    assert check.ok is ok
    assert ok or any("are others here" in line for line in check.lines)


def test_labeling_functions_that_differ_between_two_runs_here_are_no_fault():
    stated = record(info={"lfs": [{**LF, "feature": 4}], "lf_analysis": [ROW]})
    second = record(info={"lfs": [{**LF, "feature": 5}], "lf_analysis": [ROW]})
    assert judged(stated, record(), second).ok


def ended(status, **more):
    return complete(cell(), **{"status": status, "reason": "it ended", "scores": {}, **more})


def test_runs_end_as_stated_or_the_record_is_not_in_order():
    check = judged(record(), ended("failed"))
    assert check.lines == ("stated is ok; it is failed here: 'it ended'",)
    assert not check.ok
    assert judged(ended("failed"), ended("failed")).ok
    assert not judged(ended("failed"), record()).ok
    assert not judged(ended("skipped"), record()).ok
    data = replace(record(), provenance={**record().provenance, "data_fingerprint": "0" * 64})
    assert not judged(record(), data).ok


def test_a_timeout_that_is_none_here_needs_a_reason():
    stated = ended("timeout", timeout_seconds=100.0)
    quick, slow = (replace(record(), seconds={"total": seconds}) for seconds in (1.0, 60.0))
    assert not judged(stated, quick).ok
    assert not judged(replace(stated, timeout_seconds=None), slow).ok
    check = judged(stated, slow)
    assert check.ok
    assert verdict([check]) == (
        "No fault found, but not all is verified: a timeout that is none on this machine"
    )


def test_runs_are_drawn_by_the_seed_among_all_that_can_be_made_again():
    cells = [cell(k) for k in range(8)]
    records = [complete(one) for one in cells]
    records[0] = complete(cells[0], status="failed", reason="it broke", scores={})
    able, left = rerun.runnable(reversed(records), cells)
    assert (len(able), left) == (8, [])
    assert able == rerun.runnable(records, cells)[0]
    picked = [rerun.choose(able, 2, seed) for seed in range(20)]
    assert all(len(one) == 2 for one in picked)
    assert {one.key.draw for pair in picked for one, _ in pair} == set(range(8)), "a failure is one of them"
    assert len(rerun.choose(able, 99, 0)) == 8


def test_what_cannot_be_run_again_is_named_and_no_verdict_passes_over_it():
    cells = [cell(0), cell(1)]
    honest, forged = complete(cells[0]), complete(cells[1])
    forged = replace(forged, key=replace(forged.key, encoders={"zero_shot": "x"}))
    able, left = rerun.runnable([honest, forged], cells)
    assert [one for one, _ in able] == [honest]
    assert left == ["digits / raw / draw 1: it rests on something else than is on this machine"]
    check = rerun.account(1, left, 1, 1)
    assert check.lines == ("1 of 2 records could be run again, 1 was", *left)
    text = to_text([check], 7)
    assert text.startswith("?    runs: 1 of 2")
    assert text.endswith("not all is verified: 1 of 2 records cannot be run again here")
    assert verdict([rerun.account(2, [], 1, 1)]) == "In order"
    assert verdict([rerun.account(2, [], 0, 0)]).endswith("not all is verified: not run again")
    assert verdict([rerun.account(0, left, 0, 0, "scored")]).endswith("not scored again")
    assert not rerun.account(0, left, 0, 1).ok, "it was to be run"
    _, left = rerun.runnable([honest], [])
    assert left == ["digits / raw / draw 0: its answers are not at hand; --predictions names them"]
    assert len(rerun.account(0, left * 9, 0, 0).lines) == 7


class Weighted(Telling):
    """Features of a network that was trained before."""

    def identity(self):
        return {"weights": "w"}


@pytest.fixture
def at_hand(monkeypatch):
    """Return a switch for whether weights are on this machine."""

    def switch(there):
        monkeypatch.setattr(encoders, "encoder_identity", lambda encoder: {"weights": "w"} if there else {})
        monkeypatch.setattr(
            "autows.runs.cell.encoder_identity",
            lambda encoder: {"weights": "w"} if there and isinstance(encoder, Weighted) else {},
        )

    return switch


def resting_on(one, **found):
    made = complete(one)
    return replace(made, key=replace(made.key, encoders=found))


def test_what_features_rest_on_cannot_be_left_out_or_made_up(at_hand):
    at_hand(True)
    one = replace(cell(), representation=Weighted())
    right = {"weights": "w"}
    for found, message in (
        ({}, "encoders lacks representation"),
        ({"representation": {"weights": "v"}}, "encoders.representation is {'weights': 'v'}; here it is {"),
        (
            {"representation": right, "zero_shot": {}},
            "encoders has 'zero_shot', on which such a run does not",
        ),
    ):
        check = check_currency([resting_on(one, **found)], [one])
        assert any(message in line for line in check.lines), check.lines
        assert rerun.runnable([resting_on(one, **found)], [one])[0] == []
    assert check_currency([resting_on(one, representation=right)], [one]).ok
    check = check_currency([resting_on(cell(), representation=right)], [cell()])
    assert "encoders has 'representation'" in check.lines[0]
    # Of a run that did not go well the weights may have been missing.
    missing = complete(one, status="skipped", reason="no weights", scores={})
    missing = replace(missing, key=replace(missing.key, encoders={}))
    assert check_currency([missing], [one]).ok
    assert rerun.runnable([missing], [one])[0] == []


def test_weights_that_are_not_here_are_not_verified(at_hand):
    at_hand(False)
    one = replace(cell(), representation=Weighted())
    stated = resting_on(one, representation={"weights": "v"})
    assert check_currency([stated], [one]).ok
    able, left = rerun.runnable([stated], [one])
    assert (able, left) == (
        [],
        ["digits / telling / draw 0: the weights of telling are not on this machine"],
    )
    assert not check_currency([resting_on(one, representation="v")], [one]).ok
    assert not check_currency([resting_on(one, representation={})], [one]).ok


def test_stated_scores_that_are_better_throughout_are_told():
    stated = other(accuracy=0.752, accuracy_covered=0.752, log_loss=0.499)
    check = rerun.leaning([(stated, record())])
    assert check.lines == ("of 3 that differ 3 are better as stated, on average by 0.0017",)
    assert verdict([check]).endswith("stated scores are better than those here throughout")
    assert rerun.leaning([(record(), stated)]).missing == ""
    assert rerun.leaning([(other(accuracy=0.752), record())]).missing == "", "one tells nothing"
    assert rerun.leaning([(record(), record())]) is None


def test_a_run_that_is_another_with_the_same_seed_is_told():
    assert rerun.unlike(record(), replace(record(), seconds={"fit": 5.0})) == ""
    # Every score is looked at, not the accuracy alone.
    assert "once more with its seed it has 0.7500" in rerun.unlike(record(), other(log_loss=0.51))
    assert "it is failed. The method draws" in rerun.unlike(record(), ended("failed"))


def test_another_seed_is_told():
    assert (
        rerun.of_another_seed(record(), other(accuracy=0.7))
        == "with another seed accuracy is 0.7000 (-5.0 points)"
    )
    assert rerun.of_another_seed(record(), record()) == "with another seed accuracy is 0.7500 (as stated)"
    assert rerun.of_another_seed(record(), ended("failed")) == "with another seed it is failed: 'it ended'"


def test_a_verdict_is_in_order_only_if_nothing_is_missing():
    fine, failed = Check("a", True, ("x",)), Check("b", False, ("y",))
    missing = Check("c", True, ("z",), "something")
    assert verdict([fine]) == "In order"
    assert verdict([fine, missing]) == "No fault found, but not all is verified: something"
    assert verdict([fine, missing, failed]) == "Not in order: b"
    assert missing.to_json() == {"name": "c", "ok": True, "lines": ["z"], "missing": "something"}
