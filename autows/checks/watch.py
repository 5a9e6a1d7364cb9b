"""What a piece of code does beside computing: files, network, secrets, output, threads, processes."""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from autows.cache import cache_folder

_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE", re.IGNORECASE)
_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})
_STARTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})
_CODE = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")
_GRACE_SECONDS = 1.0


def _resolved(*paths: str | Path | None) -> tuple[str, ...]:
    return tuple({os.path.realpath(path) for path in paths if path})


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


class Watch:
    """Sees what happens while it is entered; used once.

    Parameters
    ----------
    module : module
        That of the method; its file may be read.

    Attributes
    ----------
    opened, connected, started, secrets : list of str
        Files outside Python's installation, the project's code and the folder for temporary files; hosts;
        programs; what was read of the environment. Each once, in order.
    printed : str
        What went to stdout.
    left : list of str
        Threads and processes that are still there.

    Notes
    -----
    Files and hosts are told by Python's audit events (PEP 578), which native code does not raise. Looking
    for a file that is not there does not count: libraries do so.
    Programs and the environment count when the method's own code asks for them, not a library.
    """

    def __init__(self, module: ModuleType) -> None:
        own = getattr(module, "__file__", None)
        paths = sysconfig.get_paths()
        self._libraries = _resolved(paths["purelib"], paths["platlib"])
        self._standard = _resolved(paths["stdlib"], paths["platstdlib"])
        project = Path(__file__).resolve().parents[1]
        self._readable = _resolved(
            *(sys.prefix, sys.base_prefix, sys.exec_prefix, *self._libraries, *self._standard),
            *(project, project.parent / "baselines", own, cache_folder() / "graphs"),
            *("/dev", "/proc", "/sys"),
        )
        self._import_path = _resolved(*sys.path)
        self._data = _resolved(cache_folder())
        self._temporary = _resolved(tempfile.gettempdir())
        self.opened: list[str] = []
        self.connected: list[str] = []
        self.started: list[str] = []
        self.secrets: list[str] = []
        self.printed = ""
        self.left: list[str] = []

    def __enter__(self) -> Watch:
        _listen()
        self._stack = ExitStack()
        threads, processes = set(threading.enumerate()), _children()
        self._stack.callback(self._look_for_what_is_left, threads, processes)
        self._stack.enter_context(self._reading_stdout())
        self._stack.enter_context(_environment(self))
        self._stack.callback(_stop_telling)
        _tell(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of an audit event."""
        if event == "open":
            path, mode, flags = arguments
            # Numbers are files that are open already.
            if isinstance(path, (str, bytes, os.PathLike)):
                path = os.fsdecode(path)
                if not (self._may_open(path) or (_only_reads(mode, flags) and not os.path.lexists(path))):
                    _note(self.opened, path)
        elif event in _CONNECTS:
            address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
            # A path is a socket of this machine, such as processes talk through.
            if isinstance(address, tuple):
                _note(self.connected, ":".join(map(str, address[:2])))
            elif not event.startswith(("socket.connect", "socket.sendto")):
                _note(self.connected, os.fsdecode(address or "this machine"))
        elif event in _STARTS and self.is_own(sys._getframe(2)):
            program = arguments[0] if event != "subprocess.Popen" else arguments[0] or arguments[1][0]
            _note(self.started, os.fsdecode(program))

    def _may_open(self, path: str) -> bool:
        path = os.path.realpath(path)
        if _below(path, self._readable):
            return True
        if _below(path, self._data):
            return False
        code = path.endswith(_CODE) or "__pycache__" in Path(path).parts
        return _below(path, self._temporary) or (code and _below(path, self._import_path))

    def is_own(self, frame: FrameType | None) -> bool:
        """Say whether a call comes from the method's own code, not from a library that it uses."""
        while frame is not None:
            file = frame.f_code.co_filename
            if not file.startswith("<"):
                file = os.path.realpath(file)
                if _below(file, self._libraries):
                    return False
                if not _below(file, self._standard):
                    return True
            frame = frame.f_back
        return False

    @contextmanager
    def _reading_stdout(self) -> Iterator[None]:
        """Keep what is printed, through ``sys.stdout`` and past it (a C library, another process)."""
        text = StringIO()
        with tempfile.TemporaryFile() as file:
            sys.stdout.flush()
            kept = os.dup(1)
            os.dup2(file.fileno(), 1)
            try:
                with redirect_stdout(text):
                    yield
            finally:
                os.dup2(kept, 1)
                os.close(kept)
            file.seek(0)
            self.printed = text.getvalue() + file.read().decode(errors="replace")

    def _look_for_what_is_left(self, threads: set[threading.Thread], processes: set[int]) -> None:
        end = time.monotonic() + _GRACE_SECONDS
        while True:
            self.left = [
                f"the thread {t.name}"
                for t in threading.enumerate()
                if t not in threads and not _of_a_pool(t) and t.is_alive()
            ]
            self.left += [f"the process {pid}" for pid in sorted(_children() - processes)]
            if not self.left or time.monotonic() > end:
                return
            time.sleep(0.02)


def _only_reads(mode: str | None, flags: int) -> bool:
    if mode is not None:
        return not set(mode) & set("wax+")
    return not flags & (os.O_WRONLY | os.O_RDWR)


def _note(seen: list[str], what: str) -> None:
    if what not in seen:
        seen.append(what)


# Hooks cannot be removed, so there is one for good, which mostly has nobody to tell.

_watching: Watch | None = None
_listening = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    watch = _watching
    if watch is not None:
        watch.hear(event, arguments)


def _listen() -> None:
    global _listening
    if not _listening:
        sys.addaudithook(_hook)
        _listening = True


def _tell(watch: Watch) -> None:
    global _watching
    _watching = watch


def _stop_telling() -> None:
    global _watching
    _watching = None


class _Environment(MutableMapping[str, str]):
    """The environment, telling a watch what is read of it."""

    def __init__(self, real: Any, watch: Watch) -> None:
        self._real, self._watch = real, watch

    def __getitem__(self, key: str) -> str:
        if _SECRET.search(str(key)) and self._watch.is_own(sys._getframe(1)):
            _note(self._watch.secrets, str(key))
        value: str = self._real[key]
        return value

    def __setitem__(self, key: str, value: str) -> None:
        self._real[key] = value

    def __delitem__(self, key: str) -> None:
        del self._real[key]

    def __iter__(self) -> Iterator[str]:
        if self._watch.is_own(sys._getframe(1)):
            _note(self._watch.secrets, "all of it")
        return iter(self._real)

    def __len__(self) -> int:
        return len(self._real)

    def copy(self) -> dict[str, str]:
        """Return a copy, as ``os.environ`` does."""
        return dict(self)


@contextmanager
def _environment(watch: Watch) -> Iterator[None]:
    real = os.environ
    os.environ = _Environment(real, watch)  # type: ignore[assignment] # noqa: B003
    try:
        yield
    finally:
        os.environ = real  # noqa: B003


def _of_a_pool(thread: threading.Thread) -> bool:
    """Say whether a thread belongs to joblib's pool of processes, which waits for more work by design."""
    return type(thread).__module__.startswith("joblib.") or thread.name == "QueueFeederThread"


def _children() -> set[int]:
    """Return the ids of this process's living children, without those of joblib's pool."""
    proc = Path("/proc")
    if not (proc / "self" / "stat").exists():
        return {child.pid for child in multiprocessing.active_children() if child.pid is not None}
    found = set()
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name in brackets may hold anything, brackets included.
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) != os.getpid() or state == "Z":
                continue
            command = (folder / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue  # It ended meanwhile.
        if b"loky" not in command and b"resource_tracker" not in command:
            found.add(int(folder.name))
    return found
