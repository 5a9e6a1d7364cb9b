"""What a tree of processes uses, measured from outside."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Usage:
    """What an isolated process and all that it started use or have used.

    Parameters
    ----------
    processes : int
        Processes alive.
    memory_bytes : int
        Their memory in bytes, what is swapped out included and mapped files left out.
    cpu_seconds : float
        Their processor time in seconds, with that of children they waited for.
    unlinked_bytes : int
        Size on disk, or in memory, of deleted files that they hold open, in bytes.
    files_in_sockets : int
        Open files that one of them sent through a socket and that nobody has received. How large they are
        cannot be seen.
    sockets : int
        Sockets they hold open; in a network of their own, those too that are closed and not yet read.
    """

    processes: int = 0
    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    unlinked_bytes: int = 0
    files_in_sockets: int = 0
    sockets: int = 0


class Tree:
    """The processes below one.

    Parameters
    ----------
    root : int
        Process id of the keeper, which does not count.
    """

    def __init__(self, root: int) -> None:
        self._root = psutil.Process(root)
        self.seen: set[psutil.Process] = set()

    def measure(self, memory_limit: int, most_processes: int) -> Usage:
        """Return what is used now.

        Parameters
        ----------
        memory_limit : int
            In bytes. Pages that forked processes share are counted once only when it would be
            exceeded otherwise: the exact count is slow.
        most_processes : int
            Of more than these nothing but the number is looked at, since they can be very many.
        """
        try:
            alive = self._root.children(recursive=True)
        except psutil.NoSuchProcess:
            alive = [process for process in self.seen if process.is_running()]
        self.seen.update(alive)
        if len(alive) > most_processes:
            return Usage(processes=len(alive))
        memory = sum(_own_memory(process) for process in alive)
        if memory > memory_limit and len(alive) > 1:
            memory = sum(_share_of_memory(process) for process in alive)
        unlinked: dict[tuple[int, int], int] = {}
        sent: dict[tuple[int, int], int] = {}
        for process in alive:
            _look_at_files(process.pid, unlinked, sent)
        cpu = sum(_cpu(process) for process in alive)
        inside = next(filter(None, (_sockets_of_own_network(process.pid) for process in alive)), 0)
        sockets = max(len(sent), inside)
        return Usage(len(alive), memory, cpu, sum(unlinked.values()), sum(sent.values()), sockets)

    def kill(self) -> None:
        """End every process that was ever seen and is still there."""
        for process in self.seen:
            try:
                process.kill()
            except psutil.Error:
                continue


def belongs_to(home: str) -> list[psutil.Process]:
    """Return this user's processes whose environment says that this is their HOME.

    Whoever lost the processes of an isolated run finds them again, unless they took a new environment.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == home:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _own_memory(process: psutil.Process) -> int:
    """Return resident memory in bytes without mapped files."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        try:
            return int(process.memory_info().rss)
        except psutil.Error:
            return 0
    return _sum_of(lines, ("RssAnon:", "RssShmem:", "HugetlbPages:", "VmSwap:"))


def _share_of_memory(process: psutil.Process) -> int:
    """Return resident memory in bytes without mapped files, shared pages divided by those who share them."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return _own_memory(process)
    return _sum_of(lines, ("Pss_Anon:", "Pss_Shmem:", "Private_Hugetlb:", "Shared_Hugetlb:", "SwapPss:"))


def _sum_of(lines: list[str], names: tuple[str, ...]) -> int:
    """Return the sum in bytes of what a table in kilobytes has under some names."""
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(names))


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _look_at_files(pid: int, unlinked: dict[tuple[int, int], int], sent: dict[tuple[int, int], int]) -> None:
    """Note, by device and inode, the bytes of deleted files that are open, and files waiting in sockets."""
    try:
        entries = list(os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        return
    for entry in entries:
        try:
            status = entry.stat()
        except OSError:
            continue
        where = status.st_dev, status.st_ino
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            unlinked[where] = status.st_blocks * 512
        elif stat.S_ISSOCK(status.st_mode):
            sent[where] = _waiting_in(f"/proc/{pid}/fdinfo/{entry.name}")


def _waiting_in(fdinfo: str) -> int:
    """Return how many open files wait in a socket; systems before Linux 5.4 do not say."""
    try:
        lines = Path(fdinfo).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("scm_fds:")), 0)


def _sockets_of_own_network(pid: int) -> int:
    """Return how many sockets there are in a process's network if that is not this process's; else 0."""
    try:
        if Path(f"/proc/{pid}/ns/net").samefile("/proc/self/ns/net"):
            return 0
        line = Path(f"/proc/{pid}/net/sockstat").read_text().partition("\n")[0]
        return int(line.split()[2])
    except (OSError, IndexError, ValueError):
        return 0
