"""Dawid-Skene beside its definition in plain loops, and what it recovers from simulated votes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from simulated_votes import bayes_accuracy, coin, simulate

from autows.label_models import dawid_skene
from autows.label_models.dawid_skene import DawidSkene
from autows.label_models.majority_vote import MajorityVote


class Plain:
    """EM as the class documents it, one row, labeling function and class at a time."""

    def __init__(self, K, one_coin, smoothing, L_all):
        self.K, self.one_coin, self.s, self.m = K, one_coin, smoothing, L_all.shape[1]
        rows = len(L_all)
        # Index -1 is abstaining.
        self.marginal = [
            {v: (np.sum(L_all[:, j] == v) + 0.5) / (rows + 0.5 * (K + 1)) for v in range(-1, K)}
            for j in range(self.m)
        ]
        # What smoothing adds: in class k a vote for k is 8 times as frequent, relative to the rest.
        self.assumed, self.rows = [], []
        for share in self.marginal:
            tilted = {
                (k, v): share[v] * (8 if v == k else 1) for k in range(self.K) for v in range(-1, self.K)
            }
            whole = [sum(tilted[k, v] for v in range(-1, self.K)) for k in range(self.K)]
            self.assumed.append({(k, v): value / whole[k] for (k, v), value in tilted.items()})
            votes = [share[v] for v in range(self.K)]
            typical = sum(q * q for q in votes) / sum(votes)
            self.rows.append(smoothing * max(1.0, 0.3 / typical))

    def maximise(self, L, P, prior):
        mass = [sum(P[i][k] for i in range(len(L))) for k in range(self.K)]
        self.accuracy, self.theta = [], []
        for j in range(self.m):
            cast = [i for i in range(len(L)) if L[i, j] != -1]
            right, total = sum(P[i][L[i, j]] for i in cast), sum(sum(P[i]) for i in cast)
            self.accuracy.append((right + self.s * 8 / (7 + self.K)) / (total + self.s))
            self.theta.append(
                {
                    (k, v): (
                        sum(P[i][k] for i in range(len(L)) if L[i, j] == v)
                        + self.rows[j] * self.assumed[j][k, v]
                    )
                    / (mass[k] + self.rows[j])
                    for k in range(self.K)
                    for v in range(-1, self.K)
                }
            )
        self.prior = prior if prior is not None else [(m + 1) / (sum(mass) + self.K) for m in mass]

    def likelihood(self, vote, j, k):
        if not self.one_coin:
            return self.theta[j][k, vote]
        if vote == -1:
            return 1.0
        return self.accuracy[j] if vote == k else (1 - self.accuracy[j]) / (self.K - 1)

    def expect(self, L):
        P = []
        for row in L:
            joint = [
                self.prior[k] * math.prod(self.likelihood(v, j, k) for j, v in enumerate(row))
                for k in range(self.K)
            ]
            P.append([value / sum(joint) for value in joint])
        return np.array(P).reshape(-1, self.K)


def plain_em(L, K, one_coin, smoothing, unlabeled_weight, steps, y, L_seed, prior):
    """Return posteriors on L after so many EM steps."""
    seeded = y is not None
    both = np.concatenate([L, L_seed]) if seeded else L
    em = Plain(K, one_coin, smoothing, both)
    if seeded:
        truth = np.eye(K)[y]
        em.maximise(L_seed, truth, prior)
        P = em.expect(both)
        weight = np.array([unlabeled_weight * len(y) / max(len(L), 1)] * len(L) + [1.0] * len(y))
    else:
        start = np.full(K, 1 / K) if prior is None else prior
        P = np.array([[np.sum(row == k) + 1e-3 * start[k] for k in range(K)] for row in L]).reshape(-1, K)
        P, weight = P / P.sum(axis=1, keepdims=True), np.ones(len(L))
    for _ in range(steps):
        if seeded:
            P[len(L) :] = truth
        em.maximise(both, P * weight[:, None], prior)
        P = em.expect(both)
    P = P[: len(L)]
    P[np.all(L == -1, axis=1)] = em.prior
    return P


@st.composite
def em_problems(draw):
    K, m, N = draw(st.integers(2, 3)), draw(st.integers(0, 3)), draw(st.integers(1, 6))
    votes = st.integers(-1, K - 1)
    L = draw(arrays(np.int8, (N, m), elements=votes))
    n = draw(st.integers(0, 4))
    y = draw(arrays(np.int64, n, elements=st.integers(0, K - 1))) if n else None
    L_seed = draw(arrays(np.int8, (n, m), elements=votes)) if n else None
    prior = draw(st.none() | arrays(np.float64, K, elements=st.floats(0.125, 1)))
    return {
        "L": L,
        "K": K,
        "one_coin": draw(st.booleans()),
        "smoothing": draw(st.sampled_from([0.5, 1.0, 3.0])),
        "unlabeled_weight": draw(st.sampled_from([0.0, 0.3, 1.0])),
        "steps": draw(st.integers(1, 3)),
        "y": y,
        "L_seed": L_seed,
        "prior": None if prior is None else prior / prior.sum(),
    }


@settings(max_examples=120, deadline=None)
@given(em_problems())
def test_em_steps_equal_the_definition(problem):
    votes = problem["L"]
    model = DawidSkene(
        n_classes=problem["K"],
        one_coin=problem["one_coin"],
        smoothing=problem["smoothing"],
        unlabeled_weight=problem["unlabeled_weight"],
        max_iter=problem["steps"],
        tol=-1.0,
    ).fit(votes, problem["y"], problem["L_seed"], problem["prior"])
    if model.n_iter_ < problem["steps"]:
        assert np.all(votes == -1)
        problem["steps"] = model.n_iter_
    np.testing.assert_allclose(model.predict_proba(votes), plain_em(**problem), rtol=1e-6, atol=1e-9)


def learned_confusions(model, K):
    """Read the chance of each vote in each class back from the weights; shape (m, vote, class)."""
    odds = np.exp(model.weights_).reshape(-1, K, K)
    return odds / (1 + odds.sum(axis=1, keepdims=True))


def test_confusions_and_shares_are_recovered_without_seeds():
    rng = np.random.default_rng(0)
    confusions = []
    for _ in range(6):
        confusion = rng.dirichlet(np.ones(4), size=3)
        confusion[:, :3] = 0.4 * confusion[:, :3] + 0.6 * np.eye(3) * (1 - confusion[:, 3:])
        confusions.append(confusion / confusion.sum(axis=1, keepdims=True))
    shares = np.array([0.5, 0.3, 0.2])
    L, _ = simulate(confusions, 20_000, rng, shares)
    model = DawidSkene(n_classes=3).fit(L)
    expected = np.stack(confusions)[:, :, :3].transpose(0, 2, 1)
    np.testing.assert_allclose(learned_confusions(model, 3), expected, atol=0.04)
    np.testing.assert_allclose(model.prior_, shares, atol=0.03)


def test_accuracies_are_recovered_in_the_one_coin_form():
    rng = np.random.default_rng(1)
    accuracies = [0.9, 0.8, 0.7, 0.6, 0.45]
    L, _ = simulate([coin(a, 3, 0.8) for a in accuracies], 20_000, rng)
    model = DawidSkene(n_classes=3, one_coin=True).fit(L)
    np.testing.assert_allclose(model.accuracy_, accuracies, atol=0.02)


@pytest.mark.parametrize("one_coin", [False, True])
def test_seeds_say_which_class_is_which_even_if_most_votes_are_wrong(one_coin):
    rng = np.random.default_rng(2)
    confusions = [coin(a, 2, 0.8) for a in (0.15, 0.2, 0.25)]
    L, y = simulate(confusions, 3_000, rng)
    L_seed, y_seed = simulate(confusions, 60, rng)
    model = DawidSkene(n_classes=2, one_coin=one_coin, unlabeled_weight=3.0).fit(L, y_seed, L_seed)
    best = bayes_accuracy(L, y, confusions)
    assert np.mean(model.predict_proba(L).argmax(axis=1) == y) > best - 0.02
    blind = DawidSkene(n_classes=2, one_coin=one_coin).fit(L)
    assert np.mean(blind.predict_proba(L).argmax(axis=1) == y) < 1 - best + 0.02


@pytest.mark.parametrize("one_coin", [False, True])
def test_a_class_without_seeds_does_not_disturb_the_others(one_coin):
    rng = np.random.default_rng(3)
    confusions = [coin(a, 3, 0.9) for a in (0.9, 0.85, 0.8, 0.8)]
    L, y = simulate(confusions, 2_000, rng)
    L_seed, y_seed = simulate(confusions, 80, rng, [0.5, 0.5, 0])
    model = DawidSkene(n_classes=3, one_coin=one_coin).fit(L, y_seed, L_seed)
    P = model.predict_proba(L)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert model.prior_.min() > 0
    seen = y < 2
    assert np.mean(P[seen].argmax(axis=1) == y[seen]) > bayes_accuracy(L[seen], y[seen], confusions) - 0.02


@pytest.mark.parametrize("one_coin", [False, True])
@pytest.mark.parametrize("seeded", [False, True])
def test_a_labeling_function_that_never_votes_changes_nothing(one_coin, seeded):
    rng = np.random.default_rng(4)
    confusions = [coin(a, 2, 0.8) for a in (0.9, 0.8, 0.7)]
    L, _ = simulate(confusions, 1_000, rng)
    L_seed, y_seed = simulate(confusions, 50, rng)
    seeds = (y_seed, L_seed) if seeded else (None, None)
    P = DawidSkene(n_classes=2, one_coin=one_coin, tol=1e-8).fit(L, *seeds).predict_proba(L)

    def mute(votes):
        return np.hstack([votes, np.full((len(votes), 1), -1, dtype=np.int8)])

    seeds = (y_seed, mute(L_seed)) if seeded else (None, None)
    with_mute = DawidSkene(n_classes=2, one_coin=one_coin, tol=1e-8).fit(mute(L), *seeds)
    np.testing.assert_allclose(with_mute.predict_proba(mute(L)), P, atol=1e-3)


@pytest.mark.parametrize("seeded", [False, True])
@pytest.mark.parametrize(
    ("m", "coverage", "accuracy"), [(300, 0.02, 0.55), (3_000, 0.02, 0.3), (300, 0.2, 0.37)]
)
def test_hundreds_of_rare_votes_are_not_lost_between_ten_classes(m, coverage, accuracy, seeded):
    # On 100 seeds most votes are seen once or never.
    rng = np.random.default_rng(10)
    votes = simulate([coin(accuracy, 10, coverage)] * m, 900, rng)
    L, y = votes[0][100:], votes[1][100:]
    seeds = (votes[1][:100], votes[0][:100]) if seeded else ()
    majority = np.mean(MajorityVote(n_classes=10).fit(L).predict_proba(L).argmax(axis=1) == y)
    P = DawidSkene(n_classes=10).fit(L, *seeds).predict_proba(L)
    assert np.mean(P.argmax(axis=1) == y) > majority - 0.05


def test_rare_votes_of_a_single_class_each_are_not_lost_between_ten_classes():
    rng = np.random.default_rng(11)
    y, own = rng.integers(10, size=1_500), np.arange(300) % 10
    votes = rng.random((1_500, 300)) < np.where(y[:, None] == own, 0.2, 0.02)
    L = np.where(votes, own, -1).astype(np.int8)
    majority = MajorityVote(n_classes=10).fit(L[100:]).predict_proba(L[100:])
    P = DawidSkene(n_classes=10).fit(L[100:], y[:100], L[:100]).predict_proba(L[100:])
    right = [np.mean(answer.argmax(axis=1) == y[100:]) for answer in (P, majority)]
    assert right[0] > right[1] - 0.05


@pytest.mark.parametrize("one_coin", [False, True])
def test_where_all_abstain_the_class_shares_are_the_answer(one_coin):
    L = np.full((5, 3), -1, dtype=np.int8)
    model = DawidSkene(n_classes=2, one_coin=one_coin)
    np.testing.assert_allclose(model.fit(L).predict_proba(L), 0.5)
    prior = np.array([0.8, 0.2])
    np.testing.assert_allclose(model.fit(L, prior=prior).predict_proba(L), [prior] * 5)
    # Three seeds of class 0, one of class 1; unlabeled rows weigh nothing: (3 + 1) / (4 + 2).
    model = DawidSkene(n_classes=2, one_coin=one_coin, unlabeled_weight=0.0)
    model.fit(L, np.array([0, 0, 0, 1]), L[:4])
    np.testing.assert_allclose(model.predict_proba(L), [[4 / 6, 2 / 6]] * 5)


@pytest.mark.parametrize("one_coin", [False, True])
def test_a_prior_may_rule_a_class_out(one_coin):
    L = np.array([[0, 1], [1, 1], [2, 2], [-1, -1]], dtype=np.int8)
    prior = np.array([0.5, 0.5, 0.0])
    P = DawidSkene(n_classes=3, one_coin=one_coin).fit(L, prior=prior).predict_proba(L)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert not P[:, 2].any()


@pytest.mark.parametrize("seeded", [False, True])
def test_a_labeling_function_that_always_votes_stays_finite_on_a_million_rows(seeded):
    rng = np.random.default_rng(5)
    L, y = simulate([coin(0.9, 2), coin(0.7, 2), coin(0.6, 2)], 1_000_000, rng)
    seeds = (y[:20], L[:20]) if seeded else (None, None)
    model = DawidSkene(n_classes=2, smoothing=0.1, max_iter=4).fit(L, *seeds)
    assert np.all(np.isfinite(model.weights_))
    assert np.all(np.isfinite(model.predict_proba(L[:100])))


def seeded_problem(K, one_coin):
    rng = np.random.default_rng(6)
    confusions = [coin(a, K, 0.7) for a in (0.9, 0.8, 0.7, 0.6)]
    L, _ = simulate(confusions, 400, rng)
    L_seed, y_seed = simulate(confusions, 40, rng)
    return DawidSkene(n_classes=K, one_coin=one_coin), L, y_seed, L_seed


@pytest.mark.parametrize("one_coin", [False, True])
@pytest.mark.parametrize("K", [2, 4])
def test_the_order_of_labeling_functions_does_not_matter(one_coin, K):
    model, L, y_seed, L_seed = seeded_problem(K, one_coin)
    order = np.array([2, 0, 3, 1])
    P = model.fit(L, y_seed, L_seed).predict_proba(L)
    Q = model.fit(L[:, order], y_seed, L_seed[:, order]).predict_proba(L[:, order])
    np.testing.assert_allclose(Q, P, atol=1e-9)


@pytest.mark.parametrize("one_coin", [False, True])
@pytest.mark.parametrize("seeded", [False, True])
@pytest.mark.parametrize("K", [2, 4])
def test_renaming_classes_renames_columns(one_coin, seeded, K):
    model, L, y_seed, L_seed = seeded_problem(K, one_coin)
    new_name = np.roll(np.arange(K), 1).astype(np.int8)

    def renamed(votes):
        return np.where(votes == -1, votes, new_name[votes])

    P = model.fit(L, *((y_seed, L_seed) if seeded else ())).predict_proba(L)
    seeds = (new_name[y_seed].astype(np.int64), renamed(L_seed)) if seeded else ()
    Q = model.fit(renamed(L), *seeds).predict_proba(renamed(L))
    np.testing.assert_allclose(Q[:, new_name], P, atol=1e-9)


def test_votes_of_another_number_of_labeling_functions_are_refused():
    L = np.zeros((4, 3), dtype=np.int8)
    with pytest.raises(ValueError, match="L has 2 labeling functions; the model was fitted on 3"):
        DawidSkene(n_classes=2).fit(L).predict_proba(L[:, :2])


@pytest.mark.parametrize("wrong", [{"smoothing": 0.0}, {"unlabeled_weight": -1.0}, {"max_iter": 0}])
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="smoothing > 0, unlabeled_weight >= 0 and max_iter >= 1"):
        DawidSkene(n_classes=2, **wrong).fit(np.zeros((2, 1), np.int8))


@pytest.mark.parametrize("one_coin", [False, True])
@pytest.mark.parametrize("seeded", [False, True])
def test_em_that_starts_on_samples_ends_where_em_on_all_rows_does(one_coin, seeded, monkeypatch):
    rng = np.random.default_rng(7)
    confusions = [coin(a, 3, 0.5) for a in rng.uniform(0.5, 0.9, 12)]
    L, _ = simulate(confusions, 6_000, rng)
    L_seed, y_seed = simulate(confusions, 40, rng)
    seeds = (y_seed, L_seed) if seeded else ()
    whole = DawidSkene(n_classes=3, one_coin=one_coin, tol=1e-11, max_iter=2_000).fit(L, *seeds)
    monkeypatch.setattr(dawid_skene, "WARM_ROWS", 50)
    levels = []
    climb = DawidSkene._climb

    def counting(self, votes, *rest):
        climb(self, votes, *rest)
        levels.append((len(votes), round(votes.n_rows)))

    monkeypatch.setattr(DawidSkene, "_climb", counting)
    warm = DawidSkene(n_classes=3, one_coin=one_coin, tol=1e-11, max_iter=2_000).fit(L, *seeds)
    assert levels == [(93, 6_000), (750, 6_000), (6_000, 6_000)]
    np.testing.assert_allclose(warm.predict_proba(L), whole.predict_proba(L), atol=1e-6)


def test_em_on_merged_rows_is_em_on_all_of_them(monkeypatch):
    rng = np.random.default_rng(8)
    L, _ = simulate([coin(a, 2, 0.6) for a in (0.9, 0.8, 0.7)], 3_000, rng)
    seen = []
    climb = DawidSkene._climb
    monkeypatch.setattr(
        DawidSkene, "_climb", lambda self, v, *rest: (seen.append(len(v)), climb(self, v, *rest))
    )
    P = DawidSkene(n_classes=2, max_iter=9, tol=-1).fit(L).predict_proba(L)
    monkeypatch.setattr("autows.label_models._onehot.MOST_PATTERNS", 1)
    Q = DawidSkene(n_classes=2, max_iter=9, tol=-1).fit(L).predict_proba(L)
    assert seen == [27, 3_000]
    np.testing.assert_allclose(P, Q, atol=1e-9)


def test_steps_end_when_no_parameter_changes_by_tol():
    rng = np.random.default_rng(9)
    L, _ = simulate([coin(a, 3, 0.7) for a in (0.8, 0.7, 0.6, 0.6)], 800, rng)
    tol = 1e-4
    steps = DawidSkene(n_classes=3, tol=tol).fit(L).n_iter_
    models = [DawidSkene(n_classes=3, tol=-1, max_iter=s).fit(L) for s in (steps - 2, steps - 1, steps)]

    def change(a, b):
        parameters = zip(
            (learned_confusions(a, 3), a.prior_), (learned_confusions(b, 3), b.prior_), strict=True
        )
        return max(np.abs(x - y).max() for x, y in parameters)

    # Chances of votes; those of abstaining change no more than the three votes together.
    assert change(models[0], models[1]) > tol / 3
    assert change(models[1], models[2]) < tol
