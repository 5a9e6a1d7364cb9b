r"""Stands between the harness and an isolated process: starts it, and outlives nothing that came of it.

A script of its own, on the standard library alone, so that it is there in a few milliseconds::

    python keeper.py REPORT_FD FOLDER COMMAND...

Every process started below it stays below it, whatever it does (on Linux: orphans become the keeper's
children). It reports how the command ended, as ``returncode\n`` on REPORT_FD, and waits. When its standard
input ends it ends everything below it. If it was not told before that all is well - the harness was
killed - it removes FOLDER too.
"""

import contextlib
import os
import select
import signal
import sys
import time

WELL = b"w"
"""What the harness writes to the keeper's standard input when it has what it wants."""

CANNOT_START = "isolation: cannot start "
"""What it says on standard error, before why, if there is no such command."""

PATIENCE_SECONDS = 5.0
"""How long it tries to end processes that do not end at once."""

_REMOVE = 'chmod -R u+rwX -- "$0" 2>/dev/null; exec rm -rf -- "$0"'
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process, where the system can do that (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(command: list[str]) -> int:
    """Start the command in a session of its own, with nothing open but its two outputs."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        # Everything else that is open closes by itself at the exec.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execve(command[0], command, os.environ)
    except OSError as error:
        os.write(2, f"{CANNOT_START}{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def below(root: int) -> dict[int, str]:
    """Return the processes below one, each with its state (``Z``: ended, but its parent has not looked)."""
    children: dict[int, list[int]] = {}
    states: dict[int, str] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            with open(f"{entry.path}/stat", errors="replace") as stream:
                # The name, in brackets, may hold spaces and brackets.
                state, parent = stream.read().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        children.setdefault(int(parent), []).append(int(entry.name))
        states[int(entry.name)] = state
    found, waiting = [], [root]
    while waiting:
        here = children.get(waiting.pop(), [])
        found += here
        waiting += here
    return {pid: states[pid] for pid in sorted(found)}


def end_all(root: int, first: int | None = None) -> bool:
    """End every process below one, and say whether all are gone.

    Parameters
    ----------
    root : int
        This process, or one whose children orphans become.
    first : int, optional
        Leader of the group that is ended where there is no /proc.
    """
    if not os.access("/proc/self/stat", os.R_OK):
        if first is not None:
            kill(-first, signal.SIGKILL)
        return True
    end, before = time.monotonic() + PATIENCE_SECONDS, None
    while time.monotonic() < end:
        found = below(root)
        alive = [pid for pid, state in found.items() if state != "Z"]
        # Stopped first: what is stopped cannot fork away from under the second round.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in alive:
                kill(pid, number)
        # Seeing none alive is not enough: a process that forks and exits all the time can be missed.
        gone = not reap()[1] if root == os.getpid() else not alive and found == before
        if gone:
            return True
        before = found
        time.sleep(0.002)
    return False


def kill(pid: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def reap() -> tuple[dict[int, int], bool]:
    """Take leave of children that ended; return their exit statuses, and whether there are any left."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        ended[pid] = os.waitstatus_to_exitcode(status)


def tell(report: int, returncode: int) -> None:
    """Report how the command ended; if nobody listens any more, standard input is about to say so."""
    with contextlib.suppress(BrokenPipeError):
        os.write(report, f"{returncode}\n".encode())


def main() -> None:
    """Keep."""
    report, folder, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    os.set_inheritable(report, False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    adopt_orphans()
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    first = start(command)
    well = False
    while True:
        ready = select.select([0, wake], [], [])[0]
        if wake in ready:
            os.read(wake, 4096)
            ended, _ = reap()
            if first in ended:
                tell(report, ended[first])
        if 0 in ready:
            told = os.read(0, 16)
            well = well or WELL in told
            if not told:
                break
    ended_all = end_all(os.getpid(), first)
    if not well:
        os.execv("/bin/sh", ["sh", "-c", _REMOVE, folder])
    sys.exit(not ended_all)


if __name__ == "__main__":
    main()
