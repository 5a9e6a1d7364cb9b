"""Methods that synthesise labeling functions and leave their votes to a label model, in two stages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from autows import label_models
from autows.lf_search import needs_of, parse_families
from autows.method import Method
from autows.params import parse_spec
from autows.types import Labels, TaskView


@dataclass(frozen=True)
class Votes:
    """What the first stage gives: votes of m labeling functions, and what they are.

    Parameters
    ----------
    pool, test : (rows, m) int8
        Votes, -1 for abstain.
    seeds : (n, m) int8
        Votes on the seeds of models that did not see them (out of fold).
    lfs : tuple of mappings
        One description of each labeling function, as JSON values.
    info : mapping
        Anything worth keeping, as JSON values.
    """

    pool: NDArray[np.int8]
    test: NDArray[np.int8]
    seeds: NDArray[np.int8]
    lfs: tuple[Mapping[str, Any], ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)


class VotingMethod(Method):
    """Base class of methods whose answer is a label model's view of their labeling functions' votes.

    A subclass implements :meth:`synthesise` and has the parameters listed in :attr:`aggregation`, which
    synthesis does not look at: runs that differ in these alone share their votes.
    """

    aggregation: ClassVar[tuple[str, ...]] = ("label_model", "extend")
    """Parameters of the second stage: which label model, and whether votes are extended first."""
    label_model: str
    extend: bool

    @abstractmethod
    def synthesise(self, view: TaskView, rng: np.random.Generator) -> Votes:
        """Make labeling functions and let them vote on pool, test rows and seeds."""

    def validate(self) -> None:
        """Check that there is such a label model.

        Raises
        ------
        ValueError
            If it is given a number of classes, which the task decides.
        """
        if label_models.create(self.label_model).n_classes is not None:
            raise ValueError(f"{self.label_model}: n_classes is the task's; leave it out")

    def aggregate(self, view: TaskView, votes: Votes) -> Labels:
        """Fit the label model to the votes and answer with its posteriors.

        Rows without votes that the label model uses are not covered. The votes that are kept are those
        before any extension; the descriptions say from which similarity on a labeling function was extended.
        """
        name, params = parse_spec(self.label_model)
        model = label_models.create(name, **{**params, "n_classes": view.n_classes})
        used, extended = votes, {}
        if self.extend:
            from autows.vote_extension import extend_votes

            used = extend_votes(view, votes)
            extended = {"extension": {k: v for k, v in used.info.items() if k not in votes.info}}
        model.fit(used.pool[view.unlabeled_index], view.y_seed, used.seeds)
        noted = {"label_model_note": model.note} if model.note else {}
        return Labels(
            pool=model.predict_proba(used.pool).astype(np.float32),
            test=model.predict_proba(used.test).astype(np.float32),
            n_classes=view.n_classes,
            pool_covered=model.covered(used.pool),
            test_covered=model.covered(used.test),
            pool_votes=votes.pool,
            test_votes=votes.test,
            seed_votes=votes.seeds,
            lfs=used.lfs,
            info={"n_lfs": votes.pool.shape[1], "synthesis": dict(votes.info), **extended, **noted},
        )

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Synthesise, then aggregate.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self.validate()
        return self.aggregate(view, self.synthesise(view, rng))


class SynthesisingMethod(VotingMethod):
    """Base class of voting methods whose labeling functions come from families fitted to the seeds."""

    families: str

    def validate(self) -> None:
        """Check that there are such families and such a label model."""
        parse_families(self.families)
        super().validate()

    @property
    def requirements(self) -> frozenset[str]:
        """What the method and its families must have beside features."""
        return self.needs | needs_of(parse_families(self.families))

    def skip_reason(self, view: TaskView) -> str | None:
        """Seeds of a single class are left to other methods."""
        if np.count_nonzero(view.seed_counts) < 2:
            return "needs seeds of at least two classes"
        return super().skip_reason(view)
