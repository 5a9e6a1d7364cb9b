"""Vorticity fields on a coarse grid: small enough to be simulated in seconds."""

from __future__ import annotations

from autows.task import TaskCard
from tasks._navier_stokes import CITATION, CLASS_NAMES, LICENCE, SOURCE, VorticityFields


class NavierStokesSmall(VorticityFields):
    """Simulated vorticity fields at viscosity 1e-3 against 1e-5, 32 x 32 points."""

    size = 32
    card = TaskCard(
        id="navier_stokes_small",
        version=1,
        title="Vorticity fields, viscosity 1e-3 or 1e-5, 32 x 32 points",
        modality="field",
        class_names=CLASS_NAMES,
        n_pool=500,
        n_test=300,
        source=SOURCE,
        licence=LICENCE,
        citation=CITATION,
        suites=("quick",),
    )
