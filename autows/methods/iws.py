"""IWS: which labeling functions are useful is asked, one at a time, and learned from the answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autows.errors import NotApplicable
from autows.lf_family import Rows
from autows.lf_search import parse_families
from autows.methods._interview import (
    Interview,
    Score,
    final_set,
    hold_interview,
    most_useful,
    smoothed,
    straddle,
)
from autows.methods._lf_candidates import Candidates, gather
from autows.methods._oracles import Oracle, RecordedOracle, SeedOracle
from autows.methods._usefulness import GaussianProcess, NetworkBag, Usefulness
from autows.types import TaskView
from autows.voting import SynthesisingMethod, Votes

SCORES: dict[str, Score] = {"lse": straddle, "as": most_useful}
CHOICES = {
    "usefulness": ("gp", "mlp"),
    "acquisition": (*SCORES, "all"),
    "final": ("lse_ac", "lse_a", "as"),
    "oracle": ("seeds", "human"),
}
RANGES = {"threshold": (0.5, 1.0), "least": (0.0, 1.0), "sure": (0.5, 1.0)}


class IWS(SynthesisingMethod):
    """Interactive weak supervision: an oracle says of some labeling functions whether they are useful.

    Candidates are all models of the families with an abstain threshold each, one class against the
    rest. A model of usefulness over what they vote on in the pool chooses the next question; what was
    found useful and what the model expects to be goes to a label model.

    A labeling function is useful if its accuracy exceeds the share of its class by ``least`` of what
    is possible (0.2 is an accuracy of 0.6 with two even classes). The oracle ``seeds`` knows the
    posterior of that accuracy given out-of-fold votes on the seeds; the oracle ``human`` is a person.
    The paper's task is binary; here every class is one against the rest, and the classes take turns
    both in being asked about and in what is kept unasked.

    Parameters
    ----------
    families : str, default "stumps+logistic"
        Families of labeling functions, joined by ``+``; see ``run_bench.py list lf-families``.
    cardinality : int, default 1
        Most features a model looks at, for families that have this parameter.
    max_lfs : int, default 2000
        Most candidates; where there are more, some are drawn at random.
    n_components : int, default 150
        Of the votes, as features of labeling functions.
    usefulness : str, default "gp"
        Model of usefulness: ``gp`` (a Gaussian process) or ``mlp`` (a bag of 50 small networks, as in
        the paper).
    acquisition : str, default "lse"
        The next question: ``lse`` (level set: where it is most open on which side of ``threshold``
        usefulness lies), ``as`` (active search: the most useful), or ``all`` (nothing is asked; what
        the seeds say of all candidates is smoothed at once).
    final : str, default "lse_ac"
        What is kept: ``as`` (found useful), ``lse_a`` (also all that are expected to be), or
        ``lse_ac`` (of these only the ``n_expected`` best by ``(2 mean - 1) coverage``).
    n_queries : int, default 150
        Most questions.
    n_expected : int, default 100
        See ``final``.
    threshold : float, default 0.6
        Least expected usefulness of what is kept without having been asked about.
    least : float, default 0.2
        What is useful, see above.
    sure : float, default 0.5
        Least posterior chance of an answer of the seeds; below it, and always without a vote on a
        seed, they say "don't know". Whatever is left of doubt counts as noise of the answer.
    oracle : str, default "seeds"
        ``seeds`` or ``human``; the latter needs a terminal (``run_bench.py run --oracle human``).
    label_model : str, default "dawid_skene"
        The label model that aggregates the votes, as its registry writes it.
    extend : bool, default False
        First let a labeling function that abstains vote as on the nearest similar rows, see
        :func:`autows.vote_extension.extend_votes`.

    Notes
    -----
    O(C^2 rows) for the features of C candidates on a sample of the pool, O(C (D + q)) for question q.

    References
    ----------
    B. Boecking, W. Neiswanger, E. Xing and A. Dubrawski (2021), Interactive weak supervision:
    learning useful heuristics for data labeling, ICLR.
    """

    name = "iws"
    family = "autows"

    def __init__(
        self,
        families: str = "stumps+logistic",
        cardinality: int = 1,
        max_lfs: int = 2000,
        n_components: int = 150,
        usefulness: str = "gp",
        acquisition: str = "lse",
        final: str = "lse_ac",
        n_queries: int = 150,
        n_expected: int = 100,
        threshold: float = 0.6,
        least: float = 0.2,
        sure: float = 0.5,
        oracle: str = "seeds",
        label_model: str = "dawid_skene",
        extend: bool = False,
    ) -> None:
        self.families = families
        self.cardinality = cardinality
        self.max_lfs = max_lfs
        self.n_components = n_components
        self.usefulness = usefulness
        self.acquisition = acquisition
        self.final = final
        self.n_queries = n_queries
        self.n_expected = n_expected
        self.threshold = threshold
        self.least = least
        self.sure = sure
        self.oracle = oracle
        self.label_model = label_model
        self.extend = extend

    _words: Mapping[str, str] | None = None
    _asked: int | None = None

    def validate(self) -> None:
        """Check numbers and choices, and that there are such families and such a label model."""
        self.require_positive("cardinality", "max_lfs", "n_components", "n_queries", "n_expected")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                known = ", ".join(choices)
                raise ValueError(f"iws: {name} is {getattr(self, name)!r}; expected one of {known}")
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) < high:
                raise ValueError(
                    f"iws: {name} is {getattr(self, name)}; expected at least {low} and less than {high}"
                )
        if self.acquisition == "all" and (self.final == "as" or self.oracle == "human"):
            raise ValueError("iws: acquisition=all asks nothing: it needs oracle=seeds, and final is not as")
        super().validate()

    def hear(self, words: Mapping[str, str], asked: int | None = None) -> None:
        """Take a person's answers, by :meth:`~autows.methods._lf_candidates.Candidates.name`.

        Parameters
        ----------
        words : mapping of str to str
        asked : int, optional
            How many questions of this run they answer; that another number is asked is then a bug.
        """
        self._words = dict(words)
        self._asked = asked

    def candidates(self, view: TaskView, rng: np.random.Generator) -> Candidates:
        """Return the labeling functions that may be asked about, the same for the same ``rng``."""
        families = parse_families(self.families, cardinality=self.cardinality)
        return gather(view, families, self.max_lfs, self.n_components, rng)

    def interview(self, found: Candidates, oracle: Oracle) -> Interview:
        """Ask an oracle about candidates."""
        score = SCORES[self.acquisition]
        model = self._model(found)
        return hold_interview(found, oracle, model, score, self.n_queries, self.threshold)

    def synthesise(self, view: TaskView, rng: np.random.Generator) -> Votes:
        """Make candidates, ask about them, and let what is kept vote.

        Raises
        ------
        NotApplicable
            If a person is to answer and none was heard.
        RuntimeError
            If other questions are asked than the person was.
        """
        if self.oracle == "human" and self._words is None:
            raise NotApplicable(
                "asks a person, who must be at the terminal: "
                "run_bench.py run --tasks T --methods iws --representations R --draws 1 --oracle human"
            )
        found = self.candidates(view, rng)
        if self.acquisition == "all":
            interview = smoothed(found, self.least)
        else:
            interview = self.interview(found, self._oracle(found))
        if self._asked not in (None, len(interview.asked)):
            raise RuntimeError(
                f"{self._asked} questions were answered and {len(interview.asked)} are asked now; "
                "is the method's randomness another one here and there?"
            )
        kept = final_set(self.final, interview, found.coverage, found.label, self.threshold, self.n_expected)
        lfs = found.lfs.take(kept)
        return Votes(
            pool=lfs.votes(Rows.pool(view)),
            test=lfs.votes(Rows.test(view)),
            seeds=found.seed_votes[:, kept],
            lfs=lfs.describe(),
            info={
                "candidates": len(found),
                "queries": len(interview.asked),
                "useful": len(interview.said(True)),
                "useless": len(interview.said(False)),
                "dont_know": len(interview.said(None)),
                "kept": len(kept),
                "kept_by_class": np.bincount(found.label[kept], minlength=view.n_classes).tolist(),
            },
        )

    def _model(self, found: Candidates) -> Usefulness:
        if self.usefulness == "mlp":
            return NetworkBag(found.features, found.seed)
        return GaussianProcess(found.features)

    def _oracle(self, found: Candidates) -> Oracle:
        if self._words is not None:
            return RecordedOracle(found.name, self._words)
        return SeedOracle(found.record, self.least, self.sure)
