"""An audit hook that names what a method must not do, from inside its own process.

It gives an honest mistake a clear reason, sandbox or not, and stops what goes through Python. It is no
boundary: code in the same process can go around it (through ``ctypes``, or by starting another program).
What cannot be done at all is the sandbox's business.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from autows.isolation.weights import SUFFIXES

MAX_VIOLATIONS = 20

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/sys",
    "/nix/store",
    "/gnu/store",
)
_OF_OTHERS = frozenset(
    {"environ", "mem", "maps", "smaps", "fd", "fdinfo", "cwd", "root", "auxv", "map_files"}
)
"""What lies below ``/proc/<pid>`` and shows what another process holds."""
_LOCAL = ("127.0.0.1", "::1", "localhost", None, "")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

Hook = Callable[[tuple[Any, ...]], None]


class _Roots:
    """Folders and what lies below them, by real path."""

    def __init__(self, paths: Iterable[str]) -> None:
        real = sorted({os.path.realpath(path) for path in paths})
        self._exact = frozenset(real)
        self._below = tuple(path.rstrip("/") + "/" for path in real)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and (path in self._exact or path.startswith(self._below))

    def length(self, path: str) -> int:
        """Return the length of the deepest root that holds a path, or 0."""
        return max((len(root) for root in self._below if f"{path}/".startswith(root)), default=0)


class Guard:
    """What a process may do; :meth:`install` makes it so, for as long as the process lives.

    Parameters
    ----------
    own : sequence of str
        Folders it may write.
    readable : sequence of str
        Further folders it may read, beside the system's and Python's.
    hidden : sequence of str
        Paths it may not even list, wherever they lie. Of these and the others, the deeper one wins.
    """

    def __init__(self, own: Sequence[str], readable: Sequence[str], hidden: Sequence[str]) -> None:
        python = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
        self._own = _Roots(own)
        self._library = _Roots([*_SYSTEM, *python, *(p for p in sys.path if p.endswith("-packages"))])
        self._readable = _Roots(readable)
        self._hidden = _Roots(hidden)
        self._session, self._parent = os.getsid(0), os.getppid()

    def install(self) -> Callable[[], list[str]]:
        """Begin to watch; return what tells the violations so far, each as words that follow "it"."""
        violations: list[str] = []

        def refuse(what: str) -> None:
            if len(violations) < MAX_VIOLATIONS and what not in violations:
                violations.append(what)
            raise PermissionError(errno.EACCES, f"an isolated method may not do this: it {what}")

        hooks = self._hooks(refuse)

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            check = hooks.get(event)
            if check is not None:
                check(arguments)

        sys.addaudithook(hook)
        return lambda: list(violations)

    def _hooks(self, refuse: Callable[[str], None]) -> dict[str, Hook]:
        def opened(arguments: tuple[Any, ...]) -> None:
            path, _, flags = arguments
            if isinstance(path, int):
                return
            self._check(_real(path), bool(flags & _WRITING), refuse)

        def changed(*places: tuple[int, int | None], follow: bool = False) -> Hook:
            """Check paths by their place among the arguments, each with that of its folder's handle."""

            def check(arguments: tuple[Any, ...]) -> None:
                for place, handle in places:
                    at = arguments[handle] if handle is not None else -1
                    if not isinstance(arguments[place], int):
                        self._check(_real(arguments[place], at, follow), True, refuse)

            return check

        def listed(arguments: tuple[Any, ...]) -> None:
            path = arguments[0]
            if path is not None and not isinstance(path, int):
                real = _real(path)
                if not self._is_own(real) and self._is_hidden(real):
                    refuse(f"tried to list {shortened(real)}")

        def addressed(arguments: tuple[Any, ...]) -> None:
            if arguments[1] is not None and not self._is_own_socket(arguments[0], arguments[1]):
                refuse(f"tried to open a socket to {_address(arguments[1])}")

        def bound(arguments: tuple[Any, ...]) -> None:
            address = arguments[1]
            # Libraries find out this way whether there is IPv6; nobody can reach it from outside.
            local = isinstance(address, tuple) and address and address[0] in _LOCAL[:3]
            if not local and not self._is_own_socket(arguments[0], address):
                refuse(f"tried to open a socket at {_address(address)}")

        def looked_up(arguments: tuple[Any, ...]) -> None:
            host = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
            if host not in _LOCAL and host != socket.gethostname():
                refuse(f"tried to look up the host {_address((host,))}")

        def signalled(arguments: tuple[Any, ...]) -> None:
            if not self._is_own_process(int(arguments[0])):
                refuse("tried to signal a process that is not its own")

        one, two = changed((0, 1)), changed((0, 2), (1, 3))
        return {
            "open": opened,
            "os.remove": one,
            "os.rmdir": one,
            "os.mkdir": changed((0, 2)),
            "os.chmod": changed((0, 2), follow=True),
            "os.chown": changed((0, 3), follow=True),
            "os.utime": changed((0, 3), follow=True),
            "os.truncate": changed((0, None), follow=True),
            "os.rename": two,
            "os.link": two,
            "os.symlink": changed((1, 2)),
            "os.setxattr": changed((0, None), follow=True),
            "os.listdir": listed,
            "os.scandir": listed,
            "socket.connect": addressed,
            "socket.sendto": addressed,
            "socket.sendmsg": addressed,
            "socket.bind": bound,
            "socket.getaddrinfo": looked_up,
            "socket.gethostbyname": looked_up,
            "socket.gethostbyaddr": looked_up,
            "socket.getnameinfo": looked_up,
            "os.kill": signalled,
            "os.killpg": signalled,
        }

    def _check(self, real: str, writing: bool, refuse: Callable[[str], None]) -> None:
        if self._is_own(real) or real in _DEVICES or _of_itself(real):
            return
        if writing:
            if real in self._library and not self._is_hidden(real):
                # An installation that cannot be written is nothing unusual, and libraries try.
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), real)
            refuse(f"tried to write {shortened(real)}")
        if not os.path.lexists(real):
            return
        if real.startswith("/proc/"):
            if _of_another(real):
                refuse(f"tried to read {real}")
        elif Path(real).is_dir():
            if self._is_hidden(real):
                refuse(f"tried to read {shortened(real)}")
        elif self._is_hidden(real) or (real not in self._readable and real not in self._library):
            weights = ", a pretrained model, which it gets by its needs only"
            refuse(f"tried to read {shortened(real)}{weights if real.endswith(SUFFIXES) else ''}")

    def _is_own(self, real: str) -> bool:
        # In the sandbox all of /tmp is its own, and the project may lie there.
        return real in self._own and self._own.length(real) >= self._hidden.length(real)

    def _is_hidden(self, real: str) -> bool:
        return real in self._hidden and self._hidden.length(real) > max(
            self._readable.length(real), self._library.length(real)
        )

    def _is_own_socket(self, connection: Any, address: Any) -> bool:
        """Say whether an address is a file in its own folder."""
        if getattr(connection, "family", None) != getattr(socket, "AF_UNIX", None):
            return False
        name = os.fsdecode(address) if isinstance(address, (str, bytes)) else ""
        return not name.startswith("\0") and _real(name) in self._own

    def _is_own_process(self, pid: int) -> bool:
        """Say whether a process, or minus a group, is of the session that began with this one."""
        if pid in (0, os.getpid()):
            return True
        try:
            return pid not in (-1, self._parent) and os.getsid(abs(pid)) == self._session
        except OSError:
            return True  # There is none; the system says so.


