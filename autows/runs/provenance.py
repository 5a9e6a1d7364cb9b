"""Where and with what a run was made: versions, machine, commit."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import autows

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "open_clip_torch", "datasets")


@cache
def provenance() -> dict[str, Any]:
    """Return what a record says of its making, as JSON values; no name of a person, host or folder.

    Notes
    -----
    Versions are read from installed metadata, so nothing heavy is imported.
    """
    return {
        "project_version": autows.__version__,
        "git": _git(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Return commit and dirtiness of the checkout this code runs from, or None where it is not one."""
    folder = Path(autows.__file__).resolve().parent
    if not (folder.parent / ".git").exists():
        return None

    def ask(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder.parent), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        # No git program, or a checkout without a commit: the project version has to do.
        return None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
