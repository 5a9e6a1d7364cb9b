"""The parts around an isolated process, each by itself."""

from __future__ import annotations

import csv
import os
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autows.isolation import folders, sandbox, weights
from autows.isolation.ends import SandboxFailed, exit_reason, many_lines, one_line
from autows.isolation.guard import Guard, shortened
from autows.isolation.limits import MIB, Limits
from autows.zero_shot._glyph_clip import WEIGHTS
from tasks.breast_cancer import BreastCancer
from tasks.digits import Digits
from tasks.navier_stokes_small import NavierStokesSmall
from tasks.permuted_digits import PermutedDigits


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("fields", [{"files": 0}, {"wall_seconds": -1}, {"cpu_seconds": float("nan")}])
def test_limits_are_positive(fields):
    with pytest.raises(ValueError, match=f"^{next(iter(fields))} is .*; expected a positive number$"):
        Limits(**fields)


@pytest.mark.parametrize(
    ("returncode", "sandboxed", "reason"),
    [
        (0, False, "exited with status 0 without an answer"),
        (3, True, "exited with status 3 without an answer"),
        (-11, False, "ended by signal SIGSEGV"),
        (139, True, "ended by signal SIGSEGV"),
        (139, False, "exited with status 139 without an answer"),
        (-9, False, "ended by signal SIGKILL; often the system was out of memory"),
        (-24, False, "used more than 5 CPU seconds"),
        (128 + 25, True, "wrote more than 2 MiB into one file"),
        (255, True, "ended by signal 127"),
    ],
)
def test_an_exit_status_in_words(returncode, sandboxed, reason):
    assert exit_reason(returncode, Limits(cpu_seconds=5, file_bytes=2 * MIB), sandboxed) == reason


def test_somebody_elses_words_can_be_shown():
    assert one_line("a\x1b]0;title\x07\n\u202eb") == "a ]0;title b"
    assert one_line("x" * 600) == "x" * 497 + "..."
    assert many_lines("one\r\ntwo\x1b[2J") == "one \ntwo [2J"
    assert len(many_lines("x" * 10**6)) == 20_000


def test_the_folder_is_removed_whatever_is_in_it(place):
    with folders.private_folder() as folder:
        here = folder.own
        for _ in range(60):
            here = here / ("d" * 200)
            try:
                here.mkdir()
            except OSError:
                break  # Longer than a path may be.
        locked = folder.own / "locked"
        locked.mkdir()
        (locked / "file").touch()
        locked.chmod(0)
        (folder.own / "out").symlink_to(place.parent)
    assert list(place.iterdir()) == []
    assert place.parent.exists()


def test_deeply_nested_folders_are_removed(tmp_path):
    root, before = tmp_path / "root", Path.cwd()
    root.mkdir()
    os.chdir(root)
    try:
        for _ in range(220):
            Path("deep" * 5).mkdir()
            os.chdir("deep" * 5)
    finally:
        os.chdir(before)
    with pytest.raises(OSError, match="name too long"):
        (root / "/".join(["deep" * 5] * 220)).stat()
    folders.remove(root)
    assert not root.exists()


def test_what_a_killed_harness_left_is_removed(place):
    old, fresh, held = (place / f"{folders.PREFIX}{name}" for name in ("old", "fresh", "held"))
    long_ago = time.time() - 3600
    for path in (old, fresh):
        path.mkdir()
    os.utime(old, (long_ago, long_ago))
    with folders.private_folder() as folder:
        folder.root.rename(held)
        os.utime(held, (long_ago, long_ago))
        folders.remove_stale()
        assert sorted(place.iterdir()) == [fresh, held]
        held.rename(folder.root)


def test_the_watch_counts_what_is_written(tmp_path):
    limits = Limits(folder_bytes=MIB, files=3)
    assert folders.excess(tmp_path, limits, 0) is None
    assert folders.excess(tmp_path, limits, 2 * MIB) == "wrote more than 1 MiB"
    (tmp_path / "a").write_bytes(os.urandom(MIB))
    (tmp_path / "a link").symlink_to("/")
    assert folders.excess(tmp_path, limits, 0) is None
    (tmp_path / "b").write_bytes(b"1")
    assert folders.excess(tmp_path, limits, 0) == "wrote more than 1 MiB"
    for name in "cd":
        (tmp_path / name).touch()
    assert folders.excess(tmp_path, replace(limits, folder_bytes=9 * MIB), 0) == "wrote more than 3 files"