def shortened(path: str) -> str:
    """Return the end of a path: enough to recognise it, and not where the harness lies.

    Examples
    --------
    >>> shortened("/home/somebody/.cache/autows/tasks/digits-v1/y_test.npy")
    '.../tasks/digits-v1/y_test.npy'
    """
    parts = path.strip("/").split("/")
    return path if len(parts) <= 3 else ".../" + "/".join(parts[-3:])


def _real(path: Any, handle: int = -1, follow: bool = True) -> str:
    """Return the path without links; without ``follow``, the last part may be one, as when it is removed."""
    name = Path(os.fsdecode(path))
    if handle >= 0 and not name.is_absolute():
        try:
            name = Path(f"/proc/self/fd/{handle}").readlink() / name
        except OSError:
            return str(name)
    return os.path.realpath(name) if follow else str(Path(os.path.realpath(name.parent)) / name.name)


def _of_itself(real: str) -> bool:
    return real.startswith((f"/proc/{os.getpid()}/", "/proc/self/", "/proc/thread-self/"))


def _of_another(real: str) -> bool:
    parts = real.split("/")
    return len(parts) > 3 and parts[2].isdigit() and not _OF_OTHERS.isdisjoint(parts[3:])


def _address(address: Any) -> str:
    if isinstance(address, tuple):
        return ":".join(str(part) for part in address[:2])[:100]
    return os.fsdecode(address)[:100] if isinstance(address, (str, bytes)) else "somewhere"
