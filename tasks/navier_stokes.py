"""Vorticity fields on a grid of 64 x 64 points."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._navier_stokes import CITATION, CLASS_NAMES, LICENCE, SOURCE, VorticityFields


class NavierStokes(VorticityFields):
    """Simulated vorticity fields at viscosity 1e-3 against 1e-5, 64 x 64 points.

    The benchmark of 2022 had 100 unlabeled rows beside the seeds; here the pool has 1,000 rows, seeds
    included, and the test set 1,900.
    """

    size = 64
    card = TaskCard(
        id="navier_stokes",
        version=1,
        title="Vorticity fields, viscosity 1e-3 or 1e-5, 64 x 64 points",
        modality="field",
        class_names=CLASS_NAMES,
        n_pool=1_000,
        n_test=1_900,
        source=f"{SOURCE}; the 2022 benchmark's pool had 100 rows beside the seeds",
        licence=LICENCE,
        citation=CITATION,
        suites=("autows-bench-101", "extended"),
    )
