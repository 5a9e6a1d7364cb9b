"""What the harness must survive: each bad thing ends with its reason, and nothing of it is left."""

from __future__ import annotations

import pickle
import socket
import subprocess
import tempfile
from pathlib import Path

import isolated_hostile
import numpy as np
import psutil
import pytest

from autows.cache import cache_folder
from autows.isolation import sandbox, supervisor, syscalls
from autows.isolation.answers import BadAnswers
from autows.isolation.description import describe
from autows.isolation.ends import MethodEnded, OverTime
from autows.isolation.limits import MIB, Limits
from autows.isolation.method import IsolatedMethod
from autows.types import InvalidLabels
from autows.zero_shot._glyph_clip import WEIGHTS
from tasks.digits import Digits

FILE = Path(isolated_hostile.__file__)
GENEROUS = Limits(wall_seconds=60)
LIMITS = {
    "hang": Limits(wall_seconds=1.5),
    "spin": Limits(cpu_seconds=1, wall_seconds=60),
    "memory": Limits(memory_bytes=200 * MIB),
    "memory_at_once": Limits(memory_bytes=200 * MIB),
    "deleted_files": Limits(folder_bytes=100 * MIB),
    "fork": Limits(processes=20),
    "many_forks": Limits(processes=20),
    "stop_the_keeper": Limits(processes=20, wall_seconds=10),
    "one_file": Limits(file_bytes=10 * MIB),
    "large_files": Limits(folder_bytes=30 * MIB),
    "many_files": Limits(files=300),
    "print_much": Limits(output_bytes=4 * MIB),
    "zip_bomb": Limits(file_bytes=MIB),
}


@pytest.fixture(params=["bubblewrap", "no sandbox"])
def sandboxed(request):
    if request.param == "bubblewrap" and not sandbox.available():
        pytest.skip(sandbox.unavailable())
    return request.param == "bubblewrap"


@pytest.fixture
def boxed():
    if not sandbox.available():
        pytest.skip(sandbox.unavailable())


@pytest.fixture(scope="session")
def description():
    return describe(FILE, "Hostile", GENEROUS, sandboxed=False)


@pytest.fixture
def attempt(description, blobs, tmp_path, monkeypatch):
    """Return a function that lets the method do one bad thing; nothing of it may be left afterwards."""
    place = tmp_path / "runs"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))

    def make(what, sandboxed, **parameters):
        values = {**description.parameters, "what": what, **parameters}
        return IsolatedMethod(
            FILE,
            "Hostile",
            type(description)(**{**vars(description), "parameters": values}),
            LIMITS.get(what, GENEROUS),
            sandboxed,
            hidden=tuple(map(str, Digits().truth_paths())),
        )

    def run(what, sandboxed, **parameters):
        view, _, _ = blobs()
        return make(what, sandboxed, **parameters).fit_predict(view, np.random.default_rng(0)).info

    yield run
    assert list(place.iterdir()) == []
    assert processes(lambda process: process.environ().get("HOME", "").startswith(str(place))) == []


def processes(chosen):
    found = []
    for process in psutil.process_iter():
        try:
            if chosen(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("crash", "ended by signal SIGSEGV"),
        ("exit", "exited with status 3 without an answer"),
        ("exit_at_once", "exited with status 4 without an answer"),
        ("hang", "not done after 1.5 s"),
        ("spin", "used more than 1 CPU seconds"),
        ("memory", "used more than 200 MiB of memory"),
        ("memory_at_once", r"used more than 200 MiB of memory: Unable to allocate 32.0 TiB.*"),
        ("deleted_files", "wrote more than 100 MiB"),
        ("sockets", "opened more than 128 sockets"),
        ("fork", "started more than 20 processes"),
        ("many_forks", "started more than 20 processes"),
        ("one_file", "wrote more than 10 MiB into one file"),
        ("large_files", "wrote more than 30 MiB"),
        ("many_files", "wrote more than 300 files"),
        ("deep_folders", "nested folders more than 64 deep"),
        ("print_much", "printed more than 4 MiB"),
        ("raise_error", "raised ValueError: of course"),
        ("environ_of_parent", r"tried to read /proc/\d+/environ"),
        ("kill_parent", "tried to signal a process that is not its own"),
    ],
)
def test_each_bad_end_has_its_reason(what, reason, sandboxed, attempt):
    with pytest.raises(MethodEnded, match=rf"^{reason}$") as caught:
        attempt(what, sandboxed)
    assert isinstance(caught.value, OverTime) == (what in ("hang", "spin"))
    # As it comes back from a worker.
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.trace) == (str(caught.value), caught.value.trace)
    if isinstance(caught.value, OverTime):
        assert again.limit_seconds == caught.value.limit_seconds > 0
    if what == "raise_error":
        assert 'raise ValueError("of course")' in again.trace
    if what == "crash":
        assert "Segmentation fault" in again.trace


