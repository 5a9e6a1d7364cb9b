"""IWS: its questions beside plain loops, what it keeps by hand, and what its answers must be true to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

import tasks
from autows import label_models, method, representations
from autows.draws import generator
from autows.errors import NotApplicable, UserError
from autows.lf_family import Rows
from autows.methods._interview import (
    Interview,
    final_set,
    hold_interview,
    in_turn,
    most_useful,
    smoothed,
    straddle,
)
from autows.methods._lf_candidates import Candidates
from autows.methods._oracles import Answer, NoMoreAnswers, SeedOracle, SeedRecord
from autows.methods._usefulness import GaussianProcess, posterior
from autows.methods.iws import IWS
from autows.runs.views import make_view
from autows.types import ABSTAIN
from autows.voting import SynthesisingMethod, VotingMethod


def made_up(C=40, K=3, D=5, seed=0):
    """Return candidates that are nothing but numbers."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((C, D))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    label = rng.integers(K, size=C)
    record = SeedRecord(rng.integers(0, 20, C), rng.integers(0, 20, C), np.full(C, 1 / K))
    votes = np.zeros((0, C), dtype=np.int8)
    return Candidates(
        lfs=[None] * C,
        label=label,
        seed_votes=votes,
        coverage=rng.random(C),
        features=features,
        rank=rng.permutation(C),
        seed=0,
        record=record,
    )


class Says:
    """An oracle with a list of answers; remembers what it was asked."""

    def __init__(self, useful, most=10**9):
        self.useful, self.most, self.asked = useful, most, []

    def ask(self, j):
        if len(self.asked) == self.most:
            raise NoMoreAnswers
        self.asked.append(j)
        return Answer(self.useful[j], 0.9)


# Asking


@pytest.mark.parametrize("score", ["lse", "as"])
def test_questions_are_those_of_a_plain_loop(score):
    found = made_up()
    useful = [bool(x > 0) if abs(x) > 0.1 else None for x in found.features[:, 0]]
    oracle = Says(useful)
    rule = {"lse": straddle, "as": most_useful}[score]
    interview = hold_interview(found, oracle, GaussianProcess(found.features), rule, 30, 0.6)
    asked = []
    for number in range(30):
        mine = [j for j in range(40) if j not in asked and found.label[j] == number % 3]
        mine = mine or [j for j in range(40) if j not in asked]
        told = [j for j in asked if useful[j] is not None]
        noise = np.full(len(told), 0.05 + 0.09)
        mean, std = posterior(found.features, told, np.array([float(useful[j]) for j in told]), noise)
        if number < 8:
            asked.append(min(mine, key=lambda j: found.rank[j]))
        elif score == "lse":
            asked.append(max(mine, key=lambda j: 1.96 * std[j] - abs(mean[j] - 0.6)))
        else:
            asked.append(max(mine, key=lambda j: mean[j]))
    assert oracle.asked == interview.asked == asked


def test_nothing_is_asked_twice_and_nothing_is_left_when_all_can_be_asked():
    found = made_up(C=25)
    oracle = Says([True] * 25)
    interview = hold_interview(found, oracle, GaussianProcess(found.features), straddle, 150, 0.6)
    assert sorted(oracle.asked) == list(range(25))
    assert interview.said(True).tolist() == list(range(25))


def test_the_interview_ends_with_the_oracle():
    found = made_up()
    interview = hold_interview(
        found, Says([True] * 40, most=5), GaussianProcess(found.features), straddle, 30, 0.6
    )
    assert len(interview.asked) == len(interview.answers) == 5
    assert interview.mean[interview.asked].min() > 0.6


def test_smoothing_at_once_is_a_regression_on_the_seeds_posteriors():
    from scipy.stats import norm

    found = made_up()
    mean, variance = found.record.lifts()
    centre, spread = posterior(found.features, np.arange(40), mean, variance, 0.0, 0.3)
    wanted = [1 - norm.cdf((0.2 - m) / s) for m, s in zip(centre, spread, strict=True)]
    interview = smoothed(found, 0.2)
    np.testing.assert_allclose(interview.mean, wanted, atol=1e-9)
    assert interview.asked == []