def test_tasks_say_where_their_truth_lies():
    for task in (Digits(), PermutedDigits(), BreastCancer()):
        (path,) = task.truth_paths()
        assert (path / "breast_cancer.csv").exists()
        assert (path / "digits.csv.gz").exists()
    assert NavierStokesSmall().truth_paths() == ()


def mounts(shown, hidden):
    return sandbox._mounts(dict.fromkeys(map(str, shown)), hidden, Path("/empty"))


def test_what_is_hidden_wins_over_what_is_shown_unless_that_is_deeper(tmp_path):
    library, project = tmp_path / "usr", tmp_path / "usr" / "project"
    for path in (project / "env" / "python", project / "results", library / "lib"):
        path.mkdir(parents=True)
    secret = library / "secret.csv"
    secret.touch()
    found = mounts(
        [library, project / "env" / "python", library / "lib"], [project, secret, tmp_path / "elsewhere"]
    )
    steps = " ".join(found)
    show, hide, again = (
        steps.index(step)
        for step in (
            f"--ro-bind {library} {library}",
            f"--tmpfs {project}",
            f"--ro-bind {project}/env/python ",
        )
    )
    assert show < hide < again < steps.index(f"--remount-ro {project}")
    assert f"--dir {project}/env " in steps
    assert f"--ro-bind /empty {secret}" in steps
    # Brought along by the folder above it.
    assert f"{library}/lib" not in found


