"""Peak memory of a stretch of work in this process."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


def reset_peak() -> bool:
    """Forget the peak so far; return whether the system can do that (Linux can)."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def give_back() -> bool:
    """Give free memory back to the system, so that using it again counts; return whether glibc did."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return False
    return True


def peak_mb() -> float | None:
    """Return the highest resident memory since the last reset (or the process's start) in MiB.

    None where the system does not tell.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)
