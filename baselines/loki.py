"""Loki: the class from which the expected squared distance is least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._embeddings import unit_rows
from baselines._transduction import first_of_the_best, seed_log_loss, text_log_probabilities

METRICS = ("texts", "ordinal")
TEMPERATURES = (1.0, 0.7, 1.4, 0.5, 2.0, 0.35, 2.8, 0.25, 4.0, 0.1, 10.0)
"""From none to ever more in either direction, so that of equally good ones the mildest is taken."""
SHARPNESS = tuple(float(t) for t in np.geomspace(0.5, 500.0, 13))


class Loki(Method):
    """Answer with the class that is nearest, on average, to what the foundation model believes.

    The class y of a row x is the one with the least ``R(x, y) = sum_k P(k | x) D(y, k)^2``, the Fréchet
    mean of its zero-shot probabilities in a metric D between classes, in place of the most probable
    class. That differs where P is undecided and some classes lie closer together than others.

    Parameters
    ----------
    metric : str, default "texts"
        ``texts``: ``D^2`` is one minus the cosine of the class texts. ``ordinal``: D is the difference of
        class numbers, for classes that are steps of a scale in their order. Either is divided so that
        the mean of ``D^2`` between classes is 1.

    Notes
    -----
    Probabilities of the answer are ``softmax(-s R)``, whose largest is the Fréchet mean. The sharpness s
    and the temperature of P, ``softmax(t log P)``, are the pair with the least log-loss on the seeds.
    Nothing else is learned, so that the seeds are held out as they are.

    Of the paper this is the rule for classes that all occur. Left out are metrics that span classes of
    which no prediction speaks, bounds, and the choice of classes to label. O(N K (d + K)).

    References
    ----------
    N. Roberts, X. Li, D. Adila, S. Cromp, T.-H. Huang, J. Zhao and F. Sala (2023), Geometry-aware
    adaptation for pretrained models, NeurIPS.
    """

    name = "loki"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, metric: str = "texts") -> None:
        self.metric = metric

    def validate(self) -> None:
        """Check that the metric is one of those there are."""
        if self.metric not in METRICS:
            raise ValueError(f"metric is '{self.metric}'; expected one of {', '.join(METRICS)}")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Choose temperature and sharpness on the seeds, then one product with squared distances.

        Raises
        ------
        ValueError
            If ``metric`` is unknown.
        """
        self.validate()
        texts = view.class_embeddings
        assert texts is not None
        assert view.logit_scale is not None
        D2 = squared_distances(texts, self.metric)
        seeds, pool, test = (
            text_log_probabilities(unit_rows(np.asarray(X)), texts, view.logit_scale)
            for X in (view.X_seed, view.X_pool, view.X_test)
        )
        y = np.asarray(view.y_seed)
        losses = {
            (t, s): seed_log_loss(softmax(-s * risk(seeds, D2, t)), y)
            for t in TEMPERATURES
            for s in SHARPNESS
        }
        (t, s), _ = first_of_the_best(losses)
        return Labels(
            pool=softmax(-s * risk(pool, D2, t)),
            test=softmax(-s * risk(test, D2, t)),
            n_classes=view.n_classes,
            info={"temperature": round(t, 6), "sharpness": round(s, 6)},
        )


def squared_distances(texts: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
    """Return squared distances between classes, shape (K, K), zero diagonal, of mean 1 off it."""
    K = len(texts)
    wide = texts.astype(np.float64)
    if metric == "ordinal":
        squared = np.square(np.subtract.outer(np.arange(K), np.arange(K)).astype(np.float64))
    else:
        squared = np.maximum(1 - wide @ wide.T, 0.0)
        np.fill_diagonal(squared, 0.0)
    mean = squared.sum() / (K * (K - 1))
    # Texts that are all the same say nothing about distances.
    return squared / mean if mean > 1e-9 else 1.0 - np.eye(K)


def risk(log_P: NDArray[np.float32], D2: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return the expected squared distance of each class, shape (N, K), under tempered probabilities."""
    return softmax(temperature * log_P.astype(np.float64)) @ D2


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of logits, shape (N, K)."""
    from scipy.special import softmax as rows_softmax

    P: NDArray[np.float64] = rows_softmax(logits, axis=1)
    return P
