from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import broken_methods as broken
import meddling_methods as meddling
import numpy as np
import pytest
from broken_methods import Good

from autows.checks import CHECKS, FAILED, NOT_APPLICABLE, PASSED, Effort, growth, run_checks
from autows.checks.cases import blobs, hashes
from autows.checks.contract import Check, check
from autows.checks.randomness import GlobalRandomness, global_states
from autows.checks.watch import Watch
from autows.errors import UserError

EFFORT = Effort(pool_sizes=(250, 500, 1000), permutations=1)

REPEATS = ("deterministic", "global_randomness", "made_again", "no_memory")

TABLE = [
    ("answers", broken.NotLabels, r"fit_predict returned a ndarray; expected autows\.Labels"),
    ("answers", broken.RowMissing, "its answer is not valid: pool has 74 rows; the task's pool has 75"),
    ("answers", broken.SumsAboveOne, r"fit_predict raised InvalidLabels: .*do not sum to 1.* \(line \d+ of"),
    ("answers", broken.ChangedLater, "its answer is not valid: test has labels from"),
    ("answers", broken.Exits, "fit_predict raised SystemExit: 3"),
    (
        "answers",
        broken.Picky,
        "it does not run, although the task has what it declares to need: needs a mill",
    ),
    ("answers", broken.RefusesToBeMade, "it cannot be made: RuntimeError: not today"),
    ("ten_classes", broken.FewClasses, "fit_predict raised AssertionError: too many classes"),
    ("class_without_seeds", broken.CountsSeenClasses, "labels are over 3 classes; the task has 4"),
    ("seeds_of_one_class", broken.TwoClassesAtLeast, "fit_predict raised ValueError: one class"),
    ("one_seed_each", broken.TwoSeedsAClass, "fit_predict raised ValueError: n_splits=2 cannot be greater"),
    ("grouped_seeds", broken.NoGroups, "fit_predict raised AssertionError"),
    ("duplicated_rows", broken.NoiseByRow, r"\d\d of \d+ duplicated rows are answered differently"),
    (
        "constant_features",
        broken.DividesByDeviation,
        "on a task with half of the features constant, .*not finite",
    ),
    ("sparse_features", broken.DenseOnly, "fit_predict raised TypeError: sparse array length is ambiguous"),
    (
        "small_pool",
        broken.SeedsInPool,
        "on a pool of three rows without the seeds, fit_predict raised TypeError",
    ),
    ("one_feature", broken.SecondFeature, "fit_predict raised IndexError"),
    ("one_test_row", broken.Squeezes, "fit_predict raised AssertionError"),
    ("wild_scales", broken.NakedExponential, "fit_predict raised InvalidLabels: test has NaN"),
    ("other_modalities", broken.AnyModality, "it would run on a task of modality tabular, which it does not"),
    ("other_modalities", broken.RaisesOnOthers, "skip_reason raised NotImplementedError: images only"),
    ("without_needs", broken.NoReason, "it needs class_embeddings, and would run on a task that has none"),
    (
        "row_order",
        broken.Sorted,
        r"\d\d of 120 rows get another answer when pool and test are in another order",
    ),
    (
        "renamed_classes",
        broken.Regresses,
        r"with the same classes numbered otherwise, \d+% of the rows are right",
    ),
    (
        "deterministic",
        broken.OwnGenerator,
        r"with the same generator, \d\d of 75 pool rows get another answer",
    ),
    ("global_randomness", meddling.GlobalNumpy, r"it changes the global state of numpy\.random"),
    ("global_randomness", meddling.GlobalPython, "it changes the global state of random"),
    ("global_randomness", meddling.GlobalTorch, "it changes the global state of torch"),
    (
        "global_randomness",
        meddling.ReadsGlobalSeed,
        r"its answer depends on global seeds: with other ones \d\d of",
    ),
    (
        "other_process",
        broken.OtherwiseElsewhere,
        r"in another process, \d\d of 75 pool rows get another answer",
    ),
    ("input_unchanged", broken.WritesToInput, "it changed X_test of its view"),
    ("input_unchanged", broken.WritesToLastInput, "it changed y_seed of its view"),
    ("constructor", broken.Converts, "it computes with or checks its parameters: TypeError"),
    ("constructor", broken.StoresElsewhere, "a parameter is not stored under its own name: .*'power'"),
    ("constructor", broken.StoresMore, "it also sets cache"),
    ("constructor", broken.StoresAnotherValue, r"StoresAnotherValue\.least is a list"),
    ("constructor", broken.StoresDefault, "least is not stored as it was given"),
    ("constructor", broken.RefusesToBeMade, "it cannot be made"),
    ("made_again", broken.LearnsIntoParameter, "fit_predict changes its parameters"),
    ("made_again", broken.with_hidden_setting, r"made from 'good', \d\d of 75 pool rows get another answer"),
    ("no_memory", broken.FitsOnce, "fit_predict raised ValueError: matmul"),
    ("no_memory", broken.Counts, "run on the first task again, it answers otherwise than a new instance"),
    ("quiet", meddling.Prints, "it printed 'epoch 1', and 1 more lines"),
    ("quiet", meddling.PrintsPastPython, "it printed 'written by C'"),
    ("leaves_nothing_running", meddling.LeavesThread, "still there after fit_predict: the thread straggler"),
    ("leaves_nothing_running", meddling.LeavesProcess, r"still there after fit_predict: the process \d+"),
    ("reads_nothing_else", meddling.OpensFile, r"it opens .*README\.md"),
    ("reads_nothing_else", meddling.OpensCache, r"it opens .*y_test\.txt"),
    ("reads_nothing_else", meddling.Connects, "it asks the network for 127.0.0.1:9"),
    ("reads_nothing_else", meddling.Resolves, "it asks the network for 127.0.0.1"),
    ("reads_nothing_else", meddling.StartsProgram, "it starts the program .*python"),
    ("reads_nothing_else", meddling.ReadsToken, r"it reads the environment \(HF_TOKEN\)"),
    ("reads_nothing_else", meddling.ReadsEnvironment, r"it reads the environment \(all of it\)"),
    ("learns", broken.Constant, r"3\d% of the rows are right on an easy task; the most frequent class has 3"),
    ("learns", broken.GuessingControl, "of the rows are right on an easy task"),
    (
        "permuted_labels",
        broken.FindsTruth,
        r"100% of the rows are right although .*; chance is 12% \(p = 2e-05\)",
    ),
    (
        "growth_of_time",
        broken.SlowPairs,
        r"its time grows with exponent 2\.0 in the rows of the pool: 0\.68 s at",
    ),
    (
        "growth_of_memory",
        broken.AllPairs,
        r"its memory grows with exponent (1\.9|2\.0) in the rows .* at 1,000",
    ),
    (
        "large_pool",
        broken.DiceForManyRows,
        r"with the same generator and 1,000 rows in the pool, \d\d\d of 1000 pool rows get another answer",
    ),
]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """Let methods say how much time they use; the folder for temporary files holds nothing else."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(broken.Clock, "seconds", 0.0)
    monkeypatch.setattr(growth.time, "process_time", lambda: broken.Clock.seconds)


def one(make, name):
    (result,) = run_checks(make, only=[name], effort=EFFORT, elsewhere=getattr(make, "elsewhere", None))
    assert (result.name, result.title) == (name, CHECKS[name].title)
    return result


@pytest.mark.parametrize(("name", "make", "message"), TABLE, ids=lambda v: getattr(v, "__name__", None))
def test_every_check_can_fail(name, make, message):
    result = one(make, name)
    assert result.status == FAILED
    assert re.search(message, result.message), result.message
    assert "\n" not in result.message


@pytest.mark.parametrize(
    ("make", "among", "failed"),
    [
        (broken.FewClasses, ("ten_classes", "constant_features"), {"ten_classes"}),
        (broken.DividesByDeviation, ("ten_classes", "constant_features"), {"constant_features"}),
        (broken.CountsSeenClasses, ("class_without_seeds", "wild_scales"), {"class_without_seeds"}),
        (broken.NakedExponential, ("class_without_seeds", "wild_scales"), {"wild_scales"}),
        (broken.NoGroups, ("grouped_seeds", "duplicated_rows"), {"grouped_seeds"}),
        (broken.NoiseByRow, ("grouped_seeds", "duplicated_rows"), {"duplicated_rows"}),
        (
            broken.SecondFeature,
            ("one_feature", "one_test_row", "input_unchanged", "no_memory"),
            {"one_feature"},
        ),
        (broken.OneRow, ("one_feature", "one_test_row", "input_unchanged", "no_memory"), {"one_test_row"}),
        (meddling.ReadsGlobalSeed, REPEATS, {"global_randomness"}),
        (broken.with_hidden_setting, REPEATS, {"made_again"}),
        (broken.Counts, REPEATS, {"no_memory"}),
        (broken.OwnGenerator, REPEATS, set(REPEATS)),
        (broken.OtherwiseElsewhere, (*REPEATS, "other_process"), {"other_process"}),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_checks_that_share_a_run_tell_whose_fault_it_is(make, among, failed):
    results = run_checks(make, only=among, effort=EFFORT, elsewhere=getattr(make, "elsewhere", None))
    assert {r.name for r in results if r.status == FAILED} == failed


def test_one_answer_of_several_that_differs_is_not_overlooked():
    count = iter(range(9))

    class OnceOtherwise(Good):
        def fit_predict(self, view, rng):
            return super().fit_predict(view, rng) if next(count) != 1 else broken.constant(view)

    assert "another answer" in one(OnceOtherwise, "deterministic").message


def test_every_check_is_in_the_table():
    assert {name for name, _, _ in TABLE} == set(CHECKS)


class Lambda(Good):
    """Holds what cannot be pickled."""

    square = staticmethod(lambda x: x**2)

    def fit_predict(self, view, rng):
        self.lock_, self.square_ = threading.Lock(), lambda x: x**2
        with ThreadPoolExecutor(2) as pool:
            return pool.submit(super().fit_predict, view, rng).result()


@pytest.mark.parametrize("make", [Good, Lambda, lambda: Good(least=0.9)])
def test_a_good_method_passes_and_is_not_pickled(make):
    results = run_checks(make, effort=EFFORT)
    assert [r.name for r in results] == list(CHECKS)
    not_applicable = {r.name for r in results if r.status == NOT_APPLICABLE}
    assert not_applicable == {"other_modalities", "without_needs", "other_process"}
    assert not [r for r in results if r.status == FAILED]
    remarked = {r.name for r in results if r.status == PASSED and r.message}
    assert remarked == {"growth_of_time", "growth_of_memory"}


class OnlyImages(Good):
    modalities = ("image",)


class Embedded(Good):
    needs = frozenset({"class_embeddings", "class_names", "zero_shot"})

    def fit_predict(self, view, rng):
        assert len(view.class_names) == len(view.class_embeddings) == view.zero_shot_pool.shape[1]
        return super().fit_predict(view, rng)


class SkipsOneClass(Good):
    def skip_reason(self, view):
        return "needs two classes" if len(np.unique(view.y_seed)) < 2 else super().skip_reason(view)


@pytest.mark.parametrize(
    ("make", "name", "status", "message"),
    [
        (OnlyImages, "other_modalities", PASSED, ""),
        (OnlyImages, "sparse_features", NOT_APPLICABLE, "its modalities are image; only texts"),
        (Embedded, "answers", PASSED, ""),
        (Embedded, "without_needs", PASSED, ""),
        (Embedded, "sparse_features", NOT_APPLICABLE, "it needs class_embeddings"),
        (Embedded, "wild_scales", NOT_APPLICABLE, "it needs class_embeddings"),
        (broken.ConstantControl, "learns", NOT_APPLICABLE, "it declares to be a control"),
        (SkipsOneClass, "seeds_of_one_class", PASSED, "skips such a task: needs two classes"),
        (broken.SlowRows, "growth_of_time", PASSED, "grows with exponent 1.0; 1.3 s on a pool of 1,000"),
        (Good, "growth_of_time", PASSED, "too little to say"),
    ],
)
def test_what_is_declared_decides_what_is_applicable(make, name, status, message):
    result = one(make, name)
    assert result.status == status, result.message
    assert message in result.message


def test_a_method_that_writes_to_its_input_harms_nobody_else():
    before = hashes(blobs().view)
    for make in (broken.WritesToInput, broken.WritesToLastInput):
        one(make, "answers")
        one(make, "no_memory")
    assert hashes(blobs().view) == before


class Warns(Good):
    def fit_predict(self, view, rng):
        np.log(view.X_pool[:1] * 0)
        return super().fit_predict(view, rng)


def test_numerical_warnings_are_a_remark():
    assert one(Warns, "answers").message == "RuntimeWarning: divide by zero encountered in log (1 times)"


class Reads(Good):
    """Reads what it may."""

    def fit_predict(self, view, rng):
        import tempfile
        import this  # noqa: F401

        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "inside").mkdir()
            Path(folder, "inside", "file").write_text("x")
        with suppress(FileNotFoundError):
            (meddling.ROOT / "there_is_no_such_file").read_text()
        open(__file__).close()
        open(os.devnull).close()
        os.environ.get("HOME")
        os.environ["AUTOWS_TEST"] = "x"
        del os.environ["AUTOWS_TEST"]
        return super().fit_predict(view, rng)


def test_temporary_files_imports_and_its_own_file_may_be_read(capsys):
    assert one(Reads, "reads_nothing_else").message == ""


def test_a_check_that_cannot_be_made_is_failed(monkeypatch):
    def breaks(subject):
        raise KeyError("oops")

    monkeypatch.setitem(CHECKS, "answers", Check("answers", "Title", "Advice", breaks))
    (result,) = run_checks(Good, only=["answers"])
    assert (result.status, result.message) == (FAILED, "the check could not be made: KeyError: 'oops'")


def test_checks_have_names_of_their_own():
    def answers(subject):
        return None

    with pytest.raises(ValueError, match="two checks called answers"):
        check("Title", "Advice")(answers)
    with pytest.raises(UserError, match=r"Unknown check 'answer'\. Did you mean 'answers'\?"):
        run_checks(Good, only=["answer"])
    with pytest.raises(UserError, match="No check is named"):
        run_checks(Good, only=[])


def test_titles_and_advice_are_sentences():
    for made in CHECKS.values():
        assert made.title.startswith("It") or made.title.startswith(("Rows", "Made", "With")), made.title
        assert made.advice.endswith(".")
        assert made.function.__doc__


def test_a_watch_leaves_the_process_as_it_was():
    states, environment, stdout = global_states(), os.environ, sys.stdout
    with GlobalRandomness(1) as randomness:
        np.random.rand()  # noqa: NPY002
    assert randomness.used == ["numpy.random"]
    with suppress(ZeroDivisionError), Watch(sys.modules[__name__]) as watch:
        print("hello")
        open(meddling.ROOT / "README.md").close()
        raise ZeroDivisionError
    assert (watch.printed, watch.opened) == ("hello\n", [str(meddling.ROOT / "README.md")])
    open(meddling.ROOT / "LICENSE").close()
    assert len(watch.opened) == 1
    assert global_states() == states
    assert (os.environ, sys.stdout) == (environment, stdout)


def test_importing_checks_loads_nothing_heavy():
    code = "import sys; from autows import checks; print('sklearn' in sys.modules, 'torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False False\n"
