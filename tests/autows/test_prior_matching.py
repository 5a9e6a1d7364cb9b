"""Offsets that meet a prior, beside plain loops and beside a generic solver of the dual problem."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from scipy.special import log_softmax, logsumexp, softmax

from autows.prior_matching import match_prior


def loops(log_P, prior, n_iter):
    """Take the steps of the definition, one row and one class at a time."""
    N, K = log_P.shape
    b = np.zeros(K)
    for _ in range(n_iter):
        mean = np.zeros(K)
        for i in range(N):
            z = log_P[i] + b
            e = np.exp(z - z.max())
            mean += e / e.sum() / N
        b = np.array([b[k] + np.log(prior[k]) - np.log(mean[k]) for k in range(K)])
    return b - b.mean()


@st.composite
def problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    N, K = draw(st.integers(1, 30)), draw(st.integers(2, 5))
    spread = draw(st.sampled_from([0.0, 0.5, 3.0, 20.0]))
    return log_softmax(spread * rng.standard_normal((N, K)), axis=1), rng.dirichlet(np.full(K, 2.0))


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(1, 30))
def test_steps_are_those_of_plain_loops(problem, n_iter):
    log_P, prior = problem
    np.testing.assert_allclose(match_prior(log_P, prior, n_iter), loops(log_P, prior, n_iter), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_the_limit_maximises_the_dual_and_meets_the_prior(problem):
    log_P, prior = problem
    log_P = log_P / max(1.0, np.ptp(log_P) / 8)

    def dual(b):
        value = prior @ b - logsumexp(log_P + b, axis=1).mean()
        return -value, softmax(log_P + b, axis=1).mean(axis=0) - prior

    found = minimize(dual, np.zeros(len(prior)), jac=True, method="BFGS", options={"gtol": 1e-9})
    b = match_prior(log_P, prior, 5000)
    np.testing.assert_allclose(softmax(log_P + b, axis=1).mean(axis=0), prior, rtol=1e-6)
    np.testing.assert_allclose(b, found.x - found.x.mean(), atol=1e-4)


def test_sharp_scores_lead_to_the_assignment_of_the_transport_problem():
    rng = np.random.default_rng(0)
    N, K = 24, 3
    log_P, prior = log_softmax(rng.standard_normal((N, K)), axis=1), np.array([0.5, 0.25, 0.25])
    equal_rows = np.kron(np.eye(N), np.ones(K))
    equal_columns = np.kron(np.ones(N), np.eye(K))
    plan = linprog(
        -log_P.ravel(), A_eq=np.vstack([equal_rows, equal_columns]), b_eq=np.r_[np.ones(N) / N, prior]
    ).x.reshape(N, K)
    sharp = 200 * log_P
    answer = (sharp + match_prior(sharp, prior, 3000)).argmax(axis=1)
    np.testing.assert_array_equal(answer, plan.argmax(axis=1))
    np.testing.assert_array_equal(np.bincount(answer), [12, 6, 6])


def test_scores_that_are_far_apart_neither_overflow_nor_vanish():
    rng = np.random.default_rng(1)
    log_P = log_softmax(rng.standard_normal((200, 3)), axis=1) + np.array([0.0, -900.0, -2000.0])
    prior = np.array([0.2, 0.3, 0.5])
    b = match_prior(log_P, prior)
    np.testing.assert_allclose(softmax(log_P + b, axis=1).mean(axis=0), prior, rtol=1e-6)


def test_a_class_of_share_zero_is_ruled_out_and_the_others_match():
    rng = np.random.default_rng(2)
    log_P, prior = rng.standard_normal((50, 3)), np.array([0.3, 0.0, 0.7])
    b = match_prior(log_P, prior)
    assert b[1] == -np.inf
    np.testing.assert_allclose(softmax(log_P + b, axis=1).mean(axis=0), prior, atol=1e-8)
    np.testing.assert_allclose(b[[0, 2]], match_prior(log_P[:, [0, 2]], prior[[0, 2]]), atol=1e-12)


def test_row_constants_row_order_and_class_names_do_not_matter():
    rng = np.random.default_rng(3)
    log_P, prior = rng.standard_normal((40, 4)), np.array([0.1, 0.2, 0.3, 0.4])
    b, new = match_prior(log_P, prior), np.array([2, 0, 3, 1])
    np.testing.assert_allclose(match_prior(log_P + 5 * rng.standard_normal((40, 1)), prior), b, atol=1e-10)
    np.testing.assert_allclose(match_prior(log_P[rng.permutation(40)], prior), b, atol=1e-10)
    np.testing.assert_allclose(match_prior(log_P[:, new], prior[new]), b[new], atol=1e-10)


def test_equal_rows_get_the_prior():
    prior = np.array([0.6, 0.3, 0.1])
    b = match_prior(np.full((7, 3), np.log(1 / 3), dtype=np.float32), prior)
    np.testing.assert_allclose(softmax(b), prior)
    assert b.dtype == np.float64


@pytest.mark.parametrize(
    ("log_P", "prior", "message"),
    [
        (np.zeros((3, 2)), np.ones(3) / 3, "shape"),
        (np.zeros((0, 2)), np.ones(2) / 2, "shape"),
        (np.array([[0.0, -np.inf]]), np.ones(2) / 2, "NaN or infinity"),
        (np.zeros((3, 2)), np.array([0.5, 0.6]), "sum to 1"),
        (np.zeros((3, 2)), np.array([1.5, -0.5]), "non-negative"),
    ],
)
def test_wrong_arguments_are_told(log_P, prior, message):
    with pytest.raises(ValueError, match=message):
        match_prior(log_P, prior)
    with pytest.raises(ValueError, match="n_iter is 0"):
        match_prior(np.zeros((3, 2)), np.ones(2) / 2, n_iter=0)
