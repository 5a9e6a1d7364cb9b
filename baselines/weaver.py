"""Weaver: many weak zero-shot scorers, filtered, and combined by a label model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.types import TaskView
from autows.voting import Votes, VotingMethod
from baselines._template_votes import TemplateVotes

FEWEST = 3
"""Two voters that disagree do not say which of them errs."""
RIDGE = 0.01


class Weaver(VotingMethod):
    """Prompt templates vote, those that are nearly constant are dropped, a label model combines the rest.

    Parameters
    ----------
    max_share : float, default 0.9
        Templates that cast one and the same vote on more than this share of the pool are dropped, the
        most constant first, as long as three are left.
    independent : int, default 0
        Of the others keep so many, at least three, that depend least on each other; 0 keeps all.
    balance : bool, default True
        Templates vote under class offsets that give them the class shares that the seeds suggest; a
        class without seeds is then taken to be rare.
    label_model : str, default "weighted_vote"
        The label model that aggregates the votes, as its registry writes it; ``metal`` is the paper's.
    extend : bool, default False
        As in other methods of votes; without abstentions it changes nothing.

    Notes
    -----
    The paper's scorers are reward models and judges that verify the answers of a language model; they
    become votes at a threshold, and a model of MeTaL's type weighs them without labels but for the class
    shares. Here they are a joint embedding's zero-shot answers in different wordings, and by default
    their accuracies on the seeds weigh them: tables of K x K chances, such as MeTaL's, are too much for
    two seeds a class. Left out are the continuous model of scores, and distillation into one scorer.

    Dependence is measured by partial correlations of votes, ``-W_ij / (W_ii W_jj)^(1/2)`` with W the
    inverse of the correlations of centred one-hot votes plus 0.01 I; the template of the largest sum of
    absolute values is dropped, again and again. O(rows T^2 K + T^4).

    Wordings of one question depend on each other given the class too, which the label models here do
    not know: posteriors are far too sure of themselves, though their order may be right.

    References
    ----------
    J. Saad-Falcon et al. (2025), Shrinking the generation-verification gap with weak verifiers,
    arXiv:2506.18203.
    """

    name = "weaver"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def __init__(
        self,
        max_share: float = 0.9,
        independent: int = 0,
        balance: bool = True,
        label_model: str = "weighted_vote",
        extend: bool = False,
    ) -> None:
        self.max_share = max_share
        self.independent = independent
        self.balance = balance
        self.label_model = label_model
        self.extend = extend

    def validate(self) -> None:
        """Check the numbers and that there is such a label model."""
        if not 0 < self.max_share <= 1:
            raise ValueError(f"{self.name}: max_share is {self.max_share}; expected above 0, at most 1")
        if self.independent and self.independent < FEWEST:
            raise ValueError(
                f"{self.name}: independent is {self.independent}; expected 0 or at least {FEWEST}"
            )
        super().validate()

    def skip_reason(self, view: TaskView) -> str | None:
        """Less than three templates cannot be weighed against each other, nor any without rows to vote on."""
        if len(view.unlabeled_index) == 0:
            return "needs pool rows that are not seeds"
        E = view.template_embeddings
        if E is not None and len(E) < FEWEST:
            return f"needs at least {FEWEST} prompt templates, and this task has {len(E)}"
        return super().skip_reason(view)

    def synthesise(self, view: TaskView, rng: np.random.Generator) -> Votes:
        """Let the templates vote and filter them; the seeds only say what the class shares are."""
        templates = TemplateVotes(view, self.balance, rng)
        pool = templates.votes(view.X_pool)
        kept = lively(pool, view.n_classes, self.max_share)
        constant = templates.n_templates - len(kept)
        if self.independent:
            kept = kept[least_dependent(pool[:, kept], view.n_classes, self.independent)]
        return Votes(
            pool=np.ascontiguousarray(pool[:, kept]),
            test=templates.votes(view.X_test, kept),
            seeds=templates.votes(view.X_seed, kept),
            lfs=tuple({"kind": "template", "template": int(t), "features": []} for t in kept),
            info={"constant": constant, "dependent": templates.n_templates - constant - len(kept)},
        )


def lively(L: NDArray[np.int8], n_classes: int, max_share: float) -> NDArray[np.intp]:
    """Return, ascending, the voters with no vote on more than this share of rows, or the best three."""
    share = np.max([np.mean(k == L, axis=0) for k in range(n_classes)], axis=0)
    order = np.argsort(share, kind="stable")
    return np.sort(order[: max(np.count_nonzero(share <= max_share), FEWEST)])


def least_dependent(L: NDArray[np.int8], n_classes: int, keep: int) -> NDArray[np.intp]:
    """Return the voters left when the most dependent is dropped until ``keep`` are left; ascending."""
    left = np.arange(L.shape[1])
    R = vote_correlations(L, n_classes) + RIDGE * np.eye(len(left))
    while len(left) > keep:
        W = np.linalg.inv(R[np.ix_(left, left)])
        scale = np.sqrt(W.diagonal())
        partial = np.abs(W) / scale / scale[:, None]
        left = np.delete(left, partial.sum(axis=1).argmax())
    return left


def vote_correlations(L: NDArray[np.int8], n_classes: int) -> NDArray[np.float64]:
    """Return correlations of one-hot votes, all classes together, each centred; (T, T).

    A voter of one and the same vote correlates with nobody.
    """
    total = np.zeros((L.shape[1], L.shape[1]))
    for k in range(n_classes):
        V = np.equal(L, k).astype(np.float32)
        share = V.mean(axis=0, dtype=np.float64)
        # Counts are exact in float32; their quotients would not be.
        total += (V.T @ V).astype(np.float64) / len(L) - np.outer(share, share)
    scale = np.sqrt(np.maximum(total.diagonal(), 1e-12))
    return np.asarray(total / scale / scale[:, None])
