"""A method that does one bad thing at a time, each of them small enough for the machine that tests it."""

from __future__ import annotations

import ctypes
import errno
import io
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import types
import zipfile
from pathlib import Path

import numpy as np

from autows import Labels, Method

MIB = 2**20


def answer(view, **info):
    return Labels(
        pool=np.zeros(view.X_pool.shape[0], dtype=int),
        test=np.zeros(view.X_test.shape[0], dtype=int),
        n_classes=view.n_classes,
        info=info,
    )


def c_function(name):
    """Return a function of the C library, of which Python's audit hooks hear nothing."""
    return getattr(ctypes.CDLL(None), name)


def detached(work):
    """Do something in a process that is no longer anybody's child nor in anybody's session."""
    if os.fork():
        return
    os.setsid()
    if os.fork() == 0:
        work()
    os._exit(0)


class Hostile(Method):
    """Does one bad thing."""

    name = "hostile"

    def __init__(self, what: str = "nothing", target: str = "", number: int = 0) -> None:
        self.what = what
        self.target = target
        self.number = number

    def fit_predict(self, view, rng):
        said = getattr(self, self.what)(view)
        return said if isinstance(said, (Labels, dict)) else answer(view)

    def nothing(self, view):
        """Answer."""

    # Ending in other ways than with an answer

    def crash(self, view):
        os.kill(os.getpid(), signal.SIGSEGV)

    def exit(self, view):
        sys.exit(3)

    def exit_at_once(self, view):
        os._exit(4)

    def hang(self, view):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # Called so, a C function keeps the interpreter's lock: no other thread of Python can run.
        ctypes.PyDLL(None).sleep(60)

    def raise_error(self, view):
        raise ValueError("of course")

    def return_dict(self, view):
        return {"pool": [1]}

    def not_a_number(self, view):
        P = np.full((view.X_pool.shape[0], view.n_classes), np.nan)
        return Labels(pool=P, test=P, n_classes=view.n_classes)

    # Using too much

    def spin(self, view):
        while True:
            pass

    def memory(self, view):
        blocks = []
        for _ in range(100):
            blocks.append(np.ones(20 * MIB // 8))
            time.sleep(0.01)
        time.sleep(20)

    def memory_at_once(self, view):
        np.ones(2**42)

    def deleted_files(self, view):
        files = []
        for _ in range(100):
            files.append(tempfile.TemporaryFile(dir="."))  # noqa: SIM115
            files[-1].write(bytes(4 * MIB))
            time.sleep(0.01)
        time.sleep(20)

    def fork(self, view):
        for _ in range(300):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        time.sleep(20)

    def files_in_sockets(self, view):
        kept = socket.socketpair()
        for _ in range(5):
            with tempfile.TemporaryFile(dir=".") as file:
                file.write(bytes(4 * MIB))
                socket.send_fds(kept[0], [b"x"], [file.fileno()])
        time.sleep(20)

    def sockets(self, view):
        kept = [socket.socketpair() for _ in range(100)]
        for one, _ in kept:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MIB)
            one.setblocking(False)
        time.sleep(20)

    def closed_sockets(self, view):
        """Send to a socket that nobody reads, and close one's own end."""
        with socket.socket(socket.AF_UNIX) as kept:
            kept.bind("kept")
            kept.listen(1000)
            for _ in range(200):
                with socket.socket(socket.AF_UNIX) as one:
                    one.connect("kept")
                    one.send(bytes(1000))
            time.sleep(20)

    def many_forks(self, view):
        for _ in range(8):
            os.fork()
        time.sleep(20)

    def memory_of_nobody(self, view):
        segment = c_function("shmget")(0, ctypes.c_size_t(64 * MIB), 0o1600)
        made = c_function("unshare")(0x10000000 | 0x00020000)
        numbers = {"x86_64": (250, 319, 240), "aarch64": (219, 279, 180)}[os.uname().machine]
        given = (0, -3, 0), (b"hidden", 0), (b"hidden", 0o102, 0o600, None)
        calls = [c_function("syscall")(n, *what) for n, what in zip(numbers, given, strict=True)]
        done = [number >= 0 for number in (segment, made, *calls)]
        for size, flags, there in ((4096, mmap.MAP_SHARED, False), (4096, mmap.MAP_PRIVATE, True)):
            try:
                mmap.mmap(-1, size, flags=flags | mmap.MAP_ANONYMOUS).close()
                done.append(not there)
            except PermissionError:
                done.append(there)
        with open("/dev/zero", "r+b") as zeros:
            try:
                mmap.mmap(zeros.fileno(), 4096).close()
                mapped = True
            except OSError:
                mapped = False
        return answer(view, done=done, mapped=mapped)

    def families_of_sockets(self, view):
        refused = []
        for family, kind in ((40, 1), (38, 5), (17, 3), (1, 1), (2, 1), (10, 2), (16, 3)):
            try:
                socket.socket(family, kind).close()
            except OSError as error:
                refused.append((family, error.errno == errno.EAFNOSUPPORT))
        return answer(view, refused=refused)

    def processes_that_work_together(self, view):
        code = (
            "import multiprocessing, threading; from joblib import Parallel, delayed;"
            "print(sum(Parallel(n_jobs=2)(delayed(abs)(-k) for k in range(5))),"
            "multiprocessing.get_context('fork').Pool(2).map(abs, [-1, -2]))"
        )
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        return answer(view, said=said.stdout.strip() or said.stderr[-500:])

    def one_file(self, view):
        with open("big", "wb") as stream:
            for _ in range(40):
                stream.write(bytes(MIB))

    def large_files(self, view):
        for i in range(40):
            Path(f"file{i}").write_bytes(bytes(2 * MIB))
            time.sleep(0.01)
        time.sleep(20)

    def many_files(self, view):
        for i in range(2000):
            Path(f"file{i}").touch()
        time.sleep(20)

    def deep_folders(self, view):
        for _ in range(200):
            Path("d").mkdir()
            os.chdir("d")
        time.sleep(20)

    def print_much(self, view):
        for _ in range(64):
            print("x" * MIB)
        time.sleep(20)

    # Staying

    def daemons(self, view):
        detached(lambda: os.execv("/bin/sleep", ["sleep", self.target]))
        detached(lambda: os.execve("/bin/sleep", ["sleep", self.target], {}))
        time.sleep(0.05 + self.number)

    def stop_the_keeper(self, view):
        """Leave a process that is another one at every moment, where nobody looks after them any more."""

        def run_away():
            end = time.monotonic() + 15
            while time.monotonic() < end:
                if os.fork():
                    os._exit(0)

        parent = os.getppid()
        detached(run_away)
        c_function("kill")(parent, signal.SIGSTOP)
        time.sleep(20)

    # Answering with what is not an answer

    def objects(self, view):
        buffer = io.BytesIO()
        np.save(buffer, np.array([Bomb(self.target)], dtype=object), allow_pickle=True)
        self.forge(**{"pool.npy": buffer.getvalue(), "test.npy": buffer.getvalue()})

    def zip_bomb(self, view):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<i8", "fortran_order": False, "shape": (view.X_pool.shape[0],)}
        )
        self.forge(**{"pool.npy": header.getvalue() + bytes(20 * MIB)})

    def link(self, view):
        Path("answers.npz").symlink_to(self.target)
        self.forge(archive=False)

    def forge(self, archive=True, **members):
        """Leave files of answers and a report of one's own, and be gone."""
        if archive:
            with zipfile.ZipFile("answers.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as stream:
                for name, content in {"test.npy": b"", **members}.items():
                    stream.writestr(name, content)
        Path("status.json").write_text(json.dumps({"status": "ok", "n_classes": 3}))
        os._exit(0)

    def remove_home(self, view):
        subprocess.run(["/bin/sh", "-c", 'chmod -R u+rwX "$HOME"; rm -rf "$HOME"/* "$HOME"'], check=False)

    # Reaching for what is not its own

    def write(self, view):
        Path(self.target).write_text("mine")

    def write_in_c(self, view):
        c_function("creat")(self.target.encode(), 0o644)

    def read(self, view):
        with open(self.target, "rb") as stream:
            stream.read()

    def read_in_secret(self, view):
        try:
            self.read(view)
        except OSError:
            return

    def read_in_c(self, view):
        handles = [c_function("open")(path.encode(), os.O_RDONLY) for path in self.target.split(":")]
        return answer(view, opened=[handle >= 0 and len(os.read(handle, 1)) == 1 for handle in handles])

    def read_by_program(self, view):
        ended = [subprocess.run(["cat", p], capture_output=True, check=False) for p in self.target.split(":")]
        return answer(view, opened=[len(program.stdout) > 0 for program in ended])

    def load_weights(self, view):
        # Compiled code reads the file; what stands in for it is here in no time.
        sys.modules["safetensors.torch"] = types.SimpleNamespace(load_file=lambda path: {})
        from autows.representations._torch import load_weights

        load_weights(types.SimpleNamespace(state_dict=dict), Path(self.target), (), "it")

    def load_digits(self, view):
        from sklearn.datasets import load_digits

        load_digits()

    def connect(self, view):
        try:
            socket.create_connection(("127.0.0.1", self.number), timeout=1)
        except OSError:
            return

    def connect_in_c(self, view):
        handle = c_function("socket")(socket.AF_INET, socket.SOCK_STREAM, 0)
        address = struct.pack("=H", socket.AF_INET) + struct.pack(
            "!H4s8x", self.number, bytes([127, 0, 0, 1])
        )
        return answer(view, connected=c_function("connect")(handle, address, len(address)) == 0)

    def other_processes(self, view):
        said = subprocess.run(
            "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ ../data/job.json; uname -n",
            shell=True,
            capture_output=True,
            check=False,
        )
        # Told backwards, since what it is told is in the job.
        found = [word for word in self.target[::-1].split(":") if word.encode() in said.stdout]
        links = [Path(f"/proc/self/fd/{n}") for n in range(3, 64)]
        handles = [str(link.readlink()) for link in links if link.is_symlink()]
        return answer(view, found=found, some=len(said.stdout), handles=handles)

    def environ_of_parent(self, view):
        with open(f"/proc/{os.getppid()}/environ", "rb") as stream:
            stream.read()

    def kill_parent(self, view):
        os.kill(os.getppid(), signal.SIGKILL)

    def kill_parent_in_c(self, view):
        return answer(view, failed=c_function("kill")(os.getppid(), signal.SIGKILL) != 0)

    def unmount(self, view):
        """Show again what was hidden, as root of a user namespace of one's own."""
        code = (
            "import ctypes, os, sys; c = ctypes.CDLL(None); made = c.unshare(0x10000000 | 0x00020000) == 0;"
            "gone = c.umount2(sys.argv[1].encode(), 2) == 0; print(made, gone, len(os.listdir(sys.argv[1])))"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, self.target], capture_output=True, text=True, check=True
        )
        return answer(view, said=said.stdout.split())


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)
