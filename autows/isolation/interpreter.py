"""The Python that an isolated process runs in: how it begins, and what it finds around it."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

from autows.isolation.folders import PrivateFolder
from autows.runs.workers import ONE_THREAD

_BEGIN = """
import os, sys
user, root, sites = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(os.pathsep)
if user >= 0:
    import ctypes
    os.setgroups([]); os.setgid(user); os.setuid(user)
    # Whoever became somebody else may not look at himself (/proc/self), unless he says so.
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
further = [path for path in sites if path and path not in sys.path]
sys.path[:0] = [root]
sys.path += further
# For programs that it starts in turn. What is named here comes before the standard library.
os.environ["PYTHONPATH"] = os.pathsep.join([root, *further])
"""


_ALONE = ("-s", "-P", "-B")
"""As with ``-I``, nothing is imported that is a user's or lies in the current folder. But the environment is
read, which is made here and holds the seed of hashes."""


def project_root() -> Path:
    """Return the folder that holds the packages ``autows`` and ``baselines``."""
    return Path(__file__).resolve().parents[2]


def packages_shown() -> list[Path]:
    """Return what a method may import of this project."""
    return [project_root() / name for name in ("autows", "baselines")]


def site_folders() -> list[Path]:
    """Return the folders of installed packages that this process imports from, in order."""
    named = [*sys.path, *site.getsitepackages()]
    found = [Path(p) for p in named if Path(p).name in ("site-packages", "dist-packages")]
    return [path for path in dict.fromkeys(found) if path.is_dir()]


def python(code: str, *arguments: str, user: int | None = None) -> list[str]:
    """Return the command line of a fresh Python that finds the packages this one does, and no others.

    Parameters
    ----------
    code : str
        Run with ``arguments`` in ``sys.argv[4:]``.
    *arguments : str
    user : int, optional
        User id to take before anything else is imported; only root can.
    """
    return [
        *(sys.executable, *_ALONE, "-X", "faulthandler", "-c", f"{_BEGIN}{code}"),
        str(-1 if user is None else user),
        str(project_root()),
        os.pathsep.join(map(str, site_folders())),
        *arguments,
    ]


def environment(folder: PrivateFolder) -> dict[str, str]:
    """Return the whole environment of an isolated process.

    Parameters
    ----------
    folder : PrivateFolder
        As the process sees it. Its home, and where temporary files go, is ``own``.
    """
    given = {
        **ONE_THREAD,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        # In which order a set of texts is walked may decide an answer: it is the same in every run.
        "PYTHONHASHSEED": "0",
        "HOME": str(folder.own),
        "USER": "method",
        "LOGNAME": "method",
        "TMPDIR": str(folder.own / "tmp"),
        "JOBLIB_TEMP_FOLDER": str(folder.own / "tmp"),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    if "LD_LIBRARY_PATH" in os.environ:
        # Where a Python needs it to start at all.
        given["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return given
