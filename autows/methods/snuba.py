"""Snuba: labeling functions synthesised from the seeds, pruned for accuracy and diversity, in rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from autows.lf_family import Rows
from autows.lf_search import Search, parse_families
from autows.methods._rounds import grow
from autows.types import TaskView
from autows.voting import SynthesisingMethod, Votes


class Snuba(SynthesisingMethod):
    """Snuba, one class against the rest: every labeling function votes for one class or abstains.

    Every round fits all models of the families to the seeds that are still vague, gives each the
    abstain threshold of best F-score, keeps for each class those of best F-score and least overlap
    with what is already kept, and lets a verifier say which seeds are vague. The votes of all that
    was kept go to a label model.

    F-scores are those of the votes that survive (positive ones), on out-of-fold predictions of the
    seeds; overlap is the Jaccard index of covered pool rows; the verifier is Dawid-Skene's model fitted
    by EM; vague are the half of the seeds with the smallest margins and those that are wrong.

    Parameters
    ----------
    families : str, default "stumps+logistic"
        Families of labeling functions, joined by ``+``; see ``run_bench.py list lf-families``.
    cardinality : int, default 1
        Most features a model looks at, for families that have this parameter.
    n_iterations : int, default 23
        Most rounds.
    keep_first, keep : int, default 3 and 1
        Labeling functions kept for each class in the first and in every later round.
    patience : int, default 0
        Stop after so many rounds without a better held-out log-loss of the seeds; 0 never does.
    accuracy_check : bool, default False
        Stop when the verifier's accuracy of a labeling function contradicts the seeds, as the paper
        does. The bound holds for independent labeling functions; those on the same features are not,
        and with 100 seeds it ends runs in their first rounds.
    label_model : str, default "dawid_skene"
        The label model that aggregates the votes, as its registry writes it.
    extend : bool, default False
        First let a labeling function that abstains vote as on the nearest similar rows, see
        :func:`autows.vote_extension.extend_votes`.

    References
    ----------
    P. Varma and C. Ré (2018), Snuba: automating weak supervision to label training data, PVLDB
    12(3). N. Roberts et al. (2022), AutoWS-Bench-101, NeurIPS (unipolar multiclass form).
    """

    name = "snuba"
    family = "autows"
    multipolar: ClassVar[bool] = False
    polarities: ClassVar[Mapping[str, str]] = {"unipolar": "snuba", "multipolar": "snuba_multipolar"}

    def __init__(
        self,
        families: str = "stumps+logistic",
        cardinality: int = 1,
        n_iterations: int = 23,
        keep_first: int = 3,
        keep: int = 1,
        patience: int = 0,
        accuracy_check: bool = False,
        label_model: str = "dawid_skene",
        extend: bool = False,
    ) -> None:
        self.families = families
        self.cardinality = cardinality
        self.n_iterations = n_iterations
        self.keep_first = keep_first
        self.keep = keep
        self.patience = patience
        self.accuracy_check = accuracy_check
        self.label_model = label_model
        self.extend = extend

    def validate(self) -> None:
        """Check the numbers and that there are such families and such a label model."""
        self.require_positive("cardinality", "n_iterations", "keep_first", "keep")
        if self.patience < 0:
            raise ValueError(f"{self.name}: patience is {self.patience}; expected 0 or more")
        parse_families(self.families, cardinality=self.cardinality)
        super().validate()

    def synthesise(self, view: TaskView, rng: np.random.Generator) -> Votes:
        """Synthesise, prune and verify in rounds, then let what was kept vote."""
        families = parse_families(self.families, cardinality=self.cardinality)
        search = Search(view, families, self.multipolar, rng)
        grown = grow(
            search, self.n_iterations, self.keep_first, self.keep, self.patience, self.accuracy_check
        )
        return Votes(
            pool=grown.lfs.votes(Rows.pool(view)),
            test=grown.lfs.votes(Rows.test(view)),
            seeds=grown.seed_votes,
            lfs=grown.lfs.describe(),
            info={
                "rounds": int(grown.round.max(initial=0)),
                "stopped": grown.why,
                "held_out_log_loss": [round(loss, 4) for loss in grown.losses],
            },
        )