def test_memory_that_is_in_no_process_is_not_to_be_had(sandboxed, attempt, monkeypatch):
    if syscalls.platform.machine() not in syscalls._MACHINES:
        pytest.skip("the calls are refused on x86-64 and ARM64 only")
    # What the sandbox has in place of /dev/zero cannot be mapped.
    assert attempt("memory_of_nobody", sandboxed) == {"done": [False] * 7, "mapped": not sandboxed}
    monkeypatch.setattr(supervisor, "_DELIVERY_SECONDS", 0.2)
    with pytest.raises(MethodEnded, match=r"^kept open files in a socket, where their size cannot be seen$"):
        attempt("files_in_sockets", sandboxed)


def test_sockets_count_until_they_are_read(boxed, attempt):
    with pytest.raises(MethodEnded, match=r"^opened more than 128 sockets$"):
        attempt("closed_sockets", True)


def test_sockets_are_of_this_machine_or_of_ip(attempt):
    said = attempt("families_of_sockets", False)
    assert said == {"refused": [[40, True], [38, True], [17, True]]}


def test_processes_may_work_together(sandboxed, attempt):
    assert attempt("processes_that_work_together", sandboxed) == {"said": "10 [1, 2]"}


@pytest.mark.parametrize(
    ("what", "error", "reason"),
    [
        ("return_dict", InvalidLabels, "fit_predict returned a dict; expected autows.Labels"),
        ("not_a_number", InvalidLabels, "pool has NaN or infinity, first in row 0"),
        ("objects", BadAnswers, "test holds Python objects; expected integers of shape (50,) or floats "),
        ("zip_bomb", BadAnswers, "answers.npz unpacks to 20 MiB; expected at most 1 MiB"),
        ("link", BadAnswers, "answers.npz is a symbolic link; expected a regular file"),
    ],
)
def test_what_is_no_answer_is_refused(what, error, reason, sandboxed, attempt, tmp_path):
    trace = tmp_path / "unpickled"
    with pytest.raises(error) as caught:
        attempt(what, sandboxed, target=str(trace))
    assert str(caught.value).startswith(reason)
    assert not trace.exists()


def test_daemons_do_not_stay(sandboxed, attempt, tmp_path):
    # A number that nobody else sleeps.
    seconds = f"600.{abs(hash(tmp_path)):d}"[:18]
    attempt("daemons", sandboxed, target=seconds)
    assert processes(lambda process: seconds in process.cmdline()) == []


def test_nobody_runs_away_from_a_stopped_keeper(attempt):
    # What is left would be found by the attempt's end.
    with pytest.raises(MethodEnded, match=r"^started more than 20 processes$"):
        attempt("stop_the_keeper", False)


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "record.json").write_text("{}")
    return folder


def test_writing_elsewhere(sandboxed, attempt, results):
    # Inside the sandbox, /tmp is another one.
    reason = r"raised FileNotFoundError: .*" if sandboxed else r"tried to write \.\.\./.*/results/new"
    with pytest.raises(MethodEnded, match=rf"^{reason}$"):
        attempt("write", sandboxed, target=str(results / "new"))
    assert not (results / "new").exists()


def test_writing_elsewhere_past_python(boxed, attempt, results):
    attempt("write_in_c", True, target=str(results / "new"))
    assert not (results / "new").exists()


def cached_truth():
    Digits().load()
    return next(cache_folder().glob("tasks/digits*/y_test.npy"))


