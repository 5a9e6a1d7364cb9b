"""Bradley-Terry strengths by hand, beside a logistic regression of statsmodels, and as a likelihood's top."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.stats import norm

from leaderboard.statistics import strength_intervals, strengths

WINS = st.integers(2, 6).flatmap(lambda M: arrays(np.float64, (M, M), elements=st.integers(0, 12)))


def rng(seed=0):
    return np.random.default_rng(seed)


def regression(wins, prior):
    """Return strengths by a logistic regression: +1 and -1 for who meets, and who won, as often as it did."""
    M = len(wins)
    i, j = np.triu_indices(M, 1)
    X = np.zeros((len(i), M))
    X[np.arange(len(i)), i], X[np.arange(len(i)), j] = 1, -1
    X, y = np.vstack([X, X]), np.repeat([1.0, 0.0], len(i))
    times = np.concatenate([wins[i, j], wins[j, i]]) + prior
    # The last method is fixed at 0.
    model = sm.GLM(y, X[:, :-1], family=sm.families.Binomial(), freq_weights=times)
    fit = model.fit(tol=1e-12, maxiter=200)
    found = np.append(fit.params, 0.0)
    return found - found.mean()


def slope(wins, prior, s):
    """Return the derivative of the posterior by each strength, as written."""
    M = len(wins)
    found = np.zeros(M)
    for i in range(M):
        for j in range(M):
            if i != j:
                won, lost = wins[i, j] + prior, wins[j, i] + prior
                found[i] += won - (won + lost) / (1 + math.exp(s[j] - s[i]))
    return found


def test_two_methods_have_the_log_odds_of_their_wins():
    assert strengths([[0, 3], [1, 0]], prior=1).tolist() == pytest.approx([math.log(2) / 2, -math.log(2) / 2])
    found = strengths([[0, 12], [0, 0]])
    assert found[0] - found[1] == pytest.approx(math.log(121))  # 12.1 to 0.1: finite
    assert strengths([[5, 2], [2, 9]]).tolist() == [0, 0]  # the diagonal is not used


def test_three_methods_by_hand():
    # Odds 2 to 1, 2 to 1 and 4 to 1 are those of strengths log 2, 0, -log 2 exactly.
    wins = np.array([[0, 6, 8], [3, 0, 6], [2, 3, 0]]) - 1
    np.fill_diagonal(wins, 0)
    assert strengths(wins, prior=1) == pytest.approx([math.log(2), 0, -math.log(2)], abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(WINS, st.sampled_from([0.1, 0.5, 2.0]))
def test_strengths_are_those_of_a_logistic_regression(wins, prior):
    np.fill_diagonal(wins, 0)
    found = strengths(wins, prior)
    assert found == pytest.approx(regression(wins, prior), abs=1e-6)
    assert found.sum() == pytest.approx(0, abs=1e-12)
    assert slope(wins, prior, found) == pytest.approx(np.zeros(len(wins)), abs=1e-9)


def test_strengths_are_the_top_of_the_posterior():
    wins = rng(1).integers(0, 9, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(s):
        return np.sum((wins + 0.1 - 0.1 * np.eye(5)) * np.logaddexp(0, s[None, :] - s[:, None]))

    found = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x
    assert strengths(wins) == pytest.approx(found - found.mean(), abs=1e-5)


def test_a_batch_is_its_tables_one_by_one(monkeypatch):
    wins = rng(2).random((7, 4, 4)) * 5
    expected = np.array([strengths(table) for table in wins])
    assert strengths(wins) == pytest.approx(expected, abs=1e-12)
    monkeypatch.setattr("leaderboard.statistics.bradley_terry._CELLS", 33)
    assert strengths(wins) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("M", [2, 8, 40])
@pytest.mark.parametrize("n", [0, 12, 10_000])
@pytest.mark.parametrize("prior", [0.001, 0.1])
def test_the_most_one_sided_tables_have_finite_strengths(M, n, prior):
    ordered = np.triu(np.full((M, M), float(n)), 1)
    chain = np.diag(np.full(M - 1, float(n)), 1)
    for wins in (ordered, chain):
        found = strengths(wins, prior)
        assert np.isfinite(found).all()
        assert slope(wins, prior, found) == pytest.approx(np.zeros(M), abs=1e-9 * max(n, 1))
        assert (np.diff(found) < 0).all() if n else np.array_equal(found, np.zeros(M))


def test_odds_beyond_floats_are_refused():
    with pytest.raises(ValueError, match="give a larger prior"):
        strengths(np.triu(np.full((100, 100), 1e9), 1), prior=0.001)


@settings(max_examples=25, deadline=None)
@given(WINS, st.randoms(use_true_random=False))
def test_names_do_not_matter_and_a_duplicated_method_is_as_strong(wins, random):
    M = len(wins)
    np.fill_diagonal(wins, 0)
    order = list(range(M))
    random.shuffle(order)
    assert strengths(wins[np.ix_(order, order)]) == pytest.approx(strengths(wins)[order], abs=1e-9)
    twice = np.pad(wins, (0, 1))
    twice[M, :M], twice[:M, M] = wins[0], wins[:, 0]
    twice[0, M] = twice[M, 0] = 6
    found = strengths(twice)
    assert found[M] == pytest.approx(found[0], abs=1e-9)


def test_one_method_has_strength_zero():
    assert strengths([[3.0]]).tolist() == [0.0]
    found = strength_intervals([[[0.5, 0.6]]], rng(), 10)
    assert [x.tolist() for x in found] == [[0.0], [0.0], [0.0]]


def test_every_task_counts_one_however_many_draws_it_has():
    # The first wins all four draws of one task and loses the one draw of another: one win each.
    found, low, high = strength_intervals([[[0.9] * 4, [0.1] * 4], [[0.1], [0.9]]], rng(), 400)
    assert found == pytest.approx([0, 0], abs=1e-12)
    # A resample has two wins, one of each, or two losses, the ends being 2.1 to 0.1 and one in four each. Two
    # tasks: one degree of freedom, and sqrt(2 / 1).
    sd = math.log(21) / 2 / math.sqrt(2)
    assert (low[0], high[0]) == pytest.approx((-high[0], 12.706205 * math.sqrt(2) * sd), rel=0.1)


def test_intervals_are_student_t_with_the_deviation_of_resamples_by_a_loop():
    scores = [rng(7).random((3, n)).round(1) for n in (3, 2, 4)]
    found, low, high = strength_intervals(scores, rng(5), 60, level=0.8)
    generator, rows = rng(5), []
    for _ in range(60):
        u, wins = generator.random((3, 5)), np.zeros((3, 3))
        for slot in u:
            task = scores[int(slot[0] * 3)]
            n = task.shape[1]
            for j in range(n):
                x = task[:, int(slot[1 + j] * n)]
                wins += ((x[:, None] > x) + 0.5 * (x[:, None] == x)) / n
        rows.append(strengths(wins))
    # Three tasks: 1.885618 is Student's quantile of 0.9 with two degrees of freedom.
    half = 1.885618 * math.sqrt(3 / 2) * np.std(rows, axis=0, ddof=1)
    assert np.array([found - low, high - found]) == pytest.approx(np.array([half, half]), rel=1e-6)
    wins = sum(((t[:, None] > t) + 0.5 * (t[:, None] == t)).mean(axis=2) for t in scores)
    assert found == pytest.approx(strengths(wins))


def test_intervals_hold_the_strengths_that_made_the_scores():
    # Scores with Gumbel noise follow the model exactly.
    truth = np.array([1.0, 0.3, 0.0, -0.4, -0.9])
    scores = [truth[:, None] + rng(t).gumbel(size=(5, 20)) for t in range(30)]
    found, low, high = strength_intervals(scores, rng(), 300)
    assert found == pytest.approx(truth - truth.mean(), abs=0.2)
    assert ((low < found) & (found < high)).all()
    assert np.sum((low <= truth) & (truth <= high)) >= 4


def test_who_won_or_lost_everything_has_no_interval():
    scores = [[[0.9, 0.8], [0.7, 0.5], [0.5, 0.7], [0.1, 0.1]], [[0.9], [0.6], [0.8], [0.2]]]
    found, low, high = strength_intervals(scores, rng(), 50)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, False, True]
    assert found[0] > found[2] > found[1] > found[3]


def test_intervals_of_three_tasks_hold_the_strength_as_often_as_they_say():
    # Percentiles of the resamples held it 84 times in 100.
    source, mu, held = rng(3), np.array([0.0, 0.4, 0.8]), []
    beats = norm.cdf((mu[:, None] - mu) / math.sqrt(2))
    np.fill_diagonal(beats, 0)
    truth = strengths(3 * beats)
    for _ in range(60):
        tasks = mu[:, None] + source.normal(size=(3, 3, 1)) * 0.7 + source.normal(size=(3, 3, 4)) * 0.7
        _, low, high = strength_intervals(list(tasks), source, 100)
        known = ~np.isnan(low)
        held += ((low <= truth) & (truth <= high))[known].tolist()
    assert np.mean(held) > 0.92


def test_a_monotone_map_of_a_task_and_a_duplicated_method_change_nothing():
    scores = [rng(t).random((4, 5)) for t in range(6)]
    expected = strength_intervals(scores, rng(), 50)
    found = strength_intervals([np.exp(3 * task) for task in scores], rng(), 50)
    assert np.array_equal(np.array(found), np.array(expected), equal_nan=True)
    twice = strength_intervals([np.vstack([task, task[:1]]) for task in scores], rng(), 50)
    assert np.array(twice)[:, 4] == pytest.approx(np.array(twice)[:, 0], abs=1e-9)


def test_resamples_in_parts_are_the_same_resamples(monkeypatch):
    scores = [rng(t).random((4, 5)) for t in range(3)]
    whole = strength_intervals(scores, rng(), 40)
    monkeypatch.setattr("leaderboard.statistics.bradley_terry._WINS", 50)
    monkeypatch.setattr("leaderboard.statistics.bootstrap._CELLS", 200)
    assert np.array(strength_intervals(scores, rng(), 40)) == pytest.approx(np.array(whole), abs=1e-9)


def test_a_single_draw_gives_no_interval():
    found, low, high = strength_intervals([[[0.9], [0.1]]], rng(), 10)
    assert found[0] == -found[1] > 0
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize(
    ("wins", "prior", "message"),
    [
        ([[0, 1]], 0.1, r"square tables .*; got an array of shape \(1, 2\)"),
        ([0, 1], 0.1, "square tables"),
        (np.zeros((0, 0)), 0.1, "square tables"),
        (np.zeros((0, 2, 2)), 0.1, "square tables"),
        ([[0, -1], [1, 0]], 0.1, "from 0 up; got .* least -1"),
        ([[0, math.nan], [1, 0]], 0.1, "got 1 of 4 that are NaN"),
        ([[0, 1], [1, 0]], 0, "the prior of strengths is a number of wins from 0.001 up; got 0"),
        ([[0, 1], [1, 0]], math.nan, "the prior of strengths"),
    ],
)
def test_what_is_no_table_of_wins_is_refused(wins, prior, message):
    with pytest.raises(ValueError, match=message):
        strengths(wins, prior)
