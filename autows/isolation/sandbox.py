"""What an isolated process can see of this machine, by way of bubblewrap.

References
----------
.. [1] bubblewrap, https://github.com/containers/bubblewrap
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from itertools import product
from pathlib import Path

from autows.cache import cache_folder
from autows.isolation.ends import SandboxFailed
from autows.isolation.folders import PrivateFolder, private_folder
from autows.isolation.interpreter import (
    environment,
    packages_shown,
    project_root,
    python,
    site_folders,
)
from autows.isolation.weights import hub_caches, packaged

INSIDE = PrivateFolder(Path("/run/autows"), Path("/run/autows/data"), Path("/run/autows/own"))
"""Where the folder of a run lies inside the sandbox."""

HELPERS = 2
"""Processes of bubblewrap itself: the one outside, and the first one inside."""

NOBODY = 65534
"""Who the method is when the harness is run by root."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_SETTINGS = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/ssl/certs",
    "/etc/timezone",
    # How many processors there are, and how many of them one may use.
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
_SITES = ("site-packages", "dist-packages")
_SYSTEM_ROOTS = (Path("/usr"), Path("/usr/local"))
_WAYS_TO_SITES = (
    "lib/python3*",
    "local/lib/python3*",
    "envs/*/lib/python3*",
    "pkgs/*/lib/python3*",
    "pkgs/*",
)
"""From where a Python lies to its packages; conda keeps unpacked ones beside those that are installed."""

_NOT_SHOWN = ("tasks", "leaderboard", "commands", "results", "tests", ".git")
_PROBE = "print('inside')"


def python_folders() -> list[Path]:
    """Return where Python, its library and installed packages lie."""
    named = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    named |= {path for name, path in sysconfig.get_paths().items() if "lib" in name}
    return sorted({Path(path) for path in named} | set(site_folders()))


def private_paths(hidden: Iterable[str] = ()) -> list[Path]:
    """Return what must not be seen: the cache, the mirror, what else is in the project, and ``hidden``.

    Weights of pretrained models are not either, see :mod:`~autows.isolation.weights`. What is ``hidden`` in
    an installed package is hidden in every other installation of it that is shown.
    """
    hidden, sites = tuple(hidden), _sites((Path(sys.prefix), Path(sys.base_prefix), *_SYSTEM_ROOTS))
    mirror = os.environ.get("AUTOWS_MIRROR")
    named = [cache_folder(), *(project_root() / name for name in _NOT_SHOWN), *map(Path, hidden)]
    if mirror:
        named.append(Path(mirror).expanduser())
    models = [*hub_caches(), *packaged(tuple(packages_shown()), sites)]
    return [path.absolute() for path in (*named, *_copies(hidden, sites), *models)]