@pytest.mark.parametrize(
    ("what", "which"), [("read", "truth"), ("read_in_secret", "results"), ("read_in_secret", "another run")]
)
def test_reading_elsewhere(what, which, attempt, results, tmp_path):
    (tmp_path / "autows-isolated-x").mkdir()
    places = {
        "truth": cached_truth(),
        "results": results / "record.json",
        "another run": tmp_path / "autows-isolated-x" / "answers.npz",
    }
    places["another run"].touch()
    with pytest.raises(MethodEnded, match=rf"^tried to read \.\.\./.*{places[which].name}$"):
        attempt(what, False, target=str(places[which]))


@pytest.mark.parametrize("what", ["read_in_c", "read_by_program"])
def test_the_sandbox_holds_nothing_to_read(what, boxed, attempt, results):
    data = Digits().truth_paths()[0]
    secret = [cached_truth(), results / "record.json", data / "digits.csv.gz", Path(__file__), WEIGHTS]
    assert all(path.exists() for path in secret)
    paths = [*secret, data.parent / "__init__.py"]
    said = attempt(what, True, target=":".join(map(str, paths)))
    assert said == {"opened": [False, False, False, False, False, True]}


@pytest.mark.parametrize("what", ["read", "load_weights"])
def test_pretrained_models_come_by_what_is_needed_alone(what, sandboxed, attempt):
    reason = (
        r"^tried to read \.\.\./zero_shot/glyph_clip/model\.safetensors, a pretrained model, which it gets by"
    )
    with pytest.raises(MethodEnded, match=reason):
        attempt(what, sandboxed, target=str(WEIGHTS))


def test_without_the_sandbox_it_is_admitted_that_there_is_a_way(attempt):
    assert attempt("read_in_c", False, target=str(cached_truth())) == {"opened": [True]}
    assert "can read the true labels" in sandbox.what_is_not_protected()


def test_labels_that_scikit_learn_ships(attempt):
    with pytest.raises(MethodEnded, match=r"^tried to read .*data/(.*/)?__init__"):
        attempt("load_digits", False)


def test_what_is_hidden_stays_hidden_in_another_namespace(boxed, attempt):
    said = attempt("unmount", True, target=str(Digits().truth_paths()[0]))["said"]
    assert said[1:] == ["False", "0"]


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        yield listening


def test_opening_a_socket(sandboxed, attempt, server):
    port = server.getsockname()[1]
    with pytest.raises(MethodEnded, match=rf"^tried to open a socket to 127\.0\.0\.1:{port}$"):
        attempt("connect", sandboxed, number=port)
    with pytest.raises(TimeoutError):
        server.accept()


def test_opening_a_socket_past_python(boxed, attempt, server):
    assert attempt("connect_in_c", True, number=server.getsockname()[1]) == {"connected": False}
    with pytest.raises(TimeoutError):
        server.accept()


def test_other_processes_and_where_things_lie_are_not_seen(boxed, attempt, tmp_path):
    with subprocess.Popen(["sleep", "59.618"]) as other:
        hidden = cache_folder(), tmp_path, socket.gethostname(), "59.618", sandbox.project_root() / "tasks"
        try:
            said = attempt("other_processes", True, target=":".join(map(str, hidden))[::-1])
        finally:
            other.kill()
    assert said["found"] == []
    assert said["some"] > 0
    assert {Path(handle).name for handle in said["handles"]} <= {"X_pool.npy", "X_test.npy"}


def test_removing_the_home(sandboxed, attempt):
    # Inside the sandbox it cannot be removed, only emptied.
    if sandboxed:
        attempt("remove_home", True)
    else:
        with pytest.raises(MethodEnded, match=r"^exited with status 0 without an answer$"):
            attempt("remove_home", False)


def test_killing_who_watches(sandboxed, attempt):
    if sandboxed:
        attempt("kill_parent_in_c", True)
    else:
        with pytest.raises(MethodEnded, match=r"^ended the process that watches it$"):
            attempt("kill_parent_in_c", False)


def test_the_harness_goes_on(sandboxed, attempt):
    with pytest.raises(MethodEnded):
        attempt("fork", sandboxed)
    assert attempt("nothing", sandboxed) == {}
