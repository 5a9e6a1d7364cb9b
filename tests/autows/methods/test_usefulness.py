"""Models of usefulness beside scikit-learn, plain networks and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from autows.methods import _bagged_mlps as mlps
from autows.methods._bagged_mlps import BaggedMLPs, descend, train
from autows.methods._lf_features import vote_features, vote_similarity
from autows.methods._oracles import Answer
from autows.methods._usefulness import (
    ANSWER_NOISE,
    LENGTH_SCALE,
    GaussianProcess,
    NetworkBag,
    posterior,
)


def unit_rows(C=60, D=6, seed=0):
    F = np.random.default_rng(seed).standard_normal((C, D))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def observations(C, S, seed=1):
    rng = np.random.default_rng(seed)
    return rng.permutation(C)[:S], rng.random(S), rng.uniform(0.01, 0.5, S)


def reference(F, index, values, noise, mean, spread):
    kernel = ConstantKernel(spread**2, "fixed") * RBF(LENGTH_SCALE, "fixed")
    gp = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(F[index], values - mean)
    found, std = gp.predict(F, return_std=True)
    return found + mean, std


@pytest.mark.parametrize(("S", "mean", "spread"), [(1, 0.5, 0.5), (25, 0.5, 0.5), (60, 0.0, 0.3)])
def test_both_forms_of_the_process_are_that_of_scikit_learn(S, mean, spread):
    F = unit_rows()
    index, values, noise = observations(len(F), S)
    wanted = reference(F, index, values, noise, mean, spread)
    model = GaussianProcess(F, mean, spread)
    for j, value, variance in zip(index, values, noise, strict=True):
        model.observe(j, value, variance)
    for found in ((model.mean, model.std), posterior(F, index, values, noise, mean, spread)):
        np.testing.assert_allclose(found[0], wanted[0], atol=1e-10)
        np.testing.assert_allclose(found[1], wanted[1], atol=1e-7)


def test_every_update_is_a_refit():
    F = unit_rows()
    index, values, noise = observations(len(F), 40)
    model = GaussianProcess(F)
    for S in range(1, 41):
        model.observe(index[S - 1], values[S - 1], noise[S - 1])
        mean, std = posterior(F, index[:S], values[:S], noise[:S])
        np.testing.assert_allclose(model.mean, mean, atol=1e-10)
        np.testing.assert_allclose(model.std, std, atol=1e-8)


def test_asking_the_same_again_and_duplicates_do_no_harm():
    F = np.repeat(unit_rows(4), 5, axis=0)
    model = GaussianProcess(F)
    for _ in range(30):
        for j in range(len(F)):
            model.observe(j, 1.0, 1e-3)
    np.testing.assert_allclose(model.mean, 1.0, atol=0.02)
    assert np.all(np.isfinite(model.std))
    assert np.all(model.std < 0.02)


def test_an_answer_is_a_noisy_value_and_dont_know_is_none():
    F = unit_rows()
    told, plain = GaussianProcess(F), GaussianProcess(F)
    told.add(3, Answer(None))
    np.testing.assert_array_equal(told.mean, 0.5)
    np.testing.assert_array_equal(told.std, 0.5)
    told.add(3, Answer(False, 0.8))
    plain.observe(3, 0.0, ANSWER_NOISE + 0.16)
    np.testing.assert_array_equal(told.mean, plain.mean)
    sure = GaussianProcess(F)
    sure.add(3, Answer(False, 1.0))
    assert sure.mean[3] < told.mean[3] < 0.5


def test_without_values_the_prior_is_returned():
    mean, std = posterior(unit_rows(3), [], np.zeros(0), np.zeros(0), 0.2, 0.7)
    np.testing.assert_array_equal(mean, 0.2)
    np.testing.assert_array_equal(std, 0.7)


# Networks


def small_bag(members=3, D=4, dtype=np.float64, seed=0):
    return BaggedMLPs.start(D, np.random.default_rng(seed), members, dtype)


def batch(members=3, rows=7, D=4, seed=1):
    rng = np.random.default_rng(seed)
    weights = rng.random((members, rows))
    return (
        rng.standard_normal((rows, D)),
        rng.integers(2, size=rows) * 1.0,
        weights / weights.sum(axis=1)[:, None],
    )


def plain_network(bag, b):
    """Return member b as the weights of an ordinary network."""
    return [bag.W1[:, b], bag.b1[b], bag.W2[b], bag.b2[b], bag.W3[b], bag.b3[b]]


def plain_forward(net, x):
    W1, b1, W2, b2, W3, b3 = net
    first = [max(0.0, sum(x[d] * W1[d, h] for d in range(len(x))) + b1[h]) for h in range(len(b1))]
    second = [max(0.0, sum(first[g] * W2[g, h] for g in range(len(b1))) + b2[h]) for h in range(len(b2))]
    return 1 / (1 + np.exp(-(sum(s * w for s, w in zip(second, W3, strict=True)) + b3)))


def test_each_member_predicts_as_a_plain_network():
    bag, (X, _, _) = small_bag(), batch()
    P = bag.predict(X)
    assert P.shape == (3, 7)
    for b in range(3):
        net = plain_network(bag, b)
        np.testing.assert_allclose(P[b], [plain_forward(net, x) for x in X], rtol=1e-12)


def test_the_gradient_is_that_of_finite_differences():
    bag, (X, y, weights) = small_bag(), batch()
    loss, gradient = bag.loss_and_gradient(X, y, weights)
    P = bag.predict(X)
    np.testing.assert_allclose(loss, -(weights * np.log(np.where(y == 1, P, 1 - P))).sum(axis=1))
    for p, g in zip(bag.parameters(), gradient.parameters(), strict=True):
        assert p.shape == g.shape
        for place in np.ndindex(*p.shape):
            kept, h = p[place], 1e-6
            p[place] = kept + h
            up = bag.loss_and_gradient(X, y, weights)[0].sum()
            p[place] = kept - h
            down = bag.loss_and_gradient(X, y, weights)[0].sum()
            p[place] = kept
            assert g[place] == pytest.approx((up - down) / (2 * h), abs=1e-7)


def plain_adam(net, X, y, weights, epochs):
    """Train one network as Kingma and Ba write it; return the loss before each step."""
    m, v, losses = [0 * p for p in net], [0 * p for p in net], []
    for t in range(1, epochs + 1):
        W1, b1, W2, b2, W3, b3 = net
        A1 = X @ W1 + b1
        Z1 = np.maximum(A1, 0)
        A2 = Z1 @ W2 + b2
        Z2 = np.maximum(A2, 0)
        p = 1 / (1 + np.exp(-(Z2 @ W3 + b3)))
        losses.append(-np.sum(weights * (y * np.log(p) + (1 - y) * np.log(1 - p))))
        d = weights * (p - y)
        D2 = np.outer(d, W3) * (A2 > 0)
        D1 = (D2 @ W2.T) * (A1 > 0)
        slopes = [X.T @ D1, D1.sum(0), Z1.T @ D2, D2.sum(0), Z2.T @ d, d.sum()]
        for i, slope in enumerate(slopes):
            slope = slope + 1e-4 * net[i]
            m[i] = 0.9 * m[i] + 0.1 * slope
            v[i] = 0.999 * v[i] + 0.001 * slope**2
            net[i] = net[i] - 1e-3 * (m[i] / (1 - 0.9**t)) / (np.sqrt(v[i] / (1 - 0.999**t)) + 1e-8)
    return losses


def test_each_member_learns_as_a_plain_network_alone():
    bag, (X, y, weights) = small_bag(), batch()
    alone = [plain_network(bag, b) for b in range(3)]
    alone = [[np.array(p, copy=True) for p in net] for net in alone]
    descend(bag, X, y, weights, max_epochs=50)
    for b, net in enumerate(alone):
        losses = plain_adam(net, X, y, weights[b], 50)
        assert losses[-1] < losses[0]
        for found, wanted in zip(plain_network(bag, b), net, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_a_member_that_learns_nothing_stops_and_the_others_go_on():
    bag, (X, y, weights) = small_bag(), batch()
    weights[1] = 0.0
    before = [np.array(p, copy=True) for p in plain_network(bag, 1)]
    other = np.array(bag.W1[:, 0], copy=True)
    descend(bag, X, y, weights, max_epochs=60)
    at_60 = [np.array(p, copy=True) for p in plain_network(bag, 1)]
    assert not np.array_equal(bag.W1[:, 0], other)
    # Without a loss to lower only decay moves it, and only until its patience is over.
    moved = max(np.abs(a - b).max() for a, b in zip(before, at_60, strict=True))
    assert moved <= mlps.LEARNING_RATE * (mlps.PATIENCE + 1)


def test_bootstrap_weights_follow_the_rows_weights():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 4)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.float32)
    one = train(X, y, np.ones(40, np.float32), np.random.default_rng(3))
    scaled = train(X, y, np.full(40, 0.5, np.float32), np.random.default_rng(3))
    np.testing.assert_allclose(one.predict(X), scaled.predict(X), atol=1e-4)
    assert one.predict(X).dtype == np.float32
    assert np.std(one.predict(X), axis=0).min() > 0


def test_the_bag_learns_a_half_space_and_repeats_itself():
    F = unit_rows(200, 4)
    models = [NetworkBag(F, seed) for seed in (1, 1, 2)]
    for model in models:
        np.testing.assert_array_equal(model.mean, 0.5)
        for j in range(40):
            model.add(j, Answer(bool(F[j, 0] > 0), 1.0))
        model.settle()
    np.testing.assert_array_equal(models[0].mean, models[1].mean)
    np.testing.assert_array_equal(models[0].std, models[1].std)
    assert not np.array_equal(models[0].mean, models[2].mean)
    rest = np.arange(40, 200)
    assert np.corrcoef(models[0].mean[rest], F[rest, 0])[0, 1] > 0.8


def test_what_the_bag_believes_does_not_depend_on_when_it_was_asked():
    F = unit_rows(50, 4)
    often, late = NetworkBag(F, 5), NetworkBag(F, 5)
    for j in range(20):
        for model in (often, late):
            model.add(j, Answer(None) if j % 7 == 0 else Answer(j % 2 == 0, 0.9))
        often.settle()
    late.settle()
    np.testing.assert_array_equal(often.mean, late.mean)


# What labeling functions look like


def plain_similarity(covers, label, K):
    rows, C = covers.shape
    codes = np.zeros((C, rows * K))
    for j in range(C):
        code = np.full(K, -1 / K)
        code[label[j]] += 1
        share = covers[:, j].mean()
        codes[j] = np.concatenate([(covers[i, j] - share) * code for i in range(rows)])
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    return codes @ codes.T


@pytest.mark.parametrize("K", [2, 3, 5])
def test_similarity_is_the_correlation_of_coded_votes(K):
    rng = np.random.default_rng(K)
    covers = rng.random((40, 12)) < rng.uniform(0.1, 0.9, 12)
    label = rng.integers(K, size=12)
    np.testing.assert_allclose(
        vote_similarity(covers, label, K), plain_similarity(covers, label, K), atol=1e-12
    )


def test_similarity_of_a_rule_its_copy_its_rival_and_its_reverse():
    inside = np.arange(20) < 6
    covers = np.column_stack([inside, inside, inside, ~inside])
    label = np.array([0, 0, 1, 1])
    np.testing.assert_allclose(vote_similarity(covers, label, 2)[0], [1, 1, -1, 1], atol=1e-12)
    np.testing.assert_allclose(vote_similarity(covers, label, 4)[0], [1, 1, -1 / 3, 1 / 3], atol=1e-12)


@pytest.mark.parametrize("n_components", [5, 60])
def test_features_are_unit_rows_that_keep_what_can_be_kept(n_components):
    rng = np.random.default_rng(0)
    covers = rng.random((80, 60)) < 0.4
    covers[:, 30:] = covers[:, :30]
    label = np.tile(rng.integers(3, size=30), 2)
    tau = vote_features(covers, label, 3, n_components)
    assert tau.shape == (60, n_components)
    np.testing.assert_allclose(np.linalg.norm(tau, axis=1), 1)
    np.testing.assert_allclose(tau[:30], tau[30:], atol=1e-6)
    if n_components == 60:
        np.testing.assert_allclose(tau @ tau.T, vote_similarity(covers, label, 3), atol=1e-9)
    else:
        values, vectors = np.linalg.eigh(vote_similarity(covers, label, 3))
        best = vectors[:, -5:] * np.sqrt(values[-5:])
        best /= np.linalg.norm(best, axis=1, keepdims=True)
        np.testing.assert_allclose(tau @ tau.T, best @ best.T, atol=1e-8)
    np.testing.assert_array_equal(tau, vote_features(covers, label, 3, n_components))


def test_no_labeling_function_has_no_features():
    assert len(vote_features(np.zeros((9, 0), bool), np.zeros(0, int), 2, 150)) == 0