# What is kept


def an_interview():
    mean = np.array([0.9, 0.95, 0.7, 0.61, 0.59, 0.8, 0.99, 0.2])
    return Interview(mean, [0, 6, 7, 5], [Answer(True), Answer(False), Answer(True), Answer(None)])


def test_final_sets_by_hand():
    interview = an_interview()
    coverage = np.array([0.5, 0.1, 0.5, 0.5, 1.0, 0.5, 1.0, 1.0])
    label = np.array([0, 0, 0, 1, 1, 0, 1, 1])

    def keep(kind, n_expected=100):
        return final_set(kind, interview, coverage, label, 0.6, n_expected).tolist()

    assert keep("as") == [0, 7]
    # Useless 6 is out whatever the mean says, useful 7 is in; 5 is not known.
    assert keep("lse_a") == [0, 1, 2, 3, 5, 7]
    # Values of 1, 2, 3, 5: 0.09, 0.2, 0.11, 0.3; class 0 offers 5, class 1 offers 3, then come 2 and 1.
    assert keep("lse_ac", 1) == [0, 5, 7]
    assert keep("lse_ac", 2) == [0, 3, 5, 7]
    assert keep("lse_ac", 3) == [0, 2, 3, 5, 7]
    assert keep("lse_ac") == keep("lse_a")