def test_what_is_hidden_is_hidden_under_every_name(tmp_path):
    real = tmp_path / "real"
    (real / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    found = mounts([tmp_path / "link"], [tmp_path / "link" / "data"])
    assert [found[i + 1] for i, word in enumerate(found) if word == "--tmpfs"] == [
        str(tmp_path / "link" / "data"),
        str(real / "data"),
    ]


def test_what_python_needs_cannot_be_hidden(tmp_path):
    with pytest.raises(SandboxFailed, match="cannot be hidden"):
        mounts([tmp_path], [tmp_path])


def test_the_cache_and_the_mirror_are_private(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOWS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUTOWS_MIRROR", str(tmp_path / "mirror"))
    found = sandbox.private_paths(["/results"])
    for path in (tmp_path / "cache", tmp_path / "mirror", sandbox.project_root() / "tasks", Path("/results")):
        assert path in found


def test_labels_in_other_installations_of_a_package_are_private(monkeypatch, tmp_path):
    here = tmp_path / "env" / "lib" / "python3.11" / "site-packages" / "kit" / "data"
    others = [
        tmp_path / "usr" / "lib" / "python3" / "dist-packages" / "kit" / "data",
        tmp_path / "conda" / "pkgs" / "kit-1.0" / "lib" / "python3.12" / "site-packages" / "kit" / "data",
    ]
    for path in (here, *others):
        path.mkdir(parents=True)
    monkeypatch.setattr(sandbox, "_SYSTEM_ROOTS", (tmp_path / "usr", tmp_path / "conda"))
    found = sandbox.private_paths([str(here), "/results"])
    assert {here, *others} <= set(found)


def test_weights_of_models_are_private(monkeypatch, tmp_path):
    site, source = tmp_path / "site-packages", tmp_path / "source"
    names = [
        "kit/model.safetensors",
        'kit/"odd", they say.onnx',
        "kit/small.bin",
        "kit/data.csv",
        "kit/gone.pt",
    ]
    sizes = [1_500_000, 1_000_000, 999_999, 5_000_000, 2_000_000]
    for folder in (site / "kit", site / "kit-1.dist-info", source / "deep"):
        folder.mkdir(parents=True)
    with (site / "kit-1.dist-info" / "RECORD").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [name, "sha256=x", size] for name, size in zip(names, sizes, strict=True)
        )
    for path, size in zip(
        [*(site / name for name in names[:4]), source / "deep" / "a.pt"], (*sizes[:4], 10**6), strict=True
    ):
        with path.open("wb") as stream:
            stream.truncate(size)
    assert set(weights.packaged((source,), (site,))) == {site / n for n in names[:2]} | {
        source / "deep" / "a.pt"
    }
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = sandbox.private_paths()
    assert {WEIGHTS, tmp_path / "torch", tmp_path / "cache" / "clip"} <= set(found)


@pytest.fixture
def judge(tmp_path):
    """Return a function that says what a guard thinks of an event, and its violations."""
    own, data, secret = (tmp_path / name for name in ("own", "data", "secret"))
    for path in (own, data, secret, secret / "shown"):
        path.mkdir()
        (path / "file").touch()
    models = [data / "model.pt", own / "model.pt"]
    for path in models:
        path.touch()
    guard = Guard([str(own)], [str(data), str(secret / "shown")], [str(secret), *map(str, models)])
    violations: list[str] = []

    def refuse(what):
        violations.append(what)
        raise PermissionError(what)

    hooks = guard._hooks(refuse)

    def ask(event, *arguments):
        try:
            hooks[event](arguments)
        except PermissionError:
            return violations.pop() if violations else "denied"
        return "allowed"

    return ask


@pytest.mark.parametrize(
    ("event", "arguments", "verdict"),
    [
        ("open", ("own/file", "w", os.O_WRONLY), "allowed"),
        ("open", ("data/file", "r", os.O_RDONLY), "allowed"),
        ("open", (b"data/file", "r", os.O_RDONLY), "allowed"),
        ("open", ("data/file", "a", os.O_WRONLY | os.O_APPEND), "tried to write"),
        ("open", ("secret/file", None, os.O_RDONLY), "tried to read"),
        ("open", ("own/../secret/file", None, os.O_RDONLY), "tried to read"),
        ("open", ("own/link", "r", os.O_RDONLY), "tried to read"),
        ("open", ("own/model.pt", "r", os.O_RDONLY), "tried to read"),
        ("open", ("secret/shown/file", "r", os.O_RDONLY), "allowed"),
        ("os.listdir", ("secret/shown",), "allowed"),
        ("open", ("data/model.pt", "r", os.O_RDONLY), "tried to read"),
        ("open", ("secret/absent", "r", os.O_RDONLY), "allowed"),
        ("open", ("/proc/self/status", "r", os.O_RDONLY), "allowed"),
        ("open", ("/proc/1/environ", "r", os.O_RDONLY), "tried to read /proc/1/environ"),
        ("open", ("/proc/1/stat", "r", os.O_RDONLY), "allowed"),
        ("open", ("/dev/null", "w", os.O_WRONLY), "allowed"),
        ("open", ("/usr/bin/env", "r", os.O_RDONLY), "allowed"),
        ("open", ("/usr/lib/autows-cache", "w", os.O_WRONLY | os.O_CREAT), "denied"),
        ("open", (3, "w", os.O_WRONLY), "allowed"),
        ("os.listdir", ("secret",), "tried to list"),
        ("os.scandir", (None,), "allowed"),
        ("os.remove", ("own/link", -1), "allowed"),
        ("os.remove", ("secret/file", -1), "tried to write"),
        ("os.rename", ("own/file", "secret/new", -1, -1), "tried to write"),
        ("os.link", ("secret/file", "own/new", -1, -1), "tried to write"),
        ("os.mkdir", ("secret/new", 0o777, -1), "tried to write"),
        ("socket.connect", (None, ("1.2.3.4", 80)), "tried to open a socket to 1.2.3.4:80"),
        ("socket.bind", (None, ("::1", 0)), "allowed"),
        ("socket.bind", (None, ("0.0.0.0", 80)), "tried to open a socket at 0.0.0.0:80"),
        ("socket.getaddrinfo", ("example.org", 80, 0, 0, 0), "tried to look up the host example.org"),
        ("socket.getaddrinfo", ("localhost", 80, 0, 0, 0), "allowed"),
        ("os.kill", (os.getpid(), 9), "allowed"),
        ("os.kill", (os.getppid(), 9), "tried to signal"),
        ("os.kill", (-1, 9), "tried to signal"),
    ],
)
def test_the_guard_tells_honest_from_not(event, arguments, verdict, judge, tmp_path, monkeypatch):
    (tmp_path / "own" / "link").symlink_to(tmp_path / "secret" / "file")
    monkeypatch.chdir(tmp_path)
    assert judge(event, *arguments).startswith(verdict)


@pytest.mark.parametrize(("own_session", "verdict"), [(False, "allowed"), (True, "tried to signal")])
def test_the_guard_knows_its_own_processes(own_session, verdict, judge):
    # An isolated method leads a session; whose process 1 is in a container is not for a test to assume.
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=own_session) as other:
        for event, pid in (("os.kill", other.pid), ("os.kill", -other.pid), ("os.killpg", other.pid)):
            assert judge(event, pid, 9).startswith(verdict)


def test_the_guard_knows_its_own_sockets(judge, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        assert judge("socket.connect", connection, str(tmp_path / "own" / "s")) == "allowed"
        assert judge("socket.connect", connection, str(tmp_path / "secret" / "s")).startswith("tried to open")
        assert judge("socket.connect", connection, "\0abstract").startswith("tried to open")


def test_paths_are_shown_by_their_end():
    assert shortened("/a/b/c") == "/a/b/c"
    assert shortened("/home/me/a/b/c") == ".../a/b/c"
