"""An honest method does in isolation what it does anywhere."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import isolated_honest
import isolated_hostile
import numpy as np
import psutil
import pytest
from scipy import sparse

from autows.errors import NotApplicable, UserError
from autows.isolation import sandbox
from autows.isolation.answers import BadAnswers, read_arrays
from autows.isolation.description import Description, code_hash, describe
from autows.isolation.ends import SandboxFailed
from autows.isolation.handover import content_order, read_view, write_view
from autows.isolation.limits import MIB, Limits
from autows.isolation.method import (
    IsolatedMethod,
    _labels,
    _own_seconds,
    derived_seed,
    expected_arrays,
    most_bytes,
)
from autows.representations.raw import Raw
from autows.runs.cell import Cell, finished
from autows.runs.plan import run
from autows.runs.store import RunStore
from autows.types import TaskView
from tasks.digits import Digits

FILE = Path(isolated_honest.__file__)
LIMITS = Limits(wall_seconds=60)
SLOW_TO_IMPORT = '''
import time

import numpy as np

from autows import Labels, Method

time.sleep(1.5)


class Slow(Method):
    """Takes its time."""

    name = "slow"

    def fit_predict(self, view, rng):
        kept = np.ones(15_000_000)
        time.sleep(0.3)
        rows = view.X_pool.shape[0], view.X_test.shape[0]
        return Labels(*(np.full(n, int(kept[0]) - 1) for n in rows), view.n_classes)
'''


@pytest.fixture(params=["bubblewrap", "no sandbox"])
def sandboxed(request):
    if request.param == "bubblewrap" and not sandbox.available():
        pytest.skip(sandbox.unavailable())
    return request.param == "bubblewrap"


@lru_cache
def described(file, class_name, parameters):
    return describe(file, class_name, LIMITS, False, dict(parameters))


def isolated(class_name, sandboxed, file=FILE, **parameters):
    description = described(file, class_name, tuple(parameters.items()))
    return IsolatedMethod(file, class_name, description, LIMITS, sandboxed)


def directly(method, view, folder):
    """Answer here, on the rows in the order in which they are handed over."""
    folder.mkdir()
    order, _ = write_view(view, folder)
    rng = np.random.default_rng(list(derived_seed(np.random.default_rng(7))))
    return order.undo(method.fit_predict(read_view(folder), rng))


def assert_same(found, expected):
    for name, value in vars(expected).items():
        got = getattr(found, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(got, value, err_msg=name)
        else:
            assert got == value, name


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_the_answers_are_those_of_a_direct_run(kind, sandboxed, blobs, tmp_path):
    view, y_pool, _ = blobs(gap=6.0)
    if kind == "sparse":
        view = replace(
            view, **{name: sparse.csr_matrix(getattr(view, name)) for name in ("X_seed", "X_pool", "X_test")}
        )
    method = isolated("NearestMean", sandboxed, power=2, note="a")
    labels = method.fit_predict(view, np.random.default_rng(7))
    assert_same(labels, directly(isolated_honest.NearestMean(power=2.0, note="a"), view, tmp_path / "a"))
    # This method does not look at the order of rows.
    plain = isolated_honest.NearestMean().fit_predict(view, np.random.default_rng(7))
    np.testing.assert_array_equal(labels.pool, plain.pool)
    np.testing.assert_array_equal(labels.test, plain.test)
    assert (labels.pool == y_pool).mean() > 0.9
    assert method.spent_.seconds > 0


def test_everything_arrives_and_comes_back(sandboxed, embedded, tmp_path):
    view, _, _ = embedded(
        class_names=("a", "b", "ç", "d"),
        prompts=("a {}", "the {}"),
        groups_seed=np.arange(40) // 2,
        seed_index=np.arange(40),
    )
    labels = isolated("Everything", sandboxed).fit_predict(view, np.random.default_rng(7))
    assert_same(labels, directly(isolated_honest.Everything(), view, tmp_path / "a"))
    np.testing.assert_array_equal(labels.pool, view.zero_shot_pool)
    np.testing.assert_array_equal(labels.pool_covered, view.X_pool[:, 0] > 0)
    assert labels.info["groups"] == list(np.arange(40) // 2)


def test_what_honest_methods_do_is_allowed(sandboxed, blobs):
    labels = isolated("Busy", sandboxed).fit_predict(blobs()[0], np.random.default_rng(0))
    assert labels.info["roots"] == [1, 2, 3, 4, 5]
    assert labels.info["user"] == "method"
    assert labels.info["methods"] > 10
    # In which order a set is walked is no matter of luck.
    code, fixed = "print(hash('a text'))", {**os.environ, "PYTHONHASHSEED": "0"}
    said = subprocess.run([sys.executable, "-c", code], env=fixed, capture_output=True, text=True, check=True)
    assert labels.info["hash"] == int(said.stdout)


def test_a_method_may_decline(blobs):
    view, _, _ = blobs()
    with pytest.raises(NotApplicable, match=r"^needs better weather$"):
        isolated("Shy", False).fit_predict(view, np.random.default_rng(0))
    with pytest.raises(NotApplicable, match=r"^the weather has changed$"):
        isolated("Shy", False, late=True).fit_predict(view, np.random.default_rng(0))


def test_a_file_says_what_it_is_in_either_surroundings(sandboxed):
    assert describe(FILE, "NearestMean", LIMITS, sandboxed, {"soft": True}) == Description(
        name="nearest_mean",
        family="baseline",
        requirements=frozenset({"zero_shot"}),
        modalities=("tabular", "image"),
        defaults={"power": 2.0, "soft": False, "note": None},
        parameters={"power": 2.0, "soft": True, "note": None},
        summary="Give every row the class whose seeds have the nearest mean.",
        pretrained_data="none",
        code_hash=code_hash(FILE.read_bytes(), "NearestMean"),
    )


def test_to_the_harness_it_is_a_method_like_any_other(blobs):
    view, _, _ = blobs()
    description = describe(FILE, "NearestMean", LIMITS, False, {"power": 3, "soft": True})
    method = IsolatedMethod(FILE, "NearestMean", description, LIMITS, False, name="mine", hidden=("/x",))
    again = pickle.loads(pickle.dumps(method))
    for one in (method, again):
        assert one.spec == "mine[power=3.0,soft=true]"
        assert one.get_params() == {"power": 3.0, "soft": True, "note": None}
        assert (one.name, one.family, one.modalities) == ("mine", "baseline", ("tabular", "image"))
        assert one.requirements == {"zero_shot"}
        assert one.about()["summary"] == "Give every row the class whose seeds have the nearest mean."
        assert one.skip_reason(view) == "needs zero-shot answers, and no zero-shot model speaks for this task"
        assert one.skip_reason(replace(view, modality="text")) == "works on tabular, image; this task is text"
    assert len(method.code_hash()) == 16
    assert IsolatedMethod.name == ""


def test_a_sandbox_that_does_not_start_is_not_the_methods_fault(blobs, monkeypatch):
    method = isolated("NearestMean", True)
    monkeypatch.setattr(sandbox, "command", lambda program, *_: ["/nowhere/bwrap", *program])
    with pytest.raises(SandboxFailed, match=r"^isolation: cannot start /nowhere/bwrap: No such file"):
        method.fit_predict(blobs()[0], np.random.default_rng(0))
    monkeypatch.undo()
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: "/nowhere/bwrap")
    with pytest.raises(SandboxFailed, match=r"^bwrap: .*/nowhere/bwrap.*not found"):
        method.fit_predict(blobs()[0], np.random.default_rng(0))


def test_a_file_that_changed_is_not_run(tmp_path, blobs):
    file = tmp_path / "mine.py"
    file.write_text(FILE.read_text())
    method = isolated("NearestMean", False, file=file)
    file.write_text(FILE.read_text() + "\n")
    # What was read stays what it was.
    assert len(method.fit_predict(blobs()[0], np.random.default_rng(0)).pool) == 120
    with pytest.raises(UserError, match="was changed while it was used"):
        IsolatedMethod(file, "NearestMean", method.description, LIMITS, False)


@pytest.mark.parametrize(
    ("source", "parameters", "message"),
    [
        ("import nowhere_to_be_found", {}, "mine.py needs the package 'nowhere_to_be_found'"),
        ("raise SystemExit(2)", {}, "mine.py, line 1: it fails on import"),
        ("import os; os._exit(5)", {}, "mine.py: exited with status 5 without an answer"),
        ("open('/root/x', 'w')", {}, r"mine.py: tried to write /root/x"),
        (None, {"power": -1.0}, "nearest_mean.*: power is -1.0; expected a positive number"),
        (None, {"powr": 1}, "Unknown nearest_mean parameter 'powr'. Did you mean 'power'"),
    ],
)
def test_mistakes_in_a_file_are_one_line(source, parameters, message, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FILE.read_text() if source is None else source)
    with pytest.raises(UserError, match=rf"^{message}") as caught:
        describe(file, None if source else "NearestMean", LIMITS, False, parameters)
    assert "\n" not in str(caught.value)
    assert "autows-isolated" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    for path in (tmp_path / "absent.py", tmp_path, FILE.with_suffix(".txt")):
        with pytest.raises(UserError):
            describe(path, None, LIMITS, False)
    (tmp_path / "large.py").write_bytes(bytes(2**20 + 1))
    with pytest.raises(UserError, match="more than 1048576 bytes"):
        describe(tmp_path / "large.py", None, LIMITS, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Not a name"},
        {"name": "../up"},
        {"family": "b\x1b[31m"},
        {"needs": frozenset({"labels"})},
        {"modalities": ("smell",)},
        {"defaults": {"a b": 1}, "parameters": {"a b": 1}},
        {"defaults": {"a": [1]}, "parameters": {"a": [1]}},
        {"defaults": {"a": float("nan")}, "parameters": {"a": 1.0}},
        {"defaults": {"a": 1}, "parameters": {"b": 1}},
        {"defaults": {"a": "two\nlines"}, "parameters": {"a": "x"}},
        {"defaults": {f"a{i}": 1 for i in range(101)}, "parameters": {}},
        {"summary": "two\nlines"},
        {"pretrained_data": "x" * 2001},
    ],
)
def test_a_description_is_only_what_it_may_be(fields):
    with pytest.raises(BadAnswers):
        Description(**{"name": "fine", **fields})


def test_votes_are_of_so_many_functions_and_bytes_at_most(blobs, tmp_path):
    view, _, _ = blobs()
    forms, path = expected_arrays(view), tmp_path / "answers.npz"
    sides = {"pool": view.X_pool.shape[0], "test": view.X_test.shape[0], "seed": len(view.y_seed)}
    for side, rows in sides.items():
        most = np.zeros((rows, 10_000), dtype=np.int8)
        np.savez_compressed(path, votes=most)
        read_arrays(path, {"votes": forms[f"{side}_votes"]}, most.nbytes)
        np.savez_compressed(path, votes=np.zeros((rows, 10_001), dtype=np.int8))
        message = rf"int8 of shape \({rows}, 10001\); expected integers of shape \({rows}, at most 10,000\)$"
        with pytest.raises(BadAnswers, match=message):
            read_arrays(path, {"votes": forms[f"{side}_votes"]}, 2 * most.nbytes)
    with pytest.raises(
        BadAnswers, match=r"^it describes 10,001 labeling functions; expected at most 10,000$"
    ):
        _labels({}, {"n_classes": view.n_classes, "lfs": [{}] * 10_001}, view)


@pytest.mark.parametrize(("features", "votes"), [(1, 256 * MIB), (2**16, 256 * MIB), (2**17, 512 * MIB)])
def test_votes_may_take_as_much_as_the_pool_or_256_mib(features, votes):
    X = np.broadcast_to(np.zeros(1, dtype=np.float32), (1024, features))
    view = TaskView(X[:2], np.array([0, 1]), X, X[:76], 3)
    assert most_bytes(view) == votes + 1100 * (3 * 8 + 1)
    few = sparse.random(20, 10, 0.5, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    view = TaskView(few[:2], np.array([0, 1]), few, few, 2)
    assert most_bytes(view) == 256 * MIB + 40 * 17


def test_the_order_of_rows_says_nothing():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((9000, 7)) < 0.4, 0, rng.standard_normal((9000, 7))).astype(np.float32)
    shuffle = rng.permutation(len(X))
    found, again = content_order(X), content_order(X[shuffle])
    np.testing.assert_array_equal(X[found], X[shuffle][again])
    for form in (sparse.csr_matrix, sparse.csr_array):
        np.testing.assert_array_equal(content_order(form(X)), found)
    np.testing.assert_array_equal(np.sort(found), np.arange(len(X)))
    # Neighbours before are not neighbours after.
    assert np.mean(np.abs(np.diff(found)) == 1) < 0.01
    equal = np.zeros((5, 3), dtype=np.float32)
    np.testing.assert_array_equal(content_order(equal), np.arange(5))


def test_it_is_planned_run_and_recorded_like_any_other(tmp_path):
    file = Path(isolated_hostile.__file__)
    parts = Digits(), Raw()
    cells = [
        Cell(*parts, isolated("Hostile", False, file, what=w), 0, 50) for w in ("nothing", "raise_error")
    ]
    good, bad = run(cells, RunStore(tmp_path)).records
    assert (good.status, good.reason) == ("ok", "")
    assert good.key.source_hash == cells[0].method.code_hash()
    assert (bad.status, bad.reason) == ("failed", "raised ValueError: of course")
    assert bad.traceback.endswith("ValueError: of course\n")
    assert "in raise_error" in bad.traceback


@pytest.mark.parametrize(
    ("what", "limits", "reason"),
    [
        ("hang", {"wall_seconds": 2.5}, "not done after 2.5 s"),
        ("spin", {"wall_seconds": 60, "cpu_seconds": 2}, "used more than 2 CPU seconds"),
    ],
)
def test_over_a_limit_of_its_own_it_is_a_timeout_and_tried_again_under_a_longer_one(
    what, limits, reason, tmp_path
):
    file, parts = Path(isolated_hostile.__file__), (Digits(), Raw())
    description = described(file, "Hostile", (("what", what),))
    method = IsolatedMethod(file, "Hostile", description, Limits(**limits), False)
    cell, store = Cell(*parts, method, 0, 50), RunStore(tmp_path)
    (record,) = run([cell], store, timeout=500).records
    assert (record.status, record.reason) == ("timeout", reason)
    wall = limits["wall_seconds"]
    assert record.timeout_seconds == wall
    assert finished(store, cell.key, wall) == record
    assert finished(store, cell.key, wall + 1) is None


def test_a_record_tells_what_the_method_itself_took(tmp_path):
    file = tmp_path / "slow.py"
    file.write_text(SLOW_TO_IMPORT)
    described_as = describe(file, None, LIMITS, False)
    method = IsolatedMethod(file, None, described_as, LIMITS, False)
    assert method.spent() is None
    (record,) = run([Cell(Digits(), Raw(), method, 0, 50)], RunStore(tmp_path / "results")).records
    assert record.status == "ok"
    assert 0.3 <= record.seconds["fit"] < 1.2
    assert record.seconds["overhead"] > 1.5
    assert 120 < record.peak_memory_mb < 1000
    for said in (-1, float("nan"), 99, "0.1", None):
        assert _own_seconds(said, 3.0) == 3.0
    assert _own_seconds(0.5, 3.0) == 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are found on Linux only")
def test_nothing_is_left_when_the_harness_is_killed(sandboxed, tmp_path):
    seconds = f"600.{os.getpid()}{int(sandboxed)}"
    script = f"""