def test_nothing_known_keeps_nothing():
    interview = Interview(np.full(4, 0.5))
    for kind in ("as", "lse_a", "lse_ac"):
        assert len(final_set(kind, interview, np.ones(4), np.zeros(4, int), 0.6, 100)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_turns_are_those_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    value, label = rng.integers(5, size=30) / 5, rng.integers(4, size=30)
    left = {k: sorted(np.flatnonzero(label == k), key=lambda j: -value[j]) for k in range(4)}
    wanted = []
    while any(left.values()):
        round_ = [left[k].pop(0) for k in range(4) if left[k]]
        wanted += sorted(round_, key=lambda j: -value[j])
    found = in_turn(value, label)
    np.testing.assert_array_equal(value[found], value[wanted])
    assert sorted(found) == list(range(30))
    for size in range(1, 31):
        counts = np.bincount(label[found[:size]], minlength=4)
        room = np.bincount(label, minlength=4)
        assert np.all((counts >= counts.max() - 1) | (counts == room))


# The method


@pytest.fixture(scope="module")
def digits():
    task, raw = tasks.create("digits"), representations.create("raw")
    data, features = task.load(), raw.features(task)

    def make(draw=0, n=100):
        return make_view(task, data, features.X_pool, features.X_test, draw, n), data

    return make


def run(spec, view, **axes):
    return method.create(spec).fit_predict(view, generator(purpose="test", **axes))


@pytest.mark.parametrize(
    "spec",
    [
        "iws",
        "iws[acquisition=as,final=as]",
        "iws[acquisition=all]",
        "iws[final=lse_a,families=stumps,sure=0.7]",
    ],
)
def test_useful_labeling_functions_are_found_on_digits(digits, spec):
    view, data = digits()
    labels = run(spec, view)
    labels.check_against(view)
    told = labels.info["synthesis"]
    assert told["kept"] == len(labels.lfs) == labels.pool_votes.shape[1] == sum(told["kept_by_class"])
    assert told["queries"] == told["useful"] + told["useless"] + told["dont_know"]
    assert told["queries"] == (0 if "all" in spec else min(150, told["candidates"]))
    right = labels.test.argmax(axis=1) == data.y_test
    assert right[labels.test_covered].mean() > 0.5
    wins = (labels.pool_votes == data.y_pool[:, None]).sum() / (labels.pool_votes != ABSTAIN).sum()
    # Better than what is called useful: a fifth of the way from chance to certainty.
    assert wins > 0.1 + 0.2 * 0.9


@pytest.mark.parametrize("spec", ["iws", "iws[acquisition=all]"])
def test_kept_labeling_functions_are_better_than_candidates(digits, spec):
    view, data = digits(1)
    made = method.create(spec)
    votes = made.synthesise(view, generator(purpose="test"))
    found = made.candidates(view, generator(purpose="test"))

    def accuracy(L):
        return np.mean((data.y_pool[:, None] == L).sum(axis=0) / np.maximum((L != ABSTAIN).sum(axis=0), 1))

    assert accuracy(votes.pool) > accuracy(found.lfs.votes(Rows.pool(view))) + 0.03


def test_the_networks_do_as_well_as_the_process(blobs):
    view, y, _ = blobs(n_classes=2, n=40, gap=3.0)
    labels = run("iws[usefulness=mlp,n_queries=12]", view)
    assert (labels.pool.argmax(axis=1) == y).mean() > 0.8


def test_permuted_seed_labels_fall_to_chance(digits):
    hits = []
    for draw in range(4):
        view, data = digits(draw)
        y = np.random.default_rng(draw).permutation(view.y_seed)
        labels = run("iws", replace(view, y_seed=y))
        hits.append((labels.test.argmax(axis=1) == data.y_test)[labels.test_covered])
    assert 0.03 < np.concatenate(hits).mean() < 0.19


@pytest.mark.parametrize("spec", ["iws", "iws[usefulness=mlp,n_queries=10]", "iws[acquisition=all]"])
def test_the_same_randomness_gives_the_same_votes(blobs, spec):
    view, *_ = blobs()
    one, same, other = (run(spec, view, draw=draw) for draw in (0, 0, 1))
    np.testing.assert_array_equal(one.pool_votes, same.pool_votes)
    np.testing.assert_array_equal(one.pool, same.pool)
    assert one.lfs == same.lfs
    assert one.pool_votes.shape != other.pool_votes.shape or not np.array_equal(one.pool, other.pool)


def test_what_aggregates_the_votes_has_no_say_in_them(blobs):
    view, *_ = blobs(n_classes=3)
    votes = method.create("iws").synthesise(view, generator(purpose="test"))
    same = method.create("iws[label_model=majority_vote]").synthesise(view, generator(purpose="test"))
    np.testing.assert_array_equal(votes.pool, same.pool)
    np.testing.assert_array_equal(votes.seeds, same.seeds)


@pytest.mark.parametrize("spec", ["iws", "iws[acquisition=all]", "iws[acquisition=as,final=as]"])
@pytest.mark.parametrize("case", ["missing", "few", "sparse", "noise", "constant"])
def test_odd_views_are_answered(blobs, case, spec):
    view, *_ = blobs(n_classes=4 if case == "missing" else 2, d=6)
    if case == "missing":
        keep = view.y_seed != 2
        view = replace(
            view, X_seed=view.X_seed[keep], y_seed=view.y_seed[keep], seed_index=view.seed_index[keep]
        )
    if case == "few":
        view = replace(view, X_seed=view.X_seed[:4], y_seed=np.array([0, 1, 0, 1]), seed_index=np.arange(4))
    if case == "sparse":
        part = {
            name: scipy.sparse.csr_array(np.maximum(getattr(view, name), 0))
            for name in ("X_seed", "X_pool", "X_test")
        }
        view = replace(view, **part)
    if case == "noise":
        view = replace(view, y_seed=np.random.default_rng(0).integers(2, size=len(view.y_seed)))
    if case == "constant":
        view = replace(view, **{name: 0 * getattr(view, name) for name in ("X_seed", "X_pool", "X_test")})
    labels = run(spec, view)
    labels.check_against(view)
    if case == "constant":
        assert labels.info["synthesis"]["candidates"] == 0
        assert not labels.pool_covered.any()
    if case == "missing":
        assert labels.info["synthesis"]["kept_by_class"][2] == 0
        assert not np.any(labels.pool_votes == 2)


def test_the_votes_on_seeds_are_out_of_fold(blobs):
    view, *_ = blobs()
    made = method.create("iws")
    votes = made.synthesise(view, generator(purpose="test"))
    found = made.candidates(view, generator(purpose="test"))
    interview = made.interview(found, SeedOracle(found.record, 0.2, 0.5))
    kept = final_set("lse_ac", interview, found.coverage, found.label, 0.6, 100)
    np.testing.assert_array_equal(votes.seeds, found.seed_votes[:, kept])
    assert not np.array_equal(votes.seeds, votes.pool[view.seed_index])


def test_a_person_is_heard(blobs):
    view, *_ = blobs()
    made = method.create("iws[oracle=human]")
    with pytest.raises(NotApplicable, match="--oracle human"):
        made.fit_predict(view, generator(purpose="test"))
    found = made.candidates(view, generator(purpose="test"))
    first = int(np.argmin(np.where(found.label == 0, found.rank, len(found))))
    made.hear({found.name(first): "y"})
    votes = made.synthesise(view, generator(purpose="test"))
    assert votes.info["queries"] == votes.info["useful"] == 1
    assert dict(found.lfs.take(np.array([first])).describe()[0]) in [dict(lf) for lf in votes.lfs]
    made.hear({found.name(first): "n"})
    votes = made.synthesise(view, generator(purpose="test"))
    assert votes.info["useless"] == 1
    assert votes.info["kept"] == 0
    made.hear({})
    assert made.synthesise(view, generator(purpose="test")).info["queries"] == 0


def test_other_questions_than_the_person_was_asked_are_no_silent_matter(blobs):
    view, *_ = blobs()
    made = method.create("iws[oracle=human]")
    found = made.candidates(view, generator(purpose="test"))
    first = int(np.argmin(np.where(found.label == 0, found.rank, len(found))))
    made.hear({found.name(first): "y"}, asked=1)
    assert made.synthesise(view, generator(purpose="test")).info["queries"] == 1
    made.hear({"another": "y"}, asked=1)
    with pytest.raises(RuntimeError, match="1 questions were answered and 0 are asked"):
        made.synthesise(view, generator(purpose="test"))


def test_what_was_heard_is_no_parameter():
    made = IWS(oracle="human")
    before = made.get_params()
    made.hear({"a": "y"})
    assert made.get_params() == before
    assert "_words" not in before
    assert IWS(oracle="human")._words is None


def test_seeds_of_one_class_are_left_to_others(blobs):
    view, *_ = blobs()
    one = replace(view, y_seed=np.zeros_like(view.y_seed))
    assert method.create("iws").skip_reason(view) is None
    assert "two classes" in method.create("iws").skip_reason(one)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("usefulness=forest", "gp, mlp"),
        ("acquisition=random", "lse, as, all"),
        ("final=all", "lse_ac, lse_a, as"),
        ("oracle=expert", "seeds, human"),
        ("threshold=0.4", "at least 0.5"),
        ("sure=1.0", "less than 1"),
        ("n_queries=0", "at least 1"),
        ("acquisition=all,final=as", "asks nothing"),
        ("acquisition=all,oracle=human", "asks nothing"),
        ("families=bushes", "bushes"),
        ("label_model=vote", "vote"),
    ],
)
def test_mistakes_are_told_before_anything_runs(params, message):
    with pytest.raises(UserError, match=message):
        method.create(f"iws[{params}]")


def test_it_is_one_of_the_methods_that_vote():
    made = method.create("iws")
    assert isinstance(made, VotingMethod)
    assert isinstance(made, SynthesisingMethod)
    assert made.family == "autows"
    assert made.requirements == frozenset()
    assert method.create("iws[families=stumps+zero_shot]").requirements == {"zero_shot"}
    assert label_models.create(made.label_model).name == made.label_model
