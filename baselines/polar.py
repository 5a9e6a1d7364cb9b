"""POLAR's harmonizer: one linear model that agrees with many supervision sources at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.types import Labels, TaskView
from baselines._linear_head import Head
from baselines._seeded_pool import SeededPool, softmax
from baselines._template_votes import TemplateVotes

WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Weights of all templates together, in units of that of the seeds."""
POWERS = {"quadratic": 2, "linear": 1}
POOL_ROWS = 4_000


class Polar(Method):
    """Harmonise prompt templates and seeds: a linear model of least scalarised loss to all of them.

    Each template votes for its favourite class of every row. On a pool row the model h pays
    ``(mean over templates of -log h(vote))^2``, on a seed ``(-log h(label))^2``. The square is the paper's
    best scalarisation: rows on which the model cannot please most sources weigh more. The weight of the
    templates, which may be nothing, has the best held-out log-loss of the seeds.

    Parameters
    ----------
    scalarisation : str, default "quadratic"
        ``quadratic`` or ``linear``, which is the sum of the losses.
    balance : bool, default True
        Templates vote under class offsets that give them the class shares that the seeds suggest.

    Notes
    -----
    The square of a non-negative convex loss is convex, so there is one minimum. In the paper the sources
    are a language model and heuristics, the harmonizer is a fine-tuned encoder, and there are no labels. Left
    out are the Chebyshev scalarisation and the prompting again of rows of high score. The POLAR score of a
    row, the model's probability that the zero-shot answer is wrong, is reported by its mean. Unlabeled rows
    to learn from are at most 4,000. O(N' r K) a step of L-BFGS.

    References
    ----------
    T. Zhao, M. Wei, J. S. Preston and H. Poon (2024), Pareto optimal learning for estimating large
    language model errors, ACL.
    """

    name = "polar"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(self, scalarisation: str = "quadratic", balance: bool = True) -> None:
        self.scalarisation = scalarisation
        self.balance = balance

    def validate(self) -> None:
        """Check that there is such a scalarisation."""
        if self.scalarisation not in POWERS:
            raise ValueError(
                f"{self.name}: scalarisation is {self.scalarisation!r}; expected {' or '.join(POWERS)}"
            )

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Tune on the seeds, let templates vote, fit with every weight, answer."""
        self.validate()
        seeded = SeededPool.tuned(view, rng, trusts=(0.0,), most_rows=POOL_ROWS)
        templates = TemplateVotes(view, self.balance, rng)
        Q = templates.shares(view.X_pool[seeded.rows])
        power = POWERS[self.scalarisation]

        def learn(seeds: NDArray[np.bool_]) -> list[Head]:
            heads = [seeded.fit(seeds)]
            for weight in WEIGHTS if len(Q) else ():
                w = np.full(len(Q), weight * np.count_nonzero(seeds) / len(Q))
                heads.append(seeded.fit(seeds, Q, w, heads[-1], power))
            return heads

        labels = seeded.solve(view, learn, {"rows": len(Q), "templates": templates.n_templates})
        zero_shot = softmax(seeded.zero_pool).argmax(axis=1)
        scores = 1 - labels.pool[seeded.rows, zero_shot]
        info = {**labels.info, "mean_polar_score": round(float(scores.mean()), 4) if len(scores) else None}
        return Labels(labels.pool, labels.test, view.n_classes, info=info)
