from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import troublemakers as t

from autows.draws import draw
from autows.errors import UserError
from autows.representations.raw import Raw
from autows.runs.cell import Cell, execute, finished
from autows.runs.plan import plan, run
from autows.runs.provenance import provenance
from autows.runs.store import RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "results")


def cells(*methods, task=None, representation=None, draws=1):
    return plan([task or t.Tiny()], [representation or Raw()], methods, draws, 20)


def only(outcome):
    (record,) = outcome.records
    return record


def test_a_record_says_what_was_done(store):
    record = only(run(cells(t.Good()), store))
    assert record.status == "ok"
    assert record.scores["accuracy"] == 0.5
    assert record.ledger["n"] == 20
    assert sum(record.ledger["per_class"]) == 20
    phases = {"load", "represent", "fit", "end_model", "score", "total", "overhead"}
    assert set(record.seconds) == phases
    own = record.seconds["fit"] + record.seconds["end_model"]
    assert record.seconds["overhead"] == pytest.approx(record.seconds["total"] - own, abs=1e-3)
    assert {"python", "packages", "cpu", "git", "data_fingerprint"} <= set(record.provenance)
    assert set(store.load_predictions(record)) == {
        "pool",
        "pool_covered",
        "test",
        "test_covered",
        "end_model_test",
    }


def test_nothing_finished_is_run_again(store):
    todo = cells(t.Good(), t.Picky(), draws=2)
    first = run(todo, store)
    assert (first.executed, first.counts["ok"], first.counts["skipped"]) == (4, 2, 2)
    before = {path: path.stat().st_mtime_ns for path in store.records.rglob("*.json")}
    again = run(todo, store)
    assert again.executed == 0
    assert {path: path.stat().st_mtime_ns for path in store.records.rglob("*.json")} == before
    store.path(todo[1].key).unlink()
    assert run(todo, store).executed == 1
    assert run(todo, store, retry_skipped=True).executed == 2


def test_the_same_run_gives_the_same_numbers(store, tmp_path):
    first = only(run(cells(t.Good()), store))
    second = only(run(cells(t.Good()), RunStore(tmp_path / "other")))
    assert (first.info, first.scores, first.predictions) == (second.info, second.scores, second.predictions)
    assert first.key == second.key


def test_damaged_records_are_run_again_and_reported(store):
    todo = cells(t.Good(), draws=2)
    run(todo, store)
    path = store.path(todo[0].key)
    path.write_text(path.read_text()[:100])
    outcome = run(todo, store)
    assert outcome.executed == 1
    assert len(outcome.corrupt) == 1
    assert path.name in outcome.corrupt[0]
    assert run(todo, store).executed == 0


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (t.Raises(), "ZeroDivisionError: of course"),
        (t.Wrong("shape"), "pool has 31 rows; the task's pool has 30"),
        (t.Wrong("nan"), "pool has NaN or infinity, first in row 0"),
        (t.Wrong("type"), "fit_predict returned a ndarray; expected autows.Labels"),
        (t.Wrong("exits"), "SystemExit: 0"),
        (t.Wrong("interrupts"), "KeyboardInterrupt"),
        (t.Wrong("writes"), "ValueError: assignment destination is read-only"),
        (t.Wrong("peeks"), "ValueError: assignment destination is read-only"),
    ],
)
def test_a_failure_is_a_record_with_its_traceback(store, method, reason):
    (cell,) = cells(method)
    record = execute(cell, store, provenance())
    assert (record.status, record.reason) == ("failed", reason)
    assert record.traceback.startswith("Traceback")
    assert finished(store, cell.key, None) is None


def test_the_rest_goes_on_when_workers_fail(store):
    todo = cells(t.Good(), t.Raises(), t.Dies(), t.Good(0.01), draws=2)
    outcome = run(todo, store, jobs=2)
    by_name = {(r.key.method, r.status) for r in outcome.records}
    assert by_name == {("good", "ok"), ("raises", "failed"), ("dies", "failed")}
    assert outcome.counts == {"ok": 4, "failed": 4}
    died = next(r for r in outcome.records if r.key.method == "dies")
    assert "SIGKILL" in died.reason
    # Failures are tried again, and only they.
    assert run(todo, store, jobs=2).executed == 4


def test_a_time_limit_ends_the_worker_and_not_its_neighbours(store):
    todo = cells(t.Hangs(), t.Good(0.2), draws=2)
    outcome = run(todo, store, jobs=2, timeout=5.0)
    assert outcome.counts == {"timeout": 2, "ok": 2}
    record = next(r for r in outcome.records if r.status == "timeout")
    assert (record.reason, record.timeout_seconds) == ("not done after 5 s", 5.0)
    assert run(todo, store, timeout=5.0).executed == 0
    # A longer limit is worth another try, a shorter one is not.
    assert finished(store, record.key, 1.0) is not None
    assert finished(store, record.key, 6.0) is None
    assert finished(store, record.key, None) is None


def test_missing_data_fail_their_cells_in_one_line(store):
    outcome = run(cells(t.Good(), task=t.Absent(), draws=2), store)
    assert outcome.counts == {"failed": 2}
    record = outcome.records[0]
    assert record.reason == "absent.zip is not here; fetch it from nowhere into AUTOWS_MIRROR"
    assert record.traceback == ""


def test_a_representation_that_cannot_be_had_skips_its_cells(store):
    outcome = run(cells(t.Good(), representation=t.Untitled()), store)
    assert only(outcome).status == "skipped"
    assert only(outcome).reason == "its weights are not here"


def test_prints_do_not_reach_stdout(store, capfd):
    run(cells(t.Prints()), store)
    out, err = capfd.readouterr()
    assert out == ""
    assert "NOISE" in err


def test_workers_use_one_thread_for_linear_algebra(store):
    assert only(run(cells(t.Threads()), store)).info["threads"] == 1


def test_two_runs_on_one_folder_share_the_work(store):
    todo = cells(t.Good(0.1), draws=6)
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(run(todo, RunStore(store.root)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.counts for outcome in outcomes] == [{"ok": 6}] * 2
    assert all(store.read(cell.key).status == "ok" for cell in todo)
    # Every cell was executed by one of the two and found by the other.
    assert sorted(r.finished_at for r in outcomes[0].records) == sorted(
        r.finished_at for r in outcomes[1].records
    )


def test_plans_are_checked_before_anything_runs():
    with pytest.raises(UserError, match="30 labels were asked of task 'tiny'; its pool has 30 rows"):
        plan([t.Tiny()], [Raw()], [t.Good()], 1, 30)


def test_the_ledger_names_the_rows_handed_out(store):
    a, b = run(cells(t.Good(), draws=2), store).records
    assert a.ledger["draw"] != b.ledger["draw"]
    y = t.Tiny().load().y_pool
    for record in (a, b):
        rows = draw(t.Tiny(), record.key.draw, 20)
        assert record.ledger["per_class"] == np.bincount(y[rows], minlength=2).tolist()


def test_code_and_parameters_are_identity_and_folders_are_not(tmp_path):
    cell = cells(t.Good())[0]
    assert Cell(t.Tiny(), Raw(), t.Good(1.0), 0, 20).key.id != cell.key.id
    assert replace(cell, draw=1).key.id != cell.key.id
    assert RunStore(tmp_path / "a").path(cell.key).name == RunStore(tmp_path / "b").path(cell.key).name
