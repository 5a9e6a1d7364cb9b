"""Votes that are independent given the class, from known tables."""

from __future__ import annotations

import numpy as np


def simulate(confusions, N, rng, shares=None):
    """Return votes independent given the class; confusions[j][k] are the chances of 0 .. K-1, abstain."""
    K = len(confusions[0])
    y = rng.choice(K, N, p=shares)
    L = np.empty((N, len(confusions)), dtype=np.int8)
    for j, confusion in enumerate(confusions):
        outcome = (rng.random(N)[:, None] > np.cumsum(confusion, axis=1)[y]).sum(axis=1)
        L[:, j] = np.where(outcome == K, -1, outcome)
    return L, y


def coin(accuracy, K, coverage=1.0):
    wrong = (1 - accuracy) / (K - 1)
    shares = np.where(np.eye(K, dtype=bool), accuracy, wrong) * coverage
    return np.hstack([shares, np.full((K, 1), 1 - coverage)])


def bayes_accuracy(L, y, confusions):
    """Return the accuracy of who knows the confusions, classes being equally frequent."""
    log_p = sum(np.log(c)[:, votes].T for c, votes in zip(confusions, L.T, strict=True))
    return np.mean(log_p.argmax(axis=1) == y)