@cache
def _sites(roots: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return where packages are installed that are shown: this Python's, and those of the system's."""
    found = set(site_folders())
    for root, way, site in product(roots, _WAYS_TO_SITES, _SITES):
        found.update(root.glob(f"{way}/{site}"))
    return tuple(sorted(found))


@cache
def _copies(hidden: tuple[str, ...], sites: tuple[Path, ...]) -> list[Path]:
    """Return where other installations of a package, such as the system's, have what is hidden in this."""
    found: set[Path] = set()
    for path in map(Path, hidden):
        site = next((part for part in path.parts if part in _SITES), None)
        if site is not None:
            inside = Path(*path.parts[path.parts.index(site) + 1 :])
            found.update(other / inside for other in sites if (other / inside).exists())
    return sorted(found)


def hidden_inside(hidden: Iterable[str] = ()) -> list[str]:
    """Return what of :func:`private_paths` lies among what is shown, by its name in the sandbox."""
    return sorted(_masks(*_shown_and_private(_binds(), private_paths(hidden))))


def command(program: Iterable[str], folder: PrivateFolder, hidden: Iterable[str] = ()) -> list[str]:
    """Return the command line that runs a program in the sandbox.

    Parameters
    ----------
    program : iterable of str
    folder : PrivateFolder
        Seen as :data:`INSIDE`; ``data`` is read-only. Its ``own`` holds folders ``tmp`` and ``shm``, which
        are the sandbox's ``/tmp`` and ``/dev/shm``, so that all that can be written lies in one place.
        bubblewrap's arguments are written beside them: its command line can be read inside.
    hidden : iterable of str
        Paths that are not to be seen even where they lie among what is.

    Notes
    -----
    An ordinary user's sandbox has a user namespace of its own. Root's has not: there the program begins
    as root without privileges but those to become somebody else, which its Python does first of all. Root
    in a user namespace would still be root to ``/proc/sys``.
    """
    written, empty = folder.root / "bubblewrap", folder.root / "empty"
    empty.touch(0o644)
    arguments = [
        *_namespaces(),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *(("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID") if os.getuid() == 0 else ()),
        # First, since Python may lie below it.
        *("--dir", "/tmp", "--bind", str(folder.own / "tmp"), "/tmp"),
        *_mounts(_binds(), [*private_paths(hidden), *_clone()], empty),
        *("--proc", "/proc", "--dev", "/dev"),
        # Zeros as well; but what is mapped of the other one would be memory of no process.
        *("--dev-bind", "/dev/full", "/dev/zero"),
        *_folders(INSIDE.root),
        *("--ro-bind", str(folder.data), str(INSIDE.data)),
        *("--bind", str(folder.own), str(INSIDE.own)),
        *("--bind", str(folder.own / "shm"), "/dev/shm"),
        *("--dir", "/etc", "--ro-bind", str(folder.data / "passwd"), "/etc/passwd"),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", str(INSIDE.own)),
    ]
    written.write_bytes(b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
    # What the shell has to say is said in bubblewrap's name.
    shell = ["/bin/sh", "-c", 'exec 3<"$1"; shift; exec "$@"', "bwrap", str(written)]
    return [*shell, shutil.which("bwrap") or "bwrap", "--args", "3", "--", *program]


def user_to_become() -> int | None:
    """Return the user id to be taken inside the sandbox, or None to stay who one is."""
    return NOBODY if os.getuid() == 0 else None


def open_to_user(folder: PrivateFolder) -> None:
    """Let the sandbox's user read what is handed over and write its own folder, and give it a name."""
    user = NOBODY if os.getuid() == 0 else os.getuid()
    line = f"method:x:{user}:{user}::{INSIDE.own}:/bin/sh\n"
    (folder.data / "passwd").write_text(line, encoding="ascii")
    if os.getuid() != 0:
        return
    for path in (folder.data, *folder.data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for path in (folder.own, folder.own / "tmp", folder.own / "shm"):
        os.chown(path, NOBODY, NOBODY)


@cache
def unavailable() -> str | None:
    """Say why there is no sandbox on this machine, or return None if there is one.

    It is tried once a process, by starting Python in it.
    """
    if sys.platform != "linux":
        return "bubblewrap exists on Linux only"
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed; your system's package is called bubblewrap"
    with private_folder() as folder:
        open_to_user(folder)
        try:
            ended = subprocess.run(
                command(python(_PROBE, user=user_to_become()), folder),
                env=environment(INSIDE),
                capture_output=True,
                timeout=60,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except SandboxFailed as error:
            return str(error)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap cannot be started: {error}"
    if ended.stdout.strip() == b"inside":
        return None
    said = " ".join(ended.stderr.decode(errors="replace").split())
    return f"bubblewrap does not work here: {said[-300:] or f'it ended with status {ended.returncode}'}"


def available() -> bool:
    """Say whether bubblewrap is there and works."""
    return unavailable() is None


def what_is_not_protected() -> str:
    """Say in one line what a method can do that runs without the sandbox."""
    return (
        "Without bubblewrap a method runs with your rights: its limits hold and honest mistakes are named, "
        "but code that means harm can read the true labels and your files, change them, and use the network"
    )


def _clone() -> list[Path]:
    """Return the project's folder if it is a clone: where it lies among what is shown, it is hidden whole."""
    root = project_root()
    needed = root in [path.resolve() for path in python_folders()]
    return [root] if (root / "pyproject.toml").exists() and not needed else []


def _namespaces() -> list[str]:
    own = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-cgroup-try"]
    own += ["--unshare-uts", "--hostname", "isolated"]
    if os.getuid() == 0:
        return own
    return ["--unshare-user", *(["--disable-userns"] if _can("--disable-userns") else []), *own]


@cache
def _can(option: str) -> bool:
    """Say whether this bubblewrap knows an option."""
    said = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)
    return f"{option} " in said.stdout


def _binds() -> dict[str, str | None]:
    """Return what is shown: path to None, or to where it links."""
    return {**_system(), **dict.fromkeys(map(str, [*python_folders(), *packages_shown()]))}


def _system() -> dict[str, str | None]:
    """Return what of the system is shown: path to None, or to where it links."""
    found: dict[str, str | None] = {}
    for name in (*_SYSTEM, *_SETTINGS):
        path = Path(name)
        if path.is_symlink() and name in _SYSTEM:
            found[name] = str(path.readlink())
        elif path.exists():
            found[name] = None
    return found


def _mounts(binds: dict[str, str | None], private: Iterable[Path], empty: Path) -> list[str]:
    """Return the arguments that show some folders and hide others in them, the deeper one winning.

    A file is hidden by an ``empty`` one, which is opened as it would be and so named by the guard.
    A path may be shown twice, under its own name and through a link; what is private is hidden in both.
    """
    shown, targets = _shown_and_private(binds, private)
    masks = _masks(shown, targets)
    steps = {path: ["--ro-bind", str(real), path] for path, real in shown.items()}
    steps |= {path: ["--symlink", link, path] for path, link in binds.items() if link is not None}
    for path, folder in masks.items():
        steps[path] = ["--tmpfs", path] if folder else ["--ro-bind", str(empty), path]
    emptied = [path for path in steps if steps[path][0] == "--tmpfs"]
    arguments: list[str] = []
    for path in sorted(steps, key=lambda path: (len(Path(path).parts), path)):
        above = [other for other in (*shown, *emptied) if path != other and Path(path).is_relative_to(other)]
        nearest = max(above, key=len, default=None)
        if nearest is None or nearest in emptied:
            arguments += _folders(Path(path).parent, below=nearest or "/")
        arguments += steps[path]
    return [*arguments, *(word for path in emptied for word in ("--remount-ro", path))]


def _shown_and_private(
    binds: dict[str, str | None], private: Iterable[Path]
) -> tuple[dict[str, Path], list[Path]]:
    """Return what is shown and where it lies, and what is to be hidden and exists, without links."""
    targets = [target for target in (secret.resolve() for secret in private) if target.exists()]
    return _shown([path for path, link in binds.items() if link is None], targets), targets


def _masks(shown: dict[str, Path], targets: Iterable[Path]) -> dict[str, bool]:
    """Return where something is to be hidden among what is shown, and whether it is a folder."""
    found = {}
    for (path, real), target in product(shown.items(), targets):
        if target == real:
            raise SandboxFailed(f"{path} cannot be hidden from a method, Python needs it; keep them apart")
        if target.is_relative_to(real):
            found[str(Path(path) / target.relative_to(real))] = target.is_dir()
    return found


def _shown(paths: Iterable[str], targets: Iterable[Path]) -> dict[str, Path]:
    """Return where each path and what it links to lies, without those that another one brings along."""
    found = {path: Path(path).resolve() for path in paths if Path(path).exists()}
    found |= {str(real): real for real in list(found.values())}

    def brought(path: str) -> bool:
        real = found[path]
        for other, root in found.items():
            if path == other or not Path(path).is_relative_to(other):
                continue
            covered = any(t.is_relative_to(root) and real.is_relative_to(t) for t in targets)
            if real == root / Path(path).relative_to(other) and not covered:
                return True
        return False

    return {path: real for path, real in found.items() if not brought(path)}


def _folders(path: Path, below: str = "/") -> list[str]:
    """Return the arguments that make a folder and those above it; root's would be private otherwise."""
    above = [p for p in reversed((path, *path.parents)) if p != Path(below) and p.is_relative_to(below)]
    return [word for folder in above for word in ("--dir", str(folder))]
