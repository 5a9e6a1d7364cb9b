"""The filter of system calls, walked through by hand on either processor."""

from __future__ import annotations

import errno
import struct

import pytest

from autows.isolation import syscalls

ALLOWED = "allowed"


def verdict(machine, number, *arguments, audit=None):
    """Return what the filter says of a call: allowed, or the error that it gives instead."""
    seen = struct.pack("<iIQ6Q", number, audit or machine.audit, 0, *arguments, *[0] * (6 - len(arguments)))
    program = list(struct.iter_unpack("HBBI", syscalls._program(machine)))
    place = value = 0
    while True:
        code, yes, no, k = program[place]
        if code == syscalls._RETURN:
            return ALLOWED if k == syscalls._ALLOW else k & 0xFFFF
        if code == syscalls._LOAD:
            (value,) = struct.unpack_from("<I", seen, k)
            place += 1
            continue
        holds = {
            syscalls._EQUAL: value == k,
            syscalls._AT_LEAST: value >= k,
            syscalls._ANY_BIT: value & k != 0,
        }[code]
        place += 1 + (yes if holds else no)


@pytest.fixture(params=syscalls._MACHINES)
def machine(request):
    return syscalls._MACHINES[request.param]


def test_what_is_refused(machine):
    assert {verdict(machine, number) for number in machine.refused} == {errno.EPERM}
    assert len(set(machine.refused)) == len(machine.refused)
    assert verdict(machine, machine.clone3) == errno.ENOSYS
    assert verdict(machine, 1 << 30) == errno.ENOSYS
    assert verdict(machine, 63, audit=0x4000_0003) == errno.EPERM
    assert verdict(machine, 63) == ALLOWED


def test_calls_that_are_told_by_their_arguments(machine):
    far = 1 << 32  # The upper half is not looked at, nor by Linux.
    assert verdict(machine, machine.clone, 0x11) == ALLOWED
    assert verdict(machine, machine.clone, 0x1000_0011) == errno.EPERM
    for flags, expected in ((0x22, ALLOWED), (0x01, ALLOWED), (0x21, errno.EPERM), (0x23, errno.EPERM)):
        assert verdict(machine, machine.mmap, 0, 4096, 3, flags) == expected
    for family in range(46):
        expected = ALLOWED if family in (1, 2, 10, 16) else errno.EAFNOSUPPORT
        assert verdict(machine, machine.socket, family, 1) == expected
        assert verdict(machine, machine.socket, family + far, 1) == expected
        expected = ALLOWED if family == 1 else errno.EAFNOSUPPORT
        assert verdict(machine, machine.socketpair, family, 1) == expected
    for level, option, expected in ((1, 7, 0), (1, 33, 0), (1, 2, ALLOWED), (6, 7, ALLOWED)):
        assert verdict(machine, machine.setsockopt, 3, level, option) == expected