import sys
sys.path[:0] = {[str(sandbox.project_root()), str(FILE.parent)]!r}
import isolated_hostile
import numpy as np
from pathlib import Path
from autows.isolation.description import describe
from autows.isolation.limits import Limits
from autows.isolation.method import IsolatedMethod
from autows.types import TaskView
X = np.zeros((9, 2), dtype=np.float32)
what = Path(isolated_hostile.__file__), "Hostile"
said = describe(*what, Limits(), {sandboxed}, dict(what="daemons", target="{seconds}", number=60))
method = IsolatedMethod(*what, said, Limits(), {sandboxed})
method.fit_predict(TaskView(X, np.zeros(9, dtype=int), X, X, 2), np.random.default_rng(0))
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    def sleeping():
        return [p for p in psutil.process_iter(["cmdline"]) if seconds in (p.info["cmdline"] or [])]

    with subprocess.Popen([sys.executable, "-c", script], env=environment) as harness:
        wait_until(lambda: len(sleeping()) == 2)
        assert list(tmp_path.glob("autows-isolated-*"))
        harness.send_signal(signal.SIGKILL)
    wait_until(lambda: not sleeping() and not list(tmp_path.iterdir()))


def wait_until(fulfilled, seconds=30):
    end = time.monotonic() + seconds
    while not fulfilled():
        assert time.monotonic() < end
        time.sleep(0.05)
