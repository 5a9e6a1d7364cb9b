"""System calls that a labeling method never makes and that would lead around what is watched.

Memory that belongs to no process (System V segments, message queues, files in memory, shared mappings
without a file, more in a socket than the system gives by itself, a file system mounted in a user namespace of
one's own) is seen by no watch, keys of whoever runs the harness outlive a change of user, some families of
sockets lead past a network namespace (vsock: from a virtual machine to the one around it), and the calls that
serve tracing and the kernel's inner life are where sandboxes have been left before. They fail with EPERM, for
the process and all that it starts, and nothing brings them back. Processes share memory through files, such
as those in ``/dev/shm``.

References
----------
.. [1] seccomp(2), Linux manual pages.
"""

from __future__ import annotations

import errno
import platform
import struct
import sys
from dataclasses import dataclass

_NAMESPACES = 0x7E02_0000
"""Flags of clone(2) that make a namespace."""

_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _FAIL = 0x7FFF_0000, 0x0005_0000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE = 0, 4
_ARGUMENTS = (16, 24, 32, 40)
"""Where they stand in what a filter sees; both machines are little-endian: the lower half is first."""

_X32 = 0x4000_0000
"""Numbers from here on are those of another convention of calling."""

_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK: the sockets that there may be."""

_MAP_ANONYMOUS, _MAP_SHARED = 0x20, 0x01
"""Flags of mmap(2); the second is a bit of MAP_SHARED_VALIDATE too, and of no private mapping."""

_SOL_SOCKET = 1
_BUFFER_SIZES = (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF, and both with FORCE."""

_NEWER = (
    *(425, 426, 427),  # io_uring_setup, io_uring_enter, io_uring_register
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fsopen, ..., mount_setattr
    *(438, 447),  # pidfd_getfd, memfd_secret
)
"""Calls with the same number everywhere."""

_Step = tuple[int, int, int, int]
"""An instruction: what it does, how many to skip if so and if not, and its number."""


@dataclass(frozen=True)
class _Machine:
    """Numbers of system calls on one kind of processor."""

    audit: int
    seccomp: int
    clone: int
    mmap: int
    socket: int
    socketpair: int
    setsockopt: int
    refused: tuple[int, ...]
    clone3: int = 435


_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000_003E,
        seccomp=317,
        clone=56,
        mmap=9,
        socket=41,
        socketpair=53,
        setsockopt=54,
        refused=(
            *(29, 30, 31),  # shmget, shmat, shmctl
            *(64, 68, 240, 319),  # semget, msgget, mq_open, memfd_create
            *(155, 161, 165, 166, 272, 308),  # pivot_root, chroot, mount, umount2, unshare, setns
            *(248, 249, 250),  # add_key, request_key, keyctl
            *(101, 310, 311),  # ptrace, process_vm_readv, process_vm_writev
            *(298, 321, 323),  # perf_event_open, bpf, userfaultfd
            *_NEWER,
        ),
    ),
    "aarch64": _Machine(
        audit=0xC000_00B7,
        seccomp=277,
        clone=220,
        mmap=222,
        socket=198,
        socketpair=199,
        setsockopt=208,
        refused=(
            *(194, 196, 195),
            *(190, 186, 180, 279),
            *(41, 51, 40, 39, 97, 268),
            *(217, 218, 219),
            *(117, 270, 271),
            *(241, 280, 282),
            *_NEWER,
        ),
    ),
}


def restrict() -> bool:
    """Give up the calls for good; say whether this system can do that (Linux on x86-64 and ARM64)."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    import ctypes

    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and where they are.
    handed = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None)
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    # Not through prctl, which would leave other threads of this process as they are.
    return int(libc.syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, handed)) == 0


def _program(machine: _Machine) -> bytes:
    """Return the filter: the first instruction that returns decides."""
    refuse, unknown = _FAIL | errno.EPERM, _FAIL | errno.ENOSYS
    steps: list[_Step] = [
        (_LOAD, 0, 0, _MACHINE),
        # A processor may take the calls of another one, with other numbers.
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, refuse),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, unknown),
        # Its flags lie in memory, where no filter sees them; without it, programs fall back to clone.
        (_EQUAL, 0, 1, machine.clone3),
        (_RETURN, 0, 0, unknown),
    ]
    for number in machine.refused:
        steps += _of(number, [(_RETURN, 0, 0, refuse)])
    steps += _of(machine.clone, _if_bits(0, (_NAMESPACES,), refuse))
    steps += _of(machine.mmap, _if_bits(3, (_MAP_ANONYMOUS, _MAP_SHARED), refuse))
    no_such = _FAIL | errno.EAFNOSUPPORT
    steps += _of(machine.socket, _by_value(0, _FAMILIES, _ALLOW, no_such))
    steps += _of(machine.socketpair, _by_value(0, _FAMILIES[:1], _ALLOW, no_such))
    # The size of a buffer is a wish: it is said to be done, as systems do that do less.
    wished = _by_value(2, _BUFFER_SIZES, _FAIL, _ALLOW)
    level = [(_LOAD, 0, 0, _ARGUMENTS[1]), (_EQUAL, 1, 0, _SOL_SOCKET), (_RETURN, 0, 0, _ALLOW)]
    steps += _of(machine.setsockopt, [*level, *wished])
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _of(number: int, steps: list[_Step]) -> list[_Step]:
    """Return steps, the last of which returns, for one call; others skip them."""
    return [(_EQUAL, 0, len(steps), number), *steps]


def _if_bits(argument: int, flags: tuple[int, ...], verdict: int) -> list[_Step]:
    """Return the steps that give a verdict if an argument has a bit of each of some flags, and allow else."""
    tests = [(_ANY_BIT, 0, len(flags) - i, flag) for i, flag in enumerate(flags)]
    return [(_LOAD, 0, 0, _ARGUMENTS[argument]), *tests, (_RETURN, 0, 0, verdict), (_RETURN, 0, 0, _ALLOW)]


def _by_value(argument: int, values: tuple[int, ...], found: int, otherwise: int) -> list[_Step]:
    """Return the steps that give one verdict if an argument is among some values, and another else."""
    tests = [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [(_LOAD, 0, 0, _ARGUMENTS[argument]), *tests, (_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, found)]
