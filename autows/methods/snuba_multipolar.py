"""Snuba with labeling functions that vote for any class."""

from __future__ import annotations

from typing import ClassVar

from autows.methods.snuba import Snuba


class SnubaMultipolar(Snuba):
    """Snuba with labeling functions that each may vote for any class, or abstain.

    As :class:`~autows.methods.snuba.Snuba`, but a model gives probabilities of all classes at once, votes
    for the class that exceeds its prior by the largest factor, and abstains where that class's
    probability is less than ``beta`` of the way from the prior to certainty. F-scores are averaged over the
    classes a labeling function votes for. In each round the best are kept, whatever they vote for, so there
    are at most 25 in all.

    Parameters
    ----------
    families, cardinality, n_iterations, keep_first, keep, patience, accuracy_check, label_model, extend
        As for Snuba.

    References
    ----------
    N. Roberts et al. (2022), AutoWS-Bench-101, NeurIPS (multipolar form).
    """

    name = "snuba_multipolar"
    multipolar: ClassVar[bool] = True
