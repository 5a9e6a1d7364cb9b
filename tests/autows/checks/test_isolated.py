from __future__ import annotations

import pytest

from autows.checks import CHECKS, FAILED, PASSED
from autows.checks.contract import Failed
from autows.checks.isolated import MOST_TIMEOUTS, Bench, Target, elsewhere, find
from autows.errors import UserError
from autows.method_template import method_text
from autows.runs.workers import TimedOut

TROUBLE = """
    def fit_predict(self, view, rng):
        import os, time
        if view.n_classes == 10:
            os._exit(3)
        if view.groups_seed is not None:
            raise KeyboardInterrupt
        if view.X_test.shape[0] == 1:
            time.sleep(60)
        os.write(1, b"noise")
"""


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a method that makes trouble here and there."""

    def write(trouble=TROUBLE):
        path = tmp_path / "mine.py"
        path.write_text(
            method_text("mine").replace("    def fit_predict(self, view, rng):\n", trouble.lstrip("\n"))
        )
        return path

    return write


def test_whatever_a_method_does_is_one_failed_check(file, capfd):
    names = ["answers", "ten_classes", "grouped_seeds", "one_test_row", "quiet", "constructor"]
    with Bench(find(str(file())), timeout=4) as bench:
        about = bench.describe()
        assert (about["name"], about["parameters"]) == ("mine", {"least": 0.5})
        results = {r.name: r for r in bench.run(names)}
    assert list(results) == [name for name in CHECKS if name in names]
    assert results["answers"].status == results["constructor"].status == PASSED
    assert results["ten_classes"].message.startswith("it ended the process: the worker process ended")
    assert results["grouped_seeds"].message == "it raises KeyboardInterrupt"
    assert results["one_test_row"].message == "not done after 4 s; --timeout allows more"
    assert results["quiet"].message == "it printed 'noise'"
    assert [r.status for r in results.values()].count(FAILED) == 4
    assert capfd.readouterr().out == ""


HASHES = """
    def fit_predict(self, view, rng):
        rng = np.random.default_rng(abs(hash("cat")))
        pool, test = (rng.integers(view.n_classes, size=X.shape[0]) for X in (view.X_pool, view.X_test))
        return Labels(pool, test, view.n_classes)

    def was(self, view, rng):
"""


def test_a_method_that_depends_on_hashes_is_found_in_another_process(file):
    with Bench(find(str(file(HASHES)))) as bench:
        results = {r.name: r for r in bench.run(["deterministic", "other_process", "made_again"])}
    assert [r.status for r in results.values()] == [PASSED, FAILED, PASSED]
    assert "in another process, " in results["other_process"].message


def test_what_ends_another_process_fails_a_check(file):
    target = find(
        str(file("    def fit_predict(self, view, rng):\n        import os\n        os._exit(3)\n"))
    )
    with pytest.raises(Failed, match="it ended another process that ran it: the worker process ended"):
        next(elsewhere(target))


@pytest.fixture
def hanging(file, monkeypatch):
    """Return a bench whose calls are never done in time."""

    def hang(*arguments, timeout):
        raise TimedOut

    bench = Bench(find(str(file())))
    monkeypatch.setattr(bench._worker, "call", hang)
    return bench


def test_after_some_that_hang_no_more_checks_are_made(hanging):
    results = list(hanging.run())
    assert len(results) == len(CHECKS)
    assert {r.status for r in results} == {FAILED}
    assert sum(r.message.startswith("not done after 60 s") for r in results) == MOST_TIMEOUTS
    assert results[-1].message == "not made, because 3 checks were not done after 60 s"


def test_a_file_that_cannot_be_imported_is_the_user_s_mistake(file, hanging):
    with pytest.raises(UserError, match=r"Importing .*mine\.py is not done after 60 s"):
        hanging.describe()
    path = file()
    path.write_text("import os; os._exit(0)\n")
    ends = pytest.raises(UserError, match=r"Importing .*mine\.py ends the process")
    with Bench(find(str(path))) as bench, ends:
        bench.describe()


def test_targets_are_files_or_registered_methods(file, tmp_path, monkeypatch):
    path = file()
    monkeypatch.chdir(tmp_path)
    assert find("mine.py").text == str(path)
    assert find("mine.py:Mine").text == f"{path}:Mine"
    assert find("majority_class") == Target("majority_class")
    assert find("snuba[n_iterations=2]").maker()().spec == "snuba[n_iterations=2]"
    with pytest.raises(UserError, match="Did you mean 'snuba'"):
        find("snubba")
    with pytest.raises(UserError, match="write FILE"):
        find("mine.py:")
