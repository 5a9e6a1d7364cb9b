"""Which device encoders run on."""

from __future__ import annotations

import os

from autows.errors import UserError


def pick() -> str:
    """Return the torch device: ``AUTOWS_DEVICE`` if set, else the first of ``cuda``, ``mps``, ``cpu``.

    Raises
    ------
    UserError
        If the named device is not there.
    """
    import torch

    named = os.environ.get("AUTOWS_DEVICE")
    if named:
        try:
            torch.empty(1, device=named)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"Device '{named}' cannot be used: {reason}. Leave out --device to have one chosen"
            ) from error
        return named
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
