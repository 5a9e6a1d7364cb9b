"""Fifty small networks trained side by side as one batch of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

MEMBERS, HIDDEN = 50, 10
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-4
MOMENTUM, SQUARE_MOMENTUM, TINY = 0.9, 0.999, 1e-8
MAX_EPOCHS, PATIENCE, LEAST_GAIN = 200, 10, 1e-4
"""A member stops when its loss has not fallen by the least gain for so many epochs."""


@dataclass
class BaggedMLPs:
    """B networks with two hidden layers of H ReLU units and one output.

    Parameters
    ----------
    W1 : (D, B, H) float
        Inputs to the first layer; the inputs are the same for all members, so this is one matrix product.
    b1, b2, W3 : (B, H) float
    W2 : (B, H, H) float
    b3 : (B,) float
    """

    W1: NDArray[np.floating]
    b1: NDArray[np.floating]
    W2: NDArray[np.floating]
    b2: NDArray[np.floating]
    W3: NDArray[np.floating]
    b3: NDArray[np.floating]

    @classmethod
    def start(
        cls, n_features: int, rng: np.random.Generator, members: int = MEMBERS, dtype: type = np.float32
    ) -> BaggedMLPs:
        """Draw all weights and biases uniformly from +-1 / sqrt(inputs of the layer)."""

        def draw(shape: tuple[int, ...], inputs: int) -> NDArray[np.floating]:
            return rng.uniform(-1.0, 1.0, shape).astype(dtype) / dtype(np.sqrt(inputs))

        H = HIDDEN
        return cls(
            draw((n_features, members, H), n_features),
            draw((members, H), n_features),
            draw((members, H, H), H),
            draw((members, H), H),
            draw((members, H), H),
            draw((members,), H),
        )

    def parameters(self) -> Iterator[NDArray[np.floating]]:
        """Yield the arrays in the order in which they are declared."""
        return (getattr(self, f.name) for f in fields(self))

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return each member's probability of a 1, shape (B, rows)."""
        return _logistic(self._forward(X)[2])

    def _forward(
        self, X: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
        """Return both hidden layers, (B, rows, H), and the logits, (B, rows)."""
        D, B, H = self.W1.shape
        first = (X @ self.W1.reshape(D, B * H)).reshape(len(X), B, H).transpose(1, 0, 2)
        first = np.maximum(first + self.b1[:, None], 0)
        second = np.maximum(first @ self.W2 + self.b2[:, None], 0)
        logits = (second @ self.W3[:, :, None])[:, :, 0] + self.b3[:, None]
        return first, second, logits

    def loss_and_gradient(
        self, X: NDArray[np.floating], y: NDArray[np.floating], weights: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], BaggedMLPs]:
        """Return each member's mean log-loss, shape (B,), and its gradient in all parameters.

        Parameters
        ----------
        X : (rows, D) float
        y : (rows,) float
            0 or 1.
        weights : (B, rows) float
            How much each row counts for each member; rows sum to 1.
        """
        first, second, logits = self._forward(X)
        loss = (weights * (np.logaddexp(0, logits) - y * logits)).sum(axis=1)
        d3 = weights * (_logistic(logits) - y)
        d2 = d3[:, :, None] * self.W3[:, None] * (second > 0)
        d1 = (d2 @ self.W2.transpose(0, 2, 1)) * (first > 0)
        B, rows, H = d1.shape
        flat = np.ascontiguousarray(d1.transpose(1, 0, 2)).reshape(rows, B * H)
        return loss, BaggedMLPs(
            W1=(X.T @ flat).reshape(-1, B, H),
            b1=d1.sum(axis=1),
            W2=first.transpose(0, 2, 1) @ d2,
            b2=d2.sum(axis=1),
            W3=(second * d3[:, :, None]).sum(axis=1),
            b3=d3.sum(axis=1),
        )


def train(
    X: NDArray[np.floating],
    y: NDArray[np.floating],
    weights: NDArray[np.floating],
    rng: np.random.Generator,
    members: int = MEMBERS,
) -> BaggedMLPs:
    """Train a bag of networks, each on a bootstrap sample of the rows, with Adam on whole samples.

    Parameters
    ----------
    X : (rows, D) float
    y : (rows,) float
        0 or 1.
    weights : (rows,) float
        How much each row counts; rows are drawn evenly and count so much each time they are drawn.
    rng : numpy.random.Generator
        Draws starts and samples.
    members : int, default 50

    Returns
    -------
    BaggedMLPs

    Notes
    -----
    O(epochs rows B H (D + H)); weights decay as part of the gradient.

    References
    ----------
    D. P. Kingma and J. Ba (2015), Adam: a method for stochastic optimization, ICLR.
    """
    bag = BaggedMLPs.start(X.shape[1], rng, members, X.dtype.type)
    drawn = rng.multinomial(len(X), np.full(len(X), 1.0 / len(X)), size=members)
    counts = (drawn * weights).astype(X.dtype)
    counts /= np.maximum(counts.sum(axis=1, keepdims=True), TINY)
    descend(bag, X, y, counts)
    return bag


def descend(
    bag: BaggedMLPs,
    X: NDArray[np.floating],
    y: NDArray[np.floating],
    weights: NDArray[np.floating],
    max_epochs: int = MAX_EPOCHS,
) -> None:
    """Take Adam steps, in place, until every member has stopped; ``weights`` as in the gradient."""
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in bag.parameters()]
    best = np.full(len(weights), np.inf)
    stalled = np.zeros(len(weights), dtype=int)
    for epoch in range(1, max_epochs + 1):
        loss, gradient = bag.loss_and_gradient(X, y, weights)
        improved = loss < best - LEAST_GAIN
        best = np.where(improved, loss, best)
        stalled = np.where(improved, 0, stalled + 1)
        going = stalled < PATIENCE
        if not going.any():
            return
        step = LEARNING_RATE * np.sqrt(1 - SQUARE_MOMENTUM**epoch) / (1 - MOMENTUM**epoch)
        tiny = TINY * np.sqrt(1 - SQUARE_MOMENTUM**epoch)
        for p, g, (m, v) in zip(bag.parameters(), gradient.parameters(), moments, strict=True):
            g += WEIGHT_DECAY * p
            m *= MOMENTUM
            m += (1 - MOMENTUM) * g
            v *= SQUARE_MOMENTUM
            v += (1 - SQUARE_MOMENTUM) * g * g
            change = m * p.dtype.type(step) / (np.sqrt(v) + tiny)
            # Members lie on the second axis of W1, on the first of all else.
            members = change.swapaxes(0, 1) if p is bag.W1 else change
            members[~going] = 0
            p -= change


def _logistic(z: NDArray[np.floating]) -> NDArray[np.floating]:
    return 0.5 + 0.5 * np.tanh(0.5 * z)
