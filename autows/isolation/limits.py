"""How much an isolated process may use."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

MIB = 2**20

ADDRESS_SPACE_SLACK = 8 * 2**30
"""Bytes of address space beyond the memory allowed: libraries map gigabytes that they never touch."""

PROCESS_CEILING = 8192
"""Processes and threads a user may have before the system refuses more; the watch acts long before."""

OPEN_FILES = 1024

SOCKETS = 128
"""Sockets of all processes together; what waits in one, 208 KiB by Linux's default, is nobody's memory."""


@dataclass(frozen=True)
class Limits:
    """What an isolated process, with all that it starts, may use.

    Parameters
    ----------
    memory_bytes : int, default 4 GiB
        Memory of all its processes together, in bytes. Files it maps, such as the pool, do not count.
    cpu_seconds : float, default 3600
        Processor time of all its processes together, in seconds.
    wall_seconds : float, default 900
        Time from its start to its answer, in seconds.
    file_bytes : int, default 1 GiB
        Size of any one file that it writes, in bytes.
    folder_bytes : int, default 2 GiB
        All files it has written and not deleted, in bytes; deleted ones count while they are open.
    files : int, default 20,000
        How many files and folders there may be in its folder.
    processes : int, default 64
        How many processes it may have started and not ended.
    output_bytes : int, default 16 MiB
        What it prints, in bytes.

    Raises
    ------
    ValueError
        If one is not a positive number.
    """

    memory_bytes: int = 4096 * MIB
    cpu_seconds: float = 3600.0
    wall_seconds: float = 900.0
    file_bytes: int = 1024 * MIB
    folder_bytes: int = 2048 * MIB
    files: int = 20_000
    processes: int = 64
    output_bytes: int = 16 * MIB

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not math.isfinite(value) or value <= 0:
                raise ValueError(f"{f.name} is {value}; expected a positive number")

    def apply(self, mapped_bytes: int) -> None:
        """Have the system enforce on this process, for good, what it can enforce on a process alone.

        Parameters
        ----------
        mapped_bytes : int
            Size of the files that will be mapped, in bytes; they need address space.
        """
        import resource

        cpu = math.ceil(self.cpu_seconds)
        wanted = {
            "RLIMIT_AS": (int(self.memory_bytes) + mapped_bytes + ADDRESS_SPACE_SLACK,) * 2,
            # The first signal can be caught, the second cannot.
            "RLIMIT_CPU": (cpu, cpu + 1),
            "RLIMIT_FSIZE": (int(self.file_bytes),) * 2,
            "RLIMIT_CORE": (0, 0),
            "RLIMIT_NOFILE": (OPEN_FILES,) * 2,
            "RLIMIT_NPROC": (PROCESS_CEILING,) * 2,
        }
        for name, (soft, hard) in wanted.items():
            if not hasattr(resource, name):
                continue
            kind = getattr(resource, name)
            present = resource.getrlimit(kind)[1]
            if present != resource.RLIM_INFINITY:
                soft, hard = min(soft, present), min(hard, present)
            try:
                resource.setrlimit(kind, (soft, hard))
            except (ValueError, OSError):
                # Systems differ in what they let a process limit (macOS: not its address space); the
                # watch from outside does not depend on it.
                continue


def mebibytes(size: float) -> str:
    """Return a size in bytes as one reads it, such as ``2048 MiB``."""
    return f"{size / MIB:.4g} MiB" if size >= MIB else f"{size:.0f} bytes"
