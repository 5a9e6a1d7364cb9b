"""What every label model must survive, and do, whatever it is."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_votes import coin, simulate

from autows import label_models
from autows.errors import UserError

NAMES = label_models.names()
OF_PAIRS = ("metal", "triplets")
SPECS = [*NAMES, "dawid_skene[one_coin=true]", "triplets[abstentions=false]"]


def problem(K=3, m=5, N=400, n=60, seed=0, classes=None):
    rng = np.random.default_rng(seed)
    confusions = [coin(a, K, 0.7) for a in np.linspace(0.9, 0.6, m)]
    L, y = simulate(confusions, N, rng)
    shares = None if classes is None else np.isin(np.arange(K), classes) / len(classes)
    L_seed, y_seed = simulate(confusions, n, rng, shares)
    return L, y, y_seed, L_seed


def answer(spec, K, L, *seeds, prior=None, rows=None):
    """Fit, predict, and check what is true of all answers."""
    rows = L if rows is None else rows
    P = label_models.create(spec, n_classes=K).fit(L, *seeds, prior=prior).predict_proba(rows)
    assert P.shape == (len(rows), K)
    assert P.dtype == np.float64
    assert np.all(P >= 0)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    return P


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("K", [2, 5])
def test_most_rows_are_right(spec, K):
    L, y, *seeds = problem(K)
    assert np.mean(answer(spec, K, L, *seeds).argmax(axis=1) == y) > 0.8


@pytest.mark.parametrize("spec", SPECS)
def test_a_class_without_seeds_does_not_disturb_the_others(spec):
    L, y, *seeds = problem(classes=[0, 2])
    P = answer(spec, 3, L, *seeds)
    seen = y != 1
    assert np.mean(P[seen].argmax(axis=1) == y[seen]) > 0.75


@pytest.mark.parametrize("spec", SPECS)
def test_a_labeling_function_that_never_votes_changes_little_and_its_first_vote_is_finite(spec):
    L, _, y_seed, L_seed = problem()

    def mute(votes):
        return np.hstack([votes, np.full((len(votes), 1), -1, dtype=np.int8)])

    P = answer(spec, 3, L, y_seed, L_seed)
    np.testing.assert_allclose(answer(spec, 3, mute(L), y_seed, mute(L_seed)), P, atol=5e-3)
    surprise = mute(L[:3])
    surprise[:, -1] = [0, 1, 2]
    answer(spec, 3, mute(L), y_seed, mute(L_seed), rows=surprise)


@pytest.mark.parametrize("spec", SPECS)
def test_a_row_without_votes_gets_the_prior(spec):
    L, _, *seeds = problem()
    prior = np.array([0.6, 0.3, 0.1])
    rows = np.vstack([L[:4], np.full((1, 5), -1, dtype=np.int8)])
    np.testing.assert_allclose(answer(spec, 3, L, *seeds, prior=prior, rows=rows)[-1], prior)


@pytest.mark.parametrize("spec", SPECS)
def test_a_prior_may_rule_a_class_out(spec):
    L, _, *seeds = problem()
    P = answer(spec, 3, L, *seeds, prior=np.array([0.5, 0.5, 0.0]))
    covered = np.any(L != -1, axis=1)
    if spec != "majority_vote":  # it has votes count whatever the prior
        assert not P[covered, 2].any()
    P = answer(spec, 3, L, *seeds, prior=np.array([1.0, 0.0, 0.0]))
    if spec != "majority_vote":
        np.testing.assert_allclose(P[covered, 0], 1)


NOTHING = {
    "one labeling function": (np.array([[0], [1], [-1], [0]], dtype=np.int8), 1),
    "two labeling functions": (np.array([[0, 1], [1, 1], [-1, 0]], dtype=np.int8), 2),
    "no labeling function": (np.zeros((4, 0), dtype=np.int8), 0),
    "no rows": (np.zeros((0, 4), dtype=np.int8), 0),
    "neither": (np.zeros((0, 0), dtype=np.int8), 0),
    "all abstain": (np.full((4, 5), -1, dtype=np.int8), 0),
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("what", NOTHING)
def test_with_next_to_nothing_the_answer_is_right(spec, what):
    L, voting = NOTHING[what]
    y_seed = np.array([0, 0, 0, 1])
    L_seed = np.where(np.arange(L.shape[1]) < voting, y_seed[:, None], -1).astype(np.int8)
    P = answer(spec, 2, L, y_seed, L_seed, prior=np.array([0.7, 0.3]))
    np.testing.assert_allclose(
        P[np.all(L == -1, axis=1)], np.tile([0.7, 0.3], (np.sum(np.all(L == -1, axis=1)), 1))
    )
    if what == "one labeling function":
        assert P[0, 0] > 0.7
        assert P[1, 1] > 0.3


@pytest.mark.parametrize(
    ("spec", "seeded"),
    [
        ("metal", "seed_naive_bayes[abstentions=false]"),
        ("triplets", "seed_naive_bayes"),
        ("triplets[abstentions=false]", "seed_naive_bayes[abstentions=false]"),
    ],
)
@pytest.mark.parametrize("voting", [1, 2])
def test_below_three_labeling_functions_another_label_model_answers_and_it_is_said(spec, seeded, voting):
    L, _, y_seed, L_seed = problem()
    L[:, voting:] = -1
    L_seed[:, voting:] = -1
    prior = np.array([0.5, 0.3, 0.2])
    for seeds, stand_in in (((y_seed, L_seed), seeded), ((), "majority_vote")):
        expected = answer(stand_in, 3, L, *seeds, prior=prior)
        np.testing.assert_array_equal(answer(spec, 3, L, *seeds, prior=prior), expected)
        model = label_models.create(spec, n_classes=3).fit(L, *seeds)
        assert model.note == (
            f"{model.name} needs at least 3 labeling functions that vote and got {voting}; "
            f"{stand_in.partition('[')[0]} answers in its place"
        )
    # A third one, and what stood in is gone.
    L, *_ = problem()
    found = model.fit(L[:, :3]).predict_proba(L[:, :3])
    np.testing.assert_array_equal(found, answer(spec, 3, L[:, :3]))
    assert model.note == ""


@pytest.mark.parametrize("spec", ["metal", "triplets", "triplets[abstentions=false]"])
def test_one_labeling_function_is_judged_by_the_seeds(spec):
    # Of 11 rows 4 vote for each class: q = 4.5 / 12.5 = 0.36, a vote of which nothing is known has chance
    # 0.36 8 / (1 + 7 0.36) = 9 / 11 in its class and 9 / 88 in the other. 2 such rows join 2 seeds a class.
    L = np.array([[0], [0], [0], [1], [-1], [-1], [-1]], dtype=np.int8)
    y_seed, L_seed = np.array([0, 0, 1, 1]), np.array([[0], [1], [1], [1]], dtype=np.int8)
    P = answer(spec, 2, L, y_seed, L_seed, prior=np.array([0.5, 0.5]))
    right, wrong = (1 + 18 / 11) / 4, (0 + 18 / 88) / 4
    assert P[0, 0] == pytest.approx(right / (right + wrong)) == pytest.approx(0.928)
    wrong, right = (1 + 18 / 88) / 4, (2 + 18 / 11) / 4
    assert P[3, 1] == pytest.approx(right / (right + wrong)) == pytest.approx(160 / 213)
    np.testing.assert_allclose(P[4:], 0.5)


@pytest.mark.parametrize("spec", SPECS)
def test_ten_thousand_labeling_functions_are_handled_or_refused(spec):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=260)
    accuracy = rng.uniform(0.5, 0.8, 10_000)
    right = rng.random((260, 10_000)) < accuracy
    L = np.where(rng.random((260, 10_000)) < 0.1, np.where(right, y[:, None], 1 - y[:, None]), -1).astype(
        np.int8
    )
    if spec.partition("[")[0] in OF_PAIRS:
        with pytest.raises(ValueError, match="different ones; at most 5000 are possible"):
            answer(spec, 2, L[60:], y[:60], L[:60])
    else:
        assert np.mean(answer(spec, 2, L[60:], y[:60], L[:60]).argmax(axis=1) == y[60:]) > 0.95


@pytest.mark.parametrize("spec", SPECS)
def test_a_memory_map_in_many_blocks_gives_the_answer_of_one_array(spec, tmp_path, monkeypatch):
    L, _, *seeds = problem(N=700)
    P = answer(spec, 3, L, *seeds)
    np.save(tmp_path / "L.npy", np.asfortranarray(L))
    monkeypatch.setattr("autows.label_models._onehot.MOST_ENTRIES", 500)
    monkeypatch.setattr("autows.label_models._onehot.KEPT_BYTES", 1_000)
    mapped = np.load(tmp_path / "L.npy", mmap_mode="r")
    np.testing.assert_allclose(answer(spec, 3, mapped, *seeds), P, atol=1e-8)


@pytest.mark.parametrize("spec", SPECS)
def test_the_same_votes_give_the_same_answer(spec):
    L, _, *seeds = problem()
    np.testing.assert_array_equal(answer(spec, 3, L, *seeds), answer(spec, 3, L, *seeds))


@pytest.mark.parametrize("name", NAMES)
def test_near_constant_labeling_functions_are_left_out_where_asked(name):
    L, _, y_seed, L_seed = problem()
    rng = np.random.default_rng(1)

    def with_constant(votes):
        constant = np.where(rng.random(len(votes)) < 0.95, 1, 0).astype(np.int8)
        return np.insert(votes, 2, constant, axis=1)

    noisy, noisy_seed = with_constant(L), with_constant(L_seed)
    P = answer(f"{name}[max_share=0.9]", 3, noisy, y_seed, noisy_seed)
    np.testing.assert_allclose(P, answer(name, 3, L, y_seed, L_seed), atol=1e-12)
    assert np.abs(answer(name, 3, noisy, y_seed, noisy_seed) - P).max() > 1e-3
    model = label_models.create(f"{name}[max_share=0.9]", n_classes=3).fit(noisy, y_seed, noisy_seed)
    np.testing.assert_array_equal(model.used_lfs_, [0, 1, 3, 4, 5])
    only_constant = np.full((1, 6), -1, dtype=np.int8)
    only_constant[0, 2] = 1
    np.testing.assert_allclose(model.predict_proba(only_constant)[0], model.prior_)
    rows = np.vstack([only_constant, np.full((1, 6), -1, dtype=np.int8), noisy])
    np.testing.assert_array_equal(model.covered(rows), [False, False, *np.any(L != -1, axis=1)])
    everyone = label_models.create(name, n_classes=3).fit(noisy, y_seed, noisy_seed)
    np.testing.assert_array_equal(everyone.covered(rows), np.any(rows != -1, axis=1))
    for fitted in (model, everyone):
        assert fitted.covered(rows[:0]).shape == (0,)
        with pytest.raises(ValueError, match="L has 5 labeling functions; the model was fitted on 6"):
            fitted.covered(L)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_shared_by_all_are_checked(name):
    for share in (0.0, 1.5):
        with pytest.raises(UserError, match="expected a share above 0, at most 1"):
            label_models.create(name, n_classes=2, max_share=share)
    L, _, *seeds = problem()
    model = label_models.create(name, n_classes=3).fit(L, *seeds)
    with pytest.raises(ValueError, match="L has 2 labeling functions; the model was fitted on 5"):
        model.predict_proba(L[:, :2])
    with pytest.raises(ValueError, match="prior must be 3 shares"):
        model.fit(L, *seeds, prior=np.array([0.5, np.nan, 0.5]))
