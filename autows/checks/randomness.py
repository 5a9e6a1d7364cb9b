"""The random generators that a whole process shares."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np


class GlobalRandomness:
    """Sets the global generators of Python, numpy and torch on entering, and restores them on leaving.

    Parameters
    ----------
    seed : int
        What they are set to.

    Attributes
    ----------
    used : list of str
        Those whose state is another one when it is left.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.used: list[str] = []

    def __enter__(self) -> GlobalRandomness:
        self._before = global_states()
        random.seed(self.seed)
        np.random.seed(self.seed)  # noqa: NPY002 - it is about this very state
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(self.seed)
        self._set = global_states()
        return self

    def __exit__(self, *_: object) -> None:
        after = global_states()
        # Torch may have come meanwhile, with a state of its own.
        self.used = [name for name, state in after.items() if name in self._set and state != self._set[name]]
        random.setstate(self._before["random"])
        np.random.set_state(self._before["numpy.random"])  # noqa: NPY002
        if "torch" in self._before:
            import torch

            torch.random.set_rng_state(
                torch.from_numpy(np.frombuffer(self._before["torch"], np.uint8).copy())
            )


def global_states() -> dict[str, Any]:
    """Return the states of the global generators that are loaded, by name, in a form to be compared."""
    legacy: Any = np.random.get_state()  # noqa: NPY002
    kind, keys, *rest = legacy
    states = {"random": random.getstate(), "numpy.random": (kind, tuple(keys.tolist()), *rest)}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.random.get_rng_state().numpy().tobytes()
    return states
