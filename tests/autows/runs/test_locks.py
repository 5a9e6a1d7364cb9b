"""Locks of a results folder: never held twice, whatever is removed meanwhile."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autows.runs import locks
from autows.runs.locks import Held, hold

ROUNDS = """
import os, random, sys, time
from pathlib import Path
from autows.runs.locks import Held, hold

root, seed = Path(sys.argv[1]), int(sys.argv[2])
rng, held = random.Random(seed), 0
while held < 150:
    name = rng.choice("ab")
    try:
        with hold(root, name, wait=rng.random() < 0.8):
            # There is one such file, and only who holds the lock makes it.
            os.close(os.open(root / f"inside {name}", os.O_CREAT | os.O_EXCL))
            time.sleep(rng.random() / 2_000)
            os.unlink(root / f"inside {name}")
            held += 1
    except Held:
        pass
    # So that there are moments at which nobody is there.
    time.sleep(rng.random() / 500)
print(held)
"""


def files(root):
    return sorted(path.name for path in (root / ".locks").iterdir())


def test_processes_never_hold_a_lock_together_and_leave_no_files(tmp_path):
    each = [
        subprocess.Popen(
            [sys.executable, "-c", ROUNDS, str(tmp_path), str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(5)
    ]
    for process in each:
        assert process.communicate(timeout=60) == ("150\n", "")
    assert files(tmp_path) == ["present"]


def test_files_stay_while_somebody_holds_or_waits_for_another_lock(tmp_path):
    inside, leave = threading.Event(), threading.Event()

    def wait_for(name):
        with hold(tmp_path, name):
            inside.set()
            leave.wait(10)

    with ThreadPoolExecutor(1) as pool:
        with hold(tmp_path, "a"):
            with hold(tmp_path, "b"):
                pass
            assert files(tmp_path) == ["a.lock", "b.lock", "present"]
            with pytest.raises(Held), hold(tmp_path, "a", wait=False):
                pass
            waiting = pool.submit(wait_for, "a")
            assert not inside.wait(0.2)
        # Who waited has the file that was there.
        assert inside.wait(10)
        assert "a.lock" in files(tmp_path)
        with pytest.raises(Held), hold(tmp_path, "a", wait=False):
            pass
        leave.set()
        waiting.result(timeout=10)
    assert files(tmp_path) == ["present"]


def test_files_that_somebody_left_behind_are_removed(tmp_path):
    (tmp_path / ".locks").mkdir()
    for number in range(300):
        (tmp_path / ".locks" / f"{number}.lock").touch()
    with hold(tmp_path, "7"):
        assert len(files(tmp_path)) == 301
    assert files(tmp_path) == ["present"]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_a_method_leaves_behind_keeps_nobody_out(tmp_path):
    with hold(tmp_path, "a"):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
    try:
        with hold(tmp_path, "a", wait=False):
            pass
        assert files(tmp_path) == ["present"]
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(child, 0)


class NoLocks:
    """Locks of a file system that has none."""

    LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8

    @staticmethod
    def flock(handle, operation):
        raise OSError(errno.ENOTSUP, "not supported")


@pytest.mark.parametrize("system", [None, NoLocks])
def test_where_it_is_not_known_who_is_there_nothing_is_removed(tmp_path, monkeypatch, system):
    monkeypatch.setattr(locks, "fcntl", system)
    with hold(tmp_path, "a"), pytest.raises(Held), hold(tmp_path, "a", wait=False):
        pass
    assert "a.lock" in files(tmp_path)
